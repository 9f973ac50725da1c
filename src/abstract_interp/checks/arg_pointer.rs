//! Pointer arguments: how far from the start of their object they may be, and
//! of which kernel struct the object must be.

use super::{btf_ptr, reg_kind, struct_match};
use crate::abstract_interp::refusal::{Fault, refuse_reg};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm, unknown};
use crate::helpers_spec::ArgType;
use crate::prelude::*;

/// How far a pointer argument may be from the start of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgOff {
    /// As its kind allows.
    Any,
    /// It is a dynptr.
    Dynptr,
    /// What it points to is given back: not at all.
    Release,
    /// A dynptr is given back.
    ReleaseDynptr,
}

/// Whether the pointer in register `r` is near enough to its object's start to
/// be an argument.
pub fn reg_off(vm: &Vm<'_>, r: u8, how: ArgOff) -> Check<()> {
    let reg = vm.reg(r);
    if matches!(how, ArgOff::Release | ArgOff::ReleaseDynptr) {
        if how == ArgOff::ReleaseDynptr && matches!(reg.kind, Kind::Stack { .. }) {
            return Ok(());
        }
        if reg.off != 0 {
            let off = reg.off.into();
            return refuse_reg(r, Fault::PointerReleasedInside { off });
        }
        return unmodified(reg, r, false);
    }
    let f = reg.flags;
    match reg.kind {
        Kind::Stack { .. }
        | Kind::Packet
        | Kind::PacketMeta
        | Kind::MapKey { .. }
        | Kind::MapValue { .. }
        | Kind::Scalar
            if f == Flags::NONE =>
        {
            Ok(())
        }
        Kind::Mem { .. } if f == Flags::NONE || f == Flags::RDONLY || f == Flags::RINGBUF => Ok(()),
        Kind::Buf if f == Flags::NONE || f == Flags::RDONLY => Ok(()),
        Kind::Arena => Ok(()),
        Kind::Btf { .. } => {
            let free = [
                Flags::NONE,
                Flags::ALLOC,
                Flags::TRUSTED,
                Flags::RCU,
                Flags::ALLOC.with(Flags::NON_OWN_REF),
                Flags::ALLOC.with(Flags::NON_OWN_REF).with(Flags::RCU),
            ];
            unmodified(reg, r, free.contains(&f))
        }
        _ => unmodified(reg, r, false),
    }
}

/// The pointer is at the start of its object (or, with `fixed_ok`, at a known
/// place in it).
pub fn unmodified(reg: &Reg, r: u8, fixed_ok: bool) -> Check<()> {
    let (held, off) = (*reg, reg.off.into());
    if reg.off < 0 {
        return refuse_reg(r, Fault::PointerNegative { held, off });
    }
    if !fixed_ok && reg.off != 0 {
        return refuse_reg(r, Fault::PointerModified { held, off });
    }
    if !reg.var_off_is_zero() {
        let var = reg.bounds.tnum;
        return refuse_reg(r, Fault::PointerVariable { held, var });
    }
    Ok(())
}

/// Register `r` is a valid kernel object of struct `want` (in the kernel's BTF):
/// a trusted argument of a global function.
pub fn trusted_btf(vm: &Vm<'_>, r: u8, want: u32, nullable: bool) -> Check<()> {
    let reg = vm.reg(r);
    let waived = if nullable {
        Flags::MAYBE_NULL
    } else {
        Flags::NONE
    };
    let list = reg_kind::accepted(vm, ArgType::BtfId)?;
    if !reg_kind::matches(list, reg, waived) {
        return refuse_reg(r, reg_kind::mismatch(list, reg));
    }
    of_type(vm, reg, r, want, false)?;
    reg_off(vm, r, ArgOff::Any)
}

/// Register `r` holds an object of the kernel's struct named `want` (of several
/// names, divided by `|`, the first that the kernel has).
pub fn of_struct(vm: &Vm<'_>, reg: &Reg, r: u8, want: &str, strict: bool) -> Check<()> {
    of_type(vm, reg, r, kernel_struct(vm, want)?, strict)
}

/// The struct of the kernel's BTF that a signature names.
pub fn kernel_struct(vm: &Vm<'_>, names: &str) -> Check<u32> {
    let Some(btf) = vm.env.types.any() else {
        return unknown("no-kernel-btf");
    };
    let name = |n: &'_ str| n.trim().trim_start_matches("struct ").to_owned();
    match names.split('|').find_map(|n| btf.find_struct(&name(n))) {
        Some(id) => Ok(id),
        None => unknown(format!("kernel-struct:{names}")),
    }
}

/// Register `r` holds an object of struct `want` of the kernel's BTF.
fn of_type(vm: &Vm<'_>, reg: &Reg, r: u8, want: u32, strict: bool) -> Check<()> {
    let Kind::Btf { btf, id } = reg.kind else {
        return unknown("btf-argument");
    };
    if struct_match::matches(vm, (btf, id), reg.off, (BtfSrc::Kernel, want), strict) {
        return Ok(());
    }
    let name = |src, id| btf_ptr::btf_of(vm, src).map_or("?", |b| b.name(id));
    let fault = Fault::ArgumentStruct {
        have: name(btf, id).into(),
        want: name(BtfSrc::Kernel, want).into(),
    };
    refuse_reg(r, fault)
}
