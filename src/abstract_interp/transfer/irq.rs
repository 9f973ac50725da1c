//! Saved IRQ flags: `bpf_local_irq_save` and the lock kfuncs that save them.
//!
//! Flags live in one stack slot; sections nest and end in the order in which
//! they began.

use crate::abstract_interp::checks::dynptr::{place, place_new};
use crate::abstract_interp::refusal::{Fault, IrqKind, StackObject, refuse_reg};
use crate::abstract_interp::stack::{Byte, Slot};
use crate::abstract_interp::state::{LockOwner, RefKind, RefState};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};

/// Where saved flags lie: frame and slot.
pub type At = (usize, usize);

/// A slot that may take flags.
pub fn check_uninit(vm: &Vm, r: u8) -> Check<At> {
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
pub fn check_restore(vm: &Vm, r: u8, lock: bool) -> Check<At> {
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

/// Opens a section.
pub fn save(vm: &mut Vm, (frame, at): At, lock: bool) {
    let id = vm.new_id();
    let insn = vm.insn as u32;
    vm.cur.refs.push(RefState {
        kind: RefKind::Irq,
        id,
        insn,
        owner: LockOwner::None,
    });
    vm.cur.active_irq_id = id;
    let spill = Reg {
        ref_id: id,
        ..Reg::pointer(Kind::IrqSlot { lock }, Flags::NONE)
    };
    *vm.cur.frame_at_mut(frame).stack_mut().slot_mut(at) = Slot {
        kinds: [Byte::Irq; 8],
        spill,
    };
    vm.mark_stack_write(frame, 1 << at);
}

/// Closes the innermost section.
pub fn restore(vm: &mut Vm, (frame, at): At) {
    vm.mark_stack_read(frame, 1 << at);
    let id = vm.cur.active_irq_id;
    vm.cur
        .refs
        .retain(|r| !(r.kind == RefKind::Irq && r.id == id));
    vm.cur.active_irq_id = vm
        .cur
        .refs
        .iter()
        .rev()
        .find(|r| r.kind == RefKind::Irq)
        .map_or(0, |r| r.id);
    *vm.cur.frame_at_mut(frame).stack_mut().slot_mut(at) = Slot::EMPTY;
    vm.mark_stack_write(frame, 1 << at);
}
