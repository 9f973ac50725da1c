//! Backward fixpoints, recomputing only what changed.
//!
//! A backward analysis sweeps the instructions of a subprogram in post-order,
//! again and again, until a sweep changes nothing. Between two solutions few
//! equations change, and an instruction whose successors and own sets are as
//! they were computes to what it holds. So only dirty ones are visited: those
//! whose equation changed, then the predecessors of each that changed. The order
//! of visits is that of full sweeps (what comes later in post-order in the same
//! sweep, what comes earlier in the next), so the result is theirs too, even
//! where the equations have several solutions.

use crate::cfg::Cfg;
use crate::prelude::*;

/// The post-order of one subprogram, and its edges backwards. Instructions count
/// from the subprogram's first.
#[derive(Debug)]
pub struct Order {
    /// The instruction at each position.
    insns: Vec<u32>,
    /// The position of each instruction; `NOWHERE` where none goes.
    positions: Vec<u32>,
    /// Positions of predecessors; those of position `p` from `first[p]` on.
    preds: Vec<u32>,
    first: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Order {
    /// The order of a subprogram.
    pub fn new(cfg: &Cfg, subprog: usize) -> Order {
        let start = cfg.subprog_start(subprog) as u32;
        let len = cfg.subprog_end(subprog) - start as usize;
        let insns: Vec<u32> = cfg
            .postorder_of(subprog)
            .iter()
            .map(|i| i - start)
            .collect();
        let mut positions = vec![NOWHERE; len];
        for (at, &insn) in insns.iter().enumerate() {
            positions[insn as usize] = at as u32;
        }
        let mut edges = Vec::with_capacity(insns.len());
        for (from, &insn) in insns.iter().enumerate() {
            for &s in cfg.successors((insn + start) as usize).iter() {
                match positions.get(s.wrapping_sub(start) as usize) {
                    Some(&to) if to != NOWHERE => edges.push((from as u32, to as usize)),
                    _ => {}
                }
            }
        }
        let mut first = vec![0u32; insns.len() + 1];
        for &(_, to) in &edges {
            first[to + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut preds = vec![0; edges.len()];
        let mut next = first.clone();
        for (from, to) in edges {
            preds[next[to] as usize] = from;
            next[to] += 1;
        }
        Order {
            insns,
            positions,
            preds,
            first,
        }
    }

    fn preds(&self, at: usize) -> &[u32] {
        &self.preds[self.first[at] as usize..self.first[at + 1] as usize]
    }
}

/// Positions to visit, as a bit set.
#[derive(Debug, Default)]
pub struct Dirty {
    words: Vec<u64>,
    /// The words that the next sweep needs to look at.
    next: Option<(usize, usize)>,
}

impl Dirty {
    /// Begins with all instructions to visit.
    pub fn all(&mut self, order: &Order) {
        let len = order.insns.len();
        self.words.clear();
        self.words.resize(len.div_ceil(64), u64::MAX);
        if !len.is_multiple_of(64)
            && let Some(last) = self.words.last_mut()
        {
            *last = (1 << (len % 64)) - 1;
        }
        self.next = (len != 0).then(|| (0, self.words.len() - 1));
    }

    /// Begins with these instructions to visit.
    pub fn some(&mut self, order: &Order, insns: &[u32]) {
        // A solution leaves the set empty: no need to clear it.
        self.words.resize(order.insns.len().div_ceil(64), 0);
        for &insn in insns {
            let at = order.positions[insn as usize];
            if at != NOWHERE {
                self.add(at as usize);
            }
        }
    }

    fn add(&mut self, at: usize) {
        let word = at / 64;
        self.words[word] |= 1 << (at % 64);
        let (low, high) = self.next.unwrap_or((word, word));
        self.next = Some((low.min(word), high.max(word)));
    }

    /// Visits dirty instructions until none is left; `visit` recomputes one and
    /// says whether it changed.
    pub fn solve(&mut self, order: &Order, mut visit: impl FnMut(usize) -> bool) {
        while let Some((low, mut high)) = self.next.take() {
            let mut word = low;
            while word <= high {
                let mut passed = 0;
                loop {
                    let left = self.words[word] & !passed;
                    if left == 0 {
                        break;
                    }
                    let bit = left.trailing_zeros();
                    self.words[word] &= !(1 << bit);
                    passed = (2u64 << bit).wrapping_sub(1);
                    let at = word * 64 + bit as usize;
                    if !visit(order.insns[at] as usize) {
                        continue;
                    }
                    for &pred in order.preds(at) {
                        let pred = pred as usize;
                        if pred > at {
                            self.words[pred / 64] |= 1 << (pred % 64);
                            high = high.max(pred / 64);
                        } else {
                            self.add(pred);
                        }
                    }
                }
                word += 1;
            }
        }
    }
}
