//! Exploration: the only loop.
//!
//! Paths are walked depth first, the fall-through of a branch before its
//! target. At prune points a state is compared with those kept there; if one
//! covers it the path ends, else it may be kept itself. `Node`s are kept
//! states, linked to the kept state before them; a node whose `branches` is 0
//! has been walked to the end on all its paths.
//!
//! The counts that the kernel reports (processed instructions, states) come out
//! of this room, so each rule that moves them is in one place: when to keep and
//! drop a state in `visited`, what is compared in `compare`, what is precise in
//! `precision`, what is live in `marks` (older kernels), `stack_live`, `ahead` and `cfg`, what is
//! dropped for it in `clean`, loops in
//! `scc` and, by their entry, in `visited`.

mod clean;
mod compare;
mod history;
mod marks;
mod precision;
mod profile;
mod scc;
mod spend;
mod stack_live;
mod step;
mod sweep;
mod track;
mod visited;
mod widen;

use alloc::collections::BTreeMap;
use alloc::rc::Rc;

pub use compare::Where;
pub use history::{Linked, MAX_LINKED, Place};
pub use profile::{Hot, Point, Profile};
pub use scc::frame_insn;
pub use widen::widen;

use self::compare::IdMap;
use self::history::{Cursor, Entry};
use self::precision::Backtrack;
use self::scc::{VisitId, Visits};
use self::spend::Spending;
use self::stack_live::StackLiveness;
use self::track::Track;
use super::ahead::StackAhead;
use super::refusal::{Fact, Fault, Held, Refusal, refuse};
use super::state::State;
use super::vm::{Check, Halt, Next, Vm};
use crate::prelude::*;

/// A kept state.
pub type NodeId = u32;

#[derive(Debug)]
struct Node {
    state: State,
    track: Track,
    /// What is read from here on, where that is marked.
    read: marks::Reads,
    /// A loop begins here: other states name it.
    is_entry: bool,
    hits: u32,
    misses: u32,
    /// Dropped from its list; freed once no path needs it.
    dropped: bool,
    /// Where the last comparison failed, to look there first.
    hint: Option<compare::Where>,
    /// The visit of a loop that it was kept in.
    visit: Option<VisitId>,
}

/// A kept state in a list to search.
#[derive(Clone, Copy, Debug)]
struct Listed {
    node: NodeId,
    /// Its instruction: a list holds those of several.
    insn: u32,
    /// Dead registers and slots were removed.
    cleaned: bool,
}

#[derive(Debug)]
struct Pending {
    state: State,
    track: Track,
    insn: usize,
    prev: i32,
}

/// A path that can be taken up: for walking one path by itself.
#[derive(Debug)]
pub struct Fork {
    /// The state it begins with.
    pub state: State,
    /// The instruction slot it begins at.
    pub insn: usize,
    track: Track,
}

/// Paths to walk, states kept, counts.
#[derive(Debug, Default)]
pub struct Explorer {
    nodes: Vec<Option<Node>>,
    free: Vec<NodeId>,
    /// Kept states by a hash of instruction and call site, oldest first.
    lists: Vec<Vec<Listed>>,
    pending: Vec<Pending>,
    track: Option<Track>,
    /// Whether the newest history entry is of the current instruction.
    entry_open: bool,
    visits: Visits,
    live: StackLiveness,
    /// What may be read of stacks, where that is known before exploring.
    ahead: Option<StackAhead>,
    bt: Backtrack,
    ids: IdMap,
    listed: usize,
    dropped: usize,
    jumps: u64,
    jumps_at_keep: u64,
    processed_at_keep: u64,
    spending: Spending,
    /// What is counted, if a profile is asked for.
    pub profile: Option<Box<Profile>>,
    /// Where the most states were held, of a function that took half the limit or more.
    pub hot: Option<Box<Hot>>,
    /// Pointers move by unknown numbers: states are told apart by every number.
    pub numbers_told: bool,
    /// Instructions processed, over all functions.
    pub processed: u64,
    /// States kept, over all functions.
    pub total_states: u64,
    /// The most states held at one time.
    pub peak_states: u64,
    /// The deepest stack use of each subprogram, in bytes.
    pub stack_use: BTreeMap<u32, u32>,
}

impl Explorer {
    /// With nothing to walk yet.
    pub fn new(ahead: Option<StackAhead>) -> Self {
        Explorer {
            ahead,
            ..Explorer::default()
        }
    }
    fn track(&self) -> &Track {
        self.track.as_ref().expect("a path is being walked")
    }
    fn track_mut(&mut self) -> &mut Track {
        self.track.as_mut().expect("a path is being walked")
    }
    fn node(&self, id: NodeId) -> &Node {
        self.nodes[id as usize]
            .as_ref()
            .expect("a kept state in use is not freed")
    }
    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        self.nodes[id as usize]
            .as_mut()
            .expect("a kept state in use is not freed")
    }
    fn add_node(&mut self, node: Node) -> NodeId {
        match self.free.pop() {
            Some(id) => {
                self.nodes[id as usize] = Some(node);
                id
            }
            None => {
                self.nodes.push(Some(node));
                (self.nodes.len() - 1) as NodeId
            }
        }
    }
    fn note_peak(&mut self) {
        let held = (self.listed + self.dropped + self.visits.held) as u64;
        self.peak_states = self.peak_states.max(held);
    }
    /// Makes ready for another function; counts go on, and with them those of the
    /// states held: kernels never take off what an earlier function kept.
    fn reset(&mut self, slots: usize) {
        self.nodes.clear();
        self.free.clear();
        self.lists.clear();
        self.lists.resize_with(slots.max(1), Vec::new);
        self.pending.clear();
        self.visits.clear();
        self.live.leave_chain();
    }
}

impl Vm<'_> {
    /// Walks all paths of the function whose entry state is `self.cur`, from
    /// `entry`.
    pub(super) fn explore(&mut self, entry: usize) -> Check<()> {
        self.begin_path(entry);
        let before = self.explorer.processed;
        let result = self.walk();
        let spent = self.explorer.processed - before;
        if spent >= u64::from(self.env.target.limits().complexity()) / 2 {
            self.explorer.hot = self.explorer.hot(self.env.cfg, false).map(Box::new);
        }
        result.map_err(|halt| self.place(halt))
    }

    fn walk(&mut self) -> Check<()> {
        let mut prev: i32 = -1;
        loop {
            self.explorer.entry_open = false;
            self.prev_insn = prev;
            if self.insn >= self.env.ops.len() {
                return refuse(Fault::InsnIndex);
            }
            self.explorer.processed += 1;
            if self.explorer.processed > u64::from(self.env.target.limits().complexity()) {
                let processed = self.explorer.processed;
                return refuse(Fault::Complexity { processed });
            }
            if self.explorer.processed >= self.explorer.spending.next {
                self.report_spending()?;
            }
            let insn = self.insn;
            let track = self.explorer.track_mut();
            track.last_insn = prev;
            track.insn = insn as u32;
            let flags = self.env.cfg.flags(insn);
            if flags.prune_point() && self.visited()? {
                match self.next_path()? {
                    Some(p) => prev = p,
                    None => return Ok(()),
                }
                continue;
            }
            if self.cur.mispredicted && self.aux[insn].fenced {
                match self.next_path()? {
                    Some(p) => prev = p,
                    None => return Ok(()),
                }
                continue;
            }
            if flags.jmp_point() {
                self.open_entry();
            }
            prev = insn as i32;
            let (marks, gathers) = (self.marks_reads(), self.gathers_reads());
            let (frame, callback) = (self.cur.curframe(), self.cur.frame().in_callback);
            if marks {
                self.marks_before();
            } else if gathers {
                self.explorer.live.begin_insn(self.env.cfg, &self.cur, insn);
            }
            if let Some(observer) = &mut self.observer
                && !self.cur.mispredicted
            {
                observer(&self.env, &self.cur, insn);
            }
            let next = match self.step().and_then(|n| self.flush_precision().map(|()| n)) {
                Err(halt) if self.cur.mispredicted => self.fence(halt)?,
                next => next?,
            };
            self.history_fits()?;
            if marks {
                self.marks_after(insn, frame, callback);
            } else if gathers {
                self.explorer.live.commit_insn(insn);
            }
            let next = if self.cur.mispredicted && self.aux[insn].fenced_after {
                Next::End
            } else {
                next
            };
            match next {
                Next::Fallthrough => self.insn = insn + self.env.ops[insn].slots(),
                Next::Goto(at) => self.insn = at,
                Next::End => {
                    self.ends_outside_loops()?;
                    match self.next_path()? {
                        Some(p) => prev = p,
                        None => return Ok(()),
                    }
                }
            }
        }
    }

    /// Makes ready to walk one path from `entry`, without pruning.
    pub(super) fn begin_path(&mut self, entry: usize) {
        self.explorer.reset(self.env.ops.len());
        self.explorer.track = Some(Track::start(entry));
        self.insn = entry;
    }

    /// Carries out the current instruction after `prev`; gives all that may come
    /// next, what exploration takes first in front.
    pub(super) fn step_alone(&mut self, prev: i32) -> Check<Vec<Fork>> {
        let insn = self.insn;
        self.explorer.entry_open = false;
        self.prev_insn = prev;
        self.explorer.pending.clear();
        let Some(op) = self.env.ops.get(insn) else {
            return refuse(Fault::InsnIndex);
        };
        let slots = op.slots();
        let track = self.explorer.track_mut();
        track.last_insn = prev;
        track.insn = insn as u32;
        if self.env.cfg.flags(insn).jmp_point() {
            self.open_entry();
        }
        self.explorer.live.begin_insn(self.env.cfg, &self.cur, insn);
        let next = self
            .step()
            .and_then(|next| self.flush_precision().map(|()| next))
            .map_err(|halt| self.place(halt))?;
        self.explorer.live.commit_insn(insn);
        let at = match next {
            Next::Fallthrough => Some(insn + slots),
            Next::Goto(at) => Some(at),
            Next::End => None,
        };
        let first = at.map(|insn| Fork {
            state: self.cur.clone(),
            insn,
            track: self.explorer.track().clone(),
        });
        let rest = self.explorer.pending.drain(..).rev().map(|p| Fork {
            state: p.state,
            insn: p.insn,
            track: p.track,
        });
        Ok(first.into_iter().chain(rest).collect())
    }

    /// Goes on with a path.
    pub(super) fn resume(&mut self, fork: Fork) {
        self.explorer.live.leave_chain();
        self.cur = fork.state;
        self.explorer.track = Some(fork.track);
        self.insn = fork.insn;
    }

    /// Ends the current path and takes up the youngest one left; gives the
    /// instruction before its first.
    fn next_path(&mut self) -> Check<Option<i32>> {
        self.path_ended()?;
        if self.gathers_reads() {
            self.explorer
                .live
                .update(self.env.cfg, &self.cur, self.insn);
        }
        let Some(p) = self.explorer.pending.pop() else {
            return Ok(None);
        };
        self.cur = p.state;
        self.explorer.track = Some(p.track);
        self.insn = p.insn;
        Ok(Some(p.prev))
    }

    /// Counts down the branches of the kept states before an ended path.
    fn path_ended(&mut self) -> Check<()> {
        let track = self.explorer.track_mut();
        track.branches -= 1;
        if track.branches != 0 {
            return Ok(());
        }
        let (mut at, mut child) = (track.parent, None::<NodeId>);
        let entry = track.loop_entry;
        self.loop_reaches_parent(at, entry);
        while let Some(id) = at {
            let node = self.explorer.node_mut(id);
            node.track.branches -= 1;
            if node.track.branches != 0 {
                break;
            }
            at = node.track.parent;
            let entry = node.track.loop_entry;
            self.loop_reaches_parent(at, entry);
            self.leave_loop(id)?;
            if let Some(child) = child {
                self.free_if_unused(child);
            }
            child = Some(id);
        }
        if let Some(child) = child {
            self.free_if_unused(child);
        }
        Ok(())
    }

    fn free_if_unused(&mut self, id: NodeId) {
        let node = self.explorer.node(id);
        if node.dropped && node.track.branches == 0 && !node.is_entry && !self.unfinished(id) {
            self.explorer.nodes[id as usize] = None;
            self.explorer.free.push(id);
            self.explorer.dropped -= 1;
        }
    }

    /// Forks the current state, to be walked later from `insn`. The copy may be
    /// changed.
    pub fn push_branch(&mut self, insn: usize) -> Check<&mut State> {
        self.fork(insn, self.cur.clone())
    }

    /// As [`Vm::push_branch`], with a copy that was made and changed before.
    pub fn push_forked(&mut self, insn: usize, state: State) -> Check<()> {
        self.fork(insn, state).map(|_| ())
    }

    /// Queues a fresh path for an asynchronous callback that begins at `insn`.
    pub fn push_async(&mut self, insn: usize, state: State) -> Check<&mut State> {
        // It doesn't continue the current path: the states kept on that are
        // done when it is, whatever becomes of the callback.
        self.queue(insn, state, Track::start(insn))
    }

    fn fork(&mut self, insn: usize, state: State) -> Check<&mut State> {
        let track = self.explorer.track().clone();
        if let Some(parent) = track.parent {
            self.explorer.node_mut(parent).track.branches += 1;
        }
        let mut track = Track {
            branches: 1,
            ..track
        };
        // The path goes on after the instruction, unless it begins with it again.
        if insn != self.insn
            && let Some(writes) = track.written.get_mut(self.cur.curframe())
        {
            writes.write(self.env.cfg.defs(self.insn));
        }
        self.queue(insn, state, track)
    }

    fn queue(&mut self, insn: usize, state: State, track: Track) -> Check<&mut State> {
        let limit = self.env.target.limits().jump_sequence() as usize;
        let prev = self.insn as i32;
        self.explorer.pending.push(Pending {
            state,
            track,
            insn,
            prev,
        });
        let count = self.explorer.pending.len();
        if count > limit {
            let count = count as u64;
            return refuse(Fault::PendingBranches { count });
        }
        Ok(&mut self.explorer.pending[count - 1].state)
    }

    fn history_fits(&self) -> Check<()> {
        let limit = self.env.target.limits().history() as usize;
        if limit == 0 || self.explorer.track().history.len() <= limit {
            return Ok(());
        }
        refuse(Fault::HistoryTooLong {
            entries: limit as u64,
        })
    }

    /// The history entry of the current instruction, made on demand.
    fn open_entry(&mut self) -> &mut Entry {
        let (insn, prev) = (self.insn, self.prev_insn);
        if !self.explorer.entry_open {
            self.explorer.entry_open = true;
            self.explorer
                .track_mut()
                .history
                .push(Entry::new(insn, prev));
        }
        self.explorer
            .track_mut()
            .history
            .last_mut()
            .expect("an entry was just made")
    }

    /// The current instruction reads or writes a stack slot through a register.
    pub fn record_stack_access(&mut self, frame: usize, slot: usize) {
        self.open_entry().stack = Some((frame as u8, slot as u8));
    }

    /// The current comparison has stack pointers as operands.
    pub fn record_stack_operands(&mut self, dst: bool, src: bool) {
        let entry = self.open_entry();
        entry.dst_is_stack |= dst;
        entry.src_is_stack |= src;
    }

    /// The current comparison gave these scalars a range together.
    pub fn record_linked(&mut self, linked: Linked) {
        let behaviour = self.env.target.behaviour();
        if !behaviour.links_in_history() && !behaviour.precise_by_id() {
            return;
        }
        self.open_entry().linked = Some(Rc::new(linked));
    }

    /// The current instruction may read these slots of a frame's stack.
    pub fn mark_stack_read(&mut self, frame: usize, slots: u64) {
        if self.marks_reads() {
            self.mark_read(frame, 0, slots);
        } else if self.gathers_reads() {
            self.explorer
                .live
                .read(self.env.cfg, &self.cur, self.insn, frame, slots);
        }
    }

    /// The current instruction surely overwrites these slots of a frame's stack.
    pub fn mark_stack_write(&mut self, frame: usize, slots: u64) {
        if self.marks_reads() {
            self.mark_written(frame, slots);
        } else if self.gathers_reads() {
            self.explorer.live.write(frame, slots);
        }
    }

    /// Whether the target gathers reads of stack while it explores.
    fn gathers_reads(&self) -> bool {
        self.env.target.behaviour().stack_liveness() == crate::target::StackLiveness::Gathered
    }

    /// A frame was pushed: the call chain changed.
    pub fn entered_frame(&mut self) {
        self.explorer.live.leave_chain();
    }

    /// A frame is about to be popped by the current instruction.
    pub fn leaving_frame(&mut self) {
        if self.gathers_reads() {
            self.explorer
                .live
                .update(self.env.cfg, &self.cur, self.insn);
        }
    }

    /// Notes that subprogram `subprog` uses its stack down to `bytes`.
    pub fn note_stack_use(&mut self, subprog: u32, bytes: u32) {
        let deepest = self.explorer.stack_use.entry(subprog).or_default();
        *deepest = (*deepest).max(bytes);
    }

    /// Gives a halt its place, and a refusal its path.
    fn place(&self, halt: Halt) -> Halt {
        match halt {
            Halt::Unknown(mut u) => {
                u.insn.get_or_insert(self.insn);
                Halt::Unknown(u)
            }
            Halt::Refusal(mut v) => {
                if v.insn == usize::MAX {
                    v.insn = self.insn;
                }
                (v.path, v.path_truncated) = self.path();
                v.hot = match v.fact {
                    Fact::Found(Fault::Complexity { .. }) => self.explorer.hot.clone(),
                    Fact::Found(Fault::PendingBranches { .. }) => {
                        self.explorer.hot(self.env.cfg, true).map(Box::new)
                    }
                    _ => None,
                };
                v.regs = self
                    .cur
                    .frame()
                    .regs
                    .iter()
                    .enumerate()
                    .filter(|(_, r)| r.is_init())
                    .map(|(i, r)| (i as u8, Held::Known(Box::new(*r))))
                    .collect();
                Halt::Refusal(v)
            }
        }
    }

    /// The instructions of the current path, oldest first, and whether older
    /// ones were left out.
    fn path(&self) -> (Vec<u32>, bool) {
        let mut path = Vec::new();
        let mut track = self.explorer.track();
        let mut at = self.insn as i32;
        loop {
            let mut cursor = Cursor::new(track.first_insn, &track.history);
            loop {
                if path.len() >= Refusal::MAX_PATH {
                    path.reverse();
                    return (path, true);
                }
                // The state kept at `first_insn` ends where the next begins.
                if path.last() != Some(&(at as u32)) {
                    path.push(at as u32);
                }
                match cursor.prev(at) {
                    Some(prev) if prev >= 0 => at = prev,
                    _ => break,
                }
            }
            let Some(parent) = track.parent else { break };
            track = &self.explorer.node(parent).track;
            if track.last_insn < 0 {
                break;
            }
            at = track.last_insn;
        }
        path.reverse();
        path.retain(|&i| !matches!(self.env.ops[i as usize], crate::programs::insn::Op::Second));
        (path, false)
    }
}
