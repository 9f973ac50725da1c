//! Who calls whom: the call graph of a program's subprograms.

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::Cfg;
use super::flow::Flow;
use crate::prelude::*;

/// How one subprogram gets to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// By a call.
    Call,
    /// As a callback: its address is taken.
    Callback,
}

/// One call or reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEdge {
    /// The slot that calls or refers.
    pub insn: u32,
    /// How.
    pub kind: CallKind,
}

/// Subprograms and the calls between them. Node `n` is subprogram `n`.
#[derive(Debug)]
pub struct CallGraph {
    /// The graph; a node's weight is the index of its subprogram.
    pub graph: DiGraph<usize, CallEdge>,
}

impl Cfg {
    /// Builds the call graph, edges in order of their slots.
    pub fn call_graph(&self) -> CallGraph {
        let calls = self.flows.iter().enumerate().filter_map(|(at, flow)| {
            let off = flow.callee().filter(|_| !self.is_second_slot(at))?;
            let kind = match flow {
                Flow::FuncRef(_) => CallKind::Callback,
                _ => CallKind::Call,
            };
            Some((at, off, kind))
        });
        let starts = self.subprogs().iter().map(|s| s.start).collect();
        CallGraph::build(starts, calls)
    }
}

impl CallGraph {
    /// From the functions' first slots, in order, and the slots that call: where, how far
    /// from the next, and how.
    fn build(starts: Vec<u32>, calls: impl Iterator<Item = (usize, i32, CallKind)>) -> CallGraph {
        let mut graph = DiGraph::new();
        let nodes: Vec<NodeIndex> = (0..starts.len()).map(|n| graph.add_node(n)).collect();
        let node_of = |at: usize| {
            let before = starts.partition_point(|start| (*start as usize) <= at);
            nodes.get(before.checked_sub(1)?).copied()
        };
        for (at, off, kind) in calls {
            let target = usize::try_from(at as i64 + 1 + i64::from(off)).unwrap_or(0);
            if let (Some(caller), Some(callee)) = (node_of(at), node_of(target)) {
                let insn = at as u32;
                graph.add_edge(caller, callee, CallEdge { insn, kind });
            }
        }
        CallGraph { graph }
    }
}

impl CallGraph {
    /// A cycle of direct calls, as subprograms in call order, if there is one.
    pub fn recursion(&self) -> Option<Vec<usize>> {
        let mut done = vec![false; self.graph.node_count()];
        for root in self.graph.node_indices() {
            // Depth-first with the path kept: (node, callees yet to visit).
            let mut path = vec![(root, self.callees(root))];
            while let Some((node, rest)) = path.last_mut() {
                let node = *node;
                match rest.pop() {
                    None => {
                        mark(&mut done, node);
                        path.pop();
                    }
                    Some(next) => {
                        if let Some(from) = path.iter().position(|(n, _)| *n == next) {
                            return Some(path.iter().skip(from).map(|(n, _)| n.index()).collect());
                        }
                        if !done.get(next.index()).copied().unwrap_or(true) {
                            path.push((next, self.callees(next)));
                        }
                    }
                }
            }
        }
        None
    }

    /// Most frames that direct calls from a subprogram can stack, itself
    /// included; `None` if calls recurse.
    pub fn depth(&self, subprog: usize) -> Option<usize> {
        if self.recursion().is_some() {
            return None;
        }
        let order = petgraph::algo::toposort(&self.direct(), None).ok()?;
        let mut depth = vec![1usize; self.graph.node_count()];
        for node in order.into_iter().rev() {
            let below = self
                .callees(node)
                .iter()
                .filter_map(|n| depth.get(n.index()))
                .max();
            let here = 1 + below.copied().unwrap_or(0);
            if let Some(slot) = depth.get_mut(node.index()) {
                *slot = here;
            }
        }
        depth.get(subprog).copied()
    }

    fn direct(&self) -> DiGraph<usize, CallEdge> {
        self.graph.filter_map(
            |_, n| Some(*n),
            |_, e| (e.kind == CallKind::Call).then_some(*e),
        )
    }

    /// Distinct direct callees, last first, so that `pop` gives them in order.
    fn callees(&self, node: NodeIndex) -> Vec<NodeIndex> {
        let direct = self
            .graph
            .edges(node)
            .filter(|e| e.weight().kind == CallKind::Call);
        let mut callees: Vec<NodeIndex> = direct.map(|e| e.target()).collect();
        callees.sort_unstable_by(|a, b| b.cmp(a));
        callees.dedup();
        callees
    }
}

fn mark(done: &mut [bool], node: NodeIndex) {
    if let Some(slot) = done.get_mut(node.index()) {
        *slot = true;
    }
}
