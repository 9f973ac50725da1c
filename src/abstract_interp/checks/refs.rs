//! Acquired references: what a program took and must give back.
//!
//! A reference is a number that stands for an object obtained from a helper or
//! kfunc (`State::refs`); every register and spilled register that points to
//! the object carries it in `Reg::ref_id`. Giving it back makes all of them
//! stale. At the program's end none may be left.

use super::locks;
use crate::abstract_interp::refusal::{Fault, Open, Section, Way, refuse};
use crate::abstract_interp::state::{LockOwner, RefKind, RefState, State};
use crate::abstract_interp::value::{Flags, Kind};
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::ProgType;

/// Acquires a new reference at the current instruction; gives its id.
pub fn acquire(vm: &mut Vm<'_>) -> u32 {
    let id = vm.new_id();
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
pub fn forget(state: &mut State, id: u32) -> bool {
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
pub fn release(state: &mut State, id: u32) -> bool {
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

/// What is about to happen ends the program (or may): nothing may be held.
///
/// `what` names it in the refusal. `sections`: whether locks, IRQ, RCU and
/// preempt sections must be left too. `exception`: the program is unwound from
/// whatever frame it is in.
pub fn check_leak(vm: &Vm<'_>, exception: bool, sections: bool, way: Way) -> Check<()> {
    let state = &vm.cur;
    if sections && state.active_locks > 0 {
        let open = Open(Section::Lock);
        return refuse(Fault::SectionOpen { open, way });
    }
    if exception || state.curframe() == 0 {
        let returned = returned_reference(vm, exception);
        let leaked = |r: &&RefState| r.kind == RefKind::Object && Some(r.id) != returned;
        if let Some(r) = state.refs.iter().find(leaked) {
            return refuse(Fault::ReferenceHeld {
                id: r.id.into(),
                acquired: r.insn.into(),
                way,
            });
        }
    }
    if sections {
        locks::check_sections_left(state, way)?;
    }
    Ok(())
}

/// The reference that a struct_ops program hands to the kernel as its return
/// value.
fn returned_reference(vm: &Vm<'_>, exception: bool) -> Option<u32> {
    let id = vm.reg(0).ref_id;
    (!exception && id != 0 && vm.env.program.prog_type == ProgType::StructOps).then_some(id)
}
