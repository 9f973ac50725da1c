//! Memory that a helper or kfunc reads or writes through a pointer argument.
//!
//! The callee accesses `size` bytes from the pointer; the check is the same as
//! for a load or store of that many bytes, with what is peculiar to callees:
//! sizes known only as a range, zero sizes, memory that needn't be initialised
//! (`raw`), packet access as the callee allows.
//!
//! Use: call [`check`], [`check_sized`] or [`check_nullable`] and give the
//! [`Touched`] to `transfer::mem::touch` at once, so that the next argument is
//! checked against the changed stack as in the kernel; a raw write is kept by
//! the caller and carried out by `transfer::mem::clobber_stack_region` when all
//! arguments have passed.

use super::access::Dir;
use super::{btf_ptr, buffer, context, map_value, packet, stack};
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};
use crate::target::Limits;

/// What the callee does with the memory.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// The register that holds the pointer.
    pub reg: u8,
    /// How many bytes.
    pub size: u32,
    /// Whether the callee reads or writes.
    pub dir: Dir,
    /// Whether no bytes at all are fine.
    pub zero_allowed: bool,
    /// Whether the callee surely overwrites all of it, so that it needn't be
    /// initialised.
    pub raw: bool,
}

/// What an allowed access does to the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Nothing that is tracked.
    Nothing,
    /// Bytes `min..end` (from the frame pointer) of a stack are read, and
    /// overwritten with something unknown if `clobber`.
    Stack {
        /// Whose stack.
        frame: usize,
        /// The lowest byte.
        min: i32,
        /// One past the highest.
        end: i32,
        /// Whether the callee may write.
        clobber: bool,
    },
    /// All `size` bytes from the pointer in `reg` are overwritten once every
    /// argument has passed.
    Raw {
        /// The register that holds the pointer.
        reg: u8,
        /// How many bytes.
        size: u32,
    },
}

/// Checks an access of known size.
pub fn check(vm: &Vm, region: Region) -> Check<Touched> {
    check_as(vm, vm.reg(region.reg), as_typed(vm, region))
}

/// Where helpers don't say whether they read or write, they write what needn't be
/// initialised and read everything else.
fn as_typed(vm: &Vm, region: Region) -> Region {
    let behaviour = vm.env.target.behaviour();
    let declared = behaviour.helper_memory_typed() || behaviour.helper_writes_declared();
    match (declared, region.raw) {
        (true, _) => region,
        (false, raw) => Region {
            dir: if raw { Dir::Write } else { Dir::Read },
            ..region
        },
    }
}

/// Checks a `(memory, length)` pair: the callee may access as many bytes as
/// `size_reg` may say. Also gives the greatest length.
///
/// The length must be kept precise: this asks for it.
pub fn check_sized(vm: &Vm, region: Region, size_reg: u8) -> Check<(Touched, u64)> {
    // A length that varies may leave the end of the buffer as it was.
    let raw = region.raw && vm.reg(size_reg).bounds.is_const().is_some();
    let region = as_typed(vm, Region { raw, ..region });
    check_sized_as(vm, vm.reg(region.reg), region, size_reg)
}

fn check_sized_as(vm: &Vm, ptr: &Reg, region: Region, size_reg: u8) -> Check<(Touched, u64)> {
    let len = vm.reg(size_reg);
    if len.bounds.smin < 0 {
        let smin = len.bounds.smin;
        return refuse_reg(size_reg, Fault::SizeNegative { smin });
    }
    let named = vm.env.target.behaviour().zero_sizes_named();
    if len.bounds.umin == 0 && !region.zero_allowed && !named {
        check_as(vm, ptr, Region { size: 0, ..region })?;
    }
    if len.bounds.umin == 0 && !region.zero_allowed && named {
        let fault = Fault::ZeroSizePossible {
            umin: len.bounds.umin as i64,
            umax: len.bounds.umax as i64,
        };
        return refuse_reg(size_reg, fault);
    }
    if len.bounds.umax >= Limits::VAR_SIZE {
        let umax = len.bounds.umax;
        return refuse_reg(size_reg, Fault::SizeUnbounded { umax });
    }
    let size = len.bounds.umax as u32;
    let touched = check_as(vm, ptr, Region { size, ..region })?;
    vm.need_precise(size_reg);
    Ok((touched, len.bounds.umax))
}

/// Checks memory that the callee both reads and writes, or that is null (global
/// functions' and kfuncs' pointers to memory): a null constant passes, a pointer
/// that may be null counts as if it weren't.
pub fn check_nullable(vm: &Vm, reg: u8, size: u32) -> Check<Touched> {
    let held = vm.reg(reg);
    if held.is_null() {
        return Ok(Touched::Nothing);
    }
    let ptr = assume_not_null(vm, held);
    let region = Region {
        reg,
        size,
        dir: Dir::Read,
        zero_allowed: true,
        raw: false,
    };
    check_as(vm, &ptr, region)?;
    check_as(
        vm,
        &ptr,
        Region {
            dir: Dir::Write,
            ..region
        },
    )
}

/// The `(memory, length)` pair of a kfunc: read and written, may be empty.
pub fn check_sized_nullable(vm: &Vm, reg: u8, size_reg: u8) -> Check<(Touched, u64)> {
    let ptr = assume_not_null(vm, vm.reg(reg));
    let region = Region {
        reg,
        size: 0,
        dir: Dir::Read,
        zero_allowed: true,
        raw: false,
    };
    check_sized_as(vm, &ptr, region, size_reg)?;
    check_sized_as(
        vm,
        &ptr,
        Region {
            dir: Dir::Write,
            ..region
        },
        size_reg,
    )
}

/// The pointer as it is where it isn't null.
fn assume_not_null(vm: &Vm, reg: &Reg) -> Reg {
    let mut reg = *reg;
    if reg.maybe_null() {
        vm.env.known_not_null(&mut reg);
    }
    reg
}

/// Checks `region` as if its register held `reg`.
pub fn check_as(vm: &Vm, reg: &Reg, region: Region) -> Check<Touched> {
    let write = region.dir == Dir::Write;
    match reg.kind {
        Kind::Packet | Kind::PacketMeta => {
            packet::within(
                vm,
                reg,
                region.reg,
                reg.off,
                (region.size, region.zero_allowed),
            )?;
        }
        Kind::MapKey { map, .. } => {
            if write {
                return cannot_write(reg, region.reg);
            }
            map_value::key_region(vm, map, reg, region)?;
        }
        Kind::MapValue { map, .. } => map_value::helper_region(vm, map, reg, region)?,
        Kind::Mem { size, .. } => {
            if write && reg.flags.has(Flags::RDONLY) {
                return cannot_write(reg, region.reg);
            }
            let what = map_value::Bounded {
                reg,
                regno: region.reg,
                limit: size,
            };
            what.check(vm, reg.off, region.size, region.zero_allowed)?;
        }
        Kind::Buf => {
            if write && reg.flags.has(Flags::RDONLY) {
                return cannot_write(reg, region.reg);
            }
            buffer::buf_within(reg, region.reg, reg.off, region.size)?;
        }
        Kind::Stack { frame } => {
            return stack::range(vm, frame as usize, reg, region, reg.off, true);
        }
        Kind::Btf { .. } => {
            let written =
                region.dir == Dir::Write && vm.env.target.behaviour().lent_objects_written();
            btf_ptr::access(vm, reg, region.reg, reg.off, region.size, written)?;
        }
        Kind::Ctx if context::is_plain_buffer(vm) => {
            if region.size == 0 && region.zero_allowed {
                return Ok(Touched::Nothing);
            }
            context::last_byte(vm, reg, region)?;
        }
        _ => {
            if !(region.zero_allowed && region.size == 0 && reg.is_null()) {
                return refuse_reg(region.reg, Fault::ArgumentMemory { held: *reg });
            }
        }
    }
    Ok(Touched::Nothing)
}

fn cannot_write<T>(reg: &Reg, regno: u8) -> Check<T> {
    refuse_reg(regno, Fault::ReadOnlyMemory { held: *reg })
}
