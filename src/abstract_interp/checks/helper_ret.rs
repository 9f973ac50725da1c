//! What a helper returns.
//!
//! The result is computed without ids: the transfer gives a nullable pointer
//! its id, and an acquired object its reference.

use super::arg_pointer::kernel_struct;
use super::helper_allowed::id;
use super::helper_args::{DynptrFact, Facts};
use super::reg_kind::qualifiers;
use super::{btf_ptr, map_args, packet, return_value};
use crate::abstract_interp::btf_record::FieldKind;
use crate::abstract_interp::domain::Bounds;
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::{HelperProto, RetType};

/// The greatest error number that a kernel function returns, negated.
const MAX_ERRNO: i64 = 4095;

/// What r0 holds after the call; `None` when it returns nothing.
pub fn result(vm: &Vm<'_>, helper: i32, proto: &HelperProto, facts: &Facts) -> Check<Option<Reg>> {
    let flags = qualifiers(proto.ret.flags);
    Ok(Some(match proto.ret.base {
        RetType::Void => return Ok(None),
        RetType::Integer => integer(vm, helper, facts),
        RetType::MapValue => map_value(vm, helper, facts, flags)?,
        RetType::Socket => Reg::pointer(Kind::Socket, flags),
        RetType::SockCommon => Reg::pointer(Kind::SockCommon, flags),
        RetType::TcpSock => Reg::pointer(Kind::TcpSock, flags),
        RetType::Mem => {
            let dynptr_id = match facts.dynptr {
                Some(DynptrFact::Read(d)) if helper == id::DYNPTR_DATA => d.id,
                _ => 0,
            };
            Reg::pointer(
                Kind::Mem {
                    size: facts.mem_size,
                    dynptr_id,
                },
                flags,
            )
        }
        RetType::MemOrBtfId => percpu(vm, facts, flags)?,
        RetType::BtfId => btf_object(vm, helper, proto, facts, flags)?,
    }))
}

/// A number, narrowed where the helper promises a range.
fn integer(vm: &Vm<'_>, helper: i32, facts: &Facts) -> Reg {
    let rules = vm.env.rules();
    let mut reg = Reg::unknown();
    let behaviour = vm.env.target.behaviour();
    match helper {
        id::GET_STACK
        | id::PROBE_READ_STR
        | id::PROBE_READ_KERNEL_STR
        | id::PROBE_READ_USER_STR => {
            reg.bounds
                .assume_signed(-MAX_ERRNO, facts.len_max as i64, rules);
        }
        id::GET_TASK_STACK if behaviour.refine_task_stack() => {
            reg.bounds
                .assume_signed(-MAX_ERRNO, facts.len_max as i64, rules);
        }
        id::GET_SMP_PROCESSOR_ID => {
            // How many CPUs there are is the machine's business. (Known
            // imprecision: a program whose proof needs to know is judged as on
            // the machine that was measured.)
            if behaviour.refine_cpu_id() {
                let last = u64::from(vm.env.target.limits().cpus().saturating_sub(1));
                reg.bounds = Bounds::from_unsigned_range(0, last, rules);
            }
        }
        id::GET_RETVAL if behaviour.retval_helpers_checked() => {
            if let Some((min, max)) = return_value::hook_value_range(&vm.env) {
                reg.bounds.assume_signed(min.into(), max.into(), rules);
            }
        }
        _ => {}
    }
    reg
}

fn map_value(vm: &Vm<'_>, helper: i32, facts: &Facts, flags: Flags) -> Check<Reg> {
    let Some((map, uid)) = facts.map else {
        return unknown("helper:map-argument-missing");
    };
    let Some(def) = vm.env.map(map) else {
        return unknown("map:missing");
    };
    let mut flags = flags;
    // A lookup in an array at a known index in range cannot fail.
    if helper == id::MAP_LOOKUP_ELEM
        && map_args::indexes_fixed(vm, def)
        && facts
            .const_key
            .is_some_and(|k| k < u64::from(def.max_entries))
    {
        flags = flags.without(Flags::MAYBE_NULL);
    }
    Ok(Reg::pointer(Kind::MapValue { map, uid }, flags))
}

/// `bpf_per_cpu_ptr` and `bpf_this_cpu_ptr`: one CPU's copy.
fn percpu(vm: &Vm<'_>, facts: &Facts, flags: Flags) -> Check<Reg> {
    let Some((src, id)) = facts.percpu else {
        return unknown("percpu-argument");
    };
    let Some(btf) = btf_ptr::btf_of(vm, src) else {
        return unknown("no-kernel-btf");
    };
    let plain = btf.skip_mods_typedefs(id);
    let allocated = vm.reg(1).flags.has(Flags::RCU);
    if btf.ty(plain).is_some_and(|t| t.composite().is_some()) {
        let flags = if allocated {
            Flags::ALLOC.with(Flags::RCU)
        } else {
            flags.without(Flags::RDONLY)
        };
        return Ok(Reg::pointer(Kind::Btf { btf: src, id }, flags));
    }
    let Some(size) = btf.resolve_size(plain) else {
        let name = btf.name(plain).into();
        return refuse(Fault::TypeUnsized { name });
    };
    Ok(Reg::pointer(Kind::Mem { size, dynptr_id: 0 }, flags))
}

fn btf_object(
    vm: &Vm<'_>,
    helper: i32,
    proto: &HelperProto,
    facts: &Facts,
    flags: Flags,
) -> Check<Reg> {
    if helper == id::KPTR_XCHG {
        let Some(dest) = facts.kptr else {
            return unknown("kptr-xchg");
        };
        let mut flags = flags;
        if dest.btf == BtfSrc::Program {
            flags = flags.with(Flags::ALLOC);
            if dest.kind == FieldKind::KptrPercpu {
                flags = flags.with(Flags::PERCPU);
            }
        }
        return Ok(Reg::pointer(
            Kind::Btf {
                btf: dest.btf,
                id: dest.id,
            },
            flags,
        ));
    }
    let Some(name) = proto.ret.btf else {
        return unknown("helper-return-type");
    };
    let id = kernel_struct(vm, name)?;
    Ok(Reg::pointer(
        Kind::Btf {
            btf: BtfSrc::Kernel,
            id,
        },
        flags,
    ))
}

/// Whether what a helper or kfunc returns may be a writable view of the packet.
pub fn may_write_packet(vm: &Vm<'_>) -> bool {
    packet::may_access(vm, None, true)
}
