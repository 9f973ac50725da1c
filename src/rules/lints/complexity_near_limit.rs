//! `complexity-near-limit`: verifying takes so many of the instructions that a
//! kernel is willing to process that a small change, or another compiler or
//! kernel, may exceed them.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::explore::Where;
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let processed = facts.verification.stats.processed;
    let limit = facts.target.limits.complexity;
    let percent = processed * 100 / u64::from(limit.max(1));
    if percent >= 60 {
        let what = format!(
            "verifying it processes {processed} of {limit} instructions ({percent} %) on {}",
            facts.target.name
        );
        let Some(hot) = &facts.verification.hot else {
            hits.push(Hit::at(LINT.rule, 0, what));
            return;
        };
        let apart = match hot.differs.first() {
            Some((Where::Reg(reg), _)) => format!(", told apart by r{reg}"),
            Some((Where::Slot(slot), _)) => {
                format!(
                    ", told apart by the stack at fp-{}",
                    (u32::from(*slot) + 1) * 8
                )
            }
            None => String::new(),
        };
        let what = format!(
            "{what}; most of its states, {}, are kept here{apart}",
            hot.states
        );
        hits.push(Hit::at(LINT.rule, hot.insn as usize, what));
    }
}
