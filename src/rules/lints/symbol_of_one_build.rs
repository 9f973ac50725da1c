//! `symbol-of-one-build`: a probe hangs on a name that the compiler made up.
//!
//! Suffixes of copies that an optimiser makes: they come and go with compiler and options.

use super::facts::Facts;
use super::hook::Hook;
use super::{Hit, Lint, Scope, rule};
use crate::prelude::*;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

const SUFFIXES: [&str; 5] = [".isra.", ".constprop.", ".part.", ".cold", ".llvm."];

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let (Hook::Entry(name) | Hook::Return(name)) = Hook::of(facts.program) else {
        return;
    };
    if let Some(suffix) = SUFFIXES.iter().find(|s| name.contains(*s)) {
        let what =
            format!("`{name}` is a copy that one compiler made (`{suffix}`): other builds lack it");
        hits.push(Hit::at(LINT.rule, 0, what));
    }
}
