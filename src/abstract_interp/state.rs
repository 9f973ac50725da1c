//! The abstract machine state: frames, references, locks and sections.
//!
//! Frames are shared copy-on-write: forking a path or keeping a state for
//! pruning costs a reference count per frame; the first write after that
//! copies one frame.

use alloc::rc::Rc;

use smallvec::SmallVec;

use super::stack::{Byte, Slot, Stack};
use super::value::{Kind, RefId, Reg};
use crate::prelude::*;

/// Registers r0..r10.
pub const NREGS: usize = 11;
/// The frame pointer.
pub const FP: u8 = 10;
/// The call site of the outermost frame.
pub const NO_CALLSITE: u32 = u32::MAX;

/// What an acquired reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefKind {
    /// A referenced object.
    Object,
    /// Saved IRQ flags.
    Irq,
    /// `bpf_spin_lock`.
    Lock,
    /// `bpf_res_spin_lock`.
    ResLock,
    /// `bpf_res_spin_lock_irqsave`.
    ResLockIrq,
}

/// What a lock lives in, to match an unlock with its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LockOwner {
    /// None.
    #[default]
    None,
    /// A map's value.
    Map(super::value::MapRef),
    /// An allocated object of the program's BTF.
    Btf,
}

/// An acquired reference, lock or IRQ section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefState {
    /// What it is.
    pub kind: RefKind,
    /// Its id.
    pub id: RefId,
    /// The instruction that acquired it.
    pub insn: u32,
    /// For locks: where the lock lives.
    pub owner: LockOwner,
}

/// The range that a callback's return value must lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetRange {
    /// Least.
    pub min: i32,
    /// Greatest.
    pub max: i32,
}

/// One call frame.
#[derive(Clone, Debug)]
pub struct Frame {
    /// r0..r10.
    pub regs: [Reg; NREGS],
    /// Its stack.
    pub stack: Rc<Stack>,
    /// The call instruction that made it; [`NO_CALLSITE`] for the outermost.
    pub callsite: u32,
    /// Index of its subprogram.
    pub subprog: u32,
    /// What a callback must return.
    pub callback_ret: RetRange,
    /// How many times the callback of the frame above was simulated.
    pub callback_depth: u32,
    /// Counts entries into asynchronous callbacks.
    pub async_entry: u32,
    /// A callback called synchronously by a helper or kfunc.
    pub in_callback: bool,
    /// A callback that runs later.
    pub in_async_callback: bool,
    /// The exception callback.
    pub in_exception_callback: bool,
}

impl Frame {
    /// A fresh frame: only the frame pointer is set.
    pub fn new(callsite: u32, subprog: u32, frameno: u8) -> Frame {
        let mut regs = [Reg::UNINIT; NREGS];
        regs[FP as usize] = Reg::pointer(Kind::Stack { frame: frameno }, super::value::Flags::NONE);
        Frame {
            regs,
            stack: Rc::default(),
            callsite,
            subprog,
            callback_ret: RetRange { min: 0, max: 1 },
            callback_depth: 0,
            async_entry: 0,
            in_callback: false,
            in_async_callback: false,
            in_exception_callback: false,
        }
    }

    /// The stack, to change (copied first if shared).
    pub fn stack_mut(&mut self) -> &mut Stack {
        Rc::make_mut(&mut self.stack)
    }
}

/// The state of one path at one instruction.
#[derive(Clone, Debug)]
pub struct State {
    /// Call frames, outermost first; never empty.
    pub frames: SmallVec<[Rc<Frame>; 2]>,
    /// Acquired references, locks and IRQ sections, oldest first.
    pub refs: Vec<RefState>,
    /// Held locks.
    pub active_locks: u32,
    /// Nested preempt-disabled sections.
    pub active_preempt: u32,
    /// Nested RCU read sections.
    pub active_rcu: u32,
    /// The id of the innermost IRQ section.
    pub active_irq_id: RefId,
    /// The id of the object whose lock is held.
    pub active_lock_id: RefId,
    /// Where the held lock lives.
    pub active_lock_owner: LockOwner,
    /// Whether the code may sleep.
    pub in_sleepable: bool,
    /// How often `may_goto` was taken on this path.
    pub may_goto_depth: u32,
    /// How often callbacks were unrolled on this path.
    pub callback_unroll_depth: u32,
    /// Only a processor that runs ahead of a comparison comes here.
    pub mispredicted: bool,
    /// Pointers that go stale can no longer be read, not even as numbers.
    pub hides_stale: bool,
}

impl State {
    /// A state with one fresh frame for `subprog`.
    pub fn new(subprog: u32, sleepable: bool) -> State {
        State {
            frames: smallvec::smallvec![Rc::new(Frame::new(NO_CALLSITE, subprog, 0))],
            refs: Vec::new(),
            active_locks: 0,
            active_preempt: 0,
            active_rcu: 0,
            active_irq_id: RefId::NONE,
            active_lock_id: RefId::NONE,
            active_lock_owner: LockOwner::None,
            in_sleepable: sleepable,
            may_goto_depth: 0,
            callback_unroll_depth: 0,
            mispredicted: false,
            hides_stale: false,
        }
    }

    /// Index of the innermost frame.
    pub fn curframe(&self) -> usize {
        self.frames.len() - 1
    }
    /// The innermost frame.
    pub fn frame(&self) -> &Frame {
        &self.frames[self.frames.len() - 1]
    }
    /// The innermost frame, to change.
    pub fn frame_mut(&mut self) -> &mut Frame {
        let at = self.frames.len() - 1;
        Rc::make_mut(&mut self.frames[at])
    }
    /// Frame `at`, to change.
    pub fn frame_at_mut(&mut self, at: usize) -> &mut Frame {
        Rc::make_mut(&mut self.frames[at])
    }
    /// Register `r` of the innermost frame.
    pub fn reg(&self, r: u8) -> &Reg {
        &self.frame().regs[r as usize]
    }
    /// Register `r` of the innermost frame, to change.
    pub fn reg_mut(&mut self, r: u8) -> &mut Reg {
        &mut self.frame_mut().regs[r as usize]
    }
    /// Sets register `r` of the innermost frame.
    pub fn set_reg(&mut self, r: u8, value: Reg) {
        self.frame_mut().regs[r as usize] = value;
    }

    /// Changes every register and spilled register, in all frames, of which
    /// `wanted` is true. Frames without one stay shared.
    pub fn for_each_reg_mut(
        &mut self,
        wanted: impl Fn(&Reg) -> bool,
        mut change: impl FnMut(&mut Reg),
    ) {
        for frame in &mut self.frames {
            let in_regs = frame.regs.iter().any(&wanted);
            let spilled = |s: &Slot| s.is_spill() && wanted(&s.spill);
            let in_stack = frame.stack.any(spilled);
            if !in_regs && !in_stack {
                continue;
            }
            let frame = Rc::make_mut(frame);
            frame
                .regs
                .iter_mut()
                .filter(|r| wanted(r))
                .for_each(&mut change);
            if in_stack {
                frame
                    .stack_mut()
                    .change(|_, s| spilled(s), |s| change(&mut s.spill));
            }
        }
    }

    /// Looks at every register and spilled register, in all frames.
    pub fn each_reg(&self, mut look: impl FnMut(&Reg)) {
        for frame in &self.frames {
            frame.regs.iter().for_each(&mut look);
            let spilled = frame.stack.slots().filter(|s| s.is_spill());
            spilled.for_each(|s| look(&s.spill));
        }
    }

    /// Whether some register or spilled register satisfies `wanted`.
    pub fn any_reg(&self, wanted: impl Fn(&Reg) -> bool) -> bool {
        self.frames.iter().any(|f| {
            f.regs.iter().any(&wanted) || f.stack.any(|s| s.is_spill() && wanted(&s.spill))
        })
    }

    /// Makes every register that satisfies `wanted` a number of which nothing is
    /// known: the pointer it was is stale.
    pub fn invalidate(&mut self, wanted: impl Fn(&Reg) -> bool) {
        let stale = match self.hides_stale {
            true => Reg::UNINIT,
            false => Reg::unknown(),
        };
        self.for_each_reg_mut(wanted, |r| *r = stale);
    }

    /// The reference with `id`.
    pub fn find_ref(&self, id: RefId) -> Option<&RefState> {
        self.refs.iter().find(|r| r.id == id)
    }
    /// How many objects are referenced.
    pub fn object_refs(&self) -> usize {
        self.refs
            .iter()
            .filter(|r| r.kind == RefKind::Object)
            .count()
    }
}

/// Whether a byte of stack holds data that a plain read may see.
pub fn readable(byte: Byte) -> bool {
    matches!(byte, Byte::Misc | Byte::Zero | Byte::Spill)
}
