//! A table for people: columns as wide as their widest field, words to the left and
//! figures to the right.

use crate::untrusted::{Untrusted, terminal};

/// A column's head, and whether it holds words.
pub(super) type Head = (String, bool);

/// Draws a table.
pub(super) fn draw(heads: &[Head], rows: &[Vec<Untrusted>]) -> String {
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|f| terminal(f).into_owned()).collect())
        .collect();
    let width = |at: usize, head: &str| {
        let fields = shown.iter().filter_map(|row| row.get(at));
        let widest = fields.map(|f| f.chars().count()).max().unwrap_or(0);
        widest.max(head.chars().count())
    };
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(at, (head, _))| width(at, head))
        .collect();
    let mut out = String::new();
    let mut line = |fields: Vec<String>| {
        let padded = fields.iter().zip(heads).zip(&widths);
        let padded = padded.map(|((field, (_, words)), &width)| match words {
            true => format!("{field:<width$}"),
            false => format!("{field:>width$}"),
        });
        let all: Vec<String> = padded.collect();
        out.push_str(all.join("  ").trim_end());
        out.push('\n');
    };
    let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    // The heads of figures stand where the figures do.
    line(heads.iter().map(|(head, _)| head.clone()).collect());
    line(rule.clone());
    shown.into_iter().for_each(&mut line);
    line(rule);
    out
}
