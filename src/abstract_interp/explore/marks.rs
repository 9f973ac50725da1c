//! Which registers and stack slots of kept states are read later: marks that a
//! read hands up the chain of kept states.
//!
//! A kept state's register matters if some path from it reads the register
//! before writing it. Older kernels learn that while they explore: each path
//! remembers what it wrote since the kept state before it; a read of anything
//! else marks that state, and goes on from there as if that state had read it.
//!
//! ```text
//! read(path, x):  x written on path        → nothing
//!                 else mark(parent(path), x); read(parent(path), x)
//! ```
//!
//! Of its callers a kept state knows only the registers that calls keep: R0 of a caller is
//! handed on, unmarked, to the last state before the call (`close`).
//!
//! A frame that began on the path has nothing to hand up but the arguments that
//! its caller gave. What a function returned is read where its caller reads it: if
//! the function made it before the kept state, there in the function's frame. A state
//! that is covered reads what the covering one did.

use smallvec::SmallVec;

use super::NodeId;
use crate::abstract_interp::vm::Vm;
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};
use crate::target::StackLiveness;

const R0: u16 = 1;
const ARGS: u16 = 0x3e;
const SAVED: u16 = 0x3c0;
const ALL: u16 = 0x3ff;
/// R0 of a caller was handed on from this state: it needn't be again.
const PASSED: u16 = 1 << 15;

/// Where a frame began, seen from the kept state before a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Began {
    /// Before that state.
    Before,
    /// Since, with arguments of its own.
    Alone,
    /// Since, with its caller's registers as arguments.
    Called,
}

/// What was written to one frame since the kept state before.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    regs: u16,
    slots: u64,
    began: Began,
    /// R0 is what a function returned that had it before the kept state already.
    returned: bool,
}

impl Written {
    /// Registers were written.
    pub fn write(&mut self, regs: u16) {
        self.regs |= regs;
        self.returned &= regs & R0 == 0;
    }
}

/// Per frame, what was written.
pub type Writes = SmallVec<[Written; 2]>;

/// Per frame, the registers and slots that are read later.
#[derive(Clone, Debug, Default)]
pub struct Reads(SmallVec<[(u16, u64); 2]>);

impl Reads {
    /// Registers and slots of a frame.
    pub fn of(&self, frame: usize) -> (u16, u64) {
        let (regs, slots) = self.0.get(frame).copied().unwrap_or_default();
        (regs & ALL, slots)
    }

    /// Adds to a frame; gives what is new.
    fn add(&mut self, frame: usize, regs: u16, slots: u64) -> (u16, u64) {
        if self.0.len() <= frame {
            self.0.resize(frame + 1, (0, 0));
        }
        let had = self.0[frame];
        self.0[frame] = (had.0 | regs, had.1 | slots);
        (regs & !had.0, slots & !had.1)
    }
}

/// Makes the writes of a path those that lead to a state just kept: what R0 of a caller
/// held is no longer known to be written, for a state knows of its callers only the
/// registers that a call keeps. So what a call that ran a callback gives reads, once it
/// is used, what R0 was in the last state kept before the call.
pub fn close(writes: &mut Writes) {
    if let Some((_, callers)) = writes.split_last_mut() {
        callers.iter_mut().for_each(|frame| frame.regs &= !R0);
    }
}

/// Makes a path's writes those of one that begins at a state just kept.
pub fn restart(writes: &mut Writes) {
    for frame in writes {
        *frame = Written {
            regs: 0,
            slots: 0,
            began: Began::Before,
            returned: false,
        };
    }
}

impl Vm<'_> {
    /// Whether the target learns by marks what is read.
    pub(super) fn marks_reads(&self) -> bool {
        self.env.target.behaviour().stack_liveness() == StackLiveness::Parentage
    }

    /// Where states are compared: what is written is known of every frame.
    pub(super) fn marks_at_point(&mut self) {
        self.frames_changed(false);
    }

    /// Before an instruction: it reads its operands.
    pub(super) fn marks_before(&mut self) {
        self.frames_changed(false);
        let op = self.op();
        let frame = self.cur.curframe();
        let mut uses = self.env.cfg.uses(self.insn) & ALL;
        match op {
            // What a function does with its arguments is seen in it.
            Op::Call(Callee::Local(_)) => uses = 0,
            Op::Exit if frame > 0 && !self.cur.frame().in_callback => uses = 0,
            Op::Exit if frame > 0 => uses = R0,
            _ => {}
        }
        self.mark_read(frame, uses, 0);
    }

    /// After an instruction of frame `frame` (of a callback, or not): it wrote its results.
    pub(super) fn marks_after(&mut self, insn: usize, frame: usize, callback: bool) {
        let called = matches!(self.env.ops[insn], Op::Call(Callee::Local(_)));
        let top = self.cur.curframe();
        let left = self.explorer.track().written.get(frame).copied();
        self.frames_changed(called);
        let defs = self.env.cfg.defs(insn) & ALL;
        let writes = &mut self.explorer.track_mut().written;
        if top < frame && callback {
            // What the call gives was written when it began.
        } else if top < frame {
            writes[top].write(R0);
            let kept = left.filter(|w| w.began == Began::Before && w.regs & R0 == 0);
            writes[top].returned = top + 1 == frame && kept.is_some();
        } else {
            writes[frame].write(defs);
        }
    }

    /// Frames came or went.
    fn frames_changed(&mut self, called: bool) {
        let frames = self.cur.frames.len();
        let writes = &mut self.explorer.track_mut().written;
        writes.truncate(frames);
        while writes.len() < frames {
            let (regs, began) = match writes.last() {
                Some(caller) if called => (caller.regs & ARGS, Began::Called),
                _ => (ARGS, Began::Alone),
            };
            writes.push(Written {
                regs,
                slots: 0,
                began,
                returned: false,
            });
        }
    }

    /// The current instruction surely overwrites slots of a frame.
    pub(super) fn mark_written(&mut self, frame: usize, slots: u64) {
        self.frames_changed(false);
        if let Some(writes) = self.explorer.track_mut().written.get_mut(frame) {
            writes.slots |= slots;
        }
    }

    /// Registers and slots of a frame are read.
    pub(super) fn mark_read(&mut self, frame: usize, regs: u16, slots: u64) {
        let track = self.explorer.track();
        let Some(parent) = track.parent else { return };
        let [lent, own] = hand_up(&track.written, Read { frame, regs, slots });
        for read in [lent, own].into_iter().flatten() {
            self.mark_read_before(parent, read);
        }
    }

    /// A read reaches a kept state.
    fn mark_read_before(&mut self, mut id: NodeId, mut read: Read) {
        // What functions gave back, in frames above: seldom any.
        let mut lent_to: Vec<(NodeId, Read)> = Vec::new();
        loop {
            let node = self.explorer.node_mut(id);
            let frame = node.state.frames.get(read.frame);
            let has = frame.map_or(0, |f| slots_of(f.stack.slot_count()));
            let called = read.frame < node.state.curframe();
            let told = match called && read.regs & R0 != 0 {
                true => read.regs & !R0 | PASSED,
                false => read.regs,
            };
            let (new, slots) = node.read.add(read.frame, told, read.slots & has);
            let passed = if new & PASSED != 0 { R0 } else { 0 };
            (read.regs, read.slots) = (new & ALL | passed, slots);
            let [lent, own] = hand_up(&node.track.written, read);
            let parent = node.track.parent;
            lent_to.extend(parent.zip(lent));
            match parent.zip(own).or_else(|| lent_to.pop()) {
                Some(next) => (id, read) = next,
                None => return,
            }
        }
    }

    /// The current state is covered by `id`: whatever is read from there on is read.
    pub(super) fn inherit_reads(&mut self, id: NodeId) {
        let read = self.explorer.node(id).read.clone();
        let top = self.cur.curframe();
        for frame in 0..=top {
            let (regs, slots) = read.of(frame);
            let regs = if frame < top { regs & SAVED } else { regs };
            self.mark_read(frame, regs, slots);
        }
    }
}

/// The first `count` slots of a frame: a state has marks for those it has, so that one
/// that it covers later passes none on for a slot that only the other has.
fn slots_of(count: usize) -> u64 {
    let above = u64::MAX.checked_shl(count as u32).unwrap_or(0);
    !above
}

/// Registers and slots of a frame that are read.
#[derive(Clone, Copy, Debug)]
struct Read {
    frame: usize,
    regs: u16,
    slots: u64,
}

/// What of a read reaches the kept state before a path that wrote `writes`: nothing of
/// what the path wrote, and of a function that returned on it, what it gave back.
fn hand_up(writes: &Writes, read: Read) -> [Option<Read>; 2] {
    if read.regs == 0 && read.slots == 0 {
        return [None, None];
    }
    let Some(own) = writes.get(read.frame) else {
        return [None, None];
    };
    let lent = own.returned && read.regs & R0 != 0;
    let callee = lent.then_some(Read {
        frame: read.frame + 1,
        regs: R0,
        slots: 0,
    });
    let mut up = Read {
        regs: read.regs & !own.regs,
        slots: read.slots & !own.slots,
        ..read
    };
    let mut began = own.began;
    while began == Began::Called {
        up.regs &= ARGS;
        up.slots = 0;
        let caller = up.frame.checked_sub(1);
        let Some((frame, writes)) = caller.and_then(|at| Some((at, writes.get(at)?))) else {
            return [callee, None];
        };
        up.frame = frame;
        began = writes.began;
    }
    let left = up.regs != 0 || up.slots != 0;
    [callee, (began == Began::Before && left).then_some(up)]
}
