//! What a processor that runs ahead could be led to: see `transfer::speculation`.
//!
//! A number that moves a pointer is masked to the pointer's *window*, its distance from
//! the end of its object in the direction of the move. The window must be known, the
//! same on every path through the instruction, and lead nowhere outside.

use super::map_value;
use super::pointer::{Arithmetic, Order};
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::stack::MAX_STACK;
use crate::abstract_interp::value::{Kind, Reg};
use crate::abstract_interp::vm::{Check, Halt, Vm, unknown};
use crate::programs::insn::{AluOp, Src};

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
    /// The number is known.
    pub(in crate::abstract_interp) known: bool,
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
pub fn masks(vm: &Vm<'_>, op: AluOp, src: Src) -> bool {
    vm.env.speculates
        && matches!(op, AluOp::Add | AluOp::Sub)
        && matches!(src, Src::Reg(_))
        && !vm.aux[vm.insn].fenced
}

/// The window before the pointer is moved.
pub fn plan(vm: &Vm<'_>, how: &Arithmetic, ptr: &Reg, num: &Reg) -> Check<Plan> {
    let known = num.bounds.is_const().is_some();
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
    Ok(Plan {
        backward,
        negative,
        known,
        room,
    })
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

/// The mask of a move, once the pointer has come to lie at `moved`.
pub fn window(vm: &Vm<'_>, how: &Arithmetic, plan: Plan, moved: &Reg) -> Check<Mask> {
    let room = room(vm, moved, (how.dst, how.dst), plan.backward)?;
    Ok(Mask::Window {
        size: plan.room.abs_diff(room),
        negative: plan.negative,
        known: plan.known,
        order: how.order,
    })
}

/// Every path through the instruction asks for the same mask.
pub fn agrees(vm: &Vm<'_>, dst: u8, mask: Mask) -> Check<()> {
    match vm.aux[vm.insn].mask.is_some_and(|before| before != mask) {
        true => refuse_reg(dst, Fault::SpeculativePaths),
        false => Ok(()),
    }
}

/// A moved pointer must lead into its object, whether or not it is used.
pub fn inside(vm: &Vm<'_>, dst: u8, moved: &Reg) -> Check<()> {
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
