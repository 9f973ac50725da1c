//! `initial-value-races`: a counter that is missing is made with `BPF_ANY`, over one that
//! another CPU made in the meantime.
//!
//! The function looks a key up, counts atomically in what it finds, and otherwise stores a
//! first value under the same key. Left out are keys that belong to the running thread or
//! CPU, and maps that nobody else writes.

use alloc::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::flow::Flow;
use super::shared_update_not_atomic::own_key;
use super::{Hit, Lint, Scope, rule};
use crate::cfg::Cfg;
use crate::helpers_spec::{MapType, helper};
use crate::prelude::*;
use crate::programs::insn::{JmpOp, Op, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Slots that are followed behind one lookup.
const STEPS: usize = 1000;

/// A function, a map, and where on the function's stack the key is.
type Question = (usize, u32, i64);

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let (Some(flow), Some(cfg)) = (facts.flow(), facts.cfg) else {
        return;
    };
    let counted = counted(facts, cfg);
    if counted.is_empty() {
        return;
    }
    let question = |insn: usize| -> Option<Question> {
        let (map, _) = facts.map_argument(insn, 1)?;
        Some((cfg.subprog_of(insn), map, flow.frame_offset(insn, 2)?))
    };
    let mut lookups: BTreeMap<Question, usize> = BTreeMap::new();
    for (call, _) in facts.reached_helpers(&[helper::MAP_LOOKUP_ELEM]) {
        if let Some(question) = question(call.insn) {
            lookups.entry(question).or_insert(call.insn);
        }
    }
    let tests = tests(facts, flow);
    // Asked once, however many updates there are for a lookup.
    let mut behind: BTreeMap<usize, Option<BTreeSet<usize>>> = BTreeMap::new();
    for (call, _) in facts.reached_helpers(&[helper::MAP_UPDATE_ELEM]) {
        let Some((map, def)) = facts.map_argument(call.insn, 1) else {
            continue;
        };
        let shared = matches!(
            MapType::from_id(def.map_type),
            Some(MapType::Hash | MapType::LruHash)
        );
        let asked = question(call.insn).filter(|_| shared);
        let lookup = asked.and_then(|asked| lookups.get(&asked).copied());
        let Some(lookup) = lookup.filter(|at| *at < call.insn) else {
            continue;
        };
        if counted.contains(&(cfg.subprog_of(call.insn), map))
            && flow.constant(call.insn, 4) == Some(0)
            && !own_key(facts, flow, lookup, def.key_size)
            && let Some(behind) = behind
                .entry(lookup)
                .or_insert_with(|| behind_found(cfg, tests.get(&lookup)?, lookup))
            && !behind.contains(&call.insn)
        {
            let what = format!(
                "the first value of a counter in `{}` replaces one that another CPU stored since the lookup: what that one counted is lost",
                def.name
            );
            hits.push(
                Hit::at(LINT.rule, call.insn, what)
                    .about(map)
                    .and(lookup, "looked up here"),
            );
        }
    }
}

/// Functions, with the maps in whose values they count atomically.
fn counted(facts: &Facts<'_>, cfg: &Cfg) -> BTreeSet<(usize, u32)> {
    let counts = |(at, op): (usize, &Op)| {
        let (map, _) = facts
            .value_of(at)
            .filter(|_| matches!(op, Op::Atomic { .. }))?;
        Some((cfg.subprog_of(at), map))
    };
    facts.ops.iter().enumerate().filter_map(counts).collect()
}

/// Where the results of calls are compared with null, and where control goes if they are
/// not null.
fn tests(facts: &Facts<'_>, flow: &Flow<'_>) -> BTreeMap<usize, Vec<usize>> {
    let mut tests: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, op) in facts.ops.iter().enumerate() {
        let Op::Jmp {
            op: asked @ (JmpOp::Eq | JmpOp::Ne),
            dst,
            src: Src::Imm(0),
            off,
            ..
        } = *op
        else {
            continue;
        };
        let found = match asked {
            JmpOp::Eq => Some(at + 1),
            _ => (at + 1).checked_add_signed(off.into()),
        };
        if let (Some(found), Some((call, 0))) = (found, flow.offset_from_call(at, dst)) {
            tests.entry(call).or_default().push(found);
        }
    }
    tests
}

/// What comes where a lookup found a value, short of another lookup: what is updated there on
/// purpose (a window that begins anew) is not made. None if that is much.
fn behind_found(cfg: &Cfg, found: &[usize], lookup: usize) -> Option<BTreeSet<usize>> {
    let mut seen: BTreeSet<usize> = found.iter().copied().collect();
    let mut work = found.to_vec();
    while let Some(at) = work.pop() {
        if seen.len() > STEPS {
            return None;
        }
        for &to in cfg
            .successors(at)
            .iter()
            .filter(|to| **to as usize != lookup)
        {
            if seen.insert(to as usize) {
                work.push(to as usize);
            }
        }
    }
    Some(seen)
}
