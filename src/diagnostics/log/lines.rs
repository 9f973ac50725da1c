//! What kind a line of a log is of.
//!
//! A line is looked at by itself: indented or not, prefixed by the loader that printed
//! it or not. What is none of the kinds is words: of a refusal, or of nobody.

use super::LoggedInsn;
use super::evidence::{number, quoted};
use crate::prelude::*;

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Nothing, or what only reports: statistics, precision, liveness, notes.
    Note,
    /// The log of a program begins, named where the loader does.
    Begins(Option<&'a str>),
    /// It ends.
    Ends,
    /// The log of a BTF begins or ends.
    Types(bool),
    /// The statistics at the end of every log.
    Statistics,
    /// An instruction, and the states behind it.
    Insn(LoggedInsn, &'a str),
    /// What a loader writes in place of an instruction that it broke.
    Replaced(u32, &'a str),
    /// Another path is taken up behind the instruction, with these states.
    Resumed(u32, &'a str),
    /// States of a frame.
    States(u8, &'a str),
    /// A source line.
    Source(&'a str),
    /// The title of a section of a block.
    Title(&'a str),
    /// An instruction of a block, whether it is the marked one.
    Listed(LoggedInsn, bool),
    /// What a block says at the marked column of a line.
    Pointed(&'a str),
    /// Anything else.
    Words(&'a str),
}

/// The kind of a line; `indented` if white space stood before it, `in_block` if a
/// section of a block did.
pub(super) fn kind(line: &str, indented: bool, in_block: bool) -> Line<'_> {
    if line.is_empty() {
        return Line::Note;
    }
    if let Some(frame) = frame_of_log(line) {
        return frame;
    }
    if let Some((insn, states)) = instruction(line, ": ") {
        return Line::Insn(insn, states);
    }
    if let Some((slot, what)) = replaced(line) {
        return Line::Replaced(slot, what);
    }
    if let Some((from, states)) = resumed(line) {
        return Line::Resumed(from, states);
    }
    if let Some((frame, states)) = states(line) {
        return Line::States(frame, states);
    }
    if let Some(source) = line.strip_prefix(';') {
        return Line::Source(source.trim_start());
    }
    if let Some(listed) = listed(line) {
        return listed;
    }
    if let Some((_, words)) = line.split_once("^-- error: ") {
        return Line::Pointed(words);
    }
    if let Some(title) = title(line, in_block).filter(|_| !indented) {
        return Line::Title(title);
    }
    match is_note(line) {
        true => Line::Note,
        false => Line::Words(line),
    }
}

/// Where the logs of programs and types begin and end.
fn frame_of_log(line: &str) -> Option<Line<'_>> {
    if line.contains("BEGIN PROG LOAD LOG") || line.contains("BEGIN DUMP LOG") {
        return Some(Line::Begins(quoted(line)));
    }
    if line.contains("END PROG LOAD LOG") || line.ends_with("-- END LOG --") {
        return Some(Line::Ends);
    }
    let begins = line.contains("BEGIN BTF LOAD LOG");
    if begins || line.contains("END BTF LOAD LOG") {
        return Some(Line::Types(begins));
    }
    (line.starts_with("processed ") && line.contains(" insns")).then_some(Line::Statistics)
}

/// `7: (61) r0 = *(u32 *)(r1 +0)   ; R0=scalar()`: the instruction and the states.
fn instruction<'a>(line: &'a str, separator: &str) -> Option<(LoggedInsn, &'a str)> {
    let (slot, rest) = line.split_once(separator)?;
    let slot = slot.trim().parse().ok()?;
    let opcode = u8::from_str_radix(rest.strip_prefix('(')?.get(..2)?, 16).ok()?;
    let text = rest.get(3..)?.strip_prefix(") ")?;
    let (text, states) = match text.split_once(" ;") {
        Some((text, states)) => (text, states.trim_start()),
        None => joined(text),
    };
    let insn = LoggedInsn {
        slot,
        opcode,
        text: text.trim_end().to_owned(),
        source: None,
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
            .then_some((insn, states.get(1..)?))
    });
    cut.unwrap_or((text, ""))
}

/// `8: <invalid kfunc call>`.
fn replaced(line: &str) -> Option<(u32, &str)> {
    let (slot, rest) = line.split_once(": ")?;
    let what = rest.strip_prefix("<invalid ")?.strip_suffix('>')?;
    Some((slot.parse().ok()?, what))
}

/// `from 12 to 20: R0=...`, `from 12 to 20 (speculative execution): frame1: R0=...`.
fn resumed(line: &str) -> Option<(u32, &str)> {
    let (from, rest) = line.strip_prefix("from ")?.split_once(" to ")?;
    let (_, states) = rest.split_once(':')?;
    Some((from.parse().ok()?, states.trim_start()))
}

/// `0: R1=ctx() R10=fp0`, `frame2: R0_w=inv1`, `R0=... fp-8=...`.
fn states(line: &str) -> Option<(u8, &str)> {
    let mut rest = line;
    if let Some((slot, behind)) = rest.split_once(':')
        && !slot.is_empty()
        && slot.bytes().all(|b| b.is_ascii_digit())
    {
        rest = behind.trim_start();
    }
    let (frame, rest) = frame(rest);
    let (name, _) = rest.split_whitespace().next()?.split_once('=')?;
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let register = name.strip_prefix('R').is_some_and(digit);
    let slot = name.strip_prefix("fp-").is_some_and(digit);
    (register || slot).then_some((frame, rest))
}

/// The frame that states are of, and the states: `frame1: R0=...`.
pub(super) fn frame(states: &str) -> (u8, &str) {
    let named = states.strip_prefix("frame").and_then(|rest| {
        let (number, states) = rest.split_once(':')?;
        Some((number.parse().ok()?, states.trim_start()))
    });
    named.unwrap_or((0, states))
}

/// `>>> 7 | (79) r0 = *(u64 *)(r0 +0)` or the same without the mark.
fn listed(line: &str) -> Option<Line<'_>> {
    let (marked, rest) = match line.strip_prefix(">>> ") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, line),
    };
    let (insn, _) = instruction(rest, " | ")?;
    Some(Line::Listed(insn, marked))
}

/// A section's title: a few words, the first capitalised, no key words' signs.
fn title(line: &str, in_block: bool) -> Option<&str> {
    if let Some(what) = line.strip_prefix("Verification failed:") {
        return Some(what.trim()).filter(|what| !what.is_empty());
    }
    let text = line.strip_suffix(':')?;
    let fits = text.len() < 24
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphabetic() || c == ' ')
        && (in_block || ["Reason", "At", "Causal path", "Suggestion"].contains(&text));
    fits.then_some(text)
}

/// How lines begin that only report.
const REPORTS: &[&str] = &[
    "verification time",
    "last_idx",
    "regs=",
    "parent ",
    "mark_precise",
    "force_precise",
    "falling back to forcing",
    "Live regs",
    "live regs",
    "insns_self",
    "subprog#",
    "propagating",
    "max_states",
    "Validating ",
    "caller:",
    "callee:",
    "returning from callee",
    "to caller at",
    "magic:",
    "version:",
    "flags:",
    "hdr_len:",
    "type_off:",
    "type_len:",
    "str_off:",
    "str_len:",
    "btf_total_size:",
    "--",
    "libbpf",
];

/// Notes that kernels and loaders print beside a refusal.
fn is_note(line: &str) -> bool {
    REPORTS.iter().any(|n| line.starts_with(n))
        || (line.starts_with("frame") && line.contains(": propagating"))
        || (line.starts_with("func#") && line.contains(" @"))
        || (line.starts_with("stack depth") && !line.contains("exceeds"))
        || (line.starts_with("arg#") && line.contains("size cannot be determined"))
        || (line.starts_with("Func#") && line.ends_with("assumed valid."))
        || (line.starts_with("Func#")
            && line.ends_with("safe for any args that match its prototype"))
        || (line.starts_with("func '") && line.contains("has btf_id"))
        || (line.starts_with('[') && dumped_type(line))
        || line.ends_with(": safe")
        || line == "safe"
        || line.contains("BTF is optional, ignoring")
}

/// `[12] STRUCT task_struct size=...`: a line of a dumped BTF.
fn dumped_type(line: &str) -> bool {
    let Some((id, rest)) = line.get(1..).and_then(|l| l.split_once("] ")) else {
        return false;
    };
    let kind = rest.split_whitespace().next().unwrap_or("");
    number(id).is_some_and(|_| id.bytes().all(|b| b.is_ascii_digit()))
        && kind.len() > 1
        && kind
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let said = format!("{:?}", kind(line, false, false));
        assert!(said.starts_with(expected), "{line}: {said}");
    }

    #[test]
    fn each_line_has_its_kind() {
        check("", "Note");
        check("403: (7b) *(u64 *)(r9 +0) = r7", "Insn");
        check(
            "8: <invalid CO-RE relocation>",
            "Replaced(8, \"CO-RE relocation\")",
        );
        check("from 12 to 20: frame1: R0=1", "Resumed(12, \"frame1");
        check("frame2: R0_w=invP(id=0) R9=inv(id=0)", "States(2, \"R0_w");
        check("0: R1=ctx() R10=fp0", "States(0, \"R1=ctx");
        check("R0=inv(id=0) R10=fp0 fp-8=mmmmmmmm", "States(0");
        check("R9 invalid mem access 'inv'", "Words");
        check("; return x; @ a.c:3", "Source(\"return");
        check("Suggestion:", "Title(\"Suggestion\")");
        check(">>> 7 | (79) r0 = *(u64 *)(r0 +0)", "Listed");
        check("processed 9 insns (limit 1000000)", "Statistics");
        check("-- END PROG LOAD LOG --", "Ends");
    }

    #[test]
    fn what_only_reports_is_no_word_of_a_refusal() {
        for line in [
            "mark_precise: frame0: last_idx 9 first_idx 0 subseq_idx -1",
            "mark_precise: frame0: regs=r1 stack= before 1: (75) if r0 s>= 0x0 goto pc+1",
            "regs=1 stack=0 before 1: (75) if r0 s>= 0x0 goto pc+1",
            "parent didn't have regs=2 stack=0 marks",
            "parent already had regs=2 stack=0 marks",
            "last_idx 2 first_idx 0",
            "frame 0: propagating r6",
            "14: safe",
            "func#1 @12",
            "func 'x' arg0 has btf_id 108119 type STRUCT 'sock'",
            "[14] STRUCT (anon) size=32 vlen=4",
            "magic: 0xeb9f",
            "libbpf: failed to load object 'x.o'",
        ] {
            check(line, "Note");
        }
        check("[1] is no type", "Words");
        check("frame pointer is read only", "Words");
    }
}
