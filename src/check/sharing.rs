//! Explorations that serve several targets.
//!
//! What a verification asked of its target is noted (`abstract_interp::asked`). Where
//! another target has the same linked program and gives the same answers, the result is the
//! same there: it is taken over, and only worded anew.
//!
//! So a program is not explored for all targets at once, but in waves: for one of them;
//! then, if it is a large one, for two of those that nothing found so far serves, then for
//! four at a time. What is explored depends on the program and the targets only, not on how
//! many threads there are; and a large program by itself still keeps some of them busy.

use std::sync::Arc;

use core::sync::atomic::{AtomicUsize, Ordering};

use super::TargetChoice;
use super::verify::Explored;
use crate::programs::Program;

/// Whether what one target's verification found serves others that answer the same.
#[derive(Clone, Copy, Debug, Default)]
pub enum Sharing<'a> {
    /// It does.
    #[default]
    On,
    /// It does, and is counted.
    Counted(&'a Tally),
    /// Each target is verified by itself.
    Off,
}

/// How often programs were explored, and how often that was taken over.
#[derive(Debug, Default)]
pub struct Tally {
    /// Explored.
    pub explored: AtomicUsize,
    /// Taken over.
    pub shared: AtomicUsize,
}

impl Sharing<'_> {
    pub(super) fn is_off(self) -> bool {
        matches!(self, Sharing::Off)
    }

    pub(super) fn count(self, shared: bool) {
        if let Sharing::Counted(tally) = self {
            let counter = match shared {
                true => &tally.shared,
                false => &tally.explored,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The explorations of one program, as far as they serve other targets.
pub(super) struct Explorations<'a> {
    programs: &'a [Option<&'a Program>],
    targets: &'a [TargetChoice<'a>],
    /// Each with the target it was made for.
    done: Vec<(usize, Arc<Explored>)>,
}

impl<'a> Explorations<'a> {
    /// None yet, of a program as it is linked for each target.
    pub(super) fn new(
        programs: &'a [Option<&'a Program>],
        targets: &'a [TargetChoice<'a>],
    ) -> Self {
        Explorations {
            programs,
            targets,
            done: Vec::new(),
        }
    }

    /// How many explorations are kept.
    pub(super) fn kept(&self) -> usize {
        self.done.len()
    }

    /// What another target's exploration says for target `t`, of those that were kept after
    /// the first `seen`.
    pub(super) fn find(&self, t: usize, seen: usize) -> Option<Arc<Explored>> {
        let (program, own) = ((*self.programs.get(t)?)?, self.targets.get(t)?);
        let serves = |(of, explored): &&(usize, Arc<Explored>)| {
            let (Some(Some(other)), Some(choice), Some(consulted)) = (
                self.programs.get(*of),
                self.targets.get(*of),
                &explored.consulted,
            ) else {
                return false;
            };
            let (a, b) = (
                (choice.target, choice.kernel_btf),
                (own.target, own.kernel_btf),
            );
            other.verifies_like(program) && consulted.answered_alike(program, a, b)
        };
        // Targets come in the order of their age: the nearest is the most alike.
        let mut near: Vec<_> = self.done.iter().skip(seen).collect();
        near.sort_by_key(|(of, _)| of.abs_diff(t));
        near.into_iter().find(serves).map(|(_, e)| Arc::clone(e))
    }

    /// Keeps what exploring for target `t` gave, unless it tells of the run rather than of
    /// the program: a budget that ended.
    pub(super) fn keep(&mut self, t: usize, explored: Arc<Explored>) {
        if explored.consulted.is_some() && !explored.ended() {
            self.done.push((t, explored));
        }
    }
}

/// The most targets that one program is explored for at once.
const WIDEST: usize = 4;

/// Instructions from which on an exploration is a large one: smaller ones are over before
/// it matters that others wait for them.
const LARGE: u64 = 10_000;

/// The width of the wave after one of `width`, whose longest exploration took so many
/// instructions.
pub(super) fn next_width(width: usize, processed: u64) -> usize {
    if processed < LARGE {
        1
    } else {
        width.saturating_mul(2).min(WIDEST)
    }
}

/// The next targets to explore for, of those that are left: as many as `width`, spread over
/// them, since neighbours are alike; the others stay.
pub(super) fn wave(left: &mut Vec<usize>, width: usize) -> Vec<usize> {
    let width = width.min(left.len());
    let places = (0..width).map(|i| i * left.len() / width);
    let wave: Vec<usize> = places.filter_map(|at| left.get(at).copied()).collect();
    left.retain(|t| !wave.contains(t));
    wave
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_spread() {
        let check = |mut left: Vec<usize>, width, expect: (&[usize], &[usize])| {
            let wave = wave(&mut left, width);
            assert_eq!((&*wave, &*left), expect);
        };
        check(vec![0, 1, 2, 3], 1, (&[0], &[1, 2, 3]));
        check(vec![3, 4, 7, 9, 10], 2, (&[3, 7], &[4, 9, 10]));
        check(vec![3, 4], 8, (&[3, 4], &[]));
        check(vec![], 2, (&[], &[]));
    }
}
