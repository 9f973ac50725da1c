//! The report as a page: one file that needs no network and no server.
//!
//! The page holds the JSON report (`schemas/report.v1.json`) and, where there was
//! room, a view of each program; a script shows them. All texts reach the page as
//! data: the script sets them as text, never as markup, and in the file `<` is
//! written `\u003c`, so that nothing in them ends the element that holds them. A
//! policy in the page forbids it to load or send anything.

use serde_json::{Value, json};

use super::{Report, json as report_json};
use crate::untrusted;
use crate::view::{FunctionView, Step, View};

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Renders a report.
pub fn render(report: &Report) -> String {
    page(&document(report))
}

fn page(document: &Value) -> String {
    let data = untrusted::compact(document)
        .replace('<', "\\u003c")
        .replace('>', "\\u003e");
    let mut out = String::with_capacity(FRAME.len() + STYLE.len() + SCRIPT.len() + data.len());
    // In one pass: data may hold what looks like a place to fill.
    let mut rest = FRAME;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        out.push_str(match name {
            "style" => STYLE,
            "script" => SCRIPT,
            "data" => &data,
            _ => "",
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The report's document with the views beside their programs.
fn document(report: &Report) -> Value {
    let mut document = report_json::document(report);
    let Some(objects) = document["objects"].as_array_mut() else {
        return document;
    };
    for (object, shown) in report.objects.iter().zip(objects) {
        let Some(programs) = shown["programs"].as_array_mut() else {
            continue;
        };
        for (program, shown) in object.programs.iter().zip(programs) {
            if let Some(seen) = &program.view {
                shown["view"] = view(seen);
                #[cfg(feature = "smoke")]
                if let Some(smoke) = program.smoke.as_ref().filter(|s| s.coverage.is_known()) {
                    shown["unreached"] = json!(smoke.unreached);
                }
            }
        }
    }
    document
}

/// Short, since there are many: lists in the order that the script expects.
fn view(v: &View) -> Value {
    let mut files: Vec<&str> = Vec::new();
    let mut lines = Vec::with_capacity(v.lines.len());
    for line in &v.lines {
        if files.last() != Some(&&*line.file) {
            files.push(&line.file);
        }
        lines.push(json!([files.len() - 1, line.line, line.text.trim_end()]));
    }
    json!({
        "files": files,
        "lines": lines,
        "insns": v.insns.iter().map(|i| json!([i.slot, i.line, i.visits, i.text])).collect::<Vec<_>>(),
        "functions": v.functions.iter().map(function).collect::<Vec<_>>(),
        "words": v.words,
        "steps": v.steps.iter().map(step).collect::<Vec<_>>(),
        "gap_at": v.gap_at,
        "gap": v.gap,
    })
}

fn step(s: &Step) -> Value {
    let changes = s.changes.iter();
    let changes = changes.flat_map(|c| {
        let word = c.word.map_or(-1, i64::from);
        [i64::from(c.frame), i64::from(c.place), word]
    });
    json!([
        s.slot,
        s.depth,
        u8::from(s.jumps),
        changes.collect::<Vec<_>>()
    ])
}

fn function(f: &FunctionView) -> Value {
    json!({
        "name": f.name,
        "count": f.count,
        "size": f.size,
        "blocks": f.blocks.iter().map(|b| json!([b.slots, b.at, b.header, b.text])).collect::<Vec<_>>(),
        "edges": f.edges.iter().map(|e| json!([e.class, e.points])).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_element_that_holds_it() {
        let hostile = "</script><script>alert(1)</script><!-- {{script}} {{data}}";
        let page = page(&json!({ "objects": [{ "object": hostile }] }));
        assert_eq!(
            page.matches("</script>").count(),
            FRAME.matches("</script>").count()
        );
        assert!(!page.contains("<!-- {{"));
        assert!(
            page.contains("{{script}} {{data}}"),
            "data is not filled in"
        );
    }

    #[test]
    fn the_page_loads_nothing() {
        for asset in [FRAME, STYLE, SCRIPT] {
            let fetches = [
                "http:",
                "https:",
                "fetch(",
                "XMLHttpRequest",
                "import(",
                "url(",
                "innerHTML",
            ];
            for fetch in fetches {
                let allowed = asset.matches("http://www.w3.org/2000/svg").count();
                let count = asset.matches(fetch).count();
                let known = if fetch == "http:" { allowed } else { 0 };
                assert_eq!(count, known, "{fetch}");
            }
        }
    }
}
