//! Whether a kfunc may be called here at all.
//!
//! Before its arguments are looked at, a call meets the demands of `ENTRY`: the
//! program's licence and type, and that it may sleep if the callee does. Which calls
//! a held lock allows is told first, by name, since it is asked of kfuncs that the
//! tables lack too.

use super::args::facts::Facts;
use super::args::kfunc::Kfunc;
use super::{locks, rights};
use crate::abstract_interp::btf_record::FieldKind;
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::value::BtfSrc;
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::{AttachType, KfFlags, KfRole, ProgType};

/// Demands on a call, whatever its arguments: each names its fault.
const ENTRY: &[fn(&Vm<'_>, &Kfunc<'_>) -> Option<Fault>] = &[
    |_, k| {
        let name = k.name.into();
        (k.unmarked || !k.allowed).then_some(Fault::KfuncForbidden { name })
    },
    |_, k| (k.role() == KfRole::Trap).then_some(Fault::Trap),
    |vm, k| rights::kfunc(&vm.env, k),
    |vm, k| {
        let name = k.name.into();
        let sleeps = k.is(KfFlags::SLEEPABLE) && !vm.cur.in_sleepable;
        sleeps.then_some(Fault::KfuncNeedsSleepable { name })
    },
];

/// Fields that may be torn down where an NMI is possible: doing so takes no lock.
const NMI_SAFE: &[FieldKind] = &[
    FieldKind::SpinLock,
    FieldKind::ResSpinLock,
    FieldKind::Timer,
    FieldKind::Wq,
    FieldKind::TaskWork,
    FieldKind::KptrUnref,
    FieldKind::Refcount,
];

/// The kfunc that a call names, by its index among the program's.
pub fn named<'a>(vm: &Vm<'a>, index: usize) -> Check<&'a str> {
    if !vm.env.target.behaviour().kfuncs() {
        return refuse(Fault::CallReserved);
    }
    match vm.env.program.kfuncs.get(index) {
        Some(reference) => Ok(&reference.name),
        None => refuse(Fault::KfuncUnnamed),
    }
}

/// What is asked before the kfunc is known: nothing but its name tells.
pub fn by_name(vm: &Vm<'_>, name: &str) -> Check<()> {
    locks::check_call(vm, lock_safe(vm, name))?;
    if !vm.env.program.gpl_compatible {
        return refuse(Fault::KfuncLicence);
    }
    Ok(())
}

/// What is asked of the call before its arguments.
pub fn entered(vm: &Vm<'_>, k: &Kfunc<'_>) -> Check<()> {
    match ENTRY.iter().find_map(|demand| demand(vm, k)) {
        Some(fault) => refuse(fault),
        None => Ok(()),
    }
}

fn lock_safe(vm: &Vm<'_>, name: &str) -> bool {
    if vm.cur.active_locks == 0 {
        return true;
    }
    let known = vm.env.target.kfunc(vm.env.program, name);
    if vm.env.target.behaviour().kfuncs_say_lock_safe() {
        known
            .spec
            .is_some_and(|k| k.flags.contains(KfFlags::SPINLOCK_SAFE))
    } else {
        known.listed_lock_safe
    }
}

/// Where the program may run in an NMI, objects with fields that must be torn down
/// under locks cannot be dropped.
pub fn droppable(vm: &Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<()> {
    let drops = matches!(k.role(), KfRole::ObjectDrop | KfRole::PercpuDrop);
    if !drops || !vm.env.target.behaviour().drops_nmi_safe() || !may_interrupt(vm) {
        return Ok(());
    }
    let Some((BtfSrc::Program, id)) = f.object else {
        return Ok(());
    };
    let fields = &vm.env.records.of_type(id).fields;
    if fields.iter().all(|field| NMI_SAFE.contains(&field.kind)) {
        return Ok(());
    }
    let name = k.name.into();
    refuse(Fault::ObjectInTracing { name })
}

/// Whether the program may run in an NMI.
fn may_interrupt(vm: &Vm<'_>) -> bool {
    let program = vm.env.program;
    match program.prog_type {
        ProgType::Kprobe
        | ProgType::Tracepoint
        | ProgType::PerfEvent
        | ProgType::RawTracepoint
        | ProgType::RawTracepointWritable => true,
        ProgType::Tracing => {
            program.attach_type != Some(AttachType::TraceIter) && !program.sleepable
        }
        _ => false,
    }
}
