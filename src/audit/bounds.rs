//! Bounds that verdicts set: a kernel that is known to refuse a program is none on which it
//! runs, whatever is there; and one that takes it is.
//!
//! Dates of what a program uses give a lower bound only. Each series is asked, too, and
//! the bounds follow what it said:
//!
//! - from below: the newest refusal before the oldest acceptance moves the bound behind it;
//!   an acceptance before the date moves it there;
//! - from above: refusals after the newest acceptance end the range;
//! - a refusal in between is named, and nothing is certain before it.
//!
//! What is undecided moves nothing. Where every series refuses, no kernel is named; what the
//! dates said is kept beside it.

use super::model::Checked;
use super::oldest::Oldest;
use crate::helpers_spec::Release;
use crate::prelude::*;
use crate::untrusted::Untrusted;

/// The end of the kernels on which a program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The newest series that takes it.
    pub release: Release,
    /// The first series after it that does not.
    pub refused: Release,
    /// Why.
    pub reason: Untrusted,
}

/// Holds dates against verdicts, and gives the upper bound.
pub fn settle(oldest: &mut Oldest, checked: &[Checked]) -> Option<Newest> {
    oldest.by_use = oldest.release;
    if checked.is_empty() {
        return None;
    }
    let with = |verdict: &'static str| checked.iter().filter(move |c| c.verdict == verdict);
    let accepted: Vec<Release> = with("accept").map(|c| c.release).collect();
    // A loader that never gets that far says nothing of kernels.
    let loads = checked.iter().any(|c| c.verdict != "load-error");
    let refusals = || {
        let all = checked.iter();
        all.filter(|c| c.verdict == "reject" || c.verdict == "load-error" && loads)
    };
    oldest.refused = refusals().map(|c| c.release).collect();
    let (Some(&first), Some(&last)) = (accepted.iter().min(), accepted.iter().max()) else {
        nowhere(oldest, checked, loads);
        return None;
    };
    let before = refusals().filter(|c| c.release < first);
    let wall = before.max_by_key(|c| c.release);
    let behind = wall.and_then(|c| c.release.after());
    let dated = oldest.release;
    // Without a date nothing is known between the refusal and the acceptance.
    let release = dated.max(behind).unwrap_or(first).min(first);
    let moved = Some(release) == behind && Some(release) > dated;
    if let (Some(wall), true) = (wall, moved) {
        let reason = wall.reason.clone().unwrap_or_default();
        oldest.verdict = Some((wall.release, reason));
    }
    oldest.release = Some(release);
    oldest.missing.clear();
    // From where on every series that was asked takes it, up to the end.
    let hole = refusals()
        .filter(|c| c.release < last)
        .map(|c| c.release)
        .max();
    let solid = accepted
        .iter()
        .copied()
        .filter(|r| hole.is_none_or(|h| *r > h));
    let solid = solid.min().unwrap_or(first);
    let dated = oldest.certain.filter(|c| hole.is_none_or(|h| *c > h));
    oldest.certain = Some(dated.map_or(solid, |c| c.min(solid)).max(release));
    let end = refusals().filter(|c| c.release > last);
    end.min_by_key(|c| c.release).map(|c| Newest {
        release: last,
        refused: c.release,
        reason: c.reason.clone().unwrap_or_default(),
    })
}

/// No series takes it: those that were not decided are all that is left.
fn nowhere(oldest: &mut Oldest, checked: &[Checked], loads: bool) {
    oldest.certain = None;
    if checked.is_empty() || !loads {
        return;
    }
    let dated = oldest.release;
    let undecided = checked.iter().filter(|c| c.verdict == "unknown");
    let left = undecided.map(|c| c.release).filter(|r| Some(*r) >= dated);
    let newest = checked.iter().max_by_key(|c| c.release);
    if let Some(newest) = newest.filter(|c| c.verdict != "unknown") {
        let reason = newest.reason.clone().unwrap_or_default();
        oldest.verdict = Some((newest.release, reason));
    }
    let refused = &oldest.refused;
    oldest.release = match left.min() {
        // Below it everything was refused.
        Some(first) => {
            let wall = refused.iter().copied().filter(|r| *r < first).max();
            let behind = wall.and_then(Release::after);
            dated.map(|d| behind.map_or(d, |b| d.max(b)).min(first))
        }
        None => None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: [(u16, u16); 7] = [(5, 10), (5, 15), (6, 1), (6, 6), (6, 12), (6, 18), (7, 3)];

    /// Dates say `dated`; the series say `a`ccept, `r`eject, `u`nknown, `l`oad-error. What
    /// becomes of the bounds: oldest, certain, newest.
    fn check(dated: Option<(u16, u16)>, said: &str, expect: (&str, &str, &str)) {
        let release = |(major, minor)| Release::new(major, minor);
        let checked: Vec<Checked> = SERIES
            .into_iter()
            .zip(said.chars())
            .map(|(at, c)| Checked {
                target: Untrusted::new(),
                release: release(at),
                verdict: match c {
                    'a' => "accept",
                    'r' => "reject",
                    'l' => "load-error",
                    _ => "unknown",
                },
                reason: (c != 'a').then(|| "why".into()),
            })
            .collect();
        let mut oldest = Oldest {
            release: dated.map(release),
            certain: dated.map(release),
            ..Oldest::default()
        };
        let newest = settle(&mut oldest, &checked);
        let text = |r: Option<Release>| r.map_or_else(|| "-".into(), |r| r.to_string());
        let got = (
            text(oldest.release),
            text(oldest.certain),
            text(newest.map(|n| n.release)),
        );
        let expect = (expect.0.into(), expect.1.into(), expect.2.into());
        assert_eq!(got, expect, "{dated:?} {said}");
        for c in &checked {
            let within = |from: Option<Release>| from.is_some_and(|r| r <= c.release);
            match c.verdict {
                "accept" => assert!(within(oldest.release), "{dated:?} {said}"),
                "reject" => {
                    let ended = newest_before(&checked, c.release);
                    assert!(!within(oldest.certain) || ended, "{dated:?} {said}");
                }
                _ => {}
            }
        }
    }

    /// Whether nothing after a release is accepted.
    fn newest_before(checked: &[Checked], release: Release) -> bool {
        let mut after = checked.iter().filter(|c| c.release > release);
        after.all(|c| c.verdict != "accept")
    }

    #[test]
    fn verdicts_move_what_dates_say() {
        let early = Some((4, 18));
        check(early, "aaaaaaa", ("4.18", "4.18", "-"));
        check(early, "rraaaaa", ("5.16", "6.1", "-"));
        check(Some((6, 0)), "rraaaaa", ("6.0", "6.0", "-"));
        check(Some((6, 3)), "rraaaaa", ("6.1", "6.1", "-"));
        check(early, "ruaaaaa", ("5.11", "6.1", "-"));
        check(early, "aaaarrr", ("4.18", "4.18", "6.6"));
        check(early, "raaarrr", ("5.11", "5.15", "6.6"));
        check(early, "aaraaaa", ("4.18", "6.6", "-"));
        check(None, "rraaaaa", ("5.16", "6.1", "-"));
        check(early, "rrrrrrr", ("-", "-", "-"));
        check(early, "uuuuuuu", ("4.18", "-", "-"));
        check(early, "rruuuuu", ("5.16", "-", "-"));
        check(early, "lllllll", ("4.18", "-", "-"));
        check(early, "llaaaaa", ("5.16", "6.1", "-"));
        check(early, "", ("4.18", "4.18", "-"));
    }
}
