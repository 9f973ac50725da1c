//! `packet-change-unchecked`: nobody looks whether a packet was really changed.
//!
//! Calls that make room, take it away or change a protocol, and whose result no path reads.
//! Left out is room for metadata: what is written there must be shown to lie in it, which
//! shows that it was made.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{helper, helper_name};
use crate::prelude::*;

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
    for (call, id) in facts.reached_helpers(&CHANGES) {
        if cfg.live_regs(call.insn + 1) & 1 == 0 {
            let name = helper_name(id).unwrap_or("the call");
            let what = format!(
                "whether `{name}` worked is not looked at: if not, the packet is as it was, and goes on as if it were changed"
            );
            hits.push(Hit::at(LINT.rule, call.insn, what));
        }
    }
}
