//! Complaints and nothing else: a line each, or under their codes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Report;
use super::draw::Paint;
use super::items::{Item, Kind, items};
use super::text::{Style, summary};
use crate::rules::Severity;
use crate::untrusted::{Untrusted, terminal, text};

/// A line per complaint: `file:line:column: code what`.
pub fn short(report: &Report, style: Style) -> String {
    let paint = Paint(style.color);
    let mut out = unreadable(report);
    for item in shown(report) {
        let _ = writeln!(
            out,
            "{}: {} {}{}",
            terminal(&place(&item)),
            code(&item, &paint),
            terminal(&item.what),
            of(&item, report)
        );
    }
    out.push_str(&summary(report));
    out
}

/// A heading per code, the most frequent first, with its places below.
pub fn grouped(report: &Report, style: Style) -> String {
    let paint = Paint(style.color);
    let mut groups: Vec<(String, Vec<Item<'_>>)> = Vec::new();
    for item in shown(report) {
        let id = item.id.clone();
        match groups.iter_mut().find(|(known, _)| *known == id) {
            Some((_, all)) => all.push(item),
            None => groups.push((id, vec![item])),
        }
    }
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let mut out = unreadable(report);
    for (_, all) in &groups {
        let Some(first) = all.first() else { continue };
        let title = first.rule.map_or("", |r| r.title);
        let _ = writeln!(
            out,
            "{} ({}){}{title}",
            code(first, &paint),
            all.len(),
            if title.is_empty() { "" } else { ": " }
        );
        for item in all {
            let _ = writeln!(
                out,
                "    {}: {}{}",
                terminal(&place(item)),
                terminal(&item.what),
                of(item, report)
            );
        }
        out.push('\n');
    }
    out.push_str(&summary(report));
    out
}

fn shown(report: &Report) -> Vec<Item<'_>> {
    let mut all = items(report);
    all.retain(|i| i.suppressed.is_none());
    all
}

fn unreadable(report: &Report) -> String {
    let mut out = String::new();
    for object in &report.objects {
        if let Some(error) = &object.error {
            let _ = writeln!(
                out,
                "{}: unreadable: {}",
                terminal(&object.object),
                terminal(&error.text())
            );
        }
    }
    out
}

/// Where it stands: in the source, or in the object.
fn place(item: &Item<'_>) -> Untrusted {
    let label = item.primary.and_then(|l| {
        let source = item.sources.get(l.source)?;
        let (line, column) = source.position(l.offset)?;
        (!source.is_listing()).then(|| text!("{}:{line}:{column}", source.name))
    });
    label
        .or_else(|| item.place.map(|p| p.text()))
        .unwrap_or_else(|| match item.insn {
            Some(insn) => text!("{}:insn {insn}", item.object),
            None => item.object.clone(),
        })
}

fn code(item: &Item<'_>, paint: &Paint) -> String {
    let code = match item.rule {
        Some(rule) => format!("{} {}", rule.id(), rule.name),
        None => item.id.clone(),
    };
    match item.severity {
        Severity::Error => paint.bad(&code),
        Severity::Warning => paint.warn(&code),
        Severity::Note => paint.dim(&code),
    }
}

/// The program, and the targets where they are not all.
fn of(item: &Item<'_>, report: &Report) -> String {
    let mut words = Vec::new();
    if let Some(program) = item.program.filter(|_| item.kind != Kind::LoadError) {
        words.push(terminal(program).into_owned());
    }
    let object = report.objects.get(item.index);
    let programs = object.map_or(&[][..], |o| &o.programs);
    let all: BTreeSet<&Untrusted> = programs.iter().map(|p| &p.target).collect();
    let named: BTreeSet<&Untrusted> = item.targets.iter().copied().collect();
    if !named.is_empty() && !all.is_subset(&named) {
        let targets: Vec<_> = item.targets.iter().map(|t| terminal(*t)).collect();
        words.push(targets.join(", "));
    }
    match words.is_empty() {
        true => String::new(),
        false => format!(" [{}]", words.join(": ")),
    }
}
