//! `allocation-in-tracing`: a program that runs anywhere fills a hash table that allocates
//! as it grows.
//!
//! Kernels before 6.1 take memory from the general allocator then, which the program may
//! have interrupted. The page says for which series it holds.

use super::facts::Facts;
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
