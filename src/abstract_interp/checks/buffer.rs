//! Memory regions, and buffers whose size is known only when attaching.

use super::access::{Access, Effect, Loaded};
use super::map_value::Bounded;
use super::secrecy;
use crate::abstract_interp::refusal::{Buffer, Fault, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};

/// A load or store through a pointer to a memory region (ring buffer
/// reservations, dynptr slices, kernel variables, global functions' arguments).
pub fn mem_access(vm: &Vm, access: &Access, off: i32) -> Check<Effect> {
    let (reg, regno) = (vm.reg(access.reg), access.reg);
    let Kind::Mem { size: limit, .. } = reg.kind else {
        return Ok(Effect::Untracked);
    };
    if reg.maybe_null() {
        return refuse_reg(regno, Fault::NotMemory { held: *reg });
    }
    let rdonly = reg.flags.has(Flags::RDONLY);
    if access.is_write() && rdonly {
        return cannot_write(reg, regno);
    }
    secrecy::stored(vm, access, Fault::AddressIntoMemory)?;
    // Reads of untrusted memory may fault safely, wherever they go.
    if !(rdonly && reg.flags.has(Flags::UNTRUSTED)) {
        Bounded { reg, regno, limit }.check(vm, off, access.size, false)?;
    }
    Ok(Effect::Load(Loaded::UNKNOWN))
}

/// A load or store of a buffer whose size is checked when attaching.
pub fn buf_access(access: &Access, reg: &Reg, off: i32) -> Check<Effect> {
    if access.is_write() && reg.flags.has(Flags::RDONLY) {
        return cannot_write(reg, access.reg);
    }
    buf_within(reg, access.reg, off, access.size)?;
    Ok(Effect::Load(Loaded::UNKNOWN))
}

/// Such a buffer takes any access at a known offset that isn't negative.
pub fn buf_within(reg: &Reg, regno: u8, off: i32, size: u32) -> Check<()> {
    let buffer = if reg.flags.has(Flags::RDONLY) {
        Buffer::ReadOnly
    } else {
        Buffer::ReadWrite
    };
    within(reg, regno, buffer, off, size)
}

/// Refuses negative and variable offsets.
pub fn within(reg: &Reg, regno: u8, buffer: Buffer, off: i32, size: u32) -> Check<()> {
    if off < 0 {
        let fault = Fault::BufferNegative {
            buffer,
            off: off.into(),
            size: size.into(),
        };
        return refuse_reg(regno, fault);
    }
    if !reg.var_off_is_zero() {
        let fault = Fault::BufferVariable {
            off: off.into(),
            var: reg.bounds.tnum,
        };
        return refuse_reg(regno, fault);
    }
    Ok(())
}

fn cannot_write<T>(reg: &Reg, regno: u8) -> Check<T> {
    refuse_reg(regno, Fault::ReadOnlyMemory { held: *reg })
}
