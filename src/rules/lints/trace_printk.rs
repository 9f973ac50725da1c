//! `trace-printk-left-in`: the program prints to the kernel's trace buffer, which
//! is one for the whole machine, slow, and made for debugging.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};

pub(super) const LINT: Lint = Lint {
    rule: rule(806),
    scope: Scope::Any,
    run,
};

const TRACE_PRINTK: u32 = 6;
const TRACE_VPRINTK: u32 = 177;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for (call, _) in facts.reached_helpers(&[TRACE_PRINTK, TRACE_VPRINTK]) {
        let what = format!("`{}` writes to the machine's trace buffer", call.name());
        hits.push(Hit::at(LINT.rule, call.insn, what));
    }
}
