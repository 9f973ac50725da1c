//! Which stack slots may still be read: live variables, per chain of calls.
//!
//! While paths are walked, each (call chain, instruction) gathers two sets per
//! frame: `may_read`, a union over paths, and `must_write`, an intersection.
//! From them a textbook backward analysis gives, per chain,
//!
//! ```text
//! after(i)  = ∪ before(s)            for s in successors(i)
//! before(i) = (after(i) \ must_write(i)) ∪ may_read(i)
//! written(i) = (∩ written(s)) ∪ must_write(i)
//! ```
//!
//! and what a callee reads and surely writes of its callers' stacks is handed
//! to the call instruction in the caller's chain. A slot that no longer may be
//! read is dropped from kept states, so that more states compare as covered.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;

use smallvec::SmallVec;

use super::scc::frame_insn;
use super::sweep::{Dirty, Order};
use crate::abstract_interp::state::State;
use crate::cfg::Cfg;
use crate::prelude::*;

type ChainKey = SmallVec<[u32; 8]>;

#[derive(Clone, Copy, Debug, Default)]
struct Masks {
    may_read: u64,
    must_write: u64,
    written: u64,
    before: u64,
}

#[derive(Debug)]
struct Instance {
    /// Call sites of the outer frames, then the start of the subprogram.
    chain: ChainKey,
    /// Starts of the subprograms that own the frames.
    starts: ChainKey,
    start: usize,
    len: usize,
    changed: bool,
    write_shrunk: bool,
    /// Per frame, per instruction; empty until a slot of that frame is touched.
    frames: Vec<Vec<Masks>>,
    /// What is known of `must_write` of each instruction.
    writes: Vec<Writes>,
    /// Instructions (from `start`) whose own sets changed since the last solution.
    dirty: Vec<u32>,
}

/// Whether `must_write` of an instruction was set, and may still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    Unset,
    Set,
    /// Empty in all frames: an intersection that stays so.
    Nothing,
}

impl Instance {
    fn masks(&mut self, frame: usize, insn: usize) -> &mut Masks {
        let (start, len) = (self.start, self.len);
        let masks = &mut self.frames[frame];
        if masks.is_empty() {
            masks.resize(len, Masks::default());
        }
        &mut masks[insn - start]
    }
    fn before(&self, frame: usize, insn: usize) -> u64 {
        self.frames[frame]
            .get(insn.wrapping_sub(self.start))
            .map_or(0, |m| m.before)
    }
}

/// The analysis; see the head of the file.
#[derive(Debug, Default)]
pub struct StackLiveness {
    instances: Vec<Instance>,
    by_chain: BTreeMap<ChainKey, usize>,
    current: Option<usize>,
    /// Per frame, what the instruction begun last surely writes.
    writes: SmallVec<[u64; 16]>,
    /// Whether any of them is set.
    wrote: bool,
    /// Orders of subprograms, once asked for.
    orders: Vec<Option<Rc<Order>>>,
    dirty: Dirty,
    /// The chains looked up last, by depth: mostly the ones asked for next.
    recent: SmallVec<[usize; 8]>,
}

/// Answers for one state; see [`StackLiveness::query`].
pub struct Query {
    instances: SmallVec<[usize; 8]>,
    insn: usize,
}

impl StackLiveness {
    /// Forgets which chain is current; call it when a frame is pushed or popped.
    pub fn leave_chain(&mut self) {
        self.current = None;
    }

    fn instance(&mut self, cfg: &Cfg, state: &State, insn: u32, frame: usize) -> usize {
        let starts: ChainKey = state.frames[..=frame]
            .iter()
            .map(|f| cfg.subprog_start(f.subprog as usize) as u32)
            .collect();
        let mut chain: ChainKey = (0..frame).map(|f| frame_insn(state, insn, f)).collect();
        chain.push(starts[frame]);
        self.lookup(cfg, chain, starts)
    }

    fn lookup(&mut self, cfg: &Cfg, chain: ChainKey, starts: ChainKey) -> usize {
        let depth = chain.len();
        if self.recent.len() < depth {
            self.recent.resize(depth, usize::MAX);
        }
        let recent = self.recent[depth - 1];
        if self.instances.get(recent).is_some_and(|i| i.chain == chain) {
            return recent;
        }
        if let Some(&at) = self.by_chain.get(&chain) {
            self.recent[depth - 1] = at;
            return at;
        }
        let start = starts[starts.len() - 1] as usize;
        let len = cfg.subprog_end(cfg.subprog_of(start)) - start;
        let at = self.instances.len();
        self.instances.push(Instance {
            frames: vec![Vec::new(); chain.len()],
            chain: chain.clone(),
            starts,
            start,
            len,
            changed: false,
            write_shrunk: false,
            writes: vec![Writes::Unset; len],
            dirty: Vec::new(),
        });
        self.by_chain.insert(chain, at);
        self.recent[depth - 1] = at;
        at
    }

    fn current(&mut self, cfg: &Cfg, state: &State, insn: usize) -> usize {
        match self.current {
            Some(at) => at,
            None => {
                let at = self.instance(cfg, state, insn as u32, state.curframe());
                self.current = Some(at);
                at
            }
        }
    }

    /// Begins an instruction.
    pub fn begin_insn(&mut self, cfg: &Cfg, state: &State, insn: usize) {
        self.current(cfg, state, insn);
        if self.wrote || self.writes.len() != state.frames.len() {
            self.writes.clear();
            self.writes.resize(state.frames.len(), 0);
            self.wrote = false;
        }
    }

    /// The instruction may read these slots of a frame.
    pub fn read(&mut self, cfg: &Cfg, state: &State, insn: usize, frame: usize, slots: u64) {
        let at = self.current(cfg, state, insn);
        Self::add_read(&mut self.instances[at], frame, insn, slots);
    }

    fn add_read(instance: &mut Instance, frame: usize, insn: usize, slots: u64) {
        let masks = instance.masks(frame, insn);
        let grown = masks.may_read | slots;
        let news = grown != masks.may_read && grown | masks.before != masks.before;
        if grown != masks.may_read {
            masks.may_read = grown;
            instance.dirty.push((insn - instance.start) as u32);
        }
        instance.changed |= news;
    }

    /// The instruction surely writes these slots of a frame.
    pub fn write(&mut self, frame: usize, slots: u64) {
        if let Some(mask) = self.writes.get_mut(frame) {
            *mask |= slots;
            self.wrote = true;
        }
    }

    /// Ends the instruction begun last.
    pub fn commit_insn(&mut self, insn: usize) {
        if let Some(at) = self.current {
            Self::commit(&mut self.instances[at], insn, &self.writes);
        }
    }

    fn commit(instance: &mut Instance, insn: usize, writes: &[u64]) {
        let rel = insn - instance.start;
        let seen = match instance.writes[rel] {
            Writes::Nothing => return,
            Writes::Set => true,
            Writes::Unset => false,
        };
        let mut after = Writes::Nothing;
        for frame in 0..instance.frames.len() {
            let new = writes.get(frame).copied().unwrap_or(0);
            if new == 0 && (!seen || instance.frames[frame].is_empty()) {
                continue;
            }
            let masks = instance.masks(frame, insn);
            let old = masks.must_write;
            let new = if seen { new & old } else { new };
            masks.must_write = new;
            if old != new {
                instance.dirty.push(rel as u32);
                instance.changed = true;
            }
            instance.write_shrunk |= old & !new != 0;
            if new != 0 {
                after = Writes::Set;
            }
        }
        instance.writes[rel] = after;
    }

    /// Brings the chains of a state up to date; call it when a path ends and
    /// when a frame is left.
    pub fn update(&mut self, cfg: &Cfg, state: &State, insn: usize) {
        let mut innermost = self.current.take();
        for frame in (0..state.frames.len()).rev() {
            let at = innermost
                .take()
                .unwrap_or_else(|| self.instance(cfg, state, insn as u32, frame));
            if self.instances[at].changed {
                self.solve(cfg, at);
                let instance = &mut self.instances[at];
                instance.changed = false;
                instance.write_shrunk = false;
            }
        }
    }

    fn solve(&mut self, cfg: &Cfg, at: usize) {
        let instance = &mut self.instances[at];
        if instance.write_shrunk {
            instance
                .frames
                .iter_mut()
                .flatten()
                .for_each(|m| m.written = 0);
        }
        let subprog = cfg.subprog_of(instance.start);
        if self.orders.len() <= subprog {
            self.orders.resize(subprog + 1, None);
        }
        let order = self.orders[subprog].get_or_insert_with(|| Rc::new(Order::new(cfg, subprog)));
        let start = instance.start;
        for masks in instance.frames.iter_mut().filter(|m| !m.is_empty()) {
            if instance.write_shrunk {
                self.dirty.all(order);
            } else {
                self.dirty.some(order, &instance.dirty);
            }
            self.dirty.solve(order, |insn| {
                let succ = cfg.successors(start + insn);
                if succ.is_empty() {
                    return false;
                }
                let (mut after, mut written) = (0, u64::MAX);
                for &s in succ.iter() {
                    let s = &masks[s as usize - start];
                    after |= s.before;
                    written &= s.written;
                }
                let m = &mut masks[insn];
                let before = after & !m.must_write | m.may_read;
                let written = written | m.must_write;
                let changed = before != m.before || written != m.written;
                m.before = before;
                m.written = written;
                changed
            });
        }
        instance.dirty.clear();
        if instance.chain.len() > 1 {
            self.hand_to_caller(cfg, at);
        }
    }

    /// What the callee reads and surely writes of outer frames becomes what the
    /// call instruction reads and writes.
    fn hand_to_caller(&mut self, cfg: &Cfg, at: usize) {
        let inner = &self.instances[at];
        let depth = inner.chain.len() - 1;
        let callsite = inner.chain[depth - 1] as usize;
        let mut chain: ChainKey = inner.chain[..depth].into();
        let starts: ChainKey = inner.starts[..depth].into();
        chain[depth - 1] = starts[depth - 1];
        let mut writes: SmallVec<[u64; 16]> = smallvec::smallvec![0; depth];
        let mut reads: SmallVec<[Option<u64>; 16]> = smallvec::smallvec![None; depth];
        for frame in 0..depth {
            if let Some(first) = inner.frames[frame].first() {
                writes[frame] = first.written;
                reads[frame] = Some(first.before);
            }
        }
        let outer = self.lookup(cfg, chain, starts);
        for (frame, slots) in reads.iter().enumerate() {
            if let Some(slots) = slots {
                Self::add_read(&mut self.instances[outer], frame, callsite, *slots);
            }
        }
        Self::commit(&mut self.instances[outer], callsite, &writes);
    }

    /// Prepares questions about a state at `insn`.
    pub fn query(&mut self, cfg: &Cfg, state: &State, insn: u32) -> Query {
        let instances = (0..state.frames.len())
            .map(|f| self.instance(cfg, state, insn, f))
            .collect();
        Query {
            instances,
            insn: insn as usize,
        }
    }

    /// The slots of frame `frame` that may still be read.
    pub fn alive(&self, cfg: &Cfg, q: &Query, frame: usize) -> u64 {
        let innermost = q.instances.len() - 1;
        let inner = &self.instances[q.instances[innermost]];
        let mut alive = inner.before(frame, q.insn);
        for f in frame..innermost {
            let callsite = inner.chain[f] as usize;
            let outer = &self.instances[q.instances[f]];
            let at = if cfg.flags(callsite).calls_callback() {
                callsite
            } else {
                callsite + 1
            };
            alive |= outer.before(frame, at);
        }
        alive
    }
}
