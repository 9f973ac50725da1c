//! A code quality report of GitLab: what a merge request shows beside its lines.
//!
//! A list of `{description, check_name, fingerprint, severity, location}`. GitLab
//! compares the fingerprints of two branches, so they stay when lines move; two of the
//! same in one report count as one, so that they are told apart by a number.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Report;
use super::items::{Item, Kind, items};
use super::paths::Paths;
use crate::rules::Severity;
use crate::untrusted::{self, Untrusted, joined, text};

/// Renders a report.
pub fn render(report: &Report, paths: &Paths<'_>) -> String {
    let mut seen = BTreeMap::new();
    let mut list: Vec<Value> = report
        .objects
        .iter()
        .filter_map(|o| Some((o, o.error.as_ref()?)))
        .map(|(o, error)| {
            let file = paths.input(&o.object);
            let what = text!("unreadable input: {}", error.text());
            let mark = text!("unreadable {}", file.text());
            issue(
                &what,
                "unreadable-input",
                mark,
                "blocker",
                (&file.text(), 1),
            )
        })
        .collect();
    let shown = items(report);
    let shown = shown.iter().filter(|i| i.suppressed.is_none());
    list.extend(shown.map(|item| of(item, paths, &mut seen)));
    untrusted::pretty(&Value::Array(list))
}

fn of(item: &Item<'_>, paths: &Paths<'_>, seen: &mut BTreeMap<String, u32>) -> Value {
    let severity = match (item.severity, item.kind) {
        (_, Kind::Internal) => "blocker",
        (Severity::Error, Kind::Refused | Kind::LoadError | Kind::Lacks) => "critical",
        (Severity::Error, _) => "major",
        (Severity::Warning, _) => "minor",
        (Severity::Note, _) => "info",
    };
    let mut what = text!("{}: {}", item.id, item.what);
    if let Some(program) = item.program {
        what = match item.targets.is_empty() {
            true => text!("{} (program {})", what, program),
            false => text!(
                "{} (program {}, on {})",
                what,
                program,
                joined(&item.targets, ", ")
            ),
        };
    }
    let (file, line) = match item.region(paths) {
        Some(region) => (region.file, region.line.max(1)),
        None => (paths.input(item.object), 1),
    };
    let mark = item.fingerprint(paths);
    let again = seen.entry(mark.clone()).or_insert(0);
    *again += 1;
    let mark = match again {
        1 => mark,
        n => format!("{mark}-{n}"),
    };
    issue(
        &what,
        item.name(),
        mark.into(),
        severity,
        (&file.text(), line),
    )
}

fn issue(
    what: &Untrusted,
    name: &str,
    mark: Untrusted,
    severity: &str,
    at: (&Untrusted, u32),
) -> Value {
    let (path, mark) = (at.0.data(), mark.data());
    json!({
        "description": what.data(),
        "check_name": name,
        "fingerprint": mark,
        "severity": severity,
        "location": { "path": path, "lines": { "begin": at.1 } },
    })
}
