//! `rules`: the catalogue as a list.

use std::fmt::Write as _;

use serde_json::json;

use super::args::{RulesArgs, RulesFormat};
use super::nearest::nearest;
use super::{Failure, exit, output};
use crate::rules::{self, Rule};

/// Runs the verb.
pub(super) fn run(args: &RulesArgs) -> Result<u8, Failure> {
    let wanted = |rule: &&Rule| args.family.as_deref().is_none_or(|f| f == rule.family);
    let list: Vec<&Rule> = rules::all().iter().filter(wanted).collect();
    if list.is_empty() {
        let mut families: Vec<&str> = rules::all().iter().map(|r| r.family).collect();
        families.dedup();
        let family = args.family.as_deref().unwrap_or("");
        return Err(Failure::usage(format!(
            "no family {family}{}; there are {}",
            nearest(family, families.iter().copied()),
            families.join(", ")
        )));
    }
    let text = match args.format {
        RulesFormat::Text => text(&list),
        RulesFormat::Json => json(&list),
    };
    output::write(&text, None)?;
    Ok(exit::CLEAN)
}

fn text(list: &[&Rule]) -> String {
    let width = list.iter().map(|r| r.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for rule in list {
        let _ = writeln!(
            out,
            "{}  {:width$}  {:7}  {:6}  {:11}  {}",
            rule.id(),
            rule.name,
            rule.severity.name(),
            rule.confidence.name(),
            rule.kind.name(),
            rule.title
        );
    }
    out
}

fn json(list: &[&Rule]) -> String {
    let series = |s: Option<(u16, u16)>| s.map(|(a, b)| format!("{a}.{b}"));
    let rules: Vec<_> = list
        .iter()
        .map(|r| {
            json!({
                "id": r.id(),
                "name": r.name,
                "family": r.family,
                "kind": r.kind.name(),
                "severity": r.severity.name(),
                "confidence": r.confidence.name(),
                "title": r.title,
                "since": series(r.since),
                "until": series(r.until),
                "messages": r.messages.iter().map(|m| json!({
                    "words": m.words,
                    "since": series(m.since),
                    "until": series(m.until),
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    let document = json!({ "schema": 1, "rules": rules });
    crate::untrusted::pretty(&document)
}
