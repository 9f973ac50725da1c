//! Control flow as an SVG picture, laid out by [`super::place`].

use core::fmt::Write;

use petgraph::visit::EdgeRef;

use super::Cfg;
use super::draw::{lines, title};
use super::graph::{BlockGraph, EdgeKind};
use super::place::{Placed, Size, place};
use crate::prelude::*;
use crate::programs::disasm::Names;
use crate::programs::insn::Op;
use crate::untrusted::element;

/// Height of a line of text, and half the width of a letter, in units of the drawing.
const LINE: i32 = 15;
const HALF_LETTER: i32 = 4;
/// Around a block's text.
const PAD: i32 = 6;
/// Lines of a block that are written out, and letters of a line.
const MOST_LINES: usize = 24;
const MOST_LETTERS: usize = 64;

/// A subprogram, laid out.
#[derive(Debug)]
pub struct Drawing {
    /// Blocks and edges.
    pub blocks: BlockGraph,
    /// The text of each block, a line for each instruction, shortened.
    pub texts: Vec<Vec<String>>,
    /// The extent of each block.
    pub sizes: Vec<Size>,
    /// Where all of it goes.
    pub placed: Placed,
}

/// Lays a subprogram out; `None` if it has more blocks than anybody could read.
pub fn drawing(cfg: &Cfg, ops: &[Op], subprog: usize, names: &dyn Names) -> Option<Drawing> {
    let blocks = cfg.blocks(subprog);
    let nodes = blocks.graph.node_indices();
    let texts: Vec<Vec<String>> = nodes
        .map(|node| shortened(lines(&blocks, node, ops, names)))
        .collect();
    let sizes: Vec<Size> = texts.iter().map(|text| extent(text)).collect();
    let edges: Vec<(usize, usize)> = blocks
        .graph
        .edge_references()
        .map(|e| (e.source().index(), e.target().index()))
        .collect();
    let placed = place(&sizes, &edges)?;
    Some(Drawing {
        blocks,
        texts,
        sizes,
        placed,
    })
}

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MOST_LINES {
        let hidden = lines.len() - (MOST_LINES - 2);
        let last = lines.pop();
        lines.truncate(MOST_LINES - 2);
        lines.push(format!("… {} more", hidden - 1));
        lines.extend(last);
    }
    for line in &mut lines {
        if line.chars().count() > MOST_LETTERS {
            *line = line.chars().take(MOST_LETTERS - 1).collect();
            line.push('…');
        }
    }
    lines
}

fn extent(text: &[String]) -> Size {
    let letters = text.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    Size {
        width: 2 * PAD + 2 * HALF_LETTER * letters.max(6) as i32,
        height: 2 * PAD + LINE * text.len().max(1) as i32,
    }
}

/// How an edge is taken.
pub const fn edge_class(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Fallthrough => "next",
        EdgeKind::Taken => "taken",
        EdgeKind::Table => "table",
    }
}

/// The subprograms below one another as one picture. Jumps that are taken are
/// drawn in another colour than the way on, headers of loops have a double border.
pub fn svg(cfg: &Cfg, ops: &[Op], subprogs: &[usize], names: &dyn Names) -> String {
    let (mut body, mut y, mut width) = (String::new(), 0, 200);
    for &subprog in subprogs {
        let name = title(cfg, subprog, names);
        let _ = writeln!(
            body,
            "<text class=\"title\" x=\"8\" y=\"{}\">{}</text>",
            y + 20,
            element(&name)
        );
        y += 32;
        match drawing(cfg, ops, subprog, names) {
            Some(d) => {
                let _ = writeln!(body, "<g transform=\"translate(8 {y})\">");
                one(&mut body, &d);
                body.push_str("</g>\n");
                y += d.placed.size.height + 24;
                width = width.max(d.placed.size.width + 16);
            }
            None => {
                let _ = writeln!(
                    body,
                    "<text x=\"8\" y=\"{}\">too many blocks to draw: {}</text>",
                    y + 14,
                    cfg.blocks(subprog).graph.node_count()
                );
                y += 32;
            }
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{y}\" \
         viewBox=\"0 0 {width} {y}\">\n<style>{STYLE}</style>\n<defs><marker id=\"tip\" \
         viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"context-stroke\"/></marker></defs>\n\
         <rect class=\"sheet\" width=\"{width}\" height=\"{y}\"/>\n{body}</svg>\n"
    )
}

const STYLE: &str = "text{font:12px ui-monospace,monospace;fill:#1b1f24;white-space:pre}\
.title{font-weight:bold}.sheet{fill:#fff}.block{fill:#f6f8fa;stroke:#57606a}.loop{stroke-width:3}\
.edge{fill:none;stroke:#57606a;marker-end:url(#tip)}.taken{stroke:#0969da}.table{stroke:#8250df}";

fn one(out: &mut String, d: &Drawing) {
    let headers: Vec<usize> = d.blocks.loops().iter().map(|(h, _)| h.index()).collect();
    for (edge, way) in d.blocks.graph.edge_references().zip(&d.placed.edges) {
        let mut path = String::new();
        for (at, (x, y)) in way.iter().enumerate() {
            let _ = write!(path, "{}{x} {y}", if at == 0 { 'M' } else { 'L' });
        }
        let class = edge_class(*edge.weight());
        let _ = writeln!(out, "<path class=\"edge {class}\" d=\"{path}\"/>");
    }
    let nodes = d.placed.nodes.iter().zip(&d.sizes).zip(&d.texts);
    for (at, (((x, y), size), text)) in nodes.enumerate() {
        let class = if headers.contains(&at) {
            "block loop"
        } else {
            "block"
        };
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"4\"/>",
            size.width, size.height
        );
        for (line, text) in text.iter().enumerate() {
            let base = y + PAD + LINE * line as i32 + 11;
            let _ = writeln!(
                out,
                "<text x=\"{}\" y=\"{base}\">{}</text>",
                x + PAD,
                element(text)
            );
        }
    }
}
