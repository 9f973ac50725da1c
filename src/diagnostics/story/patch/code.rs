//! Operations as a compiler would write them.

use crate::programs::insn::{AluOp, JmpOp, Op, Size, Src, Width};

const fn alu(w: Width, op: AluOp, dst: u8, src: Src) -> Op {
    Op::Alu { w, op, dst, src }
}

/// `dst = value`.
pub(super) const fn set(dst: u8, value: i32) -> Op {
    alu(Width::W64, AluOp::Mov, dst, Src::Imm(value))
}

/// `dst = src`.
pub(super) const fn copy(dst: u8, src: u8) -> Op {
    alu(Width::W64, AluOp::Mov, dst, Src::Reg(src))
}

/// `dst += value`.
pub(super) const fn add(dst: u8, value: i32) -> Op {
    alu(Width::W64, AluOp::Add, dst, Src::Imm(value))
}

/// `dst &= mask`.
pub(super) const fn and(dst: u8, mask: i32) -> Op {
    alu(Width::W64, AluOp::And, dst, Src::Imm(mask))
}

/// What is above the low 32 bits goes.
pub(super) const fn low_half(reg: u8) -> Op {
    alu(Width::W32, AluOp::Mov, reg, Src::Reg(reg))
}

/// `dst = *(size *)(base + off)`.
pub(super) const fn load(dst: u8, base: u8, off: i16, size: Size) -> Op {
    Op::Load {
        dst,
        base,
        off,
        size,
        sx: false,
    }
}

/// `*(size *)(base + off) = src`.
pub(super) const fn store(base: u8, off: i16, size: Size, src: Src) -> Op {
    Op::Store {
        base,
        off,
        size,
        src,
    }
}

/// Over `off` operations, if the comparison holds.
pub(super) const fn jump(op: JmpOp, dst: u8, src: Src, off: i16) -> Op {
    Op::Jmp {
        w: Width::W64,
        op,
        dst,
        src,
        off,
    }
}

/// The comparison with another way to go.
pub(super) fn with_offset(mut comparison: Op, to: i16) -> Option<Op> {
    let (Op::Jmp { off, .. } | Op::MayGoto { off }) = &mut comparison else {
        return None;
    };
    *off = to;
    Some(comparison)
}
