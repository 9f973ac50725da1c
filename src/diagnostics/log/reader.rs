//! What the lines of a text mean, one after the other.
//!
//! A refusal is what stands behind the last instruction: words before it belong to
//! paths that went on, or are notes on functions. A log ends with its statistics, where
//! its loader ends it, or with the text.

use alloc::collections::BTreeMap;

use super::events::{self, Done};
use super::evidence::{named_insn, number, quoted};
use super::lines::{self, Line};
use super::loaders::{self, Said};
use super::once::{self, Sources};
use super::{Log, LoggedInsn, LoggedRefusal, LoggedSource, Unresolved, classes, states};
use crate::prelude::*;

/// Lines of a refusal that are kept, the last ones: kernels print a handful. Each is
/// held against the words of every page.
const MAX_WORDS: usize = 64;

/// Bytes of a line of a refusal that are kept: kernels cut theirs at 1024.
const MAX_LINE: usize = 4096;

/// The most frames of a call chain.
const MAX_FRAMES: u8 = 16;

/// Reads a text.
pub(super) fn read(text: &str) -> Log {
    let mut log = Log::default();
    let mut reader = Reader::default();
    for raw in text.lines() {
        for line in loaders::unfolded(raw) {
            reader.line(&line, &mut log);
        }
    }
    reader.end(&mut log);
    log.refusals = once::refusals(log.refusals);
    if !log.refusals.is_empty() {
        log.failures.retain(|f| !f.follows_refusal());
    }
    log.failures = once::failures(log.failures);
    log
}

/// What a section of a block is about.
#[derive(Default, PartialEq)]
enum Block {
    /// Outside any block.
    #[default]
    None,
    /// `At`: the refused place.
    At,
    /// `Reason`.
    Reason,
    /// Any other section.
    Other,
}

#[derive(Default)]
struct Reader {
    out: LoggedRefusal,
    block: Block,
    /// Inside the log of a BTF.
    types: bool,
    /// The instruction that a block marks.
    marked: Option<LoggedInsn>,
    /// The slot that a block names.
    at: Option<u32>,
    last: Option<LoggedInsn>,
    source: Option<u32>,
    /// Where source lines stand in the list.
    known: Sources,
    frame: u8,
    /// Registers as last shown, by frame.
    regs: BTreeMap<u8, Vec<(u8, String)>>,
    /// What the last instruction does that no state shows since; it is done when the
    /// instruction has been passed.
    done: Done,
    /// What a block says, for logs that have nothing else.
    reasons: Vec<String>,
    /// Words that were followed by an instruction.
    earlier: Vec<String>,
}

impl Reader {
    fn line(&mut self, raw: &str, log: &mut Log) {
        let bare = raw.trim();
        let (bare, from_loader) = loaders::unprefixed(bare);
        let indented = raw.starts_with(char::is_whitespace);
        match lines::kind(bare, indented, self.block != Block::None) {
            Line::Types(begins) => self.types = begins,
            _ if self.types => {}
            Line::Note => {}
            Line::Begins(program) => {
                self.end(log);
                self.out.program = program.map(str::to_owned);
            }
            Line::Ends | Line::Statistics => self.end(log),
            Line::Insn(insn, states) => self.insn(insn, states),
            Line::Replaced(slot, what) => self.replaced(slot, what),
            Line::Resumed(from, states) => {
                let at = self.out.path.iter().rposition(|i| i.slot == from);
                let keep = at.map_or(0, |at| at.saturating_add(1));
                self.out.path.truncate(keep);
                self.done = Done::default();
                let (frame, states) = lines::frame(states);
                // They are all that is known on this path.
                self.regs.remove(&frame.min(MAX_FRAMES));
                self.states(frame, states);
            }
            Line::States(frame, states) => self.states(frame, states),
            Line::Source(text) => self.source(text),
            Line::Title(title) => self.title(title),
            Line::Listed(insn, true) if self.block == Block::At || self.marked.is_none() => {
                self.marked = Some(insn);
            }
            Line::Listed(..) => {}
            Line::Pointed(words) => self.out.words.push(cut(words).to_owned()),
            Line::Words(text) if self.block != Block::None && indented => self.explained(text),
            Line::Words(text) => {
                self.block = Block::None;
                self.words(text, from_loader, log);
            }
        }
    }

    fn insn(&mut self, mut insn: LoggedInsn, states: &str) {
        self.pass();
        self.done = events::done(&insn, |reg| self.reg(reg));
        let (frame, states) = lines::frame(states);
        if !states.is_empty() {
            self.states(frame, states);
        }
        insn.source = self.source;
        self.earlier = core::mem::take(&mut self.out.words);
        self.out.shown.push(insn.clone());
        self.out.path.push(insn.clone());
        self.last = Some(insn);
        self.block = Block::None;
    }

    /// An instruction that the loader made a call of nothing.
    fn replaced(&mut self, slot: u32, what: &str) {
        let insn = LoggedInsn {
            slot,
            opcode: 0x85,
            text: format!("<invalid {what}>"),
            source: self.source,
        };
        self.pass();
        self.earlier = core::mem::take(&mut self.out.words);
        self.out.path.push(insn.clone());
        self.last = Some(insn);
        self.out.words.push(format!("<invalid {what}>"));
    }

    /// What a register of the innermost frame holds, as last shown.
    fn reg(&self, reg: u8) -> Option<&str> {
        let regs = self.regs.get(&self.frame)?.iter();
        regs.into_iter()
            .find_map(|(r, value)| (*r == reg).then_some(value.as_str()))
    }

    /// The last instruction has been passed: what states showed before of the registers
    /// that it wrote is no longer so.
    fn pass(&mut self) {
        let writes = match core::mem::take(&mut self.done) {
            Done::Writes(writes) => writes,
            Done::Enters => {
                self.frame = self.frame.saturating_add(1).min(MAX_FRAMES);
                self.regs.remove(&self.frame);
                return;
            }
            Done::Leaves => {
                let result = self.reg(0).map(str::to_owned);
                self.regs.remove(&self.frame);
                self.frame = self.frame.saturating_sub(1);
                let gone = (1..=5).map(|reg| (reg, None));
                gone.chain([(0, result)]).collect()
            }
        };
        let regs = self.regs.entry(self.frame).or_default();
        for (reg, value) in writes {
            regs.retain(|(r, _)| *r != reg);
            regs.extend(value.map(|value| (reg, value)));
        }
    }

    /// Notes registers, `R1=ctx() R10=fp0`.
    fn states(&mut self, frame: u8, text: &str) {
        if frame != self.frame || !matches!(self.done, Done::Writes(_)) {
            self.done = Done::default();
        }
        self.frame = frame.min(MAX_FRAMES);
        let regs = self.regs.entry(self.frame).or_default();
        for (reg, value) in states::registers(text) {
            if let Done::Writes(writes) = &mut self.done {
                writes.retain(|(r, _)| *r != reg);
            }
            match regs.iter_mut().find(|(r, _)| *r == reg) {
                Some((_, old)) => value.clone_into(old),
                None => regs.push((reg, value.to_owned())),
            }
        }
    }

    fn source(&mut self, text: &str) {
        // It stands in place of the line, which tells more.
        if text.starts_with("instruction poisoned by CO-RE") {
            self.out.unresolved = Some(Unresolved::Core(None));
            return;
        }
        let source = placed(text);
        let at = self.known.index(&mut self.out.sources, source);
        self.source = u32::try_from(at).ok();
    }

    fn title(&mut self, title: &str) {
        self.block = match title {
            "At" => Block::At,
            "Reason" => Block::Reason,
            _ => Block::Other,
        };
        // `Bounds Safety: Out-of-bounds access`: the heading of the block.
        if title.contains(':') {
            self.reasons.push(title.to_owned());
        }
    }

    /// An indented line of a block.
    fn explained(&mut self, text: &str) {
        match self.block {
            Block::Reason => self.reasons.push(text.to_owned()),
            Block::At => {
                if let Some(slot) = text.strip_prefix("insn ") {
                    self.at = number(slot);
                    return;
                }
                let placed = placed(text);
                if placed.place.is_some() && self.source.is_none() {
                    self.source = u32::try_from(self.out.sources.len()).ok();
                    self.out.sources.push(placed);
                } else if let Some(place) = self.out.sources.last_mut()
                    && place.text.is_empty()
                {
                    place.text = text.to_owned();
                }
            }
            _ => {}
        }
    }

    fn words(&mut self, text: &str, from_loader: bool, log: &mut Log) {
        match loaders::said(text, from_loader) {
            Said::Failure(failure) => log.failures.push(failure),
            Said::Note => {}
            Said::OneLine {
                program,
                words,
                omitted,
            } => {
                self.out.program = self.out.program.take().or(program.map(str::to_owned));
                self.out.omitted = omitted;
                for line in loaders::parts(words) {
                    self.line(line, log);
                }
            }
            Said::Kernel(text) => {
                self.unresolved(text);
                self.out.words.push(cut(text).to_owned());
            }
        }
    }

    /// What a loader's words, or the number that it calls, say of a broken instruction.
    fn unresolved(&mut self, text: &str) {
        let name = || quoted(text).map(str::to_owned);
        let found = if let Some(what) = text.strip_prefix("failed to resolve CO-RE relocation ") {
            Some(Unresolved::Core(relocated(what)))
        } else if text.starts_with("kfunc '") && text.contains("wasn't resolved") {
            Some(Unresolved::Kfunc(name()))
        } else if text.starts_with("BPF map '") && text.contains("wasn't created") {
            Some(Unresolved::Map(name()))
        } else {
            let called = text.split_once("invalid func unknown#");
            called.and_then(|(_, id)| poison(number(id)?))
        };
        if found.is_some() {
            let named = !matches!(
                self.out.unresolved,
                None | Some(
                    Unresolved::Core(None) | Unresolved::Kfunc(None) | Unresolved::Map(None)
                )
            );
            if !named {
                self.out.unresolved = found;
            }
        }
    }

    /// Takes in the refusal, if the lines so far hold one.
    fn end(&mut self, log: &mut Log) {
        log.refusals.extend(core::mem::take(self).finish());
    }

    fn finish(mut self) -> Option<LoggedRefusal> {
        let out = &mut self.out;
        if out.words.is_empty() {
            out.words = core::mem::take(&mut self.reasons);
        }
        if out.words.is_empty() {
            out.words = self.earlier;
        }
        beside_the_point(&mut out.words);
        // Loaders repeat the kernel's last line.
        out.words.dedup();
        let more = out.words.len().saturating_sub(MAX_WORDS);
        out.words.drain(..more);
        let named = self.at.or(out.words.iter().find_map(|l| named_insn(l)));
        let of_slot = |slot: u32| out.shown.iter().rev().find(|i| i.slot == slot).cloned();
        let blank = |slot: u32| LoggedInsn {
            slot,
            opcode: 0,
            text: String::new(),
            source: self.source,
        };
        out.insn = match named {
            Some(slot) => of_slot(slot).or_else(|| Some(blank(slot))),
            None => self.marked.or(self.last),
        };
        let at = out.insn.as_ref().and_then(|i| i.source).or(self.source);
        out.source = at.and_then(|at| out.sources.get(at as usize).cloned());
        out.regs = self.regs.remove(&self.frame).unwrap_or_default();
        out.regs.sort_unstable();
        let known = classes::rule_of(&out.words).is_some();
        let refused = known || (!out.words.is_empty() && out.insn.is_some());
        refused.then_some(self.out)
    }
}

/// A line of a refusal, as much of it as is kept.
fn cut(line: &str) -> &str {
    let mut end = line.len().min(MAX_LINE);
    while !line.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    line.get(..end).unwrap_or("")
}

/// Drops notes on functions whose arguments the kernel gave up to check, unless there
/// is nothing else.
fn beside_the_point(words: &mut Vec<String>) {
    let note = |line: &str| {
        (line.starts_with("Global function ") && line.contains("doesn't return scalar"))
            || line.starts_with("reg type unsupported for arg#")
            || line.starts_with("Unrecognized arg#0 type")
            || (line.starts_with("arg#") && line.ends_with("is not a struct"))
            || line == "use static function instead"
    };
    let mut beside: Vec<bool> = words.iter().map(|w| note(w)).collect();
    // The line before says which type it was.
    for (at, pair) in words.windows(2).enumerate() {
        let [before, line] = pair else { continue };
        if line.starts_with("reg type unsupported for arg#")
            && before.contains(" type=")
            && let Some(beside) = beside.get_mut(at)
        {
            *beside = true;
        }
    }
    if beside.iter().all(|b| *b) {
        return;
    }
    let mut beside = beside.into_iter();
    words.retain(|_| !beside.next().unwrap_or(false));
}

/// What a relocation asks for: `<byte_off> [5] struct inode.i_size (0:0 @ offset 0)`.
fn relocated(text: &str) -> Option<String> {
    let (_, name) = text.split_once("] ")?;
    let name = name.rsplit_once(" (").map_or(name, |(name, _)| name);
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// What a loader means by a number that it calls.
fn poison(id: u32) -> Option<Unresolved> {
    match id {
        195_896_080 => Some(Unresolved::Core(None)),
        2_001_000_000..2_002_000_000 => Some(Unresolved::Map(None)),
        2_002_000_000..2_003_000_000 => Some(Unresolved::Kfunc(None)),
        _ => None,
    }
}

/// `return x; @ prog.c:12`, `main @ prog.c:12:3` or `prog.c:12`.
fn placed(text: &str) -> LoggedSource {
    // A line of source may hold the sign itself.
    let is_place = |place: &&str| {
        let number = place.rsplit(':').next().unwrap_or("");
        place.contains(':') && number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty()
    };
    let (text, place) = match text.rsplit_once("@ ").filter(|(_, p)| is_place(p)) {
        Some((text, place)) => (text, Some(place)),
        None if !text.contains(char::is_whitespace) && is_place(&text) => ("", Some(text)),
        None => (text, None),
    };
    // `:0` is where a loader knows no file.
    let place = place.filter(|place| !place.starts_with(':'));
    LoggedSource {
        text: text.trim().to_owned(),
        place: place.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_those_of_the_frame_that_is_refused() {
        let log = read(
            "0: R1=ctx() R10=fp0\n1: (85) call pc+2\ncaller:\n R6=1 R10=fp0\ncallee:\n \
             frame1: R1=scalar() R10=fp0\n4: (79) r0 = *(u64 *)(r1 +0)\n\
             R1 invalid mem access 'scalar'\nprocessed 3 insns (limit 1000000)\n",
        );
        let refusal = log.refusals.first().unwrap();
        assert!(refusal.regs.contains(&(1, "scalar()".into())));
        assert!(!refusal.regs.iter().any(|(r, _)| *r == 6));
    }

    /// Kernels show states where paths begin, older ones nowhere else.
    #[test]
    fn states_change_with_what_is_written_after_them() {
        let check = |code: &str, reg: u8, expected: Option<&str>| {
            let log = read(&format!(
                "R0=map_value_or_null(id=1,off=0,ks=4,vs=8) R1=ctx() R6=inv(id=0)\n{code}R3 !read_ok\n"
            ));
            let regs = &log.refusals[0].regs;
            let found = regs.iter().find(|(r, _)| *r == reg);
            assert_eq!(found.map(|(_, value)| value.as_str()), expected, "{code}");
        };
        let last = "9: (79) r1 = *(u64 *)(r3 +0)\n";
        check(&format!("1: (b7) r6 = 0\n{last}"), 6, Some("0"));
        check(&format!("1: (bf) r6 = r1\n{last}"), 6, Some("ctx()"));
        check(&format!("1: (07) r6 += 4\n{last}"), 6, None);
        check(&format!("1: (85) call bpf_x#1\n{last}"), 1, None);
        check(&format!("1: (07) r6 += 4 ; R6_w=4\n{last}"), 6, Some("4"));
        // What is refused has not been done.
        check(last, 1, Some("ctx()"));
    }

    #[test]
    fn relocations_and_poison_are_named() {
        let what = "<byte_off> [5] struct inode.i_atime.tv_sec (0:0:0 @ offset 0)";
        assert_eq!(
            relocated(what).as_deref(),
            Some("struct inode.i_atime.tv_sec")
        );
        assert_eq!(poison(2_002_000_003), Some(Unresolved::Kfunc(None)));
        assert_eq!(poison(12), None);
        assert_eq!(placed("x @y; @ a.c:12").place.as_deref(), Some("a.c:12"));
        assert_eq!(placed("user @ host").place, None);
    }
}
