//! Reads a verifier's log: which rule refused, at which instruction, on which path.
//!
//! Every kernel prints the walk as lines `SLOT: (OPCODE) instruction`, source lines
//! after `; `, states as `R1=...`, and the refusal in between, as plain lines. A
//! kernel that explains more (7.3) adds blocks of titled sections below it, whose
//! `At` marks the instruction with `>>>`. The log of several programs is parted
//! where libbpf begins each. Logs are cut short, indented and prefixed by those who
//! print them; whatever is not understood is left out.
#![warn(clippy::arithmetic_side_effects)]

use super::kernel_words;
use super::wording::{self, Nature};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::{Held, Logged, Refusal};
use crate::helpers_spec;
use crate::prelude::*;
use crate::programs::Program;
use crate::rules::{self, Rule};

/// An instruction that a log shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedInsn {
    /// Its slot.
    pub slot: u32,
    /// Its opcode byte.
    pub opcode: u8,
    /// As the log disassembles it.
    pub text: String,
}

/// A source line that a log shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedSource {
    /// The line's text, or the function of it.
    pub text: String,
    /// `file:line`, where the log says.
    pub place: Option<String>,
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
    /// The instructions of the refused path that are shown, oldest first.
    pub path: Vec<LoggedInsn>,
    /// All instructions shown, of every path.
    pub shown: Vec<LoggedInsn>,
    /// Registers as last shown.
    pub regs: Vec<(u8, String)>,
}

/// Lines of a refusal that are kept, the last ones: kernels print a handful. Each is
/// held against the words of every page.
const MAX_WORDS: usize = 64;

/// Lines that only report: nothing of a refusal is in them.
const NOISE: &[&str] = &[
    "processed ",
    "verification time",
    "stack depth",
    "last_idx",
    "regs=",
    "parent ",
    "mark_precise",
    "Live regs",
    "insns_self",
    "propagating",
    "max_states",
    "Validating ",
    "func#",
    "from ",
    "BPF program load failed",
    "failed to load",
    "load program",
    "magic:",
];

/// Reads a log: the refusals in it, in order.
pub fn read(text: &str) -> Vec<LoggedRefusal> {
    let mut found = Vec::new();
    let mut reader = Reader::default();
    for raw in text.lines() {
        let line = raw.trim_end();
        let line = line.strip_prefix("libbpf: ").unwrap_or(line);
        if line.contains("BEGIN PROG LOAD LOG") {
            found.extend(core::mem::take(&mut reader).finish());
            reader.out.program = quoted(line).map(str::to_owned);
        } else if line.contains("END PROG LOAD LOG") {
            found.extend(core::mem::take(&mut reader).finish());
        } else {
            reader.line(line);
        }
    }
    found.extend(reader.finish());
    found
}

/// The rule whose key words a refusal's lines hold. Of several, the one whose
/// class of messages is the most specific, then the one with the most words.
pub fn rule_of(words: &[String]) -> Option<&'static Rule> {
    let classes = helpers_spec::message_classes();
    let rank = |code: Code| classes.iter().position(|c| c.id == code.class());
    let mut best: Option<(usize, usize, Code)> = None;
    for &code in Code::ALL {
        let rank = rank(code).unwrap_or(classes.len());
        for message in rules::of(code).messages {
            if !words.iter().any(|line| message.matches(line)) {
                continue;
            }
            let better = best.is_none_or(|(r, len, _)| {
                (rank, core::cmp::Reverse(message.words.len())) < (r, core::cmp::Reverse(len))
            });
            if better {
                best = Some((rank, message.words.len(), code));
            }
        }
    }
    best.map(|(_, _, code)| rules::of(code))
}

impl LoggedRefusal {
    /// The rule that refused. Where kernels have one message for several mistakes, what
    /// the register holds tells which it is.
    pub fn rule(&self) -> Option<&'static Rule> {
        let found = rule_of(&self.words)?;
        let reg = self.words.iter().find_map(|line| register(line));
        let held = self.regs.iter().find(|(r, _)| Some(*r) == reg);
        let held = held.and_then(|(_, text)| nature(text));
        let null = held == Some(Nature::MaybeNull);
        let shared = found.number == Code::MemAccessType.number();
        Some(match shared && null {
            true => rules::of(Code::NullDereference),
            false => found,
        })
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
        let rule = rule_of(&self.words)?;
        let code = Code::ALL.iter().find(|c| c.number() == rule.number)?;
        let mut refusal = Refusal::logged(Logged {
            code: *code,
            key: self
                .words
                .iter()
                .find_map(|line| kernel_words::recognised(line)),
            fields: self.words.iter().flat_map(|line| evidence(line)).collect(),
            lines: self.words.clone(),
        });
        refusal.insn = self.insn.as_ref()?.slot as usize;
        refusal.reg = self.words.iter().find_map(|line| register(line));
        refusal.path = self.path.iter().map(|i| i.slot).collect();
        refusal.path_truncated = self.path.first().is_none_or(|i| i.slot != 0);
        let regs = self.regs.iter();
        refusal.regs = regs
            .map(|(reg, text)| (*reg, Held::Logged(text.clone())))
            .collect();
        Some(refusal)
    }

    /// What was refused, in words that need no program.
    pub fn what(&self) -> Option<String> {
        let refusal = self.refusal()?;
        let facts = wording::Facts {
            insn: self.insn.as_ref().map(|i| i.text.clone()),
            ..wording::Facts::of(&refusal)
        };
        Some((wording::page_for(refusal.code(), &facts).what)(&facts))
    }
}

/// What a section of a block is about.
#[derive(Default, PartialEq)]
enum Block {
    /// Outside any block.
    #[default]
    None,
    /// `At`: the refused place.
    At,
    /// Any other section.
    Other,
}

#[derive(Default)]
struct Reader {
    out: LoggedRefusal,
    block: Block,
    /// The instruction that a block marks.
    marked: Option<LoggedInsn>,
    last: Option<LoggedInsn>,
    source: Option<LoggedSource>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let bare = line.trim_start();
        if bare.is_empty() {
            return;
        }
        let indented = bare.len() < line.len();
        if bare.starts_with("Verification failed:") {
            self.block = Block::Other;
            return;
        }
        if let Some(title) = line.strip_suffix(':').filter(|t| is_title(t) && !indented) {
            self.block = if title == "At" {
                Block::At
            } else {
                Block::Other
            };
            return;
        }
        if let Some(marked) = bare.strip_prefix(">>> ") {
            if let Some((insn, _)) = instruction(marked.trim_start(), " | ")
                && (self.block == Block::At || self.marked.is_none())
            {
                self.marked = Some(insn);
            }
            return;
        }
        if let Some((insn, states)) = instruction(bare, ": ") {
            self.states(states);
            self.out.shown.push(insn.clone());
            self.out.path.push(insn.clone());
            self.last = Some(insn);
            self.block = Block::None;
            return;
        }
        if instruction(bare, " | ").is_some() {
            return;
        }
        if self.block != Block::None && indented {
            if self.block == Block::At && self.source.is_none() {
                self.source = placed(bare, " @ ").filter(|s| s.place.is_some());
            }
            return;
        }
        self.block = Block::None;
        if let Some(source) = bare.strip_prefix("; ") {
            self.source = placed(source, " @ ");
        } else if let Some((from, states)) = resumed(bare) {
            let at = self.out.path.iter().rposition(|i| i.slot == from);
            self.out
                .path
                .truncate(at.map_or(0, |at| at.saturating_add(1)));
            self.states(states);
        } else if let Some(states) = state_line(bare) {
            self.states(states);
        } else if !NOISE.iter().any(|n| bare.starts_with(n)) && !is_note(bare) {
            self.out.words.push(bare.to_owned());
        }
    }

    /// Notes registers, `R1=ctx() R10=fp0`.
    fn states(&mut self, text: &str) {
        for word in text.split_whitespace() {
            let Some((name, value)) = word.strip_prefix('R').and_then(|w| w.split_once('=')) else {
                continue;
            };
            let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
            let Ok(reg) = digits.parse::<u8>() else {
                continue;
            };
            match self.out.regs.iter_mut().find(|(r, _)| *r == reg) {
                Some((_, old)) => value.clone_into(old),
                None => self.out.regs.push((reg, value.to_owned())),
            }
        }
    }

    /// The refusal, if the lines hold one.
    fn finish(mut self) -> Option<LoggedRefusal> {
        // Loaders repeat the kernel's last line.
        self.out.words.dedup();
        let more = self.out.words.len().saturating_sub(MAX_WORDS);
        self.out.words.drain(..more);
        let named = self.out.words.iter().find_map(|l| named_insn(l));
        let of_slot = |slot: u32| {
            let shown = self.out.shown.iter().rev().find(|i| i.slot == slot);
            shown.cloned()
        };
        self.out.insn = named.and_then(of_slot).or(self.marked).or(self.last);
        self.out.source = self.source;
        self.out.regs.sort_unstable();
        let known = self.out.rule().is_some();
        let refused = known || (!self.out.words.is_empty() && self.out.insn.is_some());
        refused.then_some(self.out)
    }
}

/// `7: (61) r0 = *(u32 *)(r1 +0)   ; R0=scalar()`: the instruction and the states.
fn instruction<'a>(line: &'a str, separator: &str) -> Option<(LoggedInsn, &'a str)> {
    let (slot, rest) = line.split_once(separator)?;
    let slot = slot.trim().parse().ok()?;
    let opcode = u8::from_str_radix(rest.strip_prefix('(')?.get(..2)?, 16).ok()?;
    let text = rest.get(3..)?.strip_prefix(") ")?;
    let (text, states) = match text.split_once(" ; ") {
        Some((text, states)) => (text, states),
        None => joined(text),
    };
    let insn = LoggedInsn {
        slot,
        opcode,
        text: text.trim_end().to_owned(),
    };
    Some((insn, states))
}

/// A jump whose target's state follows on the line: `if w2 != 2 goto pc+3 21: R0=2`.
fn joined(text: &str) -> (&str, &str) {
    let cut = text.find(": R").and_then(|colon| {
        let (head, states) = text.split_at(colon);
        let (insn, slot) = head.rsplit_once(' ')?;
        slot.bytes()
            .all(|b| b.is_ascii_digit())
            .then_some((insn, states))
    });
    cut.unwrap_or((text, ""))
}

/// `from 12 to 20: R0=...`: the branch, and the states at its target.
fn resumed(line: &str) -> Option<(u32, &str)> {
    let (from, rest) = line.strip_prefix("from ")?.split_once(" to ")?;
    let (_, states) = rest.split_once(':')?;
    Some((from.parse().ok()?, states))
}

/// `0: R1=ctx() R10=fp0` or ` R0=... R1=...`.
fn state_line(line: &str) -> Option<&str> {
    let states = match line.split_once(": ") {
        Some((slot, rest)) if slot.bytes().all(|b| b.is_ascii_digit()) => rest.trim_start(),
        _ => line,
    };
    let first = states.split_whitespace().next()?;
    let (name, _) = first.split_once('=')?;
    let register = name.strip_prefix('R')?;
    register
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(states)
}

/// `return x; @ prog.c:12` or `main @ prog.c:12:3`.
fn placed(text: &str, at: &str) -> Option<LoggedSource> {
    let (text, place) = match text.rsplit_once(at) {
        Some((text, place)) => (text, Some(place.to_owned())),
        None => (text, None),
    };
    Some(LoggedSource {
        text: text.trim().to_owned(),
        place,
    })
}

/// A section's title: a few words, the first capitalised, no key words' signs.
fn is_title(text: &str) -> bool {
    text.len() < 24
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphabetic() || c == ' ')
}

/// Notes that kernels print beside a refusal.
fn is_note(line: &str) -> bool {
    (line.starts_with("Global function ") && line.contains("doesn't return scalar"))
        || (line.starts_with("arg#") && line.contains("size cannot be determined"))
        || (line.starts_with("Func#") && line.ends_with("assumed valid."))
        || (line.starts_with("func '") && line.contains("has btf_id"))
        || line.starts_with("--")
        || line.starts_with("libbpf")
        || line.contains("BPF program load failed")
        || line.contains("failed to load")
}

/// The slot in `infinite loop detected at insn 7`, `unreachable insn 3`, ...
fn named_insn(line: &str) -> Option<u32> {
    let (before, rest) = line.split_once("insn ")?;
    let names = ["detected at ", "unreachable ", "from ", "back-edge "];
    if !names.iter().any(|n| before.ends_with(n)) {
        return None;
    }
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The first register that a message names: `R2`.
fn register(line: &str) -> Option<u8> {
    line.split(|c: char| !c.is_ascii_alphanumeric())
        .filter_map(|word| word.strip_prefix('R'))
        .find_map(|digits| digits.parse().ok())
        .filter(|reg| *reg <= 10)
}

/// What a register holds, by the kernel's name of its type.
pub(super) fn nature(text: &str) -> Option<Nature> {
    Some(if text.contains("or_null") {
        Nature::MaybeNull
    } else if text.contains("scalar")
        || text.starts_with("inv")
        || text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
    {
        Nature::Number
    } else {
        Nature::Pointer
    })
}

/// Numbers that messages give: the names there, and those of a fault's fields.
const NUMBERS: &[(&str, &str)] = &[
    ("off", "off"),
    ("size", "size"),
    ("value_size", "limit"),
    ("key_size", "limit"),
    ("mem_size", "limit"),
    ("alloc_insn", "acquired"),
    ("id", "id"),
];

/// The evidence of a message: `off=14 size 2`, `off -16+4`, `in [0, 1]`.
fn evidence(line: &str) -> Vec<(&'static str, i64)> {
    let mut found = Vec::new();
    let words = line.split(|c: char| c.is_whitespace() || ",=()".contains(c));
    let words: Vec<&str> = words.filter(|w| !w.is_empty()).collect();
    for pair in words.windows(2) {
        let &[name, value] = pair else { continue };
        let Some((_, field)) = NUMBERS.iter().find(|(word, _)| *word == name) else {
            continue;
        };
        match value.split_once('+') {
            Some((off, byte)) => {
                found.extend(off.parse().map(|n| (*field, n)));
                found.extend(byte.parse().map(|n| ("byte", n)));
            }
            None => found.extend(value.parse().map(|n| (*field, n))),
        }
    }
    let range = line
        .split_once("should have been in ")
        .and_then(|(_, rest)| {
            let (min, max) = rest
                .trim()
                .strip_prefix('[')?
                .strip_suffix(']')?
                .split_once(',')?;
            Some((min.trim().parse().ok()?, max.trim().parse().ok()?))
        });
    if let Some((min, max)) = range {
        found.extend([("min", min), ("max", max)]);
    }
    found
}

/// The words between the first pair of quotes.
fn quoted(line: &str) -> Option<&str> {
    line.split('\'').nth(1)
}
