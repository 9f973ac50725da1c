//! How control leaves a slot, by its raw opcode.

use super::facts::CfgRules;
use crate::programs::insn::Insn;
use crate::programs::isa::{LD_IMM64, class, pseudo};

/// How control leaves a slot. Distances count from the next slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// To the next slot.
    Next,
    /// Over the second slot of a wide load.
    Wide,
    /// As [`Flow::Wide`]; the load takes the address of a function.
    FuncRef(i32),
    /// To one other slot.
    Jump(i32),
    /// To the next slot or to another.
    Branch(i16),
    /// As [`Flow::Branch`], by a spent loop budget.
    MayGoto(i16),
    /// To any slot of a table.
    Gotox,
    /// To the next slot, by way of a helper.
    Helper(i32),
    /// To the next slot, by way of a subprogram.
    Local(i32),
    /// To the next slot, by way of a kernel function (or none: reserved forms).
    Kfunc,
    /// To the next slot; or, if the packet ends before, out of the program.
    LdAbs,
    /// Out of the subprogram.
    Exit,
}

impl Flow {
    /// Reads a slot.
    pub fn of(insn: Insn, rules: &CfgRules) -> Flow {
        let code = insn.opcode;
        let group = code & 7;
        if code == LD_IMM64 {
            return match insn.src {
                pseudo::FUNC => Flow::FuncRef(insn.imm),
                _ => Flow::Wide,
            };
        }
        if group == class::LD && matches!(code & 0xe0, 0x20 | 0x40) {
            return Flow::LdAbs;
        }
        if group != class::JMP && group != class::JMP32 {
            return Flow::Next;
        }
        match code & 0xf0 {
            0x80 => match (code, insn.src) {
                (0x85, 0) => Flow::Helper(insn.imm),
                (0x85, pseudo::CALL) => Flow::Local(insn.imm),
                _ => Flow::Kfunc,
            },
            0x90 => Flow::Exit,
            0x00 if code == 0x0d && rules.isa.gotox() => Flow::Gotox,
            0x00 if code == 0x06 && rules.isa.gotol() => Flow::Jump(insn.imm),
            0x00 => Flow::Jump(i32::from(insn.off)),
            0xe0 if code == 0xe5 && insn.src == 0 => Flow::MayGoto(insn.off),
            _ => Flow::Branch(insn.off),
        }
    }

    /// Slots to the instruction after this one, if control may get there.
    pub const fn fallthrough(self) -> Option<u32> {
        match self {
            Flow::Wide | Flow::FuncRef(_) => Some(2),
            Flow::Jump(_) | Flow::Gotox | Flow::Exit => None,
            _ => Some(1),
        }
    }

    /// Distance of the one jump.
    pub const fn jump(self) -> Option<i32> {
        match self {
            Flow::Jump(off) => Some(off),
            Flow::Branch(off) | Flow::MayGoto(off) => Some(off as i32),
            _ => None,
        }
    }

    /// Distance of the subprogram called or referred to.
    pub const fn callee(self) -> Option<i32> {
        match self {
            Flow::Local(off) | Flow::FuncRef(off) => Some(off),
            _ => None,
        }
    }
}

/// The helper that replaces the running program.
pub const TAIL_CALL: i32 = 12;
