//! Audits as one HTML page that needs nothing else: no script, no network.

use std::fmt::Write as _;

use super::graph_svg;
use super::page::{Table, sections};
use crate::audit::{ObjectAudit, graph};
use crate::untrusted::{Foreign, html};

/// The little that a table needs to be read, in light and dark, on a narrow screen too.
pub(in crate::report) const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color-scheme:light dark}\
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}\
th,td{border:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top}\
th{background:#8882}td{overflow-wrap:anywhere}h2{margin-top:2.5rem;overflow-wrap:anywhere}";

/// Renders audits.
pub fn render(audits: &[ObjectAudit]) -> String {
    let sections = sections(audits);
    let title = sections.first().map(|s| s.title.clone());
    let mut out = String::new();
    // The first is about all of them, the others about one each.
    let drawn = std::iter::once(None).chain(audits.iter().map(Some));
    for (section, audit) in sections.iter().zip(drawn) {
        let h = section.level;
        let _ = writeln!(out, "\n<h{h}>{}</h{h}>", html(&section.title));
        if !section.lines.is_empty() {
            out.push_str("<ul>");
            for line in &section.lines {
                let _ = writeln!(out, "<li>{}</li>", html(line));
            }
            out.push_str("</ul>\n");
        }
        for table in &section.tables {
            rows(&mut out, table);
        }
        if let Some(svg) = audit.and_then(|a| graph_svg::svg(&graph::graph(a))) {
            out.push_str("<h3>Who uses what</h3>\n");
            out.push_str(&svg);
        }
    }
    let style = format!("{STYLE}{}", graph_svg::STYLE);
    frame(&title.unwrap_or_default(), &style, &out)
}

/// A page without a script, which is forbidden to load anything.
pub(in crate::report) fn frame(title: &(impl Foreign + ?Sized), style: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\
         <meta name=\"viewport\" content=\"width=device-width\"/>\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\
         <title>{}</title><style>{style}</style></head><body>{body}</body></html>\n",
        html(title)
    )
}

fn rows(out: &mut String, table: &Table) {
    out.push_str("<table><thead><tr>");
    for head in table.head {
        let _ = write!(out, "<th>{head}</th>");
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{}</td>", html(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
}
