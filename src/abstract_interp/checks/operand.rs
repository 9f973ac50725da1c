//! Registers as operands.

use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::vm::{Check, Vm};

/// Register `r` may be read.
pub fn read_ok(vm: &Vm, r: u8) -> Check<()> {
    if r as usize >= crate::abstract_interp::state::NREGS {
        return refuse_reg(r, Fault::RegisterAbsent);
    }
    if vm.reg(r).is_init() {
        Ok(())
    } else {
        refuse_reg(r, Fault::Unwritten)
    }
}

/// Register `r` may be written.
pub fn write_ok(r: u8) -> Check<()> {
    if r as usize >= crate::abstract_interp::state::NREGS {
        return refuse_reg(r, Fault::RegisterAbsent);
    }
    if r == crate::abstract_interp::state::FP {
        return refuse_reg(r, Fault::FramePointer);
    }
    Ok(())
}

/// An argument on the stack lies in a slot of its own, on its side of r11.
pub fn stack_argument(on_its_side: bool, off: i16) -> Check<()> {
    match on_its_side && off % 8 == 0 {
        true => Ok(()),
        false => refuse(Fault::StackArgument { off: off.into() }),
    }
}
