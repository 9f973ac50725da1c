//! `unwritten-bytes-leave`: bytes of the stack that nobody wrote go to user space.
//!
//! Padding between the fields of a record, or fields that were forgotten. Kernels before 6.3
//! refuse it; since then a privileged program hands out what was left on the stack. Which
//! bytes are written is [`super::written`]'s matter.

use super::facts::{Facts, bytes, stretch};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{helper, helper_name};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Calls that hand out memory: the arguments with the pointer and with the length.
const OUTPUTS: [(u32, u8, u8); 3] = [
    (helper::PERF_EVENT_OUTPUT, 4, 5),
    (helper::RINGBUF_OUTPUT, 2, 3),
    (helper::SEQ_WRITE, 2, 3),
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    let ids: Vec<u32> = OUTPUTS.iter().map(|o| o.0).collect();
    for (call, id) in facts.reached_helpers(&ids) {
        let Some((_, pointer, length)) = OUTPUTS.iter().find(|o| o.0 == id) else {
            continue;
        };
        let from = flow.frame_offset(call.insn, *pointer);
        let size = flow.constant(call.insn, *length);
        let (Some(from), Some(size)) = (from, size) else {
            continue;
        };
        if !(-512..0).contains(&from) || size == 0 || size > from.unsigned_abs() {
            continue;
        }
        let whole = (from, from + size as i64);
        if let Some((first, last)) = facts.written().gap(facts, whole, call.insn) {
            let name = helper_name(id).unwrap_or("the call");
            let which = stretch(first, last);
            let what = format!(
                "`{name}` hands out {}, and nothing wrote {which} of them: what the stack held before leaves",
                bytes(size)
            );
            hits.push(Hit::at(LINT.rule, call.insn, what));
        }
    }
}
