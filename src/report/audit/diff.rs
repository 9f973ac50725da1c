//! What changed between two builds: text, JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{SCHEMA_VERSION, pretty, tool};
use crate::audit::diff::{Change, Fate, ObjectDiff};
use crate::untrusted::{Untrusted, terminal, text as sentence};

/// For people.
pub fn text(diff: &ObjectDiff) -> String {
    let mut out = format!("{} -> {}\n", terminal(&diff.old), terminal(&diff.new));
    for e in &diff.entries {
        let sign = match e.fate {
            Fate::Added => '+',
            Fate::Removed => '-',
            Fate::Changed => '~',
        };
        let _ = writeln!(out, "{sign} {} {}", e.kind, terminal(&e.name));
        for c in &e.changes {
            let _ = writeln!(out, "    {:<14} {}", c.what, terminal(&change(c, e.fate)));
        }
    }
    if diff.entries.is_empty() {
        out.push_str("nothing changed\n");
    } else {
        let _ = writeln!(out, "{} programs and maps unchanged", diff.unchanged);
    }
    out
}

fn change(c: &Change, fate: Fate) -> Untrusted {
    let sets = matches!(
        c.what,
        "helpers"
            | "kfuncs"
            | "maps"
            | "features"
            | "core"
            | "capabilities"
            | "entries"
            | "unlinked"
    );
    match (&c.old, &c.new) {
        (Some(old), Some(new)) if sets => sentence!("-{}  +{}", old, new),
        (Some(old), None) if sets => sentence!("-{}", old),
        (None, Some(new)) if sets => sentence!("+{}", new),
        (Some(old), Some(new)) => match (old.data().parse::<i128>(), new.data().parse::<i128>()) {
            (Ok(a), Ok(b)) => {
                let percent = if a == 0 {
                    String::new()
                } else {
                    format!(", {:+.1} %", (b - a) as f64 * 100.0 / a as f64)
                };
                sentence!("{} -> {} ({:+}{percent})", old, new, b - a)
            }
            _ => sentence!("{} -> {}", old, new),
        },
        (Some(old), None) if fate == Fate::Changed => sentence!("{} -> none", old),
        (None, Some(new)) if fate == Fate::Changed => sentence!("none -> {}", new),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => Untrusted::new(),
    }
}

/// One document.
pub fn json(diff: &ObjectDiff) -> String {
    pretty(&document(diff))
}

/// The document.
pub fn document(diff: &ObjectDiff) -> Value {
    json!({
        "schema": format!("bpfassay-audit-diff-v{SCHEMA_VERSION}"),
        "version": SCHEMA_VERSION,
        "tool": tool(),
        "old": diff.old,
        "new": diff.new,
        "unchanged": diff.unchanged,
        "entries": diff.entries.iter().map(|e| json!({
            "kind": e.kind,
            "name": e.name,
            "fate": e.fate.name(),
            "changes": e.changes.iter().map(|c| json!({
                "what": c.what, "old": c.old, "new": c.new,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
