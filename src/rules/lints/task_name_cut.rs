//! `task-name-cut`: the buffer for the current task's name is shorter than names are.

use super::facts::{Facts, bytes};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::helper;
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Bytes of a name, with its end.
const COMM: u64 = 16;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    for (call, _) in facts.reached_helpers(&[helper::GET_CURRENT_COMM]) {
        if let Some(size) = flow
            .constant(call.insn, 2)
            .filter(|s| (1..COMM).contains(s))
        {
            let left = match size - 1 {
                1 => "1 of them is".to_owned(),
                n => format!("{n} of them are"),
            };
            let what = format!(
                "{} for a task's name, which has up to {} characters and an end: {left} left",
                bytes(size),
                COMM - 1
            );
            hits.push(Hit::at(LINT.rule, call.insn, what));
        }
    }
}
