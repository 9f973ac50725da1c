//! Loops whose marks are not final yet.
//!
//! A state kept inside a loop may be found to cover a later state of the same
//! loop while paths out of it are still to be walked: its precision marks are
//! incomplete. Each entry into a strongly connected component of the control
//! flow graph (per chain of call sites) is a *visit*. A state covered by such
//! an unfinished one is kept as a *back-edge* of the visit; when the visit's
//! first state has no paths left, marks are pushed through the back-edges until
//! nothing changes.

use smallvec::SmallVec;

use super::NodeId;
use super::track::Track;
use crate::abstract_interp::state::State;
use crate::prelude::*;

/// The call sites that lead to a component, and the component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    callsites: SmallVec<[u32; 4]>,
    scc: u32,
}

/// A state found covered by `equal` inside a loop.
#[derive(Debug)]
pub struct BackEdge {
    /// Its place on its path.
    pub track: Track,
    /// The call site of its outermost frame.
    pub outermost: u32,
    /// The covering state.
    pub equal: NodeId,
}

/// One visit.
#[derive(Debug, Default)]
pub struct Visit {
    /// The first state kept inside.
    pub entry: Option<NodeId>,
    /// States covered inside.
    pub backedges: Vec<BackEdge>,
}

/// A visit's number; good until all visits are forgotten.
pub type VisitId = u32;

/// All visits.
#[derive(Debug, Default)]
pub struct Visits {
    all: Vec<Visit>,
    by_scc: Vec<Vec<(Chain, VisitId)>>,
    /// Back-edges held, over all visits.
    pub held: usize,
}

/// The chain of a state at `insn`: the outermost frame that stands in a loop
/// decides. `scc_of` gives an instruction's component, 0 for none.
pub fn chain(state: &State, insn: u32, scc_of: impl Fn(u32) -> u32) -> Option<Chain> {
    let mut callsites = SmallVec::new();
    for at in 0..state.frames.len() {
        let here = frame_insn(state, insn, at);
        let scc = scc_of(here);
        if scc != 0 {
            return Some(Chain { callsites, scc });
        }
        callsites.push(here);
    }
    None
}

/// The instruction at which frame `at` of a state at `insn` stands.
pub fn frame_insn(state: &State, insn: u32, at: usize) -> u32 {
    match state.frames.get(at + 1) {
        Some(callee) => callee.callsite,
        None => insn,
    }
}

impl Visits {
    /// Forgets all visits.
    pub fn clear(&mut self) {
        self.all.clear();
        self.by_scc.clear();
        self.held = 0;
    }

    /// A visit.
    pub fn get(&self, id: VisitId) -> &Visit {
        &self.all[id as usize]
    }
    /// A visit, to change.
    pub fn get_mut(&mut self, id: VisitId) -> &mut Visit {
        &mut self.all[id as usize]
    }

    /// Notes that `node` was kept inside `chain`'s component; gives the visit,
    /// which is the node's as long as it is kept.
    pub fn enter(&mut self, chain: Chain, node: NodeId) -> VisitId {
        let scc = chain.scc as usize;
        if self.by_scc.len() <= scc {
            self.by_scc.resize_with(scc + 1, Vec::new);
        }
        let visits = &mut self.by_scc[scc];
        let id = match visits.iter().find(|(c, _)| *c == chain) {
            Some((_, id)) => *id,
            None => {
                let id = self.all.len() as VisitId;
                visits.push((chain, id));
                self.all.push(Visit::default());
                id
            }
        };
        self.get_mut(id).entry.get_or_insert(node);
        id
    }

    /// Whether a state was kept inside the chain's component.
    pub fn known(&self, chain: &Chain) -> bool {
        let visits = self.by_scc.get(chain.scc as usize);
        visits.is_some_and(|visits| visits.iter().any(|(c, _)| c == chain))
    }

    /// Whether marks of the visit's states may still grow.
    pub fn incomplete(&self, id: VisitId) -> bool {
        !self.get(id).backedges.is_empty()
    }
}
