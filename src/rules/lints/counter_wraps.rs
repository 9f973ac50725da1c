//! `counter-wraps`: bytes of packets are added up in 32 bits.
//!
//! Only additions of a packet's length count: numbers of packets may be meant to be small.

use super::facts::Facts;
use super::flow::{Flow, Root};
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

/// Whether a number is the length of the packet: a field, or its end less its beginning.
fn is_length(facts: &Facts<'_>, flow: &Flow<'_>, insn: usize, reg: u8, buffer: bool) -> bool {
    let roots = flow.roots(insn, reg);
    let field = |wanted: i16| {
        roots.iter().any(|root| {
            let Root::Load(at) = root else { return false };
            let at = *at as usize;
            matches!(facts.ops.get(at), Some(Op::Load { off, .. }) if *off == wanted)
                && facts.observed.bases(at) == [Pointee::Ctx]
        })
    };
    match buffer {
        true => roots.len() == 1 && field(0),
        false => roots.len() == 2 && field(0) && field(4),
    }
}
