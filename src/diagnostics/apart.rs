//! What keeps two states apart, by the name that the source gives it.
//!
//! A register or stack slot is called by what is assigned where it was last written
//! before the place of comparison: line information has no names of locals, but the
//! line's text tells them in most cases.

use super::source::line_of;
use crate::abstract_interp::explore::Where;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{AluOp, Op, Src};

/// Instructions looked at on each side of the place.
const WINDOW: usize = 256;

/// What differs between the states at an instruction: `` `sum` (r6) ``, `r6`, `the stack
/// slot fp-16`.
pub fn apart(program: &Program, ops: &[Op], insn: usize, place: Where) -> String {
    let plain = match place {
        Where::Reg(reg) => format!("r{reg}"),
        Where::Slot(slot) => format!("fp-{}", (u32::from(slot) + 1) * 8),
    };
    // A loop writes it behind its head; else it was written before.
    let after = (insn..ops.len()).take(WINDOW);
    let before = (0..insn).rev().take(WINDOW);
    let mut writers = after.chain(before).filter(|&at| writes(ops, at, place));
    let named = writers.find_map(|at| {
        // A copy is called by what is copied.
        let at = match ops.get(at) {
            Some(&Op::Alu {
                op: AluOp::Mov,
                src: Src::Reg(from),
                ..
            }) => (0..at)
                .rev()
                .take(WINDOW)
                .find(|&at| writes(ops, at, Where::Reg(from)))?,
            _ => at,
        };
        let line = line_of(program, at)?;
        // The head of a loop assigns a counter; what else stands there is moved about.
        let counts = matches!(
            ops.get(at),
            Some(Op::Alu {
                src: Src::Imm(_),
                ..
            })
        );
        let head = line.text.trim_start().starts_with("for");
        target(&line.text)
            .filter(|_| counts || !head)
            .map(str::to_owned)
    });
    match named {
        Some(name) => format!("`{name}` ({plain})"),
        None => plain,
    }
}

/// What a line assigns to: `sum` of `sum += v;`, `i` of `for (i = 0; ...)` and `i++`.
fn target(line: &str) -> Option<&str> {
    let bytes = line.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(b' ');
    let equals = (1..bytes.len()).find(|&i| {
        let compares = at(i + 1) == b'=' || b"=!".contains(&at(i - 1));
        let shifts = at(i - 1) == at(i.saturating_sub(2));
        let orders = b"<>".contains(&at(i - 1)) && !shifts;
        at(i) == b'=' && !compares && !orders
    });
    let counts = || line.find("++").or_else(|| line.find("--"));
    let left = line.get(..equals.or_else(counts)?)?;
    let left = left.trim_end_matches(|c: char| " +-*/|&^%<>".contains(c));
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let start = left.rfind(|c| !part(c)).map_or(0, |i| i + 1);
    let name = left.get(start..)?;
    // A member or an element is memory, and no register's name.
    if left.get(..start)?.ends_with(['.', '>']) {
        return None;
    }
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && name.len() <= 40).then_some(name)
}

/// Whether an instruction writes the register, or the slot through r10.
fn writes(ops: &[Op], at: usize, place: Where) -> bool {
    let Some(op) = ops.get(at) else { return false };
    match place {
        Where::Reg(reg) => !matches!(op, Op::Call(_)) && op.effects().writes.has(reg),
        Where::Slot(slot) => {
            let from = -8 * (i16::from(slot) + 1);
            op.effects().memory.is_some_and(|m| {
                m.base == 10 && m.access.writes() && (from..from + 8).any(|b| m.covers(b))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_what_they_assign() {
        for (line, name) in [
            ("sum += v;", Some("sum")),
            ("int x = f(a == b);", Some("x")),
            ("for (int i = 0; i < 9; i++)", Some("i")),
            ("n <<= 2;", Some("n")),
            ("ctx->n <<= 2;", None),
            ("seen[n]++;", None),
            ("i++;", Some("i")),
            ("if (a <= b && c != d)", None),
            ("f(x);", None),
            ("= 3", None),
            ("", None),
        ] {
            assert_eq!(target(line), name, "{line}");
        }
    }
}
