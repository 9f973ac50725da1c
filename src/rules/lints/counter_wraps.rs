//! `counter-wraps`: bytes of packets are added up in 32 bits.
//!
//! Only additions of a packet's length count: numbers of packets may be meant to be small.

use super::facts::Facts;
use super::flow::Flow;
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::helpers_spec::ProgType;
use crate::prelude::*;
use crate::programs::insn::{AluOp, AtomicOp, Op, Size, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    use ProgType as P;
    let buffer = matches!(
        facts.program.prog_type,
        P::SchedCls | P::SchedAct | P::SocketFilter | P::CgroupSkb | P::SkSkb
    );
    if !buffer && facts.program.prog_type != P::Xdp {
        return;
    }
    let Some(flow) = facts.flow() else { return };
    for (at, op) in facts.ops.iter().enumerate() {
        let (added, reg) = match *op {
            Op::Atomic {
                op: AtomicOp::Add,
                size: Size::W,
                src,
                ..
            } => (at, src),
            Op::Store {
                size: Size::W,
                src: Src::Reg(src),
                ..
            } => match sum(facts, flow, at, src) {
                Some(found) => found,
                None => continue,
            },
            _ => continue,
        };
        let Some((map, def)) = facts.value_of(at) else {
            continue;
        };
        if is_length(facts, flow, added, reg, buffer) {
            let what = format!(
                "lengths of packets are added up in 32 bits of `{}`: after four gigabytes, seconds on a fast link, the sum begins anew",
                def.name
            );
            hits.push(Hit::at(LINT.rule, at, what).about(map));
        }
    }
}

/// Of a sum of a value in a map and something else: where, and the register of the latter.
fn sum(facts: &Facts<'_>, flow: &Flow<'_>, store: usize, reg: u8) -> Option<(usize, u8)> {
    let add = flow.def(store, reg)?;
    let Some(Op::Alu {
        op: AluOp::Add,
        dst,
        src: Src::Reg(src),
        ..
    }) = facts.ops.get(add)
    else {
        return None;
    };
    let from_map = |r: u8| {
        flow.def(add, r)
            .is_some_and(|at| facts.value_of(at).is_some())
    };
    match (from_map(*dst), from_map(*src)) {
        (true, false) => Some((add, *src)),
        (false, true) => Some((add, *dst)),
        _ => None,
    }
}

/// Whether a number is the length of the packet: a field, or its end less its beginning. A
/// part of it, or so many blocks, is none.
fn is_length(facts: &Facts<'_>, flow: &Flow<'_>, insn: usize, reg: u8, buffer: bool) -> bool {
    let whole = whole(facts, flow, insn, reg);
    match whole.and_then(|at| facts.ops.get(at).map(|op| (at, *op))) {
        Some((at, Op::Load { .. })) => buffer && is_field(facts, at, 0),
        Some((
            at,
            Op::Alu {
                op: AluOp::Sub,
                dst,
                src: Src::Reg(src),
                ..
            },
        )) => {
            let field = |reg: u8, off: i16| {
                let read = self::whole(facts, flow, at, reg);
                read.is_some_and(|read| is_field(facts, read, off))
            };
            !buffer && field(dst, END) && field(src, 0)
        }
        _ => false,
    }
}

/// Where an XDP context has the end of the packet; its beginning comes first.
const END: i16 = 4;

fn is_field(facts: &Facts<'_>, at: usize, wanted: i16) -> bool {
    matches!(facts.ops.get(at), Some(Op::Load { off, .. }) if *off == wanted)
        && facts.observed.bases(at) == [Pointee::Ctx]
}

/// The definition that a number comes from, through what leaves it as it is: moves, headers
/// that are added or taken off, extension.
fn whole(facts: &Facts<'_>, flow: &Flow<'_>, mut at: usize, mut reg: u8) -> Option<usize> {
    for _ in 0..8 {
        at = flow.def(at, reg)?;
        match *facts.ops.get(at)? {
            Op::Alu {
                op: AluOp::Mov,
                src: Src::Reg(src),
                ..
            } => reg = src,
            Op::MovSx { src, bits: 32, .. } => reg = src,
            Op::Alu {
                op: AluOp::Add | AluOp::Sub,
                src: Src::Imm(_),
                ..
            }
            | Op::Alu {
                op: AluOp::Lsh | AluOp::Rsh | AluOp::Arsh,
                src: Src::Imm(32),
                ..
            } => {}
            _ => return Some(at),
        }
    }
    None
}
