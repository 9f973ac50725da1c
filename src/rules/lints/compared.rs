//! Numbers of packets and contexts that are compared with constants as they are.
//!
//! What a packet holds is in network order, and so are some fields of contexts. A number
//! from there that is compared for equality before anything turned it tells its order by
//! the constant: the lints know the constants.

use super::facts::Facts;
use super::flow::Flow;
use crate::abstract_interp::Pointee;
use crate::helpers_spec::ctx_access;
use crate::prelude::*;
use crate::programs::insn::{AluOp, JmpOp, Op, Size, Src};

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
    /// Where the number was loaded; nothing changed it since.
    pub(super) load: usize,
    pub(super) from: From,
}

/// Such comparisons that verification reached.
pub(super) fn compared(facts: &Facts<'_>) -> Vec<Compared> {
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
        let load = loaded(flow, facts.ops, at, *dst)?;
        let from = from(facts, load)?;
        let number = Compared {
            at,
            value,
            load,
            from,
        };
        Some(number)
    };
    facts.ops.iter().enumerate().filter_map(one).collect()
}

/// The load that a register's value is from, unchanged.
fn loaded(flow: &Flow<'_>, ops: &[Op], mut at: usize, mut reg: u8) -> Option<usize> {
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

fn from(facts: &Facts<'_>, load: usize) -> Option<From> {
    let Some(&Op::Load { off, size, .. }) = facts.ops.get(load) else {
        return None;
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
