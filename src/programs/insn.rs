//! Instructions: the 8-byte slot as loaded, and the decoded operation.
//!
//! [`Insn`] is a slot in host order and always representable; [`Op`] is what it
//! means. `decode` is total: a slot without meaning becomes [`Op::Invalid`] with
//! the fault a kernel would name. Faults found when a program is taken in and
//! faults found only when an instruction is reached differ
//! ([`DecodeFault::is_upfront`]).

use crate::helpers_spec::helper;

pub use super::decode::{decode, decode_with};
pub use super::fault::{DecodeFault, Reserved};

/// Byte order of an instruction stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endian {
    /// Least significant byte first (`bpfel`).
    Little,
    /// Most significant byte first (`bpfeb`); register nibbles swap as well.
    Big,
}

/// One 8-byte instruction slot in host order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Insn {
    /// Opcode byte.
    pub opcode: u8,
    /// Destination register field, 0..=15.
    pub dst: u8,
    /// Source register field, 0..=15; for calls and wide loads a pseudo kind.
    pub src: u8,
    /// Signed offset field.
    pub off: i16,
    /// Signed immediate field.
    pub imm: i32,
}

impl Insn {
    /// Builds a slot from its fields.
    pub const fn new(opcode: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
        Insn {
            opcode,
            dst: dst & 15,
            src: src & 15,
            off,
            imm,
        }
    }

    /// Reads a slot of the given byte order.
    pub const fn from_bytes(b: [u8; 8], endian: Endian) -> Insn {
        let off = [b[2], b[3]];
        let imm = [b[4], b[5], b[6], b[7]];
        match endian {
            Endian::Little => Insn {
                opcode: b[0],
                dst: b[1] & 15,
                src: b[1] >> 4,
                off: i16::from_le_bytes(off),
                imm: i32::from_le_bytes(imm),
            },
            Endian::Big => Insn {
                opcode: b[0],
                dst: b[1] >> 4,
                src: b[1] & 15,
                off: i16::from_be_bytes(off),
                imm: i32::from_be_bytes(imm),
            },
        }
    }

    /// Writes the slot in the given byte order.
    pub const fn to_bytes(self, endian: Endian) -> [u8; 8] {
        let (regs, off, imm) = match endian {
            Endian::Little => (
                (self.src << 4) | (self.dst & 15),
                self.off.to_le_bytes(),
                self.imm.to_le_bytes(),
            ),
            Endian::Big => (
                (self.dst << 4) | (self.src & 15),
                self.off.to_be_bytes(),
                self.imm.to_be_bytes(),
            ),
        };
        [
            self.opcode,
            regs,
            off[0],
            off[1],
            imm[0],
            imm[1],
            imm[2],
            imm[3],
        ]
    }
}

/// Operand width of arithmetic and comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// The low half; results are zero-extended.
    W32,
    /// The whole register.
    W64,
}

impl Width {
    /// Number of bits, 32 or 64.
    pub const fn bits(self) -> u32 {
        match self {
            Width::W32 => 32,
            Width::W64 => 64,
        }
    }

    /// True for [`Width::W32`].
    pub const fn is32(self) -> bool {
        matches!(self, Width::W32)
    }
}

/// Size of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Size {
    /// One byte.
    B,
    /// Two bytes.
    H,
    /// Four bytes.
    W,
    /// Eight bytes.
    DW,
}

impl Size {
    /// Number of bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Size::B => 1,
            Size::H => 2,
            Size::W => 4,
            Size::DW => 8,
        }
    }

    /// Number of bits.
    pub const fn bits(self) -> u32 {
        self.bytes() * 8
    }
}

/// Second operand: a register or a sign-extended immediate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Src {
    /// Register number.
    Reg(u8),
    /// Immediate.
    Imm(i32),
}

/// Two-operand arithmetic (negation and byte swaps are separate operations).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum AluOp {
    Add,
    Sub,
    Mul,
    Div,
    SDiv,
    Or,
    And,
    Lsh,
    Rsh,
    Mod,
    SMod,
    Xor,
    Mov,
    Arsh,
}

/// Comparison of a conditional jump. `Set` is "any common bit".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum JmpOp {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Sgt,
    Sge,
    Slt,
    Sle,
    Set,
}

impl JmpOp {
    /// The comparison that holds exactly when this one does not.
    pub const fn negate(self) -> Option<JmpOp> {
        Some(match self {
            JmpOp::Eq => JmpOp::Ne,
            JmpOp::Ne => JmpOp::Eq,
            JmpOp::Gt => JmpOp::Le,
            JmpOp::Ge => JmpOp::Lt,
            JmpOp::Lt => JmpOp::Ge,
            JmpOp::Le => JmpOp::Gt,
            JmpOp::Sgt => JmpOp::Sle,
            JmpOp::Sge => JmpOp::Slt,
            JmpOp::Slt => JmpOp::Sge,
            JmpOp::Sle => JmpOp::Sgt,
            JmpOp::Set => return None,
        })
    }

    /// The comparison with its operands exchanged: `a op b` is `b op.swap() a`.
    pub const fn swap(self) -> JmpOp {
        match self {
            JmpOp::Gt => JmpOp::Lt,
            JmpOp::Ge => JmpOp::Le,
            JmpOp::Lt => JmpOp::Gt,
            JmpOp::Le => JmpOp::Ge,
            JmpOp::Sgt => JmpOp::Slt,
            JmpOp::Sge => JmpOp::Sle,
            JmpOp::Slt => JmpOp::Sgt,
            JmpOp::Sle => JmpOp::Sge,
            same => same,
        }
    }

    /// True for the four signed orderings.
    pub const fn is_signed(self) -> bool {
        matches!(self, JmpOp::Sgt | JmpOp::Sge | JmpOp::Slt | JmpOp::Sle)
    }

    /// The comparison on values of the given width.
    pub const fn holds(self, w: Width, a: u64, b: u64) -> bool {
        let (a, b) = match w {
            Width::W32 => (a as u32 as u64, b as u32 as u64),
            Width::W64 => (a, b),
        };
        let (sa, sb) = match w {
            Width::W32 => (a as u32 as i32 as i64, b as u32 as i32 as i64),
            Width::W64 => (a as i64, b as i64),
        };
        match self {
            JmpOp::Eq => a == b,
            JmpOp::Ne => a != b,
            JmpOp::Gt => a > b,
            JmpOp::Ge => a >= b,
            JmpOp::Lt => a < b,
            JmpOp::Le => a <= b,
            JmpOp::Sgt => sa > sb,
            JmpOp::Sge => sa >= sb,
            JmpOp::Slt => sa < sb,
            JmpOp::Sle => sa <= sb,
            JmpOp::Set => a & b != 0,
        }
    }
}

/// Atomic read-modify-write operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum AtomicOp {
    Add,
    And,
    Or,
    Xor,
    /// Always fetches.
    Xchg,
    /// Always fetches, into r0, which holds the expected value.
    CmpXchg,
}

/// Byte order conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endness {
    /// Host to little endian.
    Le,
    /// Host to big endian.
    Be,
    /// Unconditional swap (ISA v4).
    Swap,
}

/// What a wide immediate load loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImmRef {
    /// A 64-bit constant.
    Const(u64),
    /// A map by file descriptor.
    Map(u32),
    /// The address `off` bytes into the value of a map by file descriptor.
    MapValue {
        /// File descriptor field.
        map: u32,
        /// Byte offset.
        off: u32,
    },
    /// A kernel symbol by BTF id: `imm` the id, `imm2` the BTF object.
    BtfId {
        /// Immediate of the first slot.
        imm: i32,
        /// Immediate of the second slot.
        imm2: i32,
    },
    /// A function of this program, relative to the next slot (`insn + 1 + imm`).
    Func(i32),
    /// A map by index into the loader's descriptor array.
    MapIdx(u32),
    /// The address `off` bytes into the value of a map by index.
    MapIdxValue {
        /// Index of the map.
        idx: u32,
        /// Byte offset.
        off: u32,
    },
    /// A pseudo kind no kernel knows; `decode` gives [`Op::Invalid`] instead.
    Other(u8),
}

/// What a direct call calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Callee {
    /// A helper by number.
    Helper(i32),
    /// A function of this program at `insn + 1 + imm`.
    Local(i32),
    /// A kernel function by BTF id and descriptor index.
    Kfunc {
        /// BTF id, or an index given by the linker.
        imm: i32,
        /// Index of the BTF object, 0 for the kernel's own.
        off: i16,
    },
}

impl Callee {
    /// The helper that looks up a map's value.
    pub const MAP_LOOKUP_ELEM: Callee = Callee::Helper(helper::MAP_LOOKUP_ELEM as i32);
    /// The helper that runs another program in this one's place.
    pub const TAIL_CALL: Callee = Callee::Helper(helper::TAIL_CALL as i32);
}

/// A decoded operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "fields repeat the instruction's own field names"
)]
pub enum Op {
    /// `dst = dst op src`; `Mov` ignores the old `dst`.
    Alu {
        w: Width,
        op: AluOp,
        dst: u8,
        src: Src,
    },
    /// `dst = -dst`.
    Neg { w: Width, dst: u8 },
    /// Sign-extending move of the low `bits` of `src`.
    MovSx {
        w: Width,
        dst: u8,
        src: u8,
        bits: u8,
    },
    /// Byte order conversion of the low `bits`.
    End { dst: u8, kind: Endness, bits: u8 },
    /// Arena pointer cast; `imm` 1 is user to kernel, `1 << 16` kernel to user.
    AddrSpaceCast { dst: u8, src: u8, imm: i32 },
    /// Wide immediate load; the next slot is [`Op::Second`].
    LdImm64 { dst: u8, src: ImmRef },
    /// `dst = *(size *)(base + off)`, sign-extending when `sx`.
    Load {
        dst: u8,
        base: u8,
        off: i16,
        size: Size,
        sx: bool,
    },
    /// `*(size *)(base + off) = src`.
    Store {
        base: u8,
        off: i16,
        size: Size,
        src: Src,
    },
    /// `dst = *(u64 *)(r11 + off)`: an argument that came on the stack.
    LoadArg { dst: u8, off: i16 },
    /// `*(u64 *)(r11 + off) = src`: an argument that goes out on the stack.
    StoreArg { off: i16, src: Src },
    /// Atomic read-modify-write of `*(size *)(base + off)`.
    Atomic {
        op: AtomicOp,
        fetch: bool,
        size: Size,
        base: u8,
        off: i16,
        src: u8,
    },
    /// Load with acquire ordering.
    LoadAcquire {
        dst: u8,
        base: u8,
        off: i16,
        size: Size,
    },
    /// Store with release ordering.
    StoreRelease {
        base: u8,
        off: i16,
        size: Size,
        src: u8,
    },
    /// Legacy packet load at a fixed offset; needs the context in r6.
    LdAbs { size: Size, imm: i32 },
    /// Legacy packet load at `src + imm`.
    LdInd { size: Size, src: u8, imm: i32 },
    /// Conditional jump to `insn + 1 + off`.
    Jmp {
        w: Width,
        op: JmpOp,
        dst: u8,
        src: Src,
        off: i16,
    },
    /// Jump to `insn + 1 + off`. `long` is the form with a 32-bit offset.
    Ja { off: i32, long: bool },
    /// Jump to `insn + 1 + off` once the loop budget is spent.
    MayGoto { off: i16 },
    /// Jump through a jump table address in `dst`.
    Gotox { dst: u8 },
    /// Direct call.
    Call(Callee),
    /// Call through a register (compilers emit it; Linux refuses it).
    CallX { dst: u8 },
    /// Return from the function.
    Exit,
    /// Second slot of a wide immediate load.
    Second,
    /// No operation: the fault says why.
    Invalid(DecodeFault),
}

impl Op {
    /// Slots taken: 2 for a wide load, 1 for anything else.
    pub const fn slots(&self) -> usize {
        match self {
            Op::LdImm64 { .. } => 2,
            _ => 1,
        }
    }

    /// Relative jump offset of a jump with one fixed target.
    pub const fn jump_offset(&self) -> Option<i32> {
        match *self {
            Op::Jmp { off, .. } | Op::MayGoto { off } => Some(off as i32),
            Op::Ja { off, .. } => Some(off),
            _ => None,
        }
    }
}

const _: () = assert!(size_of::<Op>() <= 24 && size_of::<Insn>() == 12);
