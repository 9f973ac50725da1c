//! `perf-buffer-output`: records go to per-CPU perf buffers where the target has
//! ring buffers.
//!
//! Only plain records count: sent to the current CPU, with no packet data behind
//! them (the upper half of the flags), which ring buffers cannot copy by
//! themselves.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::helper;
use crate::helpers_spec::{self, MapType};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Every,
    run,
};

const CURRENT_CPU: u64 = 0xffff_ffff;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    if !facts.may_call(helper::RINGBUF_OUTPUT)
        || !helpers_spec::map_type_known(MapType::Ringbuf.id(), facts.spec)
    {
        return;
    }
    for (call, _) in facts.reached_helpers(&[helper::PERF_EVENT_OUTPUT]) {
        let Some((map, def)) = facts.map_argument(call.insn, 2) else {
            continue;
        };
        let flags = facts.flow().and_then(|f| f.constant(call.insn, 3));
        if def.map_type != MapType::PerfEventArray.id() || flags != Some(CURRENT_CPU) {
            continue;
        }
        let what = format!(
            "`{}` is a perf buffer: a ring buffer is shared by all CPUs, keeps the order of records and takes them without a copy",
            def.name
        );
        hits.push(Hit::at(LINT.rule, call.insn, what).about(map));
    }
}
