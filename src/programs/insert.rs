//! Putting instructions into a linked program.
//!
//! Jumps and references to functions keep their destinations: a jump to the slot at
//! which something is put leads to what is put there. Tables by instruction move
//! along. Programs with indirect jumps are left alone, for their tables are data.

use super::Program;
use super::insn::{Callee, ImmRef, Insn, Op};
use crate::prelude::*;

/// Where an instruction leads, if it leads anywhere, by the field that says so.
enum Leads {
    Off(i64),
    Imm(i64),
}

fn leads(at: usize, op: &Op) -> Option<Leads> {
    let next = at as i64 + 1;
    Some(match *op {
        Op::Jmp { off, .. } | Op::MayGoto { off } => Leads::Off(next + i64::from(off)),
        Op::Ja { off, long: false } => Leads::Off(next + i64::from(off)),
        Op::Ja { off, long: true } => Leads::Imm(next + i64::from(off)),
        Op::Call(Callee::Local(by)) => Leads::Imm(next + i64::from(by)),
        Op::LdImm64 {
            src: ImmRef::Func(by),
            ..
        } => Leads::Imm(next + i64::from(by)),
        _ => return None,
    })
}

/// The program with `new` before the slot `at`, in place of `replaced` slots. With
/// `over`, jumps to that slot go on to what stands there, over what is put before it.
pub fn insert(
    program: &Program,
    at: usize,
    replaced: usize,
    new: &[Insn],
    over: bool,
) -> Option<Program> {
    let end = at.checked_add(replaced)?;
    let ops = super::decode(&program.insns);
    let indirect = |op: &Op| matches!(op, Op::Gotox { .. });
    if end > program.insns.len() || ops.iter().any(indirect) {
        return None;
    }
    let more = i64::try_from(new.len()).ok()? - i64::try_from(replaced).ok()?;
    // Where a slot of the old program lies in the new one; as a destination.
    let first = at as i64 + i64::from(!over);
    let moved = |slot: i64| if slot >= first { slot + more } else { slot };
    // Functions and lines begin at what is put before them all the same.
    let begins = |slot: i64| if slot > at as i64 { slot + more } else { slot };
    let place = |slot: usize| {
        if slot >= end {
            slot as i64 + more
        } else {
            slot as i64
        }
    };
    let mut insns = Vec::with_capacity(program.insns.len() + new.len());
    for (slot, (insn, op)) in program.insns.iter().zip(&ops).enumerate() {
        if slot == at {
            insns.extend_from_slice(new);
        }
        if (at..end).contains(&slot) {
            continue;
        }
        let mut insn = *insn;
        let here = place(slot);
        match leads(slot, op) {
            Some(Leads::Off(to)) => insn.off = i16::try_from(moved(to) - here - 1).ok()?,
            Some(Leads::Imm(to)) => insn.imm = i32::try_from(moved(to) - here - 1).ok()?,
            None => {}
        }
        insns.push(insn);
    }
    let mut out = program.clone();
    out.insns = insns.into();
    let as_u32 = |slot: u32| u32::try_from(begins(slot.into())).ok();
    let mut subprogs = out.subprogs.to_vec();
    for s in &mut subprogs {
        s.start = as_u32(s.start)?;
        // What is put at a function's end belongs to the next.
        s.end = as_u32(s.end)?;
    }
    out.subprogs = subprogs.into();
    let past = |slot: u32| {
        u32::try_from(if slot as usize >= end {
            i64::from(slot) + more
        } else {
            slot.into()
        })
        .ok()
    };
    // A line begins at what is put before its first instruction.
    out.line_info = out.line_info.moved(as_u32)?;
    for (slot, _) in &mut out.func_info {
        *slot = as_u32(*slot)?;
    }
    for (slot, _) in &mut out.poisoned {
        *slot = past(*slot)?;
    }
    for r in &mut out.core_relocs {
        r.insn = past(r.insn)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::{disasm, raw};

    fn program(text: &str) -> Program {
        raw::program(raw::Input::Asm(text.as_bytes()), "case.bpfasm", None).unwrap()
    }

    /// The program's instructions after an insertion of `r0 = 7`, in text.
    fn check(text: &str, at: usize, replaced: usize, over: bool, expect: &[&str]) {
        let new = [Insn::new(0xb7, 0, 0, 0, 7)];
        let out = insert(&program(text), at, replaced, &new, over).unwrap();
        let ops = crate::programs::decode(&out.insns);
        let lines: Vec<String> = ops
            .iter()
            .enumerate()
            .map(|(i, op)| disasm::disasm(op, i))
            .collect();
        assert_eq!(lines, expect);
    }

    const LOOP: &str = ".type xdp\nr0 = 0\nagain:\nr0 += 1\nif r0 < 9 goto again\nexit\n";

    #[test]
    fn jumps_lead_to_what_is_put_before_their_destination() {
        check(
            LOOP,
            1,
            0,
            false,
            &["r0 = 0", "r0 = 7", "r0 += 1", "if r0 < 9 goto -3", "exit"],
        );
    }

    #[test]
    fn or_over_it() {
        check(
            LOOP,
            1,
            0,
            true,
            &["r0 = 0", "r0 = 7", "r0 += 1", "if r0 < 9 goto -2", "exit"],
        );
    }

    #[test]
    fn what_is_replaced_goes() {
        check(
            LOOP,
            1,
            1,
            false,
            &["r0 = 0", "r0 = 7", "if r0 < 9 goto -2", "exit"],
        );
    }

    #[test]
    fn nothing_is_put_beyond_the_end() {
        assert!(insert(&program(LOOP), 5, 1, &[], false).is_none());
    }
}
