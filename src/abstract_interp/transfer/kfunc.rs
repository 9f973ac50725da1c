//! Calls of kernel functions.
//!
//! A call is checked (`checks::kfunc_allowed`, `checks::args`) and then takes effect
//! in an order that later effects rely on: objects on the stack and callbacks as the
//! arguments say, sections, references, the result, locks. What each effect is
//! follows from the kfunc's flags and role and the facts of its arguments.

use super::subprog::{self, Callback};
use super::{dynptr, irq, iter, locks, mem, refs, sections};
use crate::abstract_interp::btf_record::{self, FieldKind};
use crate::abstract_interp::checks::args::facts::Facts;
use crate::abstract_interp::checks::args::kfunc::Kfunc;
use crate::abstract_interp::checks::args::matcher;
use crate::abstract_interp::checks::sections as section_checks;
use crate::abstract_interp::checks::{
    graph, kfunc_allowed, kfunc_ret, leaks, references, return_value,
};
use crate::abstract_interp::domain::Bounds;
use crate::abstract_interp::refusal::{Section, Way};
use crate::abstract_interp::value::{BtfSrc, Flags, RefId, Reg};
use crate::abstract_interp::vm::{Check, Next, Vm, unknown};
use crate::helpers_spec::{KfFlags, KfRole};
use crate::prelude::*;

/// A call of kfunc `imm` of the program.
pub fn call(vm: &mut Vm<'_>, imm: i32, _off: i16) -> Check<Next> {
    let index = imm as usize;
    kfunc_allowed::by_name(vm, kfunc_allowed::named(vm, index)?)?;
    let k = &*Kfunc::of(&vm.env, index)?;
    kfunc_allowed::entered(vm, k)?;
    if takes_lock(k) {
        fork_lock_failed(vm)?;
    }
    let facts = matcher::check(vm, k)?;
    vm.flush_precision()?;
    kfunc_allowed::droppable(vm, k, &facts)?;
    on_stack(vm, k, &facts)?;
    call_back(vm, k, &facts)?;
    cross_sections(vm, k)?;
    give_back(vm, k, &facts)?;
    if k.role() == KfRole::Throw {
        return throw(vm);
    }
    set_result(vm, k, &facts)?;
    if let Some(lock) = facts.lock {
        locks::apply(vm, lock);
        if !lock.op.take {
            sections::left(vm, Section::Lock);
        }
        if takes_lock(k) {
            vm.cur.set_reg(0, Reg::constant(0));
        }
    }
    if k.role() == KfRole::ChangesPacket {
        refs::invalidate_packet(&mut vm.cur);
    }
    if let (true, Some((at, ..))) = (k.is(KfFlags::ITER_NEXT), facts.iter) {
        iter::next(vm, at)?;
    }
    Ok(Next::Fallthrough)
}

/// Whether it takes a lock, or fails and says so by its result.
fn takes_lock(k: &Kfunc<'_>) -> bool {
    matches!(k.role(), KfRole::LockTake | KfRole::LockTakeIrq)
}

/// Taking a resilient lock may fail: that path is walked later.
fn fork_lock_failed(vm: &mut Vm<'_>) -> Check<()> {
    let rules = *vm.env.rules();
    let insn = vm.insn;
    let failed = vm.push_branch(insn + 1)?;
    for r in 0..=5 {
        failed.set_reg(r, Reg::UNINIT);
    }
    failed.set_reg(0, Reg::scalar(Bounds::from_s32_range(-4095, -1, &rules)));
    Ok(())
}

/// What the call does to the stack: bytes, dynptrs, iterators, saved flags.
fn on_stack(vm: &mut Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<()> {
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
    if let (KfRole::DynptrFileDrop, Some(d)) = (k.role(), f.dynptr) {
        dynptr::unmake(vm, &d);
    }
    match f.iter {
        Some((at, ty, _)) if k.is(KfFlags::ITER_NEW) => iter::make(vm, at, ty),
        Some((at, ty, ref_id)) => {
            iter::read(vm, at, ty.slots);
            if k.is(KfFlags::ITER_DESTROY) {
                iter::destroy(vm, at, ty.slots, ref_id);
            }
        }
        None => {}
    }
    match f.irq {
        Some((at, true, lock)) => irq::save(vm, at, lock),
        Some((at, false, _)) => {
            irq::restore(vm, at);
            sections::left(vm, Section::Irq);
        }
        None => {}
    }
    Ok(())
}

/// Walks the callback, now or for later, if one is passed.
fn call_back(vm: &mut Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<()> {
    let Some(subprog) = f.callback else {
        return Ok(());
    };
    let callback = match (k.role(), &f.root, f.map) {
        (KfRole::TreeInsert, Some(root), _) => Callback::RbtreeAdd {
            node: graph::node_pointer(root),
        },
        (KfRole::WqCallback, _, Some((map, uid))) => Callback::Workqueue { map, uid },
        (KfRole::TaskWork, _, Some((map, uid))) => Callback::TaskWork { map, uid },
        _ => return unknown(format!("kfunc:{}", k.name)),
    };
    subprog::push_callback(vm, subprog as usize, callback)?;
    Ok(())
}

/// Opens or closes a section; the call is made inside those that are open then.
fn cross_sections(vm: &mut Vm<'_>, k: &Kfunc<'_>) -> Check<()> {
    if let Some(crossing) = section_checks::crossed(vm, k)? {
        sections::cross(vm, crossing);
    }
    section_checks::inside(vm, k)
}

/// References given back, or handed to a collection.
fn give_back(vm: &mut Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<()> {
    if let Some(r) = f.release {
        let id = vm.reg(r).ref_id;
        released(vm, k, id)?;
    }
    if matches!(k.role(), KfRole::ListInsert | KfRole::TreeInsert) {
        let id = vm.reg(2).ref_id;
        hand_over(vm, id, f);
        released(vm, k, id)?;
    }
    Ok(())
}

fn released(vm: &mut Vm<'_>, k: &Kfunc<'_>, id: RefId) -> Check<()> {
    let held = id.is_some() && refs::release(&mut vm.cur, id);
    references::held_for_kfunc(held, k.name)
}

/// The program's pointers to an object that a collection now owns.
fn hand_over(vm: &mut Vm<'_>, id: RefId, f: &Facts) {
    if id.is_none() {
        return;
    }
    let counted = match f.object {
        Some((BtfSrc::Program, id)) => vm.env.records.of_type(id).has(FieldKind::Refcount),
        _ => false,
    };
    let lent = if counted {
        Flags::NON_OWN_REF.with(Flags::RCU)
    } else {
        Flags::NON_OWN_REF
    };
    let lend = |r: &mut Reg| {
        r.ref_id = RefId::NONE;
        r.flags = r.flags.with(lent);
    };
    vm.cur.for_each_reg_mut(|r| r.ref_id == id, lend);
}

fn throw(vm: &mut Vm<'_>) -> Check<Next> {
    if vm.env.exception_callback().is_none() {
        return_value::check(vm, 1)?;
        vm.flush_precision()?;
    }
    let leaves = vm.env.target.behaviour().throw_leaves_sections();
    let sections = vm.cur.curframe() == 0 || !leaves;
    let way = if leaves { Way::Exit } else { Way::Throw };
    leaks::check(vm, true, sections, way)?;
    Ok(Next::End)
}

/// Registers after the call.
fn set_result(vm: &mut Vm<'_>, k: &Kfunc<'_>, f: &Facts) -> Check<()> {
    let r0 = kfunc_ret::of(vm, k, f)?;
    for r in 0..=5 {
        vm.cur.set_reg(r, Reg::UNINIT);
    }
    if let Some(mut r0) = r0 {
        if r0.is_pointer() {
            identify(vm, k, f, &mut r0);
        }
        vm.cur.set_reg(0, r0);
    }
    Ok(())
}

/// Nullability, references and ids of a returned pointer.
fn identify(vm: &mut Vm<'_>, k: &Kfunc<'_>, f: &Facts, r0: &mut Reg) {
    // An owner's object cannot vanish before another reference to it is taken.
    let surely = k.role() == KfRole::RefcountAcquire && f.owning;
    let nullable = k.is(KfFlags::RET_NULL) && !surely;
    if nullable {
        r0.flags = r0.flags.with(Flags::MAYBE_NULL);
        r0.id = vm.new_id();
    }
    if k.is(KfFlags::ACQUIRE) {
        r0.ref_id = refs::acquire(vm);
        if nullable {
            r0.id = r0.ref_id.number();
        }
    } else if f.root.is_some() && k.returns_node() {
        graph::set_non_owning(vm, r0);
    }
    if r0.id == 0 && btf_record::may_hold_lock(&vm.env, r0) {
        r0.id = vm.new_id();
    }
}
