//! Acquired references: what a program took and must give back.
//!
//! A reference is a number that stands for an object obtained from a helper or
//! kfunc (`State::refs`); every register and spilled register that points to
//! the object carries it in `Reg::ref_id`. Giving it back makes all of them
//! stale. At the program's end none may be left (`checks::leaks`).

use crate::abstract_interp::state::{LockOwner, RefKind, RefState, State};
use crate::abstract_interp::value::{Flags, Kind, RefId};
use crate::abstract_interp::vm::Vm;

/// Acquires a new reference at the current instruction; gives its id.
pub fn acquire(vm: &mut Vm<'_>) -> RefId {
    let id = RefId::new(vm.new_id());
    let insn = vm.insn as u32;
    vm.cur.refs.push(RefState {
        kind: RefKind::Object,
        id,
        insn,
        owner: LockOwner::None,
    });
    id
}

/// Forgets reference `id` without touching the registers that carry it. Gives
/// whether it was held.
pub fn forget(state: &mut State, id: RefId) -> bool {
    let held = state
        .refs
        .iter()
        .position(|r| r.kind == RefKind::Object && r.id == id);
    if let Some(at) = held {
        state.refs.remove(at);
    }
    held.is_some()
}

/// Gives reference `id` back: every pointer to its object becomes stale.
/// Gives whether it was held.
pub fn release(state: &mut State, id: RefId) -> bool {
    let held = forget(state, id);
    if held {
        state.invalidate(|r| r.ref_id == id);
    }
    held
}

/// Pointers into a packet, and slices of dynptrs over one, are stale: the
/// packet's data may have moved.
pub fn invalidate_packet(state: &mut State) {
    state.invalidate(|r| {
        matches!(r.kind, Kind::Packet | Kind::PacketMeta | Kind::PacketEnd)
            || matches!(r.kind, Kind::Mem { .. }) && r.flags.has(Flags::DYNPTR_SLICE)
    });
}

/// Pointers that a collection owns are stale once its lock is let go.
pub fn invalidate_non_owning(state: &mut State) {
    state.invalidate(|r| r.flags.has(Flags::NON_OWN_REF));
}
