//! Reads what people paste of a load that failed: which rule refused, at which
//! instruction, on which path, or what the loader could not do.
//!
//! Every kernel prints the walk as lines `SLOT: (OPCODE) instruction`, source lines
//! after `; `, states as `R1=...`, and the refusal behind the last of them, as plain
//! lines. A kernel that explains more (7.3) adds blocks of titled sections below it,
//! whose `At` marks the instruction. Loaders part the logs of several programs, put
//! their own words in place of what they broke themselves, cut logs short, indent and
//! prefix them, or give one line of the whole. So a text is read in three steps, each a
//! file: what kind a line is of (`lines`), what it means after those before it
//! (`reader`), and what a loader says by itself (`loaders`). Whatever is not understood
//! is left out.
//!
//! What is found needs no object: registers as the log last showed them are put in
//! plain words (`states`), and the shown path tells where the value at fault was made
//! (`events`).
#![warn(clippy::arithmetic_side_effects)]

mod classes;
mod events;
mod evidence;
mod lines;
mod loaders;
mod once;
mod reader;
mod states;

use super::kernel_words;
use super::wording::{self, Nature};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::{GlobalCall, Held, Key, Logged, Refusal};
use crate::helpers_spec;
use crate::prelude::*;
use crate::programs::Program;
use crate::rules::{self, Rule};

pub use classes::rule_of;
pub use events::LoggedLabel;
pub use loaders::{LoaderFailure, LoaderStep};
pub(super) use states::nature;

/// An instruction that a log shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedInsn {
    /// Its slot.
    pub slot: u32,
    /// Its opcode byte.
    pub opcode: u8,
    /// As the log disassembles it.
    pub text: String,
    /// Its source line: index into [`LoggedRefusal::sources`].
    pub source: Option<u32>,
}

/// A source line that a log shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoggedSource {
    /// The line's text, or the function of it.
    pub text: String,
    /// `file:line`, where the log says.
    pub place: Option<String>,
}

/// What a loader put an invalid call in place of, so that the kernel refuses it where
/// it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// A CO-RE relocation, with what it asks for where the log says.
    Core(Option<String>),
    /// A kernel function.
    Kfunc(Option<String>),
    /// A map that was not created.
    Map(Option<String>),
}

/// One program's refusal, as its log tells it.
#[derive(Clone, Debug, Default)]
pub struct LoggedRefusal {
    /// The program, where the loader names it.
    pub program: Option<String>,
    /// The lines of the refusal.
    pub words: Vec<String>,
    /// The refused instruction.
    pub insn: Option<LoggedInsn>,
    /// The last source line before it.
    pub source: Option<LoggedSource>,
    /// Source lines shown.
    pub sources: Vec<LoggedSource>,
    /// The instructions of the refused path that are shown, oldest first.
    pub path: Vec<LoggedInsn>,
    /// All instructions shown, of every path.
    pub shown: Vec<LoggedInsn>,
    /// Registers of the innermost frame, as last shown.
    pub regs: Vec<(u8, String)>,
    /// What the loader left unresolved at the refused instruction.
    pub unresolved: Option<Unresolved>,
    /// Lines that a loader left out.
    pub omitted: Option<u64>,
}

/// What a text holds.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The refusals of verifiers, in order.
    pub refusals: Vec<LoggedRefusal>,
    /// What loaders could not do, in order. A load that failed because its program was
    /// refused is told by the refusal.
    pub failures: Vec<LoaderFailure>,
}

/// Reads a text.
pub fn read(text: &str) -> Log {
    reader::read(text)
}

impl LoggedRefusal {
    /// The rule that refused. Where kernels have one message for several mistakes, what
    /// the register holds tells which it is.
    pub fn rule(&self) -> Option<&'static Rule> {
        let code = self.refused()?.code();
        let null = self.is_null() || self.held().and_then(nature) == Some(Nature::MaybeNull);
        Some(rules::of(match code {
            Code::MemAccessType if null => Code::NullDereference,
            Code::MemAccessType if self.voided_by().is_some() => Code::StalePointer,
            code => code,
        }))
    }

    /// Whether the register at fault held NULL, or the address that a member of what it
    /// points to has: the path shows that so much was added to it, or that the compiler
    /// did so where a comparison had shown NULL.
    fn is_null(&self) -> bool {
        let number = self.held().and_then(states::constant);
        number.is_some_and(|n| n == 0 || (1..4096).contains(&n) && self.moved_null(n))
    }

    fn moved_null(&self, number: i128) -> bool {
        let Some((mut reg, refused)) = self.reg().zip(self.insn.as_ref()) else {
            return false;
        };
        let mut left = number;
        let path = self.path.iter().enumerate().rev();
        for (at, insn) in path.skip_while(|(_, i)| i.slot == refused.slot) {
            match evidence::set(&insn.text, reg) {
                None => {}
                Some(evidence::Set::Added(by)) => left = left.saturating_sub(by.into()),
                Some(evidence::Set::Copied(from)) => reg = from,
                Some(evidence::Set::To(c)) => {
                    return left == i128::from(c) && (c == 0 || self.shown_null(at));
                }
                Some(evidence::Set::Other) => break,
            }
        }
        left == 0
    }

    /// Whether the last comparison before a place of the path went the way of NULL.
    fn shown_null(&self, at: usize) -> bool {
        let pairs = self.path.get(..=at).unwrap_or(&[]).windows(2).rev();
        let mut tests = pairs.filter_map(|pair| match pair {
            [insn, next] if insn.text.starts_with("if ") => {
                let jumped = next.slot != insn.slot.wrapping_add(1);
                Some(evidence::zero_test(&insn.text) == Some(jumped))
            }
            _ => None,
        });
        tests.next() == Some(true)
    }

    /// The call that voided the pointer at fault: the states show a pointer into the
    /// packet, the refusal speaks of a number.
    fn voided_by(&self) -> Option<&LoggedInsn> {
        let number = evidence::refused_type(&self.words).and_then(nature) == Some(Nature::Number);
        let shown = self.shown_as()?;
        if !number || !shown.starts_with("pkt") {
            return None;
        }
        self.path.iter().rev().find(|insn| {
            let callee = evidence::callee(&insn.text).and_then(helpers_spec::helper_id);
            let series = helpers_spec::SpecVersion::NEWEST;
            callee
                .and_then(|id| helpers_spec::helper_main(id, series))
                .is_some_and(|helper| helper.changes_pkt_data)
        })
    }

    /// The register at fault: the one that the words name, else the one that the
    /// instruction uses as an address.
    fn reg(&self) -> Option<u8> {
        let insn = self.insn.as_ref();
        let base = || insn.and_then(evidence::base);
        let added = || {
            let math = self.words.iter().any(|w| w.starts_with("math between "));
            let (left, right) = insn.filter(|_| math).and_then(evidence::operands)?;
            let shown = self.regs.iter().find(|(r, _)| *r == right);
            let number = shown.and_then(|(_, text)| nature(text)) == Some(Nature::Number);
            Some(if number { right } else { left })
        };
        evidence::register_of(&self.words)
            .or_else(base)
            .or_else(added)
    }

    /// What the register at fault held, as the log words it: as it was last shown,
    /// unless the refusal speaks of another kind. States are shown where they are
    /// written, not where a call or a comparison changes them on the way.
    fn held(&self) -> Option<&str> {
        let refused = evidence::refused_type(&self.words);
        let shown = self.shown_as();
        match (refused, shown) {
            (Some(refused), Some(shown)) if nature(refused) == nature(shown) => Some(shown),
            (Some(refused), _) => Some(refused),
            (None, shown) => shown,
        }
    }

    /// What the register at fault was when it was last shown.
    fn shown_as(&self) -> Option<&str> {
        let reg = self.reg();
        let held = self.regs.iter().find(|(r, _)| Some(*r) == reg);
        held.map(|(_, text)| &**text)
    }

    /// Whether a program's instructions are those that the log shows.
    pub fn fits(&self, program: &Program) -> bool {
        !self.shown.is_empty()
            && self.shown.iter().all(|i| {
                let insn = program.insns.get(i.slot as usize);
                insn.is_some_and(|insn| insn.opcode == i.opcode)
            })
    }

    /// The refusal as the engine would give it, as far as the log tells; its path is
    /// what the log shows.
    pub fn refusal(&self) -> Option<Box<Refusal>> {
        let mut refusal = self.refused()?;
        refusal.insn = self.insn.as_ref()?.slot as usize;
        Some(refusal)
    }

    /// The same, where the log may not show the instruction.
    fn refused(&self) -> Option<Box<Refusal>> {
        let fields: Vec<_> = self
            .words
            .iter()
            .flat_map(|line| evidence::numbers(line))
            .collect();
        let mut refusal = Refusal::logged(Logged {
            code: classes::code_of(&self.words, &fields)?,
            key: self.key(),
            fields,
            lines: self.words.clone(),
        });
        refusal.call = self.words.iter().find_map(|line| {
            let (subprog, name) = evidence::caller(line)?;
            let name = name.unwrap_or("").into();
            Some(GlobalCall { subprog, name })
        });
        refusal.reg = self.reg();
        refusal.path = self.path.iter().map(|i| i.slot).collect();
        refusal.path_truncated = self.path.first().is_none_or(|i| i.slot != 0);
        let regs = self.regs.iter();
        refusal.regs = regs
            .map(|(reg, text)| (*reg, Held::Logged(text.clone())))
            .collect();
        Some(refusal)
    }

    /// Which fault it is, where key words tell.
    fn key(&self) -> Option<Key> {
        let mut lines = self.words.iter();
        // Without a register it is the instruction's own read.
        let read = |line: &String| {
            let indirect = line.starts_with("invalid indirect read from stack");
            let bytes = evidence::numbers(line)
                .iter()
                .any(|(name, _)| *name == "byte");
            (indirect && bytes).then_some(Key::StackArgumentUnreadable)
        };
        let found = self.words.iter().find_map(read);
        found.or_else(|| lines.find_map(|line| kernel_words::recognised(line)))
    }

    /// The page with the reason and the remedy: some codes hold two mistakes.
    pub fn page(&self) -> Option<&'static Rule> {
        let refusal = self.refused()?;
        let facts = wording::Facts::of(&refusal);
        let page = wording::page_for(refusal.code(), &facts).rule;
        let rule = self.rule()?;
        Some(match page.number == refusal.code().number() {
            true => rule,
            false => page,
        })
    }

    /// What to do about what the loader left unresolved.
    pub fn help(&self) -> Option<&'static str> {
        Some(match self.unresolved.as_ref()? {
            Unresolved::Core(_) => {
                "Ask `bpf_core_field_exists` or `bpf_core_type_exists` before, and read another flavour of the struct (`struct x___old`) where it is gone; code behind a question that is answered no is not reached."
            }
            Unresolved::Kfunc(_) => {
                "Declare the function `__weak` and ask `bpf_ksym_exists` before the call, or use what the kernel has."
            }
            Unresolved::Map(_) => {
                "Have the loader create the map, or keep the code that uses it from being reached: behind a `const volatile` switch that is off."
            }
        })
    }

    /// What was refused, in words that need no program.
    pub fn what(&self) -> Option<String> {
        self.own_words().or_else(|| self.page_words())
    }

    /// A sentence of what a page's does not tell.
    fn own_words(&self) -> Option<String> {
        if let Some(what) = &self.unresolved {
            let needs = what.words();
            return Some(format!(
                "The program reaches an instruction that needs {needs}: the loader found none and put an invalid call in its place."
            ));
        }
        let refusal = self.refused()?;
        let number = |name| refusal.number(name);
        match (refusal.code(), refusal.key()) {
            (Code::MemLenPair, _) if number("size") == Some(0) => {
                let callee = self.callee().unwrap_or("the called function");
                Some(format!(
                    "`{callee}` is given a length of 0, and takes memory of at least one byte."
                ))
            }
            (Code::MemAccessType, _) if self.is_null() => {
                let reg = self.reg()?;
                Some(format!(
                    "R{reg} is NULL on this path, and is used as an address."
                ))
            }
            (Code::BtfAccess, Some(Key::StructBeyond)) => {
                let (off, size) = (number("off")?, number("size")?);
                let name = evidence::named(&self.words)?;
                Some(format!(
                    "The access of {size} bytes at offset {off} goes beyond `struct {name}` of this kernel."
                ))
            }
            (Code::SubprogArgs, _) if self.words.iter().any(|w| w.starts_with("Arg#")) => {
                let name = evidence::function(&self.words)?;
                Some(format!(
                    "The global function `{name}` has a parameter of a type that this kernel does not verify a function by itself for."
                ))
            }
            _ => None,
        }
    }

    /// The function that is called, or that the words name.
    fn callee(&self) -> Option<&str> {
        let insn = self.insn.as_ref();
        let called = insn.and_then(|i| evidence::callee(&i.text));
        called.or_else(|| evidence::function(&self.words))
    }

    fn page_words(&self) -> Option<String> {
        let refusal = self.refused()?;
        let insn = self.insn.as_ref();
        let callee = self.callee();
        let facts = wording::Facts {
            insn: insn.map(|i| i.text.clone()),
            holds: self.held().and_then(states::plain),
            nature: self.held().and_then(nature),
            access: insn.and_then(|i| evidence::access(i.opcode)),
            callee: callee.map(str::to_owned),
            name: evidence::named(&self.words),
            target: Some("the kernel of the log".into()),
            ..wording::Facts::of(&refusal)
        };
        Some((wording::page_for(refusal.code(), &facts).what)(&facts))
    }

    /// What the log shows of the value at fault: where it was made, what it was there,
    /// what it is at the refusal.
    pub fn labels(&self) -> Vec<LoggedLabel<'_>> {
        events::labels(self, self.reg())
    }

    /// The register at fault, and what it is at the refusal, in plain words.
    pub fn holds(&self) -> Option<(u8, String)> {
        let reg = self.reg()?;
        let held = states::plain(self.held()?)?;
        Some(match evidence::proven(&self.words) {
            Some(bytes) => (reg, format!("{held}, of which {bytes} bytes are proven")),
            None => (reg, held),
        })
    }
}

impl Unresolved {
    /// What the instruction needs.
    pub fn words(&self) -> String {
        let (kind, name) = match self {
            Unresolved::Core(name) => ("a type or field of the kernel", name),
            Unresolved::Kfunc(name) => ("a function of the kernel", name),
            Unresolved::Map(name) => ("a map that was not created", name),
        };
        match (self, name) {
            (_, None) => kind.to_owned(),
            (Unresolved::Core(_), Some(name)) => format!("`{name}` of the kernel"),
            (Unresolved::Kfunc(_), Some(name)) => format!("the kernel's function `{name}`"),
            (Unresolved::Map(_), Some(name)) => format!("the map `{name}`, which was not created"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_path_makes_of_null_is_null() {
        let check = |code: &str, null: bool| {
            let log = read(&format!(
                "{code}9: (61) r0 = *(u32 *)(r1 +0)\nR1 invalid mem access 'scalar'\n"
            ));
            let rule = log.refusals[0].rule().unwrap();
            assert_eq!(rule.name == "null-pointer-dereference", null, "{code}");
        };
        check("8: (b7) r1 = 0 ; R1_w=0\n", true);
        check("8: (b7) r1 = 1024 ; R1_w=1024\n", false);
        let zero = "6: (b7) r2 = 0 ; R2_w=0\n7: (bf) r1 = r2 ; R1_w=0\n";
        check(&format!("{zero}8: (07) r1 += 24 ; R1_w=24\n"), true);
        let number = "7: (b7) r1 = 1000 ; R1_w=1000\n";
        check(&format!("{number}8: (07) r1 += 24 ; R1_w=1024\n"), false);
        let set = "8: (b7) r1 = 16 ; R1_w=16\n";
        check(
            &format!("7: (55) if r0 != 0x0 goto pc+2 ; R0_w=0\n{set}"),
            true,
        );
        check(
            &format!("7: (15) if r0 == 0x0 goto pc+2 ; R0_w=1\n{set}"),
            false,
        );
    }
}
