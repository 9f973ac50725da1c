//! `argument-read-at-return`: a probe at a function's return reads the registers that
//! arguments came in.
//!
//! The registers of x86-64 are meant. A probe's section says where it sits. Functions in user
//! space that return two words (a slice) leave the second in the third argument's register. A
//! program that copies all registers reads none of them as an argument.

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

/// The register that holds the second half of a result of two words.
const SECOND_HALF: u8 = 3;

/// Where the registers have the code segment and the flags, which no probe asks for alone.
const SELDOM: [i16; 2] = [136, 144];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Hook::Return(function) = Hook::of(facts.program) else {
        return;
    };
    let copied = |(at, op): (usize, &Op)| {
        matches!(op, Op::Load { off, .. } if SELDOM.contains(off))
            && facts.observed.bases(at) == [Pointee::Ctx]
    };
    if facts.ops.iter().enumerate().any(copied) {
        return;
    }
    for (at, op) in facts.ops.iter().enumerate() {
        let Op::Load {
            off,
            size: Size::DW,
            ..
        } = *op
        else {
            continue;
        };
        if facts.observed.bases(at) != [Pointee::Ctx] {
            continue;
        }
        if let Some(Register::Argument(n)) = Register::at(facts.program, off)
            && (n != SECOND_HALF || !function.is_empty())
        {
            let what = format!(
                "argument {n} is read when the function returns: its register has long been used for other things"
            );
            hits.push(Hit::at(LINT.rule, at, what));
        }
    }
}
