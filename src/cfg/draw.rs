//! Control flow as a picture: Graphviz DOT and Mermaid.

use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt::Write;

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::Cfg;
use super::calls::CallKind;
use super::graph::{BlockGraph, EdgeKind};
use crate::prelude::*;
use crate::programs::disasm::{Dialect, Names, disasm_with};
use crate::programs::insn::Op;
use crate::untrusted;

/// The subprograms as one DOT digraph, a cluster each. Loop headers have a
/// double border, edges say how they are taken, calls are dashed.
pub fn dot(cfg: &Cfg, ops: &[Op], subprogs: &[usize], names: &dyn Names) -> String {
    let mut out = String::from("digraph cfg {\n  node [shape=box fontname=monospace];\n");
    for &subprog in subprogs {
        let blocks = cfg.blocks(subprog);
        let headers: BTreeSet<NodeIndex> = blocks
            .loops()
            .into_iter()
            .map(|(header, _)| header)
            .collect();
        let title = title(cfg, subprog, names);
        let _ = writeln!(
            out,
            "  subgraph cluster_{subprog} {{\n    label=\"{}\";",
            untrusted::dot(&title)
        );
        for node in blocks.graph.node_indices() {
            let text: String = lines(&blocks, node, ops, names)
                .iter()
                .map(|line| format!("{}\\l", untrusted::dot(line)))
                .collect();
            let header = if headers.contains(&node) {
                " peripheries=2"
            } else {
                ""
            };
            let _ = writeln!(out, "    {} [label=\"{text}\"{header}];", id(&blocks, node));
        }
        for edge in blocks.graph.edge_references() {
            let style = match edge.weight() {
                EdgeKind::Fallthrough => "",
                EdgeKind::Taken => " [label=taken]",
                EdgeKind::Table => " [label=table]",
            };
            let (from, to) = (id(&blocks, edge.source()), id(&blocks, edge.target()));
            let _ = writeln!(out, "    {from} -> {to}{style};");
        }
        out.push_str("  }\n");
    }
    for (from, to, kind) in calls(cfg, subprogs) {
        let label = if kind == CallKind::Call {
            "call"
        } else {
            "callback"
        };
        let _ = writeln!(out, "  {from} -> {to} [style=dashed label={label}];");
    }
    out.push_str("}\n");
    out
}

/// The same as a Mermaid flowchart.
pub fn mermaid(cfg: &Cfg, ops: &[Op], subprogs: &[usize], names: &dyn Names) -> String {
    let mut out = String::from("flowchart TD\n");
    for &subprog in subprogs {
        let blocks = cfg.blocks(subprog);
        let title = title(cfg, subprog, names);
        let _ = writeln!(
            out,
            "  subgraph s{subprog} [\"{}\"]",
            untrusted::mermaid(&title)
        );
        for node in blocks.graph.node_indices() {
            let text: Vec<String> = lines(&blocks, node, ops, names)
                .iter()
                .map(untrusted::mermaid)
                .collect();
            let _ = writeln!(out, "    {}[\"{}\"]", id(&blocks, node), text.join("<br/>"));
        }
        for edge in blocks.graph.edge_references() {
            let arrow = match edge.weight() {
                EdgeKind::Fallthrough => "-->",
                EdgeKind::Taken => "-->|taken|",
                EdgeKind::Table => "-->|table|",
            };
            let (from, to) = (id(&blocks, edge.source()), id(&blocks, edge.target()));
            let _ = writeln!(out, "    {from} {arrow} {to}");
        }
        out.push_str("  end\n");
    }
    for (from, to, kind) in calls(cfg, subprogs) {
        let label = if kind == CallKind::Call {
            "call"
        } else {
            "callback"
        };
        let _ = writeln!(out, "  {from} -.->|{label}| {to}");
    }
    out
}

pub(super) fn title(cfg: &Cfg, subprog: usize, names: &dyn Names) -> String {
    let start = cfg.subprog_start(subprog);
    names.function(start).unwrap_or_else(|| match subprog {
        0 => "main".to_owned(),
        n => format!("subprog {n} @{start}"),
    })
}

fn id(blocks: &BlockGraph, node: NodeIndex) -> String {
    format!("b{}", blocks.graph[node].start)
}

pub(super) fn lines(
    blocks: &BlockGraph,
    node: NodeIndex,
    ops: &[Op],
    names: &dyn Names,
) -> Vec<String> {
    let block = blocks.graph[node];
    let body = ops
        .get(block.start as usize..block.end as usize)
        .unwrap_or_default();
    (block.start as usize..)
        .zip(body)
        .filter(|(_, op)| **op != Op::Second)
        .map(|(at, op)| format!("{at}: {}", disasm_with(op, at, Dialect::Llvm, names)))
        .collect()
}

/// Calls between the subprograms shown: from the calling block to the callee's first.
fn calls(cfg: &Cfg, subprogs: &[usize]) -> Vec<(String, String, CallKind)> {
    let calls = cfg.call_graph();
    let shown_of: BTreeSet<usize> = subprogs.iter().copied().collect();
    let mut blocks_of: BTreeMap<usize, BlockGraph> = BTreeMap::new();
    let mut shown = Vec::new();
    for edge in calls.graph.edge_references() {
        let (caller, callee) = (calls.graph[edge.source()], calls.graph[edge.target()]);
        if !shown_of.contains(&caller) || !shown_of.contains(&callee) {
            continue;
        }
        let blocks = blocks_of
            .entry(caller)
            .or_insert_with(|| cfg.blocks(caller));
        if let Some(node) = blocks.block_of(edge.weight().insn) {
            let to = format!("b{}", cfg.subprog_start(callee));
            shown.push((id(blocks, node), to, edge.weight().kind));
        }
    }
    shown.dedup();
    shown
}
