//! When a path may end because it was walked before, and which states to keep.

use super::clean::drop_singular_ids;
use super::compare::{Exact, Where};
use super::scc::{BackEdge, Chain, chain};
use super::track::Track;
use super::{Listed, Node, NodeId, marks, profile};
use crate::abstract_interp::refusal::{Fault, refuse};
use crate::abstract_interp::state::{NO_CALLSITE, NREGS, State};
use crate::abstract_interp::value::{IterState, Kind};
use crate::abstract_interp::vm::{Check, Vm};
use crate::programs::insn::Op;
use crate::target::{Eviction, Limits, LoopConvergence};

/// Keep no second state within so many jumps and instructions.
const MIN_JUMPS: u64 = 2;
const MIN_INSNS: u64 = 8;
/// Inside a loop, keep them wider apart.
const LOOP_JUMPS: u64 = 20;
const LOOP_INSNS: u64 = 100;
/// A history longer than this forces a state.
const MAX_HISTORY: usize = 40;
/// A state that missed this much more often than it hit is dropped.
const PATIENCE: u32 = 3;
/// The same for states that loops converge on.
const CHECKPOINT_PATIENCE: u32 = 64;

/// What the comparison with one kept state says.
enum Finding {
    Miss,
    /// Covered; whether the covering state's marks are unfinished.
    Hit {
        unfinished: bool,
    },
}

impl Vm<'_> {
    fn list_of(&self, insn: usize) -> usize {
        let callsite = self.cur.frame().callsite;
        (insn as u32 ^ callsite) as usize % self.explorer.lists.len()
    }

    fn chain_of(&self, state: &State, insn: u32) -> Option<Chain> {
        let found = chain(state, insn, |i| self.env.cfg.scc(i as usize))?;
        let visits = self.env.target.behaviour().loop_convergence() == LoopConvergence::Scc;
        visits.then_some(found)
    }

    pub(super) fn unfinished(&self, id: NodeId) -> bool {
        let node = self.explorer.node(id);
        if node.track.loop_entry.is_none() && node.visit.is_none() {
            return false;
        }
        if self.env.target.behaviour().loop_convergence() == LoopConvergence::LoopEntry {
            let entry = self.loop_entry_of(id);
            return entry.is_some_and(|entry| self.explorer.node(entry).track.branches > 0);
        }
        let visit = self.explorer.node(id).visit;
        visit.is_some_and(|visit| self.explorer.visits.incomplete(visit))
    }

    /// At a prune point: whether a kept state covers the current one. If none
    /// does, the current one may be kept.
    pub(super) fn visited(&mut self) -> Check<bool> {
        let insn = self.insn;
        let checkpoint = self.env.cfg.flags(insn).force_checkpoint();
        let long = self.explorer.track().history.len() > MAX_HISTORY
            && self.env.target.behaviour().history_checkpoint();
        let forced = checkpoint || long;
        if self.marks_reads() {
            self.marks_at_point();
        }
        let jumps = self.explorer.jumps - self.explorer.jumps_at_keep;
        let insns = self.explorer.processed - self.explorer.processed_at_keep;
        let mut keep = forced || jumps >= MIN_JUMPS && insns >= MIN_INSNS;
        let far = jumps >= LOOP_JUMPS || insns >= LOOP_INSNS;

        let list = self.list_of(insn);
        if self.explorer.ahead.is_some() {
            self.clean_current();
        } else {
            self.clean_list(list);
        }
        // Newest first; dropping an element keeps the order of the rest.
        let mut at = self.explorer.lists[list].len();
        while at > 0 {
            at -= 1;
            let listed = self.explorer.lists[list][at];
            if listed.insn as usize != insn {
                continue;
            }
            let id = listed.node;
            let walking = self.explorer.node(id).track.branches > 0;
            if let Some(profile) = &mut self.explorer.profile {
                profile.begin();
            }
            let finding = if walking {
                let finding = self.compare_walking(id)?;
                if matches!(finding, Finding::Miss) && !forced && !far {
                    keep = false;
                }
                finding
            } else {
                let unfinished = self.unfinished(id);
                let exact = if unfinished {
                    Exact::RangeWithin
                } else {
                    Exact::No
                };
                if self.covers(id, exact) {
                    Finding::Hit { unfinished }
                } else {
                    Finding::Miss
                }
            };
            if let Finding::Hit { unfinished } = finding {
                self.hit(id, unfinished)?;
                return Ok(true);
            }
            if self.explorer.profile.is_some() {
                self.count_miss(id);
            }
            if keep {
                self.explorer.node_mut(id).misses += 1;
            }
            let kept = || self.env.target.behaviour().eviction() == Eviction::KeepCheckpoints;
            let patience = if checkpoint && walking && kept() {
                CHECKPOINT_PATIENCE
            } else {
                PATIENCE
            };
            let node = self.explorer.node_mut(id);
            if node.misses > node.hits * patience + patience {
                node.dropped = true;
                self.explorer.lists[list].remove(at);
                self.explorer.listed -= 1;
                self.explorer.dropped += 1;
                self.free_if_unused(id);
            }
        }
        if keep && self.has_room(list) {
            self.keep(list)?;
        }
        Ok(false)
    }

    /// A kept state does not cover the current one: notes what differs, for a profile.
    fn count_miss(&mut self, id: NodeId) {
        let node = self.explorer.node(id);
        let live = self.env.cfg.live_regs(self.insn);
        let regs = profile::differing(node.state.frame(), self.cur.frame(), live);
        let hint = node.hint;
        if let Some(profile) = &mut self.explorer.profile {
            profile.missed(self.insn, &regs, hint);
        }
    }

    /// Whether another state may be kept at this instruction.
    fn has_room(&self, list: usize) -> bool {
        let here = |l: &&Listed| l.insn as usize == self.insn;
        let most = Limits::STATES_UNPRIVILEGED;
        self.env.capable || self.explorer.lists[list].iter().filter(here).count() <= most
    }

    /// Compares with a state on the current path (a loop) or one whose other
    /// branches are still to be walked.
    fn compare_walking(&mut self, id: NodeId) -> Check<Finding> {
        let insn = self.insn;
        let node = self.explorer.node(id);
        let old = node.state.frame();
        if old.in_async_callback && old.async_entry != self.cur.frame().async_entry {
            return Ok(Finding::Miss);
        }
        let flags = self.env.cfg.flags(insn);
        if flags.iter_next() {
            let hit = self.covers(id, Exact::RangeWithin) && self.iter_of_r1_active();
            return Ok(if hit {
                Finding::Hit { unfinished: true }
            } else {
                Finding::Miss
            });
        }
        let node = self.explorer.node(id);
        if matches!(self.env.ops[insn], Op::MayGoto { .. })
            && node.state.may_goto_depth != self.cur.may_goto_depth
            && self.covers(id, Exact::RangeWithin)
        {
            return Ok(Finding::Hit { unfinished: true });
        }
        if flags.calls_callback() {
            let hit = self.covers(id, Exact::RangeWithin);
            return Ok(if hit {
                // Only where the call is a loop of its own does it close one.
                let unfinished = self.env.target.behaviour().callback_loops();
                Finding::Hit { unfinished }
            } else {
                Finding::Miss
            });
        }
        if !self.same_registers(id) {
            return Ok(Finding::Miss);
        }
        let repeats = if self.env.target.behaviour().loops_found_exactly() {
            Exact::Yes
        } else {
            Exact::No
        };
        let node = self.explorer.node(id);
        if node.state.may_goto_depth == self.cur.may_goto_depth
            && node.state.callback_unroll_depth == self.cur.callback_unroll_depth
            && !iter_depths_differ(&node.state, &self.cur)
            && self.covers(id, repeats)
        {
            return refuse(Fault::LoopUnchanged);
        }
        Ok(Finding::Miss)
    }

    /// Whether both innermost frames hold the same in every register, ids
    /// included: a cheap sign of a loop that does not move.
    fn same_registers(&mut self, id: NodeId) -> bool {
        let node = self.explorer.node(id);
        if node.state.frames.len() != self.cur.frames.len() {
            return false;
        }
        let (old, cur) = (&node.state.frame().regs, &self.cur.frame().regs);
        let same = |r: usize| {
            let (a, b) = (&old[r], &cur[r]);
            a.kind == b.kind
                && a.flags == b.flags
                && a.off == b.off
                && a.range == b.range
                && a.bounds == b.bounds
                && a.id == b.id
                && a.ref_id == b.ref_id
        };
        // What moved in the last round of a loop most likely moved again.
        if let Some(Where::Reg(r)) = node.hint
            && !same(r as usize)
        {
            return false;
        }
        match (0..NREGS).find(|&r| !same(r)) {
            None => true,
            Some(r) => {
                self.explorer.node_mut(id).hint = Some(Where::Reg(r as u8));
                false
            }
        }
    }

    /// Whether the iterator that r1 points to may give more elements.
    fn iter_of_r1_active(&self) -> bool {
        let r1 = self.reg(1);
        let Kind::Stack { frame } = r1.kind else {
            return false;
        };
        let off = i64::from(r1.off) + r1.bounds.tnum.value as i64;
        // The frame pointer itself stands for the slot below it (`dynptr::place`).
        let slot = crate::abstract_interp::stack::spi((off as i32).min(-1));
        self.cur.frames[frame as usize]
            .stack
            .get(slot)
            .is_some_and(|s| {
                matches!(
                    s.spill.kind,
                    Kind::IterSlot {
                        state: IterState::Active,
                        ..
                    }
                )
            })
    }

    /// The current state is covered by `id`: its precision becomes the current
    /// path's.
    fn hit(&mut self, id: NodeId, unfinished: bool) -> Check<()> {
        if let Some(profile) = &mut self.explorer.profile {
            profile.hit(self.insn);
        }
        self.explorer.node_mut(id).hits += 1;
        if self.env.cfg.flags(self.insn).jmp_point() {
            self.open_entry();
        }
        if self.marks_reads() {
            self.inherit_reads(id);
        }
        self.inherit_precision(id)?;
        if unfinished
            && self.env.target.behaviour().loop_convergence() == LoopConvergence::LoopEntry
        {
            // A state on the path begins the loop; one that is done is part of one.
            let walking = self.explorer.node(id).track.branches > 0;
            let entry = self.loop_entry_of(id).filter(|_| !walking);
            self.part_of_loop(entry.unwrap_or(id));
        } else if unfinished {
            let node = self.explorer.node(id);
            if let Some(visit) = node.visit {
                let edge = BackEdge {
                    track: self.explorer.track().clone(),
                    outermost: self.cur.frames[0].callsite,
                    equal: id,
                };
                self.explorer.visits.get_mut(visit).backedges.push(edge);
                self.explorer.visits.held += 1;
                self.explorer.note_peak();
            }
        }
        Ok(())
    }

    /// Keeps the current state.
    fn keep(&mut self, list: usize) -> Check<()> {
        if let Some(profile) = &mut self.explorer.profile {
            profile.kept(self.insn);
        }
        self.explorer.total_states += 1;
        self.explorer.listed += 1;
        self.explorer.note_peak();
        self.explorer.jumps_at_keep = self.explorer.jumps;
        self.explorer.processed_at_keep = self.explorer.processed;
        // Precision is marked anew in each kept state, from its children.
        self.cur
            .for_each_reg_mut(|r| r.precise && r.is_scalar(), |r| r.precise = false);
        if self.env.target.behaviour().drop_singular_ids() {
            drop_singular_ids(&mut self.cur);
        }
        let state = self.cur.clone();
        let path = self.explorer.track_mut();
        let insn = path.insn;
        let mut written = path.written.clone();
        marks::close(&mut written);
        let track = Track {
            // Moved into a vector of their number; the path keeps its room.
            history: path.history.drain(..).collect(),
            written,
            ..*path
        };
        path.first_insn = insn;
        path.depth += 1;
        path.loop_entry = None;
        marks::restart(&mut path.written);
        let id = self.explorer.add_node(Node {
            state,
            track,
            read: marks::Reads::default(),
            is_entry: false,
            hits: 0,
            misses: 0,
            dropped: false,
            hint: None,
            visit: None,
        });
        self.explorer.track_mut().parent = Some(id);
        if let Some(chain) = self.chain_of(&self.cur, insn) {
            let visit = self.explorer.visits.enter(chain, id);
            self.explorer.node_mut(id).visit = Some(visit);
        }
        self.explorer.lists[list].push(Listed {
            node: id,
            insn,
            cleaned: false,
        });
        self.explorer.entry_open = false;
        Ok(())
    }

    /// The entry of the loop that a kept state is part of: the outermost one known.
    fn loop_entry_of(&self, id: NodeId) -> Option<NodeId> {
        let mut entry = self.explorer.node(id).track.loop_entry?;
        // Entries lie ever nearer to the root; a state may be its own.
        while let Some(outer) = self.explorer.node(entry).track.loop_entry
            && outer != entry
        {
            entry = outer;
        }
        Some(entry)
    }

    /// The current path has come back to a loop that begins at `entry`.
    fn part_of_loop(&mut self, entry: NodeId) {
        let (branches, depth) = self.depth_of(entry);
        let track = self.explorer.track();
        let known = track.loop_entry.map_or(track.depth, |e| self.depth_of(e).1);
        if branches > 0 && depth <= known {
            self.explorer.node_mut(entry).is_entry = true;
            self.explorer.track_mut().loop_entry = Some(entry);
        }
    }

    /// All paths of a kept state are walked, or the current one is: the state before it
    /// is part of the same loop.
    pub(super) fn loop_reaches_parent(&mut self, parent: Option<NodeId>, entry: Option<NodeId>) {
        let (Some(parent), Some(entry)) = (parent, entry) else {
            return;
        };
        let (branches, depth) = self.depth_of(entry);
        let own = &self.explorer.node(parent).track;
        let known = own.loop_entry.map_or(own.depth, |e| self.depth_of(e).1);
        if branches > 0 && depth <= known {
            self.explorer.node_mut(parent).track.loop_entry = Some(entry);
        }
    }

    fn depth_of(&self, id: NodeId) -> (u32, u32) {
        let track = &self.explorer.node(id).track;
        (track.branches, track.depth)
    }

    /// A path ends at the current instruction. Kernels that know loops by their
    /// component expect that to happen outside of loops, or in one of which they keep a
    /// state; a throw in a loop's first round is neither.
    pub(super) fn ends_outside_loops(&mut self) -> Check<()> {
        if self.cur.mispredicted {
            return Ok(());
        }
        match self.chain_of(&self.cur, self.insn as u32) {
            Some(chain) if !self.explorer.visits.known(&chain) => refuse(Fault::LoopUnseen),
            _ => Ok(()),
        }
    }

    /// All paths of a state inside a loop are walked: if it was the first one
    /// kept there, the loop's marks become final.
    pub(super) fn leave_loop(&mut self, id: NodeId) -> Check<()> {
        let Some(visit) = self.explorer.node(id).visit else {
            return Ok(());
        };
        let visit = self.explorer.visits.get_mut(visit);
        if visit.entry != Some(id) {
            return Ok(());
        }
        visit.entry = None;
        let edges = core::mem::take(&mut visit.backedges);
        self.explorer.visits.held -= edges.len();
        self.explorer.note_peak();
        self.settle_backedges(edges)
    }
}

fn iter_depths_differ(old: &State, cur: &State) -> bool {
    old.frames.iter().zip(&cur.frames).any(|(o, c)| {
        o.stack.slots().enumerate().any(|(i, slot)| {
            slot.active_iter_depth().is_some_and(|depth| {
                c.stack.get(i).is_none_or(|s| match s.spill.kind {
                    Kind::IterSlot { depth: d, .. } => d != depth,
                    _ => true,
                })
            })
        })
    })
}

const _: () = assert!(NO_CALLSITE == u32::MAX);
