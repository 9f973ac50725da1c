//! Basic blocks of a subprogram as a graph: edges, dominators, natural loops.
//!
//! A block is a longest run of instructions that control enters at the first and
//! leaves at the last. A header of a natural loop dominates the source of an edge
//! back to it.

use alloc::collections::BTreeMap;

use petgraph::algo::dominators::{self, Dominators};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::Cfg;
use super::flow::Flow;
use crate::prelude::*;

/// A run of instructions, by slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// First slot.
    pub start: u32,
    /// Slot after the last.
    pub end: u32,
    /// Slot of the last instruction.
    pub last: u32,
}

/// How control goes from block to block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// To the next slot.
    Fallthrough,
    /// By a jump that is taken.
    Taken,
    /// By an indirect jump.
    Table,
}

/// The blocks of one subprogram.
#[derive(Debug)]
pub struct BlockGraph {
    /// The graph; nodes are in order of their slots, the first is the entry.
    pub graph: DiGraph<Block, EdgeKind>,
    /// The subprogram.
    pub subprog: usize,
}

impl Cfg {
    /// Builds the blocks of a subprogram.
    pub fn blocks(&self, subprog: usize) -> BlockGraph {
        let (start, end) = (self.subprog_start(subprog), self.subprog_end(subprog));
        let mut leader = vec![false; (end - start) + 1];
        let mut lead = |slot: usize| {
            if let Some(mark) = slot.checked_sub(start).and_then(|at| leader.get_mut(at)) {
                *mark = true;
            }
        };
        lead(start);
        let slots: Vec<usize> = (start..end)
            .filter(|at| !self.is_second_slot(*at))
            .collect();
        for &at in &slots {
            if self.ends_block(at) {
                self.successors(at).iter().for_each(|&to| lead(to as usize));
                lead(at + self.flow(at).fallthrough().unwrap_or(1) as usize);
            }
        }
        let mut graph = DiGraph::new();
        let mut by_start = BTreeMap::new();
        let mut open: Option<Block> = None;
        for &at in &slots {
            if leader.get(at - start) == Some(&true) {
                close(&mut graph, &mut by_start, open.take());
                open = Some(Block {
                    start: at as u32,
                    end: at as u32,
                    last: at as u32,
                });
            }
            if let Some(block) = &mut open {
                block.last = at as u32;
                block.end = (at + self.flow(at).fallthrough().unwrap_or(1) as usize) as u32;
            }
        }
        close(&mut graph, &mut by_start, open);
        for node in graph.node_indices() {
            let last = graph[node].last as usize;
            for &to in self.successors(last).iter() {
                if let Some(&target) = by_start.get(&to) {
                    graph.add_edge(node, target, self.edge_kind(last, to));
                }
            }
        }
        BlockGraph { graph, subprog }
    }

    fn ends_block(&self, at: usize) -> bool {
        let flow = self.flow(at);
        self.tables.contains_key(&(at as u32)) || flow.jump().is_some() || flow == Flow::Exit
    }

    fn edge_kind(&self, from: usize, to: u32) -> EdgeKind {
        match self.flow(from) {
            Flow::Gotox => EdgeKind::Table,
            Flow::Jump(_) => EdgeKind::Taken,
            flow => match flow.fallthrough() {
                Some(slots) if from as u32 + slots == to => EdgeKind::Fallthrough,
                _ => EdgeKind::Taken,
            },
        }
    }
}

fn close(
    graph: &mut DiGraph<Block, EdgeKind>,
    by_start: &mut BTreeMap<u32, NodeIndex>,
    block: Option<Block>,
) {
    if let Some(block) = block {
        let node = graph.add_node(block);
        by_start.insert(block.start, node);
    }
}

impl BlockGraph {
    /// The block that is entered first.
    pub fn entry(&self) -> NodeIndex {
        NodeIndex::new(0)
    }

    /// The block that holds a slot.
    pub fn block_of(&self, insn: u32) -> Option<NodeIndex> {
        let (mut low, mut high) = (0, self.graph.node_count());
        while low < high {
            let middle = low.midpoint(high);
            let node = NodeIndex::new(middle);
            let block = self.graph[node];
            if insn < block.start {
                high = middle;
            } else if insn < block.end {
                return Some(node);
            } else {
                low = middle + 1;
            }
        }
        None
    }

    /// Immediate dominators.
    pub fn dominators(&self) -> Dominators<NodeIndex> {
        dominators::simple_fast(&self.graph, self.entry())
    }

    /// Headers of natural loops with the sources of the edges back to them, in
    /// order of their slots.
    pub fn loops(&self) -> Vec<(NodeIndex, Vec<NodeIndex>)> {
        let spans = self.dominance();
        let span = |n: NodeIndex| spans.get(n.index()).copied().flatten();
        let mut loops: BTreeMap<NodeIndex, Vec<NodeIndex>> = BTreeMap::new();
        for edge in self.graph.edge_references() {
            let (from, to) = (edge.source(), edge.target());
            let (Some(low), Some(high)) = (span(from), span(to)) else {
                continue;
            };
            if high.0 <= low.0 && low.1 <= high.1 {
                loops.entry(to).or_default().push(from);
            }
        }
        loops.into_iter().collect()
    }

    /// When a walk through the tree of dominators comes to each block and when it leaves it:
    /// a block dominates those whose span lies in its own. None of what is not reached.
    fn dominance(&self) -> Vec<Option<(usize, usize)>> {
        let dominators = self.dominators();
        let mut below: Vec<Vec<NodeIndex>> = vec![Vec::new(); self.graph.node_count()];
        for node in self.graph.node_indices() {
            let above = dominators.immediate_dominator(node);
            if let Some(list) = above.and_then(|a| below.get_mut(a.index())) {
                list.push(node);
            }
        }
        let mut spans = vec![None; below.len()];
        let mut time = 0;
        let mut work = vec![(self.entry(), false)];
        while let Some((node, done)) = work.pop() {
            let Some(span) = spans.get_mut(node.index()) else {
                continue;
            };
            match (done, *span) {
                (true, Some((came, _))) => *span = Some((came, time)),
                _ => {
                    *span = Some((time, time));
                    work.push((node, true));
                    let children = below.get(node.index()).into_iter().flatten();
                    work.extend(children.map(|child| (*child, false)));
                }
            }
            time += 1;
        }
        spans
    }
}
