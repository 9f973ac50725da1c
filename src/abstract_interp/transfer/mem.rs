//! Loads and stores, and the memory that callees touch.

use super::stack;
use crate::abstract_interp::checks::access::{self, Access, Dir, Effect, Loaded, Value};
use crate::abstract_interp::checks::mem_region::Touched;
use crate::abstract_interp::checks::{atomic, context, operand};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Next, Vm, unknown};
use crate::programs::insn::{Op, Size, Src};

/// `dst = *(size *)(base + off)`.
pub fn load(vm: &mut Vm, op: Op) -> Check<Next> {
    let Op::Load {
        dst,
        base,
        off,
        size,
        sx,
    } = op
    else {
        return unknown("engine:load");
    };
    load_from(
        vm,
        (dst, base, off),
        size,
        Load {
            sx,
            strict: false,
            may_weaken: true,
        },
    )?;
    Ok(Next::Fallthrough)
}

/// A load with acquire ordering: as a load, but aligned and not from every kind.
pub fn load_acquire(vm: &mut Vm, op: Op) -> Check<Next> {
    let Op::LoadAcquire {
        dst,
        base,
        off,
        size,
    } = op
    else {
        return unknown("engine:load-acquire");
    };
    load_from(
        vm,
        (dst, base, off),
        size,
        Load {
            sx: false,
            strict: true,
            may_weaken: false,
        },
    )?;
    atomic::kind_allowed(vm, base, Dir::Read)?;
    Ok(Next::Fallthrough)
}

struct Load {
    sx: bool,
    strict: bool,
    may_weaken: bool,
}

fn load_from(vm: &mut Vm, place: (u8, u8, i16), size: Size, how: Load) -> Check<()> {
    let (dst, base, off) = place;
    operand::read_ok(vm, base)?;
    operand::write_ok(dst)?;
    let pointer = *vm.reg(base);
    access(
        vm,
        &Access {
            reg: base,
            off: off as i32,
            size: size.bytes(),
            dir: Dir::Read,
            value: Value::Reg(dst),
            strict: how.strict,
            sx: how.sx,
        },
    )?;
    remember_class(vm, &pointer, how.may_weaken)?;
    super::alu::check_sanity(vm, dst);
    Ok(())
}

/// `*(size *)(base + off) = src`.
pub fn store(vm: &mut Vm, op: Op) -> Check<Next> {
    let Op::Store {
        base,
        off,
        size,
        src,
    } = op
    else {
        return unknown("engine:store");
    };
    store_to(vm, (base, off), size, src, false)?;
    Ok(Next::Fallthrough)
}

/// A store with release ordering: as a store, but aligned and not to every kind.
pub fn store_release(vm: &mut Vm, op: Op) -> Check<Next> {
    let Op::StoreRelease {
        base,
        off,
        size,
        src,
    } = op
    else {
        return unknown("engine:store-release");
    };
    store_to(vm, (base, off), size, Src::Reg(src), true)?;
    atomic::kind_allowed(vm, base, Dir::Write)?;
    Ok(Next::Fallthrough)
}

fn store_to(vm: &mut Vm, place: (u8, i16), size: Size, src: Src, strict: bool) -> Check<()> {
    let (base, off) = place;
    let value = match src {
        Src::Reg(r) => {
            operand::read_ok(vm, r)?;
            Value::Reg(r)
        }
        Src::Imm(imm) => Value::Imm(imm),
    };
    operand::read_ok(vm, base)?;
    let pointer = *vm.reg(base);
    if matches!(src, Src::Imm(_)) {
        context::immediate(vm, base)?;
    }
    access(
        vm,
        &Access {
            reg: base,
            off: off as i32,
            size: size.bytes(),
            dir: Dir::Write,
            value,
            strict,
            sx: false,
        },
    )?;
    remember_class(vm, &pointer, false)
}

/// An argument that travels on the stack: outgoing ones lie below r11, incoming
/// ones above. What becomes of them isn't modelled.
pub fn argument(on_its_side: bool, off: i16) -> Check<Next> {
    operand::stack_argument(on_its_side, off)?;
    unknown("stack-arguments")
}

/// All paths through the instruction must go through the same class of pointer.
pub fn remember_class(vm: &mut Vm, pointer: &Reg, may_weaken: bool) -> Check<()> {
    let before = vm.aux[vm.insn].pointer_class;
    vm.aux[vm.insn].pointer_class = access::merge_class(pointer, before, may_weaken)?;
    Ok(())
}

/// Checks one access and carries it out.
pub fn access(vm: &mut Vm, access: &Access) -> Check<()> {
    let effect = access::check(vm, access)?;
    vm.flush_precision()?;
    match (effect, access.dir) {
        (Effect::Untracked, _) => {}
        (Effect::Load(loaded), _) => {
            if let Value::Reg(dst) = access.value {
                set_loaded(vm, dst, loaded);
            }
        }
        (Effect::StackFixed { frame, off }, Dir::Read) => stack::read(vm, access, frame, off),
        (Effect::StackFixed { frame, off }, Dir::Write) => stack::write(vm, access, frame, off),
        (Effect::StackVar { frame, min, end }, Dir::Read) => {
            stack::read_range(vm, access, frame, min, end);
        }
        (Effect::StackVar { frame, min, end }, Dir::Write) => {
            stack::write_range(vm, access, frame, min, end);
        }
    }
    if access.dir == Dir::Read
        && access.size < 8
        && let Value::Reg(dst) = access.value
        && vm.reg(dst).is_scalar()
    {
        let rules = *vm.env.rules();
        let bounds = &mut vm.cur.reg_mut(dst).bounds;
        if access.sx {
            bounds.sext(access.size * 8, false, &rules);
        } else {
            bounds.cast(access.size, &rules);
        }
    }
    Ok(())
}

fn set_loaded(vm: &mut Vm, dst: u8, loaded: Loaded) {
    let mut reg = loaded.reg;
    if loaded.fresh_id {
        reg.id = vm.new_id();
    }
    let held = vm.reg(dst);
    if loaded.narrows && held.is_init() {
        let rules = *vm.env.rules();
        reg.bounds.intersect_with(&held.bounds);
        reg.bounds.sync(&rules);
    }
    vm.cur.set_reg(dst, reg);
}

/// Carries out what a callee's access to memory does at once: stack it reads is
/// marked read, stack it may write becomes unknown. See `checks::mem_region`.
pub fn touch(vm: &mut Vm, touched: Touched) {
    if let Touched::Stack {
        frame,
        min,
        end,
        clobber,
    } = touched
    {
        stack::touch(vm, frame, min, end, clobber);
    }
}

/// Carries out a raw write ([`Touched::Raw`]) of a callee, byte by byte: all of
/// it becomes data of which nothing is known.
pub fn clobber_stack_region(vm: &mut Vm, touched: Touched) -> Check<()> {
    let Touched::Raw { reg, size } = touched else {
        return Ok(());
    };
    for off in 0..size {
        let byte = Access {
            reg,
            off: off as i32,
            size: 1,
            dir: Dir::Write,
            value: Value::Unknown,
            strict: false,
            sx: false,
        };
        access(vm, &byte)?;
    }
    Ok(())
}

/// Slices of the dynptr `id` may not be used any more.
pub fn invalidate_slices(vm: &mut Vm, id: u32) {
    vm.cur.invalidate(|r| {
        matches!(r.kind, Kind::Mem { dynptr_id, .. } if dynptr_id == id)
            && r.flags.without(Flags::MAYBE_NULL) == Flags::NONE
    });
}
