//! `dangerous-helper`: calls that change what other code does: a process's
//! memory, a function's result, signals, the whole machine.
//!
//! The audit lists everything that a program may touch; this lint names only what
//! nobody should find in an object unawares.

use super::facts::{Called, Facts};
use super::{Hit, Lint, Scope, rule};

pub(super) const LINT: Lint = Lint {
    rule: rule(807),
    scope: Scope::Any,
    run,
};

const TABLE: &[(&str, &str)] = &[
    (
        "bpf_probe_write_user",
        "writes the memory of the current process",
    ),
    (
        "bpf_override_return",
        "makes a kernel function return without running",
    ),
    ("bpf_send_signal", "signals the current process"),
    ("bpf_send_signal_thread", "signals the current thread"),
    ("bpf_send_signal_task", "signals another task"),
    ("crash_kexec", "crashes the machine into its kexec kernel"),
    (
        "bpf_copy_to_user",
        "writes the memory of the current process",
    ),
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    for call in facts.calls.iter().filter(|c| c.reached) {
        // What is no helper of the target's is the loader's mark.
        if matches!(call.callee, Called::Helper(id) if id > 1 << 16) {
            continue;
        }
        let name = call.name();
        if let Some((_, does)) = TABLE.iter().find(|(n, _)| *n == name) {
            hits.push(Hit::at(LINT.rule, call.insn, format!("`{name}` {does}")));
        }
    }
}
