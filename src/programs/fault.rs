//! Why a slot has no meaning, in the words of no kernel but close to Linux's.

use core::fmt;

/// Which operation's unused fields are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reserved {
    /// Negation.
    Neg,
    /// Byte order conversion, its size included.
    End,
    /// Move.
    Mov,
    /// Other arithmetic.
    Alu,
    /// Register load.
    Ldx,
    /// Register store, atomic addition of kernels that know no other atomic among them.
    Stx,
    /// Immediate store.
    St,
    /// Call.
    Call,
    /// Unconditional jump.
    Ja,
    /// Indirect jump.
    JaX,
    /// Exit.
    Exit,
    /// Conditional jump.
    Jmp,
    /// Legacy packet load.
    LdAbs,
    /// Wide immediate load.
    LdImm64,
}

impl Reserved {
    /// The kernel's word for the operation.
    pub const fn word(self) -> &'static str {
        match self {
            Reserved::Neg => "BPF_NEG",
            Reserved::End => "BPF_END",
            Reserved::Mov => "BPF_MOV",
            Reserved::Alu => "BPF_ALU",
            Reserved::Ldx => "BPF_LDX",
            Reserved::Stx => "BPF_STX",
            Reserved::St => "BPF_ST",
            Reserved::Call => "BPF_CALL",
            Reserved::Ja => "BPF_JA",
            Reserved::JaX => "BPF_JA|BPF_X",
            Reserved::Exit => "BPF_EXIT",
            Reserved::Jmp => "BPF_JMP/JMP32",
            Reserved::LdAbs => "BPF_LD_[ABS|IND]",
            Reserved::LdImm64 => "BPF_LD_IMM64",
        }
    }
}

/// Why a slot has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodeFault {
    /// The opcode byte is not in the table.
    UnknownOpcode(u8),
    /// A field that must be zero is not, or a selector is none of its values.
    Reserved(Reserved),
    /// The second slot of a wide load is missing or not empty.
    LdImm64Pair,
    /// Unknown pseudo source of a wide load, or a map with an offset where none is allowed.
    LdImm64Source(u8),
    /// Address space cast between other spaces than 0 and 1.
    AddrSpaceCast(i32),
    /// Unknown atomic operation in the immediate.
    AtomicOp(i32),
    /// Read-modify-write of one or two bytes.
    AtomicSize,
    /// Conditional pseudo jump that is not `may_goto`.
    MayGoto(i32),
    /// Register number above r10.
    Register(u8),
}

impl DecodeFault {
    /// True when kernels up to 6.18 refuse the program before exploring it.
    /// Other faults matter only if the instruction is reached.
    pub const fn is_upfront(&self) -> bool {
        matches!(
            self,
            DecodeFault::UnknownOpcode(_)
                | DecodeFault::Reserved(Reserved::Ldx)
                | DecodeFault::LdImm64Pair
                | DecodeFault::LdImm64Source(_)
        )
    }
}

impl fmt::Display for DecodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeFault::UnknownOpcode(code) => write!(f, "unknown opcode {code:02x}"),
            DecodeFault::Reserved(of) => write!(f, "{} uses reserved fields", of.word()),
            DecodeFault::LdImm64Pair => write!(f, "invalid bpf_ld_imm64 insn"),
            DecodeFault::LdImm64Source(_) => write!(f, "unrecognized bpf_ld_imm64 insn"),
            DecodeFault::AddrSpaceCast(_) => {
                write!(f, "addr_space_cast only between address spaces 1 and 0")
            }
            DecodeFault::AtomicOp(imm) => write!(f, "invalid atomic opcode {imm:02x}"),
            DecodeFault::AtomicSize => write!(f, "invalid atomic operand size"),
            DecodeFault::MayGoto(imm) => write!(f, "invalid may_goto imm {imm}"),
            DecodeFault::Register(reg) => write!(f, "R{reg} is invalid"),
        }
    }
}
