//! `network-order-ignored`: the EtherType of a packet is compared as if it were in the
//! machine's byte order.
//!
//! Only EtherTypes are followed, because only their places and values leave no doubt: two
//! bytes of a packet at offset 12 (16 behind a VLAN tag), or a context's `protocol`, that are
//! not turned before they are compared with a well-known number. Ports and addresses have
//! no value that is wrong by itself.

use super::facts::Facts;
use super::flow::Flow;
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::ProgType;
use crate::prelude::*;
use crate::programs::insn::{AluOp, JmpOp, Op, Size, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// EtherTypes that read otherwise when turned, with what they are.
const ETHER_TYPES: [(u16, &str); 6] = [
    (0x0800, "IPv4"),
    (0x0806, "ARP"),
    (0x8100, "VLAN"),
    (0x86dd, "IPv6"),
    (0x8847, "MPLS"),
    (0x88a8, "VLAN of providers"),
];

/// Where the EtherType of an Ethernet header is, plain and behind one tag.
const PLACES: [i16; 2] = [12, 16];
/// `protocol` of a socket buffer's context.
const PROTOCOL: i16 = 16;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    for (at, op) in facts.ops.iter().enumerate() {
        let Op::Jmp { op, dst, src, .. } = op else {
            continue;
        };
        if !matches!(op, JmpOp::Eq | JmpOp::Ne) || !facts.observed.reached(at) {
            continue;
        }
        let value = match src {
            Src::Imm(imm) => Some(*imm as u32 as u64),
            Src::Reg(reg) => flow.constant(at, *reg),
        };
        let known = ETHER_TYPES
            .iter()
            .find(|(n, _)| Some(u64::from(*n)) == value);
        let Some((number, name)) = known else {
            continue;
        };
        let Some(load) = loaded(flow, facts.ops, at, *dst) else {
            continue;
        };
        if is_ether_type(facts, load) {
            let turned = number.swap_bytes();
            let what = format!(
                "{number:#06x} ({name}) is compared with bytes of the packet in network order, in which it reads {turned:#06x}"
            );
            hits.push(Hit::at(LINT.rule, at, what).and(load, "the EtherType is read here"));
        }
    }
}

/// The load that a register's value is from, unchanged.
pub(super) fn loaded(flow: &Flow<'_>, ops: &[Op], mut at: usize, mut reg: u8) -> Option<usize> {
    for _ in 0..8 {
        at = flow.def(at, reg)?;
        match ops.get(at)? {
            Op::Load { .. } => return Some(at),
            Op::Alu {
                op: AluOp::Mov,
                src: Src::Reg(src),
                ..
            } => reg = *src,
            Op::Alu {
                op: AluOp::And,
                src: Src::Imm(0xffff),
                ..
            } => {}
            _ => return None,
        }
    }
    None
}

fn is_ether_type(facts: &Facts<'_>, load: usize) -> bool {
    use ProgType as P;
    let Some(Op::Load { off, size, .. }) = facts.ops.get(load) else {
        return false;
    };
    match facts.observed.bases(load) {
        [Pointee::Packet] => *size == Size::H && PLACES.contains(off),
        [Pointee::Ctx] => {
            let buffer = matches!(
                facts.program.prog_type,
                P::SchedCls | P::SchedAct | P::SocketFilter | P::CgroupSkb | P::SkSkb
            );
            buffer && *off == PROTOCOL
        }
        _ => false,
    }
}
