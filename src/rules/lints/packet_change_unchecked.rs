//! `packet-change-unchecked`: nobody looks whether a packet was really changed.
//!
//! Calls that make room, take it away or change a protocol, and whose result no path reads.
//! Left out is room for metadata: what is written there must be shown to lie in it, which
//! shows that it was made; and the length that the packet has already, which makes its bytes
//! ready to be read and changes nothing.

use alloc::collections::BTreeSet;

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::{helper, helper_name};
use crate::prelude::*;
use crate::programs::insn::{AluOp, Op, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const CHANGES: [u32; 8] = [
    helper::XDP_ADJUST_HEAD,
    helper::XDP_ADJUST_TAIL,
    helper::SKB_ADJUST_ROOM,
    helper::SKB_CHANGE_PROTO,
    helper::SKB_CHANGE_HEAD,
    helper::SKB_CHANGE_TAIL,
    helper::SKB_VLAN_PUSH,
    helper::SKB_VLAN_POP,
];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(cfg) = facts.cfg else { return };
    let changes = facts.reached_helpers(&CHANGES).map(|(call, _)| call.insn);
    let changes: BTreeSet<usize> = changes.collect();
    for (call, id) in facts.reached_helpers(&CHANGES) {
        let ignored = cfg.live_regs(call.insn + 1) & 1 == 0;
        let to_length = id == helper::SKB_CHANGE_TAIL;
        if ignored && !(to_length && is_own_length(facts, call.insn, &changes)) {
            let name = helper_name(id).unwrap_or("the call");
            let what = format!(
                "whether `{name}` worked is not looked at: if not, the packet is as it was, and goes on as if it were changed"
            );
            hits.push(Hit::at(LINT.rule, call.insn, what));
        }
    }
}

/// Whether the length that is asked for is the one that the packet has: the context's first
/// field, as it was read since the last change.
fn is_own_length(facts: &Facts<'_>, call: usize, changes: &BTreeSet<usize>) -> bool {
    let Some(flow) = facts.flow() else {
        return false;
    };
    let (mut at, mut reg) = (call, 2);
    for _ in 0..4 {
        let Some(def) = flow.def(at, reg) else {
            return false;
        };
        at = def;
        match facts.ops.get(at) {
            Some(Op::Load { off: 0, .. }) => {
                // In a loop it may be read after the call: what is between is not followed.
                let since = at.min(call)..call;
                return facts.observed.bases(at) == [Pointee::Ctx]
                    && changes.range(since).next().is_none();
            }
            Some(Op::Alu {
                op: AluOp::Mov,
                src: Src::Reg(src),
                ..
            }) => reg = *src,
            _ => return false,
        }
    }
    false
}
