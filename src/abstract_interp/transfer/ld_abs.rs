//! `LD_ABS` and `LD_IND`: the classic packet loads.
//!
//! They work on the skb in r6, clobber what a call clobbers, and end the function
//! with 0 when the packet is too short: nothing may be held.

use super::call::clobber;
use super::subprog::leave_frame;
use crate::abstract_interp::checks::arg_pointer::unmodified;
use crate::abstract_interp::checks::{leaks, operand};
use crate::abstract_interp::domain::Bounds;
use crate::abstract_interp::refusal::{Fault, Way, refuse, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Next, Vm};
use crate::helpers_spec::ProgType;
use crate::programs::insn::Op;

const SKB: u8 = 6;

/// Carries out `LdAbs` or `LdInd`.
pub fn step(vm: &mut Vm<'_>, op: Op) -> Check<Next> {
    let reads_skb = matches!(
        vm.env.prog_type(),
        ProgType::SocketFilter | ProgType::SchedCls | ProgType::SchedAct
    );
    if !reads_skb {
        return refuse(Fault::LegacyLoadProgram);
    }
    operand::read_ok(vm, SKB)?;
    leaks::check(vm, false, true, Way::LegacyLoad)?;
    let skb = vm.reg(SKB);
    if skb.kind != Kind::Ctx || skb.flags != Flags::NONE {
        return refuse_reg(SKB, Fault::LegacyLoadContext);
    }
    if let Op::LdInd { src, .. } = op {
        operand::read_ok(vm, src)?;
    }
    unmodified(vm.reg(SKB), SKB, false)?;
    clobber(vm);
    vm.cur.set_reg(0, Reg::scalar(Bounds::UNKNOWN));
    if vm.env.target.behaviour.ld_abs_returns && vm.cur.curframe() > 0 {
        let insn = vm.insn;
        vm.push_branch(insn + 1)?;
        vm.cur.set_reg(0, Reg::constant(0));
        return leave_frame(vm);
    }
    Ok(Next::Fallthrough)
}
