//! A processor that runs ahead of a comparison.
//!
//! It may take the side that the comparison forbids, and what it reads there leaves
//! traces that can be timed. For a loader that may not read kernel memory (no
//! `CAP_PERFMON`), kernels therefore
//!
//! * walk the forbidden side of comparisons that have one outcome, too, with nothing known
//!   of the operands: a *mispredicted* path, and all that follows it is;
//! * mask a number that moves a pointer to a window around the pointer. The mask is part of
//!   the instruction, so every path through it must ask for the same one, and only
//!   pointers whose window is known may be moved so: to the stack and to map values. Where
//!   the number isn't known, the pointer may also come out unmoved: that, too, is a
//!   mispredicted path;
//! * keep even the moved pointer inside its object, before it is used.
//!
//! A mispredicted path that would do what is refused is refused itself on older kernels;
//! newer ones put a fence there, at which such paths end.

use crate::abstract_interp::checks::access::{Access, Dir, Value};
use crate::abstract_interp::checks::pointer::Arithmetic;
use crate::abstract_interp::checks::speculation::{self as checks, Mask, Plan, masks};
use crate::abstract_interp::checks::stack::{bytes, is_spillable};
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::stack::{Byte, spi};
use crate::abstract_interp::value::Reg;
use crate::abstract_interp::vm::{Check, Halt, Next, Vm};
use crate::programs::insn::{AluOp, Op, Src};

/// Before a pointer is moved: the window, and the path on which it isn't moved.
pub fn plan(vm: &mut Vm<'_>, how: &Arithmetic, ptr: &Reg, num: &Reg) -> Check<Option<Plan>> {
    if !masks(vm, how.op, how.src) {
        return Ok(None);
    }
    if vm.cur.mispredicted {
        if num.bounds.is_const().is_none() {
            unmoved(vm, how.dst, ptr)?;
        }
        return Ok(None);
    }
    let plan = checks::plan(vm, how, ptr, num)?;
    if !plan.known {
        vm.explorer.numbers_told = true;
        unmoved(vm, how.dst, ptr)?;
    }
    Ok(Some(plan))
}

/// The path on which a masked number became zero.
fn unmoved(vm: &mut Vm<'_>, dst: u8, ptr: &Reg) -> Check<()> {
    let insn = vm.insn;
    let state = vm.push_branch(insn + 1)?;
    state.set_reg(dst, *ptr);
    state.mispredicted = true;
    Ok(())
}

/// After a pointer was moved: it lies inside its object, and the mask is that of every
/// other path.
pub fn settle(vm: &mut Vm<'_>, how: &Arithmetic, plan: Option<Plan>, moved: &Reg) -> Check<()> {
    checks::inside(vm, how.dst, moved)?;
    let Some(plan) = plan else {
        return Ok(());
    };
    let mask = checks::window(vm, how, plan, moved)?;
    agree(vm, how.dst, mask)
}

/// Arithmetic on numbers takes no mask, on any path.
pub fn on_numbers(vm: &mut Vm<'_>, op: AluOp, src: Src) -> Check<()> {
    if !masks(vm, op, src) {
        return Ok(());
    }
    let dst = match vm.op() {
        Op::Alu { dst, .. } => dst,
        _ => return Ok(()),
    };
    agree(vm, dst, Mask::None)
}

fn agree(vm: &mut Vm<'_>, dst: u8, mask: Mask) -> Check<()> {
    checks::agrees(vm, dst, mask)?;
    vm.aux[vm.insn].mask = Some(mask);
    Ok(())
}

/// The side that a comparison of `regs` rules out, which begins at `at`.
pub fn other_side(vm: &mut Vm<'_>, at: usize, regs: (u8, Option<u8>)) -> Check<()> {
    vm.flush_precision()?;
    let state = vm.push_branch(at)?;
    state.mispredicted = true;
    for r in [Some(regs.0), regs.1].into_iter().flatten() {
        state.set_reg(r, Reg::unknown());
    }
    Ok(())
}

/// A store to the stack may overtake one before it: where that could give away an
/// address, or what was there before, the store is fenced, and paths end behind it.
pub fn stored(vm: &mut Vm<'_>, access: &Access, frame: usize, off: i32) {
    let address = match access.value {
        Value::Reg(r) => is_spillable(vm.reg(r)),
        _ => false,
    };
    let slot = vm.cur.frames[frame].stack.slot(spi(off));
    let plain = |byte| matches!(byte, Byte::Misc | Byte::Zero);
    let fenced = address || !bytes(slot, off, access.size).all(plain);
    if access.dir == Dir::Write && vm.env.target.behaviour().mispredictions_fenced() {
        vm.aux[vm.insn].fenced_after |= fenced;
    }
}

impl Vm<'_> {
    /// A mispredicted path would do what is refused: newer kernels end it there.
    pub(in crate::abstract_interp) fn fence(&mut self, halt: Halt) -> Check<Next> {
        let limits = [
            Key::Complexity,
            Key::PendingBranches,
            Key::HistoryTooLong,
            Key::Trap,
        ];
        let fenced = self.env.target.behaviour().mispredictions_fenced();
        match halt {
            Halt::Refusal(refusal)
                if fenced && refusal.key().is_some_and(|key| !limits.contains(&key)) =>
            {
                let aux = &mut self.aux[self.insn];
                aux.fenced = true;
                aux.mask = None;
                Ok(Next::End)
            }
            other => Err(other),
        }
    }
}
