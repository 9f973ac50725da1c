//! What exploring holds, told to the run's budget.
//!
//! States share frames, stacks and slots. A part that `n` holders share counts
//! for each of them by an n-th, so that a walk over all holders counts each part
//! once. Such a walk is rare enough to cost little beside the instructions between
//! two of them; in between, what a holder takes on average is taken for granted.

use alloc::rc::Rc;
use core::mem::size_of;

use super::history::Entry;
use super::track::Track;
use super::{Explorer, Node, Pending};
use crate::abstract_interp::stack::Stack;
use crate::abstract_interp::state::{Frame, State};
use crate::abstract_interp::verdict::Unknown;
use crate::abstract_interp::vm::{Check, Halt, InsnAux, Vm};
use crate::prelude::*;
use crate::programs::insn::Op;

/// Instructions between two reports to the budget.
const INTERVAL: u64 = 256;
/// Instructions between two walks: at least so many, and so many for each holder.
const WALK: u64 = 4096;
const WALK_PER_HOLDER: u64 = 16;
/// What a holder takes before the first walk.
const FIRST_GUESS: u64 = 4096;

/// When to report next, and what a holder takes.
#[derive(Debug)]
pub(super) struct Spending {
    /// The number of instructions processed at which to report.
    pub(super) next: u64,
    next_walk: u64,
    per_holder: u64,
}

impl Default for Spending {
    fn default() -> Spending {
        Spending {
            next: INTERVAL,
            next_walk: WALK,
            per_holder: FIRST_GUESS,
        }
    }
}

impl Vm<'_> {
    /// Tells the budget what is held.
    pub(super) fn report_spending(&mut self) -> Check<()> {
        let explorer = &mut self.explorer;
        explorer.spending.next = explorer.processed + INTERVAL;
        let holders = explorer.holders();
        if explorer.processed >= explorer.spending.next_walk {
            let wait = WALK.max(WALK_PER_HOLDER.saturating_mul(holders));
            explorer.spending.next_walk = explorer.processed.saturating_add(wait);
            explorer.spending.per_holder = explorer.bytes() / holders.max(1);
        }
        let states = holders.saturating_mul(explorer.spending.per_holder);
        let fixed = self.env.ops.len() * (size_of::<InsnAux>() + size_of::<Op>());
        let bytes = states.saturating_add(fixed as u64);
        let enough = self.account.keep_states(holders);
        enough
            .and_then(|()| self.account.hold(bytes))
            .map_err(|ended| {
                Halt::Unknown(Unknown {
                    name: ended.name().to_owned(),
                    insn: None,
                })
            })
    }
}

impl Explorer {
    /// Kept states, paths to walk, back-edges.
    fn holders(&self) -> u64 {
        (self.nodes.len() + self.pending.len() + self.visits.held) as u64
    }

    /// What they take.
    fn bytes(&self) -> u64 {
        let nodes = self.nodes.iter().map(|node| {
            let held = node.as_ref().map(|n| share(&n.state) + history(&n.track));
            size_of::<Option<Node>>() + held.unwrap_or(0)
        });
        let pending = self
            .pending
            .iter()
            .map(|p| size_of::<Pending>() + share(&p.state) + history(&p.track));
        nodes.chain(pending).map(|bytes| bytes as u64).sum()
    }
}

fn history(track: &Track) -> usize {
    track.history.capacity() * size_of::<Entry>()
}

fn share(state: &State) -> usize {
    let frames = state.frames.iter().map(|frame| {
        let stack = frame.stack.share() / Rc::strong_count(&frame.stack);
        (size_of::<Frame>() + size_of::<Stack>() + stack) / Rc::strong_count(frame)
    });
    frames.sum::<usize>() + size_of_val(&state.refs[..])
}
