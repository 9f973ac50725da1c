//! Dynptrs: fat pointers that only helpers and kfuncs look into.
//!
//! A dynptr takes two stack slots. `Kind::DynptrSlot` stands in both; the slot
//! at the lower address is the first. A dynptr is identified by an id (slices
//! carry it) and, over a ring buffer or a file, by the reference it holds;
//! clones share the reference.

use crate::abstract_interp::checks::access::Dir;
use crate::abstract_interp::refusal::{Fault, StackObject, refuse, refuse_reg};
use crate::abstract_interp::stack::{Byte, MAX_STACK, SLOT};
use crate::abstract_interp::value::{DynptrType, Kind, RefId};
use crate::abstract_interp::vm::{Check, Vm};

/// An initialised dynptr.
#[derive(Clone, Copy, Debug)]
pub struct Dynptr {
    /// Its kind.
    pub ty: DynptrType,
    /// Its id.
    pub id: u32,
    /// The reference it holds, or 0.
    pub ref_id: RefId,
    /// Where it lies: frame and the slot at the lower address; none when it is
    /// an argument.
    pub slot: Option<(usize, usize)>,
}

/// Where an object of `slots` slots on the stack is said to lie: frame, and its
/// slot at the lowest address. Nothing may be there yet. Offset 0 stands for the
/// slot below it, as if one had said -8.
pub fn place(vm: &Vm, r: u8, object: StackObject, slots: usize) -> Check<(usize, usize)> {
    let reg = vm.reg(r);
    let Kind::Stack { frame } = reg.kind else {
        return refuse_reg(r, Fault::ObjectNotOnStack { object });
    };
    let Some(var) = reg.bounds.is_const() else {
        return refuse_reg(r, Fault::ObjectVariable { object });
    };
    let off = i64::from(reg.off).wrapping_add(var as i64);
    let beyond = i64::from(MAX_STACK) / i64::from(SLOT);
    let at = match off {
        _ if off > 0 || off % i64::from(SLOT) != 0 => None,
        0 => Some(0),
        _ => usize::try_from((off / -i64::from(SLOT)).min(beyond + 1) - 1).ok(),
    };
    match at {
        Some(at) if at + 1 >= slots => Ok((frame as usize, at)),
        _ => refuse_reg(r, Fault::ObjectOffset { object, off }),
    }
}

/// The same for an object to be made: all its bytes are inside the stack.
pub fn place_new(vm: &Vm, r: u8, object: StackObject, slots: usize) -> Check<(usize, usize)> {
    let (frame, at) = place(vm, r, object, slots)?;
    let reg = vm.reg(r);
    let off = i64::from(reg.off).wrapping_add(reg.bounds.smin);
    if off == 0 || off < -i64::from(MAX_STACK) {
        let (dir, size) = (Dir::Write, u64::from(SLOT));
        return refuse_reg(r, Fault::StackOutside { dir, off, size });
    }
    if vm.env.target.behaviour().dynptr_slots_guarded() {
        for slot in (0..slots).map_while(|n| at.checked_sub(n)) {
            may_overwrite(vm, frame, slot)?;
        }
    }
    Ok((frame, at))
}

/// An initialised dynptr in register `r`, if it is one.
pub fn look(vm: &Vm, r: u8) -> Check<Option<Dynptr>> {
    let reg = vm.reg(r);
    if let Kind::ConstDynptr { ty } = reg.kind {
        return Ok(Some(Dynptr {
            ty,
            id: reg.id,
            ref_id: reg.ref_id,
            slot: None,
        }));
    }
    let (frame, at) = place(vm, r, StackObject::Dynptr, 2)?;
    let stack = &vm.cur.frames[frame].stack;
    let (Some(first), Some(second)) = (stack.get(at), stack.get(at - 1)) else {
        return Ok(None);
    };
    let whole =
        |s: &crate::abstract_interp::stack::Slot| s.kinds.iter().all(|b| *b == Byte::Dynptr);
    Ok(match first.spill.kind {
        Kind::DynptrSlot { ty, first: true } if whole(first) && whole(second) => Some(Dynptr {
            ty,
            id: first.spill.id,
            ref_id: first.spill.ref_id,
            slot: Some((frame, at)),
        }),
        _ => None,
    })
}

fn pointer_to_dynptr(vm: &Vm, r: u8) -> Check<()> {
    if matches!(
        vm.reg(r).kind,
        Kind::Stack { .. } | Kind::ConstDynptr { .. }
    ) && !vm.reg(r).maybe_null()
    {
        return Ok(());
    }
    refuse_reg(r, Fault::DynptrExpected)
}

/// An initialised dynptr is wanted. `mutates`: the callee changes the dynptr
/// itself, so an argument (const) dynptr will not do.
pub fn check_init(vm: &Vm, r: u8, want: Option<DynptrType>, mutates: bool) -> Check<Dynptr> {
    pointer_to_dynptr(vm, r)?;
    let behaviour = vm.env.target.behaviour();
    let mutates =
        mutates && behaviour.const_dynptrs_passed_whole() && !behaviour.const_dynptrs_usable();
    if mutates && matches!(vm.reg(r).kind, Kind::ConstDynptr { .. }) {
        return refuse_reg(r, Fault::DynptrConst);
    }
    let Some(d) = look(vm, r)? else {
        return refuse_reg(r, Fault::DynptrUninit);
    };
    if let Some(want) = want.filter(|w| *w != d.ty) {
        return refuse_reg(r, Fault::DynptrKind { want });
    }
    Ok(d)
}

/// An initialised dynptr that is only read.
pub fn check_readable(vm: &Vm, r: u8) -> Check<Dynptr> {
    check_init(vm, r, None, false)
}

/// Two slots that a new dynptr may take. They may hold anything but a dynptr
/// that holds a reference: since clones count, one that alone holds it.
pub fn check_uninit(vm: &Vm, r: u8) -> Check<(usize, usize)> {
    pointer_to_dynptr(vm, r)?;
    if matches!(vm.reg(r).kind, Kind::ConstDynptr { .. }) {
        return refuse_reg(r, Fault::DynptrTaken);
    }
    let (frame, at) = place_new(vm, r, StackObject::Dynptr, 2)?;
    if !vm.env.target.behaviour().dynptr_slots_guarded() {
        let stack = &vm.cur.frames[frame].stack;
        let taken = |slot: usize| {
            stack
                .get(slot)
                .is_some_and(|s| s.kinds.contains(&Byte::Dynptr))
        };
        if taken(at) || taken(at - 1) {
            return refuse_reg(r, Fault::DynptrTaken);
        }
    }
    Ok((frame, at))
}

/// Whether a slot may be overwritten as far as dynptrs go.
pub fn may_overwrite(vm: &Vm, frame: usize, slot: usize) -> Check<()> {
    let stack = &vm.cur.frames[frame].stack;
    let Some(s) = stack.get(slot).filter(|s| s.kinds[0] == Byte::Dynptr) else {
        return Ok(());
    };
    let Kind::DynptrSlot { ty, .. } = s.spill.kind else {
        return Ok(());
    };
    if !is_referenced(ty) {
        return Ok(());
    }
    if !vm.env.target.behaviour().clones_keep_reference() {
        return refuse(Fault::DynptrOverwritten);
    }
    let holders = stack
        .slots()
        .filter(|o| {
            matches!(o.spill.kind, Kind::DynptrSlot { first: true, .. })
                && o.kinds[0] == Byte::Dynptr
                && o.spill.ref_id == s.spill.ref_id
        })
        .count();
    if holders <= 1 {
        return refuse(Fault::DynptrOverwritten);
    }
    Ok(())
}

/// Whether dynptrs of this kind hold a reference.
pub const fn is_referenced(ty: DynptrType) -> bool {
    matches!(ty, DynptrType::Ringbuf | DynptrType::File)
}
