//! Open-coded iterators: `bpf_iter_*_new`, `_next`, `_destroy`.
//!
//! An iterator is an object of some slots on the stack, with a reference of its
//! own. `_next` gives an element, or null for ever after: the path is forked,
//! the loop body is walked later (from a state in which what no proof relied on
//! is forgotten, so that the loop converges), the end of the loop now.

use super::refs;
use crate::abstract_interp::checks::iter::{At, IterType};
use crate::abstract_interp::explore::widen;
use crate::abstract_interp::stack::{Byte, Slot};
use crate::abstract_interp::value::{BtfSrc, Flags, IterState, Kind, RefId, Reg};
use crate::abstract_interp::vm::{Check, Vm};

/// Makes an iterator.
pub fn make(vm: &mut Vm, (frame, at): At, ty: IterType) {
    super::stack::make_room(vm, frame, at, ty.slots);
    let ref_id = refs::acquire(vm);
    let flags = match (ty.rcu, vm.in_rcu_section()) {
        (false, _) => Flags::NONE,
        (true, true) => Flags::RCU,
        (true, false) => Flags::UNTRUSTED,
    };
    for i in 0..ty.slots {
        let kind = Kind::IterSlot {
            btf: BtfSrc::Kernel,
            id: ty.id,
            state: IterState::Active,
            depth: 0,
        };
        let spill = Reg {
            ref_id: if i == 0 { ref_id } else { RefId::NONE },
            ..Reg::pointer(kind, flags)
        };
        *vm.cur.frame_at_mut(frame).stack_mut().slot_mut(at - i) = Slot {
            kinds: [Byte::Iter; 8],
            spill,
        };
        vm.mark_stack_write(frame, 1 << (at - i));
    }
}

/// Marks an iterator's slots as read.
pub fn read(vm: &mut Vm, (frame, at): At, slots: usize) {
    for i in 0..slots {
        vm.mark_stack_read(frame, 1 << (at - i));
    }
}

/// Destroys an iterator.
pub fn destroy(vm: &mut Vm, (frame, at): At, slots: usize, ref_id: RefId) {
    refs::release(&mut vm.cur, ref_id);
    for i in 0..slots {
        *vm.cur.frame_at_mut(frame).stack_mut().slot_mut(at - i) = Slot::EMPTY;
        vm.mark_stack_write(frame, 1 << (at - i));
    }
}

/// Forks at `_next`, once r0 is set for an element: the body later, the end now.
pub fn next(vm: &mut Vm, (frame, at): At) -> Check<()> {
    let kind = vm.cur.frames[frame].stack.get(at).map(|s| s.spill.kind);
    let Some(Kind::IterSlot {
        btf,
        id,
        state,
        depth,
    }) = kind
    else {
        return Ok(());
    };
    if state == IterState::Active {
        let insn = vm.insn;
        let earlier = vm.earlier_visit(insn);
        let grouped = vm.ids_for_widening();
        let mut body = vm.cur.clone();
        body.frame_at_mut(frame).stack_mut().slot_mut(at).spill.kind = Kind::IterSlot {
            btf,
            id,
            state,
            depth: depth + 1,
        };
        if let Some(old) = earlier {
            widen(&old, &mut body, grouped);
        }
        let mut r0 = *body.reg(0);
        vm.env.known_not_null(&mut r0);
        body.set_reg(0, r0);
        *vm.push_branch(insn + 1)? = body;
    }
    vm.cur
        .frame_at_mut(frame)
        .stack_mut()
        .slot_mut(at)
        .spill
        .kind = Kind::IterSlot {
        btf,
        id,
        state: IterState::Drained,
        depth,
    };
    vm.cur.set_reg(0, Reg::constant(0));
    Ok(())
}
