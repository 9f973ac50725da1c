//! Calls between a program's own functions: who may be called where, and what a function
//! may return to its caller.
//!
//! A static function sees its caller's state, so only the number of frames bounds it. A
//! global one was verified for any state: what the caller holds must suit all it may do.

use crate::abstract_interp::refusal::{Fault, GlobalCall, refuse};
use crate::abstract_interp::state::State;
use crate::abstract_interp::value::{Flags, Kind, MapRef, Reg};
use crate::abstract_interp::vm::{Check, Halt, Vm};
use crate::cfg::Subprog as Layout;
use crate::helpers_spec::MapType;
use crate::programs::program::Subprog;

/// The function that a call names.
pub fn named<'a>(vm: &Vm<'a>, subprog: usize) -> Check<&'a Subprog> {
    match vm.env.program.subprogs.get(subprog) {
        Some(callee) => Ok(callee),
        None => refuse(Fault::CallNowhere),
    }
}

/// The number of the new frame above those of `state`.
pub fn depth(vm: &Vm<'_>, state: &State) -> Check<u8> {
    let depth = state.frames.len();
    if depth >= vm.env.target.limits().frames() as usize {
        let frames = depth as u64 + 1;
        return refuse(Fault::FramesTooDeep { frames });
    }
    Ok(depth as u8)
}

/// A global function may be called with what is held here; `does`: what it may do.
pub fn global(vm: &Vm<'_>, does: &Layout) -> Check<()> {
    let (behaviour, state) = (vm.env.target.behaviour(), &vm.cur);
    if state.active_locks > 0 {
        return refuse(Fault::GlobalUnderLock);
    }
    if behaviour.preempt_bars_globals() && state.active_preempt > 0 {
        return refuse(Fault::GlobalInPreempt);
    }
    if !does.might_sleep {
        return Ok(());
    }
    if behaviour.context_protects_rcu()
        && let Some(section) = vm.non_sleepable_context()
    {
        return refuse(Fault::GlobalSleeps { section });
    }
    let atomic = state.active_rcu > 0 || state.active_preempt > 0 || state.active_irq_id.is_some();
    if behaviour.globals_may_sleep_checked() && (atomic || !state.in_sleepable) {
        return refuse(Fault::GlobalMightSleep);
    }
    Ok(())
}

/// The refusal of a global function's argument says of which call it is.
pub fn of_call(vm: &Vm<'_>, subprog: usize, halt: Halt) -> Halt {
    let Halt::Refusal(mut refusal) = halt else {
        return halt;
    };
    let callee = vm.env.program.subprogs.get(subprog);
    refusal.call = Some(GlobalCall {
        subprog: subprog as u32,
        name: callee.map_or("", |s| &*s.name).into(),
    });
    Halt::Refusal(refusal)
}

/// `exit` in a function that was called: locks are its own business, or not.
pub fn locks_left(vm: &Vm<'_>) -> Check<()> {
    match vm.cur.active_locks > 0 && !vm.env.target.behaviour().locks_across_functions() {
        true => refuse(Fault::UnlockMissing),
        false => Ok(()),
    }
}

/// What a function returns outlives its frame.
pub fn returned(r0: &Reg) -> Check<()> {
    match r0.kind {
        Kind::Stack { .. } if r0.flags == Flags::NONE => refuse(Fault::StackPointerReturned),
        _ => Ok(()),
    }
}

/// `bpf_for_each_map_elem`: a map that can be walked, the same one on all paths.
pub fn walks_map(vm: &Vm<'_>, map: MapRef) -> Check<()> {
    let ty = vm.env.map(map).and_then(|m| MapType::from_id(m.map_type));
    let walkable = matches!(
        ty,
        Some(
            MapType::Array
                | MapType::PercpuArray
                | MapType::Hash
                | MapType::LruHash
                | MapType::PercpuHash
                | MapType::LruPercpuHash
        )
    );
    if !walkable {
        return refuse(Fault::CallbackOfMap);
    }
    match vm.aux[vm.insn].map_poisoned && !vm.env.target.behaviour().callbacks_of_many_maps() {
        true => refuse(Fault::CallbackOfMaps),
        false => Ok(()),
    }
}
