//! Operands in memory: loads, stores, atomics and the places they address.

use super::super::encode::atomic_size_ok;
use super::super::insn::{AtomicOp, Op, Size, Src, Width};
use super::super::isa;
use super::AsmError;
use super::stmt::{register, same_width, wide_register};
use super::token::{Cursor, Kind};
use crate::prelude::*;

type Parsed<T> = Result<T, AsmError>;

/// `u32`, `s8`, ...: the size and whether it is signed.
pub(super) fn size(c: &mut Cursor<'_>) -> Parsed<(Size, bool)> {
    if let Some(Kind::Word(word)) = c.peek() {
        for (size, _, bits) in isa::SIZES {
            let signed = word.strip_prefix('s') == Some(bits);
            if signed || word.strip_prefix('u') == Some(bits) {
                c.skip(1);
                return Ok((*size, signed));
            }
        }
    }
    c.expected("an access size such as `u32`")
}

/// `r10 - 8`; the distance may be missing.
pub(super) fn address(c: &mut Cursor<'_>) -> Parsed<(u8, i16)> {
    let base = wide_register(c)?;
    let off = match c.peek() {
        Some(Kind::Punct("+" | "-")) => c.fitting("a 16-bit offset")?,
        _ => 0,
    };
    Ok((base, off))
}

/// `(u32 *)(r1 + 0)`.
pub(super) fn pointer(c: &mut Cursor<'_>) -> Parsed<(Size, u8, i16)> {
    c.need("(")?;
    let (size, _) = size(c)?;
    c.need("*")?;
    c.need(")")?;
    c.need("(")?;
    let (base, off) = address(c)?;
    c.need(")")?;
    Ok((size, base, off))
}

pub(super) fn store(c: &mut Cursor<'_>) -> Parsed<Op> {
    c.need("*")?;
    let (size, base, off) = pointer(c)?;
    c.need("=")?;
    let src = match c.peek() {
        Some(Kind::Word(_)) => Src::Reg(register(c)?.1),
        _ => Src::Imm(c.imm32(size != Size::DW)?),
    };
    Ok(Op::Store {
        base,
        off,
        size,
        src,
    })
}

pub(super) fn load(c: &mut Cursor<'_>, dst: u8) -> Parsed<Op> {
    c.need("*")?;
    c.need("(")?;
    let (size, sx) = size(c)?;
    c.need("*")?;
    c.need(")")?;
    if c.take_word("skb") {
        c.need("[")?;
        let op = match c.peek() {
            Some(Kind::Word(_)) => {
                let src = wide_register(c)?;
                let imm = if matches!(c.peek(), Some(Kind::Punct("]"))) {
                    0
                } else {
                    c.imm32(false)?
                };
                Op::LdInd { size, src, imm }
            }
            _ => Op::LdAbs {
                size,
                imm: c.imm32(false)?,
            },
        };
        c.need("]")?;
        if dst != 0 || sx || size == Size::DW {
            return c.fail("packet loads read u8, u16 or u32 into r0");
        }
        return Ok(op);
    }
    c.need("(")?;
    let (base, off) = address(c)?;
    c.need(")")?;
    if sx && size == Size::DW {
        return c.fail("s64 loads do not exist");
    }
    Ok(Op::Load {
        dst,
        base,
        off,
        size,
        sx,
    })
}

/// `lock *(u64 *)(r1 + 0) += r2`.
pub(super) fn locked(c: &mut Cursor<'_>) -> Parsed<Op> {
    c.need("*")?;
    let (size, base, off) = pointer(c)?;
    let row = match c.peek() {
        Some(Kind::Punct(symbol)) => isa::ATOMICS.iter().find(|row| row.2 == *symbol),
        _ => None,
    };
    let Some(row) = row else {
        return c.expected("`+=`, `|=`, `&=` or `^=`");
    };
    c.skip(1);
    let (_, src) = register(c)?;
    atomic(
        c,
        Op::Atomic {
            op: row.0,
            fetch: false,
            size,
            base,
            off,
            src,
        },
    )
}

pub(super) fn atomic(c: &Cursor<'_>, op: Op) -> Parsed<Op> {
    match op {
        Op::Atomic { size, .. } if !atomic_size_ok(size) => {
            c.fail("atomic operations take u32 or u64")
        }
        op => Ok(op),
    }
}

/// What follows `rN = ` and looks like a call: loads with acquire, casts, atomics.
pub(super) fn call_like(c: &mut Cursor<'_>, w: Width, dst: u8, word: &str) -> Parsed<Op> {
    c.skip(2);
    let op = match word {
        "load_acquire" => {
            let (size, base, off) = pointer(c)?;
            Op::LoadAcquire {
                dst,
                base,
                off,
                size,
            }
        }
        "addr_space_cast" => {
            let src = same_width(c, w)?;
            c.need(",")?;
            let to: u16 = c.fitting("16 bits")?;
            c.need(",")?;
            let from: u16 = c.fitting("16 bits")?;
            let imm = ((u32::from(to) << 16) | u32::from(from)) as i32;
            Op::AddrSpaceCast { dst, src, imm }
        }
        _ => {
            let Some((op, placed)) = atomic_name(word) else {
                return c.fail(format!("unknown operation `{word}`"));
            };
            let (size, base, off) = match placed {
                Some(size) => {
                    let (base, off) = address(c)?;
                    (size, base, off)
                }
                None => pointer(c)?,
            };
            c.need(",")?;
            if op == AtomicOp::CmpXchg {
                if register(c)?.1 != 0 {
                    return c.fail("the expected value is in r0");
                }
                c.need(",")?;
            }
            let (_, src) = register(c)?;
            let loaded = if op == AtomicOp::CmpXchg { 0 } else { src };
            if loaded != dst {
                return c.fail(format!("the old value goes to r{loaded}"));
            }
            atomic(
                c,
                Op::Atomic {
                    op,
                    fetch: true,
                    size,
                    base,
                    off,
                    src,
                },
            )?
        }
    };
    c.need(")")?;
    Ok(op)
}

/// `atomic_fetch_add`, `atomic64_xchg`, `xchg_64`, `cmpxchg32_32`: the operation,
/// and the size where the name has it.
pub(super) fn atomic_name(word: &str) -> Option<(AtomicOp, Option<Size>)> {
    let row = |name: &str| isa::ATOMICS.iter().find(|row| row.3 == name);
    if let Some(rest) = word.strip_prefix("atomic") {
        let rest = rest.strip_prefix("64").unwrap_or(rest).strip_prefix('_')?;
        let rest = rest.strip_prefix("fetch_").unwrap_or(rest);
        return row(rest).map(|row| (row.0, None));
    }
    let (name, size) = match word.strip_suffix("32_32") {
        Some(name) => (name, Size::W),
        None => (word.strip_suffix("_64")?, Size::DW),
    };
    let row = row(name).filter(|row| row.2.is_empty())?;
    Some((row.0, Some(size)))
}
