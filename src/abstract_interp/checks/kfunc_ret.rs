//! What r0 holds after a kfunc.
//!
//! The kfunc's role may say it, or the collection that it looked into; else the
//! return type does: a number is unknown, a struct is a kernel object, anything else
//! is memory of a size that an argument or the type gives. Null, references and ids
//! come with the transfer.

use super::args::facts::Facts;
use super::args::kfunc::Kfunc;
use super::args::plain_data::is_number;
use super::{graph, helper_ret, new_object};
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::value::{BtfSrc, DynptrType, Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::{self, KfFlags, KfRole};
use crate::object::btf::Type;
use crate::prelude::*;

/// What r0 holds; `None` when the function returns nothing.
pub fn of(vm: &Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<Option<Reg>> {
    match k.btf.ty(k.btf.skip_mods_typedefs(k.ret)) {
        Some(Type::Void) => return Ok(None),
        Some(ty) if is_number(&ty) => return Ok(Some(Reg::unknown())),
        Some(Type::Ptr { .. }) => {}
        _ => return unknown(format!("kfunc:{}", k.name)),
    }
    if let Some(reg) = by_role(vm, k, f)? {
        return Ok(Some(reg));
    }
    let Some((id, target)) = k.returns() else {
        return unknown("kfunc-return");
    };
    Ok(Some(match (&f.root, target) {
        (Some(root), _) if k.returns_node() => graph::node_pointer(root),
        (_, Type::Void) => Reg::unknown(),
        (_, Type::Struct(_)) => object(BtfSrc::Kernel, id, object_flags(vm, k, f)),
        _ => memory(k, id, f)?,
    }))
}

fn object(btf: BtfSrc, id: u32, flags: Flags) -> Reg {
    Reg::pointer(Kind::Btf { btf, id }, flags)
}

/// How surely a kernel object that is returned is valid.
fn object_flags(vm: &Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Flags {
    if let (true, Some(((frame, at), ..))) = (k.is(KfFlags::ITER_NEXT), f.iter) {
        let slot = vm.cur.frames[frame].stack.get(at);
        return match slot.is_some_and(|s| s.spill.flags.has(Flags::RCU)) {
            true => Flags::RCU,
            false => Flags::TRUSTED,
        };
    }
    match k.role() {
        KfRole::LookUntrusted => Flags::UNTRUSTED,
        _ if k.is(KfFlags::RCU_PROTECTED) => Flags::RCU,
        _ if vm.env.target.behaviour().kfunc_results_trusted() => Flags::TRUSTED,
        _ => Flags::NONE,
    }
}

/// Memory: of the size that an argument gave, or that of its type, to read only.
fn memory(k: &Kfunc<'_>, id: u32, f: &Facts) -> Check<Reg> {
    let given = match k.role() {
        KfRole::SessionCookie => Some(8),
        _ => f.r0_size,
    };
    let sized = given.filter(|size| *size != 0);
    let Some(size) = sized.or_else(|| k.btf.resolve_size(id)) else {
        let name = k.name.into();
        return refuse(Fault::KfuncReturn { name });
    };
    let mut flags = Flags::NONE;
    if given.is_none() || f.r0_rdonly {
        flags = flags.with(Flags::RDONLY);
    }
    if k.is(KfFlags::RCU_PROTECTED) {
        flags = flags.with(Flags::RCU);
    }
    let reg = Reg::pointer(Kind::Mem { size, dynptr_id: 0 }, flags);
    let ref_id = f.ref_id;
    Ok(Reg { ref_id, ..reg })
}

/// Results that roles say, whatever the prototype does.
fn by_role(vm: &Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<Option<Reg>> {
    Ok(Some(match k.role() {
        KfRole::ObjectNew | KfRole::PercpuNew => {
            new_object::pointer(vm, k, f.constant.unwrap_or(0))?
        }
        KfRole::RefcountAcquire => match f.object {
            Some((btf, id)) => object(btf, id, Flags::ALLOC),
            None => return unknown("refcount-acquire"),
        },
        KfRole::CastContext => match kernel_context(vm, k) {
            Some(id) => object(BtfSrc::Kernel, id, Flags::TRUSTED),
            None if has_bare_context(vm) => return refuse(Fault::ContextNoStruct),
            None => return unknown("cast-to-kern-ctx"),
        },
        KfRole::CastReadOnly => cast(vm, k, f.constant.unwrap_or(0) as u32)?,
        KfRole::DynptrSlice | KfRole::DynptrSliceWrite => slice(vm, k, f)?,
        _ => return Ok(None),
    }))
}

/// The kernel's own struct of the program's context.
fn kernel_context(vm: &Vm<'_>, k: &Kfunc<'_>) -> Option<u32> {
    let name = helpers_spec::kernel_context(vm.env.program.prog_type)?;
    k.btf.find_struct(name)
}

/// Whether the kernel's own context of the program is no struct.
fn has_bare_context(vm: &Vm<'_>) -> bool {
    let facts = helpers_spec::prog_type_facts(vm.env.program.prog_type);
    facts.is_some_and(|f| !f.kernel_ctx.is_empty() && !f.kernel_ctx.starts_with("struct "))
}

/// Any pointer, seen as one to a type that nobody vouches for.
fn cast(vm: &Vm<'_>, k: &Kfunc<'_>, id: u32) -> Check<Reg> {
    match k.btf.ty(id) {
        Some(Type::Struct(_) | Type::Union(_)) => Ok(object(BtfSrc::Kernel, id, Flags::UNTRUSTED)),
        Some(Type::Void) if vm.env.target.behaviour().untrusted_mem() => {
            let kind = Kind::Mem {
                size: 0,
                dynptr_id: 0,
            };
            Ok(Reg::pointer(kind, Flags::RDONLY.with(Flags::UNTRUSTED)))
        }
        Some(_) => refuse(Fault::CastType),
        None => refuse(Fault::CastUnknown { id: id.into() }),
    }
}

/// Memory of a dynptr: it goes stale with it, and with the packet if it is of one.
fn slice(vm: &Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<Reg> {
    let (Some(dynptr), Some(size)) = (f.dynptr, f.constant) else {
        return unknown("dynptr-slice");
    };
    let mut flags = match dynptr.ty {
        DynptrType::Skb | DynptrType::Xdp | DynptrType::SkbMeta => Flags::DYNPTR_SLICE,
        DynptrType::Local | DynptrType::Ringbuf | DynptrType::File => Flags::NONE,
    };
    if k.role() == KfRole::DynptrSlice {
        flags = flags.with(Flags::RDONLY);
    } else if !helper_ret::may_write_packet(vm) {
        return refuse(Fault::PacketSliceReadOnly);
    }
    let kind = Kind::Mem {
        size: size as u32,
        dynptr_id: dynptr.id,
    };
    Ok(Reg::pointer(kind, flags))
}
