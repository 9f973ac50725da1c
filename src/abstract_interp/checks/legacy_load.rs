//! `LD_ABS` and `LD_IND`: which programs may, with what in their registers.

use super::arg_pointer::unmodified;
use super::{leaks, operand};
use crate::abstract_interp::refusal::{Fault, Way, refuse, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind};
use crate::abstract_interp::vm::{Check, Vm};
use crate::helpers_spec::ProgType;
use crate::programs::insn::Op;

/// The register that holds the skb.
const SKB: u8 = 6;

/// The load may stand here: it ends the function where the packet is too short, so
/// nothing may be held.
pub fn check(vm: &Vm<'_>, op: Op) -> Check<()> {
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
    unmodified(vm.reg(SKB), SKB, false)
}
