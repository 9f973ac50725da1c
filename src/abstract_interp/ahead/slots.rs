//! Which halves of stack slots may still be read, by a data flow analysis of the
//! program's text.
//!
//! A function is looked at once for each place in which it stands: the instruction
//! that calls it and the number of frames below it. Forwards, it is found which stack
//! its registers may point into ([`Held`]), and with that which halves of which frames
//! an instruction may read or surely writes. Backwards, per frame:
//!
//! ```text
//! after(i)   = ∪ before(s)            for s in successors(i)
//! before(i)  = (after(i) \ writes(i)) ∪ reads(i)
//! written(i) = (∩ written(s)) ∪ writes(i)
//! ```
//!
//! What a callee reads and surely writes of the frames below it is what its call does.
//!
//! Half `2 i` is the upper four bytes of slot `i`, `2 i + 1` the lower four.

use alloc::collections::BTreeMap;

use super::addresses::{Address, Held};
use super::calls::{self, Touch};
use super::constants::{Constants, Known};
use crate::abstract_interp::env::Env;
use crate::abstract_interp::explore::frame_insn;
use crate::abstract_interp::state::State;
use crate::cfg::Cfg;
use crate::prelude::*;
use crate::programs::insn::{AluOp, Callee, Op, Src, Width};

/// Halves of a frame's stack slots, a bit each.
pub type Halves = u128;

/// No caller: the outermost frame.
const OUTERMOST: u32 = u32::MAX;
/// Steps of the analysis; beyond, everything counts as read.
const MAX_STEPS: usize = 4_000_000;
/// Blocks of a function of which it is remembered what they begin with; beyond, the same.
const MAX_BLOCKS: usize = 100_000;
/// Bytes of a frame's stack.
const STACK: i32 = 512;

/// Where a function stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    /// Frames below; deepest last, so that callers come after.
    depth: u32,
    callsite: u32,
    start: u32,
}

/// What an instruction does to a frame, and what is found of it.
#[derive(Clone, Copy, Debug, Default)]
struct Masks {
    reads: Halves,
    writes: Halves,
    before: Halves,
    written: Halves,
}

/// A function in one place.
#[derive(Debug)]
struct Instance {
    args: [Address; 5],
    /// Stack that may be pointed to from the stacks below.
    below: u32,
    /// Per frame, per instruction; empty where the frame isn't touched.
    frames: Vec<Vec<Masks>>,
}

/// What may be read of stacks, of all places of all functions.
#[derive(Debug, Default)]
pub struct StackAhead {
    instances: BTreeMap<Standing, Instance>,
    /// Given up: everything may be read.
    lost: bool,
}

/// Halves that bytes `from..to` of a stack lie in, or those that they fill.
fn halves(from: i32, to: i32, whole: bool) -> Halves {
    let (from, to) = (from.max(-STACK), to.min(0));
    let mut out = 0;
    if from >= to {
        return out;
    }
    // Bytes below the frame pointer, counted downwards.
    let (first, last) = (-to, -from - 1);
    for half in first / 4..=last / 4 {
        let filled = half * 4 >= first && half * 4 + 3 <= last;
        if filled || !whole {
            out |= 1 << half;
        }
    }
    out
}

impl StackAhead {
    /// Of a program.
    pub fn of(env: &Env<'_>, constants: &Constants) -> StackAhead {
        let mut made = Maker {
            env,
            constants,
            largest: calls::Largest::of(env),
            steps: 0,
            out: StackAhead::default(),
        };
        for subprog in env.cfg.subprogs() {
            let standing = Standing {
                depth: 0,
                callsite: OUTERMOST,
                start: subprog.start,
            };
            made.enter(standing, &Default::default(), 0);
        }
        made.out.solve(env);
        made.out
    }

    fn instance(&self, standing: Standing) -> Option<&Instance> {
        self.instances.get(&standing)
    }

    /// Backwards, callees before their callers.
    fn solve(&mut self, env: &Env<'_>) {
        let standings: Vec<Standing> = self.instances.keys().rev().copied().collect();
        for standing in standings {
            let summaries = self.callees(env, standing);
            let Some(instance) = self.instances.get_mut(&standing) else {
                continue;
            };
            let start = standing.start as usize;
            for (at, frame, entry) in summaries {
                let len = env.cfg.subprog_end(env.cfg.subprog_of(start)) - start;
                let masks = instance.masks(frame, len, at - start);
                masks.reads |= entry.before;
                masks.writes |= entry.written;
            }
            let subprog = env.cfg.subprog_of(start);
            for masks in instance.frames.iter_mut().filter(|m| !m.is_empty()) {
                backwards(env.cfg, subprog, start, masks);
            }
        }
    }

    /// What the callees of an instance do to the frames up to its own: the call, the
    /// frame, what is found at the callee's entry.
    fn callees(&self, env: &Env<'_>, standing: Standing) -> Vec<(usize, usize, Masks)> {
        let mut out = Vec::new();
        let start = standing.start as usize;
        let end = env.cfg.subprog_end(env.cfg.subprog_of(start));
        let depth = standing.depth as usize;
        let from = Standing {
            depth: standing.depth + 1,
            callsite: start as u32,
            start: 0,
        };
        let to = Standing {
            callsite: end as u32,
            ..from
        };
        for (at, callee) in self.instances.range(from..to) {
            let call = at.callsite as usize;
            let callback = env.cfg.flags(call).sync_callback_call();
            for (frame, masks) in callee.frames.iter().enumerate().take(depth + 1) {
                if let Some(first) = masks.first() {
                    // A callback may not run at all.
                    let written = if callback { 0 } else { first.written };
                    out.push((call, frame, Masks { written, ..*first }));
                }
            }
        }
        out
    }

    /// The halves of frame `frame` that may still be read by a state at `insn`.
    pub fn alive(&self, cfg: &Cfg, state: &State, insn: u32, frame: usize) -> Halves {
        let mut alive = 0;
        let innermost = state.frames.len() - 1;
        for at in frame..=innermost {
            let own = &state.frames[at];
            let start = cfg.subprog_start(own.subprog as usize) as u32;
            let callsite = match at {
                0 => OUTERMOST,
                _ => own.callsite,
            };
            let standing = Standing {
                depth: at as u32,
                callsite,
                start,
            };
            let Some(instance) = self.instance(standing).filter(|_| !self.lost) else {
                return Halves::MAX;
            };
            let here = frame_insn(state, insn, at);
            // A callee's frame is left to the instruction after its call; the call
            // that runs a callback is looked at again.
            let next = match at == innermost || cfg.flags(here as usize).calls_callback() {
                true => here,
                false => here + 1,
            };
            let masks = instance.frames.get(frame);
            alive |= masks
                .and_then(|m| m.get((next - start) as usize))
                .map_or(0, |m| m.before);
        }
        alive
    }
}

impl Instance {
    fn masks(&mut self, frame: usize, len: usize, at: usize) -> &mut Masks {
        if self.frames.len() <= frame {
            self.frames.resize_with(frame + 1, Vec::new);
        }
        let masks = &mut self.frames[frame];
        if masks.is_empty() {
            masks.resize(len, Masks::default());
        }
        &mut masks[at]
    }
}

fn backwards(cfg: &Cfg, subprog: usize, start: usize, masks: &mut [Masks]) {
    let order = cfg.postorder_of(subprog);
    let mut changed = true;
    while changed {
        changed = false;
        for &at in order {
            let (mut after, mut written) = (0, Halves::MAX);
            let next = cfg.successors(at as usize);
            for &s in next.iter() {
                let s = &masks[s as usize - start];
                after |= s.before;
                written &= s.written;
            }
            if next.is_empty() {
                written = 0;
            }
            let m = &mut masks[at as usize - start];
            let before = after & !m.writes | m.reads;
            let written = written | m.writes;
            changed |= before != m.before || written != m.written;
            m.before = before;
            m.written = written;
        }
    }
}

struct Maker<'m, 'a> {
    env: &'m Env<'a>,
    constants: &'m Constants,
    largest: calls::Largest,
    steps: usize,
    out: StackAhead,
}

impl Maker<'_, '_> {
    /// Looks at a function in one place, unless nothing new is given to it.
    fn enter(&mut self, standing: Standing, args: &[Address; 5], below: u32) {
        if standing.depth >= self.env.target.limits().frames() || self.out.lost {
            return;
        }
        let mut args = args.clone();
        let mut below = below;
        if let Some(known) = self.out.instances.get(&standing) {
            let mut news = below & !known.below != 0;
            below |= known.below;
            for (own, known) in args.iter_mut().zip(&known.args) {
                let mut joined = known.clone();
                news |= joined.join(own);
                *own = joined;
            }
            if !news {
                return;
            }
        }
        let instance = Instance {
            args: args.clone(),
            below,
            frames: Vec::new(),
        };
        self.out.instances.insert(standing, instance);
        let depth = standing.depth as usize;
        let solved = self.forwards(standing, Held::entry(depth, &args), below);
        for (start, held) in &solved {
            self.block(standing, *start, held.clone(), below, &solved);
        }
    }

    /// What is held where blocks begin.
    fn forwards(&mut self, standing: Standing, entry: Held, below: u32) -> BTreeMap<u32, Held> {
        let mut starts = BTreeMap::from([(standing.start, entry)]);
        let mut work = vec![standing.start];
        while let Some(start) = work.pop() {
            let mut held = starts[&start].clone();
            let mut at = start as usize;
            loop {
                self.steps += 1;
                if self.steps > MAX_STEPS || starts.len() > MAX_BLOCKS {
                    self.out.lost = true;
                    return starts;
                }
                self.step(standing, at, &mut held, below);
                let to = self.env.cfg.successors(at);
                match to[..] {
                    [next] if self.straight(at, next) => at = next as usize,
                    _ => {
                        for &to in to.iter() {
                            match starts.get_mut(&to) {
                                None => {
                                    starts.insert(to, held.clone());
                                    work.push(to);
                                }
                                Some(old) => {
                                    if old.join(&held) {
                                        work.push(to);
                                    }
                                }
                            }
                        }
                        break;
                    }
                }
            }
        }
        starts
    }

    /// Whether no other instruction than the one before leads to `next`.
    fn straight(&self, at: usize, next: u32) -> bool {
        next as usize == at + self.env.ops[at].slots()
            && !self.env.cfg.flags(next as usize).jmp_point()
    }

    /// Notes what the instructions of a block do.
    fn block(
        &mut self,
        standing: Standing,
        start: u32,
        mut held: Held,
        below: u32,
        starts: &BTreeMap<u32, Held>,
    ) {
        let mut at = start as usize;
        loop {
            self.note(standing, at, &held, below);
            self.step(standing, at, &mut held, below);
            match self.env.cfg.successors(at)[..] {
                [next] if !starts.contains_key(&next) => at = next as usize,
                _ => return,
            }
        }
    }

    /// What an instruction leaves in registers and stack.
    fn step(&mut self, standing: Standing, at: usize, held: &mut Held, below: u32) {
        let own = standing.depth;
        match self.env.ops[at] {
            Op::Alu { w, op, dst, src } => {
                let to = self.arithmetic(at, w, op, dst, src, held);
                held.set(dst, to);
            }
            Op::Load {
                dst,
                base,
                off,
                size,
                ..
            }
            | Op::LoadAcquire {
                dst,
                base,
                off,
                size,
            } => {
                let from = held.reg(base).moved(Some(off.into()));
                let to = match &from {
                    _ if size.bytes() != 8 => Address::Nowhere,
                    Address::At(frame, offsets) if u32::from(*frame) == own => held.load(offsets),
                    _ => {
                        let mut to = match from.frames() & 1 << own {
                            0 => Address::Nowhere,
                            _ => held.load_any(),
                        };
                        if from.frames() & !(1 << own) != 0 && below != 0 {
                            to.join(&Address::In(below));
                        }
                        to
                    }
                };
                held.set(dst, to);
            }
            Op::Store {
                base,
                off,
                size,
                src,
            } => {
                let value = match src {
                    Src::Reg(r) => held.reg(r).clone(),
                    Src::Imm(_) => Address::Nowhere,
                };
                self.store(own, held, (base, off), size.bytes(), &value);
            }
            Op::StoreRelease {
                base,
                off,
                size,
                src,
            } => {
                let value = held.reg(src).clone();
                self.store(own, held, (base, off), size.bytes(), &value);
            }
            Op::Call(_) | Op::CallX { .. } => held.called(),
            _ => {
                let defs = self.env.cfg.defs(at);
                for r in (0..10).filter(|r| defs >> r & 1 != 0) {
                    held.set(r, Address::Nowhere);
                }
            }
        }
    }

    fn store(
        &mut self,
        own: u32,
        held: &mut Held,
        (base, off): (u8, i16),
        size: u32,
        value: &Address,
    ) {
        match held.reg(base).moved(Some(off.into())) {
            Address::Nowhere => {}
            Address::At(frame, offsets) if u32::from(frame) == own => {
                held.store(&offsets, size, value)
            }
            to if *value == Address::Nowhere || size != 8 => {
                let _ = to;
            }
            to if to.frames() == 1 << own => held.store_any(value),
            // Into a caller's frame: not followed.
            _ => self.out.lost = true,
        }
    }

    fn arithmetic(
        &self,
        at: usize,
        w: Width,
        op: AluOp,
        dst: u8,
        src: Src,
        held: &Held,
    ) -> Address {
        let from = match src {
            Src::Reg(r) => held.reg(r),
            Src::Imm(_) => &Address::Nowhere,
        };
        let number = match src {
            Src::Reg(_) => self.constants.operand(at),
            Src::Imm(imm) => Some(imm.into()),
        };
        let to = held.reg(dst);
        match (w, op) {
            (Width::W64, AluOp::Mov) => from.clone(),
            (Width::W64, AluOp::Add) if *from == Address::Nowhere => to.moved(number),
            (Width::W64, AluOp::Sub) if *from == Address::Nowhere => {
                to.moved(number.and_then(i64::checked_neg))
            }
            (Width::W64, _) => {
                let mut any = to.anywhere();
                any.join(&from.anywhere());
                any
            }
            (Width::W32, _) => Address::Nowhere,
        }
    }

    /// What an instruction reads and surely writes.
    fn note(&mut self, standing: Standing, at: usize, held: &Held, below: u32) {
        let place = |base: u8, off: i16| held.reg(base).moved(Some(off.into()));
        match self.env.ops[at] {
            Op::Load {
                base, off, size, ..
            }
            | Op::LoadAcquire {
                base, off, size, ..
            } => {
                self.touched(standing, at, &place(base, off), Touch::Reads(size.bytes()));
            }
            Op::Store {
                base, off, size, ..
            }
            | Op::StoreRelease {
                base, off, size, ..
            } => {
                self.touched(standing, at, &place(base, off), Touch::Writes(size.bytes()));
            }
            Op::Atomic {
                base, off, size, ..
            } => {
                self.touched(standing, at, &place(base, off), Touch::Reads(size.bytes()));
            }
            Op::Call(callee) => self.call(standing, at, callee, held, below),
            _ => {}
        }
    }

    fn call(&mut self, standing: Standing, at: usize, callee: Callee, held: &Held, below: u32) {
        let below = below | held.load_any().frames();
        let args = held.arguments();
        let enter = |start| Standing {
            depth: standing.depth + 1,
            callsite: at as u32,
            start,
        };
        if let Callee::Local(rel) = callee {
            if let Ok(start) = u32::try_from(at as i64 + 1 + i64::from(rel)) {
                self.enter(enter(start), &args, below);
            }
            return;
        }
        for (i, address) in args
            .iter()
            .enumerate()
            .filter(|(_, a)| **a != Address::Nowhere)
        {
            let touch = calls::touch(self.env, self.constants, self.largest, (at, callee), i + 1);
            self.touched(standing, at, address, touch);
        }
        if !self.env.cfg.flags(at).sync_callback_call() {
            return;
        }
        let mut given: [Address; 5] = Default::default();
        if let Some((arg, param)) = calls::handed_on(callee) {
            given[param - 1] = args[arg - 1].clone();
        }
        let function = (1..=5).find_map(|arg| match self.constants.argument(at, arg) {
            Known::Function(start) => Some(start),
            _ => None,
        });
        match function {
            Some(start) => self.enter(enter(start), &given, below),
            // Which one isn't known: any.
            None => {
                let starts: Vec<u32> = self
                    .env
                    .cfg
                    .subprogs()
                    .iter()
                    .skip(1)
                    .map(|s| s.start)
                    .collect();
                for start in starts {
                    self.enter(enter(start), &given, below);
                }
            }
        }
    }

    fn touched(&mut self, standing: Standing, at: usize, address: &Address, touch: Touch) {
        let start = standing.start as usize;
        let len = self.env.cfg.subprog_end(self.env.cfg.subprog_of(start)) - start;
        let Some(instance) = self.out.instances.get_mut(&standing) else {
            return;
        };
        let (bytes, writes) = match touch {
            Touch::None => return,
            Touch::Reads(bytes) => (bytes.min(STACK as u32) as i32, false),
            Touch::ReadsAll => (STACK, false),
            Touch::Writes(bytes) => (bytes.min(STACK as u32) as i32, true),
        };
        match address {
            Address::Nowhere => {}
            Address::At(frame, offsets) if writes => {
                if let [off] = offsets[..] {
                    let filled = halves(off.into(), i32::from(off) + bytes, true);
                    instance.masks((*frame).into(), len, at - start).writes |= filled;
                }
            }
            Address::At(frame, offsets) => {
                let read = offsets.iter().fold(0, |read, off| {
                    read | halves((*off).into(), i32::from(*off) + bytes, false)
                });
                instance.masks((*frame).into(), len, at - start).reads |= read;
            }
            Address::In(_) if writes => {}
            Address::In(frames) => {
                for frame in (0..32).filter(|f| frames >> f & 1 != 0) {
                    instance.masks(frame, len, at - start).reads |= Halves::MAX;
                }
            }
        }
    }
}
