//! `allocation-in-tracing`: a program that runs anywhere fills a hash table that allocates
//! as it grows.
//!
//! Kernels before 6.1 take memory from the general allocator then, which the program may
//! have interrupted. The page says for which series it holds. Left out are programs that run
//! where a task is: in system calls, and on functions in user space.

use super::facts::Facts;
use super::hook::{Hook, kind_and_target};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{MapType, ProgType, helper};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// `BPF_F_NO_PREALLOC`.
const NO_PREALLOC: u32 = 1;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    use ProgType as P;
    if !matches!(
        facts.program.prog_type,
        P::Kprobe | P::Tracepoint | P::RawTracepoint | P::PerfEvent
    ) {
        return;
    }
    if runs_for_task(facts) {
        return;
    }
    for (call, _) in facts.reached_helpers(&[helper::MAP_UPDATE_ELEM]) {
        let Some((map, def)) = facts.map_argument(call.insn, 1) else {
            continue;
        };
        let hash = MapType::from_id(def.map_type);
        let hash = matches!(hash, Some(MapType::Hash | MapType::PercpuHash));
        if hash && def.flags & NO_PREALLOC != 0 {
            let what = format!(
                "`{}` allocates when an entry is added, in a program that may have interrupted the allocator",
                def.name
            );
            hits.push(Hit::at(LINT.rule, call.insn, what).about(map));
        }
    }
}

/// Whether a task does what the program sees, and not the kernel amidst something else.
fn runs_for_task(facts: &Facts<'_>) -> bool {
    let p = facts.program;
    let (kind, to) = kind_and_target(p);
    match Hook::of(p) {
        Hook::Entry(function) | Hook::Return(function) => {
            function.is_empty() || function.contains("_sys_") || function.starts_with("sys_")
        }
        Hook::Event(group, _) => group == "syscalls" || group == "raw_syscalls",
        Hook::Other if p.prog_type == ProgType::RawTracepoint => {
            to == "sys_enter" || to == "sys_exit"
        }
        Hook::Other => matches!(
            kind.split('.').next(),
            Some("uprobe" | "uretprobe" | "usdt" | "ksyscall" | "kretsyscall")
        ),
    }
}
