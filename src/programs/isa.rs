//! The instruction set: ONE table of opcodes.
//!
//! An opcode byte selects a [`Form`]; the form says which operation it is and
//! how the other fields are read. [`TABLE`] maps every byte to its form and is
//! built from the three symbol lists below it ([`ALU`], [`JMP`], [`SIZES`]) and
//! the single opcodes. Decoder, encoder, assembler and disassembler read nothing
//! else, so that a row added here is known to all of them.
//!
//! What differs by kernel is an [`IsaRules`]: which part of the set exists.

use super::insn::{AluOp, AtomicOp, Endness, JmpOp, Size, Width};
use crate::prelude::*;
use crate::target::Switches;

/// Instruction classes, the low three bits of an opcode.
pub mod class {
    #![expect(missing_docs, reason = "the names are the documentation")]
    pub const LD: u8 = 0;
    pub const LDX: u8 = 1;
    pub const ST: u8 = 2;
    pub const STX: u8 = 3;
    pub const ALU: u8 = 4;
    pub const JMP: u8 = 5;
    pub const JMP32: u8 = 6;
    pub const ALU64: u8 = 7;
}

/// Pseudo kinds in the source field of a wide load.
pub mod pseudo {
    #![expect(missing_docs, reason = "the names are the documentation")]
    pub const MAP_FD: u8 = 1;
    pub const MAP_VALUE: u8 = 2;
    pub const BTF_ID: u8 = 3;
    pub const FUNC: u8 = 4;
    pub const MAP_IDX: u8 = 5;
    pub const MAP_IDX_VALUE: u8 = 6;
    /// Source field of a call to a function of the program.
    pub const CALL: u8 = 1;
    /// Source field of a call to a kernel function.
    pub const KFUNC_CALL: u8 = 2;
}

/// Offset field that turns a 64-bit register move into an address space cast.
pub const ADDR_SPACE_CAST: i16 = 1;

/// The base register of arguments on the stack; no register of the machine.
pub const ARGUMENTS: u8 = 11;
/// Immediate of a load with acquire ordering.
pub const LOAD_ACQ: i32 = 0x100;
/// Immediate of a store with release ordering.
pub const STORE_REL: i32 = 0x110;
/// Bit of an atomic's immediate: the old value is returned.
pub const FETCH: i32 = 1;

/// The opcode of wide immediate loads.
pub const LD_IMM64: u8 = 0x18;

/// How an opcode byte reads its other fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Two-operand arithmetic, the second a register when `reg`.
    Alu {
        /// Width of the operation.
        w: Width,
        /// Operation when the offset is zero (`Div` and `Mod` are signed when it is 1).
        op: AluOp,
        /// Register operand.
        reg: bool,
    },
    /// Negation.
    Neg(Width),
    /// Byte order conversion.
    End(Endness),
    /// Wide immediate load.
    LdImm64,
    /// Legacy packet load, fixed offset.
    LdAbs(Size),
    /// Legacy packet load, register offset.
    LdInd(Size),
    /// Register load, sign-extending when `sx`.
    Ldx {
        /// Access size.
        size: Size,
        /// Sign extension.
        sx: bool,
    },
    /// Immediate store.
    St(Size),
    /// Register store.
    Stx(Size),
    /// Atomic operation, chosen by the immediate.
    Atomic(Size),
    /// Conditional jump.
    Jmp {
        /// Width compared.
        w: Width,
        /// Comparison.
        op: JmpOp,
        /// Register operand.
        reg: bool,
    },
    /// Jump; `W32` class means a 32-bit offset in the immediate.
    Ja(Width),
    /// Indirect jump.
    Gotox,
    /// Conditional pseudo jump.
    MayGoto,
    /// Direct call.
    Call,
    /// Indirect call.
    CallX,
    /// Return.
    Exit,
}

/// Arithmetic: operation, opcode bits, assembler symbol. Signed division and
/// remainder share bits with the unsigned and are told apart by the offset.
pub const ALU: &[(AluOp, u8, &str)] = &[
    (AluOp::Add, 0x00, "+="),
    (AluOp::Sub, 0x10, "-="),
    (AluOp::Mul, 0x20, "*="),
    (AluOp::Div, 0x30, "/="),
    (AluOp::SDiv, 0x30, "s/="),
    (AluOp::Or, 0x40, "|="),
    (AluOp::And, 0x50, "&="),
    (AluOp::Lsh, 0x60, "<<="),
    (AluOp::Rsh, 0x70, ">>="),
    (AluOp::Mod, 0x90, "%="),
    (AluOp::SMod, 0x90, "s%="),
    (AluOp::Xor, 0xa0, "^="),
    (AluOp::Mov, 0xb0, "="),
    (AluOp::Arsh, 0xc0, "s>>="),
];

/// Comparisons: operation, opcode bits, assembler symbol.
pub const JMP: &[(JmpOp, u8, &str)] = &[
    (JmpOp::Eq, 0x10, "=="),
    (JmpOp::Gt, 0x20, ">"),
    (JmpOp::Ge, 0x30, ">="),
    (JmpOp::Set, 0x40, "&"),
    (JmpOp::Ne, 0x50, "!="),
    (JmpOp::Sgt, 0x60, "s>"),
    (JmpOp::Sge, 0x70, "s>="),
    (JmpOp::Lt, 0xa0, "<"),
    (JmpOp::Le, 0xb0, "<="),
    (JmpOp::Slt, 0xc0, "s<"),
    (JmpOp::Sle, 0xd0, "s<="),
];

/// Access sizes: size, opcode bits, C type without its sign.
pub const SIZES: &[(Size, u8, &str)] = &[
    (Size::W, 0x00, "32"),
    (Size::H, 0x08, "16"),
    (Size::B, 0x10, "8"),
    (Size::DW, 0x18, "64"),
];

/// Atomics: operation, immediate without [`FETCH`], symbol, name. The last two always fetch.
pub const ATOMICS: &[(AtomicOp, i32, &str, &str)] = &[
    (AtomicOp::Add, 0x00, "+=", "add"),
    (AtomicOp::Or, 0x40, "|=", "or"),
    (AtomicOp::And, 0x50, "&=", "and"),
    (AtomicOp::Xor, 0xa0, "^=", "xor"),
    (AtomicOp::Xchg, 0xe0, "", "xchg"),
    (AtomicOp::CmpXchg, 0xf0, "", "cmpxchg"),
];

/// Every opcode byte with its form.
pub static TABLE: [Option<Form>; 256] = build();

const REG: u8 = 0x08;

const fn build() -> [Option<Form>; 256] {
    let mut t: [Option<Form>; 256] = [None; 256];
    let widths = [
        (Width::W32, class::ALU, class::JMP32),
        (Width::W64, class::ALU64, class::JMP),
    ];
    let mut k = 0;
    while k < widths.len() {
        let (w, alu, jmp) = widths[k];
        let mut i = 0;
        while i < ALU.len() {
            let (op, bits, _) = ALU[i];
            if !matches!(op, AluOp::SDiv | AluOp::SMod) {
                t[(bits | alu) as usize] = Some(Form::Alu { w, op, reg: false });
                t[(bits | alu | REG) as usize] = Some(Form::Alu { w, op, reg: true });
            }
            i += 1;
        }
        t[(0x80 | alu) as usize] = Some(Form::Neg(w));
        let mut i = 0;
        while i < JMP.len() {
            let (op, bits, _) = JMP[i];
            t[(bits | jmp) as usize] = Some(Form::Jmp { w, op, reg: false });
            t[(bits | jmp | REG) as usize] = Some(Form::Jmp { w, op, reg: true });
            i += 1;
        }
        t[jmp as usize] = Some(Form::Ja(w));
        k += 1;
    }
    let mut i = 0;
    while i < SIZES.len() {
        let (size, bits, _) = SIZES[i];
        t[(0x60 | bits | class::LDX) as usize] = Some(Form::Ldx { size, sx: false });
        if !matches!(size, Size::DW) {
            t[(0x80 | bits | class::LDX) as usize] = Some(Form::Ldx { size, sx: true });
            t[(0x20 | bits | class::LD) as usize] = Some(Form::LdAbs(size));
            t[(0x40 | bits | class::LD) as usize] = Some(Form::LdInd(size));
        }
        t[(0x60 | bits | class::ST) as usize] = Some(Form::St(size));
        t[(0x60 | bits | class::STX) as usize] = Some(Form::Stx(size));
        t[(0xc0 | bits | class::STX) as usize] = Some(Form::Atomic(size));
        i += 1;
    }
    t[0xd4] = Some(Form::End(Endness::Le));
    t[0xdc] = Some(Form::End(Endness::Be));
    t[0xd7] = Some(Form::End(Endness::Swap));
    t[LD_IMM64 as usize] = Some(Form::LdImm64);
    t[0x0d] = Some(Form::Gotox);
    t[0x85] = Some(Form::Call);
    t[0x8d] = Some(Form::CallX);
    t[0x95] = Some(Form::Exit);
    t[0xe5] = Some(Form::MayGoto);
    t
}

/// The form of an opcode byte.
pub const fn form(opcode: u8) -> Option<Form> {
    TABLE[opcode as usize]
}

/// The opcode byte of a form, if the set has it.
pub fn opcode_of(form: Form) -> Option<u8> {
    (0..=255u8).find(|&code| TABLE[usize::from(code)] == Some(form))
}

/// Which part of the instruction set exists, and when its fields are checked: as a
/// target's switches say, or all that is defined.
#[derive(Clone, Copy, Debug)]
pub struct IsaRules<'a>(Option<Switches<'a>>);

impl<'a> IsaRules<'a> {
    /// Everything that is defined.
    pub const ALL: IsaRules<'static> = IsaRules(None);

    /// What a target knows.
    pub const fn of(switches: Switches<'a>) -> IsaRules<'a> {
        IsaRules(Some(switches))
    }

    /// Atomics other than plain addition (Linux 5.12).
    pub fn atomics(self) -> bool {
        self.0.is_none_or(Switches::atomics_fetch)
    }

    /// ISA v4: sign-extending loads and moves, signed division, `bswap` (6.6).
    pub fn v4(self) -> bool {
        self.0.is_none_or(Switches::isa_v4)
    }

    /// `gotol`, of ISA v4 too (6.6, and stable 6.1).
    pub fn gotol(self) -> bool {
        self.0.is_none_or(Switches::long_jumps)
    }

    /// `may_goto` (6.9).
    pub fn may_goto(self) -> bool {
        self.0.is_none_or(Switches::may_goto)
    }

    /// `addr_space_cast` (6.9).
    pub fn addr_space_cast(self) -> bool {
        self.0.is_none_or(Switches::arena)
    }

    /// Atomic opcodes of one and two bytes, load-acquire and store-release (6.15).
    pub fn acq_rel(self) -> bool {
        self.0.is_none_or(Switches::load_acquire)
    }

    /// Indirect jumps (6.19).
    pub fn gotox(self) -> bool {
        self.0.is_none_or(Switches::indirect_jumps)
    }

    /// Indirect calls (no Linux so far).
    pub fn callx(self) -> bool {
        self.0.is_none()
    }

    /// Stack arguments through the pseudo register r11 (7.x).
    pub fn stack_args(self) -> bool {
        self.0.is_some_and(Switches::stack_arguments)
    }

    /// Every field fault is found up front, reached or not (7.x).
    pub fn fields_upfront(self) -> bool {
        self.0.is_some_and(Switches::reserved_fields_upfront)
    }
}

/// The assembler symbol of an arithmetic operation.
pub fn alu_symbol(op: AluOp) -> &'static str {
    ALU.iter().find(|row| row.0 == op).map_or("?=", |row| row.2)
}

/// The assembler symbol of a comparison.
pub fn jmp_symbol(op: JmpOp) -> &'static str {
    JMP.iter().find(|row| row.0 == op).map_or("?", |row| row.2)
}

/// The C type of an access, such as `u32` or `s8`.
pub fn size_name(size: Size, signed: bool) -> String {
    let bits = SIZES
        .iter()
        .find(|row| row.0 == size)
        .map_or("", |row| row.2);
    format!("{}{bits}", if signed { 's' } else { 'u' })
}
