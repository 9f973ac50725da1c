//! `syscall-argument-behind-wrapper`: a probe of a system call's entry takes the second or a
//! later argument from the registers.
//!
//! `__x64_sys_*` have one argument, which points to the caller's registers. The first
//! register is therefore read by everybody; the others hold leftovers.

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
    let Hook::Entry(name) = Hook::of(facts.program) else {
        return;
    };
    if !name.starts_with("__x64_sys_") {
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
        let register = Register::at(facts.program, off);
        let later = matches!(register, Some(Register::Argument(2..)));
        if later && facts.observed.bases(at) == [Pointee::Ctx] {
            let what = format!(
                "`{name}` has one argument, a pointer to the caller's registers: this register holds no argument of the call"
            );
            hits.push(Hit::at(LINT.rule, at, what));
        }
    }
}
