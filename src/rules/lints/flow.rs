//! Where values come from, within a function.
//!
//! Values are followed backwards from definition to definition ([`super::defs`]), on
//! demand and with a bound: few values are asked for. Eight-byte stack slots addressed through r10 count as registers; what is
//! stored to them through other pointers is not seen, so a value that could have
//! been written so has the root [`Root::Unknown`] or a store that is older than
//! the last one. Whoever asks must be able to live with that.

use smallvec::SmallVec;

pub(super) use super::defs::{Def, Place};
use super::defs::{Definitions, Defs};
use super::facts::core_at;
use crate::cfg::Cfg;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{AluOp, Callee, ImmRef, Op, Src, Width};

/// The frame pointer.
pub(super) const FP: u8 = 10;

/// Definitions followed for one question.
const DEPTH: usize = 64;

/// Where a value begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// A number in the code.
    Number,
    /// A number that a CO-RE relocation wrote.
    Core,
    /// The address of a map, a variable, a symbol or a function.
    Address(u32),
    /// Read from memory other than the stack.
    Load(u32),
    /// What a call returned.
    Call(u32),
    /// An argument of the function (or its frame pointer).
    Argument,
    /// Not followed.
    Unknown,
}

pub(super) struct Flow<'a> {
    program: &'a Program,
    ops: &'a [Op],
    definitions: Definitions<'a>,
}

impl<'a> Flow<'a> {
    pub fn new(program: &'a Program, ops: &'a [Op], cfg: &'a Cfg) -> Flow<'a> {
        Flow {
            program,
            ops,
            definitions: Definitions::new(ops, cfg),
        }
    }

    /// The slots from which control comes to a slot, within the function.
    pub fn preds(&self, insn: usize) -> &[u32] {
        self.definitions.preds(insn)
    }

    /// The definitions of a place that reach a slot, in order; `None` if that would take
    /// too long.
    pub fn defs(&self, insn: usize, place: Place) -> Option<Defs> {
        self.definitions.of(insn, place)
    }

    /// The only definition, if there is one.
    pub fn def(&self, insn: usize, reg: u8) -> Option<usize> {
        match self.defs(insn, Place::Reg(reg))?[..] {
            [Def::At(at)] => Some(at as usize),
            _ => None,
        }
    }

    /// The register's value before a slot, if it is a constant of the code.
    pub fn constant(&self, insn: usize, reg: u8) -> Option<u64> {
        self.constant_within(insn, reg, 8)
    }

    fn constant_within(&self, insn: usize, reg: u8, depth: u32) -> Option<u64> {
        let depth = depth.checked_sub(1)?;
        let at = self.def(insn, reg)?;
        match *self.ops.get(at)? {
            Op::LdImm64 {
                src: ImmRef::Const(value),
                ..
            } => Some(value),
            Op::Alu { w, op, dst, src } => {
                let b = match src {
                    Src::Imm(imm) => imm as i64 as u64,
                    Src::Reg(src) => self.constant_within(at, src, depth)?,
                };
                let a = match op {
                    AluOp::Mov => 0,
                    _ => self.constant_within(at, dst, depth)?,
                };
                fold(w, op, a, b)
            }
            _ => None,
        }
    }

    /// All places where the value in a register begins.
    pub fn roots(&self, insn: usize, reg: u8) -> SmallVec<[Root; 4]> {
        self.roots_of(insn, Place::Reg(reg))
    }

    /// All places where a value begins.
    pub fn roots_of(&self, insn: usize, place: Place) -> SmallVec<[Root; 4]> {
        let mut roots = SmallVec::<[Root; 4]>::new();
        let mut seen: Vec<(usize, Place)> = Vec::new();
        let mut work = vec![(insn, place)];
        let mut add = |root: Root| {
            if !roots.contains(&root) {
                roots.push(root);
            }
        };
        while let Some((insn, place)) = work.pop() {
            if seen.contains(&(insn, place)) {
                continue;
            }
            seen.push((insn, place));
            if seen.len() > DEPTH {
                add(Root::Unknown);
                break;
            }
            let Some(defs) = self.defs(insn, place) else {
                add(Root::Unknown);
                continue;
            };
            for def in defs {
                let at = match def {
                    Def::At(at) => at as usize,
                    Def::Entry => {
                        // Nothing stores there through r10: by another pointer then.
                        add(match place {
                            Place::Reg(_) => Root::Argument,
                            Place::Stack(_) => Root::Unknown,
                        });
                        continue;
                    }
                };
                let op = self.ops.get(at);
                // Of a load, the offset is relocated, not what is read.
                let number = matches!(op, Some(Op::Alu { .. } | Op::LdImm64 { .. }));
                if number && core_at(self.program, at).is_some() {
                    add(Root::Core);
                    continue;
                }
                match op {
                    Some(op) => {
                        for step in steps(op, at, place) {
                            match step {
                                Step::Root(root) => add(root),
                                Step::From(place) => work.push((at, place)),
                            }
                        }
                    }
                    None => add(Root::Unknown),
                }
            }
        }
        roots
    }

    /// The offset of r10 that a register holds before a slot.
    pub fn frame_offset(&self, insn: usize, reg: u8) -> Option<i64> {
        let (mut insn, mut reg, mut offset) = (insn, reg, 0i64);
        for _ in 0..8 {
            if reg == FP {
                return Some(offset);
            }
            insn = self.def(insn, reg)?;
            match *self.ops.get(insn)? {
                Op::Alu {
                    w: Width::W64,
                    op: AluOp::Mov,
                    src: Src::Reg(src),
                    ..
                } => reg = src,
                Op::Alu {
                    w: Width::W64,
                    op: AluOp::Add,
                    src: Src::Imm(imm),
                    ..
                } => offset += i64::from(imm),
                _ => return None,
            }
        }
        None
    }
}

impl Flow<'_> {
    /// The call whose result a register holds before a slot, and what was added to it.
    pub fn offset_from_call(&self, insn: usize, reg: u8) -> Option<(usize, i64)> {
        let (mut insn, mut place, mut offset) = (insn, Place::Reg(reg), 0i64);
        for _ in 0..16 {
            let [Def::At(at)] = self.defs(insn, place)?[..] else {
                return None;
            };
            insn = at as usize;
            place = match (place, *self.ops.get(insn)?) {
                (Place::Reg(0), Op::Call(Callee::Helper(_) | Callee::Kfunc { .. })) => {
                    return Some((insn, offset));
                }
                (
                    _,
                    Op::Alu {
                        w: Width::W64,
                        op: AluOp::Mov,
                        src: Src::Reg(src),
                        ..
                    },
                ) => Place::Reg(src),
                (
                    Place::Reg(reg),
                    Op::Alu {
                        w: Width::W64,
                        op: AluOp::Add,
                        src: Src::Imm(imm),
                        ..
                    },
                ) => {
                    offset = offset.checked_add(i64::from(imm))?;
                    Place::Reg(reg)
                }
                (Place::Reg(_), Op::Load { base: FP, off, .. }) => Place::Stack(off),
                (
                    Place::Stack(_),
                    Op::Store {
                        src: Src::Reg(src), ..
                    },
                ) => Place::Reg(src),
                _ => return None,
            };
        }
        None
    }
}

/// How a definition makes its value.
enum Step {
    Root(Root),
    From(Place),
}

fn steps(op: &Op, at: usize, place: Place) -> SmallVec<[Step; 2]> {
    let mut out = SmallVec::new();
    let reg = |r: u8| Step::From(Place::Reg(r));
    match (place, *op) {
        (_, Op::Alu { op, dst, src, .. }) => {
            if op != AluOp::Mov {
                out.push(reg(dst));
            }
            match src {
                Src::Reg(src) => out.push(reg(src)),
                Src::Imm(_) if op == AluOp::Mov => out.push(Step::Root(Root::Number)),
                Src::Imm(_) => {}
            }
        }
        (_, Op::Neg { dst, .. } | Op::End { dst, .. }) => out.push(reg(dst)),
        (_, Op::MovSx { src, .. } | Op::AddrSpaceCast { src, .. }) => out.push(reg(src)),
        (_, Op::LdImm64 { src, .. }) => out.push(Step::Root(match src {
            // A weak symbol that isn't there is zero.
            ImmRef::Const(0) => Root::Address(at as u32),
            ImmRef::Const(_) => Root::Number,
            _ => Root::Address(at as u32),
        })),
        (Place::Reg(_), Op::Load { base: FP, off, .. }) => out.push(Step::From(Place::Stack(off))),
        (Place::Reg(_), Op::Load { .. } | Op::LoadAcquire { .. } | Op::Atomic { .. }) => {
            out.push(Step::Root(Root::Load(at as u32)));
        }
        (Place::Stack(_), Op::Store { src, .. }) => out.push(match src {
            Src::Reg(src) => reg(src),
            Src::Imm(_) => Step::Root(Root::Number),
        }),
        (Place::Reg(0), Op::Call(callee)) => out.push(Step::Root(match callee {
            Callee::Local(_) => Root::Unknown,
            _ => Root::Call(at as u32),
        })),
        _ => out.push(Step::Root(Root::Unknown)),
    }
    out
}

fn fold(w: Width, op: AluOp, a: u64, b: u64) -> Option<u64> {
    let bits = w.bits();
    let value = match op {
        AluOp::Mov => b,
        AluOp::Add => a.wrapping_add(b),
        AluOp::Sub => a.wrapping_sub(b),
        AluOp::Or => a | b,
        AluOp::And => a & b,
        AluOp::Xor => a ^ b,
        AluOp::Lsh => a.wrapping_shl(b as u32 % bits),
        AluOp::Rsh if w.is32() => u64::from((a as u32).wrapping_shr(b as u32 % bits)),
        AluOp::Rsh => a.wrapping_shr(b as u32 % bits),
        _ => return None,
    };
    Some(if w.is32() {
        u64::from(value as u32)
    } else {
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abstract_interp::setup::facts::Facts;
    use crate::helpers_spec::ProgType;
    use crate::programs::{decode, raw};
    use crate::target::Target;

    /// Asks about a program in assembler.
    fn ask(text: &str, question: impl FnOnce(&Flow<'_>)) {
        let kind = Some((ProgType::SocketFilter, None));
        let program = raw::program(raw::Input::Asm(text.as_bytes()), "p", kind).unwrap();
        let ops = decode(&program.insns);
        let target = Target::default();
        let facts = Facts::new(&program, &target, &ops);
        let cfg = crate::cfg::analyze(&program.insns, &ops, &facts, &facts.rules).unwrap();
        question(&Flow::new(&program, &ops, &cfg));
    }

    #[test]
    fn constants_are_folded() {
        let text = "r3 = -1\nr3 <<= 32\nr3 >>= 32\nr4 = r3\nr5 = *(u32 *)(r1 + 0)\nr5 += 1\n\
            r0 = 0\nexit\n";
        ask(text, |flow| {
            assert_eq!(flow.constant(4, 4), Some(0xffff_ffff));
            assert_eq!(flow.constant(6, 5), None);
            assert_eq!(flow.constant(6, 1), None);
        });
    }

    #[test]
    fn both_sides_of_a_branch_define() {
        let text = "r0 = 1\nif r1 == 0 goto other\nr0 = 2\nother:\nr2 = r0\nexit\n";
        ask(text, |flow| {
            let defs = flow.defs(3, Place::Reg(0)).unwrap();
            assert!(defs.len() == 2 && defs.contains(&Def::At(0)) && defs.contains(&Def::At(2)));
            assert_eq!(flow.def(3, 0), None);
            assert_eq!(flow.constant(4, 2), None);
            assert_eq!(flow.preds(3), [1, 2]);
        });
    }

    #[test]
    fn what_is_jumped_over_defines_nothing_behind_it() {
        let text = "r2 = 1\n*(u64 *)(r10 - 8) = 1\nif r1 == 0 goto other\ngoto on\nother:\nr2 = 2\n\
            *(u64 *)(r10 - 8) = 2\nr0 = 0\nexit\non:\nr0 = r2\nexit\n";
        ask(text, |flow| {
            assert_eq!(flow.defs(8, Place::Reg(2)).unwrap()[..], [Def::At(0)]);
            assert_eq!(flow.defs(8, Place::Stack(-8)).unwrap()[..], [Def::At(1)]);
            assert_eq!(flow.constant(8, 2), Some(1));
        });
    }

    #[test]
    fn values_are_followed_through_the_stack() {
        let text = "r6 = *(u32 *)(r1 + 4)\nr6 += 8\n*(u64 *)(r10 - 16) = r6\n\
            call bpf_get_prandom_u32\nr2 = r10\nr2 += -16\nr7 = *(u64 *)(r10 - 16)\nr7 ^= r0\n\
            r0 = 0\nexit\n";
        ask(text, |flow| {
            let roots = flow.roots(8, 7);
            assert!(roots.contains(&Root::Load(0)) && roots.contains(&Root::Call(3)));
            assert_eq!(roots.len(), 2);
            assert_eq!(flow.frame_offset(6, 2), Some(-16));
            assert_eq!(flow.frame_offset(6, 6), None);
        });
    }

    #[test]
    fn a_loop_ends() {
        let text = "r6 = 0\nloop:\nr6 += 1\nif r6 < 9 goto loop\nr0 = r6\nexit\n";
        ask(text, |flow| {
            assert_eq!(flow.roots(3, 6)[..], [Root::Number]);
        });
    }
}
