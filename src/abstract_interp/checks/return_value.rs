//! What a program, a callback or a function verified on its own may return.
//!
//! Most program types return a number in a range that their hook understands.
//! Which range depends on the attach type and, for LSM hooks, on the hook.

use super::arg_pointer::unmodified;
use super::{operand, secrecy};
use crate::abstract_interp::refusal::{Fault, Return, Signed, refuse_reg};
use crate::abstract_interp::setup::prototype;
use crate::abstract_interp::state::RetRange;
use crate::abstract_interp::value::{BtfSrc, Kind, Reg};
use crate::abstract_interp::vm::{Check, Env, Vm, unknown};
use crate::helpers_spec::{AttachType, LsmReturn, ProgType};
use crate::object::btf::Type;

/// What the kernel function that a program stands in for returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookReturn {
    /// Nothing.
    Void,
    /// A number.
    Number,
    /// A pointer to this type of the kernel's BTF.
    Pointer(u32),
}

/// What the program's hook returns, by the kernel's BTF.
pub fn hook_return(env: &Env<'_>) -> Check<HookReturn> {
    let (Some(btf), Some(target)) = (env.types.any(), &env.attach.target) else {
        return unknown("attach-prototype");
    };
    let Some(Type::FuncProto { ret, .. }) = btf.ty(target.proto) else {
        return unknown("attach-prototype");
    };
    if ret == 0 {
        return Ok(HookReturn::Void);
    }
    Ok(match btf.ty(btf.skip_mods_typedefs(ret)) {
        Some(Type::Ptr { to }) => HookReturn::Pointer(btf.skip_mods_typedefs(to)),
        _ => HookReturn::Number,
    })
}

/// Whether the program's hook returns nothing.
pub fn hook_returns_nothing(env: &Env<'_>) -> Check<bool> {
    Ok(hook_return(env)? == HookReturn::Void)
}

/// What the hook that an LSM program attaches to may return; `None` when
/// anything goes.
pub fn lsm_range(vm: &Vm<'_>) -> Option<(i32, i32)> {
    if vm.env.program.attach_type != Some(AttachType::LsmMac) {
        return None;
    }
    let range = declared(&vm.env)?;
    (range.min != i32::MIN || range.max != i32::MAX).then_some((range.min, range.max))
}

/// What a cgroup hook's current return value may be, and what a program may set
/// it to; `None` when anything goes.
pub fn hook_value_range(env: &Env<'_>) -> Option<(i32, i32)> {
    let program = env.program;
    match program.attach_type {
        Some(AttachType::CgroupGetsockopt) => None,
        Some(AttachType::LsmCgroup) => match env.target.hook_returns(program)? {
            LsmReturn::Void => None,
            LsmReturn::Bool => Some((0, 1)),
            LsmReturn::Int => Some((-4095, 0)),
        },
        _ => Some((-4095, 0)),
    }
}

/// `bpf_set_retval`: the new value is within the hook's range.
pub fn check_set_retval(vm: &Vm<'_>) -> Check<()> {
    if !vm.reg(1).is_scalar() {
        return refuse_reg(1, Fault::ArgumentNotScalar);
    }
    match hook_value_range(&vm.env) {
        Some((min, max)) => in_range(vm, 1, RetRange { min, max }, true, Return::SetRetval),
        None => Ok(()),
    }
}

fn declared(env: &Env<'_>) -> Option<RetRange> {
    env.target.returns(env.program).map(|r| {
        let bound = |n: i64| i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX });
        RetRange {
            min: bound(r.min),
            max: bound(r.max),
        }
    })
}

/// The return value of a program that ends here, in register `r` (r0, or r1
/// for `bpf_throw`).
pub fn check(vm: &Vm<'_>, r: u8) -> Check<()> {
    let program = vm.env.program;
    let entry = &vm.cur.frames[0];
    let reg = vm.reg(r);
    let thrown = r == 1 && vm.env.target.behaviour().throw_ends_program();
    let as_program = entry.subprog == 0 || entry.in_exception_callback || thrown;
    let lsm_cgroup = program.attach_type == Some(AttachType::LsmCgroup);
    let mut hook = HookReturn::Number;
    if as_program {
        match program.prog_type {
            ProgType::Lsm => {
                hook = hook_return(&vm.env)?;
                if hook == HookReturn::Void && !lsm_cgroup {
                    return Ok(());
                }
            }
            ProgType::StructOps => {
                hook = hook_return(&vm.env)?;
                if hook == HookReturn::Void {
                    return Ok(());
                }
                if !entry.in_exception_callback && hands_over(reg, hook) {
                    return unmodified(reg, r, false);
                }
            }
            _ => {}
        }
    }
    let own = entry.subprog as usize;
    if !as_program && !entry.in_async_callback && prototype::returns_nothing(&vm.env, own) {
        return Ok(());
    }
    operand::read_ok(vm, r)?;
    secrecy::keep(vm, r, Fault::AddressReturned)?;
    if entry.in_async_callback {
        return in_range(vm, r, entry.callback_ret, false, Return::AsyncCallback);
    }
    if !as_program {
        let arena = reg.kind == Kind::Arena && vm.env.target.behaviour().arena_by_type_tag();
        if reg.is_scalar() || arena {
            return Ok(());
        }
        return refuse_reg(r, Fault::SubprogReturnKind { held: *reg });
    }
    let (range, w32) = match (program.prog_type, hook) {
        (ProgType::StructOps, HookReturn::Pointer(_)) => (RetRange { min: 0, max: 0 }, false),
        (ProgType::StructOps, _) => return Ok(()),
        (ProgType::Lsm, HookReturn::Void) => (RetRange { min: 1, max: 1 }, false),
        _ => {
            let Some(range) = declared(&vm.env) else {
                return Ok(());
            };
            (range, program.prog_type == ProgType::Lsm && !lsm_cgroup)
        }
    };
    if program.prog_type == ProgType::RawTracepoint && program.attach_btf_id.is_none() {
        return Ok(());
    }
    in_range(vm, r, range, w32, Return::Program)
}

/// A struct_ops program returns a referenced object to the kernel.
fn hands_over(reg: &Reg, hook: HookReturn) -> bool {
    match (hook, reg.kind) {
        (
            HookReturn::Pointer(want),
            Kind::Btf {
                btf: BtfSrc::Kernel,
                id,
            },
        ) => id == want && reg.ref_id.is_some(),
        _ => false,
    }
}

/// What a callback returns to the helper that ran it.
pub fn check_callback(vm: &Vm<'_>, range: RetRange) -> Check<()> {
    if !vm.reg(0).is_scalar() {
        return refuse_reg(0, Fault::CallbackReturnKind);
    }
    in_range(vm, 0, range, false, Return::Callback)
}

/// Register `r` is a number within `range`, which states that follow rely on where
/// the target marks that.
fn in_range(vm: &Vm<'_>, r: u8, range: RetRange, w32: bool, end: Return) -> Check<()> {
    let reg = vm.reg(r);
    if !reg.is_scalar() {
        return refuse_reg(r, Fault::ReturnKind { end, held: *reg });
    }
    if end == Return::Callback || vm.env.target.behaviour().results_precise() {
        vm.need_precise(r);
    }
    let b = &reg.bounds;
    let within = if w32 {
        range.min <= b.s32min && b.s32max <= range.max
    } else {
        i64::from(range.min) <= b.smin && b.smax <= i64::from(range.max)
    };
    if within {
        return Ok(());
    }
    let value = Signed {
        min: b.smin,
        max: b.smax,
    };
    let fault = Fault::ReturnRange {
        end,
        value,
        min: range.min.into(),
        max: range.max.into(),
    };
    refuse_reg(r, fault)
}
