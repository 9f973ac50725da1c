//! The arguments of a kfunc call, one after the other.
//!
//! `check` reads the state and lists what the call will do (`Facts`); it
//! changes nothing. The order of the tests on one argument is the kernel's:
//! null, trust, kind, offset, then the kind's own rules.

use super::arg_pointer::{self, ArgOff};
use super::dynptr::{self, Dynptr};
use super::helper_args;
use super::kfunc_proto::{Kfunc, has_suffix, is_filled_in, is_scalar_struct, is_size, pointee};
use super::locks::{self, LockFact, LockOp};
use super::mem_region::{self, Touched};
use super::{graph, irq, iter, struct_match};
use crate::abstract_interp::btf_record::{self, Field, FieldKind};
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::setup::prototype;
use crate::abstract_interp::state::RefKind;
use crate::abstract_interp::value::{BtfSrc, DynptrType, Flags, Kind, MapRef, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::KfFlags;
use crate::object::btf::{Param, Type};

/// What the call does, as its arguments tell.
#[derive(Default)]
pub struct Facts {
    /// The register whose reference is released.
    pub release: Option<u8>,
    /// The reference that some argument carries.
    pub ref_id: u32,
    /// The size of the memory that r0 points to.
    pub r0_size: Option<u32>,
    /// It may only be read.
    pub r0_rdonly: bool,
    /// The constant argument.
    pub constant: Option<u64>,
    /// The allocated object that is passed.
    pub object: Option<(BtfSrc, u32)>,
    /// It is passed by an owning reference.
    pub owning: bool,
    /// The map that is passed (or holds the field that is).
    pub map: Option<(MapRef, u32)>,
    /// The initialised dynptr.
    pub dynptr: Option<Dynptr>,
    /// Dynptrs to make: frame, slot, kind, shared reference.
    pub new_dynptrs: Vec<(usize, usize, DynptrType, u32)>,
    /// Dynptrs that are read.
    pub read_dynptrs: Vec<Dynptr>,
    /// The callback.
    pub callback: Option<u32>,
    /// The iterator: place, type, reference.
    pub iter: Option<(iter::At, iter::IterType, u32)>,
    /// The collection.
    pub root: Option<Field>,
    /// Saved IRQ flags: place.
    pub irq: Option<irq::At>,
    /// A lock operation.
    pub lock: Option<LockFact>,
    /// Memory that is read or written.
    pub touched: Vec<Touched>,
}

/// What a pointer argument is to be checked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Null,
    Ctx,
    AllocObject,
    RefcountedKptr,
    Dynptr,
    Iter,
    ListHead,
    ListNode,
    RbRoot,
    RbNode,
    ConstStr,
    Map,
    ConstMap,
    Timer,
    Wq,
    TaskWork,
    IrqFlag,
    ResSpinLock,
    Btf,
    Callback,
    MemSized,
    Mem,
}

const MAX_ARGS: usize = 5;

/// Checks all arguments of a call of `k`.
pub fn check(vm: &Vm, k: &Kfunc<'_>) -> Check<Facts> {
    let params = k.params();
    if params.len() > MAX_ARGS {
        return refuse(Fault::KfuncParameters {
            name: k.name.into(),
            count: params.len() as u64,
            limit: MAX_ARGS as u64,
        });
    }
    let mut facts = Facts::default();
    let mut i = 0;
    while i < params.len() {
        i += argument(vm, k, &params, i, &mut facts)?;
    }
    if k.is(KfFlags::RELEASE) && facts.release.is_none() && facts.dynptr.is_none() {
        let name = k.name.into();
        return refuse(Fault::KfuncReleasesNothing { name });
    }
    Ok(facts)
}

/// Checks argument `i`; gives how many parameters it takes.
fn argument(vm: &Vm, k: &Kfunc<'_>, params: &[Param<'_>], i: usize, f: &mut Facts) -> Check<usize> {
    let p = &params[i];
    let r = i as u8 + 1;
    if is_filled_in(k.btf, p) {
        return Ok(1);
    }
    let ty = k.btf.ty(k.btf.skip_mods_typedefs(p.ty));
    let reg = *vm.reg(r);
    match ty {
        Some(Type::Int { .. } | Type::Enum { .. } | Type::Enum64 { .. }) => {
            scalar(vm, p, r, &reg, f)?;
            return Ok(1);
        }
        Some(Type::Ptr { .. }) => {}
        _ => {
            let ty = k.btf.describe(p.ty).into();
            return refuse_reg(r, Fault::KfuncParameter { ty });
        }
    }
    let nullable = has_suffix(p, "__nullable");
    let rcu = k.is(KfFlags::RCU);
    if (k.trusted_args() || rcu) && (reg.is_null() || reg.maybe_null()) && !nullable {
        return refuse_reg(r, Fault::ArgumentNullTrusted);
    }
    if reg.ref_id != 0 {
        f.ref_id = reg.ref_id;
        if k.is(KfFlags::RELEASE) && i == 0 {
            f.release = Some(r);
        }
    } else if by_prototype(vm) && i == 0 && k.is(KfFlags::RELEASE) && !takes_dynptr(k, p) {
        let name = k.name.into();
        return refuse_reg(r, Fault::KfuncReleasesUnreferenced { name });
    }
    let class = classify(vm, k, params, i, &reg)?;
    if class == Class::Null {
        return Ok(1);
    }
    if matches!(class, Class::Map | Class::ConstMap | Class::Btf)
        || class == Class::AllocObject && !by_prototype(vm)
    {
        trusted(vm, k, class, r, &reg, f)?;
    }
    let off = if k.is(KfFlags::RELEASE) && reg.ref_id != 0 {
        ArgOff::Release
    } else {
        ArgOff::Any
    };
    arg_pointer::reg_off(vm, r, off)?;
    one(vm, k, params, i, class, &reg, f)?;
    Ok(if class == Class::MemSized { 2 } else { 1 })
}

fn scalar(vm: &Vm, p: &Param<'_>, r: u8, reg: &Reg, f: &mut Facts) -> Check<()> {
    if !reg.is_scalar() {
        return refuse_reg(r, Fault::ArgumentNotScalar);
    }
    if has_suffix(p, "__k") || has_suffix(p, "__szk") {
        let Some(value) = reg.bounds.is_const() else {
            return refuse_reg(r, Fault::ArgumentNotKnown);
        };
        vm.need_precise(r);
        f.constant = Some(value);
        return Ok(());
    }
    let rdonly = p.name == "rdonly_buf_size";
    if rdonly || p.name == "rdwr_buf_size" {
        if f.r0_size.is_some() {
            return refuse(Fault::KfuncBufferSizes);
        }
        let Some(value) = reg.bounds.is_const() else {
            return refuse_reg(r, Fault::KfuncBufferSize);
        };
        vm.need_precise(r);
        f.r0_size = Some(value as u32);
        f.r0_rdonly = rdonly;
    }
    Ok(())
}

fn trusted(vm: &Vm, k: &Kfunc<'_>, class: Class, r: u8, reg: &Reg, f: &mut Facts) -> Check<()> {
    if matches!(class, Class::Map | Class::ConstMap) {
        match reg.kind {
            Kind::ConstMap { map, uid } => {
                if let Some((m, u)) = f.map
                    && btf_record::inner_needs_uid(&vm.env, map)
                    && (m, u) != (map, uid)
                {
                    let fault = Fault::WorkqueueOfOtherMap {
                        uid: u.into(),
                        other: uid.into(),
                    };
                    return refuse_reg(r, fault);
                }
                f.map = Some((map, uid));
            }
            // `struct bpf_map *` that an iterator gave.
            Kind::Btf { .. } if class == Class::Map => {}
            _ => {
                return refuse_reg(r, Fault::MapExpected);
            }
        }
    }
    if !k.trusted_args() && !k.is(KfFlags::RCU) || vm.is_trusted(reg) {
        return Ok(());
    }
    if !k.is(KfFlags::RCU) {
        return refuse_reg(r, Fault::ArgumentNotTrusted);
    }
    if !reg.flags.has(Flags::RCU) {
        return refuse_reg(r, Fault::ArgumentNotRcu);
    }
    Ok(())
}

fn classify(vm: &Vm, k: &Kfunc<'_>, params: &[Param<'_>], i: usize, reg: &Reg) -> Check<Class> {
    let p = &params[i];
    if k.name == "bpf_cast_to_kern_ctx" || k.name.starts_with("bpf_session_") {
        return Ok(Class::Ctx);
    }
    let Some((id, target)) = pointee(k.btf, p.ty) else {
        return unknown("kfunc-argument");
    };
    if let Some(Type::Ptr { to }) = k.btf.ty(k.btf.skip_mods_typedefs(p.ty))
        && prototype::is_context(vm.env.program, k.btf, to)
    {
        return Ok(Class::Ctx);
    }
    if has_suffix(p, "__nullable") && reg.is_null() {
        return Ok(Class::Null);
    }
    let name = match target {
        Type::Struct(s) | Type::Union(s) => s.name,
        Type::Fwd { name, .. } => name,
        _ => "",
    };
    let suffixes = [
        ("__alloc", Class::AllocObject),
        ("__refcounted_kptr", Class::RefcountedKptr),
    ];
    for (suffix, class) in suffixes {
        if has_suffix(p, suffix) {
            return Ok(class);
        }
    }
    if matches!(name, "bpf_dynptr" | "bpf_dynptr_kern") {
        return Ok(Class::Dynptr);
    }
    if if k.is_iter() {
        i == 0
    } else {
        has_suffix(p, "__iter")
    } {
        return Ok(Class::Iter);
    }
    match name {
        "bpf_list_head" => return Ok(Class::ListHead),
        "bpf_list_node" => return Ok(Class::ListNode),
        "bpf_rb_root" => return Ok(Class::RbRoot),
        "bpf_rb_node" => return Ok(Class::RbNode),
        _ => {}
    }
    if has_suffix(p, "__str") {
        return Ok(Class::ConstStr);
    }
    if has_suffix(p, "__const_map") {
        return Ok(Class::ConstMap);
    }
    if has_suffix(p, "__map") {
        return Ok(Class::Map);
    }
    match name {
        "bpf_wq" => return Ok(Class::Wq),
        "bpf_timer" => return Ok(Class::Timer),
        "bpf_task_work" => return Ok(Class::TaskWork),
        "bpf_res_spin_lock" => return Ok(Class::ResSpinLock),
        _ => {}
    }
    if has_suffix(p, "__irq_flag") {
        return Ok(Class::IrqFlag);
    }
    if by_prototype(vm) {
        return by_type(vm, k, params, i, reg, id, &target);
    }
    let kernel_object =
        matches!(reg.kind, Kind::Btf { .. } | Kind::ConstMap { .. }) || reg.is_socket();
    if kernel_object {
        if !matches!(target, Type::Struct(_)) && !matches!(target, Type::Union(_)) {
            let (name, ty) = (k.name.into(), k.btf.describe(id).into());
            return refuse_reg(i as u8 + 1, Fault::KfuncPointer { name, ty });
        }
        return Ok(Class::Btf);
    }
    if matches!(target, Type::FuncProto { .. }) {
        return Ok(Class::Callback);
    }
    let sized = params
        .get(i + 1)
        .is_some_and(|s| is_size(k.btf, s) && vm.reg(i as u8 + 2).is_scalar());
    let number = matches!(
        target,
        Type::Int { .. } | Type::Enum { .. } | Type::Enum64 { .. }
    );
    let plain = number || is_scalar_struct(k.btf, id) || (sized && matches!(target, Type::Void));
    if !plain {
        return refuse_reg(i as u8 + 1, not_plain(k, id, sized));
    }
    Ok(if sized { Class::MemSized } else { Class::Mem })
}

/// Whether a kfunc's prototype alone settles what its arguments are.
fn by_prototype(vm: &Vm) -> bool {
    vm.env.target.behaviour.kfunc_prototype_decides
}

fn takes_dynptr(k: &Kfunc<'_>, p: &Param<'_>) -> bool {
    pointee(k.btf, p.ty).is_some_and(|(_, t)| matches!(t.name(), "bpf_dynptr" | "bpf_dynptr_kern"))
}

/// The class of a pointer that no suffix and no struct of its own settles, from
/// the type alone.
fn by_type(
    vm: &Vm,
    k: &Kfunc<'_>,
    params: &[Param<'_>],
    i: usize,
    reg: &Reg,
    id: u32,
    target: &Type<'_>,
) -> Check<Class> {
    if matches!(target, Type::FuncProto { .. }) {
        return Ok(Class::Callback);
    }
    let number = matches!(
        target,
        Type::Int { .. } | Type::Enum { .. } | Type::Enum64 { .. }
    );
    let plain = number || is_scalar_struct(k.btf, id);
    let sized = params.get(i + 1).is_some_and(|s| is_size(k.btf, s));
    let wrong = |sized| refuse_reg(i as u8 + 1, not_plain(k, id, sized));
    if sized {
        return if plain || matches!(target, Type::Void) {
            Ok(Class::MemSized)
        } else {
            wrong(true)
        };
    }
    if !matches!(target, Type::Struct(_) | Type::Union(_)) {
        return if number { Ok(Class::Mem) } else { wrong(false) };
    }
    let object = matches!(reg.kind, Kind::Btf { .. } | Kind::ConstMap { .. })
        || matches!(reg.kind, Kind::Socket | Kind::SockCommon | Kind::TcpSock);
    if object {
        return Ok(Class::Btf);
    }
    if plain {
        return Ok(Class::Mem);
    }
    arg_pointer::reg_off(vm, i as u8 + 1, ArgOff::Any)?;
    let fault = Fault::StructExpected {
        held: *reg,
        name: target.name().into(),
    };
    refuse_reg(i as u8 + 1, fault)
}

/// Memory behind an argument must be of plain data.
fn not_plain(k: &Kfunc<'_>, id: u32, sized: bool) -> Fault {
    let ty = k.btf.describe(id).into();
    if sized {
        Fault::SizedMemoryArgument { ty }
    } else {
        Fault::MemoryArgument { ty }
    }
}

/// The rules of one class.
fn one(
    vm: &Vm,
    k: &Kfunc<'_>,
    params: &[Param<'_>],
    i: usize,
    class: Class,
    reg: &Reg,
    f: &mut Facts,
) -> Check<()> {
    let r = i as u8 + 1;
    let p = &params[i];
    let in_map = matches!(reg.kind, Kind::MapValue { .. }) && reg.flags == Flags::NONE;
    let owned = matches!(reg.kind, Kind::Btf { .. }) && reg.flags == Flags::ALLOC;
    match class {
        Class::Null => {}
        Class::Ctx => {
            if reg.kind != Kind::Ctx || reg.flags != Flags::NONE {
                return refuse_reg(r, Fault::ContextExpected);
            }
        }
        Class::AllocObject => alloc_object(k, i, reg, f)?,
        Class::Dynptr => dynptr_arg(vm, k, p, r, f)?,
        Class::Iter => iter_arg(vm, k, p, r, f)?,
        Class::ListHead => f.root = Some(graph::root(vm, r, FieldKind::ListHead)?),
        Class::RbRoot => f.root = Some(graph::root(vm, r, FieldKind::RbRoot)?),
        Class::ListNode => {
            let lent = has_suffix(p, "__nonown_allowed")
                && reg.flags.has(Flags::NON_OWN_REF)
                && reg.ref_id == 0;
            if lent {
                return node(vm, r, reg, f);
            }
            if !owned {
                return refuse_reg(r, Fault::ObjectExpected);
            }
            referenced(reg, r)?;
            node(vm, r, reg, f)?;
        }
        Class::RbNode => {
            if k.api == "bpf_rbtree_add" {
                if !owned {
                    return refuse_reg(r, Fault::ObjectExpected);
                }
                referenced(reg, r)?;
            } else {
                if !reg.flags.has(Flags::NON_OWN_REF) && reg.ref_id == 0 {
                    let name = k.name.into();
                    return refuse_reg(r, Fault::NodeReference { name });
                }
                if locks::in_node_callback(vm) {
                    let name = k.name.into();
                    return refuse_reg(r, Fault::NodeInCallback { name });
                }
            }
            node(vm, r, reg, f)?;
        }
        Class::ConstMap if by_prototype(vm) => {}
        Class::Map | Class::ConstMap | Class::Btf => btf_arg(vm, k, class, i, reg, f)?,
        Class::Mem => {
            let Some((id, _)) = pointee(k.btf, p.ty) else {
                return unknown("kfunc-argument");
            };
            let Some(size) = k.btf.resolve_size(id) else {
                return refuse_reg(r, Fault::ArgumentUnsized);
            };
            f.touched.push(mem_region::check_nullable(vm, r, size)?);
        }
        Class::MemSized => sized_mem(vm, params, i, reg, f)?,
        Class::Callback => match reg.kind {
            Kind::Func { subprog } => f.callback = Some(subprog),
            _ => {
                return refuse_reg(r, Fault::FunctionExpected);
            }
        },
        Class::RefcountedKptr => {
            if by_prototype(vm) {
                arg_pointer::unmodified(reg, r, false)?;
            }
            if !matches!(reg.kind, Kind::Btf { .. }) || !reg.flags.has(Flags::ALLOC) {
                return refuse_reg(r, Fault::ObjectUnowned);
            }
            f.owning = !reg.flags.has(Flags::NON_OWN_REF);
            if !btf_record::of_reg(&vm.env, reg).has(FieldKind::Refcount) {
                return refuse_reg(r, Fault::ObjectUncounted);
            }
            f.object = object_of(reg);
        }
        Class::ConstStr => {
            if !matches!(reg.kind, Kind::MapValue { .. }) || reg.flags != Flags::NONE {
                return refuse_reg(r, Fault::StringExpected);
            }
            helper_args::const_str(vm, r)?;
        }
        Class::Wq | Class::TaskWork | Class::Timer => {
            if !in_map {
                return refuse_reg(r, Fault::MapValueExpected);
            }
            let kind = match class {
                Class::Wq => FieldKind::Wq,
                Class::Timer => FieldKind::Timer,
                _ => FieldKind::TaskWork,
            };
            f.map = Some(helper_args::async_field(vm, r, kind)?);
        }
        Class::IrqFlag => {
            let lock = k.name.contains("spin");
            let at = if k.name.contains("save") {
                irq::uninit(vm, r)?
            } else {
                irq::restorable(vm, r, lock)?
            };
            f.irq = Some(at);
        }
        Class::ResSpinLock => {
            if !in_map && !owned {
                return refuse_reg(r, Fault::LockHolderExpected);
            }
            let kind = if k.name.contains("irq") {
                RefKind::ResLockIrq
            } else {
                RefKind::ResLock
            };
            let op = LockOp {
                take: !k.name.contains("unlock"),
                kind,
            };
            f.lock = Some(locks::check(vm, r, op)?);
        }
    }
    Ok(())
}

fn referenced(reg: &Reg, r: u8) -> Check<()> {
    if reg.ref_id == 0 {
        return refuse_reg(r, Fault::ObjectUnreferenced);
    }
    Ok(())
}

fn node(vm: &Vm, r: u8, reg: &Reg, f: &mut Facts) -> Check<()> {
    let Some(root) = f.root.clone() else {
        return unknown("graph-node-before-root");
    };
    graph::node(vm, r, &root)?;
    f.object = object_of(reg);
    Ok(())
}

fn object_of(reg: &Reg) -> Option<(BtfSrc, u32)> {
    match reg.kind {
        Kind::Btf { btf, id } => Some((btf, id)),
        _ => None,
    }
}

fn alloc_object(k: &Kfunc<'_>, i: usize, reg: &Reg, f: &mut Facts) -> Check<()> {
    let r = i as u8 + 1;
    let (want, other) = match reg.kind {
        Kind::Btf { .. } if reg.flags == Flags::ALLOC => ("bpf_obj_drop", Fault::DropExpected),
        Kind::Btf { .. } if reg.flags == Flags::ALLOC.with(Flags::PERCPU) => {
            ("bpf_percpu_obj_drop", Fault::DropPercpuExpected)
        }
        _ => {
            return refuse_reg(r, Fault::ObjectExpected);
        }
    };
    if k.api != want {
        return refuse_reg(r, other);
    }
    referenced(reg, r)?;
    f.object = object_of(reg);
    Ok(())
}

fn dynptr_arg(vm: &Vm, k: &Kfunc<'_>, p: &Param<'_>, r: u8, f: &mut Facts) -> Check<()> {
    if !has_suffix(p, "__uninit") {
        let want = (k.name == "bpf_dynptr_file_discard").then_some(DynptrType::File);
        let d = dynptr::check_init(vm, r, want, false)?;
        f.dynptr = Some(d);
        f.read_dynptrs.push(d);
        return Ok(());
    }
    let (ty, share) = match k.name {
        "bpf_dynptr_from_skb" => (DynptrType::Skb, 0),
        "bpf_dynptr_from_xdp" => (DynptrType::Xdp, 0),
        "bpf_dynptr_from_skb_meta" => (DynptrType::SkbMeta, 0),
        "bpf_dynptr_from_file" => (DynptrType::File, 0),
        "bpf_dynptr_clone" => match f.dynptr {
            Some(d) => (d.ty, d.ref_id),
            None => return unknown("dynptr-clone"),
        },
        _ => return unknown(format!("kfunc:{}", k.name)),
    };
    let (frame, at) = dynptr::check_uninit(vm, r)?;
    f.new_dynptrs.push((frame, at, ty, share));
    Ok(())
}

fn iter_arg(vm: &Vm, k: &Kfunc<'_>, p: &Param<'_>, r: u8, f: &mut Facts) -> Check<()> {
    if !matches!(vm.reg(r).kind, Kind::Stack { .. }) {
        return refuse_reg(r, Fault::IterExpected);
    }
    let name = pointee(k.btf, p.ty).map_or("", |(_, t)| t.name());
    let Some(short) = name.strip_prefix("bpf_iter_") else {
        return refuse_reg(r, Fault::IterUnnamed);
    };
    let Some((id, target)) = pointee(k.btf, p.ty) else {
        return unknown("kfunc-argument");
    };
    let size = target.composite().map_or(0, |s| s.size);
    let rcu = iter_is_rcu(vm, short);
    let ty = iter::IterType {
        id,
        slots: (size / 8) as usize,
        rcu,
    };
    if ty.slots == 0 {
        return unknown("iterator-without-size");
    }
    if k.is_iter_new() {
        if short == "css_task" && !css_task_allowed(vm) {
            return refuse_reg(r, Fault::IterCssTask);
        }
        let at = iter::uninit(vm, r, ty, short)?;
        f.iter = Some((at, ty, 0));
    } else {
        let (at, ref_id) = iter::init(vm, r, ty, short)?;
        f.iter = Some((at, ty, ref_id));
        f.ref_id = ref_id;
    }
    Ok(())
}

/// Whether the iterator's elements are protected by RCU: its constructor says.
fn iter_is_rcu(vm: &Vm, short: &str) -> bool {
    let name = format!("bpf_iter_{short}_new");
    crate::helpers_spec::kfunc(&name, vm.env.target.kfunc_spec(&name))
        .is_some_and(|s| s.flags.contains(KfFlags::RCU_PROTECTED))
}

fn css_task_allowed(vm: &Vm) -> bool {
    let program = vm.env.program;
    match program.prog_type.name() {
        "lsm" => true,
        "tracing" => {
            program.sleepable
                || program
                    .attach_type
                    .is_some_and(|a| a.name() == "trace_iter")
        }
        _ => program.sleepable,
    }
}

/// A pointer to a kernel object (or map) must point to the struct wanted.
fn btf_arg(vm: &Vm, k: &Kfunc<'_>, class: Class, i: usize, reg: &Reg, f: &Facts) -> Check<()> {
    let r = i as u8 + 1;
    let params = k.params();
    let unsafe_flags = Flags::USER
        .with(Flags::PERCPU)
        .with(Flags::UNTRUSTED)
        .with(Flags::RDONLY);
    let is_rcu = reg.flags.has(Flags::RCU);
    let usable = match reg.kind {
        Kind::Btf { .. } => !reg.flags.has(unsafe_flags) || is_rcu,
        Kind::ConstMap { .. } => true,
        _ => reg.is_socket(),
    };
    if !usable {
        return refuse_reg(r, Fault::KernelObjectExpected { held: *reg });
    }
    let want = if matches!(class, Class::Map | Class::ConstMap) {
        k.btf.find_struct("bpf_map")
    } else {
        pointee(k.btf, params[i].ty).map(|(id, _)| id)
    };
    let Some(want) = want else {
        return unknown("no-kernel-btf");
    };
    let have = match reg.kind {
        Kind::Btf { btf, id } => Some((btf, id)),
        Kind::ConstMap { .. } => k.btf.find_struct("bpf_map").map(|id| (BtfSrc::Kernel, id)),
        Kind::SockCommon => k
            .btf
            .find_struct("sock_common")
            .map(|id| (BtfSrc::Kernel, id)),
        Kind::TcpSock => k.btf.find_struct("tcp_sock").map(|id| (BtfSrc::Kernel, id)),
        Kind::XdpSock => k.btf.find_struct("xdp_sock").map(|id| (BtfSrc::Kernel, id)),
        _ => k.btf.find_struct("sock").map(|id| (BtfSrc::Kernel, id)),
    };
    let Some(have) = have else {
        return unknown("no-kernel-btf");
    };
    let want_name = k.btf.name(want);
    let have_name =
        super::btf_ptr::btf_of(vm, have.0).map_or("", |b| b.name(b.skip_mods_typedefs(have.1)));
    let strict = k.is(KfFlags::ACQUIRE) && !by_prototype(vm)
        || k.is(KfFlags::RELEASE) && f.ref_id != 0 && reg.ref_id != 0
        || nocast_alias(want_name, have_name);
    let same = struct_match::matches(vm, have, reg.off, (BtfSrc::Kernel, want), strict);
    if !same && !projection(want_name, have_name) {
        let fault = Fault::StructArgument {
            name: k.name.into(),
            want: want_name.into(),
            have: have_name.into(),
        };
        return refuse_reg(r, fault);
    }
    Ok(())
}

/// `foo` and `foo___init` are one struct in memory but not to a kfunc.
fn nocast_alias(a: &str, b: &str) -> bool {
    let alias = |x: &str, y: &str| x.strip_suffix("___init") == Some(y);
    alias(a, b) || alias(b, a)
}

/// A context's public struct and the kernel's own.
fn projection(want: &str, have: &str) -> bool {
    matches!(
        (want, have),
        ("__sk_buff", "sk_buff") | ("xdp_md", "xdp_buff")
    )
}

fn sized_mem(vm: &Vm, params: &[Param<'_>], i: usize, reg: &Reg, f: &mut Facts) -> Check<()> {
    let r = i as u8 + 1;
    let optional = has_suffix(&params[i], "__opt") || has_suffix(&params[i], "__nullable");
    if by_prototype(vm) {
        let size = *vm.reg(r + 1);
        scalar(vm, &params[i + 1], r + 1, &size, f)?;
    }
    if !(reg.is_null() && optional) {
        let (touched, _) = mem_region::check_sized_nullable(vm, r, r + 1)?;
        f.touched.push(touched);
    }
    if has_suffix(&params[i + 1], "__szk") {
        let Some(value) = vm.reg(r + 1).bounds.is_const() else {
            return refuse_reg(r + 1, Fault::ArgumentNotKnown);
        };
        f.constant = Some(value);
    }
    Ok(())
}
