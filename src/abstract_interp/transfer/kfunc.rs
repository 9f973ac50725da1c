//! Calls of kernel functions.

use super::subprog::{self, Callback};
use super::{dynptr, irq, iter, mem, refs};
use crate::abstract_interp::btf_record::FieldKind;
use crate::abstract_interp::checks::kfunc_args::{self, Facts};
use crate::abstract_interp::checks::kfunc_proto::{Kfunc, is_scalar_struct, pointee};
use crate::abstract_interp::checks::{graph, helper_ret, leaks, locks, return_value};
use crate::abstract_interp::domain::Bounds;
use crate::abstract_interp::refusal::{Fault, Section, Way, refuse};
use crate::abstract_interp::value::{BtfSrc, DynptrType, Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Next, Vm, unknown};
use crate::helpers_spec::{AttachType, KfFlags, ProgType};
use crate::object::btf::Type;

/// Kfuncs that are allowed while a spin lock is held, beside those on
/// collections, iterators over numbers, and resilient locks.
const UNDER_LOCK: &[&str] = &[
    "bpf_list_push_front_impl",
    "bpf_list_push_back_impl",
    "bpf_list_pop_front",
    "bpf_list_pop_back",
    "bpf_list_front",
    "bpf_list_back",
    "bpf_rbtree_add_impl",
    "bpf_rbtree_remove",
    "bpf_rbtree_first",
    "bpf_rbtree_root",
    "bpf_rbtree_left",
    "bpf_rbtree_right",
    "bpf_refcount_acquire_impl",
    "bpf_iter_num_new",
    "bpf_iter_num_next",
    "bpf_iter_num_destroy",
    "bpf_res_spin_lock",
    "bpf_res_spin_unlock",
    "bpf_res_spin_lock_irqsave",
    "bpf_res_spin_unlock_irqrestore",
];

/// Whether a kfunc may be called while a spin lock is held.
fn allowed_under_lock(vm: &Vm<'_>, name: &str) -> bool {
    if vm.env.target.behaviour.kfuncs_say_lock_safe {
        crate::helpers_spec::kfunc(name, vm.env.target.kfunc_spec(name))
            .is_some_and(|k| k.flags.contains(KfFlags::SPINLOCK_SAFE))
    } else {
        UNDER_LOCK.contains(&name)
    }
}

/// A call of kfunc `imm` of the program.
pub fn call(vm: &mut Vm<'_>, imm: i32, _off: i16) -> Check<Next> {
    if !vm.env.target.behaviour.kfuncs {
        return refuse(Fault::CallReserved);
    }
    let index = imm as usize;
    let name = match vm.env.program.kfuncs.get(index) {
        Some(k) => k.name.clone(),
        None => return refuse(Fault::KfuncUnnamed),
    };
    if vm.cur.active_locks > 0 && !allowed_under_lock(vm, &name) {
        return refuse(Fault::CallUnderLock);
    }
    let program = vm.env.program;
    if !program.gpl_compatible {
        return refuse(Fault::KfuncLicence);
    }
    let k = Kfunc::of(vm, index)?;
    if !crate::helpers_spec::kfunc_allowed(
        &name,
        program.prog_type,
        program.attach_type,
        program.attach_to.as_deref(),
        vm.env.target.kfunc_spec(&name),
    ) {
        let name = (&*name).into();
        return refuse(Fault::KfuncForbidden { name });
    }
    let takes_lock = matches!(&*name, "bpf_res_spin_lock" | "bpf_res_spin_lock_irqsave");
    if &*name == "__bpf_trap" {
        return refuse(Fault::Trap);
    }
    let sleepable = k.is(KfFlags::SLEEPABLE);
    if sleepable && !vm.cur.in_sleepable {
        let name = (&*name).into();
        return refuse(Fault::KfuncNeedsSleepable { name });
    }
    if takes_lock {
        lock_failed(vm)?;
    }
    let facts = kfunc_args::check(vm, &k)?;
    vm.flush_precision()?;
    drop_allowed(vm, &k, &facts)?;
    arguments_done(vm, &k, &facts)?;
    sections(vm, &k, sleepable)?;
    if k.is(KfFlags::RCU_PROTECTED) && !vm.in_rcu_section() {
        let name = (&*name).into();
        return refuse(Fault::KfuncNeedsRcu { name });
    }
    release(vm, &k, &facts)?;
    if &*name == "bpf_throw" {
        return throw(vm);
    }
    let r0 = returned(vm, &k, &facts)?;
    for r in 0..=5 {
        vm.cur.set_reg(r, Reg::UNINIT);
    }
    if let Some(mut r0) = r0 {
        if r0.is_pointer() {
            finish_pointer(vm, &k, &facts, &mut r0);
        }
        vm.cur.set_reg(0, r0);
    }
    if let Some(lock) = facts.lock {
        super::locks::apply(vm, lock);
        if !lock.op.take {
            leave_section(vm);
        }
        if takes_lock {
            vm.cur.set_reg(0, Reg::constant(0));
        }
    }
    if crate::helpers_spec::kfunc_changes_packet(&name) {
        refs::invalidate_packet(&mut vm.cur);
    }
    if k.is_iter_next()
        && let Some((at, ..)) = facts.iter
    {
        iter::next(vm, at)?;
    }
    Ok(Next::Fallthrough)
}

/// Where the program may run in an NMI, objects with fields that must be torn
/// down under locks cannot be dropped.
fn drop_allowed(vm: &Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<()> {
    if !vm.env.target.behaviour.drops_nmi_safe
        || !matches!(k.api, "bpf_obj_drop" | "bpf_percpu_obj_drop")
    {
        return Ok(());
    }
    let program = vm.env.program;
    let traces = match program.prog_type {
        ProgType::Kprobe
        | ProgType::Tracepoint
        | ProgType::PerfEvent
        | ProgType::RawTracepoint
        | ProgType::RawTracepointWritable => true,
        ProgType::Tracing => {
            program.attach_type != Some(AttachType::TraceIter) && !program.sleepable
        }
        _ => false,
    };
    let safe = |kind: FieldKind| {
        matches!(
            kind,
            FieldKind::SpinLock
                | FieldKind::ResSpinLock
                | FieldKind::Timer
                | FieldKind::Wq
                | FieldKind::TaskWork
                | FieldKind::KptrUnref
                | FieldKind::Refcount
        )
    };
    let fields = match f.object {
        Some((BtfSrc::Program, id)) => &vm.env.records.of_type(id).fields,
        _ => return Ok(()),
    };
    if traces && fields.iter().any(|field| !safe(field.kind)) {
        let name = k.name.into();
        return refuse(Fault::ObjectInTracing { name });
    }
    Ok(())
}

/// Taking a resilient lock may fail: that path is walked later.
fn lock_failed(vm: &mut Vm<'_>) -> Check<()> {
    let rules = vm.env.rules;
    let insn = vm.insn;
    let failed = vm.push_branch(insn + 1)?;
    for r in 0..=5 {
        failed.set_reg(r, Reg::UNINIT);
    }
    failed.set_reg(0, Reg::scalar(Bounds::from_s32_range(-4095, -1, &rules)));
    Ok(())
}

/// What takes effect once all arguments have passed.
fn arguments_done(vm: &mut Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<()> {
    for &touched in &f.touched {
        mem::touch(vm, touched);
        mem::clobber_stack_region(vm, touched)?;
    }
    for d in &f.read_dynptrs {
        dynptr::read(vm, d);
    }
    for &(frame, at, ty, share) in &f.new_dynptrs {
        dynptr::make(vm, frame, at, ty, share);
    }
    if k.name == "bpf_dynptr_file_discard"
        && let Some(d) = f.dynptr
    {
        dynptr::unmake(vm, &d);
    }
    if let Some((at, ty, ref_id)) = f.iter {
        if k.is_iter_new() {
            iter::make(vm, at, ty);
        } else {
            iter::read(vm, at, ty.slots);
            if k.is_iter_destroy() {
                iter::destroy(vm, at, ty.slots, ref_id);
            }
        }
    }
    if let Some(at) = f.irq {
        let lock = k.name.contains("spin");
        if k.name.contains("save") {
            irq::save(vm, at, lock);
        } else {
            irq::restore(vm, at);
            leave_section(vm);
        }
    }
    if let Some(subprog) = f.callback {
        let callback = match k.api {
            "bpf_rbtree_add" => match &f.root {
                Some(root) => Callback::RbtreeAdd {
                    node: graph::node_pointer(root),
                },
                None => return unknown("rbtree-callback"),
            },
            "bpf_wq_set_callback" => match f.map {
                Some((map, uid)) => Callback::Workqueue { map, uid },
                None => return unknown("workqueue-callback"),
            },
            name if name.starts_with("bpf_task_work_schedule") => match f.map {
                Some((map, uid)) => Callback::TaskWork { map, uid },
                None => return unknown("task-work-callback"),
            },
            name => return unknown(format!("kfunc:{name}")),
        };
        subprog::push_callback(vm, subprog as usize, callback)?;
    }
    Ok(())
}

/// RCU, preempt and IRQ sections.
fn sections(vm: &mut Vm<'_>, k: &Kfunc<'_>, sleepable: bool) -> Check<()> {
    let name = k.name;
    let (rcu_lock, rcu_unlock) = (name == "bpf_rcu_read_lock", name == "bpf_rcu_read_unlock");
    if vm.env.target.behaviour.context_protects_rcu {
        return sections_by_context(vm, name, sleepable);
    }
    let nested = vm.env.target.behaviour.nested_rcu_sections;
    if vm.cur.active_rcu > 0 {
        if (rcu_lock || rcu_unlock) && locks::in_node_callback(vm) {
            return refuse(Fault::RcuInNodeCallback);
        }
        if rcu_lock {
            if !nested {
                return refuse(Fault::RcuNested { name: name.into() });
            }
            vm.cur.active_rcu += 1;
        } else if rcu_unlock {
            vm.cur.active_rcu -= 1;
            if vm.cur.active_rcu == 0 {
                leave_rcu(vm);
            }
        } else if sleepable {
            return sleeps_in(name, Section::Rcu);
        }
    } else if rcu_lock {
        vm.cur.active_rcu = 1;
    } else if rcu_unlock {
        return refuse(Fault::RcuUnmatched { name: name.into() });
    }
    let (disable, enable) = (name == "bpf_preempt_disable", name == "bpf_preempt_enable");
    if disable {
        vm.cur.active_preempt += 1;
    } else if enable {
        if vm.cur.active_preempt == 0 {
            return refuse(Fault::PreemptUnmatched { name: name.into() });
        }
        vm.cur.active_preempt -= 1;
    } else if sleepable && vm.cur.active_preempt > 0 {
        return sleeps_in(name, Section::Preempt);
    }
    if sleepable && vm.cur.active_irq_id != 0 {
        return sleeps_in(name, Section::Irq);
    }
    Ok(())
}

fn sleeps_in<T>(name: &str, section: Section) -> Check<T> {
    let name = name.into();
    refuse(Fault::KfuncSleepsInSection { name, section })
}

/// The same where all sections protect RCU pointers alike.
fn sections_by_context(vm: &mut Vm<'_>, name: &str, sleepable: bool) -> Check<()> {
    match name {
        "bpf_rcu_read_lock" => vm.cur.active_rcu += 1,
        "bpf_rcu_read_unlock" => {
            if vm.cur.active_rcu == 0 {
                return refuse(Fault::RcuUnmatched { name: name.into() });
            }
            vm.cur.active_rcu -= 1;
            leave_section(vm);
        }
        "bpf_preempt_disable" => vm.cur.active_preempt += 1,
        "bpf_preempt_enable" => {
            if vm.cur.active_preempt == 0 {
                return refuse(Fault::PreemptUnmatched { name: name.into() });
            }
            vm.cur.active_preempt -= 1;
            leave_section(vm);
        }
        _ => {}
    }
    if sleepable && let Some(section) = vm.non_sleepable_context() {
        let name = name.into();
        return refuse(Fault::KfuncSleeps { name, section });
    }
    if name.starts_with("bpf_rcu_read_") && locks::in_node_callback(vm) {
        return refuse(Fault::RcuInNodeCallback);
    }
    Ok(())
}

/// A section or lock was left: where that was the last protection, pointers
/// that RCU protects lose theirs.
pub fn leave_section(vm: &mut Vm<'_>) {
    if vm.env.target.behaviour.context_protects_rcu && !vm.in_rcu_section() {
        leave_rcu(vm);
    }
}

/// Pointers that were valid inside the section only, iterators included.
fn leave_rcu(vm: &mut Vm<'_>) {
    let lent = if vm.env.target.behaviour.context_protects_rcu {
        Flags::NON_OWN_REF
    } else {
        Flags::NONE
    };
    let untrust = |r: &mut Reg| {
        r.flags = r
            .flags
            .without(Flags::RCU.with(Flags::MAYBE_NULL).with(lent))
            .with(Flags::UNTRUSTED);
    };
    vm.cur
        .for_each_reg_mut(|r| r.flags.has(Flags::RCU), untrust);
    for at in 0..vm.cur.frames.len() {
        let rcu_iter = |s: &crate::abstract_interp::stack::Slot| {
            matches!(s.spill.kind, Kind::IterSlot { .. }) && s.spill.flags.has(Flags::RCU)
        };
        if vm.cur.frames[at].stack.any(rcu_iter) {
            let stack = vm.cur.frame_at_mut(at).stack_mut();
            stack.change(|_, s| rcu_iter(s), |s| untrust(&mut s.spill));
        }
    }
}

/// References given back, or handed to a collection.
fn release(vm: &mut Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<()> {
    let not_acquired = || {
        let name = k.name.into();
        refuse(Fault::KfuncNotAcquired { name })
    };
    if let Some(r) = f.release {
        let id = vm.reg(r).ref_id;
        if !refs::release(&mut vm.cur, id) {
            return not_acquired();
        }
    }
    let inserts = [
        "bpf_list_push_front",
        "bpf_list_push_back",
        "bpf_list_add",
        "bpf_rbtree_add",
    ];
    if inserts.contains(&k.api) {
        let id = vm.reg(2).ref_id;
        if id == 0 {
            return not_acquired();
        }
        let refcounted = match f.object {
            Some((BtfSrc::Program, id)) => vm.env.records.of_type(id).has(FieldKind::Refcount),
            _ => false,
        };
        vm.cur.for_each_reg_mut(
            |r| r.ref_id == id,
            |r| {
                r.ref_id = 0;
                r.flags = r.flags.with(Flags::NON_OWN_REF);
                if refcounted {
                    r.flags = r.flags.with(Flags::RCU);
                }
            },
        );
        if !refs::release(&mut vm.cur, id) {
            return not_acquired();
        }
    }
    Ok(())
}

fn throw(vm: &mut Vm<'_>) -> Check<Next> {
    if vm.env.exception_callback().is_none() {
        return_value::check(vm, 1)?;
        vm.flush_precision()?;
    }
    let sections = vm.cur.curframe() == 0 || !vm.env.target.behaviour.throw_leaves_sections;
    let way = if vm.env.target.behaviour.throw_leaves_sections {
        Way::Exit
    } else {
        Way::Throw
    };
    leaks::check(vm, true, sections, way)?;
    Ok(Next::End)
}

/// What r0 holds; `None` when the function returns nothing.
fn returned(vm: &mut Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<Option<Reg>> {
    match k.btf.ty(k.btf.skip_mods_typedefs(k.ret)) {
        Some(Type::Void) => return Ok(None),
        Some(Type::Int { .. } | Type::Enum { .. } | Type::Enum64 { .. }) => {
            return Ok(Some(Reg::unknown()));
        }
        Some(Type::Ptr { .. }) => {}
        _ => return unknown(format!("kfunc:{}", k.name)),
    }
    if let Some(reg) = special(vm, k, f)? {
        return Ok(Some(reg));
    }
    let Some((id, target)) = pointee(k.btf, k.ret) else {
        return unknown("kfunc-return");
    };
    match target {
        Type::Void => Ok(Some(Reg::unknown())),
        Type::Struct(_) => {
            let mut flags = if vm.env.target.behaviour.kfunc_results_trusted {
                Flags::TRUSTED
            } else {
                Flags::NONE
            };
            if k.name == "bpf_get_kmem_cache" {
                flags = Flags::UNTRUSTED;
            } else if k.is(KfFlags::RCU_PROTECTED) {
                flags = Flags::RCU;
            }
            if k.is_iter_next()
                && let Some(((frame, at), ..)) = f.iter
            {
                let rcu = vm.cur.frames[frame]
                    .stack
                    .get(at)
                    .is_some_and(|s| s.spill.flags.has(Flags::RCU));
                flags = if rcu { Flags::RCU } else { Flags::TRUSTED };
            }
            Ok(Some(Reg::pointer(
                Kind::Btf {
                    btf: BtfSrc::Kernel,
                    id,
                },
                flags,
            )))
        }
        _ => {
            let size = match (k.name, f.r0_size) {
                ("bpf_session_cookie", _) => Some(8),
                (_, Some(size)) => Some(size),
                _ => None,
            };
            let rdonly = size.is_none() || f.r0_rdonly;
            let Some(size) = size.filter(|s| *s != 0).or_else(|| k.btf.resolve_size(id)) else {
                let name = k.name.into();
                return refuse(Fault::KfuncReturn { name });
            };
            let mut flags = if rdonly { Flags::RDONLY } else { Flags::NONE };
            if k.is(KfFlags::RCU_PROTECTED) {
                flags = flags.with(Flags::RCU);
            }
            let reg = Reg::pointer(Kind::Mem { size, dynptr_id: 0 }, flags);
            Ok(Some(Reg {
                ref_id: f.ref_id,
                ..reg
            }))
        }
    }
}

/// Kfuncs whose result is not what their prototype says.
fn special(vm: &Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<Option<Reg>> {
    let object = |btf, id, flags| Reg::pointer(Kind::Btf { btf, id }, flags);
    Ok(Some(match k.api {
        "bpf_obj_new" | "bpf_percpu_obj_new" => new_object(vm, k, f)?,
        "bpf_refcount_acquire" => {
            let Some((btf, id)) = f.object else {
                return unknown("refcount-acquire");
            };
            object(btf, id, Flags::ALLOC)
        }
        "bpf_cast_to_kern_ctx" => {
            let Some(id) = kernel_context(vm, k) else {
                return unknown("cast-to-kern-ctx");
            };
            object(BtfSrc::Kernel, id, Flags::TRUSTED)
        }
        "bpf_rdonly_cast" => {
            let id = f.constant.unwrap_or(0) as u32;
            match k.btf.ty(id) {
                Some(Type::Struct(_) | Type::Union(_)) => {
                    object(BtfSrc::Kernel, id, Flags::UNTRUSTED)
                }
                Some(Type::Void) => {
                    let kind = Kind::Mem {
                        size: 0,
                        dynptr_id: 0,
                    };
                    Reg::pointer(kind, Flags::RDONLY.with(Flags::UNTRUSTED))
                }
                Some(_) => {
                    return refuse(Fault::CastType);
                }
                None => {
                    return refuse(Fault::CastUnknown { id: id.into() });
                }
            }
        }
        "bpf_dynptr_slice" | "bpf_dynptr_slice_rdwr" => slice(vm, k, f)?,
        _ => match (&f.root, pointee(k.btf, k.ret).map(|(_, t)| t.name())) {
            (Some(root), Some("bpf_list_node" | "bpf_rb_node")) => graph::node_pointer(root),
            _ => return Ok(None),
        },
    }))
}

/// Percpu objects may be no larger.
const MAX_PERCPU_OBJECT: u32 = 512;

fn new_object(vm: &Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<Reg> {
    let percpu = k.api == "bpf_percpu_obj_new";
    let id = f.constant.unwrap_or(0);
    if id > u64::from(u32::MAX) {
        return refuse(Fault::NewTypeId { id });
    }
    let id = id as u32;
    let Some(btf) = vm.env.program.btf.as_deref() else {
        return refuse(Fault::NewUntyped);
    };
    let Some(Type::Struct(s)) = btf.ty(id) else {
        return refuse(Fault::NewNotStruct);
    };
    if percpu {
        if s.size > MAX_PERCPU_OBJECT {
            let (size, limit) = (s.size.into(), MAX_PERCPU_OBJECT.into());
            return refuse(Fault::NewPercpuSize { size, limit });
        }
        if !is_scalar_struct(btf, id) {
            return refuse(Fault::NewPercpuPointers);
        }
        if !vm.env.records.of_type(id).fields.is_empty() {
            return refuse(Fault::NewPercpuFields);
        }
    }
    let flags = if percpu {
        Flags::ALLOC.with(Flags::PERCPU)
    } else {
        Flags::ALLOC
    };
    Ok(Reg::pointer(
        Kind::Btf {
            btf: BtfSrc::Program,
            id,
        },
        flags,
    ))
}

fn slice(vm: &Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<Reg> {
    let Some(d) = f.dynptr else {
        return unknown("dynptr-slice");
    };
    let Some(size) = f.constant else {
        return unknown("dynptr-slice");
    };
    let mut flags = match d.ty {
        DynptrType::Skb | DynptrType::Xdp | DynptrType::SkbMeta => Flags::DYNPTR_SLICE,
        _ => Flags::NONE,
    };
    if k.name == "bpf_dynptr_slice" {
        flags = flags.with(Flags::RDONLY);
    } else if !helper_ret::may_write_packet(vm) {
        return refuse(Fault::PacketSliceReadOnly);
    }
    Ok(Reg::pointer(
        Kind::Mem {
            size: size as u32,
            dynptr_id: d.id,
        },
        flags,
    ))
}

/// The kernel's own struct of the program's context.
fn kernel_context(vm: &Vm<'_>, k: &Kfunc<'_>) -> Option<u32> {
    let name = match vm.env.program.prog_type.name() {
        "xdp" => "xdp_buff",
        "kprobe" => "pt_regs",
        "perf_event" => "bpf_perf_event_data_kern",
        "sock_ops" => "bpf_sock_ops_kern",
        "sk_msg" => "sk_msg",
        "cgroup_sysctl" => "bpf_sysctl_kern",
        "cgroup_sockopt" => "bpf_sockopt_kern",
        "cgroup_sock" => "sock",
        "cgroup_sock_addr" => "bpf_sock_addr_kern",
        "sk_reuseport" => "sk_reuseport_kern",
        "sk_lookup" => "bpf_sk_lookup_kern",
        "flow_dissector" => "bpf_flow_dissector",
        "cgroup_device" => "bpf_cgroup_dev_ctx",
        "netfilter" => "bpf_nf_ctx",
        "socket_filter" | "sched_cls" | "sched_act" | "lwt_in" | "lwt_out" | "lwt_xmit"
        | "lwt_seg6local" | "sk_skb" | "cgroup_skb" => "sk_buff",
        _ => return None,
    };
    k.btf.find_struct(name)
}

/// Nullability, references and ids of a returned pointer.
fn finish_pointer(vm: &mut Vm<'_>, k: &Kfunc<'_>, f: &Facts, r0: &mut Reg) {
    // An owner's object cannot vanish before another reference to it is taken.
    let surely = k.api == "bpf_refcount_acquire" && f.owning;
    let ret_null = k.is(KfFlags::RET_NULL) && !surely;
    if ret_null {
        r0.flags = r0.flags.with(Flags::MAYBE_NULL);
        r0.id = vm.new_id();
    }
    if k.is(KfFlags::ACQUIRE) {
        let id = refs::acquire(vm);
        if ret_null {
            r0.id = id;
        }
        r0.ref_id = id;
    } else if f.root.is_some()
        && matches!(
            pointee(k.btf, k.ret).map(|(_, t)| t.name()),
            Some("bpf_list_node" | "bpf_rb_node")
        )
    {
        graph::set_non_owning(vm, r0);
    }
    if r0.id == 0 && crate::abstract_interp::btf_record::may_hold_lock(&vm.env, r0) {
        r0.id = vm.new_id();
    }
}
