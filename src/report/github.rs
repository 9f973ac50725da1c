//! Annotations of a GitHub workflow: one command a line, which the runner shows
//! beside the source line of a pull request.
//!
//! `::error file=...,line=...,col=...,endColumn=...,title=...::message`. The
//! runner shows only the first few of each level, so errors come first. What is
//! suppressed is left out.

use std::fmt::Write as _;

use super::Report;
use super::items::{Item, items};
use super::paths::Paths;
use crate::rules::Severity;

/// Renders a report.
pub fn render(report: &Report, paths: &Paths<'_>) -> String {
    let mut all = items(report);
    all.retain(|i| i.suppressed.is_none());
    all.sort_by_key(|i| std::cmp::Reverse(i.severity));
    let mut out = String::new();
    for object in &report.objects {
        if let Some(error) = &object.error {
            let file = paths.input(&object.object);
            let _ = writeln!(
                out,
                "::error file={},title=unreadable input::{}",
                property(file.text()),
                message(&error.to_string())
            );
        }
    }
    for item in all {
        annotation(&mut out, &item, paths);
    }
    out
}

fn annotation(out: &mut String, item: &Item<'_>, paths: &Paths<'_>) {
    let command = match item.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let region = item.region(paths);
    let file = match &region {
        Some(region) => region.file.clone(),
        None => paths.input(item.object),
    };
    let _ = write!(out, "::{command} file={}", property(file.text()));
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
    let mut text = item.what.clone();
    if let Some(program) = item.program {
        let _ = write!(text, "\nprogram: {program} ({})", item.object);
    }
    if !item.targets.is_empty() {
        let _ = write!(text, "\ntargets: {}", item.targets.join(", "));
    }
    if let Some(remedy) = item.remedy {
        let _ = write!(text, "\nremedy: {remedy}");
    }
    let _ = writeln!(out, ",title={}::{}", property(&title), message(&text));
}

/// A message: `%` and line ends are escaped.
fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value: what ends it is escaped too.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_property_is_escaped() {
        assert_eq!(property("a:b,c%\r\n"), "a%3Ab%2Cc%25%0D%0A");
        assert_eq!(message("50 %: a, b\n"), "50 %25: a, b%0A");
    }
}
