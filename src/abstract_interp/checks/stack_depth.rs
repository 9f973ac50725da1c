//! The stack that a chain of calls may use together.
//!
//! Each function uses its stack down to the lowest byte that exploration saw
//! touched. Along every chain of calls the sum, each rounded as the target's
//! code generator rounds, may not exceed 512 bytes; below a caller with tail
//! calls less. Functions whose stack is allocated apart ("private stack") count
//! on their own. Callbacks that run later begin chains of their own.

use crate::abstract_interp::refusal::{Fault, Frame, Frames, refuse};
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::{self, AttachType, KfRole};
use crate::prelude::*;
use crate::programs::insn::{Callee, ImmRef, Op};
use crate::target::{Jit, StackRounding};

/// Smaller stacks are not worth allocating apart.
const MIN_PRIVATE: u32 = 64;

/// Where a function's stack is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Undecided,
    Shared,
    Private,
}

/// The deepest stacks, each with the chain of calls that it is of.
#[derive(Clone, Debug, Default)]
pub struct Stacks {
    /// Bytes of the deepest.
    pub depth: u32,
    /// Its functions.
    pub deepest: Frames,
    /// The functions down to one with tail calls whose callers have the deepest.
    pub to_tail_call: Frames,
}

struct Walk<'v, 'a> {
    vm: &'v Vm<'a>,
    place: Vec<Place>,
    has_tail_call: Vec<bool>,
    /// The most bytes above a function with tail calls.
    above_tail_call: u32,
    found: Stacks,
}

/// Checks all chains; gives the deepest stacks.
pub fn check(vm: &Vm<'_>) -> Check<Stacks> {
    let n = vm.env.program.subprogs.len();
    let has_tail_call: Vec<bool> = (0..n)
        .map(|s| {
            vm.env
                .cfg
                .subprogs()
                .get(s)
                .is_some_and(|s| s.has_tail_call)
        })
        .collect();
    let private = !has_tail_call.contains(&true) && private_stack(vm);
    let place = vec![Place::Undecided; n];
    let mut walk = Walk {
        vm,
        place,
        has_tail_call,
        above_tail_call: 0,
        found: Stacks::default(),
    };
    for s in (0..n).rev() {
        if s == 0 || vm.subprogs.is_async(s) {
            walk.chain(s, s == 0 && private)?;
        }
    }
    Ok(walk.found)
}

/// Whether functions of the program may have their stacks apart.
fn private_stack(vm: &Vm<'_>) -> bool {
    let program = vm.env.program;
    let facts = helpers_spec::prog_type_facts(program.prog_type);
    vm.env.target.behaviour().private_stack()
        && vm.env.target.config().jit() != Jit::Off
        && facts.is_some_and(|f| f.private_stack)
        && program.attach_type != Some(AttachType::TraceIter)
}

/// The instruction slots of a function.
fn code(vm: &Vm<'_>, subprog: usize) -> core::ops::Range<usize> {
    let len = vm.env.ops.len();
    vm.env.program.subprogs.get(subprog).map_or(0..0, |s| {
        let (start, end) = (s.start as usize, s.end as usize);
        start.min(len)..end.min(len)
    })
}

/// A function on the chain, and where in it the walk stands.
struct Step {
    subprog: usize,
    at: usize,
    /// Its frame's number.
    frame: u32,
}

impl Walk<'_, '_> {
    fn rounded(&self, subprog: usize) -> u32 {
        let used = self.vm.stack_use(subprog);
        let target = self.vm.env.target;
        match target.behaviour().stack_rounding() {
            StackRounding::By16 if target.config().jit() != Jit::Off => used.next_multiple_of(16),
            // An interpreter's frame is never empty.
            StackRounding::By16 | StackRounding::By32 => used.max(1).next_multiple_of(32),
        }
    }

    /// Walks all calls of a function and, from each, those of the callee.
    fn chain(&mut self, root: usize, private: bool) -> Check<()> {
        let vm = self.vm;
        let mut depth = 0;
        let mut steps = vec![];
        self.enter(root, private, &steps, &mut depth)?;
        steps.push(Step {
            frame: 0,
            subprog: root,
            at: code(vm, root).start,
        });
        let mut tail_call_seen = false;
        while let Some(step) = steps.last_mut() {
            let subprog = step.subprog;
            if step.at >= code(vm, subprog).end {
                if tail_call_seen && let Some(s) = exception_callback(vm, &steps) {
                    return refuse(Fault::TailCallInExceptionCallback)
                        .map_err(|h| self.place_at(h, s));
                }
                if self.place[subprog] != Place::Private {
                    depth -= self.rounded(subprog);
                }
                steps.pop();
                continue;
            }
            let at = step.at;
            step.at += 1;
            match self.called(at) {
                Called::Nothing => {}
                Called::Throw => self.throw_allowed(&steps, at)?,
                Called::Function {
                    subprog: callee,
                    direct,
                } => {
                    if vm.subprogs.is_async(callee) {
                        if self.has_tail_call[callee] {
                            return refuse(Fault::TailCallLater);
                        }
                        if !direct {
                            continue;
                        }
                    }
                    if direct && vm.env.program.subprogs[callee].exception_cb {
                        return refuse(Fault::ExceptionCallbackCalled);
                    }
                    let global = vm.env.program.subprogs[callee].global;
                    let frame = if global && vm.env.target.behaviour().global_frames_apart() {
                        0
                    } else {
                        step.frame + 1
                    };
                    if frame >= vm.env.target.limits().frames() {
                        let frames = frame.into();
                        return refuse(Fault::FramesTooDeep { frames })
                            .map_err(|h| self.place_at(h, at));
                    }
                    tail_call_seen |= self.has_tail_call[callee];
                    self.enter(callee, private, &steps, &mut depth)
                        .map_err(|h| self.place_at(h, at))?;
                    steps.push(Step {
                        frame,
                        subprog: callee,
                        at: code(vm, callee).start,
                    });
                }
            }
        }
        Ok(())
    }

    /// Adds a function to the chain.
    fn enter(
        &mut self,
        subprog: usize,
        private: bool,
        steps: &[Step],
        depth: &mut u32,
    ) -> Check<()> {
        let limits = self.vm.env.target.limits();
        if !private {
            self.place[subprog] = Place::Shared;
        }
        if subprog != 0 && self.has_tail_call[subprog] && *depth >= limits.tail_call_caller_stack()
        {
            let bytes = (*depth).into();
            return refuse(Fault::TailCallDeep { bytes });
        }
        let own = self.rounded(subprog);
        if subprog != 0 && self.has_tail_call[subprog] && self.above_tail_call < *depth {
            self.above_tail_call = *depth;
            self.found.to_tail_call = self.frames(steps, subprog);
        }
        if private && self.place[subprog] == Place::Undecided && own >= MIN_PRIVATE {
            self.place[subprog] = Place::Private;
        }
        if self.found.depth < *depth + own {
            self.found.depth = *depth + own;
            self.found.deepest = self.frames(steps, subprog);
        }
        if self.place[subprog] == Place::Private {
            if own > limits.stack() {
                let chain = self.frames(&[], subprog);
                let (subprog, bytes) = (subprog as u64, own.into());
                return refuse(Fault::FrameTooBig {
                    subprog,
                    bytes,
                    chain,
                });
            }
            return Ok(());
        }
        *depth += own;
        if *depth > limits.stack() {
            let (frames, bytes) = (steps.len() as u64 + 1, (*depth).into());
            let chain = self.frames(steps, subprog);
            return refuse(Fault::FramesTooBig {
                frames,
                bytes,
                chain,
            });
        }
        Ok(())
    }

    /// The frames that lie on one stack: those of the chain, where they are shared, and
    /// the one that is entered.
    fn frames(&self, steps: &[Step], subprog: usize) -> Frames {
        let frame = |subprog: usize, from: Option<&Step>| Frame {
            subprog: subprog as u32,
            bytes: self.rounded(subprog),
            // Where a step stands is behind its call.
            from: from.map(|step| step.at.saturating_sub(1) as u32),
        };
        let callers = core::iter::once(None).chain(steps.iter().map(Some));
        let chain = steps.iter().zip(callers);
        let shared = chain.filter(|(s, _)| self.place[s.subprog] != Place::Private);
        shared
            .map(|(s, from)| frame(s.subprog, from))
            .chain([frame(subprog, steps.last())])
            .collect()
    }

    fn called(&self, at: usize) -> Called {
        let env = &self.vm.env;
        let function = |target: i64, direct| {
            let found = u32::try_from(target)
                .ok()
                .and_then(|t| env.program.subprog_at(t));
            found.map_or(Called::Nothing, |subprog| Called::Function {
                subprog,
                direct,
            })
        };
        match env.ops[at] {
            Op::Call(Callee::Local(rel)) => function(at as i64 + 1 + i64::from(rel), true),
            Op::LdImm64 {
                src: ImmRef::Func(rel),
                ..
            } => function(at as i64 + 1 + i64::from(rel), false),
            Op::Call(Callee::Kfunc { imm, .. }) => {
                let kfunc = usize::try_from(imm)
                    .ok()
                    .and_then(|i| env.program.kfuncs.get(i));
                match kfunc {
                    Some(k) if helpers_spec::kfunc_role(&k.name) == KfRole::Throw => Called::Throw,
                    _ => Called::Nothing,
                }
            }
            _ => Called::Nothing,
        }
    }

    /// An exception may not unwind through a callback.
    fn throw_allowed(&self, steps: &[Step], at: usize) -> Check<()> {
        let Some(last) = steps.last() else {
            return Ok(());
        };
        if !steps
            .iter()
            .any(|s| self.vm.subprogs.is_callback(s.subprog))
        {
            return Ok(());
        }
        let subprog = last.subprog as u64;
        refuse(Fault::ThrowInCallback { subprog }).map_err(|h| self.place_at(h, at))
    }

    fn place_at(
        &self,
        halt: crate::abstract_interp::vm::Halt,
        insn: usize,
    ) -> crate::abstract_interp::vm::Halt {
        use crate::abstract_interp::vm::Halt;
        match halt {
            Halt::Refusal(v) if v.insn == usize::MAX => Halt::Refusal(v.at(insn)),
            other => other,
        }
    }
}

fn exception_callback(vm: &Vm<'_>, steps: &[Step]) -> Option<usize> {
    let callers = steps.split_last()?.1;
    let found = callers
        .iter()
        .find(|s| vm.env.program.subprogs[s.subprog].exception_cb)?;
    Some(code(vm, found.subprog).start)
}

enum Called {
    Nothing,
    Function { subprog: usize, direct: bool },
    Throw,
}
