//! `checksum-not-updated`: bytes behind the link header are rewritten, and no checksum with
//! them.
//!
//! Programs that touch a checksum in any way are left out: other helpers for it, a store to
//! its place in IPv4, direct writes to the packet.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::{ProgType, helper};
use crate::prelude::*;
use crate::programs::insn::Op;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const LINK_HEADER: u64 = 14;
const RECOMPUTE: u64 = 1;
/// Where an IPv4 header behind Ethernet has its checksum.
const CHECKSUM: u64 = 24;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    if !matches!(
        facts.program.prog_type,
        ProgType::SchedCls | ProgType::SchedAct
    ) {
        return;
    }
    let Some(flow) = facts.flow() else { return };
    let sums = [
        helper::L3_CSUM_REPLACE,
        helper::L4_CSUM_REPLACE,
        helper::CSUM_DIFF,
        helper::CSUM_UPDATE,
        helper::CSUM_LEVEL,
    ];
    let writes = |(at, op): (usize, &Op)| {
        matches!(op, Op::Store { .. }) && facts.observed.bases(at).contains(&Pointee::Packet)
    };
    if facts.reached_helpers(&sums).next().is_some() || facts.ops.iter().enumerate().any(writes) {
        return;
    }
    let mut found = Vec::new();
    for (call, _) in facts.reached_helpers(&[helper::SKB_STORE_BYTES]) {
        let at = |reg: u8| flow.constant(call.insn, reg);
        let (Some(from), Some(len), Some(flags)) = (at(2), at(4), at(5)) else {
            return;
        };
        let end = from.saturating_add(len);
        if (from..end).contains(&CHECKSUM) {
            return;
        }
        if from >= LINK_HEADER && flags & RECOMPUTE == 0 {
            found.push((call.insn, from, end));
        }
    }
    for (insn, from, end) in found {
        let last = end.saturating_sub(1);
        let what = format!(
            "bytes {from} to {last} of the packet are rewritten without `BPF_F_RECOMPUTE_CSUM`, and nothing else mends a checksum"
        );
        hits.push(Hit::at(LINT.rule, insn, what));
    }
}
