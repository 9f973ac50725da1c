//! What a text says more than once: words of a refusal that a loader repeats, a failure
//! with and without its number.
//!
//! A text has any number of lines, so nothing here compares each with all others: what
//! was told is looked up. Refusals that only repeat are known by their first line.

use alloc::collections::{BTreeMap, BTreeSet};
use core::cmp::Ordering;

use super::loaders::{LoaderFailure, LoaderStep};
use super::{LoggedRefusal, LoggedSource};
use crate::prelude::*;

/// Something that is looked up; tests count the comparisons.
#[derive(PartialEq, Eq)]
struct Known<T>(T);

impl<T: Ord> PartialOrd for Known<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> Ord for Known<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        #[cfg(test)]
        tests::COMPARED.with(|c| c.set(c.get().saturating_add(1)));
        self.0.cmp(&other.0)
    }
}

/// The refusals without those that only repeat words of one told before.
pub(super) fn refusals(found: Vec<LoggedRefusal>) -> Vec<LoggedRefusal> {
    let mut told: Vec<LoggedRefusal> = Vec::new();
    // The last refusal that holds a line.
    let mut holding: BTreeMap<Known<String>, usize> = BTreeMap::new();
    for refusal in found {
        let first = refusal.words.first().cloned().unwrap_or_default();
        let old = holding.get(&Known(first)).and_then(|at| told.get(*at));
        let again = old.is_some_and(|old| refusal.words.iter().all(|w| old.words.contains(w)));
        if refusal.insn.is_none() && again {
            continue;
        }
        for line in &refusal.words {
            holding.insert(Known(line.clone()), told.len());
        }
        told.push(refusal);
    }
    told
}

/// What tells a failure from others.
type Identity = (LoaderStep, Option<String>, Option<u32>);

/// The failures without those that another says as much of, or more: the same step with
/// a subject or number that this one lacks. That a program was not loaded is said by
/// any other step.
pub(super) fn failures(found: Vec<LoaderFailure>) -> Vec<LoaderFailure> {
    let mut lesser: BTreeSet<Known<Identity>> = BTreeSet::new();
    let mut more_than_load = false;
    for failure in &found {
        let LoaderFailure {
            step,
            subject,
            errno,
            ..
        } = failure;
        more_than_load |= *step != LoaderStep::Load;
        if subject.is_some() {
            lesser.insert(Known((*step, None, *errno)));
        }
        if errno.is_some() {
            lesser.insert(Known((*step, subject.clone(), None)));
        }
        if subject.is_some() && errno.is_some() {
            lesser.insert(Known((*step, None, None)));
        }
    }
    let mut told: BTreeSet<Known<Identity>> = BTreeSet::new();
    found
        .into_iter()
        .filter(|failure| {
            let own = Known((failure.step, failure.subject.clone(), failure.errno));
            let load = failure.step == LoaderStep::Load && more_than_load;
            !load && !lesser.contains(&own) && told.insert(own)
        })
        .collect()
}

/// The source lines of a log, each once.
#[derive(Default)]
pub(super) struct Sources(BTreeMap<Known<LoggedSource>, usize>);

impl Sources {
    /// The index of a line, which is added where it is new.
    pub(super) fn index(&mut self, list: &mut Vec<LoggedSource>, source: LoggedSource) -> usize {
        let next = list.len();
        let at = *self.0.entry(Known(source.clone())).or_insert(next);
        if at == next {
            list.push(source);
        }
        at
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::super::read;
    use crate::prelude::*;

    std::thread_local! {
        pub(super) static COMPARED: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
    }

    /// What is compared grows as the text does, but for the depth of what it is looked up in.
    #[track_caller]
    fn check(line: impl Fn(usize) -> String) {
        let compared = |n: usize| {
            let text: String = (0..n).map(&line).collect();
            let before = COMPARED.get();
            let log = read(&text);
            assert!(!log.refusals.is_empty() || !log.failures.is_empty());
            COMPARED.get().saturating_sub(before)
        };
        let (small, large) = (compared(500), compared(4000));
        assert!(small > 500, "{small}: nothing is counted");
        assert!(
            large < small.saturating_mul(16),
            "{small} comparisons, then {large}"
        );
    }

    #[test]
    fn nothing_is_compared_with_all_others() {
        check(|i| format!("; line {i}\n{i}: (bf) r0 = r2\nR2 !read_ok\n"));
        check(|i| format!("R2 !read_ok\nwords {i}\nprocessed 1 insns\n"));
        check(|i| format!("libbpf: map 'm{i}': failed to create: Invalid argument(-22)\n"));
    }

    #[test]
    fn a_failure_is_told_by_who_knows_most() {
        let log = read(
            "libbpf: map 'a': failed to create: Invalid argument(-22)\n\
             map 'a': failed to create\nlibbpf: failed to load object 'x.o'\n\
             libbpf: map 'b': failed to create: Invalid argument(-22)\n\
             libbpf: map 'b': failed to create: Invalid argument(-22)\n",
        );
        let subjects: Vec<_> = log.failures.iter().map(|f| f.subject.as_deref()).collect();
        assert_eq!(subjects, [Some("a"), Some("b")]);
    }

    #[test]
    fn words_that_a_loader_repeats_are_no_second_refusal() {
        let log =
            read("0: (bf) r0 = r2\nR2 !read_ok\nprocessed 1 insns (limit 1000000)\nR2 !read_ok\n");
        assert_eq!(log.refusals.len(), 1, "{log:?}");
    }
}
