//! Operands that no arithmetic takes, whatever their bounds.

use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::vm::{ArenaUse, Check, Env, Vm};
use crate::programs::insn::{AluOp, Width};

/// An address space: the program's own, and the arena's.
const TO_ARENA: i32 = 1;
const FROM_ARENA: i32 = 1 << 16;

/// The constant on an operation's right.
pub fn immediate(w: Width, op: AluOp, imm: i32) -> Check<()> {
    match op {
        AluOp::Div | AluOp::SDiv | AluOp::Mod | AluOp::SMod if imm == 0 => {
            refuse(Fault::ZeroDivisor)
        }
        AluOp::Lsh | AluOp::Rsh | AluOp::Arsh if !(0..w.bits() as i32).contains(&imm) => {
            refuse(Fault::ShiftCount { count: imm.into() })
        }
        _ => Ok(()),
    }
}

/// A conversion between address spaces; whether it leads into the arena.
pub fn cast(env: &Env<'_>, imm: i32) -> Check<bool> {
    match imm {
        TO_ARENA | FROM_ARENA if !env.has_arena => refuse(Fault::ArenaCastAlone),
        TO_ARENA | FROM_ARENA => Ok(imm == TO_ARENA),
        _ => refuse(Fault::ArenaCastSpaces),
    }
}

/// Two pointers: only their distance is a number, and of those who may not learn
/// addresses not even that.
pub fn two_pointers(env: &Env<'_>, op: AluOp, dst: u8) -> Check<()> {
    match op {
        AluOp::Sub if !env.confined => Ok(()),
        _ => refuse_reg(dst, Fault::PointerWithPointer { op }),
    }
}

/// The instruction is made into another one for arena pointers: all paths, or none, must
/// come with one.
pub fn arena_use(vm: &Vm<'_>, now: ArenaUse) -> Check<()> {
    let before = vm.aux[vm.insn].arena_use;
    match before == ArenaUse::None || before == now {
        true => Ok(()),
        false => refuse(Fault::MixedArena),
    }
}
