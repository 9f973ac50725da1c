//! Precision: which scalars the proof depends on.
//!
//! Most scalars do not matter: a counter that is only counted, a value only
//! passed on. When a check relies on the exact value of one, the path is walked
//! back to where the value was made, and in each kept state on the way the
//! registers and slots that carried it are marked *precise*: from then on such
//! a state covers only states whose value lies within. The walk stops at the
//! definition, or at a state where the mark already stands. Where it cannot
//! follow (a comparison inside an `LD_ABS`, a call it does not understand) it
//! marks every scalar of the path.

use super::history::{Cursor, Entry};
use super::scc::BackEdge;
use super::track::Track;
use super::{Explorer, NodeId};
use crate::abstract_interp::state::{NO_CALLSITE, State};
use crate::abstract_interp::vm::{Check, Env, Vm};
use crate::prelude::*;
use crate::programs::effects::Regs;
use crate::programs::insn::{Callee, Op, Src};
use crate::target::PrecisionScope;

const ARGS: u32 = 0b11_1110;
const R0: u8 = 0;
const FP: u8 = 10;
/// Rounds over the back-edges of one loop before all is marked.
const MAX_ROUNDS: usize = 64;

/// What is tracked: per frame, registers and stack slots.
#[derive(Debug, Default)]
pub struct Backtrack {
    frame: usize,
    regs: Vec<u32>,
    slots: Vec<u64>,
}

/// Why a walk cannot go on.
enum Lost {
    /// The instruction isn't understood: mark everything.
    MarkAll,
}

impl Backtrack {
    fn reset(&mut self, frames: usize) {
        self.frame = frames - 1;
        self.regs.clear();
        self.regs.resize(frames, 0);
        self.slots.clear();
        self.slots.resize(frames, 0);
    }
    fn is_empty(&self) -> bool {
        self.regs.iter().all(|&m| m == 0) && self.slots.iter().all(|&m| m == 0)
    }
    fn has(&self, r: u8) -> bool {
        self.regs[self.frame] >> r & 1 != 0
    }
    fn set(&mut self, r: u8) {
        self.regs[self.frame] |= 1 << r;
    }
    fn unset(&mut self, r: u8) {
        self.regs[self.frame] &= !(1 << r);
    }
    /// Whether one of the registers is wanted.
    fn wants(&self, regs: Regs) -> bool {
        self.regs[self.frame] & u32::from(regs.bits()) != 0
    }
    /// Wants the registers no longer; whether one was wanted.
    fn take(&mut self, regs: Regs) -> bool {
        let wanted = self.wants(regs);
        self.regs[self.frame] &= !u32::from(regs.bits());
        wanted
    }
    fn set_slot(&mut self, (frame, slot): (u8, u8)) {
        if let Some(m) = self.slots.get_mut(frame as usize) {
            *m |= 1 << slot;
        }
    }
    fn unset_slot(&mut self, (frame, slot): (u8, u8)) {
        if let Some(m) = self.slots.get_mut(frame as usize) {
            *m &= !(1 << slot);
        }
    }
    fn has_slot(&self, (frame, slot): (u8, u8)) -> bool {
        self.slots
            .get(frame as usize)
            .is_some_and(|m| m >> slot & 1 != 0)
    }
    fn enter(&mut self) -> Result<(), Lost> {
        self.frame += 1;
        if self.frame >= self.regs.len() {
            self.regs.push(0);
            self.slots.push(0);
        }
        if self.regs.len() > 32 {
            Err(Lost::MarkAll)
        } else {
            Ok(())
        }
    }
    fn leave(&mut self) -> Result<(), Lost> {
        if self.frame == 0 {
            return Err(Lost::MarkAll);
        }
        self.frame -= 1;
        Ok(())
    }
    /// Scalars linked at a comparison are precise together.
    fn spread(&mut self, entry: Option<&Entry>) {
        let Some(linked) = entry.and_then(|e| e.linked.as_deref()) else {
            return;
        };
        let any = linked.iter().any(|p| {
            if p.is_reg {
                self.regs
                    .get(p.frame as usize)
                    .is_some_and(|m| m >> p.index & 1 != 0)
            } else {
                self.has_slot((p.frame, p.index))
            }
        });
        if !any {
            return;
        }
        for p in linked {
            if p.is_reg {
                if let Some(m) = self.regs.get_mut(p.frame as usize) {
                    *m |= 1 << p.index;
                }
            } else {
                self.set_slot((p.frame, p.index));
            }
        }
    }

    /// Undoes instruction `at`, which `next` followed on the path (-1: none).
    fn undo(
        &mut self,
        env: &Env<'_>,
        at: usize,
        next: i32,
        entry: Option<&Entry>,
    ) -> Result<(), Lost> {
        let op = env.ops[at];
        if matches!(op, Op::Second) {
            return Ok(());
        }
        self.spread(entry);
        self.undo_op(env, op, at, next, entry)?;
        self.spread(entry);
        Ok(())
    }

    fn undo_op(
        &mut self,
        env: &Env<'_>,
        op: Op,
        at: usize,
        next: i32,
        entry: Option<&Entry>,
    ) -> Result<(), Lost> {
        let stack = entry.and_then(|e| e.stack);
        match op {
            Op::Alu { .. }
            | Op::Neg { .. }
            | Op::End { .. }
            | Op::MovSx { .. }
            | Op::AddrSpaceCast { .. }
            | Op::LdImm64 { .. } => {
                let effects = op.effects();
                if self.take(effects.writes) {
                    let sources = effects.reads.without(Regs::one(FP));
                    self.regs[self.frame] |= u32::from(sources.bits());
                }
            }
            Op::Load { .. } | Op::LoadAcquire { .. } => self.undo_load(op.effects().writes, stack),
            Op::LoadArg { dst, .. } => self.unset(dst),
            Op::StoreArg { .. } => {}
            Op::Store { base, src, .. } => self.undo_store(base, src, stack)?,
            Op::StoreRelease { base, src, .. } => self.undo_store(base, Src::Reg(src), stack)?,
            Op::Atomic { base, src, .. } => {
                let loaded = op.effects().writes;
                if env.target.behaviour().fetch_ends_precision() && self.wants(loaded) {
                    self.undo_load(loaded, stack);
                } else {
                    self.undo_store(base, Src::Reg(src), stack)?;
                }
            }
            Op::Call(Callee::Local(_)) => self.undo_local_call(env, at, next)?,
            Op::Call(_) | Op::CallX { .. } => self.undo_call(env, at, next)?,
            Op::Exit => self.undo_exit(env, next)?,
            Op::Jmp {
                dst,
                src: Src::Reg(src),
                ..
            } => {
                if self.has(dst) || self.has(src) {
                    if !entry.is_some_and(|e| e.src_is_stack) {
                        self.set(src);
                    }
                    if !entry.is_some_and(|e| e.dst_is_stack) {
                        self.set(dst);
                    }
                }
            }
            Op::LdAbs { .. } | Op::LdInd { .. } => {
                if self.has(R0) {
                    return Err(Lost::MarkAll);
                }
            }
            Op::Jmp { .. }
            | Op::Ja { .. }
            | Op::MayGoto { .. }
            | Op::Gotox { .. }
            | Op::Second
            | Op::Invalid(_) => {}
        }
        Ok(())
    }

    /// What was loaded comes from the stack, where it does.
    fn undo_load(&mut self, loaded: Regs, stack: Option<(u8, u8)>) {
        if self.take(loaded)
            && let Some(slot) = stack
        {
            self.set_slot(slot);
        }
    }

    fn undo_store(&mut self, base: u8, src: Src, stack: Option<(u8, u8)>) -> Result<(), Lost> {
        if self.has(base) {
            return Err(Lost::MarkAll);
        }
        if let Some(slot) = stack
            && self.has_slot(slot)
        {
            self.unset_slot(slot);
            if let Src::Reg(r) = src {
                self.set(r);
            }
        }
        Ok(())
    }

    fn undo_local_call(&mut self, env: &Env<'_>, at: usize, next: i32) -> Result<(), Lost> {
        if env.target.behaviour().precision_scope() != PrecisionScope::AcrossCalls {
            return Err(Lost::MarkAll);
        }
        let callee = env.callee(at);
        if callee.is_some_and(|s| env.program.subprogs[s].global) && next == at as i32 + 1 {
            if self.regs[self.frame] & ARGS != 0 {
                return Err(Lost::MarkAll);
            }
            self.unset(R0);
            return Ok(());
        }
        if self.regs[self.frame] & !ARGS != 0 || self.slots[self.frame] != 0 {
            return Err(Lost::MarkAll);
        }
        let args = core::mem::take(&mut self.regs[self.frame]);
        self.leave()?;
        self.regs[self.frame] |= args;
        Ok(())
    }

    fn undo_call(&mut self, env: &Env<'_>, at: usize, next: i32) -> Result<(), Lost> {
        let flags = env.cfg.flags(at);
        if flags.sync_callback_call()
            && env.target.behaviour().precision_scope() != PrecisionScope::AcrossCalls
        {
            return Err(Lost::MarkAll);
        }
        if flags.sync_callback_call() && next != at as i32 + 1 {
            // From a callback's first instruction back to the call that ran it.
            if self.regs[self.frame] & !ARGS != 0 || self.slots[self.frame] != 0 {
                return Err(Lost::MarkAll);
            }
            self.regs[self.frame] = 0;
            return self.leave();
        }
        self.unset(R0);
        if self.regs[self.frame] & ARGS != 0 {
            return Err(Lost::MarkAll);
        }
        if matches!(env.ops[at], Op::Call(Callee::TAIL_CALL)) && next - at as i32 != 1 {
            // A tail call that left its frame at once.
            return self.enter();
        }
        Ok(())
    }

    fn undo_exit(&mut self, env: &Env<'_>, next: i32) -> Result<(), Lost> {
        if env.target.behaviour().precision_scope() != PrecisionScope::AcrossCalls {
            return Err(Lost::MarkAll);
        }
        let callback = next >= 0 && env.cfg.flags(next as usize).calls_callback();
        let held = callback && env.target.behaviour().callback_arguments_held();
        if callback && !held {
            self.regs[self.frame] &= !ARGS;
        }
        if self.regs[self.frame] & ARGS != 0 && !held {
            return Err(Lost::MarkAll);
        }
        let wants_r0 = next >= 1
            && matches!(env.ops[next as usize - 1], Op::Call(Callee::Local(_)))
            && self.has(R0);
        self.unset(R0);
        self.enter()?;
        if wants_r0 {
            self.set(R0);
        }
        Ok(())
    }

    /// Marks what is tracked in a kept state, and forgets what needs no further
    /// walk. Gives whether a mark was new.
    fn mark(&mut self, state: &mut State) -> bool {
        let mut changed = false;
        for frame in (0..=self.frame.min(state.frames.len() - 1)).rev() {
            for r in 0..FP {
                if self.regs[frame] >> r & 1 == 0 {
                    continue;
                }
                let reg = &state.frames[frame].regs[r as usize];
                if !reg.is_scalar() || reg.precise {
                    self.regs[frame] &= !(1 << r);
                } else {
                    state.frame_at_mut(frame).regs[r as usize].precise = true;
                    changed = true;
                }
            }
            let mut slots = self.slots[frame];
            while slots != 0 {
                let slot = slots.trailing_zeros() as usize;
                slots &= slots - 1;
                let kept = state.frames[frame].stack.get(slot);
                if kept.is_none_or(|s| !s.is_scalar_spill() || s.spill.precise) {
                    self.slots[frame] &= !(1 << slot);
                } else {
                    state
                        .frame_at_mut(frame)
                        .stack_mut()
                        .slot_mut(slot)
                        .spill
                        .precise = true;
                    changed = true;
                }
            }
        }
        changed
    }
}

/// Marks every scalar of the kept states from `parent` up.
fn mark_all(explorer: &mut Explorer, parent: Option<NodeId>) {
    let mut at = parent;
    while let Some(id) = at {
        let node = explorer.node_mut(id);
        node.state
            .for_each_reg_mut(|r| r.is_scalar() && !r.precise, |r| r.precise = true);
        at = node.track.parent;
    }
}

/// Walks back from `from`, a path's end, whatever `bt` tracks. `outermost` is
/// the call site of the path's outermost frame. Gives whether a mark was new.
fn walk_back(
    env: &Env<'_>,
    explorer: &mut Explorer,
    bt: &mut Backtrack,
    from: &Track,
    outermost: u32,
) -> bool {
    if bt.is_empty() {
        return false;
    }
    let mut changed = false;
    let mut first_insn = from.first_insn;
    let mut last = from.insn as i32;
    let mut next = -1;
    let mut skip = true;
    let mut node: Option<NodeId> = None;
    let mut parent = from.parent;
    loop {
        {
            let history = match node {
                None => &from.history,
                Some(id) => &explorer.node(id).track.history,
            };
            if last < 0 {
                // The entry of a function verified on its own: its arguments.
                return changed || mark_entry_args(explorer, bt, node, outermost);
            }
            let mut cursor = Cursor::new(first_insn, history);
            let mut at = last;
            let mut lost = false;
            loop {
                if skip {
                    skip = false;
                } else if bt.undo(env, at as usize, next, cursor.entry(at)).is_err() {
                    lost = true;
                    break;
                }
                if bt.is_empty() {
                    return changed;
                }
                next = at;
                match cursor.prev(at) {
                    Some(prev) if (prev as usize) < env.ops.len() => at = prev,
                    Some(_) => {
                        lost = true;
                        break;
                    }
                    None => break,
                }
            }
            if lost {
                mark_all(explorer, from.parent);
                return true;
            }
        }
        let Some(id) = parent else { break };
        let kept = explorer.node_mut(id);
        changed |= bt.mark(&mut kept.state);
        if bt.is_empty() {
            return changed;
        }
        next = first_insn as i32;
        last = kept.track.last_insn;
        first_insn = kept.track.first_insn;
        parent = kept.track.parent;
        node = Some(id);
    }
    // Wanted to the very beginning: a spill that was not followed.
    mark_all(explorer, from.parent);
    true
}

/// At the entry of a global function or async callback only arguments remain.
fn mark_entry_args(
    explorer: &mut Explorer,
    bt: &mut Backtrack,
    node: Option<NodeId>,
    outermost: u32,
) -> bool {
    let Some(id) = node else { return false };
    let entry = explorer.node(id);
    let alone = entry.state.frames.len() == 1 && outermost == NO_CALLSITE;
    if !alone || bt.slots[0] != 0 || bt.regs[0] & !ARGS != 0 {
        mark_all(explorer, Some(id));
        return true;
    }
    bt.mark(&mut explorer.node_mut(id).state)
}

impl Vm<'_> {
    /// Carries out what [`Vm::need_precise`] asked for.
    #[inline]
    pub fn flush_precision(&mut self) -> Check<()> {
        // Asked after every instruction; seldom is there anything to do.
        let mut wanted = self.wanted.replace(0);
        while wanted != 0 {
            let r = wanted.trailing_zeros() as u8;
            wanted &= wanted - 1;
            if r <= FP && self.reg(r).is_scalar() {
                self.mark_precise(r);
            }
        }
        Ok(())
    }

    fn mark_precise(&mut self, r: u8) {
        let mut bt = core::mem::take(&mut self.explorer.bt);
        bt.reset(self.cur.frames.len());
        bt.set(r);
        self.back(&mut bt);
        self.explorer.bt = bt;
    }

    /// Marks the number that is spilled in a stack slot as relied on.
    pub fn mark_slot_precise(&mut self, frame: usize, slot: usize) {
        let mut bt = core::mem::take(&mut self.explorer.bt);
        bt.reset(self.cur.frames.len());
        bt.set_slot((frame as u8, slot as u8));
        self.back(&mut bt);
        self.explorer.bt = bt;
    }

    fn back(&mut self, bt: &mut Backtrack) -> bool {
        let track = self.explorer.track.take().expect("a path is being walked");
        let outermost = self.cur.frames[0].callsite;
        let changed = walk_back(&self.env, &mut self.explorer, bt, &track, outermost);
        self.explorer.track = Some(track);
        changed
    }

    /// The current state is covered by `id`: what is precise there was relied
    /// on from here on, so it is precise on this path too.
    pub(super) fn inherit_precision(&mut self, id: NodeId) -> Check<()> {
        let mut bt = core::mem::take(&mut self.explorer.bt);
        track_precise_of(&self.explorer.node(id).state, &mut bt);
        self.back(&mut bt);
        self.explorer.bt = bt;
        Ok(())
    }

    /// Pushes marks through the back-edges of a finished loop until none is new.
    pub(super) fn settle_backedges(&mut self, edges: Vec<BackEdge>) -> Check<()> {
        let mut bt = core::mem::take(&mut self.explorer.bt);
        for round in 0.. {
            if round > MAX_ROUNDS {
                for edge in &edges {
                    mark_all(&mut self.explorer, edge.track.parent);
                }
                break;
            }
            let mut changed = false;
            for edge in &edges {
                track_precise_of(&self.explorer.node(edge.equal).state, &mut bt);
                changed |= walk_back(
                    &self.env,
                    &mut self.explorer,
                    &mut bt,
                    &edge.track,
                    edge.outermost,
                );
            }
            if !changed {
                break;
            }
        }
        self.explorer.bt = bt;
        Ok(())
    }
}

/// Tracks every precise scalar of a kept state.
fn track_precise_of(state: &State, bt: &mut Backtrack) {
    bt.reset(state.frames.len());
    for (f, frame) in state.frames.iter().enumerate() {
        for (r, reg) in frame.regs.iter().enumerate().take(FP as usize) {
            if reg.is_scalar() && reg.precise {
                bt.regs[f] |= 1 << r;
            }
        }
        for (s, slot) in frame.stack.slots().enumerate() {
            if slot.is_scalar_spill() && slot.spill.precise {
                bt.slots[f] |= 1 << s;
            }
        }
    }
}
