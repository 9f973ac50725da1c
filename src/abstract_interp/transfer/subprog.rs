//! Calls between a program's own functions: static calls, callbacks, exits.
//!
//! A static function is walked anew at each call, with the caller's frames
//! below it. A callback that a helper runs at once is walked in a frame of its
//! own from a fork of the caller's state, while the caller itself goes on as if
//! the helper had returned; when the callback returns, the helper's call is
//! looked at again, until its states repeat. A callback that runs later starts
//! on its own, with nothing but its arguments.

use super::call::clobber;
use super::{mem, refs};
use crate::abstract_interp::checks::{callee as callee_checks, graph, leaks, return_value};
use crate::abstract_interp::explore::widen;
use crate::abstract_interp::refusal::Way;
use crate::abstract_interp::setup::{globals, prototype};
use crate::abstract_interp::state::{Frame, RetRange, State};
use crate::abstract_interp::value::{BtfSrc, DynptrType, Flags, Kind, MapRef, Reg};
use crate::abstract_interp::vm::{Check, Next, Vm, unknown};

/// Who runs a callback, and with it the arguments that it gets.
#[derive(Clone, Copy, Debug)]
pub enum Callback {
    /// `bpf_for_each_map_elem`.
    MapElem {
        /// The map walked.
        map: MapRef,
    },
    /// `bpf_loop`.
    Loop,
    /// `bpf_find_vma`.
    FindVma,
    /// `bpf_user_ringbuf_drain`.
    UserRingbuf,
    /// `bpf_rbtree_add`: compares nodes.
    RbtreeAdd {
        /// What both arguments are, without ids.
        node: Reg,
    },
    /// `bpf_timer_set_callback`.
    Timer {
        /// The map whose value holds the timer.
        map: MapRef,
        /// The lookup that the value came from.
        uid: u32,
    },
    /// `bpf_wq_set_callback`.
    Workqueue {
        /// The map whose value holds the work queue.
        map: MapRef,
        /// The lookup that the value came from.
        uid: u32,
    },
    /// `bpf_task_work_schedule_*`.
    TaskWork {
        /// The map whose value holds the task work.
        map: MapRef,
        /// The lookup that the value came from.
        uid: u32,
    },
}

impl Callback {
    /// Whether it runs after the call, at a time of its own.
    const fn is_async(self) -> bool {
        matches!(
            self,
            Callback::Timer { .. } | Callback::Workqueue { .. } | Callback::TaskWork { .. }
        )
    }

    /// Sets the callee's frame: arguments, and what it must return.
    fn enter(self, vm: &mut Vm<'_>, caller: &Frame, callee: &mut Frame) -> Check<()> {
        // Older kernels forget which lookup gave an inner map.
        let told = vm.env.target.behaviour().callback_map_uid();
        let uid_of = |uid: u32| if told { uid } else { 0 };
        let arg = |r: u8| caller.regs[r as usize];
        let mut set = |r: u8, reg: Reg| callee.regs[r as usize] = reg;
        let pointer = |kind| Reg::pointer(kind, Flags::NONE);
        let mut range = RetRange { min: 0, max: 1 };
        match self {
            Callback::MapElem { map } => {
                callee_checks::walks_map(vm, map)?;
                let Kind::ConstMap { map, uid } = caller.regs[1].kind else {
                    return unknown("for-each-map");
                };
                set(1, arg(1));
                let uid = uid_of(uid);
                set(2, pointer(Kind::MapKey { map, uid }));
                set(3, pointer(Kind::MapValue { map, uid }));
                set(4, arg(3));
            }
            Callback::Loop => {
                set(1, Reg::unknown());
                set(2, arg(3));
            }
            Callback::FindVma => {
                let Some(btf) = vm.env.types.any() else {
                    return unknown("no-kernel-btf");
                };
                let Some(id) = btf.find_struct("vm_area_struct") else {
                    return unknown("kernel-struct:vm_area_struct");
                };
                set(1, arg(1));
                set(
                    2,
                    pointer(Kind::Btf {
                        btf: BtfSrc::Kernel,
                        id,
                    }),
                );
                set(3, arg(4));
            }
            Callback::UserRingbuf => {
                let id = vm.new_id();
                set(
                    1,
                    Reg {
                        id,
                        ..pointer(Kind::ConstDynptr {
                            ty: DynptrType::Local,
                        })
                    },
                );
                set(2, arg(3));
            }
            Callback::RbtreeAdd { node } => {
                let mut node = node;
                graph::set_non_owning(vm, &mut node);
                set(1, node);
                set(2, node);
            }
            Callback::Timer { map, uid } | Callback::Workqueue { map, uid } => {
                async_args(map, uid_of(uid), &mut set);
                range = RetRange { min: 0, max: 0 };
            }
            Callback::TaskWork { map, uid } => {
                async_args(map, uid_of(uid), &mut set);
                range = RetRange {
                    min: i32::MIN,
                    max: i32::MAX,
                };
            }
        }
        callee.callback_ret = range;
        callee.in_callback = !self.is_async();
        callee.in_async_callback = self.is_async();
        Ok(())
    }
}

/// Map, key, value: what a callback of a field of a map's value gets.
fn async_args(map: MapRef, uid: u32, set: &mut impl FnMut(u8, Reg)) {
    set(1, Reg::pointer(Kind::ConstMap { map, uid }, Flags::NONE));
    set(2, Reg::pointer(Kind::MapKey { map, uid }, Flags::NONE));
    set(3, Reg::pointer(Kind::MapValue { map, uid }, Flags::NONE));
}

/// A callback that is walked at once: its frame, and where it begins.
pub struct Entered {
    frame: Frame,
    entry: usize,
}

/// Goes on in a callback that is walked at once.
pub fn enter(vm: &mut Vm<'_>, callback: Entered) -> Next {
    vm.cur.frames.push(alloc::rc::Rc::new(callback.frame));
    vm.entered_frame();
    Next::Goto(callback.entry)
}

/// Queues the walk of a callback that the current instruction runs or sets up.
/// On targets that walk a callback once, in place of the call, gives it back
/// instead.
pub fn push_callback(
    vm: &mut Vm<'_>,
    subprog: usize,
    callback: Callback,
) -> Check<Option<Entered>> {
    vm.flush_precision()?;
    vm.subprogs.note_callback(subprog, callback.is_async());
    let Some(entry) = vm
        .env
        .program
        .subprogs
        .get(subprog)
        .map(|s| s.start as usize)
    else {
        return unknown("callback-function");
    };
    let caller = vm.cur.frame().clone();
    if callback.is_async() {
        let sleepable = !matches!(callback, Callback::Timer { .. })
            || vm.env.target.behaviour().timers_sleep_as_program() && vm.env.program.sleepable;
        let mut state = State::new(subprog as u32, sleepable);
        state.hides_stale = vm.cur.hides_stale;
        state.mispredicted = vm.cur.mispredicted;
        callback.enter(vm, &caller, state.frame_mut())?;
        state.frame_mut().async_entry = caller.async_entry + 1;
        vm.push_async(entry, state)?;
        return Ok(None);
    }
    let mut state = vm.cur.clone();
    let mut callee = new_frame(vm, &state, subprog)?;
    callback.enter(vm, &caller, &mut callee)?;
    if !vm.env.target.behaviour().callbacks_as_loops() {
        return Ok(Some(Entered {
            frame: callee,
            entry,
        }));
    }
    state.callback_unroll_depth += 1;
    state.frame_mut().callback_depth += 1;
    state.frames.push(alloc::rc::Rc::new(callee));
    *vm.push_branch(entry)? = state;
    vm.cur.frame_mut().callback_depth = 0;
    Ok(None)
}

/// A fresh frame above the innermost one of `state`.
fn new_frame(vm: &Vm<'_>, state: &State, subprog: usize) -> Check<Frame> {
    let depth = callee_checks::depth(vm, state)?;
    Ok(Frame::new(vm.insn as u32, subprog as u32, depth))
}

/// A call of the program's function number `subprog`.
pub fn call_local(vm: &mut Vm<'_>, subprog: usize) -> Check<Next> {
    let callee = callee_checks::named(vm, subprog)?;
    if callee.global {
        return call_global(vm, subprog);
    }
    let entry = callee.start as usize;
    let mut frame = new_frame(vm, &vm.cur, subprog)?;
    frame.regs[1..=5].copy_from_slice(&vm.cur.frame().regs[1..=5]);
    clobber(vm);
    vm.cur.frames.push(alloc::rc::Rc::new(frame));
    vm.entered_frame();
    Ok(Next::Goto(entry))
}

/// A global function is verified on its own: here only its arguments count.
fn call_global(vm: &mut Vm<'_>, subprog: usize) -> Check<Next> {
    let args = globals::check_args(vm, subprog);
    let effects = vm
        .env
        .cfg
        .subprogs()
        .get(subprog)
        .copied()
        .unwrap_or_default();
    callee_checks::global(vm, &effects)?;
    let touched = args.map_err(|halt| callee_checks::of_call(vm, subprog, halt))?;
    vm.flush_precision()?;
    // The function may write whatever memory it is lent.
    for region in touched {
        mem::touch(vm, region);
    }
    if vm.env.target.behaviour().global_pkt_change() && effects.changes_packet {
        refs::invalidate_packet(&mut vm.cur);
    }
    vm.globals.call(subprog);
    clobber(vm);
    if !prototype::returns_nothing(&vm.env, subprog) {
        vm.cur.set_reg(0, Reg::unknown());
    }
    if vm.env.target.behaviour().globals_may_throw() && effects.might_throw {
        let insn = vm.insn;
        vm.push_branch(insn + 1)?;
        leaks::check(vm, true, true, Way::Throw)?;
        return Ok(Next::End);
    }
    Ok(Next::Fallthrough)
}

/// `exit`: back to the caller, or the end of the program.
pub fn exit(vm: &mut Vm<'_>) -> Check<Next> {
    let main = vm.cur.curframe() == 0;
    leaks::check(vm, false, main, Way::Exit)?;
    if !main {
        callee_checks::locks_left(vm)?;
        return leave_frame(vm);
    }
    return_value::check(vm, 0)?;
    Ok(Next::End)
}

/// Leaves the innermost frame, back to where it was called from.
pub fn leave_frame(vm: &mut Vm<'_>) -> Check<Next> {
    vm.leaving_frame();
    let callee = vm.cur.frame();
    let (callback, callsite, range) = (
        callee.in_callback,
        callee.callsite as usize,
        callee.callback_ret,
    );
    let r0 = callee.regs[0];
    callee_checks::returned(&r0)?;
    if callback {
        return_value::check_callback(vm, range)?;
        vm.flush_precision()?;
    }
    vm.cur.frames.pop();
    if !callback {
        vm.cur.set_reg(0, r0);
        return Ok(Next::Goto(callsite + 1));
    }
    if !vm.env.target.behaviour().callbacks_as_loops() {
        return Ok(Next::Goto(callsite + 1));
    }
    // Values that change from one run to the next are forgotten unless a proof
    // relied on them, so that the runs converge.
    if let Some(old) = vm.earlier_return(callsite) {
        let grouped = vm.ids_for_widening();
        widen(&old, &mut vm.cur, grouped);
    }
    Ok(Next::Goto(callsite))
}
