//! One truth, told once: what a lint says in the same words of several places of an
//! object (a map, a helper) is one finding with its places.
//!
//! Places are put together after suppressions were looked for, since a comment in the
//! source is about its own line; what is suppressed stays by itself.

use alloc::collections::BTreeMap;

use super::source::Source;
use super::{Finding, Label};
use crate::prelude::*;
use crate::rules::{RuleKind, Severity};
use crate::untrusted::{Untrusted, text};

/// Places that are drawn beside the first.
const MOST: usize = 8;

/// What makes findings the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Truth {
    rule: u16,
    severity: Severity,
    what: String,
    targets: Vec<String>,
    variants: Vec<String>,
}

impl Truth {
    /// Of findings that are told together with others.
    fn of(f: &Finding) -> Option<Truth> {
        if f.rule.kind != RuleKind::Lint || f.suppressed.is_some() || f.primary.is_none() {
            return None;
        }
        let words = |all: &[Untrusted]| all.iter().map(|t| t.data().to_owned()).collect();
        Some(Truth {
            rule: f.rule.number,
            severity: f.severity,
            what: f.what.data().to_owned(),
            targets: words(&f.targets),
            variants: words(&f.variants),
        })
    }
}

/// Puts the findings of one object together, in the order of their first places.
pub fn group(findings: &mut Vec<Finding>) {
    let mut out: Vec<Finding> = Vec::new();
    let mut known: BTreeMap<Truth, (usize, usize)> = BTreeMap::new();
    for finding in core::mem::take(findings) {
        let Some(truth) = Truth::of(&finding) else {
            out.push(finding);
            continue;
        };
        match known.get_mut(&truth) {
            None => {
                known.insert(truth, (out.len(), 0));
                out.push(finding);
            }
            Some((at, more)) => {
                *more += 1;
                if let Some(first) = out.get_mut(*at)
                    && *more <= MOST
                {
                    join(first, &finding);
                }
            }
        }
    }
    for (at, more) in known.into_values() {
        if let Some(left) = more.checked_sub(MOST).filter(|n| *n > 0)
            && let Some(last) = out.get_mut(at).and_then(|f| f.secondary.last_mut())
        {
            let s = if left == 1 { "" } else { "s" };
            last.text = text!("{}, and at {left} more place{s}", last.text);
        }
    }
    *findings = out;
}

/// Adds the place of another finding.
fn join(first: &mut Finding, other: &Finding) {
    let Some(place) = &other.primary else { return };
    let Some(theirs) = other.sources.get(place.source) else {
        return;
    };
    let at = first.sources.iter().position(|s| s.name == theirs.name);
    let at = at.unwrap_or_else(|| {
        first.sources.push(theirs.clone());
        first.sources.len() - 1
    });
    let Some(own) = first.sources.get(at).cloned() else {
        return;
    };
    let both = own.united(theirs);
    let labels = first.primary.iter_mut().chain(&mut first.secondary);
    for label in labels.filter(|l| l.source == at) {
        move_to(label, &own, &both);
    }
    let mut place = Label {
        source: at,
        text: match other.program == first.program {
            true => "and here".into(),
            false => match &other.program {
                Some(program) => text!("and here, in {}", program),
                None => "and here".into(),
            },
        },
        ..place.clone()
    };
    move_to(&mut place, theirs, &both);
    // A line that several programs contain is told once.
    let same = |l: &Label| l.source == at && l.offset == place.offset;
    if !first.primary.iter().chain(&first.secondary).any(same) {
        first.secondary.push(place);
    }
    if let Some(source) = first.sources.get_mut(at) {
        *source = both;
    }
}

/// Points a label of one text at the same place of another.
fn move_to(label: &mut Label, from: &Source, to: &Source) {
    let start = |source: &Source| source.line(label.line).map(|(start, _)| start);
    if let (Some(old), Some(new)) = (start(from), start(to)) {
        label.offset = label.offset.saturating_sub(old).saturating_add(new);
    }
}
