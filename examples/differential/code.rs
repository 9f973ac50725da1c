//! Instructions of one function being written: jumps by label, functions by number.

use bpfassay::programs::insn::Insn;

/// A place to jump to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// A function's code.
#[derive(Clone, Debug, Default)]
pub struct Code {
    insns: Vec<Insn>,
    labels: Vec<Option<usize>>,
    jumps: Vec<(usize, Label)>,
    /// Calls of and references to functions, by their number.
    functions: Vec<(usize, usize)>,
}

pub const ALU64: u8 = 7;
pub const ALU32: u8 = 4;
pub const JMP: u8 = 5;
pub const JMP32: u8 = 6;
/// The second operand is a register.
pub const REG: u8 = 8;

pub const JEQ: u8 = 0x10;

/// Bytes of an access as the opcode has them.
pub const fn size_bits(bytes: usize) -> u8 {
    match bytes {
        1 => 0x10,
        2 => 0x08,
        4 => 0x00,
        _ => 0x18,
    }
}

impl Code {
    pub fn len(&self) -> usize {
        self.insns.len()
    }

    pub fn emit(&mut self, opcode: u8, dst: u8, src: u8, off: i16, imm: i32) {
        self.insns.push(Insn::new(opcode, dst, src, off, imm));
    }

    pub fn mov(&mut self, dst: u8, src: u8) {
        self.emit(0xbf, dst, src, 0, 0);
    }

    pub fn imm(&mut self, dst: u8, imm: i32) {
        self.emit(0xb7, dst, 0, 0, imm);
    }

    pub fn add(&mut self, dst: u8, imm: i32) {
        self.emit(0x07, dst, 0, 0, imm);
    }

    pub fn load(&mut self, bytes: usize, dst: u8, src: u8, off: i16) {
        self.emit(0x61 | size_bits(bytes), dst, src, off, 0);
    }

    pub fn store(&mut self, bytes: usize, dst: u8, off: i16, src: u8) {
        self.emit(0x63 | size_bits(bytes), dst, src, off, 0);
    }

    pub fn store_imm(&mut self, bytes: usize, dst: u8, off: i16, imm: i32) {
        self.emit(0x62 | size_bits(bytes), dst, 0, off, imm);
    }

    /// A wide load, of a number or of what `kind` says.
    pub fn wide(&mut self, dst: u8, kind: u8, low: i32, high: i32) {
        self.emit(0x18, dst, kind, 0, low);
        self.emit(0, 0, 0, 0, high);
    }

    pub fn map(&mut self, dst: u8, map: usize) {
        self.wide(dst, 5, map as i32, 0);
    }

    pub fn variable(&mut self, dst: u8, map: usize, off: i32) {
        self.wide(dst, 6, map as i32, off);
    }

    pub fn helper(&mut self, id: u32) {
        self.emit(0x85, 0, 0, 0, id as i32);
    }

    pub fn kfunc(&mut self, index: usize) {
        self.emit(0x85, 0, 2, 0, index as i32);
    }

    pub fn call(&mut self, function: usize) {
        self.functions.push((self.insns.len(), function));
        self.emit(0x85, 0, 1, 0, 0);
    }

    pub fn function(&mut self, dst: u8, function: usize) {
        self.functions.push((self.insns.len(), function));
        self.wide(dst, 4, 0, 0);
    }

    pub fn exit(&mut self) {
        self.emit(0x95, 0, 0, 0, 0);
    }

    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    pub fn place(&mut self, label: Label) {
        self.labels[label.0] = Some(self.insns.len());
    }

    pub fn jump(&mut self, opcode: u8, dst: u8, src: u8, imm: i32, to: Label) {
        self.jumps.push((self.insns.len(), to));
        self.emit(opcode, dst, src, 0, imm);
    }

    pub fn goto(&mut self, to: Label) {
        self.jump(0x05, 0, 0, 0, to);
    }

    /// Its instructions, with jumps resolved.
    fn settle(&mut self) {
        for (at, label) in std::mem::take(&mut self.jumps) {
            let to = self.labels[label.0].unwrap_or(self.insns.len());
            let by = to as i64 - at as i64 - 1;
            // gotol has its distance in the immediate.
            if self.insns[at].opcode == 0x06 {
                self.insns[at].imm = by as i32;
            } else {
                self.insns[at].off = by as i16;
            }
        }
    }
}

/// All functions one after the other; where each starts.
pub fn assemble(mut functions: Vec<Code>) -> (Vec<Insn>, Vec<usize>) {
    let mut starts = Vec::with_capacity(functions.len());
    let mut at = 0;
    for code in &mut functions {
        code.settle();
        starts.push(at);
        at += code.len();
    }
    let mut insns = Vec::with_capacity(at);
    for (code, start) in functions.iter().zip(&starts) {
        insns.extend_from_slice(&code.insns);
        for (at, function) in &code.functions {
            let to = starts.get(*function).copied().unwrap_or(0) as i64;
            insns[start + at].imm = (to - (start + at) as i64 - 1) as i32;
        }
    }
    (insns, starts)
}
