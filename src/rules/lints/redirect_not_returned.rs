//! `redirect-not-returned`: a packet is to be redirected, and the program returns another
//! verdict.
//!
//! Followed is the way straight on from the call to the end; where it parts the lint stays
//! silent.

use super::facts::Facts;
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::{ProgType, helper, helper_name};
use crate::prelude::*;
use crate::programs::insn::{AluOp, Op, Src};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Slots that are followed.
const AFTER: usize = 64;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let wanted = match facts.program.prog_type {
        ProgType::Xdp => 4,
        ProgType::SchedCls | ProgType::SchedAct => 7,
        _ => return,
    };
    let calls = [
        helper::REDIRECT,
        helper::REDIRECT_MAP,
        helper::REDIRECT_NEIGH,
        helper::REDIRECT_PEER,
    ];
    for (call, id) in facts.reached_helpers(&calls) {
        // The end of a function that is called says nothing.
        if facts
            .program
            .subprog_at(call.insn as u32)
            .is_some_and(|s| s != 0)
        {
            continue;
        }
        if let Some((at, value)) = returned(facts.ops, call.insn + 1).filter(|r| r.1 != wanted) {
            let name = helper_name(id).unwrap_or("the call");
            let what = format!(
                "`{name}` only notes where the packet is to go: {value} is returned, and it doesn't go there"
            );
            hits.push(Hit::at(LINT.rule, call.insn, what).and(at, "returned is this"));
        }
    }
}

/// The constant that is returned on the way straight on, and where it is set.
fn returned(ops: &[Op], from: usize) -> Option<(usize, i32)> {
    let (mut at, mut value) = (from, None);
    for _ in 0..AFTER {
        let op = ops.get(at)?;
        let mut next = at + 1;
        match *op {
            Op::Exit => return value,
            Op::Ja { off, .. } => next = next.checked_add_signed(off as isize)?,
            Op::Jmp { .. } | Op::Call(_) | Op::CallX { .. } | Op::Gotox { .. } => return None,
            Op::Alu {
                op: AluOp::Mov,
                dst: 0,
                src: Src::Imm(imm),
                ..
            } => value = Some((at, imm)),
            ref op if op.effects().writes.has(0) => return None,
            _ => {}
        }
        at = next;
    }
    None
}
