//! From slots to operations.
//!
//! `decode` gives one [`Op`] per slot and never fails: what a kernel would
//! refuse becomes [`Op::Invalid`]. Within one slot faults are named in the order
//! in which Linux finds them: opcode, reserved fields, registers. A register
//! number above r10 counts as such a fault, so that whoever holds a valid `Op`
//! may index eleven registers with it.
#![warn(clippy::arithmetic_side_effects)]

use super::insn::{AluOp, Callee, DecodeFault, ImmRef, Insn, Op, Reserved, Size, Src, Width};
use super::isa::{self, Form, IsaRules, class, pseudo};
use crate::prelude::*;

/// Decodes with every known instruction allowed.
pub fn decode(insns: &[Insn]) -> Vec<Op> {
    decode_with(insns, &IsaRules::ALL)
}

/// Decodes as a kernel with the given rules would.
pub fn decode_with(insns: &[Insn], rules: &IsaRules) -> Vec<Op> {
    let mut ops = Vec::with_capacity(insns.len());
    let mut at = 0;
    while let Some(&insn) = insns.get(at) {
        if insn.opcode == isa::LD_IMM64 {
            match wide(insn, insns.get(at.saturating_add(1)), rules) {
                Ok(op) => ops.extend([op, Op::Second]),
                // The pair is well formed, so its second half has no life of its own.
                Err(
                    fault @ (DecodeFault::Reserved(_)
                    | DecodeFault::Register(_)
                    | DecodeFault::LdImm64Source(_)),
                ) => {
                    ops.extend([Op::Invalid(fault), Op::Second]);
                }
                Err(fault) => ops.push(Op::Invalid(fault)),
            }
        } else {
            ops.push(single(insn, rules).unwrap_or_else(Op::Invalid));
        }
        at = ops.len();
    }
    ops
}

/// The first fault for which a kernel refuses the program before exploring it,
/// with its slot.
pub fn upfront_fault(ops: &[Op], rules: &IsaRules) -> Option<(usize, DecodeFault)> {
    ops.iter().enumerate().find_map(|(at, op)| match op {
        Op::Invalid(fault) if fault.is_upfront_under(rules) => Some((at, *fault)),
        _ => None,
    })
}

impl DecodeFault {
    /// [`DecodeFault::is_upfront`] for kernels with the given rules.
    pub fn is_upfront_under(&self, rules: &IsaRules) -> bool {
        if !rules.fields_upfront() {
            // The immediate of a store names no operation there, and must be empty.
            let store = !rules.atomics() && *self == DecodeFault::Reserved(Reserved::Stx);
            return self.is_upfront() || store;
        }
        // Atomics alone keep their checks for when they are reached.
        !matches!(self, DecodeFault::AtomicOp(_) | DecodeFault::AtomicSize)
    }
}

/// The operation of a slot as if the fields that it doesn't use were empty: what
/// kernels take it for as long as they don't come to it.
pub fn decode_unread(insn: Insn, rules: &IsaRules) -> Op {
    let Insn {
        opcode,
        dst,
        src,
        off,
        imm,
    } = insn;
    let only = |dst, src, off, imm| Insn::new(opcode, dst, src, off, imm);
    let emptied = match isa::form(opcode) {
        Some(Form::Alu { reg: true, .. }) => only(dst, src, 0, 0),
        Some(Form::Alu { .. }) => only(dst, 0, 0, imm),
        Some(Form::Neg(_)) => only(dst, 0, 0, 0),
        Some(Form::End(_)) => only(dst, 0, 0, 16),
        Some(Form::Ldx { .. } | Form::Stx(_)) => only(dst, src, off, 0),
        Some(Form::St(_)) => only(dst, 0, off, imm),
        Some(Form::Atomic(_)) => only(dst, src, off, imm & isa::FETCH),
        Some(Form::Jmp { reg: true, .. }) => only(dst, src, off, 0),
        Some(Form::Jmp { .. }) => only(dst, 0, off, imm),
        Some(Form::Ja(Width::W64)) => only(0, 0, off, 0),
        Some(Form::Ja(Width::W32)) => only(0, 0, 0, imm),
        Some(Form::LdAbs(_)) => only(0, 0, 0, imm),
        Some(Form::LdInd(_)) => only(0, src, 0, imm),
        Some(Form::Exit) => only(0, 0, 0, 0),
        _ => insn,
    };
    single(emptied, rules).unwrap_or_else(Op::Invalid)
}

type Decoded = Result<Op, DecodeFault>;

fn wide(insn: Insn, second: Option<&Insn>, rules: &IsaRules) -> Decoded {
    let Some(second) = second else {
        return Err(DecodeFault::LdImm64Pair);
    };
    if second.opcode != 0 || second.dst != 0 || second.src != 0 || second.off != 0 {
        return Err(DecodeFault::LdImm64Pair);
    }
    let (lo, hi) = (insn.imm as u32, second.imm as u32);
    registers_first(insn, rules)?;
    let src = match insn.src {
        0 => ImmRef::Const((u64::from(hi) << 32) | u64::from(lo)),
        pseudo::MAP_FD if hi == 0 => ImmRef::Map(lo),
        pseudo::MAP_VALUE => ImmRef::MapValue { map: lo, off: hi },
        pseudo::BTF_ID => ImmRef::BtfId {
            imm: insn.imm,
            imm2: second.imm,
        },
        pseudo::FUNC => ImmRef::Func(insn.imm),
        pseudo::MAP_IDX if hi == 0 => ImmRef::MapIdx(lo),
        pseudo::MAP_IDX_VALUE => ImmRef::MapIdxValue { idx: lo, off: hi },
        other => {
            // Only where fields are checked up front does the offset come first.
            require(insn.off == 0 || !rules.fields_upfront(), Reserved::LdImm64)?;
            return Err(DecodeFault::LdImm64Source(other));
        }
    };
    require(insn.off == 0, Reserved::LdImm64)?;
    register(insn.dst)?;
    Ok(Op::LdImm64 { dst: insn.dst, src })
}

fn single(insn: Insn, rules: &IsaRules) -> Decoded {
    let Insn {
        opcode,
        dst,
        src,
        off,
        imm,
    } = insn;
    registers_first(insn, rules)?;
    // Loads are checked before the table is asked.
    if opcode & 7 == class::LDX {
        let mode = opcode & 0xe0;
        require(
            imm == 0 && (mode == 0x60 || (mode == 0x80 && rules.v4())),
            Reserved::Ldx,
        )?;
    }
    let unknown = DecodeFault::UnknownOpcode(opcode);
    let op = match isa::form(opcode).ok_or(unknown)? {
        Form::Alu {
            w,
            op: AluOp::Mov,
            reg,
        } => return mov(insn, w, reg, rules),
        Form::Alu { w, op, reg } => {
            let signed = match (op, off) {
                (op, 0) => op,
                (AluOp::Div, 1) if rules.v4() => AluOp::SDiv,
                (AluOp::Mod, 1) if rules.v4() => AluOp::SMod,
                _ => return Err(DecodeFault::Reserved(Reserved::Alu)),
            };
            let src = operand(insn, reg, Reserved::Alu)?;
            Op::Alu {
                w,
                op: signed,
                dst,
                src,
            }
        }
        Form::Neg(w) => {
            require(src == 0 && off == 0 && imm == 0, Reserved::Neg)?;
            Op::Neg { w, dst }
        }
        Form::End(super::insn::Endness::Swap) if !rules.v4() => return Err(unknown),
        Form::End(kind) => {
            require(
                src == 0 && off == 0 && matches!(imm, 16 | 32 | 64),
                Reserved::End,
            )?;
            Op::End {
                dst,
                kind,
                bits: imm as u8,
            }
        }
        Form::LdImm64 => return Err(DecodeFault::LdImm64Pair),
        Form::LdAbs(size) => {
            require(dst == 0 && src == 0 && off == 0, Reserved::LdAbs)?;
            Op::LdAbs { size, imm }
        }
        Form::LdInd(size) => {
            require(dst == 0 && off == 0, Reserved::LdAbs)?;
            register(src)?;
            Op::LdInd { size, src, imm }
        }
        Form::Ldx { size, sx } => {
            if is_argument(src, size, rules) && !sx {
                register(dst)?;
                return Ok(Op::LoadArg { dst, off });
            }
            register(src)?;
            Op::Load {
                dst,
                base: src,
                off,
                size,
                sx,
            }
        }
        Form::St(size) => {
            require(src == 0, Reserved::St)?;
            if is_argument(dst, size, rules) {
                let src = Src::Imm(imm);
                return Ok(Op::StoreArg { off, src });
            }
            register(dst)?;
            return Ok(Op::Store {
                base: dst,
                off,
                size,
                src: Src::Imm(imm),
            });
        }
        Form::Stx(size) => {
            require(imm == 0, Reserved::Stx)?;
            register(src)?;
            if is_argument(dst, size, rules) {
                let src = Src::Reg(src);
                return Ok(Op::StoreArg { off, src });
            }
            register(dst)?;
            return Ok(Op::Store {
                base: dst,
                off,
                size,
                src: Src::Reg(src),
            });
        }
        Form::Atomic(size) => return atomic(insn, size, rules),
        Form::Jmp { w, op, reg } => {
            // Here alone the register compared comes before the unused fields.
            register(dst)?;
            let src = operand(insn, reg, Reserved::Jmp)?;
            Op::Jmp {
                w,
                op,
                dst,
                src,
                off,
            }
        }
        Form::Ja(Width::W64) => {
            require(src == 0 && dst == 0 && imm == 0, Reserved::Ja)?;
            Op::Ja {
                off: i32::from(off),
                long: false,
            }
        }
        Form::Ja(Width::W32) if !rules.gotol() => return Err(unknown),
        Form::Ja(Width::W32) => {
            require(src == 0 && dst == 0 && off == 0, Reserved::Ja)?;
            Op::Ja {
                off: imm,
                long: true,
            }
        }
        Form::Gotox if !rules.gotox() => return Err(unknown),
        Form::Gotox => {
            require(src == 0 && off == 0 && imm == 0, Reserved::JaX)?;
            Op::Gotox { dst }
        }
        Form::MayGoto if !rules.may_goto() => return Err(unknown),
        Form::MayGoto if src != 0 || dst != 0 || imm != 0 => return Err(DecodeFault::MayGoto(imm)),
        Form::MayGoto => Op::MayGoto { off },
        Form::Call => {
            require(
                dst == 0 && (off == 0 || src == pseudo::KFUNC_CALL),
                Reserved::Call,
            )?;
            Op::Call(match src {
                0 => Callee::Helper(imm),
                pseudo::CALL => Callee::Local(imm),
                pseudo::KFUNC_CALL => Callee::Kfunc { imm, off },
                _ => return Err(DecodeFault::Reserved(Reserved::Call)),
            })
        }
        Form::CallX if !rules.callx() => return Err(unknown),
        Form::CallX => {
            // Older compilers put the register into the immediate.
            require(
                src == 0 && off == 0 && (imm == 0 || dst == 0),
                Reserved::Call,
            )?;
            let dst = if imm == 0 {
                dst
            } else {
                u8::try_from(imm).unwrap_or(u8::MAX)
            };
            register(dst)?;
            Op::CallX { dst }
        }
        Form::Exit => {
            // The offset is nobody's business: kernels leave it unread.
            require(src == 0 && dst == 0 && imm == 0, Reserved::Exit)?;
            Op::Exit
        }
    };
    register(dst)?;
    Ok(op)
}

fn mov(insn: Insn, w: Width, reg: bool, rules: &IsaRules) -> Decoded {
    let Insn {
        dst, src, off, imm, ..
    } = insn;
    if !reg {
        require(src == 0 && off == 0, Reserved::Mov)?;
        register(dst)?;
        return Ok(Op::Alu {
            w,
            op: AluOp::Mov,
            dst,
            src: Src::Imm(imm),
        });
    }
    if w == Width::W64 && off == isa::ADDR_SPACE_CAST && rules.addr_space_cast() {
        if imm != 1 && imm != 1 << 16 {
            return Err(DecodeFault::AddrSpaceCast(imm));
        }
        register(src)?;
        register(dst)?;
        return Ok(Op::AddrSpaceCast { dst, src, imm });
    }
    let bits = match off {
        0 => 0,
        8 | 16 if rules.v4() => off as u8,
        32 if rules.v4() && w == Width::W64 => 32,
        _ => return Err(DecodeFault::Reserved(Reserved::Mov)),
    };
    require(imm == 0, Reserved::Mov)?;
    register(src)?;
    register(dst)?;
    Ok(match bits {
        0 => Op::Alu {
            w,
            op: AluOp::Mov,
            dst,
            src: Src::Reg(src),
        },
        bits => Op::MovSx { w, dst, src, bits },
    })
}

fn atomic(insn: Insn, size: Size, rules: &IsaRules) -> Decoded {
    let Insn {
        opcode,
        dst,
        src,
        off,
        imm,
    } = insn;
    let narrow = matches!(size, Size::B | Size::H);
    if narrow && !rules.acq_rel() {
        return Err(DecodeFault::UnknownOpcode(opcode));
    }
    // Where addition is the only one there is, it is a store like others.
    require(imm == 0 || rules.atomics(), Reserved::Stx)?;
    let op = match imm {
        isa::LOAD_ACQ if rules.acq_rel() => Op::LoadAcquire {
            dst,
            base: src,
            off,
            size,
        },
        isa::STORE_REL if rules.acq_rel() => Op::StoreRelease {
            base: dst,
            off,
            size,
            src,
        },
        _ => {
            let fetch = imm & isa::FETCH != 0;
            let row = isa::ATOMICS
                .iter()
                .find(|row| row.1 == imm & !isa::FETCH && (fetch || row.1 < 0xe0))
                .ok_or(DecodeFault::AtomicOp(imm))?;
            if narrow {
                return Err(DecodeFault::AtomicSize);
            }
            Op::Atomic {
                op: row.0,
                fetch,
                size,
                base: dst,
                off,
                src,
            }
        }
    };
    register(src)?;
    register(dst)?;
    Ok(op)
}

fn operand(insn: Insn, reg: bool, of: Reserved) -> Result<Src, DecodeFault> {
    if reg {
        require(insn.imm == 0, of)?;
        register(insn.src)?;
        Ok(Src::Reg(insn.src))
    } else {
        require(insn.src == 0, of)?;
        Ok(Src::Imm(insn.imm))
    }
}

fn require(holds: bool, of: Reserved) -> Result<(), DecodeFault> {
    if holds {
        Ok(())
    } else {
        Err(DecodeFault::Reserved(of))
    }
}

fn register(reg: u8) -> Result<(), DecodeFault> {
    if reg <= 10 {
        Ok(())
    } else {
        Err(DecodeFault::Register(reg))
    }
}

/// Where fields are checked up front, register numbers come before all else.
fn registers_first(insn: Insn, rules: &IsaRules) -> Result<(), DecodeFault> {
    if insn.dst <= 10 && insn.src <= 10 || !rules.fields_upfront() {
        return Ok(());
    }
    let allowed = |reg: u8| reg <= 10 || (reg == 11 && rules.stack_args());
    match (allowed(insn.dst), allowed(insn.src)) {
        (true, true) => Ok(()),
        (false, _) => Err(DecodeFault::Register(insn.dst)),
        (_, false) => Err(DecodeFault::Register(insn.src)),
    }
}

/// Whether a base register is r11 where it stands for outgoing and incoming
/// arguments. It is no register: nothing else can be done with it.
fn is_argument(base: u8, size: Size, rules: &IsaRules) -> bool {
    base == isa::ARGUMENTS && size == Size::DW && rules.stack_args()
}
