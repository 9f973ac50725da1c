//! Making and unmaking dynptrs.

use super::refs;
use crate::abstract_interp::checks::dynptr::{Dynptr, is_referenced};
use crate::abstract_interp::stack::{Byte, Slot};
use crate::abstract_interp::value::{DynptrType, Flags, Kind, RefId, Reg};
use crate::abstract_interp::vm::Vm;
use crate::prelude::*;

/// Makes a dynptr in two slots, `at` being the one at the lower address. A
/// kind that holds a reference takes `share` (a clone's), or acquires one.
pub fn make(vm: &mut Vm, frame: usize, at: usize, ty: DynptrType, share: RefId) {
    super::stack::make_room(vm, frame, at, 2);
    let id = vm.new_id();
    let ref_id = match is_referenced(ty) {
        false => RefId::NONE,
        true if share.is_none() => refs::acquire(vm),
        true => share,
    };
    for (slot, first) in [(at, true), (at - 1, false)] {
        let kind = Kind::DynptrSlot { ty, first };
        let spill = Reg {
            id,
            ref_id,
            ..Reg::pointer(kind, Flags::NONE)
        };
        *vm.cur.frame_at_mut(frame).stack_mut().slot_mut(slot) = Slot {
            kinds: [Byte::Dynptr; 8],
            spill,
        };
    }
    vm.mark_stack_write(frame, 1 << at | 1 << (at - 1));
}

/// Marks a dynptr's slots as read.
pub fn read(vm: &mut Vm, d: &Dynptr) {
    if let Some((frame, at)) = d.slot {
        vm.mark_stack_read(frame, 1 << at | 1 << (at - 1));
    }
}

/// Unmakes a dynptr, with its clones if it holds a reference. Its slices become
/// stale with that reference.
pub fn unmake(vm: &mut Vm, d: &Dynptr) {
    let Some((frame, at)) = d.slot else { return };
    if d.ref_id.is_none() {
        super::stack::clear_dynptr(vm, frame, at);
        return;
    }
    refs::release(&mut vm.cur, d.ref_id);
    let clones: Vec<usize> = vm.cur.frames[frame]
        .stack
        .slots()
        .enumerate()
        .filter(|(_, s)| {
            s.kinds[0] == Byte::Dynptr
                && s.spill.ref_id == d.ref_id
                && matches!(s.spill.kind, Kind::DynptrSlot { first: true, .. })
        })
        .map(|(i, _)| i)
        .collect();
    for at in clones {
        super::stack::clear_dynptr(vm, frame, at);
    }
}
