//! What the instructions compute (RFC 9669), as pure functions.
//!
//! The reference interpreter computes with these; the other engine uses them only
//! for what it cannot do itself, so that most of the instruction set has two
//! independent implementations.

use crate::programs::insn::{AluOp, AtomicOp, Endness, Op, Size, Width};

/// Two-operand arithmetic. Division by zero gives zero, its remainder the
/// dividend; shifts use the low bits of the count; the quotient of the least
/// number by -1 is itself, the remainder zero.
#[inline(always)]
pub fn alu(w: Width, op: AluOp, a: u64, b: u64) -> u64 {
    match w {
        Width::W64 => alu64(op, a, b),
        Width::W32 => u64::from(alu32(op, a as u32, b as u32)),
    }
}

#[inline(always)]
fn alu64(op: AluOp, a: u64, b: u64) -> u64 {
    match op {
        AluOp::Add => a.wrapping_add(b),
        AluOp::Sub => a.wrapping_sub(b),
        AluOp::Mul => a.wrapping_mul(b),
        AluOp::Div => a.checked_div(b).unwrap_or(0),
        AluOp::SDiv if b == 0 => 0,
        AluOp::SDiv => (a as i64).wrapping_div(b as i64) as u64,
        AluOp::Or => a | b,
        AluOp::And => a & b,
        AluOp::Lsh => a.wrapping_shl(b as u32),
        AluOp::Rsh => a.wrapping_shr(b as u32),
        AluOp::Mod => a.checked_rem(b).unwrap_or(a),
        AluOp::SMod if b == 0 => a,
        AluOp::SMod => (a as i64).wrapping_rem(b as i64) as u64,
        AluOp::Xor => a ^ b,
        AluOp::Mov => b,
        AluOp::Arsh => (a as i64).wrapping_shr(b as u32) as u64,
    }
}

#[inline(always)]
fn alu32(op: AluOp, a: u32, b: u32) -> u32 {
    match op {
        AluOp::Add => a.wrapping_add(b),
        AluOp::Sub => a.wrapping_sub(b),
        AluOp::Mul => a.wrapping_mul(b),
        AluOp::Div => a.checked_div(b).unwrap_or(0),
        AluOp::SDiv if b == 0 => 0,
        AluOp::SDiv => (a as i32).wrapping_div(b as i32) as u32,
        AluOp::Or => a | b,
        AluOp::And => a & b,
        AluOp::Lsh => a.wrapping_shl(b),
        AluOp::Rsh => a.wrapping_shr(b),
        AluOp::Mod => a.checked_rem(b).unwrap_or(a),
        AluOp::SMod if b == 0 => a,
        AluOp::SMod => (a as i32).wrapping_rem(b as i32) as u32,
        AluOp::Xor => a ^ b,
        AluOp::Mov => b,
        AluOp::Arsh => (a as i32).wrapping_shr(b) as u32,
    }
}

/// Negation.
#[inline(always)]
pub fn neg(w: Width, a: u64) -> u64 {
    match w {
        Width::W64 => a.wrapping_neg(),
        Width::W32 => u64::from((a as u32).wrapping_neg()),
    }
}

/// The low `bits` of a value, sign-extended to the width, the rest zero.
#[inline(always)]
pub fn sign_extend(w: Width, a: u64, bits: u8) -> u64 {
    let wide = match bits {
        8 => a as i8 as i64 as u64,
        16 => a as i16 as i64 as u64,
        _ => a as i32 as i64 as u64,
    };
    match w {
        Width::W64 => wide,
        Width::W32 => u64::from(wide as u32),
    }
}

/// Byte order conversion on a little-endian machine.
#[inline(always)]
pub fn end(kind: Endness, bits: u8, a: u64) -> u64 {
    match (kind, bits) {
        (Endness::Le, 16) => u64::from(a as u16),
        (Endness::Le, 32) => u64::from(a as u32),
        (Endness::Le, _) => a,
        (_, 16) => u64::from((a as u16).swap_bytes()),
        (_, 32) => u64::from((a as u32).swap_bytes()),
        (_, _) => a.swap_bytes(),
    }
}

/// A loaded value, sign-extended where the load says so.
#[inline(always)]
pub fn extend(size: Size, sx: bool, value: u64) -> u64 {
    match (sx, size) {
        (false, _) | (true, Size::DW) => value,
        (true, Size::B) => value as i8 as i64 as u64,
        (true, Size::H) => value as i16 as i64 as u64,
        (true, Size::W) => value as i32 as i64 as u64,
    }
}

/// The new memory value of an atomic operation; `expected` is r0.
#[inline(always)]
pub fn atomic(op: AtomicOp, size: Size, old: u64, src: u64, expected: u64) -> u64 {
    let mask = if size == Size::DW {
        u64::MAX
    } else {
        u64::from(u32::MAX)
    };
    let new = match op {
        AtomicOp::Add => old.wrapping_add(src),
        AtomicOp::And => old & src,
        AtomicOp::Or => old | src,
        AtomicOp::Xor => old ^ src,
        AtomicOp::Xchg => src,
        AtomicOp::CmpXchg if old & mask == expected & mask => src,
        AtomicOp::CmpXchg => old,
    };
    new & mask
}

/// Whether an operation writes the frame pointer: no verifier takes it, no engine
/// does it.
pub fn writes_r10(op: &Op) -> bool {
    op.effects().writes.has(10)
}
