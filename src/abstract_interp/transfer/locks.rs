//! Taking and leaving locks, as `checks::locks` allowed it.
//!
//! Locks nest: the one that was taken last is the one that protects collections.

use super::refs;
use crate::abstract_interp::checks::locks::{LockFact, is_lock};
use crate::abstract_interp::state::{LockOwner, RefState};
use crate::abstract_interp::value::RefId;
use crate::abstract_interp::vm::Vm;

/// Carries an allowed lock operation out.
pub fn apply(vm: &mut Vm<'_>, fact: LockFact) {
    let LockFact { op, id, owner } = fact;
    if op.take {
        let insn = vm.insn as u32;
        vm.cur.refs.push(RefState {
            kind: op.kind,
            id,
            insn,
            owner,
        });
        vm.cur.active_locks += 1;
        vm.cur.active_lock_id = id;
        vm.cur.active_lock_owner = owner;
        return;
    }
    let state = &mut vm.cur;
    let held = |l: &RefState| l.kind == op.kind && l.id == id && l.owner == owner;
    if let Some(at) = state.refs.iter().position(held) {
        // The innermost lock is now the one taken before this one.
        let outer = state.refs[..at]
            .iter()
            .rev()
            .find(|l| is_lock(l.kind))
            .copied();
        state.refs.remove(at);
        state.active_locks -= 1;
        state.active_lock_id = outer.map_or(RefId::NONE, |l| l.id);
        state.active_lock_owner = outer.map_or(LockOwner::None, |l| l.owner);
    }
    refs::invalidate_non_owning(state);
}
