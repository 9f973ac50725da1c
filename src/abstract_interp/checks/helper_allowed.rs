//! Whether a program may call a helper at all, before its arguments count.
//!
//! A helper must exist, be offered to the program's type (and attach type),
//! fit the program's licence, and not sleep where the program may not.

use super::{locks, options, rights};
use crate::abstract_interp::asked::There;
use crate::abstract_interp::halt::left_open;
use crate::abstract_interp::refusal::{Fault, Section, refuse};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::{self, HelperProto, ProgType};
use crate::prelude::*;
use crate::programs::program::OPEN_CORE;

/// Ids of helpers that the rules name, as call instructions hold them.
pub mod id {
    use crate::helpers_spec::helper;

    macro_rules! ids {
        ($($name:ident)*) => {
            $(#[doc = concat!("See [`helper::", stringify!($name), "`].")]
            pub const $name: i32 = helper::$name as i32;)*
        };
    }

    ids! {
        DYNPTR_DATA
        DYNPTR_FROM_MEM
        DYNPTR_WRITE
        D_PATH
        FIND_VMA
        FOR_EACH_MAP_ELEM
        GETSOCKOPT
        GET_FUNC_IP
        GET_LOCAL_STORAGE
        GET_RETVAL
        GET_SMP_PROCESSOR_ID
        GET_STACK
        GET_TASK_STACK
        KPTR_XCHG
        LOOP
        MAP_DELETE_ELEM
        MAP_LOOKUP_ELEM
        MAP_LOOKUP_PERCPU_ELEM
        MAP_PEEK_ELEM
        MAP_POP_ELEM
        MAP_PUSH_ELEM
        MAP_UPDATE_ELEM
        OVERRIDE_RETURN
        PERF_EVENT_READ
        PER_CPU_PTR
        PROBE_READ
        PROBE_READ_KERNEL
        PROBE_READ_KERNEL_STR
        PROBE_READ_STR
        PROBE_READ_USER
        PROBE_READ_USER_STR
        PROBE_WRITE_USER
        REDIRECT_MAP
        SETSOCKOPT
        SET_RETVAL
        SK_RELEASE
        SNPRINTF
        SPIN_LOCK
        SPIN_UNLOCK
        TAIL_CALL
        THIS_CPU_PTR
        TIMER_SET_CALLBACK
        USER_RINGBUF_DRAIN
    }
}

/// The helper's prototype for this program, if it may be called here.
pub fn check(vm: &Vm<'_>, helper: i32) -> Check<&'static HelperProto> {
    let exchange = helper == id::KPTR_XCHG && vm.env.target.behaviour().kptr_xchg_under_lock();
    locks::check_call(vm, helper == id::SPIN_UNLOCK || exchange)?;
    let program = vm.env.program;
    let target = vm.env.target;
    if helper == OPEN_CORE {
        let what = program.poison_at(vm.insn as u32).unwrap_or("");
        return left_open("core", what);
    }
    let Ok(at) = u32::try_from(helper) else {
        return refuse(Fault::HelperUnknown { id: helper.into() });
    };
    let name = helpers_spec::helper_name(at).unwrap_or("unknown");
    let facts = target.helper(program, at);
    match facts.there() {
        There::Yes => {}
        There::Unmodelled => return unknown(format!("helper:{helper}")),
        There::Beyond => return refuse(Fault::HelperUnknown { id: helper.into() }),
        There::No => return barred(vm, name, helper),
    }
    let Some(proto) = facts.called_proto() else {
        return barred(vm, name, helper);
    };
    if !facts.allowed() {
        if helper == id::D_PATH && facts.ever_allowed() {
            return refuse(Fault::HelperInProbe);
        }
        return barred(vm, name, helper);
    }
    options::helper(&vm.env, name, helper)?;
    rights::helper(&vm.env, name, at, facts)?;
    if proto.gpl_only && !program.gpl_compatible {
        return refuse(Fault::HelperLicence);
    }
    if proto.might_sleep {
        may_sleep(vm, name, helper)?;
    }
    Ok(proto)
}

/// The program type whose signature a program sees: socket options are set on a
/// socket, not on a context, where the program has no socket context.
pub fn signature_type(prog_type: ProgType, helper: i32) -> ProgType {
    match (helper, prog_type) {
        (id::SETSOCKOPT | id::GETSOCKOPT, ProgType::Tracing | ProgType::Lsm) => {
            ProgType::CgroupSockopt
        }
        _ => prog_type,
    }
}

/// The helper exists, but not for programs of this type.
fn barred<T>(vm: &Vm<'_>, name: &str, helper: i32) -> Check<T> {
    let (name, id) = (name.into(), helper.into());
    if !vm.env.target.behaviour().helper_message_split() {
        return refuse(Fault::HelperAbsent { name, id });
    }
    refuse(Fault::HelperForbidden { name, id })
}

fn may_sleep(vm: &Vm<'_>, name: &str, helper: i32) -> Check<()> {
    let state = &vm.cur;
    let section = if vm.env.target.behaviour().context_protects_rcu() {
        vm.non_sleepable_context()
    } else if !state.in_sleepable {
        return refuse(Fault::HelperMightSleep);
    } else if state.active_rcu > 0 {
        Some(Section::Rcu)
    } else if state.active_preempt > 0 {
        Some(Section::Preempt)
    } else if state.active_irq_id.is_some() {
        Some(Section::Irq)
    } else {
        None
    };
    match section {
        Some(section) => refuse(Fault::HelperSleeps {
            name: name.into(),
            id: helper.into(),
            section,
        }),
        None => Ok(()),
    }
}
