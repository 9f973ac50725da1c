//! What single helpers demand beyond their prototype.

use super::return_value;
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::value::Kind;
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::{AttachType, ProgType};

/// `bpf_get_local_storage`: flags are for later kernels.
pub fn local_storage(vm: &Vm<'_>) -> Check<()> {
    match vm.reg(2).is_null() {
        true => Ok(()),
        false => refuse_reg(2, Fault::HelperFlags),
    }
}

/// `bpf_dynptr_from_mem`: only of map values it is known that they stay.
pub fn dynptr_source(vm: &Vm<'_>) -> Check<()> {
    let reg = vm.reg(1);
    match reg.kind {
        Kind::MapValue { .. } => Ok(()),
        _ => refuse_reg(1, Fault::DynptrSource { held: *reg }),
    }
}

/// `bpf_set_retval`: the hook returns something, and may return that.
pub fn set_retval(vm: &Vm<'_>) -> Check<()> {
    if vm.env.program.attach_type == Some(AttachType::LsmCgroup)
        && return_value::hook_returns_nothing(&vm.env)?
    {
        return refuse(Fault::RetvalOfVoid);
    }
    Ok(())
}

/// `bpf_loop`: any value may be handed over as the count, but where calls are walked
/// until they converge, only a number's origin can be traced.
pub fn loop_count(vm: &Vm<'_>) -> Check<()> {
    match vm.env.target.behaviour().callbacks_as_loops() && !vm.reg(1).is_scalar() {
        true => refuse_reg(1, Fault::LoopCountPointer),
        false => Ok(()),
    }
}

/// `bpf_get_func_ip`: the attachment tells the function's address.
pub fn func_ip(vm: &Vm<'_>) -> Check<()> {
    let program = vm.env.program;
    let name = "bpf_get_func_ip#173";
    match program.prog_type {
        ProgType::Kprobe => Ok(()),
        ProgType::Tracing => match program.attach_type {
            Some(
                AttachType::TraceFentry
                | AttachType::TraceFexit
                | AttachType::TraceFsession
                | AttachType::TraceFentryMulti
                | AttachType::TraceFexitMulti
                | AttachType::TraceFsessionMulti
                | AttachType::ModifyReturn,
            ) => Ok(()),
            _ => refuse(Fault::HelperAttach { name: name.into() }),
        },
        other => refuse(Fault::HelperProgram {
            name: name.into(),
            prog_type: other.id().into(),
        }),
    }
}
