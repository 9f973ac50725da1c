//! Writing a text: slots, labels, jumps between them, traps, and the ways in and out.

use std::collections::{BTreeMap, BTreeSet};

use super::lower::{Leave, target};
use super::traps::key;
use crate::programs::insn::{Endian, Insn, Op};
use crate::smoke::image::Code;

/// A place in a text that jumps go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    /// An instruction of the program.
    Insn(u32),
    /// Charges `cost`, then goes to the instruction.
    Back { to: u32, cost: u32 },
    /// Leaves to go on at the instruction.
    Out(u32),
    /// The jump at this instruction leads out of the program.
    Astray(u32),
    /// Exits.
    Stop,
    /// A place within the lowering of one instruction, or of the dispatcher.
    Local(u32),
}

/// An argument of a trap.
#[derive(Clone, Copy)]
pub(super) enum Arg {
    Reg(u8),
    RegOff(u8, i16),
    Imm(i64),
}

/// A text as it is written: the instructions from `start` up to `stop`.
pub(super) struct Writer<'a> {
    pub(super) code: &'a Code,
    start: u32,
    stop: u32,
    out: Vec<Insn>,
    places: BTreeMap<Label, usize>,
    fixups: Vec<(usize, Label)>,
    locals: u32,
}

/// Where a register is kept while a trap has its arguments.
pub(super) const fn slot(n: i16) -> i16 {
    -8 * (n + 1)
}
pub(super) const FP_SLOT: i16 = slot(7);
pub(super) const TEMP_SLOT: i16 = slot(8);

const MOV_REG: u8 = 0xbf;
const MOV_IMM: u8 = 0xb7;
const LDX_DW: u8 = 0x79;
const STX_DW: u8 = 0x7b;
const CALL: u8 = 0x85;
pub(super) const EXIT: u8 = 0x95;
pub(super) const JA: u8 = 0x05;

impl<'a> Writer<'a> {
    pub(super) fn new(code: &'a Code, start: u32, stop: u32) -> Writer<'a> {
        Writer {
            code,
            start,
            stop,
            out: Vec::new(),
            places: BTreeMap::new(),
            fixups: Vec::new(),
            locals: 0,
        }
    }

    pub(super) fn emit(&mut self, opcode: u8, dst: u8, src: u8, off: i16, imm: i32) {
        self.out.push(Insn::new(opcode, dst, src, off, imm));
    }

    pub(super) fn mov(&mut self, dst: u8, src: u8) {
        if dst != src {
            self.emit(MOV_REG, dst, src, 0, 0);
        }
    }

    pub(super) fn keep(&mut self, reg: u8, at: i16) {
        self.emit(STX_DW, 10, reg, at, 0);
    }

    pub(super) fn restore(&mut self, reg: u8, at: i16) {
        self.emit(LDX_DW, reg, 10, at, 0);
    }

    pub(super) fn constant(&mut self, reg: u8, value: i64) {
        match i32::try_from(value) {
            Ok(imm) => self.emit(MOV_IMM, reg, 0, 0, imm),
            Err(_) => {
                self.emit(0x18, reg, 0, 0, value as i32);
                self.emit(0, 0, 0, 0, (value >> 32) as i32);
            }
        }
    }

    pub(super) fn call(&mut self, key: u32) {
        self.emit(CALL, 0, 0, 0, key as i32);
    }

    pub(super) fn place(&mut self, label: Label) {
        self.places.insert(label, self.out.len());
    }

    pub(super) fn local(&mut self) -> Label {
        self.locals += 1;
        Label::Local(self.locals)
    }

    /// A jump instruction whose offset is filled in when all is placed.
    pub(super) fn jump(&mut self, opcode: u8, dst: u8, src: u8, imm: i32, to: Label) {
        self.fixups.push((self.out.len(), to));
        self.emit(opcode, dst, src, 0, imm);
    }

    /// Where a jump from `at` by `off` goes.
    pub(super) fn label(&self, at: u32, off: i64) -> Label {
        let to = target(at as usize, off);
        let inside = u32::try_from(to)
            .ok()
            .filter(|to| (self.start..self.stop).contains(to));
        match inside {
            Some(to) if self.code.ops.get(to as usize) == Some(&Op::Second) => Label::Out(to),
            Some(to) if to <= at => Label::Back {
                to,
                cost: at - to + 1,
            },
            Some(to) => Label::Insn(to),
            None => match u32::try_from(to) {
                Ok(to) if (to as usize) < self.code.ops.len() => Label::Out(to),
                _ => Label::Astray(at),
            },
        }
    }

    pub(super) fn dispatcher(&mut self, entries: &[u32]) {
        if let [one] = entries {
            self.load_registers();
            self.jump(JA, 0, 0, 0, Label::Insn(*one));
            return;
        }
        self.emit(LDX_DW, 2, 1, 80, 0);
        self.branch(entries, 0);
    }

    /// A binary tree over the entries' numbers, with the registers loaded at its leaves.
    fn branch(&mut self, entries: &[u32], first: usize) {
        if entries.len() <= 1 {
            self.load_registers();
            let to = entries.first().copied().unwrap_or(self.start);
            self.jump(JA, 0, 0, 0, Label::Insn(to));
            return;
        }
        let (low, high) = entries.split_at(entries.len() / 2);
        let middle = first + low.len();
        let upper = self.local();
        // if r2 >= middle goto upper
        self.jump(0x35, 2, 0, middle as i32, upper);
        self.branch(low, first);
        self.place(upper);
        self.branch(high, middle);
    }

    fn load_registers(&mut self) {
        for reg in [0, 2, 3, 4, 5, 6, 7, 8, 9, 1] {
            self.emit(LDX_DW, reg, 1, i16::from(reg) * 8, 0);
        }
    }

    /// Stores the registers and exits.
    pub(super) fn leave(&mut self, how: Leave, insn: u32) {
        self.keep(0, slot(0));
        self.call(key::SAVE_LOW);
        for (to, from) in [(1, 6), (2, 7), (3, 8), (4, 9)] {
            self.mov(to, from);
        }
        self.restore(5, slot(0));
        self.call(key::SAVE_HIGH);
        self.constant(1, how as i64);
        self.constant(2, i64::from(insn));
        self.call(key::LEAVE);
        self.emit(EXIT, 0, 0, 0, 0);
    }

    /// Brings the program's r10 to its slot.
    pub(super) fn fetch_fp(&mut self) {
        self.keep(0, slot(0));
        self.call(key::FRAME);
        self.keep(0, FP_SLOT);
        self.restore(0, slot(0));
    }

    /// Calls a trap with the arguments in r1 and on; its result goes to `result`,
    /// all other registers are as before.
    pub(super) fn trap(&mut self, key: u32, args: &[Arg], result: Option<u8>) {
        let count = args.len() as u8;
        let uses_fp = |arg: &Arg| matches!(arg, Arg::Reg(10) | Arg::RegOff(10, _));
        if args.iter().any(uses_fp) {
            self.fetch_fp();
        }
        self.keep(0, slot(0));
        for reg in 1..=count {
            self.keep(reg, slot(i16::from(reg)));
        }
        for (to, arg) in (1..).zip(args) {
            let (from, off) = match *arg {
                Arg::Reg(reg) => (reg, 0),
                Arg::RegOff(reg, off) => (reg, off),
                Arg::Imm(value) => {
                    self.constant(to, value);
                    continue;
                }
            };
            match from {
                10 => self.restore(to, FP_SLOT),
                // Its register may hold another argument already.
                from if (1..to).contains(&from) => self.restore(to, slot(i16::from(from))),
                from => self.mov(to, from),
            }
            if off != 0 {
                self.emit(0x07, to, 0, 0, i32::from(off));
            }
        }
        self.call(key);
        if let Some(to) = result {
            self.mov(to, 0);
        }
        for reg in (1..=count).filter(|reg| Some(*reg) != result) {
            self.restore(reg, slot(i16::from(reg)));
        }
        if result != Some(0) {
            self.restore(0, slot(0));
        }
    }

    /// The end, the stubs, the offsets.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.leave(Leave::Jump, self.stop);
        loop {
            let wanted: BTreeSet<Label> = self.fixups.iter().map(|f| f.1).collect();
            let missing: Vec<Label> = wanted
                .into_iter()
                .filter(|l| !self.places.contains_key(l))
                .collect();
            if missing.is_empty() {
                break;
            }
            for label in missing {
                self.place(label);
                match label {
                    Label::Back { to, cost } => {
                        self.keep(0, slot(0));
                        self.keep(1, slot(1));
                        self.constant(1, i64::from(cost));
                        self.call(key::CHARGE);
                        self.jump(0x55, 0, 0, 0, Label::Stop);
                        self.restore(0, slot(0));
                        self.restore(1, slot(1));
                        self.jump(JA, 0, 0, 0, Label::Insn(to));
                    }
                    Label::Out(to) | Label::Insn(to) => self.leave(Leave::Jump, to),
                    Label::Astray(at) => self.leave(Leave::Site, at),
                    Label::Stop | Label::Local(_) => self.emit(EXIT, 0, 0, 0, 0),
                }
            }
        }
        for (at, label) in std::mem::take(&mut self.fixups) {
            let to = self.places.get(&label).copied().unwrap_or(0) as i64;
            if let Some(insn) = self.out.get_mut(at) {
                insn.off = (to - at as i64 - 1) as i16;
            }
        }
        self.out
            .iter()
            .flat_map(|insn| insn.to_bytes(Endian::Little))
            .collect()
    }
}
