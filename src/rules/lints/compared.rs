//! Numbers of packets and contexts that are compared with constants.
//!
//! What a packet holds is in network order, and so are some fields of contexts. A number
//! from there that is compared for equality before anything turned it tells its order by
//! the constant: the lints know the constants.

use super::facts::Facts;
use super::flow::Flow;
use crate::abstract_interp::Pointee;
use crate::helpers_spec::{ProgType, ctx_access};
use crate::prelude::*;
use crate::programs::insn::{AluOp, Endness, JmpOp, Op, Size, Src};

/// Where such a number was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// Bytes of a packet, this far from the pointer that was followed.
    Packet { off: i16, size: Size },
    /// The context's field of this name.
    Field(&'static str),
}

/// A number that was loaded, compared with a constant for equality.
pub(super) struct Compared {
    /// The comparison.
    pub(super) at: usize,
    pub(super) value: u64,
    /// Where the number was loaded; nothing changed it since, but its order.
    pub(super) load: usize,
    pub(super) from: From,
    /// It is in the machine's order.
    turned: bool,
}

/// Where the EtherType of an Ethernet header is, plain and behind one tag.
const ETHER_TYPE: [i16; 2] = [12, 16];

impl Compared {
    /// Whether the number is the EtherType of a packet, by where it was loaded.
    pub(super) fn is_ether_type(&self, facts: &Facts<'_>) -> bool {
        use ProgType as P;
        let buffer = || {
            matches!(
                facts.program.prog_type,
                P::SchedCls | P::SchedAct | P::SocketFilter | P::CgroupSkb | P::SkSkb
            )
        };
        match self.from {
            From::Packet { off, size } => size == Size::H && ETHER_TYPE.contains(&off),
            From::Field(name) => name == "protocol" && buffer(),
        }
    }
}

/// Comparisons of numbers in network order that verification reached.
pub(super) fn unturned(facts: &Facts<'_>) -> impl Iterator<Item = Compared> {
    compared(facts).into_iter().filter(|c| !c.turned)
}

/// The EtherTypes that the program asks for, as they are written from left to right.
pub(super) fn ether_types(facts: &Facts<'_>) -> Vec<u16> {
    let asked = compared(facts).into_iter().filter_map(|c| {
        let value = u16::try_from(c.value).ok()?;
        let value = if c.turned { value } else { value.swap_bytes() };
        c.is_ether_type(facts).then_some(value)
    });
    asked.collect()
}

/// Such comparisons that verification reached.
fn compared(facts: &Facts<'_>) -> Vec<Compared> {
    let Some(flow) = facts.flow() else {
        return Vec::new();
    };
    let one = |(at, op): (usize, &Op)| {
        let Op::Jmp {
            op: JmpOp::Eq | JmpOp::Ne,
            dst,
            src,
            ..
        } = op
        else {
            return None;
        };
        if !facts.observed.reached(at) {
            return None;
        }
        let value = match src {
            Src::Imm(imm) => u64::from(*imm as u32),
            Src::Reg(reg) => flow.constant(at, *reg)?,
        };
        let (load, turned) = loaded(flow, facts.ops, at, *dst)?;
        let from = from(facts, load)?;
        let number = Compared {
            at,
            value,
            load,
            from,
            turned,
        };
        Some(number)
    };
    facts.ops.iter().enumerate().filter_map(one).collect()
}

/// The load that a register's value is from, and whether it was turned since; it is
/// unchanged otherwise.
fn loaded(flow: &Flow<'_>, ops: &[Op], mut at: usize, mut reg: u8) -> Option<(usize, bool)> {
    let mut turned = false;
    for _ in 0..8 {
        at = flow.def(at, reg)?;
        match ops.get(at)? {
            Op::Load { .. } => return Some((at, turned)),
            // Turns what it reads.
            Op::LdAbs { .. } => return Some((at, !turned)),
            Op::End { kind, bits: 16, .. } => turned ^= *kind != Endness::Le,
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

fn from(facts: &Facts<'_>, load: usize) -> Option<From> {
    let (off, size) = match *facts.ops.get(load)? {
        Op::Load { off, size, .. } => (off, size),
        Op::LdAbs { size, imm } => {
            let off = i16::try_from(imm).ok()?;
            return Some(From::Packet { off, size });
        }
        _ => return None,
    };
    match facts.observed.bases(load) {
        [Pointee::Packet] => Some(From::Packet { off, size }),
        [Pointee::Ctx] => {
            let p = facts.program;
            let layout = ctx_access(p.prog_type, p.attach_type, facts.spec)?;
            let mut fields = layout.fields().iter();
            let field = fields.find(|(_, at, _)| i64::from(*at) == i64::from(off))?;
            Some(From::Field(field.0))
        }
        _ => None,
    }
}
