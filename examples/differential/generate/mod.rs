//! Random programs: most of them nearly right, so that verification goes deep.
//!
//! A program is made of *statements*, each of which leaves the registers as the
//! generator knows them ([`Holds`]). A statement that opens something (a lock, a
//! reference, an iterator) has a block of statements inside and closes it again;
//! while it is open, its register is *pinned*. Mistakes come in two ways: a *slip*
//! leaves out a check or a release on the way, and what is made may be mutated
//! afterwards like any other program.

mod calls;
mod maps;
mod memory;
mod objects;
mod plain;

use bpfassay::helpers_spec::{self, CtxKind, CtxLayout, ProgType, ctx_access};
use bpfassay::programs::Program;
use bpfassay::target::Target;

use crate::code::{Code, JEQ, JMP, Label, assemble};
use crate::rng::Rng;
use crate::stock::{Stock, Stub};

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Nothing,
    Scalar,
    /// A number of `0..=n`.
    UpTo(u32),
    Ctx,
    /// Memory of a map's value or the like, with as many bytes.
    Memory(u16),
    /// A kernel object of that type, trusted or not.
    Object(u32),
    /// Whatever else: only passed around.
    Other,
}

/// A function being written.
pub struct Frame {
    pub code: Code,
    pub regs: [Holds; 10],
    /// Registers that are in use until a block ends.
    pub pinned: u16,
    /// Bytes of the stack in use.
    pub stack: i16,
    /// What the function's type is called.
    pub ty: &'static str,
}

impl Frame {
    fn new(ty: &'static str) -> Frame {
        Frame {
            code: Code::default(),
            regs: [Holds::Nothing; 10],
            pinned: 0,
            stack: 0,
            ty,
        }
    }
}

pub struct Gen<'a> {
    pub rng: Rng,
    pub stock: &'a Stock,
    pub stub: &'a Stub,
    pub layout: Option<&'static CtxLayout>,
    /// The functions that are complete; `None` while one is being written.
    done: Vec<Option<Frame>>,
    pub f: Frame,
    /// Statements left.
    pub budget: i32,
    pub depth: u32,
    /// Places of a hundred at which a slip is made.
    slips: usize,
    /// Calls and references that may not be made here: a lock is held.
    pub quiet: bool,
}

/// Makes the program of a seed and index.
pub fn program(stock: &Stock, target: &Target, seed: u64, index: u64) -> (usize, Program) {
    let mut rng = Rng::of(seed, index);
    let which = rng.below(stock.stubs.len());
    let stub = &stock.stubs[which];
    let p = &stub.program;
    let layout = ctx_access(p.prog_type, p.attach_type, target.spec);
    let budget = 3 + rng.below(22) as i32;
    let slips = if rng.chance(60) { 0 } else { 1 + rng.below(8) };
    let mut g = Gen {
        rng,
        stock,
        stub,
        layout,
        done: vec![None],
        f: Frame::new("main"),
        budget,
        depth: 0,
        slips,
        quiet: false,
    };
    g.main();
    let frames: Vec<Frame> = g.done.into_iter().flatten().collect();
    let names: Vec<&str> = frames.iter().map(|f| f.ty).collect();
    let (insns, starts) = assemble(frames.into_iter().map(|f| f.code).collect());
    let functions: Vec<(usize, &str)> = starts.into_iter().zip(names).collect();
    (
        which,
        stock.program(stub, format!("g{index}"), insns, &functions),
    )
}

impl Gen<'_> {
    fn main(&mut self) {
        // The context stays in r6.
        self.f.code.mov(6, 1);
        self.f.regs[6] = Holds::Ctx;
        self.f.regs[1] = Holds::Ctx;
        self.f.pinned = 1 << 6;
        while self.budget > 0 {
            self.statement();
        }
        self.leave();
        let main = std::mem::replace(&mut self.f, Frame::new("main"));
        self.done[0] = Some(main);
    }

    /// Writes another function; its number. `body` has its parameters in r1 to r5.
    pub fn function(&mut self, ty: &'static str, body: impl FnOnce(&mut Self)) -> usize {
        self.done.push(None);
        let number = self.done.len() - 1;
        let outer = std::mem::replace(&mut self.f, Frame::new(ty));
        self.depth += 1;
        body(self);
        self.depth -= 1;
        let made = std::mem::replace(&mut self.f, outer);
        self.done[number] = Some(made);
        number
    }

    pub fn prog_type(&self) -> ProgType {
        self.stub.program.prog_type
    }

    /// Whether to make a mistake here.
    pub fn slip(&mut self) -> bool {
        let slips = self.slips;
        self.rng.chance(slips)
    }

    /// Ends the program with a value that its type takes, mostly.
    pub fn leave(&mut self) {
        if self.rng.chance(3) && self.f.regs[0] == Holds::Scalar {
            // Whatever r0 is.
        } else if self.rng.chance(3) {
            let imm = self.rng.below(4) as i32;
            self.f.code.imm(0, imm);
        } else {
            let one = matches!(
                self.prog_type(),
                ProgType::CgroupSockAddr | ProgType::CgroupSock | ProgType::SkLookup
            );
            self.f.code.imm(0, i32::from(one));
        }
        self.f.code.exit();
    }

    /// Some statements in a block of their own.
    pub fn block(&mut self, most: usize) {
        self.depth += 1;
        for _ in 0..self.rng.below(most + 1) {
            if self.budget <= 0 {
                break;
            }
            self.statement();
        }
        self.depth -= 1;
    }

    pub fn statement(&mut self) {
        self.budget -= 1;
        let deep = self.depth > 4;
        match self.rng.below(if deep { 34 } else { 100 }) {
            0..=9 => self.arithmetic(),
            10..=14 => self.stack_access(),
            15..=17 => self.context_load(),
            18..=20 => self.variable(),
            21..=23 => self.atomic(),
            24..=26 => self.some_helper(),
            27..=28 => self.use_memory(),
            29..=30 => self.compare(),
            31 => self.move_around(),
            32 => self.update(),
            33 => self.walk(),
            34..=42 => self.branch(),
            43..=48 => self.lookup(),
            49..=51 => self.map_in_map(),
            52..=54 => self.packet(),
            55..=57 => self.counted_loop(),
            58..=59 => self.may_goto(),
            60..=63 => self.iterate(),
            64..=66 => self.callback(),
            67..=69 => self.subprogram(),
            70..=72 => self.ring(),
            73..=76 => self.dynptr(),
            77..=78 => self.locked(),
            79..=80 => self.deferred(),
            81..=83 => self.kptr(),
            84..=86 => self.collection(),
            87..=90 => self.reference(),
            91..=93 => self.section(),
            94..=95 => self.some_kfunc(),
            96 => self.arena(),
            97 if self.rng.chance(70) => self.symbol(),
            97 => self.throw(),
            98 => self.tail_call(),
            _ => self.end_early(),
        }
    }

    fn throw(&mut self) {
        let Some(throw) = self.stock.kfunc("bpf_throw") else {
            return;
        };
        if self.quiet && !self.slip() {
            return self.arithmetic();
        }
        let skip = self.f.code.label();
        let r = self.scalar();
        let imm = self.rng.imm();
        self.f.code.jump(JMP | JEQ, r, 0, imm, skip);
        self.f.code.imm(1, 0);
        self.f.code.kfunc(throw);
        self.f.code.place(skip);
        self.called(Holds::Nothing);
    }

    fn end_early(&mut self) {
        // Where something is open, leaving is a mistake.
        let open = self.f.pinned & !(1 << 6) != 0 || self.quiet;
        if open && !self.slip() || self.f.ty != "main" {
            return self.arithmetic();
        }
        let skip = self.f.code.label();
        let r = self.scalar();
        let imm = self.rng.imm();
        self.f.code.jump(JMP | JEQ, r, 0, imm, skip);
        self.leave();
        self.f.code.place(skip);
    }

    // ---- registers ---------------------------------------------------------

    /// After a call: what it may have overwritten is gone.
    pub fn called(&mut self, returns: Holds) {
        for r in 1..6 {
            self.f.regs[r] = Holds::Nothing;
        }
        self.f.regs[0] = returns;
    }

    /// A callee-saved register to put something in.
    pub fn free(&mut self) -> Option<u8> {
        let free: Vec<u8> = (6..10).filter(|r| self.f.pinned >> r & 1 == 0).collect();
        if free.is_empty() {
            None
        } else {
            Some(self.rng.pick(&free))
        }
    }

    /// Takes a register for as long as `body` runs.
    pub fn pinned(&mut self, r: u8, holds: Holds, body: impl FnOnce(&mut Self)) {
        self.f.pinned |= 1 << r;
        self.f.regs[usize::from(r)] = holds;
        body(self);
        self.f.pinned &= !(1 << r);
        self.f.regs[usize::from(r)] = Holds::Nothing;
    }

    pub fn is_scalar(&self, r: u8) -> bool {
        matches!(self.f.regs[usize::from(r)], Holds::Scalar | Holds::UpTo(_))
    }

    /// A register with a number that may be changed.
    pub fn scalar(&mut self) -> u8 {
        let known: Vec<u8> = (0..10)
            .filter(|r| self.is_scalar(*r) && self.f.pinned >> r & 1 == 0)
            .collect();
        if !known.is_empty() && self.rng.chance(80) {
            return self.rng.pick(&known);
        }
        let r = match self.free() {
            Some(r) if self.rng.chance(60) => r,
            _ => self.rng.below(6) as u8,
        };
        self.number(r);
        r
    }

    /// The number of a kernel function that this kind of program may call.
    pub fn usable(&mut self, name: &str) -> Option<usize> {
        let p = &self.stub.program;
        let allowed = helpers_spec::kfunc_allowed(
            name,
            p.prog_type,
            p.attach_type,
            p.attach_to.as_deref(),
            self.stock.spec,
        );
        let at = self.stock.kfunc(name)?;
        (allowed || self.slip()).then_some(at)
    }

    pub fn sleepable(&self) -> bool {
        self.stub.program.sleepable
    }

    /// Kinds of programs that may use no map with a lock, a timer or the like.
    pub fn no_locks(&self) -> bool {
        matches!(
            self.prog_type(),
            ProgType::Kprobe
                | ProgType::Tracepoint
                | ProgType::RawTracepoint
                | ProgType::RawTracepointWritable
                | ProgType::PerfEvent
                | ProgType::SocketFilter
        )
    }

    /// As [`Gen::number`], without a call: arguments are being made.
    pub fn number_quietly(&mut self, r: u8) {
        let quiet = std::mem::replace(&mut self.quiet, true);
        self.number(r);
        self.quiet = quiet;
    }

    /// Puts a number into a register, from somewhere.
    pub fn number(&mut self, r: u8) {
        match self.rng.below(5) {
            0 if !self.quiet => {
                let id = self.rng.pick(&[5u32, 7, 8]);
                self.f.code.helper(id);
                self.called(Holds::Scalar);
                self.f.code.mov(r, 0);
            }
            1 | 2 => {
                let (map, off) = self.some_variable();
                self.f.code.variable(r, map, off);
                let bytes = self.rng.pick(&[1usize, 2, 4, 8]);
                self.f.code.load(bytes, r, r, 0);
            }
            3 if self.f.regs[6] == Holds::Ctx && self.context_number(r) => {}
            _ => {
                let imm = self.rng.imm();
                self.f.code.imm(r, imm);
            }
        }
        self.f.regs[usize::from(r)] = Holds::Scalar;
    }

    /// A number of `0..=most` in a register, by a mask or a comparison.
    pub fn bounded(&mut self, r: u8, most: u32) {
        self.number(r);
        if self.rng.chance(50) {
            let mask = (most + 2).next_power_of_two() / 2 - 1;
            self.f.code.emit(0x57, r, 0, 0, mask as i32);
        } else {
            let ok = self.f.code.label();
            let less = self.rng.pick(&[0xb5u8, 0xb6]);
            if less == 0xb6 {
                self.f.code.emit(0xbc, r, r, 0, 0);
            }
            let off = if self.slip() { 1 } else { 0 };
            self.f.code.jump(less, r, 0, (most + off) as i32, ok);
            self.f.code.imm(r, 0);
            self.f.code.place(ok);
        }
        self.f.regs[usize::from(r)] = Holds::UpTo(most);
    }

    /// What is the same on both of two paths.
    pub fn merge(&mut self, other: &[Holds; 10]) {
        for (here, there) in self.f.regs.iter_mut().zip(other) {
            let numbers = |h: &Holds| matches!(h, Holds::Scalar | Holds::UpTo(_));
            if here != there {
                *here = if numbers(here) && numbers(there) {
                    Holds::Scalar
                } else {
                    Holds::Nothing
                };
            }
        }
    }

    /// Runs `body` where `r` isn't zero.
    pub fn unless_null(&mut self, r: u8, body: impl FnOnce(&mut Self)) {
        let skip = self.f.code.label();
        let checked = !self.slip();
        if checked {
            self.f.code.jump(JMP | JEQ, r, 0, 0, skip);
        }
        let mut before = self.f.regs;
        before[usize::from(r)] = Holds::Nothing;
        body(self);
        self.f.code.place(skip);
        self.merge(&before);
    }

    pub fn here(&mut self) -> Label {
        let label = self.f.code.label();
        self.f.code.place(label);
        label
    }

    // ---- stack -------------------------------------------------------------

    /// Room on the stack for as long as `body` runs; its offset from r10.
    pub fn room(&mut self, bytes: i16, body: impl FnOnce(&mut Self, i16)) {
        let before = self.f.stack;
        self.f.stack = before + (bytes + 7) / 8 * 8;
        let at = -self.f.stack;
        body(self, at);
        self.f.stack = before;
    }

    /// Writes zeros or a number to every word of that room.
    pub fn clear(&mut self, at: i16, bytes: i16) {
        let mut off = at;
        while off < at + bytes {
            self.f.code.store_imm(8, 10, off, 0);
            off += 8;
        }
    }

    pub fn stack_address(&mut self, r: u8, at: i16) {
        self.f.code.mov(r, 10);
        self.f.code.add(r, at.into());
    }

    // ---- context -----------------------------------------------------------

    /// Loads a field of the context that is a number, if there is one.
    fn context_number(&mut self, r: u8) -> bool {
        let Some(layout) = self.layout else {
            return false;
        };
        for _ in 0..8 {
            let bytes = self.rng.pick(&[1u32, 2, 4, 4, 8]);
            let off = self.rng.below((layout.limit() / bytes).max(1) as usize) as u32 * bytes;
            if layout
                .access(off, bytes, false)
                .is_some_and(|f| f.kind == CtxKind::Scalar)
            {
                self.f.code.load(bytes as usize, r, 6, off as i16);
                return true;
            }
        }
        false
    }
}
