//! `checksum-not-updated`: bytes of an IPv4 header are rewritten, and no checksum with them.
//!
//! Only of packets that the program knows to be IPv4: it compares the EtherType with that,
//! and with no other protocol's, whose header has no checksum there.
//! What lies behind the header may do without one (UDP). Programs that touch a checksum in
//! any way are left out: other helpers for it, a store to its place in IPv4, direct writes
//! to the packet.

use super::compared::ether_types;
use super::facts::{Facts, stretch};
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

/// Where a plain IPv4 header lies behind Ethernet.
const HEADER: core::ops::Range<u64> = 14..34;
/// Its EtherType.
const IPV4: u16 = 0x0800;
const RECOMPUTE: u64 = 1;
/// Where it has its checksum.
const CHECKSUM: core::ops::Range<u64> = 24..26;

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
    let asked = ether_types(facts);
    if asked.is_empty() || asked.iter().any(|asked| *asked != IPV4) {
        return;
    }
    let mut found = Vec::new();
    for (call, _) in facts.reached_helpers(&[helper::SKB_STORE_BYTES]) {
        let at = |reg: u8| flow.constant(call.insn, reg);
        let (Some(from), Some(len), Some(flags)) = (at(2), at(4), at(5)) else {
            return;
        };
        let common = |with: core::ops::Range<u64>| {
            let end = from.saturating_add(len).min(with.end);
            let from = from.max(with.start);
            (from < end).then(|| (from as i64, end as i64 - 1))
        };
        if common(CHECKSUM).is_some() {
            return;
        }
        // What lies before and behind the header is not summed there.
        let summed = common(HEADER).filter(|_| flags & RECOMPUTE == 0);
        found.extend(summed.map(|bytes| (call.insn, bytes)));
    }
    for (insn, (first, last)) in found {
        let what = format!(
            "the program rewrites {} of the packet, in its IPv4 header, and nothing mends the header's checksum",
            stretch(first, last)
        );
        hits.push(Hit::at(LINT.rule, insn, what));
    }
}
