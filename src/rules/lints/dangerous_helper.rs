//! `dangerous-helper`: calls that change what other code does: a process's
//! memory, a function's result, signals, the whole machine.
//!
//! The audit lists everything that a program may touch; this lint names only what
//! nobody should find in an object unawares.

use super::facts::{Called, Facts};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{self, KfFlags, Risk};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const RISKS: &[Risk] = &[Risk::WriteUser, Risk::OverrideReturn, Risk::Signal];
/// What a cgroup's hooks are for: they answer a system call by it.
const SET_RETVAL: &str = "bpf_set_retval";

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for call in facts.calls.iter().filter(|c| c.reached) {
        let name = call.name();
        let (risks, destructive) = match call.callee {
            Called::Helper(_) => (helpers_spec::helper_risk(name), false),
            Called::Kfunc(_) => {
                let destructive = helpers_spec::kfunc(name, facts.target.kfunc_spec(name))
                    .is_some_and(|k| k.flags.contains(KfFlags::DESTRUCTIVE));
                (helpers_spec::kfunc_risk(name), destructive)
            }
        };
        let does = match RISKS.iter().find(|r| risks.has(**r)) {
            _ if name == SET_RETVAL => continue,
            Some(risk) => risk.what(),
            None if destructive => "may take the machine down",
            None => continue,
        };
        hits.push(Hit::at(LINT.rule, call.insn, format!("`{name}` {does}")));
    }
}
