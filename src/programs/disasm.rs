//! Operations as text, in two dialects.
//!
//! [`Dialect::Llvm`] is what LLVM's assembler reads and writes, with decimal
//! immediates and four extensions for what an object file says by relocation:
//! `map[..]`, `mapval[..]+off`, `func[..]`, `btf_id[..]` before `ll`, and
//! `call pc+N` / `call kfunc[..]`. [`Dialect::Kernel`] is how verifier logs show
//! an instruction; [`kernel_line`] adds the index and the opcode byte.
//! Everything the first dialect prints, `asm` assembles to the same bytes.

use super::insn::{AtomicOp, Callee, Endness, ImmRef, Insn, Op, Size, Src, Width};
use super::isa::{self, alu_symbol, jmp_symbol, size_name};
use crate::prelude::*;

/// Which text is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// LLVM's assembler.
    Llvm,
    /// Verifier logs.
    Kernel,
}

/// Names to print in place of numbers. Every method may answer `None`.
pub trait Names {
    /// Name of a helper.
    fn helper(&self, _id: i32) -> Option<String> {
        None
    }
    /// Name of a kernel function.
    fn kfunc(&self, _imm: i32, _off: i16) -> Option<String> {
        None
    }
    /// Name of the map with this index in the program's list.
    fn map(&self, _idx: u32) -> Option<String> {
        None
    }
    /// Label of a jump target, an absolute slot.
    fn label(&self, _slot: usize) -> Option<String> {
        None
    }
    /// Name of the function that starts at an absolute slot.
    fn function(&self, _slot: usize) -> Option<String> {
        None
    }
}

/// [`Names`] that knows none.
pub struct NoNames;

impl Names for NoNames {}

/// The operation at slot `idx`, LLVM style, numbers only.
pub fn disasm(op: &Op, idx: usize) -> String {
    disasm_with(op, idx, Dialect::Llvm, &NoNames)
}

/// A line of a verifier log: `5: (79) r1 = *(u64 *)(r1 +0)`.
pub fn kernel_line(op: &Op, opcode: u8, idx: usize, names: &dyn Names) -> String {
    let text = disasm_with(op, idx, Dialect::Kernel, names);
    format!("{idx}: ({opcode:02x}) {text}")
}

/// The slot as a raw directive, which assembles whatever it holds.
pub fn raw(insn: Insn) -> String {
    let Insn {
        opcode,
        dst,
        src,
        off,
        imm,
    } = insn;
    format!(".insn {opcode:#04x}, {dst}, {src}, {off}, {imm}")
}

/// The operation at slot `idx` in the given dialect, with names where known.
/// [`Op::Second`] is the empty string.
pub fn disasm_with(op: &Op, idx: usize, dialect: Dialect, names: &dyn Names) -> String {
    let p = Printer {
        idx,
        dialect,
        names,
    };
    match *op {
        Op::Alu { w, op, dst, src } => {
            format!("{} {} {}", reg(w, dst), alu_symbol(op), p.operand(w, src))
        }
        Op::Neg { w, dst } => format!("{0} = -{0}", reg(w, dst)),
        Op::MovSx { w, dst, src, bits } => {
            format!("{} = (s{bits}){}", reg(w, dst), reg(w, src))
        }
        Op::End { dst, kind, bits } => {
            let name = match kind {
                Endness::Le => "le",
                Endness::Be => "be",
                Endness::Swap => "bswap",
            };
            format!("r{dst} = {name}{bits} r{dst}")
        }
        Op::AddrSpaceCast { dst, src, imm } => {
            let (to, from) = (imm as u32 >> 16, imm as u32 & 0xffff);
            format!("r{dst} = addr_space_cast(r{src}, {to}, {from})")
        }
        Op::LdImm64 { dst, src } => format!("r{dst} = {}", p.wide(src)),
        Op::Load {
            dst,
            base,
            off,
            size,
            sx,
        } => {
            format!(
                "r{dst} = *({} *)({})",
                size_name(size, sx),
                p.address(base, off)
            )
        }
        Op::Store {
            base,
            off,
            size,
            src,
        } => {
            let place = p.address(base, off);
            let value = p.store_operand(src);
            format!("*({} *)({place}) = {value}", size_name(size, false))
        }
        Op::LoadArg { dst, off } => {
            format!(
                "r{dst} = *(u64 *)({})",
                p.address(super::isa::ARGUMENTS, off)
            )
        }
        Op::StoreArg { off, src } => {
            let (place, value) = (p.address(super::isa::ARGUMENTS, off), p.store_operand(src));
            format!("*(u64 *)({place}) = {value}")
        }
        Op::Atomic { .. } => p.atomic(op),
        Op::LoadAcquire {
            dst,
            base,
            off,
            size,
        } => {
            format!(
                "{} = load_acquire({})",
                p.sized(size, dst),
                p.pointer(size, base, off)
            )
        }
        Op::StoreRelease {
            base,
            off,
            size,
            src,
        } => {
            format!(
                "store_release({}, {})",
                p.pointer(size, base, off),
                p.sized(size, src)
            )
        }
        Op::LdAbs { size, imm } => format!("r0 = *({} *)skb[{imm}]", size_name(size, false)),
        Op::LdInd { size, src, imm } => {
            let at = match imm {
                0 if dialect == Dialect::Llvm => format!("r{src}"),
                imm => format!("r{src} {} {}", sign(imm), imm.unsigned_abs()),
            };
            format!("r0 = *({} *)skb[{at}]", size_name(size, false))
        }
        Op::Jmp {
            w,
            op,
            dst,
            src,
            off,
        } => {
            let (a, b) = (reg(w, dst), p.compared(w, src));
            format!(
                "if {a} {} {b} goto {}",
                jmp_symbol(op),
                p.target(i32::from(off))
            )
        }
        Op::Ja { off, long } => {
            format!("{} {}", if long { "gotol" } else { "goto" }, p.target(off))
        }
        Op::MayGoto { off } => format!("may_goto {}", p.target(i32::from(off))),
        Op::Gotox { dst } => format!("gotox r{dst}"),
        Op::Call(callee) => format!("call {}", p.callee(callee)),
        Op::CallX { dst } => format!("callx r{dst}"),
        Op::Exit => "exit".to_owned(),
        Op::Second => String::new(),
        Op::Invalid(fault) => format!("<{fault}>"),
    }
}

struct Printer<'a> {
    idx: usize,
    dialect: Dialect,
    names: &'a dyn Names,
}

impl Printer<'_> {
    fn kernel(&self) -> bool {
        self.dialect == Dialect::Kernel
    }

    fn operand(&self, w: Width, src: Src) -> String {
        match src {
            Src::Reg(src) => reg(w, src),
            Src::Imm(imm) => imm.to_string(),
        }
    }

    /// Logs show compared immediates in hexadecimal.
    fn compared(&self, w: Width, src: Src) -> String {
        match src {
            Src::Imm(imm) if self.kernel() => format!("{imm:#x}"),
            other => self.operand(w, other),
        }
    }

    fn store_operand(&self, src: Src) -> String {
        self.operand(Width::W64, src)
    }

    fn address(&self, base: u8, off: i16) -> String {
        match self.dialect {
            Dialect::Kernel => format!("r{base} {off:+}"),
            Dialect::Llvm => {
                format!("r{base} {} {}", sign(i32::from(off)), off.unsigned_abs())
            }
        }
    }

    fn pointer(&self, size: Size, base: u8, off: i16) -> String {
        format!(
            "({} *)({})",
            size_name(size, false),
            self.address(base, off)
        )
    }

    /// LLVM shows the register of an atomic at the width of the access.
    fn sized(&self, size: Size, r: u8) -> String {
        let w = match size {
            Size::DW => Width::W64,
            _ if self.kernel() => Width::W64,
            _ => Width::W32,
        };
        reg(w, r)
    }

    fn atomic(&self, op: &Op) -> String {
        let Op::Atomic {
            op,
            fetch,
            size,
            base,
            off,
            src,
        } = *op
        else {
            return String::new();
        };
        let value = self.sized(size, src);
        let pointer = self.pointer(size, base, off);
        let row = isa::ATOMICS.iter().find(|row| row.0 == op);
        let (symbol, name) = row.map_or(("?", "?"), |row| (row.2, row.3));
        let wide = if size == Size::DW { "64" } else { "" };
        let fixed = if size == Size::DW { "_64" } else { "32_32" };
        let place = self.address(base, off);
        match op {
            AtomicOp::CmpXchg => {
                let old = self.sized(size, 0);
                match self.dialect {
                    Dialect::Kernel => {
                        format!("{old} = atomic{wide}_{name}({pointer}, {old}, {value})")
                    }
                    Dialect::Llvm => format!("{old} = {name}{fixed}({place}, {old}, {value})"),
                }
            }
            AtomicOp::Xchg => match self.dialect {
                Dialect::Kernel => format!("{value} = atomic{wide}_{name}({pointer}, {value})"),
                Dialect::Llvm => format!("{value} = {name}{fixed}({place}, {value})"),
            },
            _ if fetch => {
                let wide = if self.kernel() { wide } else { "" };
                format!("{value} = atomic{wide}_fetch_{name}({pointer}, {value})")
            }
            _ => format!("lock *{pointer} {symbol} {value}"),
        }
    }

    fn wide(&self, src: ImmRef) -> String {
        let map = |idx: u32| self.names.map(idx).unwrap_or_else(|| idx.to_string());
        let body = match src {
            ImmRef::Const(value) if self.kernel() => return format!("{value:#x}"),
            ImmRef::Const(value) => format!("{value:#x}"),
            ImmRef::Map(fd) => format!("map_fd[{fd}]"),
            ImmRef::MapValue { map, off } => format!("mapval_fd[{map}]+{off}"),
            ImmRef::MapIdx(idx) => format!("map[{}]", map(idx)),
            ImmRef::MapIdxValue { idx, off } => format!("mapval[{}]+{off}", map(idx)),
            ImmRef::BtfId { imm, imm2: 0 } => format!("btf_id[{imm}]"),
            ImmRef::BtfId { imm, imm2 } => format!("btf_id[{imm}:{imm2}]"),
            ImmRef::Func(imm) if self.kernel() => format!("{:#x}", imm as u32),
            ImmRef::Func(imm) => match self.slot(imm).and_then(|at| self.names.function(at)) {
                Some(name) => format!("func[{name}]"),
                None => format!("func[pc{imm:+}]"),
            },
            ImmRef::Other(kind) => format!("pseudo[{kind}]"),
        };
        if self.kernel() {
            body
        } else {
            format!("{body} ll")
        }
    }

    fn slot(&self, off: i32) -> Option<usize> {
        let at = i64::try_from(self.idx).ok()? + 1 + i64::from(off);
        usize::try_from(at).ok()
    }

    fn target(&self, off: i32) -> String {
        match self.slot(off).and_then(|at| self.names.label(at)) {
            Some(label) => label,
            None if self.kernel() => format!("pc{off:+}"),
            None => format!("{off:+}"),
        }
    }

    fn callee(&self, callee: Callee) -> String {
        match callee {
            Callee::Helper(id) => match self.names.helper(id) {
                Some(name) if self.kernel() => format!("{name}#{id}"),
                Some(name) => name,
                None if self.kernel() => format!("unknown#{id}"),
                None => id.to_string(),
            },
            Callee::Local(imm) => match self.slot(imm).and_then(|at| self.names.function(at)) {
                Some(name) if !self.kernel() => name,
                _ => format!("pc{imm:+}"),
            },
            Callee::Kfunc { imm, off } => match (self.names.kfunc(imm, off), off) {
                (Some(name), _) if self.kernel() => format!("{name}#{imm}"),
                (None, _) if self.kernel() => format!("kernel-function#{imm}"),
                (Some(name), 0) => format!("kfunc[{name}]"),
                (_, 0) => format!("kfunc[{imm}]"),
                _ => format!("kfunc[{imm}:{off}]"),
            },
        }
    }
}

fn reg(w: Width, r: u8) -> String {
    format!("{}{r}", if w.is32() { 'w' } else { 'r' })
}

fn sign(value: i32) -> char {
    if value < 0 { '-' } else { '+' }
}

/// A whole program as text that assembles to the same slots: labels at jump
/// targets, a `func` line where a function starts, `.insn` for what has no meaning.
pub fn listing(insns: &[Insn], names: &dyn Names) -> String {
    let ops = super::decode(insns);
    let labels = Labels::collect(&ops, names);
    let mut text = String::new();
    let mut wide_before = false;
    for (idx, (op, insn)) in ops.iter().zip(insns).enumerate() {
        if let Some(name) = labels.function(idx) {
            text.push_str(&format!("func {name}:\n"));
        }
        if let Some(name) = labels.label(idx) {
            text.push_str(&format!("{name}:\n"));
        }
        let line = match op {
            Op::Second if wide_before => String::new(),
            Op::Second | Op::Invalid(_) => raw(*insn),
            Op::Exit if insn.off != 0 => raw(*insn),
            // A label in the middle of a pair needs the pair taken apart.
            Op::LdImm64 { .. } if labels.any(idx + 1) => raw(*insn),
            op => disasm_with(op, idx, Dialect::Llvm, &labels),
        };
        wide_before = matches!(op, Op::LdImm64 { .. }) && !line.starts_with(".insn");
        if !line.is_empty() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

struct Labels<'a> {
    jumps: Vec<bool>,
    functions: Vec<bool>,
    names: &'a dyn Names,
}

impl<'a> Labels<'a> {
    fn collect(ops: &[Op], names: &'a dyn Names) -> Labels<'a> {
        let mut labels = Labels {
            jumps: vec![false; ops.len()],
            functions: vec![false; ops.len()],
            names,
        };
        for (idx, op) in ops.iter().enumerate() {
            let (marks, off) = match *op {
                Op::Call(Callee::Local(imm)) => (&mut labels.functions, imm),
                Op::LdImm64 {
                    src: ImmRef::Func(imm),
                    ..
                } => (&mut labels.functions, imm),
                _ => match op.jump_offset() {
                    Some(off) => (&mut labels.jumps, off),
                    None => continue,
                },
            };
            let at = idx as i64 + 1 + i64::from(off);
            if let Some(mark) = usize::try_from(at).ok().and_then(|at| marks.get_mut(at)) {
                *mark = true;
            }
        }
        labels
    }

    fn any(&self, slot: usize) -> bool {
        self.label(slot).is_some() || self.function(slot).is_some()
    }
}

impl Names for Labels<'_> {
    fn helper(&self, id: i32) -> Option<String> {
        self.names.helper(id)
    }
    fn kfunc(&self, imm: i32, off: i16) -> Option<String> {
        self.names.kfunc(imm, off)
    }
    fn map(&self, idx: u32) -> Option<String> {
        self.names.map(idx)
    }
    fn label(&self, slot: usize) -> Option<String> {
        if !*self.jumps.get(slot)? {
            return None;
        }
        Some(self.names.label(slot).unwrap_or_else(|| format!("L{slot}")))
    }
    fn function(&self, slot: usize) -> Option<String> {
        if !*self.functions.get(slot)? {
            return None;
        }
        Some(
            self.names
                .function(slot)
                .unwrap_or_else(|| format!("f{slot}")),
        )
    }
}
