//! Graphs of objects: text, JSON, DOT.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{SCHEMA_VERSION, pretty, tool};
use crate::audit::graph::{EdgeKind, Graph, NodeKind};
use crate::untrusted::{Untrusted, dot as dot_text, terminal};

/// The graph of an object, with the object's name.
pub type Named<'a> = (&'a Untrusted, Graph);

/// For people: each program or map with what it leads to.
pub fn text(graphs: &[Named<'_>]) -> String {
    let mut out = String::new();
    for (object, g) in graphs {
        let _ = writeln!(out, "{}", terminal(*object));
        for (i, node) in g.nodes.iter().enumerate() {
            let edges: Vec<_> = g.edges.iter().filter(|e| e.from == i).collect();
            if edges.is_empty() && !matches!(node.kind, NodeKind::Program | NodeKind::Map) {
                continue;
            }
            let _ = writeln!(
                out,
                "  {} {} ({})",
                node.kind.name(),
                terminal(&node.name),
                terminal(&node.detail)
            );
            for e in edges {
                let Some(to) = g.nodes.get(e.to) else {
                    continue;
                };
                let kind = match to.kind {
                    NodeKind::Unknown => String::new(),
                    kind => format!("{} ", kind.name()),
                };
                let _ = write!(
                    out,
                    "    {:<10} {kind}{}",
                    e.kind.name(),
                    terminal(&to.name)
                );
                if !e.label.is_empty() {
                    let label = e.label.data().trim_matches(['[', ']']);
                    let _ = write!(out, "  [{}]", terminal(label));
                }
                out.push('\n');
            }
        }
    }
    out
}

/// One document.
pub fn json(graphs: &[Named<'_>]) -> String {
    pretty(&document(graphs))
}

/// The document.
pub fn document(graphs: &[Named<'_>]) -> Value {
    let object = |(object, g): &Named<'_>| {
        json!({
            "object": object,
            "nodes": g.nodes.iter().enumerate().map(|(i, n)| json!({
                "id": i,
                "kind": n.kind.name(),
                "name": n.name,
                "detail": n.detail,
            })).collect::<Vec<_>>(),
            "edges": g.edges.iter().map(|e| json!({
                "from": e.from,
                "to": e.to,
                "kind": e.kind.name(),
                "label": e.label,
            })).collect::<Vec<_>>(),
        })
    };
    json!({
        "schema": format!("bpfassay-audit-graph-v{SCHEMA_VERSION}"),
        "version": SCHEMA_VERSION,
        "tool": tool(),
        "objects": graphs.iter().map(object).collect::<Vec<_>>(),
    })
}

/// Graphviz: a cluster for each object.
pub fn dot(graphs: &[Named<'_>]) -> String {
    let mut out =
        String::from("digraph audit {\n  rankdir=LR;\n  node [shape=box fontname=monospace];\n");
    for (n, (object, g)) in graphs.iter().enumerate() {
        let _ = writeln!(
            out,
            "  subgraph cluster_{n} {{\n    label=\"{}\";",
            dot_text(*object)
        );
        for (i, node) in g.nodes.iter().enumerate() {
            let shape = match node.kind {
                NodeKind::Program => " shape=box style=bold",
                NodeKind::Map => " shape=cylinder",
                NodeKind::Helper | NodeKind::Kfunc => " shape=ellipse",
                NodeKind::Unknown => " shape=note style=dashed",
            };
            let label = if node.detail.is_empty() {
                dot_text(&node.name)
            } else {
                format!("{}\\n{}", dot_text(&node.name), dot_text(&node.detail))
            };
            let _ = writeln!(out, "    n{n}_{i} [label=\"{label}\"{shape}];");
        }
        out.push_str("  }\n");
        for e in &g.edges {
            let style = match e.kind {
                EdgeKind::Calls => " color=gray",
                EdgeKind::Uses => "",
                EdgeKind::TailCalls => " style=bold",
                EdgeKind::Holds => " style=dashed",
            };
            let _ = writeln!(
                out,
                "  n{n}_{} -> n{n}_{} [label=\"{}\"{style}];",
                e.from,
                e.to,
                dot_text(&e.label)
            );
        }
    }
    out.push_str("}\n");
    out
}
