//! `argument-read-at-return`: a probe at a function's return reads the registers that
//! arguments came in.
//!
//! The registers of x86-64 are meant: no other machine keeps anything of interest at their
//! offsets. A probe's section says where it sits.

use super::facts::Facts;
use super::hook::{ARGUMENTS, Hook};
use super::{Hit, Lint, Scope, rule};
use crate::abstract_interp::Pointee;
use crate::prelude::*;
use crate::programs::insn::{Op, Size};

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    if !matches!(Hook::of(facts.program), Hook::Return(_)) {
        return;
    }
    for (at, op) in facts.ops.iter().enumerate() {
        let Op::Load {
            off,
            size: Size::DW,
            ..
        } = op
        else {
            continue;
        };
        let argument = ARGUMENTS.iter().position(|a| a == off);
        if let Some(n) = argument.filter(|_| facts.observed.bases(at) == [Pointee::Ctx]) {
            let n = n + 1;
            let what = format!(
                "argument {n} is read when the function returns: its register has long been used for other things"
            );
            hits.push(Hit::at(LINT.rule, at, what));
        }
    }
}
