//! Memory regions, and buffers whose size is known only when attaching.

use super::access::{Access, Effect, Loaded};
use super::map_value::Bounded;
use super::names::{tnum_name, type_name};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::violation::Code;
use crate::abstract_interp::vm::{Check, Vm, refuse_reg};

/// A load or store through a pointer to a memory region (ring buffer
/// reservations, dynptr slices, kernel variables, global functions' arguments).
pub fn mem_access(vm: &Vm, access: &Access, off: i32) -> Check<Effect> {
    let (reg, regno) = (vm.reg(access.reg), access.reg);
    let Kind::Mem { size: limit, .. } = reg.kind else {
        return Ok(Effect::Untracked);
    };
    if reg.maybe_null() {
        let words = format!("R{regno} invalid mem access '{}'", type_name(reg));
        return refuse_reg(Code::MemAccessType, regno, words);
    }
    let rdonly = reg.flags.has(Flags::RDONLY);
    if access.is_write() && rdonly {
        return cannot_write(reg, regno);
    }
    // Reads of untrusted memory may fault safely, wherever they go.
    if !(rdonly && reg.flags.has(Flags::UNTRUSTED)) {
        Bounded { reg, regno, limit }.check(off, access.size, false)?;
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
    let what = if reg.flags.has(Flags::RDONLY) {
        "rdonly"
    } else {
        "rdwr"
    };
    within(reg, regno, what, off, size)
}

/// Refuses negative and variable offsets.
pub fn within(reg: &Reg, regno: u8, what: &str, off: i32, size: u32) -> Check<()> {
    if off < 0 {
        let words = format!("R{regno} invalid {what} buffer access: off={off}, size={size}");
        return refuse_reg(Code::BufferAccess, regno, words);
    }
    if !reg.var_off_is_zero() {
        let var = tnum_name(reg.bounds.tnum.value, reg.bounds.tnum.mask);
        let words = format!("R{regno} invalid variable buffer offset: off={off}, var_off={var}");
        return refuse_reg(Code::BufferAccess, regno, words);
    }
    Ok(())
}

fn cannot_write<T>(reg: &Reg, regno: u8) -> Check<T> {
    let words = format!("R{regno} cannot write into {}", type_name(reg));
    refuse_reg(Code::ReadOnlyWrite, regno, words)
}
