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

/// The places in an object at which a pointer may lie, both included. They are counted from
/// the end of it that stands fast: a stack's top, a value's beginning.
struct Extent {
    low: i64,
    high: i64,
}

impl Extent {
    /// Of the stack. At the lowest byte only a move back may begin or end.
    fn stack(backward: bool) -> Extent {
        let bytes = i64::from(MAX_STACK);
        Extent {
            low: if backward { -bytes } else { 1 - bytes },
            high: 0,
        }
    }

    /// Of a map's value.
    fn value(size: u32) -> Extent {
        Extent {
            low: 0,
            high: i64::from(size) - 1,
        }
    }

    /// How far a place lies from the end that stands fast; none outside.
    fn distance(&self, at: i64) -> Option<u32> {
        let inside = (self.low..=self.high).contains(&at);
        u32::try_from(at.unsigned_abs()).ok().filter(|_| inside)
    }
}

/// How far the pointer lies from the fixed end of its object; `regs`: the registers of the
/// pointer and of the result.
fn room(vm: &Vm<'_>, ptr: &Reg, regs: (u8, u8), backward: bool) -> Check<u32> {
    let bounds = &ptr.bounds;
    let (extent, moved) = match ptr.kind {
        Kind::Stack { .. } => (Extent::stack(backward), bounds.tnum.value as i64),
        Kind::MapValue { map, .. } => {
            let Some(def) = vm.env.map(map) else {
                return unknown("map:missing");
            };
            // Of all places that it may have, the outermost on the way.
            let outermost = if backward {
                bounds.smin
            } else {
                bounds.umax as i64
            };
            (Extent::value(def.value_size), outermost)
        }
        _ => return refuse_reg(regs.0, Fault::SpeculativeKind { held: *ptr }),
    };
    match extent.distance(moved.wrapping_add(ptr.off.into())) {
        Some(distance) => Ok(distance),
        None => refuse_reg(regs.1, Fault::SpeculativeLimit { held: *ptr }),
    }
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
