//! `LD_ABS` and `LD_IND`: the classic packet loads.
//!
//! They work on the skb in r6, clobber what a call clobbers, and end the function
//! with 0 when the packet is too short: nothing may be held.

use super::call::clobber;
use super::subprog::leave_frame;
use crate::abstract_interp::checks::legacy_load;
use crate::abstract_interp::domain::Bounds;
use crate::abstract_interp::value::Reg;
use crate::abstract_interp::vm::{Check, Next, Vm};
use crate::programs::insn::Op;

/// Carries out `LdAbs` or `LdInd`.
pub fn step(vm: &mut Vm<'_>, op: Op) -> Check<Next> {
    legacy_load::check(vm, op)?;
    clobber(vm);
    vm.cur.set_reg(0, Reg::scalar(Bounds::UNKNOWN));
    if vm.env.target.behaviour().ld_abs_returns() && vm.cur.curframe() > 0 {
        let insn = vm.insn;
        vm.push_branch(insn + 1)?;
        vm.cur.set_reg(0, Reg::constant(0));
        return leave_frame(vm);
    }
    Ok(Next::Fallthrough)
}
