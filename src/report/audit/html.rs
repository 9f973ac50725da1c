//! Audits as one HTML page that needs nothing else: no script, no network.

use std::fmt::Write as _;

use super::page::{Table, sections};
use crate::audit::ObjectAudit;
use crate::untrusted::html;

/// The little that a table needs to be read, in light and dark, on a narrow screen too.
const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color-scheme:light dark}\
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}\
th,td{border:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top}\
th{background:#8882}td{overflow-wrap:anywhere}h2{margin-top:2.5rem;overflow-wrap:anywhere}";

/// Renders audits.
pub fn render(audits: &[ObjectAudit]) -> String {
    let sections = sections(audits);
    let mut out =
        String::from("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\"/>");
    let title = sections
        .first()
        .map(|s| s.title.clone())
        .unwrap_or_default();
    let _ = write!(
        out,
        "<title>{}</title><style>{STYLE}</style></head><body>",
        html(&title)
    );
    for section in &sections {
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
    }
    out.push_str("</body></html>\n");
    out
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
