//! Are remedies true? A help that knows what it comes to in instructions is put into
//! the program, and the program is verified again: what goes on past the refusal is
//! told so, with the next refusal if there is one.

use super::story::{Help, Load, Patch};
use crate::abstract_interp::refusal::{Key, Refusal};
use crate::abstract_interp::{Input, Verdict, verify_within};
use crate::budget::Account;
use crate::object::F_RDONLY_PROG;
use crate::prelude::*;
use crate::programs::encode::encode_all;
use crate::programs::{Program, insert};

/// What a test of a help showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tested {
    /// With it the program verifies.
    Verifies,
    /// With it verification goes on, to another refusal.
    GoesOn {
        /// Its line, if known.
        line: Option<u32>,
        /// Its instruction in the patched program.
        insn: usize,
    },
    /// It goes on past the refusal; to where was not followed.
    Passes,
    /// It is refused as before.
    Fails,
    /// It could not be tested.
    Not,
}

impl Tested {
    /// The stable word.
    pub const fn name(&self) -> &'static str {
        match self {
            Tested::Verifies => "verifies",
            Tested::GoesOn { .. } => "goes-on",
            Tested::Passes => "passes",
            Tested::Fails => "fails",
            Tested::Not => "untested",
        }
    }

    /// Whether the program gets past the refusal with it.
    pub const fn holds(&self) -> bool {
        matches!(
            self,
            Tested::Verifies | Tested::GoesOn { .. } | Tested::Passes
        )
    }
}

/// Instructions that a test may process beside as many as the refusal took.
const FLOOR: u64 = 16384;

/// Applies a patch to a program.
pub fn patched(program: &Program, patch: &Patch) -> Option<Program> {
    let mut parts = patch.parts.clone();
    parts.sort_by_key(|p| core::cmp::Reverse(p.at));
    let mut out = program.clone();
    if let Some((map, size)) = patch.value_size {
        let mut maps = out.maps.to_vec();
        let def = maps.get_mut(map).filter(|m| m.value_size < size)?;
        def.value_size = size;
        out.maps = maps.into();
    }
    match patch.load {
        Some(Load::Awake) => out.sleepable = false,
        Some(Load::Gpl) => out.gpl_compatible = true,
        Some(Load::Writable(map)) => {
            let mut maps = out.maps.to_vec();
            let def = maps.get_mut(map)?;
            def.flags &= !F_RDONLY_PROG;
            def.frozen = false;
            out.maps = maps.into();
        }
        None => {}
    }
    for p in &parts {
        out = insert::insert(&out, p.at, p.replaced, &encode_all(&p.ops)?, p.over)?;
    }
    Some(out)
}

/// Where a slot of the program lies in the patched one.
fn moved(patch: &Patch, slot: usize) -> usize {
    let more: i64 = patch
        .parts
        .iter()
        .filter(|p| p.at <= slot)
        .map(|p| p.ops.len() as i64 - p.replaced as i64)
        .sum();
    (slot as i64 + more).max(0) as usize
}

/// Where a slot of the patched program lies in the one before.
pub fn before(patch: &Patch, slot: usize) -> usize {
    let mut parts = patch.parts.clone();
    parts.sort_by_key(|p| p.at);
    let mut more = 0i64;
    for p in &parts {
        let from = (p.at as i64 + more).max(0) as usize;
        if slot < from {
            break;
        }
        if slot < from + p.ops.len() {
            return p.at;
        }
        more += p.ops.len() as i64 - p.replaced as i64;
    }
    (slot as i64 - more).max(0) as usize
}

/// Tests one help; `processed` is what the refusal took.
pub fn test(
    input: &Input<'_>,
    refusal: &Refusal,
    help: &Help,
    processed: u64,
    account: Account<'_>,
) -> (Tested, Option<(Program, Box<Refusal>)>) {
    let Some(patch) = &help.patch else {
        return (Tested::Not, None);
    };
    let Some(program) = patched(input.program, patch) else {
        return (Tested::Not, None);
    };
    // What is verified again may cost as much as the refusal did.
    let mut target = input.target.clone();
    let budget = processed.saturating_add(FLOOR);
    let limited = budget < target.limits.complexity.into();
    if limited {
        target.limits.complexity = u32::try_from(budget).unwrap_or(u32::MAX);
    }
    let again = Input {
        program: &program,
        target: &target,
        kernel_btf: input.kernel_btf,
    };
    let result = verify_within(&again, None, account);
    match result.verdict {
        Verdict::Accept => (Tested::Verifies, None),
        Verdict::Unknown(_) => (Tested::Not, None),
        Verdict::Reject(next) => {
            let complex = next.key() == Some(Key::Complexity);
            if complex && limited {
                return (Tested::Passes, None);
            }
            if next.path.is_empty() {
                // Refused before it was walked: the patch does not fit the graph.
                return (Tested::Not, None);
            }
            let here = moved(patch, refusal.insn);
            let same = next.key() == refusal.key() && next.insn == here;
            let within = patch.parts.iter().any(|p| {
                let from = moved_start(patch, p.at);
                (from..from + p.ops.len()).contains(&next.insn)
            });
            if within {
                // The instructions do not fit where they stand: that says nothing of C.
                return (Tested::Not, None);
            }
            if same {
                return (Tested::Fails, None);
            }
            let line = u32::try_from(next.insn)
                .ok()
                .and_then(|i| program.place(i))
                .map(|p| p.line);
            let insn = next.insn;
            (Tested::GoesOn { line, insn }, Some((program, next)))
        }
    }
}

/// Where what is put before a slot begins in the patched program.
fn moved_start(patch: &Patch, at: usize) -> usize {
    let before: i64 = patch
        .parts
        .iter()
        .filter(|p| p.at < at)
        .map(|p| p.ops.len() as i64 - p.replaced as i64)
        .sum();
    (at as i64 + before).max(0) as usize
}

/// What the test of a help comes to, in words.
pub fn said(tested: &Tested) -> String {
    match tested {
        Tested::Verifies => "verified: with this the program loads".into(),
        Tested::GoesOn { line: Some(n), .. } => {
            format!("verified: with this it goes on; the next refusal is in line {n}")
        }
        Tested::GoesOn { line: None, insn } => {
            format!("verified: with this it goes on; the next refusal is at instruction {insn}")
        }
        Tested::Passes => "verified: with this it goes on; the rest was not followed".into(),
        Tested::Fails => "not enough by itself: the same refusal follows".into(),
        Tested::Not => "not tested: no instructions can stand for it".into(),
    }
}

/// Tests every help: those that fail go, if others are left.
pub fn test_all<'a>(
    input: &Input<'_>,
    refusal: &Refusal,
    helps: &mut Vec<Help>,
    processed: u64,
    account: &dyn Fn() -> Account<'a>,
) -> Option<(Patch, Program, Box<Refusal>)> {
    let mut onward = None;
    for help in helps.iter_mut() {
        let (tested, next) = test(input, refusal, help, processed, account());
        help.tested = tested;
        if let (None, Some((program, next)), Some(patch)) = (&onward, next, &help.patch) {
            onward = Some((patch.clone(), program, next));
        }
    }
    if helps.iter().any(|h| h.tested != Tested::Fails) {
        helps.retain(|h| h.tested != Tested::Fails);
    }
    for help in helps.iter_mut().filter(|h| h.tested == Tested::Fails) {
        help.edit = None;
    }
    onward
}
