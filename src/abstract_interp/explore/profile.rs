//! Where exploration spends its budget.
//!
//! States that could be merged and are not are what makes a program too large. So what
//! is counted is where states are compared: how many were kept there, how many covered
//! one that came later, how many did not, and which register or stack slot differed
//! first. [`Profile`] counts it while a profile is asked for; the states that are held
//! tell much the same afterwards, to whoever asks for [`Hot`], and cost nothing before.

use alloc::collections::BTreeMap;

use super::compare::Where;
use super::{Explorer, Pending};
use crate::abstract_interp::state::Frame;
use crate::cfg::Cfg;
use crate::prelude::*;

/// What is counted at one instruction at which states are compared.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// States kept.
    pub kept: u64,
    /// Comparisons with one that covered the path's state, which ended the path.
    pub hits: u64,
    /// Comparisons with one that did not.
    pub misses: u64,
    /// What differed, and how often; `None` is whatever is no register or slot of
    /// the innermost frame.
    pub differs: Vec<(Option<Where>, u64)>,
}

/// Counts at all of them.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// By instruction slot.
    pub points: BTreeMap<u32, Point>,
    /// Why the last comparison failed, if it got so far as to compare.
    why: Option<Option<Where>>,
}

impl Profile {
    fn point(&mut self, insn: usize) -> &mut Point {
        self.points.entry(insn as u32).or_default()
    }

    /// A comparison begins.
    pub(super) fn begin(&mut self) {
        self.why = None;
    }

    /// It failed for this.
    pub(super) fn failed(&mut self, why: Option<Where>) {
        self.why = Some(why);
    }

    /// It failed; `regs` differ of those that are read later. Where none does, it is what
    /// the comparison says, or `known`, where the one before failed.
    pub(super) fn missed(&mut self, insn: usize, regs: &[u8], known: Option<Where>) {
        let why = self.why.take().unwrap_or(known);
        let point = self.point(insn);
        point.misses += 1;
        let mut note = |why| match point.differs.iter_mut().find(|(place, _)| *place == why) {
            Some((_, count)) => *count += 1,
            None => point.differs.push((why, 1)),
        };
        if regs.is_empty() {
            note(why.filter(|place| matches!(place, Where::Slot(_))));
        }
        for &reg in regs {
            note(Some(Where::Reg(reg)));
        }
    }

    pub(super) fn hit(&mut self, insn: usize) {
        self.point(insn).hits += 1;
    }

    pub(super) fn kept(&mut self, insn: usize) {
        self.point(insn).kept += 1;
    }
}

/// The instruction at which the most states are held, and what tells them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hot {
    /// Its slot.
    pub insn: u32,
    /// States held there.
    pub states: u32,
    /// Registers that differ from one of these states to the next, and slots that did when
    /// they were last compared; of the innermost frame, the most frequent first.
    pub differs: Vec<(Where, u32)>,
}

/// The registers read from here on that hold something else in two frames.
pub(super) fn differing(old: &Frame, cur: &Frame, live: u16) -> Vec<u8> {
    let other = |r: &u8| {
        let (a, b) = (&old.regs[usize::from(*r)], &cur.regs[usize::from(*r)]);
        live >> r & 1 != 0 && (a.kind != b.kind || a.off != b.off || a.bounds != b.bounds)
    };
    (0..10).filter(other).collect()
}

impl Explorer {
    /// Where the most states are held; of paths that wait, where the most begin.
    pub(super) fn hot(&self, cfg: &Cfg, waiting: bool) -> Option<Hot> {
        let mut held: BTreeMap<u32, u32> = BTreeMap::new();
        let mut count = |insn: u32| *held.entry(insn).or_default() += 1;
        if waiting {
            self.pending
                .iter()
                .for_each(|p: &Pending| count(p.insn as u32));
        } else {
            self.nodes
                .iter()
                .flatten()
                .for_each(|n| count(n.track.insn));
        }
        let (&insn, &states) = held.iter().max_by_key(|(_, states)| **states)?;
        let mut differs: Vec<(Where, u32)> = Vec::new();
        let here = self.nodes.iter().flatten().filter(|n| n.track.insn == insn);
        let live = cfg.live_regs(insn as usize);
        let slots = here.clone().filter_map(|node| node.hint);
        let slots = slots.filter(|place| matches!(place, Where::Slot(_)));
        let pairs = here.clone().zip(here.skip(1));
        let regs = pairs.flat_map(|(a, b)| differing(a.state.frame(), b.state.frame(), live));
        for place in slots.chain(regs.map(Where::Reg)) {
            match differs.iter_mut().find(|(p, _)| *p == place) {
                Some((_, count)) => *count += 1,
                None => differs.push((place, 1)),
            }
        }
        differs.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
        (states > 1).then_some(Hot {
            insn,
            states,
            differs,
        })
    }
}
