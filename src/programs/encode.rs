//! From operations to slots: the inverse of `decode`.
//!
//! `decode(encode(op)) == op` for every valid operation, and `encode(decode(i))
//! == i` for every valid slot but one: the offset of `exit`, which nobody reads.

use super::insn::{AluOp, AtomicOp, Callee, ImmRef, Insn, Op, Size, Src, Width};
use super::isa::{self, Form, opcode_of, pseudo};
use crate::prelude::*;

/// The slots of an operation: one, or two for a wide load. `None` for
/// [`Op::Invalid`] and [`Op::Second`], which no operation stands for.
pub fn encode(op: &Op) -> Option<(Insn, Option<Insn>)> {
    if let Op::LdImm64 { dst, src } = *op {
        let (kind, lo, hi) = wide(src);
        let first = Insn::new(isa::LD_IMM64, dst, kind, 0, lo);
        return Some((first, Some(Insn::new(0, 0, 0, 0, hi))));
    }
    single(op).map(|insn| (insn, None))
}

/// The slots of a sequence of operations; [`Op::Second`] is skipped, since the
/// wide load before it has written that slot. `None` if an operation is invalid.
pub fn encode_all(ops: &[Op]) -> Option<Vec<Insn>> {
    let mut insns = Vec::with_capacity(ops.len());
    for op in ops {
        if *op == Op::Second {
            continue;
        }
        let (first, second) = encode(op)?;
        insns.push(first);
        insns.extend(second);
    }
    Some(insns)
}

fn wide(src: ImmRef) -> (u8, i32, i32) {
    match src {
        ImmRef::Const(value) => (0, value as i32, (value >> 32) as i32),
        ImmRef::Map(map) => (pseudo::MAP_FD, map as i32, 0),
        ImmRef::MapValue { map, off } => (pseudo::MAP_VALUE, map as i32, off as i32),
        ImmRef::BtfId { imm, imm2 } => (pseudo::BTF_ID, imm, imm2),
        ImmRef::Func(imm) => (pseudo::FUNC, imm, 0),
        ImmRef::MapIdx(idx) => (pseudo::MAP_IDX, idx as i32, 0),
        ImmRef::MapIdxValue { idx, off } => (pseudo::MAP_IDX_VALUE, idx as i32, off as i32),
        ImmRef::Other(kind) => (kind, 0, 0),
    }
}

fn single(op: &Op) -> Option<Insn> {
    let make = |form: Form, dst: u8, src: u8, off: i16, imm: i32| {
        opcode_of(form).map(|code| Insn::new(code, dst, src, off, imm))
    };
    let fields = |src: Src| match src {
        Src::Reg(reg) => (true, reg, 0),
        Src::Imm(imm) => (false, 0, imm),
    };
    match *op {
        Op::Alu { w, op, dst, src } => {
            let (reg, src, imm) = fields(src);
            let (op, off) = match op {
                AluOp::SDiv => (AluOp::Div, 1),
                AluOp::SMod => (AluOp::Mod, 1),
                plain => (plain, 0),
            };
            make(Form::Alu { w, op, reg }, dst, src, off, imm)
        }
        Op::Neg { w, dst } => make(Form::Neg(w), dst, 0, 0, 0),
        Op::MovSx { w, dst, src, bits } => make(register_move(w), dst, src, i16::from(bits), 0),
        Op::AddrSpaceCast { dst, src, imm } => make(
            register_move(Width::W64),
            dst,
            src,
            isa::ADDR_SPACE_CAST,
            imm,
        ),
        Op::End { dst, kind, bits } => make(Form::End(kind), dst, 0, 0, i32::from(bits)),
        Op::Load {
            dst,
            base,
            off,
            size,
            sx,
        } => make(Form::Ldx { size, sx }, dst, base, off, 0),
        Op::Store {
            base,
            off,
            size,
            src,
        } => match src {
            Src::Reg(src) => make(Form::Stx(size), base, src, off, 0),
            Src::Imm(imm) => make(Form::St(size), base, 0, off, imm),
        },
        Op::Atomic {
            op,
            fetch,
            size,
            base,
            off,
            src,
        } => {
            let imm = atomic_imm(op, fetch)?;
            make(Form::Atomic(size), base, src, off, imm)
        }
        Op::LoadAcquire {
            dst,
            base,
            off,
            size,
        } => make(Form::Atomic(size), dst, base, off, isa::LOAD_ACQ),
        Op::StoreRelease {
            base,
            off,
            size,
            src,
        } => make(Form::Atomic(size), base, src, off, isa::STORE_REL),
        Op::LoadArg { dst, off } => make(
            Form::Ldx {
                size: Size::DW,
                sx: false,
            },
            dst,
            isa::ARGUMENTS,
            off,
            0,
        ),
        Op::StoreArg { off, src } => match src {
            Src::Reg(src) => make(Form::Stx(Size::DW), isa::ARGUMENTS, src, off, 0),
            Src::Imm(imm) => make(Form::St(Size::DW), isa::ARGUMENTS, 0, off, imm),
        },
        Op::LdAbs { size, imm } => make(Form::LdAbs(size), 0, 0, 0, imm),
        Op::LdInd { size, src, imm } => make(Form::LdInd(size), 0, src, 0, imm),
        Op::Jmp {
            w,
            op,
            dst,
            src,
            off,
        } => {
            let (reg, src, imm) = fields(src);
            make(Form::Jmp { w, op, reg }, dst, src, off, imm)
        }
        Op::Ja { off, long: true } => make(Form::Ja(Width::W32), 0, 0, 0, off),
        Op::Ja { off, long: false } => {
            make(Form::Ja(Width::W64), 0, 0, i16::try_from(off).ok()?, 0)
        }
        Op::MayGoto { off } => make(Form::MayGoto, 0, 0, off, 0),
        Op::Gotox { dst } => make(Form::Gotox, dst, 0, 0, 0),
        Op::Call(callee) => {
            let (kind, off, imm) = match callee {
                Callee::Helper(imm) => (0, 0, imm),
                Callee::Local(imm) => (pseudo::CALL, 0, imm),
                Callee::Kfunc { imm, off } => (pseudo::KFUNC_CALL, off, imm),
            };
            make(Form::Call, 0, kind, off, imm)
        }
        Op::CallX { dst } => make(Form::CallX, dst, 0, 0, 0),
        Op::Exit => make(Form::Exit, 0, 0, 0, 0),
        Op::LdImm64 { .. } | Op::Second | Op::Invalid(_) => None,
    }
}

fn register_move(w: Width) -> Form {
    Form::Alu {
        w,
        op: AluOp::Mov,
        reg: true,
    }
}

/// The immediate of an atomic; exchanges always fetch.
fn atomic_imm(op: AtomicOp, fetch: bool) -> Option<i32> {
    let row = isa::ATOMICS.iter().find(|row| row.0 == op)?;
    let always = matches!(op, AtomicOp::Xchg | AtomicOp::CmpXchg);
    Some(row.1 | if fetch || always { isa::FETCH } else { 0 })
}

/// True for the sizes that read-modify-write atomics take.
pub const fn atomic_size_ok(size: Size) -> bool {
    matches!(size, Size::W | Size::DW)
}
