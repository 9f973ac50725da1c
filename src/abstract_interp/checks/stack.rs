//! Accesses to the stack of this or an outer frame.
//!
//! Bytes `fp-512 .. fp` of each frame may be accessed. A store at a known
//! offset keeps the register that it stored; a load of it gives the register
//! back. Whoever may load kernel pointers (the only case modelled) may also read
//! bytes never written. Dynptrs, iterators and saved IRQ flags live on the stack
//! too: plain reads of them are refused, plain writes destroy them, unless that
//! would lose a reference.
//!
//! All that can be refused is refused here; `transfer::stack` then can't fail.

use super::access::{Access, Dir, Effect};
use super::mem_region::{Region, Touched};
use super::{dynptr, secrecy};
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::stack::{Byte, MAX_STACK, SLOT, Slot, spi};
use crate::abstract_interp::state::FP;
use crate::abstract_interp::value::{Kind, Reg};
use crate::abstract_interp::vm::{Check, Env, Vm};
use crate::target::Limits;
use crate::target::Switches;

/// Bytes of a stack, `min..end` from the frame pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The lowest byte that may be touched.
    pub min: i32,
    /// One past the highest.
    pub end: i32,
    /// Whether the access is at one known offset.
    pub fixed: bool,
}

/// Where an access of `size` bytes at `reg` plus `off` may be; refuses what isn't
/// inside the stack. `off` includes the pointer's fixed offset.
fn within(
    vm: &Vm,
    frame: usize,
    reg: &Reg,
    regno: u8,
    off: i32,
    size: u32,
    dir: Dir,
) -> Check<Span> {
    // What was never written may be read by who may read anything; earlier
    // kernels refuse it.
    let grows = vm.env.target.behaviour().stack_grows_by_reads() && !vm.env.confined;
    let depth = if dir == Dir::Write || grows {
        MAX_STACK
    } else {
        vm.cur.frames[frame].stack.allocated()
    };
    let constant = reg.bounds.is_const();
    let (min, end) = match constant {
        Some(v) => {
            let min = (v as i64).wrapping_add(off as i64);
            (min, min.wrapping_add(size as i64))
        }
        None => {
            if [reg.bounds.smin, reg.bounds.smax]
                .iter()
                .any(|end| end.unsigned_abs() >= Limits::VAR_OFF)
            {
                return refuse_reg(regno, Fault::StackUnbounded { dir });
            }
            let off = off as i64;
            (reg.bounds.smin + off, reg.bounds.smax + off + size as i64)
        }
    };
    if min < -i64::from(depth) || min > -1 || end > 0 || size > i32::MAX as u32 {
        let (off, size) = (off.into(), size.into());
        let fault = match constant {
            Some(_) => Fault::StackOutside { dir, off, size },
            None => Fault::StackOutsideVariable {
                dir,
                var: reg.bounds.tnum,
                off,
                size,
            },
        };
        return refuse_reg(regno, fault);
    }
    Ok(Span {
        min: min as i32,
        end: end as i32,
        fixed: constant.is_some(),
    })
}

/// A load or store; `off` includes the pointer's fixed offset.
pub fn access(vm: &Vm, frame: usize, access: &Access, off: i32) -> Check<Effect> {
    let reg = vm.reg(access.reg);
    if reg.bounds.is_const().is_none() && !vm.env.target.behaviour().var_off_stack_writes() {
        let fault = Fault::StackVariableStore {
            var: reg.bounds.tnum,
            off: off.into(),
            size: access.size.into(),
        };
        return refuse_reg(access.reg, fault);
    }
    let span = within(vm, frame, reg, access.reg, off, access.size, access.dir)?;
    match (access.dir, span.fixed) {
        (Dir::Read, true) => {
            read_fixed(vm, frame, access, span.min)?;
            Ok(Effect::StackFixed {
                frame,
                off: span.min,
            })
        }
        (Dir::Read, false) => {
            if access.value.reg().is_none() {
                let fault = Fault::StackVariableArgument {
                    var: reg.bounds.tnum,
                    off: off.into(),
                    size: access.size.into(),
                };
                return refuse_reg(access.reg, fault);
            }
            let region = Region {
                reg: access.reg,
                size: access.size,
                dir: Dir::Read,
                zero_allowed: false,
                raw: false,
            };
            secrecy::variable_stack(vm, access.reg)?;
            range(vm, frame, reg, region, off, false)?;
            Ok(Effect::StackVar {
                frame,
                min: span.min,
                end: span.end,
            })
        }
        (Dir::Write, true) => {
            write_fixed(vm, frame, access, span.min)?;
            Ok(Effect::StackFixed {
                frame,
                off: span.min,
            })
        }
        (Dir::Write, false) => {
            secrecy::variable_stack(vm, access.reg)?;
            for off in span.min..span.end {
                may_destroy(vm, frame, off)?;
                secrecy::byte_overwritten(vm, frame, off)?;
            }
            if let Some(value) = access.value.reg()
                && vm.reg(value).is_null()
                && keeps_zero(vm, frame, span)
            {
                vm.need_precise(value);
            }
            Ok(Effect::StackVar {
                frame,
                min: span.min,
                end: span.end,
            })
        }
    }
}

/// The slot at `off`; slots not allocated yet are empty.
pub fn slot<'v>(vm: &'v Vm<'_>, frame: usize, off: i32) -> &'v Slot {
    vm.cur.frames[frame].stack.slot(spi(off))
}

/// How many bytes of the slot, from its lowest address, the spill covers.
pub fn spill_size(slot: &Slot) -> u32 {
    slot.kinds
        .iter()
        .rev()
        .take_while(|k| **k == Byte::Spill)
        .count() as u32
}

/// The kinds of the `size` bytes from `off` upwards, all in one slot.
pub fn bytes(slot: &Slot, off: i32, size: u32) -> impl Iterator<Item = Byte> + '_ {
    (0..size as i32).map(move |i| slot.kinds[((-(off + i) - 1) as u32 % SLOT) as usize])
}

/// Whether plain reads may see a byte of the slot. A store at a variable offset
/// may leave the rest of a spill behind whose first byte it took; such isn't
/// readable.
fn is_readable(env: &Env<'_>, slot: &Slot, byte: Byte) -> bool {
    match byte {
        Byte::Dynptr | Byte::Iter | Byte::Irq => false,
        Byte::Spill => slot.is_spill(),
        Byte::Invalid => env.target.behaviour().uninit_stack_reads() && !env.confined,
        Byte::Misc | Byte::Zero => true,
    }
}

/// Whether a load of `size` bytes at `off` gives back (part of) the spilled
/// number: the load begins where the spill does and is no longer.
pub fn is_narrow_fill(target: Switches<'_>, slot: &Slot, off: i32, size: u32) -> bool {
    let spilled = spill_size(slot);
    (size == spilled || size < spilled && target.fill_narrow()) && off % SLOT as i32 == 0
}

/// Whether a number stored to an aligned slot is remembered as it is; else its
/// bytes are data, or zeros.
pub fn keeps_number(target: Switches<'_>, value: &Reg, access: &Access) -> bool {
    value.is_scalar()
        && (access.size == SLOT || target.spill_subregs())
        && (!value.is_null() || target.imprecise_zero())
        && (!value.bounds.is_unknown() || target.spill_unbounded())
}

/// The same of an immediate.
pub fn keeps_immediate(target: Switches<'_>, value: i32) -> bool {
    target.spill_imm() && (value != 0 || target.imprecise_zero())
}

fn read_fixed(vm: &Vm, frame: usize, access: &Access, off: i32) -> Check<()> {
    let slot = slot(vm, frame, off);
    if slot.is_spill() {
        if access.size == SLOT && spill_size(slot) == SLOT {
            return match access.value.reg() {
                Some(_) => Ok(()),
                None => secrecy::saved(vm, slot, off),
            };
        }
        if !slot.spill.is_scalar() {
            return refuse(Fault::FillPartial);
        }
        if access.value.reg().is_none()
            || is_narrow_fill(vm.env.target.behaviour(), slot, off, access.size)
        {
            return Ok(());
        }
    }
    for (i, byte) in bytes(slot, off, access.size).enumerate() {
        if !is_readable(&vm.env, slot, byte) {
            let fault = Fault::StackUnreadable {
                off: off.into(),
                byte: i as u64,
                size: access.size.into(),
            };
            return refuse_reg(access.reg, fault);
        }
    }
    Ok(())
}

fn write_fixed(vm: &Vm, frame: usize, access: &Access, off: i32) -> Check<()> {
    secrecy::slot_overwritten(vm, slot(vm, frame, off), access.size)?;
    may_destroy(vm, frame, off)?;
    let Some(value) = access.value.reg() else {
        return Ok(());
    };
    let held = vm.reg(value);
    if held.is_scalar() {
        let target = vm.env.target.behaviour();
        let kept = off % SLOT as i32 == 0 && keeps_number(target, held, access);
        // Bytes remembered as zero don't lead back to the register; nor do, in
        // earlier kernels, stores other than through the frame pointer.
        if !kept && held.is_null() || kept && access.reg != FP && !target.precise_stack_by_history()
        {
            vm.need_precise(value);
        }
        return Ok(());
    }
    if !is_spillable(held) {
        return Ok(());
    }
    if access.size != SLOT {
        return refuse_reg(value, Fault::SpillPartial);
    }
    if frame != vm.cur.curframe() && matches!(held.kind, Kind::Stack { .. }) {
        return refuse_reg(value, Fault::SpillIntoCaller);
    }
    Ok(())
}

/// Whether a spill of this pointer is remembered.
pub fn is_spillable(reg: &Reg) -> bool {
    !matches!(
        reg.kind,
        Kind::Uninit
            | Kind::Scalar
            | Kind::TpBuffer
            | Kind::ConstDynptr { .. }
            | Kind::Insn { .. }
            | Kind::DynptrSlot { .. }
            | Kind::IterSlot { .. }
            | Kind::IrqSlot { .. }
    )
}

/// A write at `off` destroys a dynptr there, which must hold no reference.
fn may_destroy(vm: &Vm, frame: usize, off: i32) -> Check<()> {
    if !vm.env.target.behaviour().dynptr_slots_guarded() {
        return Ok(());
    }
    dynptr::may_overwrite(vm, frame, spi(off))
}

/// Whether a zero written somewhere in `span` leaves a zero there as it is.
fn keeps_zero(vm: &Vm, frame: usize, span: Span) -> bool {
    (span.min..span.end).any(|off| {
        let slot = slot(vm, frame, off);
        bytes(slot, off, 1).any(|byte| match byte {
            Byte::Zero => true,
            Byte::Spill => slot.is_scalar_spill() && slot.spill.is_null(),
            _ => false,
        })
    })
}

/// Memory of a callee on the stack (or a load at a variable offset); `off`
/// includes the pointer's fixed offset.
pub fn range(
    vm: &Vm,
    frame: usize,
    reg: &Reg,
    region: Region,
    off: i32,
    by_callee: bool,
) -> Check<Touched> {
    let may_write =
        region.dir == Dir::Write || by_callee && !vm.env.target.behaviour().helper_memory_typed();
    let dir = if may_write { Dir::Write } else { Dir::Read };
    if region.size == 0 && !region.zero_allowed {
        return refuse_reg(region.reg, Fault::ZeroSize);
    }
    let span = within(vm, frame, reg, region.reg, off, region.size, dir)?;
    if region.raw && span.fixed {
        let guarded = vm.env.target.behaviour().dynptr_slots_guarded();
        for at in span.min..span.end {
            if guarded && bytes(slot(vm, frame, at), at, 1).any(|b| b == Byte::Dynptr) {
                return refuse(Fault::DynptrWritten { off: at.into() });
            }
        }
        return Ok(Touched::Raw {
            reg: region.reg,
            size: region.size,
        });
    }
    for at in span.min..span.end {
        let slot = slot(vm, frame, at);
        let env = &vm.env;
        let grows = env.target.behaviour().stack_grows_by_reads() && !env.confined;
        let below = !grows && at < -(vm.cur.frames[frame].stack.allocated() as i32);
        let hidden = |b| !is_readable(env, slot, b) || secrecy::hides(env, slot, b);
        if below || bytes(slot, at, 1).any(hidden) {
            let (byte, size) = ((at - span.min) as u64, region.size.into());
            let fault = if span.fixed {
                Fault::StackArgumentUnreadable {
                    off: span.min.into(),
                    byte,
                    size,
                }
            } else {
                let var = reg.bounds.tnum;
                Fault::StackArgumentUnreadableVariable { var, byte, size }
            };
            return refuse_reg(region.reg, fault);
        }
    }
    Ok(Touched::Stack {
        frame,
        min: span.min,
        end: span.end,
        clobber: may_write,
    })
}
