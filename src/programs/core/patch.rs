//! Putting an answer into an instruction.

use super::Decision;
use crate::prelude::*;
use crate::programs::insn::Insn;
use crate::programs::program::{CoreOutcome, OPEN_CORE, POISON_CORE};

const CLASS: u8 = 0x07;
const LD: u8 = 0;
const LDX: u8 = 1;
const ST: u8 = 2;
const STX: u8 = 3;
const ALU: u8 = 4;
const ALU64: u8 = 7;
const SRC_REG: u8 = 0x08;
const LD_IMM64: u8 = 0x18;
const SIZE: u8 = 0x18;
const CALL: u8 = 0x85;

/// Replaces an instruction (both slots of a wide one) by calls of a helper that
/// does not exist.
pub(crate) fn poison(insns: &mut [Insn], at: usize, helper: i32) {
    let wide = insns.get(at).is_some_and(|i| i.opcode == LD_IMM64);
    for insn in insns.iter_mut().skip(at).take(if wide { 2 } else { 1 }) {
        *insn = Insn {
            opcode: CALL,
            dst: 0,
            src: 0,
            off: 0,
            imm: helper,
        };
    }
}

fn bytes_of(opcode: u8) -> u32 {
    match opcode & SIZE {
        0x00 => 4,
        0x08 => 2,
        0x10 => 1,
        _ => 8,
    }
}

fn size_of(bytes: u32) -> Option<u8> {
    match bytes {
        1 => Some(0x10),
        2 => Some(0x08),
        4 => Some(0x00),
        8 => Some(0x18),
        _ => None,
    }
}

/// Applies a decision to the instruction at `at`.
pub(super) fn apply(
    insns: &mut [Insn],
    at: usize,
    decision: Decision,
) -> Result<CoreOutcome, String> {
    let (from, to, bad_size) = match decision {
        Decision::Change { from, to, bad_size } => (from, to, bad_size),
        Decision::Poison => {
            poison(insns, at, POISON_CORE);
            return Ok(CoreOutcome::Poisoned);
        }
        Decision::Open => {
            poison(insns, at, OPEN_CORE);
            return Ok(CoreOutcome::Open);
        }
    };
    let next = insns.get(at.saturating_add(1)).copied();
    let Some(insn) = insns.get_mut(at) else {
        return Err("CO-RE relocation outside the function".into());
    };
    // The compiler put its own answer there; another value means that the record
    // belongs to another instruction.
    let expect = |found: u64| {
        if from.certain && found != from.value {
            Err(format!(
                "CO-RE relocation of an instruction with {found} where {} was expected",
                from.value
            ))
        } else {
            Ok(())
        }
    };
    match insn.opcode & CLASS {
        ALU | ALU64 if insn.opcode & SRC_REG == 0 => {
            expect(i64::from(insn.imm) as u64)?;
            insn.imm = to.value as i32;
        }
        LDX | ST | STX => {
            expect(i64::from(insn.off) as u64)?;
            let Some(off) = i16::try_from(to.value).ok() else {
                return Err(format!(
                    "offset {} is too large for a load or store",
                    to.value
                ));
            };
            if bad_size {
                poison(insns, at, POISON_CORE);
                return Ok(CoreOutcome::Poisoned);
            }
            insn.off = off;
            if to.size != from.size {
                if bytes_of(insn.opcode) != from.size {
                    return Err(
                        "CO-RE relocation of a load or store of another size than its field".into(),
                    );
                }
                let Some(size) = size_of(to.size) else {
                    return Err(format!(
                        "a field of {} bytes cannot be loaded or stored",
                        to.size
                    ));
                };
                insn.opcode = insn.opcode & !SIZE | size;
            }
        }
        LD if insn.opcode == LD_IMM64 => {
            let plain = |i: &Insn| i.src == 0 && i.off == 0;
            let Some(second) =
                next.filter(|n| plain(insn) && plain(n) && n.opcode == 0 && n.dst == 0)
            else {
                return Err("CO-RE relocation of a wide load of unexpected form".into());
            };
            expect(u64::from(insn.imm as u32) | u64::from(second.imm as u32) << 32)?;
            insn.imm = to.value as i32;
            if let Some(second) = insns.get_mut(at.saturating_add(1)) {
                second.imm = (to.value >> 32) as i32;
            }
        }
        _ => {
            return Err(format!(
                "CO-RE relocation of an instruction with opcode {:#04x}",
                insn.opcode
            ));
        }
    }
    Ok(CoreOutcome::Value(to.value))
}
