//! `result-read-at-entry`: a probe at a function's entry reads its result.
//!
//! As `argument-read-at-return`, the other way round. Only kernel functions that the section
//! names: probes in user space are put on instructions that return, too.

use super::facts::Facts;
use super::hook::{Hook, Register};
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
    if !matches!(Hook::of(facts.program), Hook::Entry(function) if !function.is_empty()) {
        return;
    }
    for (at, op) in facts.ops.iter().enumerate() {
        let Op::Load {
            off,
            size: Size::DW | Size::W,
            ..
        } = *op
        else {
            continue;
        };
        if facts.observed.bases(at) == [Pointee::Ctx]
            && Register::at(facts.program, off) == Some(Register::Result)
        {
            let what = "the result is read when the function begins: nothing has been returned yet";
            hits.push(Hit::at(LINT.rule, at, what));
        }
    }
}
