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
            if looked >= MAX_OFFERS || notes.arena.is_spent() {
                break;
            }
            if !open(branch.other) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::engine::Site;
    use crate::smoke::reference::Tracer;
    use crate::smoke::run::{Engines, SmokeOptions, run_traced};
    use crate::smoke::runtime::Runtime;
    use crate::smoke::tests::{image, program};
    use std::fmt::Write as _;

    /// Follows one run.
    struct Follow(Shadow);

    impl Tracer for Follow {
        fn begin(&mut self, input: &Input) {
            self.0.begin(input);
        }
        fn step(&mut self, site: Site, regs: &[u64; 11], depth: usize, rt: &Runtime) {
            self.0.step(site, regs, depth, rt);
        }
    }

    /// Follows a run of the program: what was seen, and how many nodes were looked at for
    /// what it offers from a slot on, and how much that is.
    fn harvested(text: &str, from: u32) -> (Shadow, u32, usize) {
        let input = [Input::default()];
        let options = SmokeOptions {
            only: Some(&input),
            engines: Engines::Reference,
            ..SmokeOptions::default()
        };
        let mut follow = Follow(Shadow::new(image(text)));
        let report = run_traced(&program(text), &options, &mut follow);
        assert!(report.runs.iter().all(|r| r.result.is_ok()), "{report:?}");
        let mut search = Search::default();
        search.harvest(&follow.0, &input[0], |at| at >= from);
        let taken = follow.0.notes.arena.taken();
        (follow.0, taken, search.offers.len())
    }

    /// Many branches on a value whose operands are shared, and pairs of which one is
    /// reached only where the other contradicts it.
    fn contradictions(branches: u32) -> String {
        let mut text = String::from(".type socket_filter\nr7 = *(u32 *)(r1 + 0)\n");
        text.push_str(&"r7 += r7\n".repeat(12));
        for n in 0..branches {
            let _ = writeln!(text, "if r7 == {} goto +0", n + 77_777);
        }
        text.push_str("r6 = *(u32 *)(r1 + 8)\n");
        for n in 0..branches / 2 {
            let (a, b) = (n * 3 + 7, n * 3 + 8);
            let _ = writeln!(
                text,
                "if r6 != {a} goto +2\nif r6 != {b} goto +1\nr0 = 1\nr0 = 2"
            );
        }
        text + "r0 = 0\nexit"
    }

    #[test]
    fn what_is_asked_of_one_run_has_an_end() {
        let most = super::super::value::MAX_ALL_STEPS + 10_000;
        let of = |branches: u32| harvested(&contradictions(branches), branches + 14);
        let (few, many) = (of(16), of(340));
        assert_eq!(few.2, 8, "{}", few.1);
        assert!(many.2 > 0 && many.1 <= most, "{} {}", many.1, many.2);
    }

    #[test]
    fn what_is_remembered_of_one_run_has_an_end() {
        let fill = |bytes: u32| {
            format!(
                ".type socket_filter\n.map big array 4 4000000 1\n*(u32 *)(r10 - 4) = 0\n\
                 r1 = map[big] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\n\
                 if r0 == 0 goto out\nr6 = 0\nagain:\nr1 = r0\nr1 += r6\n\
                 *(u64 *)(r1 + 0) = r6\nr6 += 8\nif r6 < {bytes} goto again\nout:\nr0 = 0\nexit"
            )
        };
        let (small, large) = (
            harvested(&fill(4_000), 0).0,
            harvested(&fill(1_000_000), 0).0,
        );
        assert!(small.bytes() > 4_000 * 8);
        assert!(large.bytes() < 16 << 20, "{}", large.bytes());
    }
}
