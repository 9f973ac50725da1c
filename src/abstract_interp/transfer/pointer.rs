//! Arithmetic on pointers.
//!
//! `p + n` and `p - n` move a pointer. A known `n` goes into the fixed offset; an
//! unknown one into the variable offset, with its bounds. Packet pointers with
//! a new variable offset get a new id, since bytes checked from the old place
//! say nothing of the new. Every part must stay within 2^29 either way, so that
//! sums of offsets can't overflow anywhere else.
//!
//! Everything else on pointers is refused, but that 32-bit subtraction gives a
//! number of which nothing is known.

use crate::abstract_interp::domain::Bounds;
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::value::{Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};
use crate::programs::insn::{AluOp, Width};

/// Offsets at or beyond this, either way, are refused.
const MAX_VAR_OFF: i64 = 1 << 29;

/// Which operand is the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `pointer op number`.
    PointerNumber,
    /// `number op pointer`.
    NumberPointer,
}

/// Carries out `dst op= ..` of which one operand is `ptr` and the other `num`.
pub fn combine(
    vm: &mut Vm,
    w: Width,
    op: AluOp,
    dst: u8,
    order: Order,
    ptr: Reg,
    num: Reg,
) -> Check<()> {
    if num.bounds.smin > num.bounds.smax || num.bounds.umin > num.bounds.umax {
        vm.cur.set_reg(dst, Reg::unknown());
        return Ok(());
    }
    if w.is32() {
        if op == AluOp::Sub {
            vm.cur.set_reg(dst, Reg::unknown());
            return Ok(());
        }
        return refuse_reg(dst, Fault::PointerNarrow);
    }
    let known = num.bounds.is_const();
    if ptr.maybe_null() {
        return refuse_reg(dst, Fault::PointerMaybeNull { held: ptr });
    }
    if matches!(ptr.kind, Kind::Mem { .. }) && ptr.flags.has(Flags::UNTRUSTED) {
        return Ok(()); // reads through it are safe wherever it points
    }
    if !may_move(&ptr, op, known) {
        return refuse_reg(dst, Fault::PointerFixed { held: ptr });
    }
    sane(&num, &ptr)?;
    sane(&ptr, &ptr)?;
    let moved = match op {
        AluOp::Add => shift(vm, &ptr, &num, known, false),
        AluOp::Sub => {
            if order == Order::NumberPointer {
                return refuse_reg(dst, Fault::NumberMinusPointer);
            }
            if matches!(ptr.kind, Kind::Stack { .. }) {
                return refuse_reg(dst, Fault::StackPointerMinus);
            }
            shift(vm, &ptr, &num, known, true)
        }
        AluOp::And | AluOp::Or | AluOp::Xor => {
            return refuse_reg(dst, Fault::PointerBitwise { op });
        }
        _ => {
            return refuse_reg(dst, Fault::PointerOperator { op });
        }
    };
    sane(&moved, &ptr)?;
    let mut out = moved;
    if order == Order::NumberPointer && !vm.env.target.behaviour.sums_keep_reference {
        // The sum takes the pointer's type and id, but neither its reference nor
        // its frame.
        out.ref_id = 0;
        if matches!(out.kind, Kind::Stack { .. }) {
            out.kind = Kind::Stack { frame: 0 };
        }
    }
    out.bounds.sync(&vm.env.rules);
    vm.cur.set_reg(dst, out);
    Ok(())
}

/// Whether pointers of this kind may be moved.
fn may_move(ptr: &Reg, op: AluOp, known: Option<u64>) -> bool {
    match ptr.kind {
        Kind::Ctx
        | Kind::MapValue { .. }
        | Kind::MapKey { .. }
        | Kind::Stack { .. }
        | Kind::PacketMeta
        | Kind::Packet
        | Kind::TpBuffer
        | Kind::Btf { .. }
        | Kind::Mem { .. }
        | Kind::Buf
        | Kind::Func { .. }
        | Kind::Insn { .. }
        | Kind::ConstDynptr { .. } => true,
        Kind::FlowKeys => known.is_some(),
        Kind::ConstMap { .. } => known == Some(0) && op == AluOp::Add,
        _ => false,
    }
}

/// Refuses offsets so large that sums of them may overflow. `of` names the kind.
fn sane(reg: &Reg, of: &Reg) -> Check<()> {
    let smin = reg.bounds.smin;
    let outside = |v: i64| v >= MAX_VAR_OFF || v <= -MAX_VAR_OFF;
    if let Some(value) = reg.bounds.is_const()
        && outside(value as i64)
    {
        return refuse(Fault::MathConstant {
            held: *of,
            value: value as i64,
        });
    }
    if outside(reg.off as i64) {
        return refuse(Fault::PointerOffset {
            held: *of,
            off: reg.off.into(),
        });
    }
    if smin == i64::MIN {
        return refuse(Fault::MathUnbounded { held: *of });
    }
    if outside(smin) {
        return refuse(Fault::MathOutside { held: *of, smin });
    }
    Ok(())
}

/// `p ± n`, without the checks of its offsets.
fn shift(vm: &mut Vm, ptr: &Reg, num: &Reg, known: Option<u64>, subtract: bool) -> Reg {
    let mut out = *ptr;
    if let Some(k) = known {
        let by = k as i64;
        let off = i64::from(ptr.off);
        let sum = if subtract {
            off.wrapping_sub(by)
        } else {
            off.wrapping_add(by)
        };
        if let Ok(off) = i32::try_from(sum) {
            out.off = off;
            // Pointers carry no 32-bit bounds of their own.
            out.bounds.forget_lo();
            return out;
        }
    }
    out.bounds = Bounds::pointer_add(&ptr.bounds, &num.bounds, subtract, &vm.env.rules);
    if ptr.is_packet() {
        out.id = vm.new_id();
        // Bytes shown to exist still do, further on, if the pointer went back.
        if !subtract || num.bounds.smin < 0 {
            out.range = 0;
        }
    }
    out
}
