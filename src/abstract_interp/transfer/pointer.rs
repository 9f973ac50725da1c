//! Moves pointers as `checks::pointer` decided.
//!
//! A known distance changes the fixed offset and nothing else. An unknown one makes a
//! packet pointer a new one: it gets an id of its own, since bytes found from the old
//! place say nothing of the new, unless it went back for certain.

use super::speculation;
use crate::abstract_interp::checks::pointer::{self, Arithmetic, Move, Order};
use crate::abstract_interp::value::{Kind, RefId, Reg};
use crate::abstract_interp::vm::{Check, Vm};

/// Carries out an operation of which one operand is `ptr` and the other `num`.
pub fn combine(vm: &mut Vm, how: &Arithmetic, ptr: &Reg, num: &Reg) -> Check<()> {
    let (plan, moved) = match pointer::admitted(how, ptr, num)? {
        Some(moved) => (None, moved),
        None => {
            let plan = speculation::plan(vm, how, ptr, num)?;
            (plan, pointer::moved(how, ptr, num, vm.env.rules())?)
        }
    };
    let mut out = *ptr;
    match moved {
        Move::Stays => return Ok(()),
        Move::Lost => {
            vm.cur.set_reg(how.dst, Reg::unknown());
            return Ok(());
        }
        Move::Fixed(off) => {
            out.off = off;
            // Found at or beyond the end of the packet: elsewhere, that isn't known.
            if vm.env.target.behaviour().moves_clear_packet_end() {
                out.range = out.range.max(0);
            }
            // Pointers carry no 32-bit bounds of their own.
            out.bounds.forget_lo();
        }
        Move::Variable { bounds, off, on } => {
            out.bounds = bounds;
            out.off = off;
            if ptr.is_packet() {
                out.id = vm.new_id();
                if on {
                    out.range = 0;
                }
            }
        }
    }
    if how.order == Order::NumberPointer && !vm.env.target.behaviour().sums_keep_reference() {
        // The sum takes the pointer's type and id, but neither its reference nor its
        // frame.
        out.ref_id = RefId::NONE;
        if matches!(out.kind, Kind::Stack { .. }) {
            out.kind = Kind::Stack { frame: 0 };
        }
    }
    out.bounds.sync(vm.env.rules());
    vm.cur.set_reg(how.dst, out);
    if vm.env.speculates {
        speculation::settle(vm, how, plan, &out)?;
    }
    Ok(())
}
