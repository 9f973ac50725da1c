//! Lowering: from a program to texts that rbpf executes rightly.
//!
//! rbpf 0.4.1 keeps its registers and does arithmetic and jumps; everything else
//! is a *trap*, a call of a Rust function (see `traps`). So rbpf never
//! holds a real address of ours, and the only memory it touches is its own stack,
//! where the lowered text keeps registers while a trap has its arguments. What
//! rbpf lacks or gets wrong is rewritten:
//!
//! | gap in rbpf | lowered to |
//! |---|---|
//! | atomics, `sdiv`, `smod`, wide loads of maps, arena casts | traps |
//! | memory access: only the first byte is checked | trap with exact bounds |
//! | `movsx` | shifts |
//! | `bswap` | the conversion that swaps on this host |
//! | `neg` of the least number overflows | complement and add one |
//! | `mod32` by zero keeps the upper half | move of the lower half |
//! | 64-bit compare with a negative immediate zero-extends it | compare of registers |
//! | r10 is its own stack | reads of r10 are traps, accesses through it have their own |
//! | no budget | a trap on every backward jump |
//! | jumps reach 32767 slots | texts of at most that many, left and entered again |
//! | calls 8 deep on one stack of 512 bytes, no callbacks, no tail calls | the text is left, the driver calls |
//!
//! A text begins with a dispatcher: the buffer that r1 points at holds the
//! registers and which entry is meant. Leaving a text stores the registers through
//! two traps and exits. After a fault all traps do nothing and yield zero, and the
//! next backward jump or exit ends the text.

use std::collections::{BTreeMap, BTreeSet};

use super::traps::key;
use crate::programs::insn::{
    AluOp, Callee, Endian, Endness, ImmRef, Insn, JmpOp, Op, Size, Src, Width,
};
use crate::smoke::helpers;
use crate::smoke::image::Code;
use crate::smoke::semantics as sem;

/// Most slots of a text: every jump inside reaches.
const MAX_TEXT: usize = 30_000;
/// More than any one instruction becomes, its stubs included.
const MAX_INSN: usize = 64;
/// Slots of one entry: dispatcher and loading the registers.
const ENTRY: usize = 14;

/// What a text is left for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// To go on at another instruction.
    Jump = 0,
    /// To have the instruction done by the driver.
    Site = 1,
}

/// A piece of a program, lowered.
#[derive(Clone, Debug)]
pub struct Text {
    /// rbpf's slots.
    pub bytes: Vec<u8>,
    /// The instructions at which it can be entered, in order.
    pub entries: Vec<u32>,
}

/// A program, lowered.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Its texts in the order of their instructions.
    pub texts: Vec<Text>,
    /// For each entry: the text and the entry's number in it.
    pub at: BTreeMap<u32, (usize, usize)>,
}

/// Whether the driver does an instruction.
fn by_driver(op: &Op) -> bool {
    match op {
        Op::Call(Callee::Local(_)) | Op::Call(Callee::TAIL_CALL) => true,
        Op::Call(callee) => helpers::calls_back(*callee),
        Op::CallX { .. } | Op::Gotox { .. } | Op::LdAbs { .. } | Op::LdInd { .. } => true,
        Op::LoadArg { .. } | Op::StoreArg { .. } | Op::Second | Op::Invalid(_) => true,
        op => sem::writes_r10(op),
    }
}

fn target(at: usize, off: i64) -> i64 {
    at as i64 + 1 + off
}

/// Instructions that may be entered from outside a text, wherever the texts end.
fn entries(code: &Code) -> BTreeSet<u32> {
    let mut out: BTreeSet<u32> = code.functions.iter().map(|f| f.start).collect();
    out.insert(0);
    let mut add = |insn: i64| {
        if (0..code.ops.len() as i64).contains(&insn) {
            out.insert(insn as u32);
        }
    };
    for (at, op) in code.ops.iter().enumerate() {
        match *op {
            Op::Call(Callee::Local(rel)) => add(target(at, i64::from(rel))),
            Op::LdImm64 {
                src: ImmRef::Func(rel),
                ..
            } => add(target(at, i64::from(rel))),
            _ => {}
        }
        if by_driver(op) {
            add(at as i64 + 1);
        }
    }
    for map in code.program.maps.iter() {
        map.jump_targets
            .iter()
            .for_each(|insn| add(i64::from(*insn)));
    }
    out
}

/// Lowers a program.
pub fn lower(code: &Code) -> Lowered {
    let mut entries = entries(code);
    // Where texts begin, by the most that their instructions can take.
    let mut starts = vec![0u32];
    let mut size = 0;
    for (at, op) in code.ops.iter().enumerate() {
        let need = MAX_INSN.min(estimate(op))
            + if entries.contains(&(at as u32)) {
                ENTRY
            } else {
                0
            };
        if size + need > MAX_TEXT && *op != Op::Second {
            starts.push(at as u32);
            size = 0;
        }
        size += need;
    }
    let end = code.ops.len() as u32;
    let text_of = |insn: u32| starts.partition_point(|s| *s <= insn).saturating_sub(1);
    entries.extend(starts.iter().copied().filter(|s| *s < end));
    for (at, op) in code.ops.iter().enumerate() {
        if let Some(off) = op.jump_offset()
            && let Ok(to) = u32::try_from(target(at, i64::from(off)))
            && to < end
            && text_of(to) != text_of(at as u32)
        {
            entries.insert(to);
        }
    }
    let mut lowered = Lowered {
        texts: Vec::new(),
        at: BTreeMap::new(),
    };
    for (i, start) in starts.iter().enumerate() {
        let stop = starts.get(i + 1).copied().unwrap_or(end);
        let own: Vec<u32> = entries.range(*start..stop).copied().collect();
        for (n, entry) in own.iter().enumerate() {
            lowered.at.insert(*entry, (i, n));
        }
        let mut text = Writer::new(code, *start, stop);
        text.dispatcher(&own);
        for at in *start..stop {
            text.insn(at);
        }
        lowered.texts.push(Text {
            bytes: text.finish(),
            entries: own,
        });
    }
    lowered
}

fn estimate(op: &Op) -> usize {
    match op {
        Op::Alu {
            op: AluOp::SDiv | AluOp::SMod,
            ..
        }
        | Op::Atomic { .. } => 40,
        Op::Alu {
            src: Src::Reg(10), ..
        }
        | Op::Jmp { .. } => 40,
        Op::Alu { .. } => 4,
        _ => 32,
    }
}

/// A place in a text that jumps go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
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
enum Arg {
    Reg(u8),
    RegOff(u8, i16),
    Imm(i64),
}

struct Writer<'a> {
    code: &'a Code,
    start: u32,
    stop: u32,
    out: Vec<Insn>,
    places: BTreeMap<Label, usize>,
    fixups: Vec<(usize, Label)>,
    locals: u32,
}

/// Where a register is kept while a trap has its arguments.
const fn slot(n: i16) -> i16 {
    -8 * (n + 1)
}
const FP_SLOT: i16 = slot(7);
const TEMP_SLOT: i16 = slot(8);

const MOV_REG: u8 = 0xbf;
const MOV_IMM: u8 = 0xb7;
const LDX_DW: u8 = 0x79;
const STX_DW: u8 = 0x7b;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
const JA: u8 = 0x05;

impl<'a> Writer<'a> {
    fn new(code: &'a Code, start: u32, stop: u32) -> Writer<'a> {
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

    fn emit(&mut self, opcode: u8, dst: u8, src: u8, off: i16, imm: i32) {
        self.out.push(Insn::new(opcode, dst, src, off, imm));
    }

    fn mov(&mut self, dst: u8, src: u8) {
        if dst != src {
            self.emit(MOV_REG, dst, src, 0, 0);
        }
    }

    fn keep(&mut self, reg: u8, at: i16) {
        self.emit(STX_DW, 10, reg, at, 0);
    }

    fn restore(&mut self, reg: u8, at: i16) {
        self.emit(LDX_DW, reg, 10, at, 0);
    }

    fn constant(&mut self, reg: u8, value: i64) {
        match i32::try_from(value) {
            Ok(imm) => self.emit(MOV_IMM, reg, 0, 0, imm),
            Err(_) => {
                self.emit(0x18, reg, 0, 0, value as i32);
                self.emit(0, 0, 0, 0, (value >> 32) as i32);
            }
        }
    }

    fn call(&mut self, key: u32) {
        self.emit(CALL, 0, 0, 0, key as i32);
    }

    fn place(&mut self, label: Label) {
        self.places.insert(label, self.out.len());
    }

    fn local(&mut self) -> Label {
        self.locals += 1;
        Label::Local(self.locals)
    }

    /// A jump instruction whose offset is filled in when all is placed.
    fn jump(&mut self, opcode: u8, dst: u8, src: u8, imm: i32, to: Label) {
        self.fixups.push((self.out.len(), to));
        self.emit(opcode, dst, src, 0, imm);
    }

    /// Where a jump from `at` by `off` goes.
    fn label(&self, at: u32, off: i64) -> Label {
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

    fn dispatcher(&mut self, entries: &[u32]) {
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
    fn leave(&mut self, how: Leave, insn: u32) {
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
    fn fetch_fp(&mut self) {
        self.keep(0, slot(0));
        self.call(key::FRAME);
        self.keep(0, FP_SLOT);
        self.restore(0, slot(0));
    }

    /// Calls a trap with the arguments in r1 and on; its result goes to `result`,
    /// all other registers are as before.
    fn trap(&mut self, key: u32, args: &[Arg], result: Option<u8>) {
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

    fn insn(&mut self, at: u32) {
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
                    crate::programs::insn::AtomicOp::CmpXchg => Some(0),
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
        let bits = crate::programs::isa::ALU
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
        let bits = crate::programs::isa::JMP
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
                self.compare_in(at, bits | class | 8, dst, src, (a, b), to);
            }
        }
    }

    fn compare_in(&mut self, _: u32, opcode: u8, dst: u8, src: Src, temps: (u8, u8), to: Label) {
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

    /// The end, the stubs, the offsets.
    fn finish(mut self) -> Vec<u8> {
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
