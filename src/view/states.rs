//! The state before each instruction, as a listing shows it: that of the first time
//! it was processed, and of that what differs from the line before.

use std::collections::{BTreeMap, BTreeSet};

use super::words;
use crate::abstract_interp::env::Env;
use crate::abstract_interp::refusal::Held;
use crate::abstract_interp::state::State;
use crate::abstract_interp::{Input, verify_within};
use crate::budget::Account;
use crate::diagnostics::kernel_words;

/// How contents are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// In words.
    Plain,
    /// As a verifier's log has them.
    Kernel,
}

/// What is new before each slot, in the order of the registers; nothing for slots that
/// were not processed.
pub fn states(input: &Input<'_>, notation: Notation, account: Account<'_>) -> Vec<Option<String>> {
    let mut lines: Vec<Option<String>> = vec![None; input.program.insns.len()];
    let mut before = BTreeMap::new();
    let mut see = |env: &Env<'_>, state: &State, slot: usize| {
        let Some(line) = lines.get_mut(slot).filter(|line| line.is_none()) else {
            return;
        };
        let now = contents(env, state, notation);
        let new = now
            .iter()
            .filter(|(place, text)| before.get(*place) != Some(*text))
            .map(|(place, text)| format!("{}={text}", words::place_name(*place)));
        *line = Some(new.collect::<Vec<_>>().join(" "));
        before = now;
    };
    verify_within(input, Some(&mut see), account);
    lines
}

/// What registers and slots hold, by their names.
pub type Contents = Vec<(String, String)>;

/// What is known around some instructions: the first time that each was processed.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Before each slot.
    pub before: BTreeMap<usize, Contents>,
    /// When they were left for the first time.
    pub after: Contents,
    /// How often each slot was processed.
    pub visits: BTreeMap<usize, u64>,
}

/// Watches some slots of a verification.
pub fn around(input: &Input<'_>, slots: &BTreeSet<usize>, account: Account<'_>) -> Around {
    let mut around = Around::default();
    let mut inside: Option<usize> = None;
    let told = |env: &Env<'_>, state: &State| -> Contents {
        let all = contents(env, state, Notation::Plain).into_iter();
        all.map(|(place, text)| (words::place_name(place), text))
            .collect()
    };
    let mut see = |env: &Env<'_>, state: &State, slot: usize| {
        let depth = state.frames.len();
        if slots.contains(&slot) {
            *around.visits.entry(slot).or_default() += 1;
            let held = &mut around.before;
            held.entry(slot).or_insert_with(|| told(env, state));
            inside = Some(depth);
        } else if inside == Some(depth) && around.after.is_empty() {
            around.after = told(env, state);
        } else if inside.is_some_and(|inside| depth < inside) {
            inside = None;
        }
    };
    verify_within(input, Some(&mut see), account);
    around
}

fn contents(env: &Env<'_>, state: &State, notation: Notation) -> BTreeMap<u16, String> {
    let frame = state.frame();
    let registers = frame.regs.iter().enumerate().filter_map(|(at, reg)| {
        let text = match notation {
            Notation::Plain => words::register(env, reg)?,
            Notation::Kernel if reg.is_init() => kernel_words::held(&Held::Known(Box::new(*reg))),
            Notation::Kernel => return None,
        };
        Some((words::register_place(at), text))
    });
    let slots = frame.stack.slots().enumerate().filter_map(|(at, slot)| {
        let text = match notation {
            Notation::Kernel if slot.is_spill() => {
                kernel_words::held(&Held::Known(Box::new(slot.spill)))
            }
            Notation::Plain => words::slot(env, slot)?,
            Notation::Kernel => words::bytes(slot)?,
        };
        Some((words::slot_place(at), text))
    });
    registers.chain(slots).collect()
}
