//! `helper-map-type-mismatch-unreached`: a helper is called with a map of a type
//! that it doesn't take, where no path comes today.
//!
//! Reached, this is the refusal `map-type-helper-mismatch`. Only maps that the
//! call's own function loads by name are seen.

use super::facts::{Called, Facts};
use super::guard::{self, Guard};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{self, ArgType, MapType};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for call in facts.calls.iter().filter(|c| !c.reached) {
        let Called::Helper(id) = call.callee else {
            continue;
        };
        let Some(proto) = helpers_spec::helper_main(id, facts.spec) else {
            continue;
        };
        let Some(arg) = proto
            .arguments()
            .position(|a| a.base == ArgType::ConstMapPtr)
        else {
            continue;
        };
        let map = facts
            .flow()
            .and_then(|f| f.def(call.insn, arg as u8 + 1))
            .and_then(|at| facts.map_loaded(at));
        let Some(def) = map.and_then(|m| facts.program.maps.get(m as usize)) else {
            continue;
        };
        if helpers_spec::map_helper_compat(def.map_type, id, facts.spec)
            || !helpers_spec::map_type_known(def.map_type, facts.spec)
            || guard::why_dead(facts, call.insn) > Guard::Constant
        {
            continue;
        }
        let kind = MapType::from_id(def.map_type).map_or("unknown", MapType::name);
        let what = format!(
            "`{}` does not take `{}`, a map of type {kind}; the call is not reached today",
            proto.name, def.name
        );
        hits.push(Hit::at(LINT.rule, call.insn, what).about(map.unwrap_or(0)));
    }
}
