//! `result-ignored`: nobody looks whether a map update or an output worked.
//!
//! Only where failing loses something unseen: a hash table that is full, a queue,
//! a ring buffer without room. Arrays cannot be full, LRU tables make room, and
//! perf buffers count what they lose. An update with `BPF_NOEXIST`, or one whose
//! effect is deleted right after, is checked in another way; where the function
//! looks the same map up, a missing entry is a case that it knows.

use alloc::collections::BTreeSet;

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::helper;
use crate::helpers_spec::{MapType, helper_name};
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const NOEXIST: u64 = 1;
/// Slots looked at after an update.
const AFTER: usize = 24;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(cfg) = facts.cfg else { return };
    let function = |insn: usize| facts.program.subprog_at(insn as u32);
    let lookups = facts.reached_helpers(&[helper::MAP_LOOKUP_ELEM]);
    let asked: BTreeSet<(Option<usize>, u32)> = lookups
        .filter_map(|(call, _)| Some((function(call.insn), facts.map_argument(call.insn, 1)?.0)))
        .collect();
    for (call, id) in facts.reached_helpers(&[
        helper::MAP_UPDATE_ELEM,
        helper::MAP_PUSH_ELEM,
        helper::RINGBUF_OUTPUT,
    ]) {
        if cfg.live_regs(call.insn + 1) & 1 != 0 {
            continue;
        }
        let Some((map, def)) = facts.map_argument(call.insn, 1) else {
            continue;
        };
        let Some(loses) = loses(id, MapType::from_id(def.map_type)) else {
            continue;
        };
        if id == helper::MAP_UPDATE_ELEM
            && (only_if_absent(facts, call.insn)
                || asked.contains(&(function(call.insn), map))
                || emptied(facts, call.insn, map))
        {
            continue;
        }
        let name = helper_name(id).unwrap_or("the call");
        let what = format!("whether `{name}` worked is not looked at: {loses}");
        hits.push(Hit::at(LINT.rule, call.insn, what.replace("{map}", &def.name)).about(map));
    }
}

/// What goes missing unseen.
fn loses(helper: u32, map_type: Option<MapType>) -> Option<&'static str> {
    match (helper, map_type?) {
        (helper::RINGBUF_OUTPUT, _) => Some("when `{map}` is full the record is lost"),
        (helper::MAP_PUSH_ELEM, MapType::Queue | MapType::Stack) => {
            Some("when `{map}` is full the value is lost")
        }
        (helper::MAP_UPDATE_ELEM, MapType::Hash | MapType::PercpuHash | MapType::LpmTrie) => {
            Some("when `{map}` is full the entry is missing")
        }
        _ => None,
    }
}

fn only_if_absent(facts: &Facts<'_>, insn: usize) -> bool {
    facts.flow().and_then(|f| f.constant(insn, 4)) == Some(NOEXIST)
}

/// Whether the function empties the same map soon after, on the way straight on.
fn emptied(facts: &Facts<'_>, insn: usize, map: u32) -> bool {
    let same = |at: usize| facts.map_argument(at, 1).is_some_and(|(m, _)| m == map);
    for at in insn + 1..(insn + AFTER).min(facts.ops.len()) {
        match facts.ops.get(at) {
            Some(Op::Call(Callee::Helper(id))) if *id == helper::MAP_DELETE_ELEM as i32 => {
                return same(at);
            }
            Some(Op::Exit | Op::Ja { .. }) | None => return false,
            _ => {}
        }
    }
    false
}
