//! Audits as Markdown: for pull requests, wikis and reviews.

use std::fmt::Write as _;

use super::page::{Table, sections};
use crate::audit::ObjectAudit;
use crate::untrusted::markdown;

/// Renders audits.
pub fn render(audits: &[ObjectAudit]) -> String {
    let mut out = String::new();
    for section in sections(audits) {
        let hashes = "#".repeat(section.level);
        let _ = writeln!(out, "{hashes} {}\n", markdown(&section.title));
        for line in &section.lines {
            let _ = writeln!(out, "- {}", markdown(line));
        }
        if !section.lines.is_empty() {
            out.push('\n');
        }
        for table in &section.tables {
            rows(&mut out, table);
        }
    }
    out
}

fn rows(out: &mut String, table: &Table) {
    let _ = writeln!(out, "| {} |", table.head.join(" | "));
    let _ = writeln!(out, "|{}", "---|".repeat(table.head.len()));
    for row in &table.rows {
        let cells: Vec<_> = row.iter().map(markdown).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
}
