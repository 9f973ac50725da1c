//! What an argument that has met its demands tells of the call, purpose by purpose.
//!
//! Here stand the rules that need more than the register: what lies in the stack,
//! the map's value or the object that it points to.

use super::super::{const_str, dynptr, graph, irq, iter, locks, map_args, mem_region};
use super::facts::Facts;
use super::matcher::Arg;
use super::object;
use super::rule::{Iterator, Number, Ownership, Purpose, SizedMemory};
use crate::abstract_interp::btf_record::{self, FieldKind};
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, RefId, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::{AttachType, ProgType};

/// Gathers what the argument tells.
pub fn gather(arg: &Arg<'_, '_>, purpose: &Purpose<'_>, f: &mut Facts) -> Check<()> {
    let (vm, r, reg) = (arg.vm, arg.r, arg.reg);
    match purpose {
        Purpose::Drop { percpu, .. } => dropped(r, reg, *percpu, f)?,
        Purpose::Counted { .. } => counted(vm, r, reg, f)?,
        Purpose::Dynptr(want) => {
            let d = dynptr::check_init(vm, r, *want, false)?;
            f.dynptr = Some(d);
            f.read_dynptrs.push(d);
        }
        Purpose::NewDynptr(ty) => {
            let (frame, at) = dynptr::check_uninit(vm, r)?;
            f.new_dynptrs.push((frame, at, *ty, RefId::NONE));
        }
        Purpose::DynptrClone => {
            let Some(of) = f.dynptr else {
                return unknown("dynptr-clone");
            };
            let (frame, at) = dynptr::check_uninit(vm, r)?;
            f.new_dynptrs.push((frame, at, of.ty, of.ref_id));
        }
        Purpose::Iterator(rule) => iterator(vm, r, rule, f)?,
        Purpose::Collection(kind) => f.root = Some(graph::root(vm, r, *kind)?),
        Purpose::Node(whose) => node(arg, *whose, f)?,
        Purpose::Text => const_str::check(vm, r)?,
        Purpose::Map { checked, .. } => map(arg, *checked, f)?,
        Purpose::Field(kind) => f.map = Some(map_args::field(vm, r, *kind)?),
        Purpose::IrqFlags { save, lock } => {
            let at = match save {
                true => irq::uninit(vm, r)?,
                false => irq::restorable(vm, r, *lock)?,
            };
            f.irq = Some((at, *save, *lock));
        }
        Purpose::Lock(op) => f.lock = Some(locks::check(vm, r, *op)?),
        Purpose::Function => {
            if let Kind::Func { subprog } = reg.kind {
                f.callback = Some(subprog);
            }
        }
        Purpose::Object(want) => object::check(vm, arg.k, r, Some(*want), f)?,
        Purpose::Memory(Some(size)) => f.touched.push(mem_region::check_nullable(vm, r, *size)?),
        Purpose::Memory(None) => return refuse_reg(r, Fault::ArgumentUnsized),
        Purpose::Sized(rule) => sized(vm, r, *rule, f)?,
        // The demands have said all, or nothing of these comes here.
        Purpose::Context
        | Purpose::Implicit
        | Purpose::Number(_)
        | Purpose::Open(_)
        | Purpose::Unfit(_)
        | Purpose::Unmodelled => {}
    }
    Ok(())
}

/// A number, which some kfuncs must know.
pub fn number(vm: &Vm, r: u8, number: Number, f: &mut Facts) -> Check<()> {
    let reg = vm.reg(r);
    if !reg.is_scalar() {
        return refuse_reg(r, Fault::ArgumentNotScalar);
    }
    let fault = match number {
        Number::Any => return Ok(()),
        Number::Known => Fault::ArgumentNotKnown,
        Number::Returned { .. } if f.r0_size.is_some() => return refuse(Fault::KfuncBufferSizes),
        Number::Returned { .. } => Fault::KfuncBufferSize,
    };
    let Some(value) = reg.bounds.is_const() else {
        return refuse_reg(r, fault);
    };
    vm.need_precise(r);
    match number {
        Number::Returned { rdonly } => {
            f.r0_size = Some(value as u32);
            f.r0_rdonly = rdonly;
        }
        Number::Any | Number::Known => f.constant = Some(value),
    }
    Ok(())
}

fn object_of(reg: &Reg) -> Option<(BtfSrc, u32)> {
    match reg.kind {
        Kind::Btf { btf, id } => Some((btf, id)),
        _ => None,
    }
}

/// What was allocated for each CPU is freed for each CPU.
fn dropped(r: u8, reg: &Reg, percpu: bool, f: &mut Facts) -> Check<()> {
    match (percpu, reg.flags.has(Flags::PERCPU)) {
        (true, false) => return refuse_reg(r, Fault::DropExpected),
        (false, true) => return refuse_reg(r, Fault::DropPercpuExpected),
        _ => {}
    }
    f.object = object_of(reg);
    Ok(())
}

fn counted(vm: &Vm, r: u8, reg: &Reg, f: &mut Facts) -> Check<()> {
    if !btf_record::of_reg(&vm.env, reg).has(FieldKind::Refcount) {
        return refuse_reg(r, Fault::ObjectUncounted);
    }
    f.owning = !reg.flags.has(Flags::NON_OWN_REF);
    f.object = object_of(reg);
    Ok(())
}

fn iterator(vm: &Vm, r: u8, rule: &Iterator<'_>, f: &mut Facts) -> Check<()> {
    let Some(name) = rule.name else {
        return refuse_reg(r, Fault::IterUnnamed);
    };
    if rule.ty.slots == 0 {
        return unknown("iterator-without-size");
    }
    if rule.css_task && !sees_css_tasks(vm) {
        return refuse_reg(r, Fault::IterCssTask);
    }
    if rule.new {
        let at = iter::uninit(vm, r, rule.ty, name)?;
        f.iter = Some((at, rule.ty, RefId::NONE));
    } else {
        let (at, ref_id) = iter::init(vm, r, rule.ty, name)?;
        f.iter = Some((at, rule.ty, ref_id));
        f.ref_id = ref_id;
    }
    Ok(())
}

/// Whether the program's hook allows the lock that guards a css's tasks.
fn sees_css_tasks(vm: &Vm) -> bool {
    let program = vm.env.program;
    let walks = program.attach_type == Some(AttachType::TraceIter);
    match program.prog_type {
        ProgType::Lsm => true,
        ProgType::Tracing => program.sleepable || walks,
        _ => program.sleepable,
    }
}

fn node(arg: &Arg<'_, '_>, whose: Ownership, f: &mut Facts) -> Check<()> {
    let (vm, r, reg) = (arg.vm, arg.r, arg.reg);
    if whose == Ownership::Collection {
        let name = || arg.k.name.into();
        if !reg.flags.has(Flags::NON_OWN_REF) && reg.ref_id.is_none() {
            return refuse_reg(r, Fault::NodeReference { name: name() });
        }
        if locks::in_node_callback(vm) {
            return refuse_reg(r, Fault::NodeInCallback { name: name() });
        }
    }
    let Some(root) = &f.root else {
        return unknown("graph-node-before-root");
    };
    graph::node(vm, r, root)?;
    f.object = object_of(reg);
    Ok(())
}

fn map(arg: &Arg<'_, '_>, checked: bool, f: &mut Facts) -> Check<()> {
    if let Kind::ConstMap { map, uid } = arg.reg.kind {
        // A work queue of an inner map goes with that very map. A map without special
        // fields has no place where kernels look for such a field: they fault there.
        let env = &arg.vm.env;
        let bare = || env.records.of_map(map).fields.is_empty();
        if let Some((before, of)) = f.map
            && (before, of) != (map, uid)
            && (btf_record::inner_needs_uid(env, map) || bare())
        {
            let fault = Fault::WorkqueueOfOtherMap {
                uid: of.into(),
                other: uid.into(),
            };
            return refuse_reg(arg.r, fault);
        }
        f.map = Some((map, uid));
    }
    if !checked {
        return Ok(());
    }
    let want = arg.k.btf.find_struct("bpf_map");
    object::check(arg.vm, arg.k, arg.r, want, f)
}

fn sized(vm: &Vm, r: u8, rule: SizedMemory, f: &mut Facts) -> Check<()> {
    if let Some(size) = rule.size {
        number(vm, r + 1, size, f)?;
    }
    if !(rule.optional && vm.reg(r).is_null()) {
        let (touched, _) = mem_region::check_sized_nullable(vm, r, r + 1)?;
        f.touched.push(touched);
    }
    if rule.constant {
        let Some(value) = vm.reg(r + 1).bounds.is_const() else {
            return refuse_reg(r + 1, Fault::ArgumentNotKnown);
        };
        f.constant = Some(value);
    }
    Ok(())
}
