//! Indirect jumps through a table.
//!
//! Every target that the register's bounds allow is walked, in ascending order but for
//! the last, which comes first.

use crate::abstract_interp::checks::jump_table;
use crate::abstract_interp::vm::{Check, Next, Vm, unknown};

/// Carries out `gotox r`.
pub fn step(vm: &mut Vm<'_>, r: u8) -> Check<Next> {
    let targets = jump_table::targets(vm, r)?;
    let Some((&last, rest)) = targets.split_last() else {
        return unknown("engine:gotox");
    };
    for &target in rest {
        vm.push_branch(target as usize)?;
    }
    Ok(Next::Goto(last as usize))
}
