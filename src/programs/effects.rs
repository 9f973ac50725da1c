//! What an instruction touches, whatever its operands hold: [`Op::effects`].
//!
//! Registers read and written, memory accessed, and where control goes next. An
//! analysis that asks only for these asks here and not for the operation; what
//! values become is its own business. A register that is destroyed counts as
//! written. A call reads all five argument registers here; who knows the callee
//! may know better ([`Regs::arguments`]).

use super::insn::{AluOp, AtomicOp, Callee, Op, Size, Src};

/// A set of registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regs(u16);

impl Regs {
    /// None.
    pub const NONE: Regs = Regs(0);
    /// Every register.
    pub const ALL: Regs = Regs(0xffff);
    /// What no call keeps: r0 to r5.
    pub const CALLER_SAVED: Regs = Regs(0x3f);

    /// One register.
    pub const fn one(reg: u8) -> Regs {
        Regs(1 << (reg & 15))
    }

    /// The registers of the first `count` arguments, five at most.
    pub const fn arguments(count: u8) -> Regs {
        let count = if count > 5 { 5 } else { count };
        Regs(((1 << count) - 1) << 1)
    }

    /// Whether a register is among them.
    pub const fn has(self, reg: u8) -> bool {
        self.0 & Regs::one(reg).0 != 0
    }

    /// With another's registers.
    #[must_use]
    pub const fn with(self, other: Regs) -> Regs {
        Regs(self.0 | other.0)
    }

    /// Without another's registers.
    #[must_use]
    pub const fn without(self, other: Regs) -> Regs {
        Regs(self.0 & !other.0)
    }

    /// A bit each.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Each register, from r0 on.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..16).filter(move |r| self.has(*r))
    }
}

/// What is done with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read.
    Read,
    /// Written.
    Write,
    /// Both at once.
    Both,
}

impl Access {
    /// Whether it writes.
    pub const fn writes(self) -> bool {
        matches!(self, Access::Write | Access::Both)
    }
}

/// Memory that an instruction accesses: `size` bytes at `base + off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The register with the address.
    pub base: u8,
    /// Bytes from there.
    pub off: i16,
    /// How many bytes.
    pub size: Size,
    /// What is done with them.
    pub access: Access,
}

impl Memory {
    /// Whether the byte at an offset from the base is among them.
    pub const fn covers(self, off: i16) -> bool {
        let (start, off) = (self.off as i32, off as i32);
        start <= off && off < start + self.size.bytes() as i32
    }
}

/// Where control goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// To the next instruction.
    Next,
    /// To `insn + 1 + offset`.
    Jump(i32),
    /// There, or to the next one.
    Branch(i32),
    /// To an entry of a jump table.
    Table,
    /// To a callee, and back.
    Call(Callee),
    /// To where a register says, and back.
    CallRegister,
    /// Back to the caller.
    Exit,
    /// Nowhere: it is no instruction.
    Nowhere,
}

/// What an instruction touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effects {
    /// Registers whose value counts.
    pub reads: Regs,
    /// Registers whose value is another afterwards.
    pub writes: Regs,
    /// The memory that it names; a call and a legacy packet load name none.
    pub memory: Option<Memory>,
    /// Where control goes.
    pub control: Control,
}

impl Effects {
    const fn new(reads: Regs, writes: Regs) -> Effects {
        Effects {
            reads,
            writes,
            memory: None,
            control: Control::Next,
        }
    }

    const fn on(self, base: u8, off: i16, size: Size, access: Access) -> Effects {
        Effects {
            memory: Some(Memory {
                base,
                off,
                size,
                access,
            }),
            ..self
        }
    }

    const fn to(self, control: Control) -> Effects {
        Effects { control, ..self }
    }
}

/// The register that arguments on the stack are addressed by.
const ARGUMENTS: u8 = 11;

const fn operand(src: Src) -> Regs {
    match src {
        Src::Reg(reg) => Regs::one(reg),
        Src::Imm(_) => Regs::NONE,
    }
}

impl Op {
    /// What it touches.
    pub const fn effects(&self) -> Effects {
        const NONE: Regs = Regs::NONE;
        const ARGS: Regs = Regs::one(ARGUMENTS);
        const fn two(a: u8, b: u8) -> Regs {
            Regs::one(a).with(Regs::one(b))
        }
        match *self {
            Op::Alu { op, dst, src, .. } => {
                let old = match op {
                    AluOp::Mov => NONE,
                    _ => Regs::one(dst),
                };
                Effects::new(old.with(operand(src)), Regs::one(dst))
            }
            Op::Neg { dst, .. } | Op::End { dst, .. } => {
                Effects::new(Regs::one(dst), Regs::one(dst))
            }
            Op::MovSx { dst, src, .. } | Op::AddrSpaceCast { dst, src, .. } => {
                Effects::new(Regs::one(src), Regs::one(dst))
            }
            Op::LdImm64 { dst, .. } => Effects::new(NONE, Regs::one(dst)),
            Op::Load {
                dst,
                base,
                off,
                size,
                ..
            }
            | Op::LoadAcquire {
                dst,
                base,
                off,
                size,
            } => Effects::new(Regs::one(base), Regs::one(dst)).on(base, off, size, Access::Read),
            Op::LoadArg { dst, off } => {
                Effects::new(ARGS, Regs::one(dst)).on(ARGUMENTS, off, Size::DW, Access::Read)
            }
            Op::StoreArg { off, src } => Effects::new(ARGS.with(operand(src)), NONE).on(
                ARGUMENTS,
                off,
                Size::DW,
                Access::Write,
            ),
            Op::Store {
                base,
                off,
                size,
                src,
            } => Effects::new(Regs::one(base).with(operand(src)), NONE).on(
                base,
                off,
                size,
                Access::Write,
            ),
            Op::StoreRelease {
                base,
                off,
                size,
                src,
            } => Effects::new(two(base, src), NONE).on(base, off, size, Access::Write),
            Op::Atomic {
                op,
                fetch,
                size,
                base,
                off,
                src,
            } => {
                let (reads, writes) = match (op, fetch) {
                    (AtomicOp::CmpXchg, _) => (Regs::one(0).with(two(base, src)), Regs::one(0)),
                    (_, true) => (two(base, src), Regs::one(src)),
                    (_, false) => (two(base, src), NONE),
                };
                Effects::new(reads, writes).on(base, off, size, Access::Both)
            }
            Op::LdAbs { .. } => Effects::new(Regs::one(6), Regs::CALLER_SAVED),
            Op::LdInd { src, .. } => Effects::new(two(6, src), Regs::CALLER_SAVED),
            Op::Jmp { dst, src, off, .. } => Effects::new(Regs::one(dst).with(operand(src)), NONE)
                .to(Control::Branch(off as i32)),
            Op::Ja { off, .. } => Effects::new(NONE, NONE).to(Control::Jump(off)),
            Op::MayGoto { off } => Effects::new(NONE, NONE).to(Control::Branch(off as i32)),
            Op::Gotox { dst } => Effects::new(Regs::one(dst), NONE).to(Control::Table),
            Op::Call(callee) => {
                Effects::new(Regs::arguments(5), Regs::CALLER_SAVED).to(Control::Call(callee))
            }
            Op::CallX { dst } => {
                Effects::new(Regs::arguments(5).with(Regs::one(dst)), Regs::CALLER_SAVED)
                    .to(Control::CallRegister)
            }
            Op::Exit => Effects::new(Regs::one(0), NONE).to(Control::Exit),
            Op::Second => Effects::new(NONE, NONE),
            Op::Invalid(_) => Effects::new(Regs::ALL, NONE).to(Control::Nowhere),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::asm;

    /// The registers that a line of assembler reads and writes.
    #[track_caller]
    fn check(line: &str, reads: &[u8], writes: &[u8]) {
        let program = asm::assemble(&format!("{line}\nexit\n")).unwrap();
        let effects = crate::programs::decode(&program.insns)[0].effects();
        let of = |regs: Regs| regs.iter().collect::<Vec<u8>>();
        assert_eq!(
            (&of(effects.reads)[..], &of(effects.writes)[..]),
            (reads, writes),
            "{line}"
        );
    }

    #[test]
    fn registers_are_read_and_written() {
        check("r1 = r2", &[2], &[1]);
        check("r1 = 7", &[], &[1]);
        check("r1 += r2", &[1, 2], &[1]);
        check("w3 *= 5", &[3], &[3]);
        check("r1 = -r1", &[1], &[1]);
        check("r1 = be16 r1", &[1], &[1]);
        check("r3 = (s8)r4", &[4], &[3]);
        check("r1 = 0x1234567890 ll", &[], &[1]);
        check("r5 = *(u32 *)(r6 + 4)", &[6], &[5]);
        check("*(u64 *)(r10 - 8) = r2", &[2, 10], &[]);
        check("*(u64 *)(r10 - 8) = 0", &[10], &[]);
        check("lock *(u64 *)(r1 + 0) += r2", &[1, 2], &[]);
        check("r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)", &[1, 2], &[2]);
        check("r0 = cmpxchg_64(r1 + 0, r0, r2)", &[0, 1, 2], &[0]);
        check("r0 = *(u8 *)skb[14]", &[6], &[0, 1, 2, 3, 4, 5]);
        check("call 5", &[1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5]);
        check("exit", &[0], &[]);
    }

    #[test]
    fn memory_is_named() {
        let op = Op::Store {
            base: 10,
            off: -16,
            size: Size::DW,
            src: Src::Imm(0),
        };
        let memory = op.effects().memory.unwrap();
        assert!(memory.access.writes() && memory.covers(-9) && !memory.covers(-8));
        assert!(!memory.covers(-17));
        assert_eq!(Regs::arguments(2).bits(), 0b110);
    }
}
