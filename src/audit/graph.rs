//! Who uses what in an object: programs, maps, helpers and kernel functions.
//!
//! Tail calls lead to the programs that the object itself puts into a program
//! array; what a loader puts there later is unknown and said so.

use alloc::collections::BTreeMap;

use super::model::{Callee, ObjectAudit, SlotHolds};
use crate::helpers_spec::helper;
use crate::prelude::*;
use crate::untrusted::{Untrusted, joined, text};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// A program.
    Program,
    /// A map.
    Map,
    /// A helper.
    Helper,
    /// A kernel function.
    Kfunc,
    /// Programs or maps that only the loader knows.
    Unknown,
}

impl NodeKind {
    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            NodeKind::Program => "program",
            NodeKind::Map => "map",
            NodeKind::Helper => "helper",
            NodeKind::Kfunc => "kfunc",
            NodeKind::Unknown => "unknown",
        }
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its name.
    pub name: Untrusted,
    /// Its type, section or class.
    pub detail: Untrusted,
}

/// How one node concerns another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A program calls a function.
    Calls,
    /// A program uses a map.
    Uses,
    /// A program tail-calls a program.
    TailCalls,
    /// A map holds a program or a map from the start.
    Holds,
}

impl EdgeKind {
    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            EdgeKind::Calls => "calls",
            EdgeKind::Uses => "uses",
            EdgeKind::TailCalls => "tail-calls",
            EdgeKind::Holds => "holds",
        }
    }
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Index of the node that it leaves.
    pub from: usize,
    /// Index of the node that it leads to.
    pub to: usize,
    /// What it says.
    pub kind: EdgeKind,
    /// How: `read,write`, the map of a tail call, the index of an entry.
    pub label: Untrusted,
}

/// The graph of one object; nodes by kind and name, edges by their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The edges.
    pub edges: Vec<Edge>,
}

/// A node's key.
type Key = (NodeKind, Untrusted);

#[derive(Default)]
struct Builder {
    nodes: BTreeMap<Key, Untrusted>,
    edges: BTreeMap<(Key, Key, EdgeKind), Vec<Untrusted>>,
}

impl Builder {
    fn edge(&mut self, from: &Key, to: &Key, kind: EdgeKind, label: Untrusted) {
        self.nodes.entry(to.clone()).or_default();
        let labels = self
            .edges
            .entry((from.clone(), to.clone(), kind))
            .or_default();
        if !label.is_empty() && !labels.contains(&label) {
            labels.push(label);
        }
    }

    fn finish(self) -> Graph {
        let index: BTreeMap<&Key, usize> = self.nodes.keys().zip(0..).collect();
        let edges = self.edges.iter().filter_map(|((from, to, kind), labels)| {
            Some(Edge {
                from: *index.get(from)?,
                to: *index.get(to)?,
                kind: *kind,
                label: joined(labels, ", "),
            })
        });
        Graph {
            edges: edges.collect(),
            nodes: self
                .nodes
                .iter()
                .map(|((kind, name), detail)| Node {
                    kind: *kind,
                    name: name.clone(),
                    detail: detail.clone(),
                })
                .collect(),
        }
    }
}

/// Draws the graph of an object.
pub fn graph(audit: &ObjectAudit) -> Graph {
    let mut b = Builder::default();
    let map_key = |name: &Untrusted| (NodeKind::Map, name.clone());
    for m in &audit.maps {
        b.nodes.insert(map_key(&m.name), (&m.type_name).into());
    }
    for m in &audit.maps {
        for (index, holds) in &m.slots {
            let to = match holds {
                SlotHolds::Program(p) => (NodeKind::Program, p.clone()),
                SlotHolds::Map(inner) => map_key(inner),
            };
            b.edge(&map_key(&m.name), &to, EdgeKind::Holds, text!("[{index}]"));
        }
        if m.slots.is_empty() && m.inner.is_some() {
            let to = (NodeKind::Unknown, text!("maps put into {}", m.name));
            b.edge(&map_key(&m.name), &to, EdgeKind::Holds, Untrusted::new());
        }
    }
    for p in &audit.programs {
        let from = (NodeKind::Program, p.program.clone());
        b.nodes.insert(from.clone(), p.section.clone());
        for call in &p.calls {
            let kind = match call.callee {
                Callee::Helper(_) => NodeKind::Helper,
                Callee::Kfunc { .. } => NodeKind::Kfunc,
            };
            let to = (kind, call.name.clone());
            let risks: Vec<&str> = call.risks.iter().map(|r| r.name()).collect();
            b.nodes.insert(to.clone(), risks.join(", ").into());
            b.edge(&from, &to, EdgeKind::Calls, Untrusted::new());
        }
        for m in &p.maps {
            let mut how: Vec<&str> = Vec::new();
            for (n, word) in [
                (m.reads, "read"),
                (m.writes, "write"),
                (m.atomics, "atomic"),
            ] {
                if n > 0 {
                    how.push(word);
                }
            }
            how.extend(m.calls.iter().map(|c| c.data().trim_start_matches("bpf_")));
            b.edge(
                &from,
                &map_key(&m.name),
                EdgeKind::Uses,
                how.join(", ").into(),
            );
        }
        tail_calls(&mut b, audit, p, &from);
    }
    b.finish()
}

fn tail_calls(b: &mut Builder, audit: &ObjectAudit, p: &super::Requirements, from: &Key) {
    let sites = p
        .calls
        .iter()
        .filter(|c| c.callee == Callee::Helper(helper::TAIL_CALL))
        .flat_map(|c| &c.sites);
    for site in sites {
        if site.maps.is_empty() {
            let to = (NodeKind::Unknown, "a program array".into());
            b.edge(from, &to, EdgeKind::TailCalls, Untrusted::new());
        }
        for map in &site.maps {
            let Some(m) = audit.maps.get(*map as usize) else {
                continue;
            };
            let programs = m.slots.iter().filter_map(|(i, holds)| match holds {
                SlotHolds::Program(p) => Some((*i, p.clone())),
                SlotHolds::Map(_) => None,
            });
            let mut any = false;
            for (index, name) in programs {
                any = true;
                let to = (NodeKind::Program, name);
                let via = text!("{}[{index}]", m.name);
                b.edge(from, &to, EdgeKind::TailCalls, via);
            }
            if !any {
                let to = (NodeKind::Unknown, text!("programs put into {}", m.name));
                b.edge(from, &to, EdgeKind::TailCalls, m.name.clone());
            }
        }
    }
}
