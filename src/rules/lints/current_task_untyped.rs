//! `current-task-untyped`: `bpf_get_current_task` where the target has
//! `bpf_get_current_task_btf`.
//!
//! The old helper gives a number, whose fields are read with probe reads, each of
//! which may fail; the new one gives a typed pointer that is read directly. It is
//! advice only for objects that have types, and only where the number is used as
//! a pointer: something adds to it or hands it to a probe read.

use alloc::collections::BTreeMap;

use super::facts::{Called, Facts};
use super::flow::Root;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::helper;
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Every,
    run,
};

/// Probe reads of the kernel's memory, whose third argument is the address.
const READS: &[u32] = &[
    helper::PROBE_READ,
    helper::PROBE_READ_STR,
    helper::PROBE_READ_KERNEL,
    helper::PROBE_READ_KERNEL_STR,
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let mut sources = facts
        .reached_helpers(&[helper::GET_CURRENT_TASK])
        .peekable();
    if sources.peek().is_none()
        || facts.program.btf.is_none()
        || facts.program.core_relocs.is_empty()
        || !facts.may_call(helper::GET_CURRENT_TASK_BTF)
    {
        return;
    }
    let Some(flow) = facts.flow() else { return };
    let mut readers: BTreeMap<usize, usize> = BTreeMap::new();
    let reads = facts
        .calls
        .iter()
        .filter(|c| c.reached && matches!(c.callee, Called::Helper(id) if READS.contains(&id)))
        .flat_map(|c| flow.roots(c.insn, 3).into_iter().map(|r| (r, c.insn)))
        .filter_map(|(root, insn)| match root {
            Root::Call(source) => Some((source as usize, insn)),
            _ => None,
        });
    for (source, reader) in reads {
        readers.entry(source).or_insert(reader);
    }
    for (call, _) in sources {
        let Some(reader) = readers.get(&call.insn) else {
            continue;
        };
        let what = "`bpf_get_current_task` gives a number; `bpf_get_current_task_btf` gives a \
                    pointer that can be read without probe reads";
        hits.push(
            Hit::at(LINT.rule, call.insn, what).and(*reader, "read through a probe read here"),
        );
    }
}
