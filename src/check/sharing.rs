//! Explorations that serve several targets.
//!
//! What a verification asked of its target is noted (`abstract_interp::asked`). Where
//! another target has the same linked program and gives the same answers, the result is the
//! same there: it is taken over, and only worded anew.

use std::sync::{Arc, Mutex, PoisonError};

use core::sync::atomic::{AtomicUsize, Ordering};

use super::TargetChoice;
use super::verify::Explored;
use crate::abstract_interp::Verdict;
use crate::programs::{Linked, Program};

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

/// The explorations of an object's programs so far.
pub(super) struct Explorations<'a> {
    links: &'a [Linked],
    targets: &'a [TargetChoice<'a>],
    /// By program, with the target each was made for.
    done: Vec<Mutex<Vec<(usize, Arc<Explored>)>>>,
}

impl<'a> Explorations<'a> {
    /// None yet.
    pub(super) fn new(links: &'a [Linked], targets: &'a [TargetChoice<'a>]) -> Self {
        let programs = links.iter().map(|l| l.programs.len()).max().unwrap_or(0);
        Explorations {
            links,
            targets,
            done: (0..programs).map(|_| Mutex::default()).collect(),
        }
    }

    fn program(&self, p: usize, t: usize) -> Option<&Program> {
        self.links.get(t)?.programs.get(p)?.as_ref().ok()
    }

    /// What another target's exploration of program `p` says for target `t`.
    pub(super) fn find(&self, p: usize, t: usize) -> Option<Arc<Explored>> {
        let (program, own) = (self.program(p, t)?, self.targets.get(t)?);
        let done = self.done.get(p)?;
        let done = done.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let serves = |(of, explored): &&(usize, Arc<Explored>)| {
            let (Some(other), Some(choice), Some(consulted)) = (
                self.program(p, *of),
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
        // Targets come in the order of their age: the last one is the most alike.
        done.iter().rev().find(serves).map(|(_, e)| Arc::clone(e))
    }

    /// Keeps what exploring program `p` for target `t` gave, unless it tells of the run
    /// rather than of the program: a budget that ended.
    pub(super) fn keep(&self, p: usize, t: usize, explored: &Arc<Explored>) {
        if matches!(explored.verification.verdict, Verdict::Unknown(_)) {
            return;
        }
        if let Some(done) = self.done.get(p) {
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((t, Arc::clone(explored)));
        }
    }
}
