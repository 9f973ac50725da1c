//! Annotations of a GitHub workflow: one command a line, which the runner shows
//! beside the source line of a pull request.
//!
//! `::error file=...,line=...,col=...,endColumn=...,title=...::message`. The
//! runner shows only the first ten of each level and step, so the tenth says how many
//! more there are. Of each level refusals come before findings; what is suppressed is
//! left out.

use std::fmt::Write as _;

use super::Report;
use super::items::{Item, Kind, items};
use super::paths::Paths;
use crate::rules::Severity;
use crate::untrusted::{Untrusted, message, property, text};

/// Renders a report.
pub fn render(report: &Report, paths: &Paths<'_>) -> String {
    let mut all = items(report);
    all.retain(|i| i.suppressed.is_none());
    all.sort_by_key(|i| (std::cmp::Reverse(i.severity), i.kind == Kind::Finding));
    let mut out = String::new();
    if report.partial() {
        out.push_str("::error title=partial report::the run was stopped before it was done\n");
    }
    for object in &report.objects {
        if let Some(error) = &object.error {
            let file = paths.input(&object.object);
            let _ = writeln!(
                out,
                "::error file={},title=unreadable input::{}",
                property(&file.text()),
                message(&error.text())
            );
        }
    }
    for level in [Severity::Error, Severity::Warning, Severity::Note] {
        let of_level: Vec<&Item<'_>> = all.iter().filter(|i| i.severity == level).collect();
        let shown = match of_level.len() {
            n if n <= SHOWN => n,
            _ => SHOWN - 1,
        };
        let (shown, rest) = of_level.split_at(shown);
        for item in shown {
            annotation(&mut out, item, paths);
        }
        if !rest.is_empty() {
            let _ = writeln!(
                out,
                "::{} title=and {} more::only ten of a level are shown beside the lines of a step; the report has all",
                command(level),
                rest.len()
            );
        }
    }
    out
}

/// Annotations of one level that a runner shows of a step.
const SHOWN: usize = 10;

const fn command(level: Severity) -> &'static str {
    match level {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

fn annotation(out: &mut String, item: &Item<'_>, paths: &Paths<'_>) {
    let command = command(item.severity);
    let region = item.region(paths);
    let file = match &region {
        Some(region) => region.file.clone(),
        None => paths.input(item.object),
    };
    let _ = write!(out, "::{command} file={}", property(&file.text()));
    if let Some(region) = &region {
        let _ = write!(out, ",line={}", region.line);
        if let Some(column) = region.column {
            let _ = write!(out, ",col={column}");
        }
        if let Some(end) = region.end {
            let _ = write!(out, ",endLine={},endColumn={end}", region.line);
        }
    }
    let title = match item.rule {
        Some(rule) => format!("{} {}", item.id, rule.name),
        None => item.id.clone(),
    };
    let mut lines: Vec<Untrusted> = vec![item.what.clone()];
    if let Some(program) = item.program {
        lines.push(text!("program: {} ({})", program, item.object));
    }
    let places = item.places();
    if !places.is_empty() {
        lines.push(text!("targets: {}", places));
    }
    if let Some(remedy) = &item.remedy {
        lines.push(text!("remedy: {}", remedy));
    }
    let lines: Vec<String> = lines.iter().map(message).collect();
    let _ = writeln!(out, ",title={}::{}", property(&title), lines.join("%0A"));
}
