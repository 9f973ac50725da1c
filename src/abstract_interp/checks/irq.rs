//! Saved interrupt flags on the stack: a slot that may take them, and one whose flags
//! may be restored. Sections nest and end in the order in which they began.

use super::dynptr::{place, place_new};
use crate::abstract_interp::refusal::{Fault, IrqKind, StackObject, refuse_reg};
use crate::abstract_interp::stack::Byte;
use crate::abstract_interp::value::Kind;
use crate::abstract_interp::vm::{Check, Vm};

/// Where saved flags lie: frame and slot.
pub type At = (usize, usize);

/// A slot that may take flags.
pub fn uninit(vm: &Vm, r: u8) -> Check<At> {
    let (frame, at) = place_new(vm, r, StackObject::IrqFlag, 1)?;
    let taken = vm.cur.frames[frame]
        .stack
        .get(at)
        .is_some_and(|s| s.kinds.contains(&Byte::Irq));
    if taken {
        return refuse_reg(r, Fault::IrqFlagTaken);
    }
    Ok((frame, at))
}

/// Flags saved by the same kind of kfunc, innermost section first.
pub fn restorable(vm: &Vm, r: u8, lock: bool) -> Check<At> {
    let (frame, at) = place(vm, r, StackObject::IrqFlag, 1)?;
    let slot = vm.cur.frames[frame].stack.get(at);
    let Some(slot) = slot.filter(|s| s.kinds.iter().all(|b| *b == Byte::Irq)) else {
        return refuse_reg(r, Fault::IrqFlagUninit);
    };
    if slot.spill.kind != (Kind::IrqSlot { lock }) {
        let (have, want) = if lock {
            (IrqKind::Native, IrqKind::Lock)
        } else {
            (IrqKind::Lock, IrqKind::Native)
        };
        return refuse_reg(r, Fault::IrqFlagKind { have, want });
    }
    if slot.spill.ref_id != vm.cur.active_irq_id {
        let id = vm.cur.active_irq_id.into();
        return refuse_reg(r, Fault::IrqOrder { id });
    }
    Ok((frame, at))
}
