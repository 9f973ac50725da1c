//! `initial-value-races`: a counter that is missing is made with `BPF_ANY`, over one that
//! another CPU made in the meantime.
//!
//! The function looks a key up, counts atomically in what it finds, and otherwise stores a
//! first value under the same key. Left out are keys that belong to the running thread or
//! CPU, and maps that nobody else writes.

use super::facts::Facts;
use super::shared_update_not_atomic::own_key;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{MapType, helper};
use crate::prelude::*;
use crate::programs::insn::Op;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    for (call, _) in facts.reached_helpers(&[helper::MAP_UPDATE_ELEM]) {
        let Some((map, def)) = facts.map_argument(call.insn, 1) else {
            continue;
        };
        let shared = matches!(
            MapType::from_id(def.map_type),
            Some(MapType::Hash | MapType::LruHash)
        );
        let key = flow.frame_offset(call.insn, 2);
        if !shared || key.is_none() || flow.constant(call.insn, 4) != Some(0) {
            continue;
        }
        let of = |insn: usize| facts.program.subprog_at(insn as u32);
        let lookup = facts
            .reached_helpers(&[helper::MAP_LOOKUP_ELEM])
            .map(|(lookup, _)| lookup.insn)
            .filter(|at| *at < call.insn && of(*at) == of(call.insn))
            .find(|at| {
                facts.map_argument(*at, 1).map(|m| m.0) == Some(map)
                    && flow.frame_offset(*at, 2) == key
            });
        let Some(lookup) = lookup.filter(|at| !own_key(facts, flow, *at, def.key_size)) else {
            continue;
        };
        let counts = facts.ops.iter().enumerate().any(|(at, op)| {
            matches!(op, Op::Atomic { .. })
                && of(at) == of(call.insn)
                && facts.value_of(at).map(|v| v.0) == Some(map)
        });
        if counts {
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
