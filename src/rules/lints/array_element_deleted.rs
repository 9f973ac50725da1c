//! `array-element-deleted`: an element of an array is deleted, which arrays refuse.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{MapType, helper};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for (call, _) in facts.reached_helpers(&[helper::MAP_DELETE_ELEM]) {
        let Some((map, def)) = facts.map_argument(call.insn, 1) else {
            continue;
        };
        let array = MapType::from_id(def.map_type);
        if matches!(array, Some(MapType::Array | MapType::PercpuArray)) {
            let what = format!(
                "`{}` is an array: its elements are always there, and the call does nothing but fail",
                def.name
            );
            hits.push(Hit::at(LINT.rule, call.insn, what).about(map));
        }
    }
}
