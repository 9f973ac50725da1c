//! A context that is the arguments of a kernel function, eight bytes each.

use super::access::Loaded;
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::setup::attach::{ArgKind, Target};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, RefId, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::{self, AttachType, ProgType};
use crate::object::Btf;
use crate::object::btf::Type;

/// The most that such a context may take, in bytes.
const MAX_SIZE: i32 = 12 * 8;

/// A load (stores are refused) of `size` bytes at `off`.
pub fn access(vm: &Vm, r: u8, off: i32, size: u32, write: bool) -> Check<Loaded> {
    let bad = || {
        refuse_reg(
            r,
            Fault::ContextField {
                off: off.into(),
                size: size.into(),
            },
        )
    };
    if !(0..MAX_SIZE).contains(&off) || write || off % size as i32 != 0 {
        return bad();
    }
    if vm.env.prog_type() == ProgType::Netfilter {
        return netfilter(vm, r, off, size);
    }
    let Some(target) = &vm.env.attach.target else {
        if helpers_spec::hooks_many(vm.env.program.attach_type) {
            return bad();
        }
        return unknown("no-kernel-btf");
    };
    let Some(btf) = vm.env.types.any() else {
        return unknown("no-kernel-btf");
    };
    if off % 8 != 0 {
        return bad();
    }
    let Some(Type::FuncProto { ret, params }) = btf.ty(target.proto) else {
        return unknown("no-kernel-btf");
    };
    let (index, count) = argument_at(btf, target, off as u32);
    if index > count {
        return bad();
    }
    if index == count {
        return returned(vm, btf, ret, size, bad);
    }
    let Some(param) = params.get(index + target.skip) else {
        return bad();
    };
    let ty = btf.skip_mods_typedefs(param.ty);
    match btf.ty(ty) {
        Some(Type::Ptr { to }) => {
            if size != 8 {
                return bad();
            }
            let nullable = param.name.ends_with("__nullable");
            pointer(vm, btf, target, index, to, nullable, r, off)
        }
        Some(t) if is_value(btf, ty, &t) => Ok(Loaded::UNKNOWN),
        _ => bad(),
    }
}

/// Numbers, and structs passed by value in registers.
fn is_value(btf: &Btf, id: u32, ty: &Type<'_>) -> bool {
    match ty {
        Type::Int { size, .. } => *size <= 8,
        Type::Enum { .. } | Type::Enum64 { .. } => true,
        Type::Struct(_) => btf.resolve_size(id).is_some(),
        _ => false,
    }
}

/// Which argument lies at `off` (arguments larger than eight bytes take several
/// places), and how many there are.
fn argument_at(btf: &Btf, target: &Target, off: u32) -> (u32, u32) {
    let Some(Type::FuncProto { params, .. }) = btf.ty(target.proto) else {
        return (1, 0);
    };
    let count = params.len().saturating_sub(target.skip);
    let mut end = 0;
    for i in 0..count {
        let size = params
            .get(i + target.skip)
            .and_then(|p| btf.resolve_size(p.ty))
            .unwrap_or(8);
        end += size.max(1).div_ceil(8) * 8;
        if off < end {
            return (i, count);
        }
    }
    // Just beyond the last: the return value.
    (if off < end + 8 { count } else { count + 1 }, count)
}

fn returned(
    vm: &Vm,
    btf: &Btf,
    ret: u32,
    size: u32,
    bad: impl Fn() -> Check<Loaded>,
) -> Check<Loaded> {
    let ret = btf.skip_mods_typedefs(ret);
    match vm.env.program.attach_type {
        Some(
            AttachType::TraceFexit
            | AttachType::TraceFsession
            | AttachType::LsmMac
            | AttachType::LsmCgroup,
        ) => match btf.ty(ret) {
            Some(Type::Ptr { to }) if size == 8 => {
                let id = btf.skip_mods_typedefs(to);
                match btf.ty(id) {
                    Some(Type::Struct(_) | Type::Union(_)) => {
                        let kind = Kind::Btf {
                            btf: BtfSrc::Kernel,
                            id,
                        };
                        Ok(Loaded::pointer(kind, Flags::NONE))
                    }
                    _ => Ok(Loaded::UNKNOWN),
                }
            }
            Some(Type::Void) => bad(),
            Some(t) if is_value(btf, ret, &t) => Ok(lsm_return(vm)),
            _ => bad(),
        },
        Some(AttachType::ModifyReturn) => match btf.ty(ret) {
            Some(Type::Int { size, .. }) if size <= 8 => Ok(Loaded::UNKNOWN),
            _ => bad(),
        },
        _ => bad(),
    }
}

/// The hook's own return value, which lies in the hook's range.
fn lsm_return(vm: &Vm) -> Loaded {
    let program = vm.env.program;
    if program.prog_type != ProgType::Lsm {
        return Loaded::UNKNOWN;
    }
    match super::return_value::lsm_range(vm) {
        Some((min, max)) => {
            let bounds =
                crate::abstract_interp::domain::Bounds::from_s32_range(min, max, vm.env.rules());
            Loaded {
                reg: Reg::scalar(bounds),
                fresh_id: false,
                narrows: vm.env.target.behaviour().results_narrow(),
            }
        }
        None => Loaded::UNKNOWN,
    }
}

/// Congestion control is of TCP: its sockets are TCP sockets.
fn promoted(vm: &Vm, btf: &Btf, id: u32) -> u32 {
    let tcp = vm
        .env
        .program
        .struct_ops
        .as_ref()
        .is_some_and(|s| &*s.structure == "tcp_congestion_ops");
    if tcp && btf.name(id) == "sock" {
        btf.find_struct("tcp_sock").unwrap_or(id)
    } else {
        id
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one argument of a function, and where it is"
)]
fn pointer(
    vm: &Vm,
    btf: &Btf,
    target: &Target,
    index: u32,
    to: u32,
    nullable: bool,
    r: u8,
    off: i32,
) -> Check<Loaded> {
    let info = target
        .args
        .iter()
        .find(|a| a.index == index)
        .map(|a| a.kind);
    if let Some(ArgKind::Buf { rdonly }) = info {
        let flags = if rdonly { Flags::RDONLY } else { Flags::NONE };
        return Ok(Loaded::pointer(Kind::Buf, flags.with(Flags::MAYBE_NULL)));
    }
    if let Some(ArgKind::Struct { id }) = info {
        let kind = Kind::Btf {
            btf: BtfSrc::Kernel,
            id,
        };
        return Ok(Loaded::pointer(kind, Flags::TRUSTED));
    }
    let trust = if vm.env.target.behaviour().trusted_pointers() {
        Flags::TRUSTED
    } else {
        Flags::NONE
    };
    let id = promoted(vm, btf, btf.skip_mods_typedefs(to));
    match btf.ty(id) {
        Some(Type::Struct(_) | Type::Union(_)) => {}
        Some(Type::Void) => return Ok(Loaded::UNKNOWN),
        Some(Type::Int { .. } | Type::Enum { .. })
            if vm.env.target.behaviour().int_pointers_as_numbers() =>
        {
            return Ok(Loaded::UNKNOWN);
        }
        _ if vm.env.target.behaviour().pointer_pointers_as_numbers() => return Ok(Loaded::UNKNOWN),
        Some(Type::Ptr { .. } | Type::FuncProto { .. } | Type::Fwd { .. } | Type::Array { .. })
        | None
        | Some(_) => {
            let off = off.into();
            return refuse_reg(r, Fault::ContextField { off, size: 8 });
        }
    }
    let kind = Kind::Btf {
        btf: BtfSrc::Kernel,
        id,
    };
    let mut flags = if vm.env.attach.trusted_args {
        trust
    } else {
        Flags::NONE
    };
    match info {
        Some(ArgKind::Nullable { trusted }) => {
            let trust = if trusted { trust } else { Flags::NONE };
            flags = trust.with(Flags::MAYBE_NULL);
        }
        Some(ArgKind::Referenced { id }) => {
            let reg = Reg {
                ref_id: RefId::new(id),
                ..Reg::pointer(kind, Flags::TRUSTED)
            };
            return Ok(Loaded {
                reg,
                fresh_id: false,
                narrows: false,
            });
        }
        _ => {}
    }
    if nullable {
        flags = flags.with(Flags::MAYBE_NULL);
    }
    if let Some(Type::TypeTag {
        name,
        attribute: false,
        ..
    }) = btf.ty(to)
    {
        flags = flags.with(match name {
            "user" => Flags::USER,
            "percpu" => Flags::PERCPU,
            _ => Flags::NONE,
        });
    }
    Ok(Loaded::pointer(kind, flags))
}

/// `struct bpf_nf_ctx`: the hook's state and the packet.
fn netfilter(vm: &Vm, r: u8, off: i32, size: u32) -> Check<Loaded> {
    let name = match (off, size) {
        (0, 8) => "nf_hook_state",
        (8, 8) => "sk_buff",
        _ => {
            let (off, size) = (off.into(), size.into());
            return refuse_reg(r, Fault::ContextField { off, size });
        }
    };
    match vm.env.types.any().and_then(|b| b.find_struct(name)) {
        Some(id) => Ok(Loaded::pointer(
            Kind::Btf {
                btf: BtfSrc::Kernel,
                id,
            },
            Flags::TRUSTED,
        )),
        None => unknown("no-kernel-btf"),
    }
}
