//! The oldest mainline kernel, with the reason.
//!
//! A program runs on a release if everything that it needs there is there. What
//! it needs can depend on the release ([`super::guards`]), so releases are tried
//! from the oldest on. The reason is what the release brought.
//!
//! `release` follows the dates of things; `certain` is the first release that an
//! availability table proves. They differ where a helper is older than the
//! oldest table and may have been closed to the program's type at first.

use super::guards::Worlds;
use crate::helpers_spec::{Known, Release};
use crate::prelude::*;
use crate::programs::{Place, Program};
use crate::untrusted::{Untrusted, text};

/// Something without which a program isn't loaded, or can't be attached.
#[derive(Clone, Debug)]
pub struct Need {
    /// What it is, such as `helper bpf_loop`.
    pub what: Untrusted,
    /// Since when it is there; none if no known kernel has it.
    pub known: Option<Known>,
    /// Where it is used; empty if it is needed wherever control goes.
    pub insns: Vec<usize>,
    /// It is asked for when the program is attached, not when it is loaded.
    pub at_attach: bool,
}

impl Need {
    /// Needed by the program as a whole.
    pub fn whole(what: impl Into<Untrusted>, known: Option<Known>) -> Need {
        Need {
            what: what.into(),
            known,
            insns: Vec::new(),
            at_attach: false,
        }
    }
}

/// What sets the oldest kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What it is.
    pub what: Untrusted,
    /// Since when it is there.
    pub known: Known,
    /// The first instruction that uses it.
    pub insn: Option<usize>,
    /// Where that is.
    pub place: Option<Place>,
}

/// The oldest kernel of a program or object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oldest {
    /// The oldest release that loads it; none if no known release does.
    pub release: Option<Release>,
    /// The oldest release of which that is certain.
    pub certain: Option<Release>,
    /// What sets it.
    pub reasons: Vec<Reason>,
    /// The oldest release on which it can be attached too, where that is newer.
    pub attach: Option<Release>,
    /// What sets that.
    pub attach_reasons: Vec<Reason>,
    /// What no known mainline kernel has.
    pub missing: Vec<Untrusted>,
    /// The oldest release by what is used alone, whatever verdicts say.
    pub by_use: Option<Release>,
    /// Series that refuse it.
    pub refused: Vec<Release>,
    /// The refusal that sets the bound, if one does: by which series, and why.
    pub verdict: Option<(Release, Untrusted)>,
}

/// Finds it.
pub fn oldest(program: &Program, needs: &[Need], worlds: &Worlds<'_>, dead: &[bool]) -> Oldest {
    let needed = |need: &Need, release: Release| {
        need.insns.is_empty()
            || need
                .insns
                .iter()
                .any(|i| dead.get(*i) != Some(&true) && worlds.needed(release, *i))
    };
    let try_all = |at_attach: bool| {
        Release::all().find(|release| {
            needs
                .iter()
                .filter(|n| (at_attach || !n.at_attach) && needed(n, *release))
                .all(|n| n.known.is_some_and(|k| k.release <= *release))
        })
    };
    let reasons = |release: Release, at_attach: bool| -> Vec<Reason> {
        let all = needs.iter().filter(|n| {
            n.at_attach == at_attach
                && n.known.is_some_and(|k| k.release == release)
                && needed(n, release)
        });
        all.filter_map(|n| {
            let insn = n.insns.iter().copied().find(|i| worlds.needed(release, *i));
            Some(Reason {
                what: n.what.clone(),
                known: n.known?,
                insn,
                place: insn.and_then(|i| program.place(i as u32)),
            })
        })
        .collect()
    };
    let mut out = Oldest {
        release: try_all(false),
        ..Oldest::default()
    };
    match out.release {
        Some(release) => {
            out.reasons = reasons(release, false);
            let certain = needs.iter().filter(|n| !n.at_attach && needed(n, release));
            out.certain = certain
                .filter_map(|n| n.known.map(|k| k.certain))
                .chain([release])
                .max();
            if out.reasons.is_empty() {
                out.reasons = turning(program, needs, worlds, release);
            }
        }
        None => {
            let newest = needs.iter().filter(|n| !n.at_attach);
            out.missing = newest
                .filter(|n| n.known.is_none() && needed(n, Release::NEWEST))
                .map(|n| n.what.clone())
                .collect();
            out.missing.sort();
            out.missing.dedup();
        }
    }
    if out.release.is_some() {
        out.attach = try_all(true).filter(|a| Some(*a) > out.release);
        if let Some(attach) = out.attach {
            out.attach_reasons = reasons(attach, true);
        }
    }
    out
}

/// Where nothing dates from the release itself: it is the first to answer a
/// question so that what is missing before isn't needed.
fn turning(
    program: &Program,
    needs: &[Need],
    worlds: &Worlds<'_>,
    release: Release,
) -> Vec<Reason> {
    let Some(before) = release.before() else {
        return Vec::new();
    };
    let lost = needs.iter().filter(|n| {
        !n.at_attach
            && n.known.is_none_or(|k| k.release > before)
            && n.insns.iter().any(|i| worlds.needed(before, *i))
    });
    lost.map(|n| {
        let insn = n.insns.iter().copied().find(|i| worlds.needed(before, *i));
        Reason {
            what: text!("{} (needed before this release only)", n.what),
            known: Known::exactly(release),
            insn,
            place: insn.and_then(|i| program.place(i as u32)),
        }
    })
    .collect()
}

/// The oldest kernel for all of several.
pub fn together<'a>(all: impl Iterator<Item = &'a Oldest> + Clone) -> Oldest {
    let mut missing: Vec<Untrusted> = all.clone().flat_map(|o| o.missing.clone()).collect();
    missing.sort();
    missing.dedup();
    if all.clone().any(|o| o.release.is_none()) {
        let none = || all.clone().filter(|o| o.release.is_none());
        return Oldest {
            missing,
            by_use: all.clone().map(|o| o.by_use).max().flatten(),
            refused: refused(none()),
            verdict: none().find_map(|o| o.verdict.clone()),
            ..Oldest::default()
        };
    }
    let release = all.clone().filter_map(|o| o.release).max();
    let attach = all
        .clone()
        .filter_map(|o| o.attach.or(o.release))
        .max()
        .filter(|a| Some(*a) > release);
    let mut out = Oldest {
        release,
        // Where nothing is certain of one, nothing is of all.
        certain: match all.clone().all(|o| o.certain.is_some()) {
            true => all.clone().filter_map(|o| o.certain).max(),
            false => None,
        },
        attach,
        missing,
        by_use: all.clone().map(|o| o.by_use).max().flatten(),
        refused: refused(all.clone()),
        ..Oldest::default()
    };
    for one in all {
        let add = |to: &mut Vec<Reason>, from: &[Reason]| {
            for r in from {
                if !to.iter().any(|t| t.what == r.what) {
                    to.push(r.clone());
                }
            }
        };
        if one.release == release {
            add(&mut out.reasons, &one.reasons);
            out.verdict = out.verdict.or_else(|| one.verdict.clone());
        }
        if attach.is_some() && one.attach == attach {
            add(&mut out.attach_reasons, &one.attach_reasons);
        }
    }
    out
}

fn refused<'a>(all: impl Iterator<Item = &'a Oldest>) -> Vec<Release> {
    let mut series: Vec<Release> = all.flat_map(|o| o.refused.iter().copied()).collect();
    series.sort();
    series.dedup();
    series
}
