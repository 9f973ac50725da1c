//! What changed between two builds of an object.

use alloc::collections::BTreeSet;

use super::model::{Callee, MapNeed, ObjectAudit, Requirements};
use super::oldest::Oldest;
use crate::prelude::*;
use crate::untrusted::{Foreign, Untrusted, joined, text};

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Only the new build has it.
    Added,
    /// Only the old build has it.
    Removed,
    /// Both have it, and it differs.
    Changed,
}

impl Fate {
    /// The stable word.
    pub const fn name(self) -> &'static str {
        match self {
            Fate::Added => "added",
            Fate::Removed => "removed",
            Fate::Changed => "changed",
        }
    }
}

/// One property that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The property: `verdict`, `processed`, `helpers`, ...
    pub what: &'static str,
    /// What it was; none for something new.
    pub old: Option<Untrusted>,
    /// What it is; none for something gone.
    pub new: Option<Untrusted>,
}

/// A part of the object that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `object`, `program` or `map`.
    pub kind: &'static str,
    /// Its name; empty for the object.
    pub name: Untrusted,
    /// What became of it.
    pub fate: Fate,
    /// How it differs.
    pub changes: Vec<Change>,
}

/// Two builds compared.
#[derive(Clone, Debug)]
pub struct ObjectDiff {
    /// The old build's name.
    pub old: Untrusted,
    /// The new build's name.
    pub new: Untrusted,
    /// What differs: the object, then programs, then maps, in the new build's order.
    pub entries: Vec<Entry>,
    /// Programs and maps that do not differ.
    pub unchanged: usize,
}

/// Compares two audits.
pub fn diff(old: &ObjectAudit, new: &ObjectAudit) -> ObjectDiff {
    let mut out = ObjectDiff {
        old: old.object.clone(),
        new: new.object.clone(),
        entries: Vec::new(),
        unchanged: 0,
    };
    let mut changes = Vec::new();
    number(&mut changes, "bytes", old.bytes as u64, new.bytes as u64);
    differ(&mut changes, "license", &old.license, &new.license);
    differ(
        &mut changes,
        "oldest-kernel",
        &release(&old.oldest),
        &release(&new.oldest),
    );
    let caps = |a: &ObjectAudit| a.capabilities.iter().map(|c| c.name.into()).collect();
    set(&mut changes, "capabilities", &caps(old), &caps(new));
    number(&mut changes, "map-memory", old.memory.full, new.memory.full);
    let unlinked = |a: &ObjectAudit| -> BTreeSet<Untrusted> {
        a.unlinked.iter().map(|u| u.program.clone()).collect()
    };
    set(&mut changes, "unlinked", &unlinked(old), &unlinked(new));
    if !changes.is_empty() {
        out.entries.push(Entry {
            kind: "object",
            name: Untrusted::new(),
            fate: Fate::Changed,
            changes,
        });
    }
    parts(
        &mut out,
        "program",
        &old.programs,
        &new.programs,
        |p| (p.program.clone(), p.section.clone()),
        program,
        program_summary,
    );
    parts(
        &mut out,
        "map",
        &old.maps,
        &new.maps,
        |m| (m.name.clone(), Untrusted::new()),
        map,
        |m| vec![("definition", definition(m).into())],
    );
    out
}

/// Pairs parts by key (by name where only the second half of the key moved).
fn parts<T>(
    out: &mut ObjectDiff,
    kind: &'static str,
    old: &[T],
    new: &[T],
    key: impl Fn(&T) -> (Untrusted, Untrusted),
    compare: impl Fn(&T, &T) -> Vec<Change>,
    summary: impl Fn(&T) -> Vec<(&'static str, Untrusted)>,
) {
    let mut taken = BTreeSet::new();
    for n in new {
        let (name, rest) = key(n);
        let free = || old.iter().enumerate().filter(|(i, _)| !taken.contains(i));
        let same = free()
            .find(|(_, o)| key(o) == (name.clone(), rest.clone()))
            .or_else(|| free().find(|(_, o)| key(o).0 == name));
        let Some((i, o)) = same else {
            let changes = summary(n).into_iter().map(|(what, text)| Change {
                what,
                old: None,
                new: Some(text),
            });
            out.entries.push(Entry {
                kind,
                name,
                fate: Fate::Added,
                changes: changes.collect(),
            });
            continue;
        };
        taken.insert(i);
        let changes = compare(o, n);
        if changes.is_empty() {
            out.unchanged += 1;
        } else {
            out.entries.push(Entry {
                kind,
                name,
                fate: Fate::Changed,
                changes,
            });
        }
    }
    for (_, o) in old.iter().enumerate().filter(|(i, _)| !taken.contains(i)) {
        let changes = summary(o).into_iter().map(|(what, text)| Change {
            what,
            old: Some(text),
            new: None,
        });
        out.entries.push(Entry {
            kind,
            name: key(o).0,
            fate: Fate::Removed,
            changes: changes.collect(),
        });
    }
}

fn program_summary(p: &Requirements) -> Vec<(&'static str, Untrusted)> {
    vec![
        ("section", p.section.clone()),
        ("verdict", p.verified.verdict.into()),
        ("insns", p.insns.to_string().into()),
        ("oldest-kernel", release(&p.oldest).into()),
    ]
}

fn program(old: &Requirements, new: &Requirements) -> Vec<Change> {
    let mut c = Vec::new();
    differ(&mut c, "section", &old.section, &new.section);
    differ(&mut c, "type", old.prog_type.name(), new.prog_type.name());
    differ(
        &mut c,
        "verdict",
        old.verified.verdict,
        new.verified.verdict,
    );
    let reason = |p: &Requirements| p.verified.reason.clone().unwrap_or_default();
    differ(&mut c, "reason", &reason(old), &reason(new));
    number(&mut c, "insns", old.insns as u64, new.insns as u64);
    if let (Some(a), Some(b)) = (&old.verified.stats, &new.verified.stats) {
        number(&mut c, "processed", a.processed, b.processed);
        number(&mut c, "states", a.total_states, b.total_states);
        number(&mut c, "stack", a.stack_depth.into(), b.stack_depth.into());
    }
    differ(
        &mut c,
        "oldest-kernel",
        &release(&old.oldest),
        &release(&new.oldest),
    );
    let calls = |p: &Requirements, kfunc: bool| -> BTreeSet<Untrusted> {
        let of = p.calls.iter();
        of.filter(|c| matches!(c.callee, Callee::Kfunc { .. }) == kfunc)
            .map(|c| c.name.clone())
            .collect()
    };
    set(&mut c, "helpers", &calls(old, false), &calls(new, false));
    set(&mut c, "kfuncs", &calls(old, true), &calls(new, true));
    let maps = |p: &Requirements| -> BTreeSet<Untrusted> {
        p.maps.iter().map(|m| m.name.clone()).collect()
    };
    set(&mut c, "maps", &maps(old), &maps(new));
    let features = |p: &Requirements| -> BTreeSet<Untrusted> {
        p.features.iter().map(|f| f.name.into()).collect()
    };
    set(&mut c, "features", &features(old), &features(new));
    let core = |p: &Requirements| -> BTreeSet<Untrusted> {
        let of = p.core.iter();
        of.map(|n| text!("{}{}", n.type_name, n.access)).collect()
    };
    set(&mut c, "core", &core(old), &core(new));
    let caps = |p: &Requirements| -> BTreeSet<Untrusted> {
        p.capabilities.iter().map(|c| c.name.into()).collect()
    };
    set(&mut c, "capabilities", &caps(old), &caps(new));
    c
}

fn map(old: &MapNeed, new: &MapNeed) -> Vec<Change> {
    let mut c = Vec::new();
    differ(&mut c, "definition", &definition(old), &definition(new));
    number(&mut c, "memory", old.memory.full, new.memory.full);
    let slots = |m: &MapNeed| -> BTreeSet<Untrusted> {
        let of = m.slots.iter();
        of.map(|(i, holds)| match holds {
            super::SlotHolds::Program(p) => text!("[{i}] program {}", p),
            super::SlotHolds::Map(p) => text!("[{i}] map {}", p),
        })
        .collect()
    };
    set(&mut c, "entries", &slots(old), &slots(new));
    c
}

fn definition(m: &MapNeed) -> String {
    let mut text = format!(
        "{} key {} value {} entries {}",
        m.type_name, m.key_size, m.value_size, m.max_entries
    );
    for flag in &m.flags {
        text.push_str(" +");
        text.push_str(flag);
    }
    if m.pinned {
        text.push_str(" pinned");
    }
    text
}

fn release(oldest: &Oldest) -> String {
    let plain = oldest
        .release
        .map_or_else(|| "none".to_owned(), |r| r.to_string());
    match oldest.attach {
        Some(attach) => format!("{plain}, attached since {attach}"),
        None => plain,
    }
}

fn differ<T: Foreign + ?Sized>(changes: &mut Vec<Change>, what: &'static str, old: &T, new: &T) {
    let (old, new) = (old.data(), new.data());
    if old != new {
        let some = |t: &str| (!t.is_empty()).then(|| t.into());
        changes.push(Change {
            what,
            old: some(old),
            new: some(new),
        });
    }
}

fn number(changes: &mut Vec<Change>, what: &'static str, old: u64, new: u64) {
    differ(changes, what, &old.to_string(), &new.to_string());
}

/// What was lost on the old side, what was gained on the new one.
fn set(
    changes: &mut Vec<Change>,
    what: &'static str,
    old: &BTreeSet<Untrusted>,
    new: &BTreeSet<Untrusted>,
) {
    let only = |a: &BTreeSet<Untrusted>, b: &BTreeSet<Untrusted>| joined(a.difference(b), ", ");
    differ(changes, what, &only(old, new), &only(new, old));
}
