//! Calls of helpers.
//!
//! The order of the steps is the verifier's: the arguments, what the call does
//! to memory and references, what is particular to the helper, the result, and
//! last whether the map was of the right type.

use super::subprog::{self, Callback, Entered};
use super::{dynptr, locks, mem, refs};
use crate::abstract_interp::btf_record;
use crate::abstract_interp::checks::helper_allowed::{self, id};
use crate::abstract_interp::checks::helper_args::{self, DynptrFact, Facts};
use crate::abstract_interp::checks::{
    const_str, helper_ret, leaks, map_args, references, return_value, single_helpers,
};
use crate::abstract_interp::refusal::{Section, Way};
use crate::abstract_interp::value::{DynptrType, Flags, Kind, RefId, Reg};
use crate::abstract_interp::vm::{Check, Next, Vm, unknown};
use crate::helpers_spec::{HelperProto, MapType, Semantics, TypeFlags};

/// Registers that a call leaves unreadable.
pub const CALLER_SAVED: core::ops::RangeInclusive<u8> = 0..=5;

/// A call of helper `helper`.
pub fn helper(vm: &mut Vm<'_>, helper: i32) -> Check<Next> {
    let proto = helper_allowed::check(vm, helper)?;
    let facts = arguments(vm, helper, proto)?;
    release(vm, helper, proto, &facts)?;
    let Particular { changes, entered } = particular(vm, helper, proto, &facts)?;
    vm.flush_precision()?;
    let result = helper_ret::result(vm, helper, proto, &facts)?;
    clobber(vm);
    if let Some(reg) = result {
        give(vm, helper, proto, &facts, reg)?;
    }
    map_args::compatible(vm, helper, proto, &facts)?;
    if helper == id::GET_FUNC_IP {
        single_helpers::func_ip(vm)?;
    }
    if helper == id::TAIL_CALL {
        return tail_call(vm);
    }
    if changes {
        refs::invalidate_packet(&mut vm.cur);
    }
    Ok(match entered {
        Some(callback) => subprog::enter(vm, callback),
        None => Next::Fallthrough,
    })
}

/// Checks the arguments and carries out what they do to memory and locks.
fn arguments(vm: &mut Vm<'_>, helper: i32, proto: &HelperProto) -> Check<Facts> {
    let mut facts = Facts::default();
    for n in 0..proto.args.len() {
        let touched = helper_args::check(vm, helper, proto, n, &mut facts)?;
        vm.flush_precision()?;
        mem::touch(vm, touched);
        match facts.dynptr {
            Some(DynptrFact::Make { frame, at, ty }) if facts.dynptr_arg == Some(n) => {
                dynptr::make(vm, frame, at, ty, RefId::NONE);
            }
            Some(DynptrFact::Read(d)) if facts.dynptr_arg == Some(n) => dynptr::read(vm, &d),
            _ => {}
        }
        if let Some((frame, slot)) = facts.key_slot.take() {
            vm.mark_slot_precise(frame, slot);
        }
    }
    if let Some(lock) = facts.lock {
        locks::apply(vm, lock);
        if !lock.op.take {
            super::sections::left(vm, Section::Lock);
        }
    }
    map_args::recorded(vm, helper, &facts)?;
    record_map(vm, helper, &facts)?;
    if let Some(raw) = facts.raw {
        mem::clobber_stack_region(vm, raw)?;
    }
    Ok(facts)
}

/// Remembers the map (and a tail call's index) for later passes.
fn record_map(vm: &mut Vm<'_>, helper: i32, facts: &Facts) -> Check<()> {
    let Some((map, _)) = facts.map else {
        return Ok(());
    };
    let aux = &mut vm.aux[vm.insn];
    match aux.map {
        Some(before) if before != map => aux.map_poisoned = true,
        _ => aux.map = Some(map),
    }
    if helper != id::TAIL_CALL {
        return Ok(());
    }
    let limit = vm.env.map(map).map_or(0, |m| m.max_entries);
    let key = vm.reg(3).const_value().filter(|&k| k < u64::from(limit));
    if key.is_some() {
        vm.need_precise(3);
        vm.flush_precision()?;
    }
    let aux = &mut vm.aux[vm.insn];
    aux.tail_key = Some(match (key, aux.tail_key) {
        (Some(k), None) => k,
        (Some(k), Some(before)) if before == k => k,
        _ => u64::MAX,
    });
    Ok(())
}

/// Gives back the reference that one argument holds.
fn release(vm: &mut Vm<'_>, helper: i32, proto: &HelperProto, facts: &Facts) -> Check<()> {
    let id = facts.ref_id;
    let Some(r) = facts.release else {
        // Old signatures don't say which argument is given back.
        let releases = proto.semantics.has(Semantics::RELEASE);
        let told = proto.args.iter().any(|a| a.flags.has(TypeFlags::RELEASE));
        let held = !releases || told || refs::release(&mut vm.cur, id);
        return references::held_for_helper(held, helper, proto);
    };
    if let Some(DynptrFact::Read(d)) = facts.dynptr
        && facts.dynptr_arg == Some(usize::from(r) - 1)
    {
        dynptr::unmake(vm, &d);
        return Ok(());
    }
    let held = if id.is_none() {
        vm.reg(r).is_null()
    } else if helper == id::KPTR_XCHG {
        hand_over(vm, id)
    } else {
        refs::release(&mut vm.cur, id)
    };
    references::held_for_helper(held, helper, proto)
}

/// An object moves into a kptr: an allocated per-CPU object stays usable while
/// RCU protects it, all else becomes stale.
fn hand_over(vm: &mut Vm<'_>, id: RefId) -> bool {
    let in_rcu = vm.in_rcu_section();
    if !refs::forget(&mut vm.cur, id) {
        return false;
    }
    let percpu = |f: Flags| f.has(Flags::ALLOC) && f.has(Flags::PERCPU);
    vm.cur.for_each_reg_mut(
        |r| r.ref_id == id,
        |r| {
            if in_rcu && percpu(r.flags) {
                r.ref_id = RefId::NONE;
                r.flags = r.flags.without(Flags::ALLOC).with(Flags::RCU);
            } else {
                *r = Reg::unknown();
            }
        },
    );
    true
}

/// What is particular to one helper.
struct Particular {
    /// Packet pointers go stale.
    changes: bool,
    /// A callback is walked next.
    entered: Option<Entered>,
}

fn particular(
    vm: &mut Vm<'_>,
    helper: i32,
    proto: &HelperProto,
    facts: &Facts,
) -> Check<Particular> {
    let mut entered = None;
    let mut changes = proto.semantics.has(Semantics::CHANGES_PKT_DATA);
    match helper {
        id::TAIL_CALL => leaks::check(vm, false, true, Way::TailCall)?,
        id::GET_LOCAL_STORAGE => single_helpers::local_storage(vm)?,
        id::FOR_EACH_MAP_ELEM => {
            let Some((map, _)) = facts.map else {
                return unknown("for-each-map");
            };
            entered = callback(vm, facts, Callback::MapElem { map })?;
        }
        id::TIMER_SET_CALLBACK => {
            let Kind::MapValue { map, uid } = vm.reg(1).kind else {
                return unknown("timer");
            };
            entered = callback(vm, facts, Callback::Timer { map, uid })?;
        }
        id::FIND_VMA => entered = callback(vm, facts, Callback::FindVma)?,
        id::USER_RINGBUF_DRAIN => entered = callback(vm, facts, Callback::UserRingbuf)?,
        id::LOOP => entered = bpf_loop(vm, facts)?,
        id::SNPRINTF => const_str::check_snprintf(vm)?,
        id::DYNPTR_FROM_MEM => single_helpers::dynptr_source(vm)?,
        id::SET_RETVAL => {
            single_helpers::set_retval(vm)?;
            if vm.env.target.behaviour().retval_helpers_checked() {
                return_value::check_set_retval(vm)?;
            }
        }
        id::DYNPTR_WRITE => {
            if let Some(DynptrFact::Read(d)) = facts.dynptr {
                changes |= matches!(d.ty, DynptrType::Skb | DynptrType::SkbMeta);
            }
        }
        _ => {}
    }
    Ok(Particular { changes, entered })
}

fn callback(vm: &mut Vm<'_>, facts: &Facts, callback: Callback) -> Check<Option<Entered>> {
    let Some(subprog) = facts.subprog else {
        return unknown("callback-argument");
    };
    vm.flush_precision()?;
    subprog::push_callback(vm, subprog as usize, callback)
}

/// `bpf_loop`: the callback is simulated as often as the loop may run, until
/// its states converge.
fn bpf_loop(vm: &mut Vm<'_>, facts: &Facts) -> Check<Option<Entered>> {
    let Some(subprog) = facts.subprog else {
        return unknown("callback-argument");
    };
    // A loop whose flags are 0 and callback one is inlined.
    let zero = vm.reg(4).is_null();
    let aux = &mut vm.aux[vm.insn];
    let fits = match aux.loop_inline {
        None => zero,
        Some((before, true)) => zero && before == subprog,
        Some((_, false)) => false,
    };
    let asks = !matches!(aux.loop_inline, Some((_, false)));
    aux.loop_inline = Some((aux.loop_inline.map_or(subprog, |l| l.0), fits));
    if asks && zero {
        vm.need_precise(4);
    }
    single_helpers::loop_count(vm)?;
    if vm.env.target.behaviour().callbacks_as_loops() {
        vm.need_precise(1);
    }
    vm.flush_precision()?;
    let simulated = u64::from(vm.cur.frame().callback_depth);
    if !vm.env.target.behaviour().callbacks_as_loops() || simulated < vm.reg(1).bounds.umax {
        callback(vm, facts, Callback::Loop)
    } else {
        vm.cur.frame_mut().callback_depth = 0;
        Ok(None)
    }
}

/// The caller-saved registers become unreadable.
pub fn clobber(vm: &mut Vm<'_>) {
    let frame = vm.cur.frame_mut();
    for r in CALLER_SAVED {
        frame.regs[r as usize] = Reg::UNINIT;
    }
}

/// Puts the result in r0, with the ids it needs.
fn give(
    vm: &mut Vm<'_>,
    helper: i32,
    proto: &HelperProto,
    facts: &Facts,
    mut reg: Reg,
) -> Check<()> {
    if reg.maybe_null()
        || matches!(reg.kind, Kind::MapValue { .. }) && btf_record::may_hold_lock(&vm.env, &reg)
    {
        reg.id = vm.new_id();
    }
    if helper == id::DYNPTR_DATA {
        if let Some(DynptrFact::Read(d)) = facts.dynptr {
            reg.ref_id = d.ref_id;
        }
    } else if proto.semantics.has(Semantics::PTR_CAST) {
        reg.ref_id = facts.ref_id;
        if vm.env.target.behaviour().cast_forks_null() && vm.cur.find_ref(facts.ref_id).is_some() {
            let insn = vm.insn;
            vm.push_branch(insn + 1)?.set_reg(0, Reg::constant(0));
            reg.flags = reg.flags.without(Flags::MAYBE_NULL);
            reg.id = facts.ref_id.number();
        }
    } else if acquires(vm, helper, proto, facts) {
        reg.ref_id = refs::acquire(vm);
        reg.id = reg.ref_id.number();
    }
    vm.cur.set_reg(0, reg);
    Ok(())
}

/// A lookup acquires what it finds only where maps hold sockets.
fn acquires(vm: &Vm<'_>, helper: i32, proto: &HelperProto, facts: &Facts) -> bool {
    if helper != id::MAP_LOOKUP_ELEM {
        return proto.semantics.has(Semantics::ACQUIRE);
    }
    let ty = facts
        .map
        .and_then(|(map, _)| vm.env.map(map))
        .map(|m| m.map_type);
    matches!(
        ty.and_then(MapType::from_id),
        Some(MapType::Sockmap | MapType::Sockhash)
    )
}

/// A tail call that succeeds never returns. In a subprogram it leaves the frame
/// with a result that is not known; if it fails, the code after it runs.
fn tail_call(vm: &mut Vm<'_>) -> Check<Next> {
    if !vm.env.target.behaviour().tail_call_leaves_frame() {
        if vm.env.target.behaviour().tail_call_changes_packet() {
            refs::invalidate_packet(&mut vm.cur);
        }
        return Ok(Next::Fallthrough);
    }
    if vm.cur.curframe() == 0 {
        return Ok(Next::Fallthrough);
    }
    let insn = vm.insn;
    vm.push_branch(insn + 1)?;
    refs::invalidate_packet(&mut vm.cur);
    vm.cur.set_reg(0, Reg::unknown());
    subprog::leave_frame(vm)
}
