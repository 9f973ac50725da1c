//! `array-update-if-absent`: an array is updated only if the element is not there, which it
//! always is.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{MapType, helper};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const NOEXIST: u64 = 1;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for (call, _) in facts.reached_helpers(&[helper::MAP_UPDATE_ELEM]) {
        let Some((map, def)) = facts.map_argument(call.insn, 1) else {
            continue;
        };
        let array = MapType::from_id(def.map_type);
        let array = matches!(array, Some(MapType::Array | MapType::PercpuArray));
        let flags = facts.flow().and_then(|f| f.constant(call.insn, 4));
        if array && flags == Some(NOEXIST) {
            let what = format!(
                "`BPF_NOEXIST` on `{}`, an array, whose elements always exist: the update always fails",
                def.name
            );
            hits.push(Hit::at(LINT.rule, call.insn, what).about(map));
        }
    }
}
