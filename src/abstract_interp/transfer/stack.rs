//! What loads, stores and callees do to stack slots.
//!
//! `checks::stack` has allowed the access; nothing here can fail.

use crate::abstract_interp::checks::access::{Access, Value};
use crate::abstract_interp::checks::stack::{
    bytes, is_narrow_fill, is_spillable, keeps_immediate, keeps_number, spill_size,
};
use crate::abstract_interp::stack::{Byte, SLOT, Slot, spi};
use crate::abstract_interp::value::{Kind, Reg};
use crate::abstract_interp::vm::Vm;

/// Makes a frame's stack reach `bytes` below its frame pointer.
pub fn grow(vm: &mut Vm, frame: usize, bytes: u32) {
    if vm.cur.frames[frame].stack.allocated() >= bytes {
        return;
    }
    let at = vm.cur.frame_at_mut(frame);
    at.stack_mut().grow(bytes);
    let (subprog, allocated) = (at.subprog, at.stack.allocated());
    vm.note_stack_use(subprog, allocated);
}

/// Tells the function whose stack it is of a load or store.
fn note(vm: &mut Vm, frame: usize, off: i32) {
    let subprog = vm.cur.frames[frame].subprog;
    vm.subprogs.note_stack_access(subprog, vm.insn, off);
}

fn slot_mut<'v>(vm: &'v mut Vm<'_>, frame: usize, spi: usize) -> &'v mut Slot {
    vm.cur.frame_at_mut(frame).stack_mut().slot_mut(spi)
}

fn byte_index(off: i32) -> usize {
    ((-off - 1) as u32 % SLOT) as usize
}

/// Data written over (part of) a spill: what was there is data now.
fn scrub(slot: &mut Slot) {
    for kind in &mut slot.kinds {
        if *kind != Byte::Invalid {
            *kind = Byte::Misc;
        }
    }
}

/// A store at a known offset.
pub fn write(vm: &mut Vm, access: &Access, frame: usize, off: i32) {
    note(vm, frame, off);
    grow(vm, frame, off.unsigned_abs());
    let at = spi(off);
    if vm.env.speculates {
        super::speculation::stored(vm, access, frame, off);
    }
    destroy_dynptr(vm, frame, at);
    let aligned = off % SLOT as i32 == 0;
    if aligned && access.size == SLOT {
        vm.mark_stack_write(frame, 1 << at);
    }
    match access.value {
        Value::Reg(r) if aligned && keeps_number(vm.env.target.behaviour(), vm.reg(r), access) => {
            let fits = super::alu::width(vm.reg(r)) <= 8 * access.size;
            if fits && vm.env.target.behaviour().spill_unbounded() {
                super::alu::assign_scalar_id(vm, r);
            }
            let mut spill = *vm.reg(r);
            if !fits {
                spill.unlink(vm.env.target.behaviour());
            }
            save(vm, frame, at, spill, access.size);
        }
        Value::Imm(imm) if aligned && keeps_immediate(vm.env.target.behaviour(), imm) => {
            save(vm, frame, at, Reg::constant(imm as i64 as u64), access.size);
        }
        Value::Reg(r) if is_spillable(vm.reg(r)) => {
            let spill = *vm.reg(r);
            save(vm, frame, at, spill, access.size);
        }
        _ => {
            let byte = if writes_zero(vm, access) {
                Byte::Zero
            } else {
                Byte::Misc
            };
            let size = access.size as i32;
            let slot = slot_mut(vm, frame, at);
            if slot.is_spill() || slot.is_special() {
                scrub(slot);
            }
            slot.spill = Reg::UNINIT;
            for i in 0..size {
                slot.kinds[byte_index(off + i)] = byte;
            }
        }
    }
}

fn writes_zero(vm: &Vm, access: &Access) -> bool {
    match access.value {
        Value::Reg(r) => vm.reg(r).is_null(),
        Value::Imm(imm) => imm == 0,
        Value::Unknown => false,
    }
}

fn save(vm: &mut Vm, frame: usize, at: usize, spill: Reg, size: u32) {
    vm.record_stack_access(frame, at);
    let keeps_zeros = vm.env.target.behaviour().imprecise_zero();
    let slot = slot_mut(vm, frame, at);
    slot.spill = spill;
    let rest = (SLOT - size) as usize;
    slot.kinds[rest..].fill(Byte::Spill);
    for kind in &mut slot.kinds[..rest] {
        if *kind != Byte::Invalid && !(keeps_zeros && *kind == Byte::Zero) {
            *kind = Byte::Misc;
        }
    }
}

/// A store at one of several offsets: every byte may or may not be written.
pub fn write_range(vm: &mut Vm, access: &Access, frame: usize, min: i32, end: i32) {
    note(vm, frame, min);
    grow(vm, frame, min.unsigned_abs());
    for off in min..end {
        destroy_dynptr(vm, frame, spi(off));
    }
    let zero = writes_zero(vm, access);
    let keeps_spilled_zero = zero && vm.env.target.behaviour().imprecise_zero();
    let scrubs = vm.env.target.behaviour().var_off_write_scrubs();
    for off in min..end {
        let slot = slot_mut(vm, frame, spi(off));
        let index = byte_index(off);
        if keeps_spilled_zero
            && slot.kinds[index] == Byte::Spill
            && slot.is_scalar_spill()
            && slot.spill.is_null()
        {
            continue;
        }
        if scrubs && (slot.is_spill() || slot.is_special()) {
            scrub(slot);
        }
        slot.spill = Reg::UNINIT;
        if !(zero && slot.kinds[index] == Byte::Zero) {
            slot.kinds[index] = Byte::Misc;
        }
    }
}

/// A load at a known offset.
pub fn read(vm: &mut Vm, access: &Access, frame: usize, off: i32) {
    note(vm, frame, off);
    grow(vm, frame, off.unsigned_abs());
    let at = spi(off);
    vm.mark_stack_read(frame, 1 << at);
    let slot = *slot_mut(vm, frame, at);
    let size = access.size;
    let dst = match access.value {
        Value::Reg(r) => Some(r),
        _ => None,
    };
    if !slot.is_spill() {
        if let Some(dst) = dst {
            let zero = bytes(&slot, off, size).all(|b| b == Byte::Zero);
            vm.cur
                .set_reg(dst, if zero { zeros(vm) } else { Reg::unknown() });
        }
        return;
    }
    let whole = size == SLOT && spill_size(&slot) == SLOT;
    let Some(dst) = dst else {
        if whole {
            vm.record_stack_access(frame, at);
        }
        return;
    };
    let slot = match whole || is_half_fill(&slot, size) {
        true => share(vm, frame, at),
        false => slot,
    };
    if whole {
        vm.cur.set_reg(dst, slot.spill);
    } else if is_narrow_fill(vm.env.target.behaviour(), &slot, off, size) {
        let mut reg = slot.spill;
        if vm.env.target.behaviour().fill_narrow() && super::alu::width(&reg) > size * 8 {
            reg.unlink(vm.env.target.behaviour());
        }
        vm.cur.set_reg(dst, reg);
    } else {
        let all = |byte| bytes(&slot, off, size).all(|b| b == byte);
        if vm.env.target.behaviour().imprecise_zero() && all(Byte::Spill) && slot.spill.is_null() {
            vm.cur.set_reg(dst, Reg::constant(0));
        } else {
            // What is loaded isn't the spilled register: nothing leads back to it.
            vm.cur.set_reg(
                dst,
                if all(Byte::Zero) {
                    zeros(vm)
                } else {
                    Reg::unknown()
                },
            );
            return;
        }
    }
    vm.record_stack_access(frame, at);
}

/// Zero bytes as a number. Where walking back doesn't know them, it stops there: the
/// number counts as relied on from the start.
fn zeros(vm: &Vm) -> Reg {
    Reg {
        precise: !vm.env.target.behaviour().imprecise_zero(),
        ..Reg::constant(0)
    }
}

/// Whether all of a number of 32 bits, spilled as such, is loaded.
fn is_half_fill(slot: &Slot, size: u32) -> bool {
    let half = SLOT / 2;
    size == half && spill_size(slot) == half && super::alu::width(&slot.spill) <= 8 * half
}

/// A slot as its number is about to be loaded: with an id, so that the copy is linked to
/// it. Only where ids are dropped can it have lost the one that it was spilled with.
fn share(vm: &mut Vm, frame: usize, at: usize) -> Slot {
    let behaviour = vm.env.target.behaviour();
    if behaviour.drop_singular_ids() && vm.env.capable {
        let mut spill = vm.cur.frames[frame].stack.slot(at).spill;
        super::alu::give_scalar_id(vm, &mut spill);
        slot_mut(vm, frame, at).spill = spill;
    }
    *slot_mut(vm, frame, at)
}

/// A load at one of several offsets.
pub fn read_range(vm: &mut Vm, access: &Access, frame: usize, min: i32, end: i32) {
    note(vm, frame, min);
    touch(vm, frame, min, end, false);
    let stack = &vm.cur.frames[frame].stack;
    let zero = (min..end).all(|off| stack.byte(off) == Byte::Zero);
    if let Value::Reg(dst) = access.value {
        vm.cur
            .set_reg(dst, if zero { zeros(vm) } else { Reg::unknown() });
    }
}

/// A callee reads bytes `min..end`, and may overwrite them if `clobber`.
pub fn touch(vm: &mut Vm, frame: usize, min: i32, end: i32, clobber: bool) {
    grow(vm, frame, min.unsigned_abs());
    let mut mask = 0u64;
    for off in min..end {
        let at = spi(off);
        mask |= 1 << at;
        if !clobber {
            continue;
        }
        let slot = slot_mut(vm, frame, at);
        match slot.kinds[byte_index(off)] {
            Byte::Zero | Byte::Invalid => slot.kinds[byte_index(off)] = Byte::Misc,
            Byte::Spill => {
                slot.spill = Reg::unknown();
                scrub(slot);
            }
            _ => {}
        }
    }
    if mask != 0 {
        vm.mark_stack_read(frame, mask);
    }
}

/// Writing to a slot of a dynptr destroys all of it, and what was derived from it.
pub fn destroy_dynptr(vm: &mut Vm, frame: usize, at: usize) {
    if !vm.env.target.behaviour().dynptr_slots_guarded() {
        return;
    }
    if let Some(id) = clear_dynptr(vm, frame, at) {
        super::mem::invalidate_slices(vm, id);
    }
}

/// An object of `slots` slots is made from `at` on: what it is laid over is destroyed.
pub fn make_room(vm: &mut Vm, frame: usize, at: usize, slots: usize) {
    for slot in (0..slots).map_while(|n| at.checked_sub(n)) {
        destroy_dynptr(vm, frame, slot);
    }
}

/// Empties both slots of the dynptr of which `at` is one; gives its id.
pub fn clear_dynptr(vm: &mut Vm, frame: usize, at: usize) -> Option<u32> {
    let stack = &vm.cur.frames[frame].stack;
    let slot = stack.get(at).filter(|s| s.kinds[0] == Byte::Dynptr)?;
    let first = match slot.spill.kind {
        Kind::DynptrSlot { first: false, .. } => at + 1,
        _ => at,
    };
    let second = first.checked_sub(1)?;
    let id = stack.get(first).map_or(0, |s| s.spill.id);
    for at in [first, second] {
        *slot_mut(vm, frame, at) = Slot::EMPTY;
    }
    vm.mark_stack_write(frame, 1 << first | 1 << second);
    Some(id)
}
