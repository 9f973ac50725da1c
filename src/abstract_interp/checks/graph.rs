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
    if !in_map && reg.ref_id.is_none() {
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
        ) && l.id.number() == reg.id
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

/// Where in which type of object a node lies.
#[derive(Clone, Copy)]
struct NodePlace {
    btf: BtfSrc,
    id: u32,
    off: u32,
}

/// The kind of node that a collection links.
const fn node_kind(root: FieldKind) -> FieldKind {
    match root {
        FieldKind::RbRoot => FieldKind::RbNode,
        _ => FieldKind::ListNode,
    }
}

/// The node of kind `kind` that register `r` points to.
fn node_at(vm: &Vm, r: u8, kind: FieldKind) -> Check<u32> {
    let reg = vm.reg(r);
    let off = const_off(reg, r, kind)?;
    let record = btf_record::of_reg(&vm.env, reg);
    match record.at(off) {
        Some(found) if found.kind == kind => Ok(off),
        _ => refuse_reg(
            r,
            Fault::FieldNotFound {
                field: kind,
                off: off.into(),
            },
        ),
    }
}

/// A pointer to the node of an object that the collection `root` may hold: what the
/// pointer has and what the collection's tag names are two places, which must be one.
pub fn node(vm: &Vm, r: u8, root: &Field) -> Check<()> {
    let kind = node_kind(root.kind);
    let off = node_at(vm, r, kind)?;
    let Some((id, expected)) = root.contains else {
        return refuse(Fault::CollectionUntyped);
    };
    let Kind::Btf { btf, id: own } = vm.reg(r).kind else {
        return refuse(Fault::NodeOfNoObject);
    };
    let have = NodePlace { btf, id: own, off };
    let want = NodePlace {
        btf: BtfSrc::Program,
        id,
        off: expected,
    };
    apart(vm, have, want, root.kind, kind).map_or(Ok(()), |fault| refuse_reg(r, fault))
}

/// What tells two places of a node apart.
fn apart(
    vm: &Vm,
    have: NodePlace,
    want: NodePlace,
    root: FieldKind,
    node: FieldKind,
) -> Option<Fault> {
    let program = btf_of(vm, BtfSrc::Program);
    let name = |id| program.map_or("", |b| b.name(id)).into();
    let same_type = struct_match::matches(vm, (have.btf, have.id), 0, (want.btf, want.id), true);
    match (same_type, have.off == want.off) {
        (true, true) => None,
        (true, false) => Some(Fault::NodeElsewhere {
            node,
            want: name(want.id),
            expected: want.off.into(),
            off: have.off.into(),
        }),
        (false, _) => Some(Fault::NodeOfOther {
            root,
            node,
            want: name(want.id),
            expected: want.off.into(),
            have: name(have.id),
            off: have.off.into(),
        }),
    }
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
