//! What a loader without `CAP_PERFMON` may not learn: where kernel objects lie.
//!
//! Every register holds a number or an address. Numbers are the program's own; addresses
//! may be used, but no bit of one may become a number: not by arithmetic, by a comparison,
//! by leaving the program, nor by reading a saved one piece by piece. Memory that the
//! program never wrote may hold addresses of others, so it counts as secret, too. The
//! stack is the one place where addresses may be stored: its slots are typed.
//!
//! With `CAP_PERFMON` nothing here refuses; each check begins with that.

use super::access::{Access, Dir};
use super::stack;
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::stack::{Byte, SLOT, Slot};
use crate::abstract_interp::value::{Kind, Reg};
use crate::abstract_interp::vm::{Check, Env, Vm};

/// A comparison tells of its operand.
pub fn compared(vm: &Vm<'_>, r: u8) -> Check<()> {
    keep(vm, r, Fault::AddressCompared)
}

/// Half of a register is copied.
pub fn copied_in_part(vm: &Vm<'_>, r: u8) -> Check<()> {
    keep(vm, r, Fault::AddressCopiedInPart)
}

/// The low bits of a register are copied.
pub fn extended(vm: &Vm<'_>, r: u8) -> Check<()> {
    keep(vm, r, Fault::AddressExtended)
}

/// A register is turned into a number.
pub fn changed(vm: &Vm<'_>, r: u8) -> Check<()> {
    keep(vm, r, Fault::AddressChanged)
}

/// An atomic instruction takes a register to memory.
pub fn exchanged(vm: &Vm<'_>, r: u8) -> Check<()> {
    keep(vm, r, Fault::AddressIntoMemory)
}

/// Register `r` must not be an address where `fault` would be to give it away.
pub fn keep(vm: &Vm<'_>, r: u8, fault: Fault) -> Check<()> {
    if vm.env.confined && vm.reg(r).is_pointer() {
        return refuse_reg(r, fault);
    }
    Ok(())
}

/// What a store puts into memory must not be an address.
pub fn stored(vm: &Vm<'_>, access: &Access, fault: Fault) -> Check<()> {
    match (access.dir, access.value.reg()) {
        (Dir::Write, Some(r)) => keep(vm, r, fault),
        _ => Ok(()),
    }
}

/// The same for memory of which it is asked before all else.
pub fn stored_first(vm: &Vm<'_>, access: &Access, base: &Reg) -> Check<()> {
    let fault = match base.kind {
        Kind::MapValue { .. } => Fault::AddressIntoMap,
        Kind::Ctx => Fault::AddressIntoContext,
        Kind::FlowKeys => Fault::AddressIntoFlowKeys,
        _ => return Ok(()),
    };
    stored(vm, access, fault)
}

/// A store of `size` bytes must not leave half of a saved address behind.
pub fn slot_overwritten(vm: &Vm<'_>, slot: &Slot, size: u32) -> Check<()> {
    if !vm.env.confined || size == SLOT || !slot.is_spill() {
        return Ok(());
    }
    let whole = slot.kinds[0] == Byte::Spill;
    let numbers_too = !vm.env.target.behaviour().narrow_stores_over_numbers();
    if !slot.spill.is_scalar() || whole && numbers_too {
        return refuse(Fault::SavedAddressMangled);
    }
    Ok(())
}

/// A store somewhere in a range must find plain data there, lest it go over a saved
/// address, or make unwritten bytes look written.
pub fn byte_overwritten(vm: &Vm<'_>, frame: usize, off: i32) -> Check<()> {
    if !vm.env.confined {
        return Ok(());
    }
    let slot = stack::slot(vm, frame, off);
    let plain = |byte| matches!(byte, Byte::Misc | Byte::Zero);
    if stack::bytes(slot, off, 1).all(plain) {
        return Ok(());
    }
    refuse(Fault::SavedInRange { off: off.into() })
}

/// A processor that runs ahead could go astray in the stack.
pub fn variable_stack(vm: &Vm<'_>, r: u8) -> Check<()> {
    if vm.env.speculates {
        let var = vm.reg(r).bounds.tnum;
        return refuse_reg(r, Fault::SpeculativeStackAccess { var });
    }
    Ok(())
}

/// A saved address is read as the number that it is.
pub fn saved(vm: &Vm<'_>, slot: &Slot, off: i32) -> Check<()> {
    if vm.env.confined && slot.spill.is_pointer() {
        return refuse(Fault::SavedAddressRead { off: off.into() });
    }
    Ok(())
}

/// Whether a byte of the slot is kept from callees: part of a saved address.
pub fn hides(env: &Env<'_>, slot: &Slot, byte: Byte) -> bool {
    env.confined && byte == Byte::Spill && slot.spill.is_pointer()
}
