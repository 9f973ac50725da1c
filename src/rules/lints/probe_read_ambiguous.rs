//! `probe-read-ambiguous`: `bpf_probe_read` and `bpf_probe_read_str`, which don't
//! say whether they read the kernel's memory or a process's.
//!
//! On machines where both have the same addresses these helpers don't exist, so
//! the program isn't portable; since 5.5 there is one for each.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::helper;
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Every,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    if !facts.may_call(helper::PROBE_READ_KERNEL) {
        return;
    }
    for (call, id) in facts.reached_helpers(&[helper::PROBE_READ, helper::PROBE_READ_STR]) {
        let string = if id == helper::PROBE_READ_STR {
            "_str"
        } else {
            ""
        };
        let what = format!(
            "`{}` does not say whose memory it reads: use `bpf_probe_read_kernel{string}` or `bpf_probe_read_user{string}`",
            call.name()
        );
        hits.push(Hit::at(LINT.rule, call.insn, what));
    }
}
