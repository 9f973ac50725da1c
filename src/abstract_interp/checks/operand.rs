//! Registers as operands.

use crate::abstract_interp::violation::Code;
use crate::abstract_interp::vm::{Check, Vm, refuse_reg};

/// Register `r` may be read.
pub fn read_ok(vm: &Vm, r: u8) -> Check<()> {
    if r as usize >= crate::abstract_interp::state::NREGS {
        return refuse_reg(Code::InvalidRegister, r, format!("R{r} is invalid"));
    }
    if vm.reg(r).is_init() {
        Ok(())
    } else {
        refuse_reg(Code::UninitRegister, r, format!("R{r} !read_ok"))
    }
}

/// Register `r` may be written.
pub fn write_ok(r: u8) -> Check<()> {
    if r as usize >= crate::abstract_interp::state::NREGS {
        return refuse_reg(Code::InvalidRegister, r, format!("R{r} is invalid"));
    }
    if r == crate::abstract_interp::state::FP {
        return refuse_reg(Code::FramePointerWrite, r, "frame pointer is read only");
    }
    Ok(())
}
