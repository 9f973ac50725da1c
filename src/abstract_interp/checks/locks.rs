//! Spin locks and the sections in which a program must not stop or sleep.
//!
//! A lock is known by what it lives in (a map, or allocated objects) and by the
//! id of the pointer through which it was taken: two lookups give two ids, and
//! only the pointer that locked may unlock. Plain locks exclude each other;
//! resilient ones (`bpf_res_spin_lock`) nest, last taken first released.

use crate::abstract_interp::btf_record::{self, FieldKind};
use crate::abstract_interp::refusal::{Fault, Lock, Open, Owner, Section, Way, refuse, refuse_reg};
use crate::abstract_interp::state::{LockOwner, RefKind, RefState, State};
use crate::abstract_interp::value::{Kind, RefId, Reg};
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::KfRole;
use crate::programs::insn::{Callee, Op};

/// A lock operation on the lock that a register points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockOp {
    /// Taken or let go.
    pub take: bool,
    /// `Lock`, `ResLock` or `ResLockIrq`.
    pub kind: RefKind,
}

/// An allowed lock operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockFact {
    /// What is done.
    pub op: LockOp,
    /// The id of the pointer.
    pub id: RefId,
    /// Where the lock lives.
    pub owner: LockOwner,
}

/// Checks a lock operation through register `r`.
pub fn check(vm: &Vm<'_>, r: u8, op: LockOp) -> Check<LockFact> {
    let resilient = op.kind != RefKind::Lock;
    let lock = if resilient {
        Lock::Resilient
    } else {
        Lock::Plain
    };
    let reg = vm.reg(r);
    let owner = lock_place(vm, r, reg, resilient)?;
    let id = RefId::new(reg.id);
    let fact = LockFact { op, id, owner };
    let state = &vm.cur;
    if op.take {
        let twice = |l: &RefState| is_lock(l.kind) && l.id == id && l.owner == owner;
        if !resilient && state.refs.iter().any(|l| l.kind == RefKind::Lock) {
            return refuse(Fault::LockedTwo);
        }
        if resilient
            && state
                .refs
                .iter()
                .any(|l| l.kind != RefKind::Lock && twice(l))
        {
            return refuse(Fault::LockedAgain);
        }
        return Ok(fact);
    }
    if state.active_locks == 0 {
        return refuse(Fault::UnlockedFree { lock });
    }
    if !state
        .refs
        .iter()
        .any(|l| l.kind == op.kind && l.id == id && l.owner == owner)
    {
        return refuse(Fault::UnlockedOther { lock });
    }
    if state.active_lock_id != id || state.active_lock_owner != owner {
        return refuse(Fault::UnlockedOrder { lock });
    }
    Ok(fact)
}

/// The lock that `reg` points to: it must be exactly at its place.
fn lock_place(vm: &Vm<'_>, r: u8, reg: &Reg, resilient: bool) -> Check<LockOwner> {
    let kind = if resilient {
        FieldKind::ResSpinLock
    } else {
        FieldKind::SpinLock
    };
    let Some(var) = reg.bounds.is_const() else {
        return refuse_reg(r, Fault::FieldOffset { field: kind });
    };
    let (owner, holder) = match reg.kind {
        Kind::MapValue { map, .. } => {
            let name = vm.env.map(map).map_or("", |m| &*m.name);
            if !vm.env.map_has_btf(map) {
                let (field, map) = (kind, name.into());
                return refuse_reg(r, Fault::FieldUntypedMap { field, map });
            }
            (LockOwner::Map(map), Some(name))
        }
        _ => (LockOwner::Btf, None),
    };
    let Some(field) = btf_record::of_reg(&vm.env, reg).only(kind) else {
        let owner = holder.map_or(Owner::Object, |name| Owner::Map(name.into()));
        return refuse_reg(r, Fault::FieldAbsent { field: kind, owner });
    };
    let at = (var as i64).wrapping_add(i64::from(reg.off));
    if at != i64::from(field.off) {
        let fault = Fault::FieldElsewhere {
            field: kind,
            off: at,
            expected: field.off.into(),
        };
        return refuse_reg(r, fault);
    }
    Ok(owner)
}

/// Whether a kind of reference is a lock.
pub fn is_lock(kind: RefKind) -> bool {
    matches!(kind, RefKind::Lock | RefKind::ResLock | RefKind::ResLockIrq)
}

/// Whether the lock of a collection may be the one held for a callback that
/// compares its nodes (`bpf_rbtree_add`).
pub fn in_node_callback(vm: &Vm<'_>) -> bool {
    let frame = vm.cur.frame();
    if !frame.in_callback {
        return false;
    }
    match vm.env.ops.get(frame.callsite as usize) {
        Some(Op::Call(Callee::Kfunc { imm, .. })) => usize::try_from(*imm)
            .ok()
            .and_then(|at| vm.env.kfuncs.get(at)?.get())
            .is_some_and(|k| k.role() == KfRole::TreeInsert),
        _ => false,
    }
}

/// While a lock is held only `allowed` calls may be made.
pub fn check_call(vm: &Vm<'_>, allowed: bool) -> Check<()> {
    if vm.cur.active_locks > 0 && !allowed {
        return refuse(Fault::CallUnderLock);
    }
    Ok(())
}

/// No IRQ, RCU or preempt section may be open where `what` may end the program.
pub fn check_sections_left(state: &State, way: Way) -> Check<()> {
    let open = if state.active_irq_id.is_some() {
        Section::Irq
    } else if state.active_rcu > 0 {
        Section::Rcu
    } else if state.active_preempt > 0 {
        Section::Preempt
    } else {
        return Ok(());
    };
    let open = Open(open);
    refuse(Fault::SectionOpen { open, way })
}
