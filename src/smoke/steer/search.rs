//! Which inputs to try next: those on which a branch goes where no run went.
//!
//! Each run that was followed offers, for every branch whose other side nothing has
//! reached, changes to its input that would lead there. They wait in a queue; a branch
//! that was tried before waits longer, so that every branch has its turn. What has been
//! reached in the meantime is passed over.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use super::shadow::Notes;
use super::solve::flip;
use super::{Change, Thing};
use crate::smoke::inputs::Input;

pub use super::shadow::Shadow;

/// Offers of one run that are looked into.
const MAX_OFFERS: usize = 96;
/// How often one side of a branch is tried.
const MAX_TRIES: u32 = 4;
/// What comes after all branches have been tried once before it.
const LATE: u32 = 2;

/// Something to try.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offer {
    /// What it would reach; none where pointers are filled in.
    target: Option<u32>,
    base: Arc<Input>,
    changes: Vec<Change>,
}

/// The queue.
#[derive(Debug, Default)]
pub struct Search {
    offers: Vec<Option<Offer>>,
    queue: BinaryHeap<Reverse<(u32, usize)>>,
    tries: BTreeMap<(u32, bool), u32>,
    filled: BTreeSet<Vec<(Thing, u32)>>,
}

impl Search {
    /// Takes what a run offers; `open` says where it is worth going.
    pub fn harvest(&mut self, shadow: &Shadow, input: &Input, open: impl Fn(u32) -> bool) {
        let notes = &shadow.notes;
        let base = Arc::new(input.clone());
        self.pointers(notes, &base);
        let mut looked = 0;
        for (at, branch) in notes.branches.iter().enumerate() {
            if !open(branch.other) || looked >= MAX_OFFERS {
                continue;
            }
            let side = (branch.insn, branch.taken);
            if self.tries.get(&side).is_some_and(|t| *t >= MAX_TRIES) {
                continue;
            }
            looked += 1;
            let Some((changes, clean)) = flip(notes, at) else {
                continue;
            };
            let tries = self.tries.entry(side).or_insert(0);
            let wait = *tries + if clean { 0 } else { LATE };
            *tries += 1;
            let offer = Offer {
                target: Some(branch.other),
                base: Arc::clone(&base),
                changes,
            };
            self.push(wait, offer);
        }
    }

    /// All pointers that a run lacked, at once.
    fn pointers(&mut self, notes: &Notes, base: &Arc<Input>) {
        let wanted: Vec<(Thing, u32)> = notes.pointers.iter().cloned().collect();
        if wanted.is_empty() || !self.filled.insert(wanted.clone()) {
            return;
        }
        let changes = wanted.into_iter().map(|(t, off)| Change::Pointer(t, off));
        let offer = Offer {
            target: None,
            base: Arc::clone(base),
            changes: changes.collect(),
        };
        self.push(self.filled.len() as u32 / 8, offer);
    }

    fn push(&mut self, wait: u32, offer: Offer) {
        self.queue.push(Reverse((wait, self.offers.len())));
        self.offers.push(Some(offer));
    }

    /// The next input, if any is left that is worth it.
    pub fn next(&mut self, open: impl Fn(u32) -> bool) -> Option<Input> {
        while let Some(Reverse((_, at))) = self.queue.pop() {
            let offer = self.offers.get_mut(at)?.take()?;
            if offer.target.is_none_or(&open) {
                let mut input = offer.base.with(&offer.changes);
                input.label = match offer.target {
                    Some(insn) => format!("for instruction {insn}"),
                    None => "with pointers".to_owned(),
                };
                return Some(input);
            }
        }
        None
    }
}
