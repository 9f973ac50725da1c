//! `return-value-without-meaning`: a program returns a number that its hook does not know.
//!
//! XDP takes what it does not know for `XDP_ABORTED`, with a warning in the kernel's log; tc
//! lets the packet pass in some versions and not in others. Only constants count: where they
//! reach the end of the main function, past no branch that they would take another way (codes
//! of errors are told and replaced there). The hooks whose range verifiers enforce are left
//! out.

use alloc::collections::BTreeSet;

use super::facts::Facts;
use super::flow::{Def, Place};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::ProgType;
use crate::prelude::*;
use crate::programs::insn::{AluOp, Op, Src, Width};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// The values that a hook knows, and what it makes of others.
fn known(ty: ProgType) -> Option<(core::ops::RangeInclusive<i32>, &'static str)> {
    match ty {
        ProgType::Xdp => Some((
            0..=4,
            "XDP knows 0 to 4, and drops the packet for any other",
        )),
        // TC_ACT_UNSPEC to TC_ACT_TRAP.
        ProgType::SchedCls | ProgType::SchedAct => Some((-1..=8, "tc knows -1 to 8")),
        _ => None,
    }
}

/// Slots that are followed for all constants of a program.
const STEPS: usize = 1_000_000;

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let (Some((range, why)), Some(flow)) = (known(facts.program.prog_type), facts.flow()) else {
        return;
    };
    let main = facts.program.subprogs.first();
    let end = main.map_or(facts.ops.len(), |s| s.end as usize);
    let mut asked = BTreeSet::new();
    let mut steps = STEPS;
    for (at, op) in facts.ops.iter().enumerate().take(end) {
        if !matches!(op, Op::Exit) || !facts.observed.reached(at) {
            continue;
        }
        for def in flow.defs(at, Place::Reg(0)).into_iter().flatten() {
            let Def::At(def) = def else { continue };
            let def = def as usize;
            let Some(Op::Alu {
                w,
                op: AluOp::Mov,
                src: Src::Imm(value),
                ..
            }) = facts.ops.get(def)
            else {
                continue;
            };
            if range.contains(value) || !facts.observed.reached(def) || !asked.insert(def) {
                continue;
            }
            let number = match w {
                Width::W32 => u64::from(*value as u32),
                Width::W64 => i64::from(*value) as u64,
            };
            if reaches_end(facts, def, number, &mut steps) {
                let what = format!("{value} is returned: {why}");
                hits.push(Hit::at(LINT.rule, def, what));
            }
        }
    }
}

/// Whether a number that is put into r0 can be there at an end, by the branches that ask it.
fn reaches_end(facts: &Facts<'_>, from: usize, number: u64, steps: &mut usize) -> bool {
    let Some(cfg) = facts.cfg else { return false };
    let mut seen = BTreeSet::new();
    let mut work: Vec<usize> = cfg.successors(from).iter().map(|to| *to as usize).collect();
    while let Some(at) = work.pop() {
        let (Some(op), Some(left)) = (facts.ops.get(at), steps.checked_sub(1)) else {
            return false;
        };
        *steps = left;
        if !facts.observed.reached(at) || !seen.insert(at) {
            continue;
        }
        match *op {
            Op::Exit => return true,
            Op::Jmp {
                w,
                op: asked,
                dst: 0,
                src: Src::Imm(imm),
                off,
            } => {
                let taken = asked.holds(w, number, i64::from(imm) as u64);
                let off = if taken { isize::from(off) } else { 0 };
                work.extend((at + 1).checked_add_signed(off));
            }
            ref op if op.effects().writes.has(0) => {}
            _ => work.extend(cfg.successors(at).iter().map(|to| *to as usize)),
        }
    }
    false
}
