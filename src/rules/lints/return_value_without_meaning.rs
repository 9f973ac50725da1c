//! `return-value-without-meaning`: a program returns a number that its hook does not know.
//!
//! XDP takes what it does not know for `XDP_ABORTED`, with a warning in the kernel's log; tc
//! lets the packet pass in some versions and not in others. Only constants count: where they
//! reach the end of the main function. The hooks whose range verifiers enforce are left out.

use super::facts::Facts;
use super::flow::{Def, Place};
use super::{Hit, Lint, Scope, rule};
use crate::helpers_spec::ProgType;
use crate::prelude::*;
use crate::programs::insn::{AluOp, Op, Src};

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

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let (Some((range, why)), Some(flow)) = (known(facts.program.prog_type), facts.flow()) else {
        return;
    };
    let main = facts.program.subprogs.first();
    let end = main.map_or(facts.ops.len(), |s| s.end as usize);
    for (at, op) in facts.ops.iter().enumerate().take(end) {
        if !matches!(op, Op::Exit) || !facts.observed.reached(at) {
            continue;
        }
        for def in flow.defs(at, Place::Reg(0)).into_iter().flatten() {
            let Def::At(def) = def else { continue };
            let def = def as usize;
            let Some(Op::Alu {
                op: AluOp::Mov,
                src: Src::Imm(value),
                ..
            }) = facts.ops.get(def)
            else {
                continue;
            };
            let told = hits
                .iter()
                .any(|h| h.rule.number == LINT.rule.number && h.insn == Some(def as u32));
            if !range.contains(value) && facts.observed.reached(def) && !told {
                let what = format!("{value} is returned: {why}");
                hits.push(Hit::at(LINT.rule, def, what));
            }
        }
    }
}
