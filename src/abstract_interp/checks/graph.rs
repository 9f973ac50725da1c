//! Linked lists and red-black trees of allocated objects.
//!
//! A collection (head or root) says by its `contains:` tag which struct it
//! holds and which member is the node. It is used only while the lock of the
//! same map value or object is held.

use super::btf_ptr::btf_of;
use super::struct_match;
use crate::abstract_interp::btf_record::{self, Field, FieldKind};
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::state::{LockOwner, RefKind};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};

fn const_off(reg: &Reg, r: u8, field: FieldKind) -> Check<u32> {
    match reg.bounds.is_const() {
        Some(v) => Ok((i64::from(reg.off).wrapping_add(v as i64)) as u32),
        None => refuse_reg(r, Fault::FieldOffset { field }),
    }
}

fn is_owned(reg: &Reg) -> bool {
    matches!(reg.kind, Kind::Btf { .. }) && reg.flags == Flags::ALLOC
}

/// A pointer to a collection of kind `kind`.
pub fn root(vm: &Vm, r: u8, kind: FieldKind) -> Check<Field> {
    let reg = vm.reg(r);
    let in_map = matches!(reg.kind, Kind::MapValue { .. }) && reg.flags == Flags::NONE;
    if !in_map && !is_owned(reg) {
        return refuse_reg(r, Fault::CollectionExpected);
    }
    if !in_map && reg.ref_id == 0 {
        return refuse_reg(r, Fault::ObjectUnreferenced);
    }
    let off = const_off(reg, r, kind)?;
    let record = btf_record::of_reg(&vm.env, reg);
    let Some(field) = record.at(off).filter(|f| f.kind == kind) else {
        let (field, off) = (kind, off.into());
        return refuse_reg(r, Fault::FieldNotFound { field, off });
    };
    locked_here(vm, reg, r, off, kind)?;
    Ok(field.clone())
}

/// The lock of the allocation that `reg` points into is held.
fn locked_here(vm: &Vm, reg: &Reg, r: u8, off: u32, kind: FieldKind) -> Check<()> {
    let owner = match reg.kind {
        Kind::MapValue { map, .. } => LockOwner::Map(map),
        _ => LockOwner::Btf,
    };
    let held = vm.cur.refs.iter().any(|l| {
        matches!(
            l.kind,
            RefKind::Lock | RefKind::ResLock | RefKind::ResLockIrq
        ) && l.id == reg.id
            && l.owner == owner
    });
    if held {
        return Ok(());
    }
    let (field, off) = (kind, off.into());
    if vm.cur.active_locks > 0 {
        return refuse_reg(r, Fault::LockOfOther { field, off });
    }
    refuse_reg(r, Fault::LockMissing { field, off })
}

/// A pointer to the node of an object that the collection `root` may hold.
pub fn node(vm: &Vm, r: u8, root: &Field) -> Check<()> {
    let reg = vm.reg(r);
    let kind = if root.kind == FieldKind::RbRoot {
        FieldKind::RbNode
    } else {
        FieldKind::ListNode
    };
    let off = const_off(reg, r, kind)?;
    if !btf_record::of_reg(&vm.env, reg)
        .at(off)
        .is_some_and(|f| f.kind == kind)
    {
        let (field, off) = (kind, off.into());
        return refuse_reg(r, Fault::FieldNotFound { field, off });
    }
    let Some((want, node_off)) = root.contains else {
        return refuse(Fault::CollectionUntyped);
    };
    let Kind::Btf { btf, id } = reg.kind else {
        return refuse(Fault::NodeOfNoObject);
    };
    let name = |id| {
        btf_of(vm, BtfSrc::Program)
            .map_or("", |b| b.name(id))
            .into()
    };
    if !struct_match::matches(vm, (btf, id), 0, (BtfSrc::Program, want), true) {
        let fault = Fault::NodeOfOther {
            root: root.kind,
            node: kind,
            want: name(want),
            expected: node_off.into(),
            have: name(id),
            off: off.into(),
        };
        return refuse_reg(r, fault);
    }
    if off != node_off {
        let fault = Fault::NodeElsewhere {
            node: kind,
            want: name(want),
            expected: node_off.into(),
            off: off.into(),
        };
        return refuse_reg(r, fault);
    }
    Ok(())
}

/// The pointer that a collection gives out: to the node in the object.
pub fn node_pointer(root: &Field) -> Reg {
    let (id, off) = root.contains.unwrap_or((0, 0));
    let kind = Kind::Btf {
        btf: BtfSrc::Program,
        id,
    };
    Reg {
        off: off as i32,
        ..Reg::pointer(kind, Flags::ALLOC)
    }
}

/// Makes `reg` one that the collection owns.
pub fn set_non_owning(vm: &Vm, reg: &mut Reg) {
    reg.flags = reg.flags.with(Flags::NON_OWN_REF);
    if btf_record::of_reg(&vm.env, reg).has(FieldKind::Refcount) {
        reg.flags = reg.flags.with(Flags::RCU);
    }
}
