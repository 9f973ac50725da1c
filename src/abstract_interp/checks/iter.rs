//! Iterators on the stack: slots that may take one, and slots that hold one.
//!
//! An iterator fills its type's slots whole, has its reference in the first and, if
//! RCU protects its elements, ends with the section that it was made in.

use super::dynptr::{place, place_new};
use crate::abstract_interp::refusal::{Fault, StackObject, refuse_reg};
use crate::abstract_interp::stack::Byte;
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, RefId};
use crate::abstract_interp::vm::{Check, Vm};

/// The type of an iterator.
#[derive(Clone, Copy, Debug)]
pub struct IterType {
    /// Its struct in the kernel's BTF.
    pub id: u32,
    /// How many slots it takes.
    pub slots: usize,
    /// Its elements are protected by RCU.
    pub rcu: bool,
}

/// Where an iterator lies: frame, and its slot at the lowest address.
pub type At = (usize, usize);

/// Slots that a new iterator may take.
pub fn uninit(vm: &Vm, r: u8, ty: IterType, name: &str) -> Check<At> {
    let (frame, at) = place_new(vm, r, StackObject::Iter, ty.slots)?;
    let stack = &vm.cur.frames[frame].stack;
    for i in 0..ty.slots {
        if stack
            .get(at - i)
            .is_some_and(|s| s.kinds.contains(&Byte::Iter))
        {
            return refuse_reg(r, Fault::IterTaken { name: name.into() });
        }
    }
    Ok((frame, at))
}

/// An initialised iterator of the wanted type; also gives its reference.
pub fn init(vm: &Vm, r: u8, ty: IterType, name: &str) -> Check<(At, RefId)> {
    let (frame, at) = place(vm, r, StackObject::Iter, ty.slots)?;
    let stack = &vm.cur.frames[frame].stack;
    let mut ref_id = RefId::NONE;
    for i in 0..ty.slots {
        let slot = stack.get(at - i);
        if let Some(s) = slot
            && s.kinds.contains(&Byte::Iter)
            && s.spill.flags.has(Flags::UNTRUSTED)
        {
            return refuse_reg(r, Fault::IterWithoutRcu { name: name.into() });
        }
        let fits = slot.is_some_and(|s| {
            matches!(s.spill.kind, Kind::IterSlot { btf: BtfSrc::Kernel, id, .. } if id == ty.id)
                && s.kinds.iter().all(|b| *b == Byte::Iter)
                && s.spill.ref_id.is_some() == (i == 0)
        });
        if !fits {
            return refuse_reg(r, Fault::IterUninit { name: name.into() });
        }
        if i == 0 {
            ref_id = slot.map_or(RefId::NONE, |s| s.spill.ref_id);
        }
    }
    Ok(((frame, at), ref_id))
}
