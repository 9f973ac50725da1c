//! Statements without memory of maps or kernel objects: numbers, branches, loops, the
//! context and the stack.

use bpfassay::helpers_spec::{CtxKind, ProgType};

use super::{Gen, Holds};
use crate::code::{ALU32, ALU64, JMP, JMP32, REG, size_bits};

const COMPARISONS: [u8; 11] = [
    0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0,
];
const OPERATIONS: [u8; 12] = [
    0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xc0, 0x00,
];

impl Gen<'_> {
    pub(super) fn arithmetic(&mut self) {
        let dst = self.scalar();
        let class = self.rng.pick(&[ALU32, ALU64, ALU64]);
        let bits: i64 = if class == ALU64 { 63 } else { 31 };
        match self.rng.below(12) {
            0 => self.f.code.emit(0x80 | class, dst, 0, 0, 0),
            1 => {
                let width = self.rng.pick(&[16, 32, 64]);
                let opcode = self.rng.pick(&[0xd4, 0xdc, 0xd7]);
                self.f.code.emit(opcode, dst, 0, 0, width);
            }
            // Moves that extend the sign.
            2 => {
                let src = self.scalar();
                let widths: &[i16] = if class == ALU64 {
                    &[8, 16, 32]
                } else {
                    &[8, 16]
                };
                let width = self.rng.pick(widths);
                self.f.code.emit(0xb0 | class | REG, dst, src, width, 0);
                self.f.regs[usize::from(dst)] = Holds::Scalar;
            }
            3 => {
                let src = self.scalar();
                self.f.code.emit(0xb0 | class | REG, dst, src, 0, 0);
                self.f.regs[usize::from(dst)] = Holds::Scalar;
            }
            4 | 5 => {
                let op = self.rng.pick(&OPERATIONS);
                let src = self.scalar();
                let signed = matches!(op, 0x30 | 0x90) && self.rng.chance(40);
                self.f
                    .code
                    .emit(op | class | REG, dst, src, i16::from(signed), 0);
            }
            _ => {
                let op = self.rng.pick(&OPERATIONS);
                let imm = match op {
                    0x60 | 0x70 | 0xc0 => self.rng.range(0, bits) as i32,
                    0x30 | 0x90 => self.rng.imm().max(-2) | 1,
                    _ => self.rng.imm(),
                };
                let signed = matches!(op, 0x30 | 0x90) && self.rng.chance(40);
                self.f.code.emit(op | class, dst, 0, i16::from(signed), imm);
            }
        }
        if self.is_scalar(dst) {
            self.f.regs[usize::from(dst)] = Holds::Scalar;
        }
    }

    /// A comparison whose both ends meet at once: what it teaches stays in the states.
    pub(super) fn compare(&mut self) {
        let skip = self.f.code.label();
        self.jump_somehow(skip);
        if self.rng.chance(50) {
            self.arithmetic();
        }
        self.f.code.place(skip);
    }

    fn jump_somehow(&mut self, to: crate::code::Label) {
        let op = self.rng.pick(&COMPARISONS);
        let class = self.rng.pick(&[JMP, JMP, JMP32]);
        let a = self.scalar();
        if self.rng.chance(35) {
            let b = self.scalar();
            self.f.code.jump(op | class | REG, a, b, 0, to);
        } else {
            let imm = self.rng.imm();
            self.f.code.jump(op | class, a, 0, imm, to);
        }
    }

    pub(super) fn branch(&mut self) {
        let (other, end) = (self.f.code.label(), self.f.code.label());
        self.jump_somehow(other);
        let before = self.f.regs;
        self.block(4);
        let after = std::mem::replace(&mut self.f.regs, before);
        if self.rng.chance(50) {
            if self.rng.chance(10) {
                self.f.code.jump(0x06, 0, 0, 0, end);
            } else {
                self.f.code.goto(end);
            }
            self.f.code.place(other);
            self.block(4);
        } else {
            self.f.code.place(other);
        }
        self.f.code.place(end);
        self.merge(&after);
    }

    pub(super) fn move_around(&mut self) {
        let from = self.rng.below(10) as u8;
        let to = self.rng.pick(&[0u8, 1, 2, 3, 4, 5, 7, 8, 9]);
        let holds = self.f.regs[usize::from(from)];
        if self.f.pinned >> to & 1 == 0 && (holds != Holds::Nothing || self.slip()) {
            self.f.code.mov(to, from);
            self.f.regs[usize::from(to)] = holds;
        }
    }

    // ---- loops -------------------------------------------------------------

    pub(super) fn counted_loop(&mut self) {
        let Some(r) = self.free() else {
            return self.arithmetic();
        };
        let times = self.rng.range(1, 12) as i32;
        self.f.code.imm(r, 0);
        self.f.pinned |= 1 << r;
        self.f.regs[usize::from(r)] = Holds::Scalar;
        // A loop's body may not rely on what its first round finds in registers.
        let keep = self.f.pinned;
        for i in 0..10 {
            if keep >> i & 1 == 0 {
                self.f.regs[i] = Holds::Nothing;
            }
        }
        let again = self.here();
        let entry = self.f.regs;
        self.block(3);
        self.f.code.add(r, 1);
        let op = self.rng.pick(&[0xa5u8, 0xc5, 0xa6, 0x55]);
        self.f.code.jump(op, r, 0, times, again);
        self.merge(&entry);
        self.f.pinned &= !(1 << r);
        self.f.regs[usize::from(r)] = Holds::Scalar;
    }

    pub(super) fn may_goto(&mut self) {
        for i in 0..10 {
            if self.f.pinned >> i & 1 == 0 {
                self.f.regs[i] = Holds::Nothing;
            }
        }
        let entry = self.f.regs;
        let (again, out) = (self.f.code.label(), self.f.code.label());
        self.f.code.place(again);
        self.f.code.jump(0xe5, 0, 0, 0, out);
        self.block(3);
        if self.rng.chance(40) {
            self.jump_somehow(out);
        }
        if self.rng.chance(90) {
            self.f.code.goto(again);
        }
        self.f.code.place(out);
        self.merge(&entry);
    }

    // ---- context -----------------------------------------------------------

    pub(super) fn context_load(&mut self) {
        // Of programs with typed arguments the first is one; not all have more.
        let typed = self.layout.is_none() && !matches!(self.prog_type(), ProgType::Syscall);
        if self.f.regs[6] != Holds::Ctx || typed && !self.rng.chance(50) {
            return self.arithmetic();
        }
        let to = self.rng.pick(&[0u8, 1, 2, 3, 7, 8, 9]);
        if self.f.pinned >> to & 1 == 1 {
            return;
        }
        let most = if self.slip() { 6 } else { 1 };
        let (mut bytes, mut off) = (8u32, self.rng.below(most) as u32 * 8);
        let mut holds = Holds::Other;
        let mut fits = self.layout.is_none();
        if let Some(layout) = self.layout {
            for _ in 0..12 {
                bytes = self.rng.pick(&[1u32, 2, 4, 4, 8]);
                off = self.rng.below((layout.limit() / bytes).max(1) as usize) as u32 * bytes;
                let write = self.rng.chance(15);
                if off % bytes != 0 {
                    continue;
                }
                let Some(field) = layout.access(off, bytes, write) else {
                    continue;
                };
                if write {
                    let from = self.scalar();
                    self.f.code.store(bytes as usize, 6, off as i16, from);
                    return;
                }
                holds = match field.kind {
                    CtxKind::Scalar => Holds::Scalar,
                    _ => Holds::Other,
                };
                fits = true;
                break;
            }
        } else if self.rng.chance(20) {
            bytes = self.rng.pick(&[1u32, 2, 4]);
        }
        if fits || self.slip() {
            self.f.code.load(bytes as usize, to, 6, off as i16);
            self.f.regs[usize::from(to)] = holds;
        }
    }

    // ---- stack -------------------------------------------------------------

    pub(super) fn stack_access(&mut self) {
        self.room(32, |g, at| {
            let r = g.scalar();
            let (wide, narrow) = (
                g.rng.pick(&[1usize, 2, 4, 8, 8]),
                g.rng.pick(&[1usize, 2, 4, 8, 8]),
            );
            let off = at + g.rng.below(4) as i16 * 8;
            match g.rng.below(6) {
                // A spill and a fill, of widths that may differ.
                0..=2 => {
                    if wide < 8 && !g.slip() {
                        g.f.code.store_imm(8, 10, off, 0);
                    }
                    let what = if g.rng.chance(20) {
                        g.rng.below(10) as u8
                    } else {
                        r
                    };
                    let what = if g.f.regs[usize::from(what)] == Holds::Nothing {
                        r
                    } else {
                        what
                    };
                    g.f.code.store(wide, 10, off, what);
                    if g.rng.chance(30) {
                        g.arithmetic();
                    }
                    let to = g.scalar();
                    g.f.code.load(narrow, to, 10, off);
                    let number = g.is_scalar(what) || narrow < 8;
                    g.f.regs[usize::from(to)] = if number { Holds::Scalar } else { Holds::Other };
                }
                3 => {
                    let imm = g.rng.imm();
                    g.f.code.store_imm(wide, 10, off, imm);
                    let to = g.scalar();
                    g.f.code.load(wide, to, 10, off);
                }
                // An offset that isn't constant.
                4 => {
                    g.clear(at, 32);
                    let Some(i) = g.free() else { return };
                    g.bounded(i, 24);
                    // Whole words, mostly: the stack is strict.
                    let wide = if g.rng.chance(10) { wide } else { 1 };
                    let to = g.rng.pick(&[1u8, 2, 3]);
                    g.stack_address(to, at);
                    g.f.code.emit(0x0f, to, i, 0, 0);
                    g.f.regs[usize::from(to)] = Holds::Nothing;
                    if g.rng.chance(50) {
                        let from = g.scalar();
                        g.stack_address(to, at);
                        g.f.code.emit(0x0f, to, i, 0, 0);
                        g.f.code.store(wide, to, 0, from);
                    } else {
                        g.f.code.load(wide, 0, to, 0);
                        g.f.regs[0] = Holds::Scalar;
                    }
                }
                // Loads that extend the sign.
                _ => {
                    g.f.code.store(8, 10, off, r);
                    let bytes = g.rng.pick(&[1usize, 2, 4]);
                    let to = g.scalar();
                    g.f.code.emit(0x81 | size_bits(bytes), to, 10, off, 0);
                }
            }
        });
    }

    /// Loads of the packet as old programs make them.
    pub(super) fn packet_load(&mut self) {
        let ok = matches!(
            self.prog_type(),
            ProgType::SocketFilter | ProgType::SchedCls | ProgType::SchedAct | ProgType::CgroupSkb
        );
        if !ok && !self.slip() {
            return self.arithmetic();
        }
        let size = size_bits(self.rng.pick(&[1usize, 2, 4]));
        if self.rng.chance(50) {
            let imm = self.rng.below(64) as i32;
            self.f.code.emit(0x20 | size, 0, 0, 0, imm);
        } else {
            let r = self.scalar();
            self.f.code.emit(0x40 | size, 0, r, 0, 0);
        }
        self.called(Holds::Scalar);
    }
}
