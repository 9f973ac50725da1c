//! Live registers before each instruction.
//!
//! The least solution of `in(i) = use(i) ∪ (out(i) \ def(i))` with
//! `out(i) = ⋃ in(s)` over the successors, per subprogram. What an instruction
//! uses is read from its raw slot as a kernel reads it: a call uses as many
//! arguments as its prototype has, all five if that is unknown, and destroys
//! r0 to r5; whatever is not recognised uses everything.

use super::Cfg;
use super::facts::InsnFacts;
use super::flow::Flow;
use crate::prelude::*;
use crate::programs::insn::Insn;
use crate::programs::isa::{FETCH, LD_IMM64, LOAD_ACQ, STORE_REL, class};

const CALLER_SAVED: u16 = 0x3f;
const ARGS: u16 = 0x3e;
const ALL: u16 = 0xffff;
const CMPXCHG: i32 = 0xf1;

impl Cfg {
    pub(super) fn liveness(&mut self, insns: &[Insn], facts: &dyn InsnFacts) {
        let effects: Vec<(u16, u16)> = insns
            .iter()
            .enumerate()
            .map(|(at, insn)| match self.flow(at) {
                Flow::Helper(_) | Flow::Kfunc => call(facts.call(at).args),
                Flow::Local(_) => call(None),
                Flow::Gotox => (bit(insn.dst), 0),
                flow => effect(*insn, flow),
            })
            .collect();
        let mut live = vec![0u16; insns.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for &at in &self.postorder {
                let at = at as usize;
                let out = self.successors(at).iter().fold(0, |out, &next| {
                    out | live.get(next as usize).copied().unwrap_or(0)
                });
                let (uses, defs) = effects.get(at).copied().unwrap_or((ALL, 0));
                let before = uses | (out & !defs);
                if let Some(old) = live.get_mut(at).filter(|old| **old != before) {
                    *old = before;
                    changed = true;
                }
            }
        }
        self.live = live;
        self.effects = effects;
    }
}

const fn bit(reg: u8) -> u16 {
    1 << (reg & 15)
}

fn call(args: Option<u8>) -> (u16, u16) {
    let uses = match args {
        Some(count) => ((1u16 << (count.min(5) + 1)) - 1) & ARGS,
        None => ARGS,
    };
    (uses, CALLER_SAVED)
}

/// Registers used and defined.
fn effect(insn: Insn, flow: Flow) -> (u16, u16) {
    let (dst, src) = (bit(insn.dst), bit(insn.src));
    let register_operand = insn.opcode & 8 != 0;
    let memory = matches!(insn.opcode & 0xe0, 0x60);
    match insn.opcode & 7 {
        class::LD if insn.opcode == LD_IMM64 => (0, dst),
        class::LDX if memory || insn.opcode & 0xe0 == 0x80 => (src, dst),
        class::ST if memory => (dst, 0),
        class::STX if memory => (dst | src, 0),
        class::STX if insn.opcode & 0xe0 == 0xc0 => match insn.imm {
            CMPXCHG => (1 | dst | src, 1),
            LOAD_ACQ => (src, dst),
            STORE_REL => (dst | src, 0),
            imm if imm & FETCH != 0 => (dst | src, src),
            _ => (dst | src, 0),
        },
        class::ALU | class::ALU64 => match insn.opcode & 0xf0 {
            0xd0 => (dst, dst),
            0xb0 if register_operand => (src, dst),
            0xb0 => (0, dst),
            _ if register_operand => (dst | src, dst),
            _ => (dst, dst),
        },
        class::JMP | class::JMP32 => match flow {
            Flow::Exit => (1, 0),
            Flow::Jump(_) => (0, 0),
            // The whole family of pseudo conditions reads nothing.
            _ if insn.opcode & 0xf0 == 0xe0 => (0, 0),
            _ if register_operand => (dst | src, 0),
            _ => (dst, 0),
        },
        _ => (ALL, 0),
    }
}
