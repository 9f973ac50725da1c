//! What each instruction becomes: the table of `lower`, row by row.

use super::lower::{Leave, by_driver};
use super::traps::key;
use super::writer::{Arg, EXIT, FP_SLOT, JA, Label, TEMP_SLOT, Writer, slot};
use crate::programs::insn::{AluOp, AtomicOp, Endness, ImmRef, JmpOp, Op, Size, Src, Width};
use crate::programs::isa;

impl Writer<'_> {
    /// Lowers the instruction at `at`.
    pub(super) fn insn(&mut self, at: u32) {
        let Some(&op) = self.code.ops.get(at as usize) else {
            return;
        };
        if op == Op::Second {
            return;
        }
        self.place(Label::Insn(at));
        if by_driver(&op) {
            return self.leave(Leave::Site, at);
        }
        let pc = Arg::Imm(i64::from(at));
        match op {
            Op::Alu { w, op, dst, src } => self.alu(at, w, op, dst, src),
            Op::Neg { w: Width::W32, dst } => self.emit(0x84, dst, 0, 0, 0),
            Op::Neg { w: Width::W64, dst } => {
                self.emit(0xa7, dst, 0, 0, -1);
                self.emit(0x07, dst, 0, 0, 1);
            }
            Op::MovSx { w, dst, src, bits } => {
                self.move_any(dst, src);
                let shift = 64 - i32::from(bits);
                self.emit(0x67, dst, 0, 0, shift);
                self.emit(0xc7, dst, 0, 0, shift);
                if w.is32() {
                    self.emit(0xbc, dst, dst, 0, 0);
                }
            }
            Op::End { dst, kind, bits } => {
                // On a little-endian host "to little" keeps, "to big" swaps.
                let swaps = kind != Endness::Le;
                let little = cfg!(target_endian = "little");
                let opcode = if swaps == little { 0xdc } else { 0xd4 };
                self.emit(opcode, dst, 0, 0, i32::from(bits));
            }
            Op::AddrSpaceCast { dst, src, .. } => {
                self.trap(key::EXEC, &[pc, Arg::Reg(src)], Some(dst));
            }
            Op::LdImm64 {
                dst,
                src: ImmRef::Const(value),
            } => {
                self.emit(0x18, dst, 0, 0, value as i32);
                self.emit(0, 0, 0, 0, (value >> 32) as i32);
            }
            Op::LdImm64 { dst, .. } => self.trap(key::EXEC, &[pc], Some(dst)),
            Op::Load {
                dst,
                base,
                off,
                size,
                sx,
            } => self.load(at, dst, base, off, size, sx),
            Op::LoadAcquire {
                dst,
                base,
                off,
                size,
            } => self.load(at, dst, base, off, size, false),
            Op::Store {
                base,
                off,
                size,
                src,
            } => {
                let value = match src {
                    Src::Reg(reg) => Arg::Reg(reg),
                    Src::Imm(imm) => Arg::Imm(i64::from(imm)),
                };
                self.store(at, base, off, size, value);
            }
            Op::StoreRelease {
                base,
                off,
                size,
                src,
            } => {
                self.store(at, base, off, size, Arg::Reg(src));
            }
            Op::Atomic {
                op,
                fetch,
                base,
                off,
                src,
                ..
            } => {
                let to = match op {
                    AtomicOp::CmpXchg => Some(0),
                    _ if fetch => Some(src),
                    _ => None,
                };
                let args = [pc, Arg::RegOff(base, off), Arg::Reg(src), Arg::Reg(0)];
                self.trap(key::EXEC, &args, to);
            }
            Op::Jmp {
                w,
                op,
                dst,
                src,
                off,
            } => self.branch_on(at, w, op, dst, src, off),
            Op::Ja { off, .. } => {
                let to = self.label(at, i64::from(off));
                self.jump(JA, 0, 0, 0, to);
            }
            Op::MayGoto { off } => {
                let (taken, next) = (self.local(), self.local());
                self.keep(0, slot(0));
                self.call(key::MAY_GOTO);
                self.jump(0x55, 0, 0, 0, taken);
                self.restore(0, slot(0));
                self.jump(JA, 0, 0, 0, next);
                self.place(taken);
                self.restore(0, slot(0));
                let to = self.label(at, i64::from(off));
                self.jump(JA, 0, 0, 0, to);
                self.place(next);
            }
            Op::Call(_) => {
                self.keep(1, slot(1));
                self.constant(1, i64::from(at));
                self.call(key::SITE);
                self.restore(1, slot(1));
                self.call(key::HELPER);
            }
            Op::Exit => self.emit(EXIT, 0, 0, 0, 0),
            Op::CallX { .. } | Op::Gotox { .. } | Op::LdAbs { .. } | Op::LdInd { .. } => {}
            Op::LoadArg { .. } | Op::StoreArg { .. } | Op::Second | Op::Invalid(_) => {}
        }
    }

    /// `dst = src`, the frame pointer included.
    fn move_any(&mut self, dst: u8, src: u8) {
        if src == 10 {
            self.fetch_fp();
            self.restore(dst, FP_SLOT);
        } else {
            self.mov(dst, src);
        }
    }

    fn alu(&mut self, at: u32, w: Width, op: AluOp, dst: u8, src: Src) {
        let class = if w.is32() { 0x04 } else { 0x07 };
        if matches!(op, AluOp::SDiv | AluOp::SMod) {
            let value = match src {
                Src::Reg(reg) => Arg::Reg(reg),
                Src::Imm(imm) => Arg::Imm(i64::from(imm)),
            };
            let pc = Arg::Imm(i64::from(at));
            return self.trap(key::EXEC, &[pc, Arg::Reg(dst), value], Some(dst));
        }
        let bits = isa::ALU
            .iter()
            .find(|row| row.0 == op)
            .map_or(0, |row| row.1);
        match src {
            Src::Imm(imm) => self.emit(bits | class, dst, 0, 0, imm),
            Src::Reg(10) if op == AluOp::Mov && !w.is32() => self.move_any(dst, 10),
            Src::Reg(10) => {
                let temp = if dst == 1 { 2 } else { 1 };
                self.fetch_fp();
                self.keep(temp, TEMP_SLOT);
                self.restore(temp, FP_SLOT);
                self.emit(bits | class | 8, dst, temp, 0, 0);
                self.restore(temp, TEMP_SLOT);
            }
            Src::Reg(reg) => self.emit(bits | class | 8, dst, reg, 0, 0),
        }
        if op == AluOp::Mod && w.is32() {
            self.emit(0xbc, dst, dst, 0, 0);
        }
    }

    fn load(&mut self, at: u32, dst: u8, base: u8, off: i16, size: Size, sx: bool) {
        let pc = Arg::Imm(i64::from(at));
        let (addr, key) = self.address(base, off, key::load(size, sx, base == 10));
        self.trap(key, &[addr, pc], Some(dst));
    }

    fn store(&mut self, at: u32, base: u8, off: i16, size: Size, value: Arg) {
        let pc = Arg::Imm(i64::from(at));
        let (addr, key) = self.address(base, off, key::store(size, base == 10));
        self.trap(key, &[addr, pc, value], None);
    }

    /// Through r10 only the offset is passed; the trap knows the frame.
    fn address(&self, base: u8, off: i16, key: u32) -> (Arg, u32) {
        match base {
            10 => (Arg::Imm(i64::from(off)), key),
            base => (Arg::RegOff(base, off), key),
        }
    }

    fn branch_on(&mut self, at: u32, w: Width, op: JmpOp, dst: u8, src: Src, off: i16) {
        let class = if w.is32() { 0x06 } else { 0x05 };
        let bits = isa::JMP
            .iter()
            .find(|row| row.0 == op)
            .map_or(0, |row| row.1);
        let to = self.label(at, i64::from(off));
        let wrong = !w.is32() && !op.is_signed() && op != JmpOp::Set;
        match src {
            Src::Imm(imm) if dst != 10 && !(wrong && imm < 0) => {
                self.jump(bits | class, dst, 0, imm, to);
            }
            Src::Reg(reg) if dst != 10 && reg != 10 => {
                self.jump(bits | class | 8, dst, reg, 0, to);
            }
            _ => {
                let other = match src {
                    Src::Reg(reg) if reg != 10 => reg,
                    _ => dst,
                };
                // Two registers the instruction does not use stand for its operands.
                let mut free = (1..=9).filter(|r| *r != other && *r != dst);
                let (a, b) = (free.next().unwrap_or(1), free.next().unwrap_or(2));
                self.compare_in(bits | class | 8, dst, src, (a, b), to);
            }
        }
    }

    fn compare_in(&mut self, opcode: u8, dst: u8, src: Src, temps: (u8, u8), to: Label) {
        let (a, b) = temps;
        let fp = dst == 10 || src == Src::Reg(10);
        if fp {
            self.fetch_fp();
        }
        self.keep(a, TEMP_SLOT);
        self.keep(b, slot(9));
        match dst {
            10 => self.restore(a, FP_SLOT),
            dst => self.mov(a, dst),
        }
        match src {
            Src::Reg(10) => self.restore(b, FP_SLOT),
            Src::Reg(reg) => self.mov(b, reg),
            Src::Imm(imm) => self.constant(b, i64::from(imm)),
        }
        let (taken, next) = (self.local(), self.local());
        self.jump(opcode, a, b, 0, taken);
        for (reg, at) in [(a, TEMP_SLOT), (b, slot(9))] {
            self.restore(reg, at);
        }
        self.jump(JA, 0, 0, 0, next);
        self.place(taken);
        for (reg, at) in [(a, TEMP_SLOT), (b, slot(9))] {
            self.restore(reg, at);
        }
        self.jump(JA, 0, 0, 0, to);
        self.place(next);
    }
}
