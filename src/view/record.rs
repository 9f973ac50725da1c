//! Watches a verification and keeps its first and last steps.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::words;
use super::{Change, Step};
use crate::abstract_interp::env::Env;
use crate::abstract_interp::state::State;

/// What is known at one place of one frame, by index into the words.
type Held = BTreeMap<(u8, u16), u32>;

/// The last steps are kept whole until it is known which these are.
struct Late {
    step: Step,
    held: Held,
}

/// Shown every step of a verification.
pub(super) struct Recorder {
    /// How often each slot was processed.
    pub(super) visits: Vec<u32>,
    /// All words used, each once.
    pub(super) words: Vec<String>,
    index: HashMap<String, u32>,
    /// Steps of the whole walk, as far as it is known.
    total: u64,
    seen: u64,
    first: Vec<Step>,
    last: VecDeque<Late>,
    keep: usize,
    held: Held,
    /// Where the path was: slot and depth.
    before: Option<(usize, usize)>,
}

impl Recorder {
    /// For a program of `slots` slots whose walk has `total` steps, of which `keep`
    /// are kept at the beginning and at the end.
    pub(super) fn new(slots: usize, total: u64, keep: usize) -> Recorder {
        Recorder {
            visits: vec![0; slots],
            words: Vec::new(),
            index: HashMap::new(),
            total,
            seen: 0,
            first: Vec::new(),
            last: VecDeque::new(),
            keep,
            held: Held::new(),
            before: None,
        }
    }

    /// One step: the state before the instruction at `slot`.
    pub(super) fn see(&mut self, env: &Env<'_>, state: &State, slot: usize) {
        if let Some(visits) = self.visits.get_mut(slot) {
            *visits = visits.saturating_add(1);
        }
        self.seen += 1;
        let depth = state.frames.len();
        let goes_on = self
            .before
            .is_some_and(|before| follows(env, before, slot, depth));
        self.before = Some((slot, depth));
        let early = self.first.len() < self.keep;
        let late = self.seen.saturating_add(self.keep as u64) > self.total;
        if !early && !late {
            return;
        }
        let held = self.hold(env, state);
        let mut step = Step {
            slot: slot as u32,
            depth: depth as u8,
            jumps: !goes_on,
            changes: Vec::new(),
        };
        if early {
            step.changes = changes(&self.held, &held);
            self.held = held;
            self.first.push(step);
        } else {
            if self.last.len() == self.keep {
                self.last.pop_front();
            }
            self.last.push_back(Late { step, held });
        }
    }

    /// The steps kept, and after how many of them others were left out, and how many.
    pub(super) fn steps(&mut self) -> (Vec<Step>, usize, u64) {
        let mut steps = std::mem::take(&mut self.first);
        let at = steps.len();
        let kept = (at + self.last.len()) as u64;
        let mut before = std::mem::take(&mut self.held);
        for Late { mut step, held } in self.last.drain(..) {
            step.changes = changes(&before, &held);
            before = held;
            steps.push(step);
        }
        (steps, at, self.seen.saturating_sub(kept))
    }

    fn hold(&mut self, env: &Env<'_>, state: &State) -> Held {
        let mut held = Held::new();
        for (at, frame) in state.frames.iter().enumerate() {
            let at = at as u8;
            for (reg, content) in frame.regs.iter().enumerate() {
                if let Some(text) = words::register(env, content) {
                    held.insert((at, words::register_place(reg)), self.word(text));
                }
            }
            for (spi, slot) in frame.stack.slots().enumerate() {
                if let Some(text) = words::slot(env, slot) {
                    held.insert((at, words::slot_place(spi)), self.word(text));
                }
            }
        }
        held
    }

    fn word(&mut self, text: String) -> u32 {
        if let Some(&known) = self.index.get(&text) {
            return known;
        }
        let new = self.words.len() as u32;
        self.words.push(text.clone());
        self.index.insert(text, new);
        new
    }
}

/// Whether a path can go on from one step to the next: by an edge, into a function
/// or out of one.
fn follows(env: &Env<'_>, (from, depth): (usize, usize), to: usize, now: usize) -> bool {
    if now != depth {
        return now > depth || env.cfg.successors(from).is_empty();
    }
    env.cfg.successors(from).contains(&(to as u32))
}

fn changes(before: &Held, after: &Held) -> Vec<Change> {
    let gone = before
        .keys()
        .filter(|place| !after.contains_key(*place))
        .map(|(frame, place)| Change {
            frame: *frame,
            place: *place,
            word: None,
        });
    let new = after
        .iter()
        .filter(|(place, word)| before.get(*place) != Some(*word))
        .map(|((frame, place), word)| Change {
            frame: *frame,
            place: *place,
            word: Some(*word),
        });
    gone.chain(new).collect()
}
