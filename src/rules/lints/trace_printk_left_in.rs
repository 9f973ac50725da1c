//! `trace-printk-left-in`: the program prints to the kernel's trace buffer, which
//! is one for the whole machine, slow, and made for debugging.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::helper;
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for (call, _) in facts.reached_helpers(&[helper::TRACE_PRINTK, helper::TRACE_VPRINTK]) {
        let what = format!("`{}` writes to the machine's trace buffer", call.name());
        hits.push(Hit::at(LINT.rule, call.insn, what));
    }
}
