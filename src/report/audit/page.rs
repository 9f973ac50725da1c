//! An audit as tables: what Markdown and HTML show alike.
//!
//! First a page of what there is and what it may do; then each object. Cells hold what
//! somebody else wrote; the outlet escapes them.

use std::fmt::Write as _;

use super::{bytes, effects};
use crate::audit::{MapNeed, Newest, ObjectAudit, Oldest, Requirements};
use crate::untrusted::{Untrusted, joined, text};

/// A heading with what is below it.
pub(super) struct Section {
    /// 1 for the whole, 2 for an object.
    pub(super) level: usize,
    pub(super) title: Untrusted,
    pub(super) lines: Vec<Untrusted>,
    pub(super) tables: Vec<Table>,
}

/// A table with its head.
pub(super) struct Table {
    pub(super) head: &'static [&'static str],
    pub(super) rows: Vec<Vec<Untrusted>>,
}

/// The sections of a report.
pub(super) fn sections(audits: &[ObjectAudit]) -> Vec<Section> {
    let mut out = vec![whole(audits)];
    out.extend(audits.iter().map(object));
    out
}

fn whole(audits: &[ObjectAudit]) -> Section {
    let row = |a: &ObjectAudit| {
        vec![
            a.object.clone(),
            match &a.error {
                Some(error) => text!("unreadable: {}", error),
                None => a.programs.len().to_string().into(),
            },
            range(&a.oldest, a.newest.as_ref()).into(),
            capabilities(a).into(),
            effects::yes(a).join("; ").into(),
        ]
    };
    Section {
        level: 1,
        title: "Audit of BPF objects".into(),
        lines: Vec::new(),
        tables: vec![Table {
            head: &["object", "programs", "kernels", "capabilities", "may"],
            rows: audits.iter().map(row).collect(),
        }],
    }
}

fn object(a: &ObjectAudit) -> Section {
    let mut lines = Vec::new();
    if let Some(error) = &a.error {
        lines.push(text!("unreadable: {}", error));
    } else {
        let size = bytes(a.bytes as u64);
        lines.push(match a.license.is_empty() {
            true => text!("{size}, no licence"),
            false => text!("{size}, licence {}", a.license),
        });
    }
    lines.extend(a.load_errors.iter().map(|e| text!("not loadable: {}", e)));
    lines.extend(a.unknown.iter().map(|u| text!("unknown: {}", u)));
    let may = crate::audit::effects::answers(a);
    let may = may.iter().map(|answer| {
        vec![
            answer.question.asks().into(),
            answer.word().into(),
            effects::because(answer),
        ]
    });
    let mut tables = vec![Table {
        head: &["may it", "answer", "by"],
        rows: may.collect(),
    }];
    if !a.programs.is_empty() {
        tables.push(Table {
            head: &[
                "program",
                "type",
                "verdict",
                "kernels",
                "to load",
                "to attach",
                "calls",
            ],
            rows: a.programs.iter().map(|p| program(a, p)).collect(),
        });
    }
    if !a.maps.is_empty() {
        tables.push(Table {
            head: &["map", "type", "key", "value", "entries", "since", "memory"],
            rows: a.maps.iter().map(map).collect(),
        });
    }
    Section {
        level: 2,
        title: a.object.clone(),
        lines,
        tables,
    }
}

fn program(a: &ObjectAudit, p: &Requirements) -> Vec<Untrusted> {
    let verdict = match &p.verified.reason {
        Some(reason) => text!("{} on {}: {}", p.verified.verdict, a.target, reason),
        None => text!("{} on {}", p.verified.verdict, a.target),
    };
    let names = |all: &[crate::audit::Capability]| {
        let names: Vec<&str> = all.iter().map(|c| c.name).collect();
        names.join(" ")
    };
    let attach = p.attaching.as_ref().map_or_else(String::new, |t| {
        let needs = if t.needs.is_empty() { "" } else { "; needs " };
        format!("{}{needs}{} {}", t.how, t.needs, t.capabilities.join(" "))
    });
    let calls: Vec<&Untrusted> = p.calls.iter().map(|c| &c.name).collect();
    vec![
        p.program.clone(),
        p.prog_type.name().into(),
        verdict,
        range(&p.oldest, p.newest.as_ref()).into(),
        names(&p.capabilities).into(),
        attach.trim_end().into(),
        joined(calls, " "),
    ]
}

fn map(m: &MapNeed) -> Vec<Untrusted> {
    vec![
        m.name.clone(),
        (&m.type_name).into(),
        m.key_size.to_string().into(),
        m.value_size.to_string().into(),
        m.max_entries.to_string().into(),
        m.known
            .map_or_else(|| "?".into(), |k| k.release.to_string().into()),
        bytes(m.memory.full).into(),
    ]
}

fn capabilities(a: &ObjectAudit) -> String {
    let names: Vec<&str> = a.capabilities.iter().map(|c| c.name).collect();
    match (names.is_empty(), a.unknown.is_empty()) {
        (true, true) => "none".into(),
        (true, false) => "unknown".into(),
        (false, true) => names.join(" "),
        (false, false) => format!("{}, or more", names.join(" ")),
    }
}

/// From which kernel to which.
pub(super) fn range(oldest: &Oldest, newest: Option<&Newest>) -> String {
    let Some(release) = oldest.release else {
        return match oldest.by_use {
            Some(by_use) => format!("none that was asked (what it uses: from {by_use} on)"),
            None => "none".into(),
        };
    };
    let mut text = format!("from {release}");
    match oldest.certain {
        Some(certain) if certain > release => {
            let _ = write!(text, " (certain from {certain})");
        }
        None => text.push_str(" (nothing certain)"),
        _ => {}
    }
    if let Some(newest) = newest {
        let _ = write!(text, " to {}", newest.release);
    }
    text
}
