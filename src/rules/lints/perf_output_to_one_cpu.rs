//! `perf-output-to-one-cpu`: a record goes to the perf buffer of a CPU that is written in
//! the code.
//!
//! A perf event takes records only from its own CPU. Constant flags count.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::helper;
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const INDEX: u64 = 0xffff_ffff;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let outputs = [
        helper::PERF_EVENT_OUTPUT,
        helper::SKB_OUTPUT,
        helper::XDP_OUTPUT,
    ];
    for (call, _) in facts.reached_helpers(&outputs) {
        let Some((map, def)) = facts.map_argument(call.insn, 2) else {
            continue;
        };
        let Some(flags) = facts.flow().and_then(|f| f.constant(call.insn, 3)) else {
            continue;
        };
        let index = flags & INDEX;
        if index != INDEX {
            let what = format!(
                "records go to entry {index} of `{}` from whatever CPU runs the program: an event of another CPU refuses them",
                def.name
            );
            hits.push(Hit::at(LINT.rule, call.insn, what).about(map));
        }
    }
}
