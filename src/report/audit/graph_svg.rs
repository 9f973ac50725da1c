//! Who uses what, drawn: programs on the left, maps in the middle, functions on the right.

use std::fmt::Write as _;

use crate::audit::graph::{EdgeKind, Graph, NodeKind};
use crate::untrusted::element;

/// More than anybody reads in a drawing; the tables have all.
const MOST_NODES: usize = 120;
/// Letters of a name.
const LETTERS: usize = 30;
const WIDTH: usize = 236;
const GAP: usize = 110;
const ROW: usize = 26;
const BOX: usize = 20;

/// The column of a node.
const fn column(kind: NodeKind) -> usize {
    match kind {
        NodeKind::Program => 0,
        NodeKind::Map | NodeKind::Unknown => 1,
        NodeKind::Helper | NodeKind::Kfunc => 2,
    }
}

/// Draws a graph; none if there is nothing to draw, or too much.
pub(super) fn svg(graph: &Graph) -> Option<String> {
    if graph.edges.is_empty() || graph.nodes.len() > MOST_NODES {
        return None;
    }
    let mut rows = [0usize; 3];
    let places: Vec<(usize, usize)> = graph
        .nodes
        .iter()
        .map(|node| {
            let at = column(node.kind);
            let row = rows.get(at).copied().unwrap_or(0);
            if let Some(rows) = rows.get_mut(at) {
                *rows += 1;
            }
            // Room on the left for tail calls.
            (60 + at * (WIDTH + GAP), row * ROW + 4)
        })
        .collect();
    let height = rows.iter().max().copied().unwrap_or(0) * ROW + 8;
    let width = 60 + 3 * WIDTH + 2 * GAP + 4;
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"Who uses what\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\">"
    );
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (places.get(edge.from), places.get(edge.to)) else {
            continue;
        };
        let (x, y) = (from.0 + WIDTH, from.1 + BOX / 2);
        let (u, v) = (to.0, to.1 + BOX / 2);
        let class = match edge.kind {
            EdgeKind::Calls => "calls",
            EdgeKind::Uses => "uses",
            EdgeKind::TailCalls => "tail",
            EdgeKind::Holds => "holds",
        };
        let path = if from.0 < to.0 {
            let half = x + (u - x) / 2;
            format!("M{x} {y}C{half} {y} {half} {v} {u} {v}")
        } else {
            // To the same column or back: around on the left.
            let (x, left) = (from.0, to.0.min(from.0).saturating_sub(54));
            format!("M{x} {y}C{left} {y} {left} {v} {u} {v}")
        };
        let _ = write!(
            out,
            "<path class=\"{class}\" d=\"{path}\"><title>{} {}</title></path>",
            edge.kind.name(),
            element(&edge.label)
        );
    }
    for (node, (x, y)) in graph.nodes.iter().zip(&places) {
        let name: String = node.name.data().chars().take(LETTERS).collect();
        let _ = write!(
            out,
            "<g class=\"{}\"><title>{}: {}</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{BOX}\" rx=\"3\"/>\
             <text x=\"{}\" y=\"{}\">{}</text></g>",
            node.kind.name(),
            element(&node.name),
            element(&node.detail),
            x + 6,
            y + 14,
            element(&name)
        );
    }
    out.push_str("</svg>\n");
    Some(out)
}

/// How it is coloured, in light and dark.
pub(super) const STYLE: &str = "svg{display:block;max-width:100%;overflow:visible}svg rect{fill:Canvas;stroke:#8888}\
svg .program rect{stroke:#27c}svg .map rect{stroke:#2a7}svg text{font:12px ui-monospace,monospace;fill:currentColor}\
svg path{fill:none;stroke:#8888}svg .uses{stroke:#2a7a}svg .tail,svg .holds{stroke:#c60}";
