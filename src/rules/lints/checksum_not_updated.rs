//! `checksum-not-updated`: bytes of an IPv4 header are rewritten, and no checksum with them.
//!
//! Only of packets that the program knows to be IPv4: it compares a number with that
//! EtherType, and none with that of another protocol, whose header has no checksum there.
//! What lies behind the header may do without one (UDP). Programs that touch a checksum in
//! any way are left out: other helpers for it, a store to its place in IPv4, direct writes
//! to the packet.

use super::facts::{Facts, stretch};
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::{ProgType, helper};
use crate::prelude::*;
use crate::programs::insn::{JmpOp, Op, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Where a plain IPv4 header lies behind Ethernet.
const HEADER: core::ops::Range<u64> = 14..34;
/// EtherTypes, in either order.
const IPV4: [i32; 2] = [0x0800, 0x0008];
/// Of ARP, VLAN tags, IPv6, MPLS and PPPoE.
const OTHERS: [i32; 16] = [
    0x0806, 0x0608, 0x8100, 0x0081, 0x88a8, 0xa888, 0x86dd, 0xdd86, 0x8847, 0x4788, 0x8848, 0x4888,
    0x8863, 0x6388, 0x8864, 0x6488,
];
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
    let Some(flow) = facts.flow().filter(|_| is_ipv4(facts)) else {
        return;
    };
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
        if HEADER.contains(&from) && flags & RECOMPUTE == 0 {
            found.push((call.insn, from, end));
        }
    }
    for (insn, from, end) in found {
        let last = end.saturating_sub(1);
        let what = format!(
            "{} of the packet, in its IPv4 header, are rewritten, and nothing mends the header's checksum",
            stretch(from as i64, last as i64)
        );
        hits.push(Hit::at(LINT.rule, insn, what));
    }
}

/// Whether the program asks for IPv4, and for nothing else.
fn is_ipv4(facts: &Facts<'_>) -> bool {
    let compared = |(at, op): (usize, &Op)| match *op {
        Op::Jmp {
            op: JmpOp::Eq | JmpOp::Ne,
            src: Src::Imm(number),
            ..
        } => facts.observed.reached(at).then_some(number),
        _ => None,
    };
    let mut ipv4 = false;
    for number in facts.ops.iter().enumerate().filter_map(compared) {
        if OTHERS.contains(&number) {
            return false;
        }
        ipv4 |= IPV4.contains(&number);
    }
    ipv4
}
