//! What a program can reach on a kernel, by constants alone.
//!
//! Authors write one program for many kernels: they ask whether a type, field,
//! enumerator or symbol exists, which kernel runs, or what a constant of
//! `.rodata` says, and go one way or the other. All of these are constants when
//! a verifier sees the program, and it never looks at the way not taken. So a
//! *world* is one answer to each question, and what is needed in a world is what
//! plain constant propagation reaches there.
//!
//! Values are `Any` or known; states are kept where control meets. The lattice
//! is flat, so every loop settles after two rounds.
//!
//! Known gaps: a constant that has gone through memory other than an aligned
//! eight-byte stack slot, or through a call, is `Any` (more is reached); a store
//! through a pointer of unknown base is taken not to touch spilled constants.

use crate::cfg::Cfg;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::effects::{Control, Regs};
use crate::programs::insn::{AluOp, Callee, ImmRef, JmpOp, Op, Src, Width};

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Val {
    Any,
    Const(u64),
    /// The address of something that exists.
    Address,
    /// Stack, at an offset from the frame pointer.
    Stack(i32),
    /// A byte of a map's value.
    Data(u32, u32),
}

/// Slots of eight bytes below the frame pointer.
const SLOTS: usize = 64;

#[derive(Clone, PartialEq, Eq)]
struct State {
    regs: [Val; 11],
    stack: [Val; SLOTS],
}

impl State {
    fn entry() -> State {
        let mut regs = [Val::Any; 11];
        regs[10] = Val::Stack(0);
        State {
            regs,
            stack: [Val::Any; SLOTS],
        }
    }

    fn reg(&self, r: u8) -> Val {
        self.regs.get(usize::from(r)).copied().unwrap_or(Val::Any)
    }

    fn set(&mut self, r: u8, v: Val) {
        if let Some(slot) = self.regs.get_mut(usize::from(r)) {
            *slot = v;
        }
    }

    /// Forgets what differs; true if anything did.
    fn join(&mut self, other: &State) -> bool {
        let mut changed = false;
        let pairs = self.regs.iter_mut().chain(&mut self.stack);
        for (mine, theirs) in pairs.zip(other.regs.iter().chain(&other.stack)) {
            if *mine != *theirs && *mine != Val::Any {
                *mine = Val::Any;
                changed = true;
            }
        }
        changed
    }

    /// The slot of an aligned eight-byte access at an offset.
    fn slot(offset: i32) -> Option<usize> {
        let below = usize::try_from(-(offset as i64)).ok()?;
        (below > 0 && below.is_multiple_of(8) && below / 8 <= SLOTS).then(|| below / 8 - 1)
    }

    /// A write of unknown extent that begins at an offset, upwards.
    fn scrub_from(&mut self, offset: i32) {
        for (i, slot) in self.stack.iter_mut().enumerate() {
            if -8 * (i as i32 + 1) + 8 > offset {
                *slot = Val::Any;
            }
        }
    }
}

/// The questions of a program and one answer to each.
pub struct World<'a> {
    /// The program.
    pub program: &'a Program,
    /// Its instructions.
    pub ops: &'a [Op],
    /// Its control flow.
    pub cfg: &'a Cfg,
    /// The answer of a relocated question or of a weak symbol at a slot.
    pub answer: &'a dyn Fn(usize) -> Option<bool>,
    /// The value of some bytes of a map that programs cannot change: map, offset,
    /// size in bytes.
    pub constant: &'a dyn Fn(u32, u32, u32) -> Option<u64>,
}

impl World<'_> {
    /// The slots that control reaches.
    pub fn reached(&self) -> Vec<bool> {
        let len = self.ops.len();
        let mut reached = vec![false; len];
        let mut meets = vec![false; len];
        let mut incoming: Vec<Option<Box<State>>> = vec![None; len];
        for at in 0..len {
            let next = self.cfg.successors(at);
            let straight = next.len() == 1 && next.first() == Some(&(at as u32 + self.width(at)));
            if !straight {
                for to in next.iter() {
                    if let Some(m) = meets.get_mut(*to as usize) {
                        *m = true;
                    }
                }
            }
        }
        for s in self.cfg.subprogs() {
            if let Some(m) = meets.get_mut(s.start as usize) {
                *m = true;
            }
        }
        let mut work = vec![];
        enter(&mut incoming, &mut work, 0, &State::entry());
        for s in self.program.subprogs.iter().filter(|s| s.exception_cb) {
            enter(&mut incoming, &mut work, s.start as usize, &State::entry());
        }
        while let Some(start) = work.pop() {
            let Some(mut state) = incoming.get(start).and_then(|s| s.as_deref().cloned()) else {
                continue;
            };
            let mut at = start;
            while let Some(op) = self.ops.get(at) {
                if let Some(r) = reached.get_mut(at) {
                    *r = true;
                }
                let next = self.next(at, op, &state);
                self.step(at, op, &mut state);
                if let Some(callee) = callee(at, op) {
                    enter(&mut incoming, &mut work, callee, &State::entry());
                }
                match next[..] {
                    [one] if meets.get(one) == Some(&false) => at = one,
                    _ => {
                        for to in next {
                            enter(&mut incoming, &mut work, to, &state);
                        }
                        break;
                    }
                }
            }
        }
        reached
    }

    fn width(&self, at: usize) -> u32 {
        self.ops.get(at).map_or(1, Op::slots) as u32
    }

    /// Where control goes on, as far as constants tell.
    fn next(&self, at: usize, op: &Op, state: &State) -> smallvec::SmallVec<[usize; 2]> {
        let all = self.cfg.successors(at);
        if let Op::Jmp {
            w,
            op,
            dst,
            src,
            off,
        } = *op
        {
            let right = match src {
                Src::Imm(imm) => Val::Const(i64::from(imm) as u64),
                Src::Reg(r) => state.reg(r),
            };
            if let Some(holds) = decide(w, op, state.reg(dst), right) {
                let to = if holds {
                    at as i64 + 1 + i64::from(off)
                } else {
                    at as i64 + 1
                };
                return usize::try_from(to).into_iter().collect();
            }
        }
        let mut next: smallvec::SmallVec<[usize; 2]> = all.iter().map(|to| *to as usize).collect();
        next.dedup();
        next
    }

    fn step(&self, at: usize, op: &Op, state: &mut State) {
        match *op {
            Op::Alu { w, op, dst, src } => {
                let right = match src {
                    Src::Imm(imm) => match (self.answer)(at) {
                        Some(yes) => Val::Const(u64::from(yes)),
                        None => Val::Const(i64::from(imm) as u64),
                    },
                    Src::Reg(r) => state.reg(r),
                };
                let v = alu(w, op, state.reg(dst), right);
                state.set(dst, v);
            }
            Op::LdImm64 { dst, src } => {
                let v = match ((self.answer)(at), src) {
                    (Some(false), _) => Val::Const(0),
                    (Some(true), ImmRef::Const(_)) => Val::Const(1),
                    (Some(true), _) => Val::Address,
                    (None, ImmRef::Const(c)) => Val::Const(c),
                    (None, ImmRef::MapIdxValue { idx, off }) => Val::Data(idx, off),
                    (None, _) => Val::Address,
                };
                state.set(dst, v);
            }
            Op::Load {
                dst,
                base,
                off,
                size,
                sx,
            } => {
                let v = match state.reg(base) {
                    Val::Data(map, at) => {
                        let at = at.wrapping_add(i32::from(off) as u32);
                        match (self.constant)(map, at, size.bytes()) {
                            Some(c) if sx => Val::Const(extend(c, size.bits())),
                            Some(c) => Val::Const(c),
                            None => Val::Any,
                        }
                    }
                    Val::Stack(at) if size.bytes() == 8 => State::slot(at + i32::from(off))
                        .and_then(|s| state.stack.get(s).copied())
                        .unwrap_or(Val::Any),
                    _ => Val::Any,
                };
                state.set(dst, v);
            }
            Op::Store {
                base,
                off,
                size,
                src,
            } => {
                if let Val::Stack(at) = state.reg(base) {
                    let at = at + i32::from(off);
                    let v = match src {
                        Src::Imm(imm) => Val::Const(i64::from(imm) as u64),
                        Src::Reg(r) => state.reg(r),
                    };
                    write(state, at, size.bytes(), v);
                }
            }
            // Of everything else only what it touches is followed.
            op => {
                let effects = op.effects();
                if matches!(effects.control, Control::Call(_) | Control::CallRegister) {
                    for r in Regs::arguments(5).iter() {
                        if let Val::Stack(at) = state.reg(r) {
                            state.scrub_from(at);
                        }
                    }
                }
                if let Some(memory) = effects.memory
                    && memory.access.writes()
                    && let Val::Stack(at) = state.reg(memory.base)
                {
                    let at = at + i32::from(memory.off);
                    write(state, at, memory.size.bytes(), Val::Any);
                }
                effects.writes.iter().for_each(|r| state.set(r, Val::Any));
            }
        }
    }
}

fn enter(incoming: &mut [Option<Box<State>>], work: &mut Vec<usize>, at: usize, state: &State) {
    let Some(slot) = incoming.get_mut(at) else {
        return;
    };
    match slot {
        Some(known) => {
            if known.join(state) {
                work.push(at);
            }
        }
        None => {
            *slot = Some(Box::new(state.clone()));
            work.push(at);
        }
    }
}

/// The first slot of a function that an instruction calls or takes the address of.
pub(super) fn callee(at: usize, op: &Op) -> Option<usize> {
    let off = match *op {
        Op::Call(Callee::Local(off)) => off,
        Op::LdImm64 {
            src: ImmRef::Func(off),
            ..
        } => off,
        _ => return None,
    };
    usize::try_from(at as i64 + 1 + i64::from(off)).ok()
}

fn write(state: &mut State, at: i32, size: u32, v: Val) {
    match State::slot(at) {
        Some(s) if size == 8 => {
            if let Some(slot) = state.stack.get_mut(s) {
                *slot = v;
            }
        }
        _ => {
            // Whatever slots the bytes lie in.
            for (i, slot) in state.stack.iter_mut().enumerate() {
                let low = -8 * (i as i32 + 1);
                if low < at + size as i32 && at < low + 8 {
                    *slot = Val::Any;
                }
            }
        }
    }
}

fn extend(c: u64, bits: u32) -> u64 {
    let shift = 64 - bits;
    ((c << shift) as i64 >> shift) as u64
}

fn alu(w: Width, op: AluOp, left: Val, right: Val) -> Val {
    match (op, left, right) {
        (AluOp::Mov, _, v) if !w.is32() => v,
        (AluOp::Mov, _, Val::Const(c)) => Val::Const(u64::from(c as u32)),
        (AluOp::Add, Val::Stack(at), Val::Const(c)) if !w.is32() => match i32::try_from(c as i64) {
            Ok(c) => at.checked_add(c).map_or(Val::Any, Val::Stack),
            Err(_) => Val::Any,
        },
        (AluOp::Add, Val::Data(map, at), Val::Const(c)) if !w.is32() => {
            Val::Data(map, at.wrapping_add(c as u32))
        }
        (_, Val::Const(a), Val::Const(b)) => {
            let bits = w.bits();
            let (a, b) = if w.is32() {
                (u64::from(a as u32), u64::from(b as u32))
            } else {
                (a, b)
            };
            let shift = b & u64::from(bits - 1);
            let v = match op {
                AluOp::Add => a.wrapping_add(b),
                AluOp::Sub => a.wrapping_sub(b),
                AluOp::Mul => a.wrapping_mul(b),
                AluOp::Or => a | b,
                AluOp::And => a & b,
                AluOp::Xor => a ^ b,
                AluOp::Lsh => a << shift,
                AluOp::Rsh => a >> shift,
                AluOp::Arsh if w.is32() => (a as u32 as i32 >> shift) as u64,
                AluOp::Arsh => (a as i64 >> shift) as u64,
                _ => return Val::Any,
            };
            Val::Const(if w.is32() { u64::from(v as u32) } else { v })
        }
        (AluOp::And, Val::Const(0), _) | (AluOp::And, _, Val::Const(0)) => Val::Const(0),
        _ => Val::Any,
    }
}

fn decide(w: Width, op: JmpOp, left: Val, right: Val) -> Option<bool> {
    match (left, right) {
        (Val::Const(a), Val::Const(b)) => Some(op.holds(w, a, b)),
        (Val::Address | Val::Stack(_) | Val::Data(..), Val::Const(0)) => match op {
            JmpOp::Eq => Some(false),
            JmpOp::Ne => Some(true),
            _ => None,
        },
        _ => None,
    }
}
