//! `stack-near-limit`: a chain of calls uses nearly all the stack that a kernel
//! allows, so that another compiler, or one more variable, tips it over.
//!
//! The chains and their frames are the verification's own: rounded as the target rounds,
//! with callbacks. With tail calls the callers of the tail-calling function must stay
//! below a lower limit.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::refusal::Frame;
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Nine tenths.
const fn near(depth: u32, limit: u32) -> bool {
    depth as u64 * 10 >= limit as u64 * 9
}

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let limits = &facts.target.limits;
    let stacks = &facts.verification.stacks;
    if near(stacks.depth, limits.stack) {
        let names = names(facts, &stacks.deepest);
        let what = format!(
            "{} of {} bytes of stack are used ({names})",
            stacks.depth, limits.stack
        );
        hits.push(hit(facts, &stacks.deepest, what));
    }
    let Some((_, callers)) = stacks.to_tail_call.split_last() else {
        return;
    };
    let above = callers.iter().fold(0u32, |n, f| n.saturating_add(f.bytes));
    if near(above, limits.tail_call_caller_stack) {
        let names = names(facts, &stacks.to_tail_call);
        let what = format!(
            "{above} of {} bytes of stack are used by the callers of a function with tail calls ({names})",
            limits.tail_call_caller_stack
        );
        hits.push(hit(facts, &stacks.to_tail_call, what));
    }
}

fn hit(facts: &Facts<'_>, chain: &[Frame], what: String) -> Hit {
    chain.iter().fold(Hit::at(LINT.rule, 0, what), |hit, f| {
        let subprog = facts.program.subprogs.get(f.subprog as usize);
        let entry = subprog.map_or(0, |s| s.start as usize);
        hit.and(entry, format!("uses {} bytes", f.bytes))
    })
}

fn names(facts: &Facts<'_>, chain: &[Frame]) -> String {
    let name = |f: &Frame| {
        let subprog = facts.program.subprogs.get(f.subprog as usize);
        subprog.map_or("?", |s| &*s.name)
    };
    chain.iter().map(name).collect::<Vec<_>>().join(" → ")
}
