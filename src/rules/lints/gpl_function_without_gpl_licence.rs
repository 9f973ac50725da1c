//! `gpl-function-without-gpl-licence`: a helper for GPL-compatible programs is
//! called by a program of another licence, where no path comes today.
//!
//! Reached, this is the refusal `gpl-only-function`.

use super::facts::{Called, Facts};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec;
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    if facts.program.gpl_compatible {
        return;
    }
    for call in facts.calls.iter().filter(|c| !c.reached) {
        let only = match call.callee {
            Called::Helper(id) => {
                helpers_spec::helper_main(id, facts.spec).is_some_and(|p| p.gpl_only)
            }
            // All kernel functions are.
            Called::Kfunc(name) => helpers_spec::kfunc(name, facts.spec).is_some(),
        };
        if only {
            let what = format!(
                "`{}` is for GPL-compatible programs and the licence is {:?}; the call is not reached today",
                call.name(),
                facts.program.license
            );
            hits.push(Hit::at(LINT.rule, call.insn, what));
        }
    }
}
