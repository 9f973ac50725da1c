//! `dead-code`: code that no path reaches, whatever the loader sets and the
//! kernel has.
//!
//! Reported once per run of slots, where it does something (calls, or stores) on
//! a source line that no other copy of the code reaches: a compiler makes many
//! copies of inlined lines, and a defensive `return` costs nothing. What only
//! dead code leads to is reported with the code that leads to it.
//!
//! Whether the line is reached in *another* program of the object is settled
//! where all programs are known ([`super::settle`]).

use super::facts::Facts;
use super::guard::Guard;
use super::{Hit, Lint, Scope, rule};
use crate::prelude::*;
use crate::programs::insn::Op;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Every,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    if facts.program.line_info.is_empty() {
        return;
    }
    for region in facts.dead() {
        if region.guard != Some(Guard::Always) {
            continue;
        }
        let acts = |at: &usize| {
            matches!(
                facts.ops.get(*at),
                Some(Op::Call(_) | Op::Store { .. } | Op::Atomic { .. })
            )
        };
        let Some(first) = (region.start..region.end).find(acts) else {
            continue;
        };
        // A header's lines are for many objects, and live in others.
        let line = facts.program.line_at(first as u32);
        if line.is_none_or(|l| l.file.ends_with(".h")) {
            continue;
        }
        let count = region.end - region.start;
        let mut hit = Hit::at(
            LINT.rule,
            first,
            format!("no path comes here ({count} instructions)"),
        );
        if let Some(branch) = region.branch {
            hit = hit.and(branch, "this branch always goes the other way");
        }
        hits.push(hit);
    }
}
