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
use crate::abstract_interp::checks::map_value;
use crate::abstract_interp::checks::pointer::{Arithmetic, Order};
use crate::abstract_interp::checks::stack::{bytes, is_spillable};
use crate::abstract_interp::refusal::{Fault, Key, refuse_reg};
use crate::abstract_interp::stack::{Byte, MAX_STACK, spi};
use crate::abstract_interp::value::{Kind, Reg};
use crate::abstract_interp::vm::{Check, Halt, Next, Vm, unknown};
use crate::programs::insn::{AluOp, Op, Src};

/// How an instruction masks the number that moves its pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Not: it computes on numbers.
    None,
    /// To a window.
    Window {
        /// Its size, in the direction of the move.
        size: u32,
        /// The number is negative.
        negative: bool,
        /// The number is known.
        known: bool,
        /// Which operand is the pointer.
        order: Order,
    },
}

/// What is settled once the pointer has moved.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    backward: bool,
    negative: bool,
    known: bool,
    room: u32,
}

/// The operand that isn't the result's register.
fn other(how: &Arithmetic) -> u8 {
    match how.src {
        Src::Reg(r) => r,
        Src::Imm(_) => how.dst,
    }
}

/// Whether a number moves a pointer by an instruction that must mask it.
fn masks(vm: &Vm<'_>, op: AluOp, src: Src) -> bool {
    vm.env.speculates
        && matches!(op, AluOp::Add | AluOp::Sub)
        && matches!(src, Src::Reg(_))
        && !vm.aux[vm.insn].fenced
}

/// Before a pointer is moved: the window, and the path on which it isn't moved.
pub fn plan(vm: &mut Vm<'_>, how: &Arithmetic, ptr: &Reg, num: &Reg) -> Check<Option<Plan>> {
    if !masks(vm, how.op, how.src) {
        return Ok(None);
    }
    let known = num.bounds.is_const().is_some();
    if vm.cur.mispredicted {
        if !known {
            unmoved(vm, how.dst, ptr)?;
        }
        return Ok(None);
    }
    let negative = num.bounds.smin < 0;
    let (pointer, number) = match how.order {
        Order::PointerNumber => (how.dst, other(how)),
        Order::NumberPointer => (other(how), how.dst),
    };
    if !known && negative != (num.bounds.smax < 0) {
        return refuse_reg(number, Fault::SpeculativeSigns { held: *num });
    }
    let backward = (how.op == AluOp::Add) == negative;
    let room = room(vm, ptr, (pointer, how.dst), backward)?;
    if !known {
        vm.explorer.numbers_told = true;
        unmoved(vm, how.dst, ptr)?;
    }
    Ok(Some(Plan {
        backward,
        negative,
        known,
        room,
    }))
}

/// The path on which a masked number became zero.
fn unmoved(vm: &mut Vm<'_>, dst: u8, ptr: &Reg) -> Check<()> {
    let insn = vm.insn;
    let state = vm.push_branch(insn + 1)?;
    state.set_reg(dst, *ptr);
    state.mispredicted = true;
    Ok(())
}

/// How far the pointer lies from the end of its object that it would move towards;
/// `regs`: the registers of the pointer and of the result.
fn room(vm: &Vm<'_>, ptr: &Reg, regs: (u8, u8), backward: bool) -> Check<u32> {
    let b = &ptr.bounds;
    let (room, limit) = match ptr.kind {
        // Down to the lowest byte, to which a move back may lead exactly.
        Kind::Stack { .. } => {
            let at = (b.tnum.value as i64).wrapping_add(ptr.off.into());
            let limit = MAX_STACK + u32::from(backward);
            (at.wrapping_neg() as u32, limit)
        }
        Kind::MapValue { map, .. } => {
            let Some(def) = vm.env.map(map) else {
                return unknown("map:missing");
            };
            let from = if backward { b.smin } else { b.umax as i64 };
            (from.wrapping_add(ptr.off.into()) as u32, def.value_size)
        }
        _ => return refuse_reg(regs.0, Fault::SpeculativeKind { held: *ptr }),
    };
    if room >= limit {
        return refuse_reg(regs.1, Fault::SpeculativeLimit { held: *ptr });
    }
    Ok(room)
}

/// After a pointer was moved: it lies inside its object, and the mask is that of every
/// other path.
pub fn settle(vm: &mut Vm<'_>, how: &Arithmetic, plan: Option<Plan>, moved: &Reg) -> Check<()> {
    inside(vm, how.dst, moved)?;
    let Some(plan) = plan else {
        return Ok(());
    };
    let room = room(vm, moved, (how.dst, how.dst), plan.backward)?;
    let mask = Mask::Window {
        size: plan.room.abs_diff(room),
        negative: plan.negative,
        known: plan.known,
        order: how.order,
    };
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
    let held = &mut vm.aux[vm.insn].mask;
    if held.is_some_and(|before| before != mask) {
        return refuse_reg(dst, Fault::SpeculativePaths);
    }
    *held = Some(mask);
    Ok(())
}

/// A moved pointer must lead into its object, whether or not it is used.
fn inside(vm: &Vm<'_>, dst: u8, moved: &Reg) -> Check<()> {
    match moved.kind {
        Kind::Stack { .. } => match moved.bounds.is_const() {
            None => {
                let (var, off) = (moved.bounds.tnum, moved.off.into());
                refuse_reg(dst, Fault::SpeculativeStackVariable { var, off })
            }
            Some(var) => {
                let off = (var as i64).wrapping_add(moved.off.into());
                if (-i64::from(MAX_STACK)..0).contains(&off) {
                    return Ok(());
                }
                refuse_reg(dst, Fault::SpeculativeStack { off })
            }
        },
        Kind::MapValue { map, .. } => match map_value::leads_inside(vm, map, moved, dst) {
            Err(Halt::Refusal(_)) => refuse_reg(dst, Fault::SpeculativeValue { held: *moved }),
            other => other,
        },
        _ => Ok(()),
    }
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
    if access.dir == Dir::Write && vm.env.target.behaviour.mispredictions_fenced {
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
        let fenced = self.env.target.behaviour.mispredictions_fenced;
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
