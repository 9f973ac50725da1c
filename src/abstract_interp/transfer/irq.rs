//! Saved IRQ flags: `bpf_local_irq_save` and the lock kfuncs that save them.
//!
//! Flags live in one stack slot; sections nest and end in the order in which
//! they began.

use crate::abstract_interp::checks::irq::At;
use crate::abstract_interp::stack::{Byte, Slot};
use crate::abstract_interp::state::{LockOwner, RefKind, RefState};
use crate::abstract_interp::value::{Flags, Kind, RefId, Reg};
use crate::abstract_interp::vm::Vm;

/// Opens a section.
pub fn save(vm: &mut Vm, (frame, at): At, lock: bool) {
    super::stack::make_room(vm, frame, at, 1);
    let id = RefId::new(vm.new_id());
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
        .map_or(RefId::NONE, |r| r.id);
    *vm.cur.frame_at_mut(frame).stack_mut().slot_mut(at) = Slot::EMPTY;
    vm.mark_stack_write(frame, 1 << at);
}
