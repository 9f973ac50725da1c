//! Registers that hold one constant wherever a path comes from.
//!
//! Per function, forwards. A register is a known constant (a number, a map, an
//! address in a map's value, a function) or unknown; where paths meet, what differs
//! is unknown. Nothing is known at a function's entry, nor of what a call gives.
//!
//! ```text
//! unknown ⊑ everything; c ⊔ c = c; c ⊔ d = unknown
//! ```
//!
//! What is found is kept in 32 bits: a number that needs more (-1 in 64 bits, say) is as
//! good as unknown to whoever asks, though sums with it are computed whole.
//!
//! A comparison of two numbers so known is settled: its other side isn't walked, and
//! doesn't count for loops and liveness.
//!
//! States are kept where blocks begin; what holds inside a block is computed from there.

use alloc::collections::BTreeMap;

use crate::abstract_interp::checks::map_value;
use crate::cfg::Cfg;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{AluOp, ImmRef, Op, Src, Width};

/// Registers that are followed: r0 to r9.
const REGS: usize = 10;
/// Registers that a call leaves unknown: r0 to r5.
const CALLER_SAVED: usize = 6;

/// What a register is known to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Unknown,
    /// A number.
    Number(u64),
    /// A map, by its index.
    Map(u32),
    /// An address in the only value of a map.
    Value(u32, u64),
    /// A function of the program, by its first slot.
    Function(u32),
}

impl Known {
    /// What is kept of it.
    fn kept(self) -> Known {
        match self {
            Known::Number(n) if n > u32::MAX.into() => Known::Unknown,
            known => known,
        }
    }
}

type Regs = [Known; REGS];

/// What is known where calls are made, and which branches are settled.
#[derive(Debug, Default)]
pub struct Constants {
    /// Arguments r1 to r5 at each call.
    calls: BTreeMap<u32, [Known; 5]>,
    /// Where settled branches go.
    pub settled: Vec<(u32, u32)>,
    /// What registers that are added to or subtracted hold.
    operands: BTreeMap<u32, Known>,
}

impl Constants {
    /// Of a program.
    pub fn of(program: &Program, ops: &[Op], cfg: &Cfg) -> Constants {
        let flow = Flow { program, ops, cfg };
        let starts = flow.solve();
        let mut found = Constants::default();
        for (&start, regs) in &starts {
            flow.walk(start, *regs, &starts, |at, regs| {
                found.note(&flow, at, regs);
            });
        }
        found.settled.sort_unstable();
        found
    }

    fn note(&mut self, flow: &Flow<'_>, at: usize, regs: &Regs) {
        match flow.ops[at] {
            Op::Call(_) => {
                let args = core::array::from_fn(|i| regs[i + 1].kept());
                self.calls.insert(at as u32, args);
            }
            Op::Alu {
                src: Src::Reg(r), ..
            } => {
                let known = read(regs, r).kept();
                if known != Known::Unknown {
                    self.operands.insert(at as u32, known);
                }
            }
            Op::Jmp {
                w,
                op,
                dst,
                src,
                off,
            } => {
                let other = source(regs, src, Known::kept);
                if let (Known::Number(a), Known::Number(b)) = (read(regs, dst).kept(), other) {
                    let to = match op.holds(w, a, b) {
                        true => at as i64 + 1 + i64::from(off),
                        false => at as i64 + 1,
                    };
                    self.settled
                        .extend(u32::try_from(to).ok().map(|to| (at as u32, to)));
                }
            }
            _ => {}
        }
    }

    /// What argument `arg` (1 to 5) of the call at a slot is.
    pub fn argument(&self, at: usize, arg: usize) -> Known {
        let args = self.calls.get(&(at as u32));
        let known = args.and_then(|args| args.get(arg.wrapping_sub(1)));
        known.copied().unwrap_or(Known::Unknown)
    }

    /// The number in the register that an arithmetic instruction takes.
    pub fn operand(&self, at: usize) -> Option<i64> {
        match self.operands.get(&(at as u32)) {
            Some(Known::Number(n)) => Some(*n as i64),
            _ => None,
        }
    }
}

struct Flow<'a> {
    program: &'a Program,
    ops: &'a [Op],
    cfg: &'a Cfg,
}

fn read(regs: &Regs, r: u8) -> Known {
    regs.get(usize::from(r)).copied().unwrap_or(Known::Unknown)
}

/// The second operand: an immediate, or of what is known of a register what `of` says.
fn source(regs: &Regs, src: Src, of: fn(Known) -> Known) -> Known {
    match src {
        Src::Imm(imm) => Known::Number(i64::from(imm) as u64),
        Src::Reg(r) => of(read(regs, r)),
    }
}

fn number(regs: &Regs, src: Src) -> Option<u64> {
    match source(regs, src, |known| known) {
        Known::Number(n) => Some(n),
        _ => None,
    }
}

impl Flow<'_> {
    /// The states where blocks begin.
    fn solve(&self) -> BTreeMap<u32, Regs> {
        let mut starts = BTreeMap::new();
        let mut work = Vec::new();
        for s in self.cfg.subprogs() {
            starts.insert(s.start, [Known::Unknown; REGS]);
            work.push(s.start);
        }
        // Blocks begin where a jump goes, and after one.
        let mut leads = BTreeMap::new();
        for at in 0..self.ops.len() {
            let to = self.cfg.successors(at);
            let straight =
                to.len() == 1 && to.first() == Some(&((at + self.ops[at].slots()) as u32));
            if !straight {
                leads.extend(to.iter().map(|to| (*to, ())));
            }
        }
        while let Some(start) = work.pop() {
            let regs = starts[&start];
            self.edges(start, regs, &leads, |to, regs| match starts.get_mut(&to) {
                None => {
                    starts.insert(to, *regs);
                    work.push(to);
                }
                Some(old) => {
                    let mut changed = false;
                    for (old, new) in old.iter_mut().zip(regs) {
                        if *old != *new && *old != Known::Unknown {
                            *old = Known::Unknown;
                            changed = true;
                        }
                    }
                    if changed {
                        work.push(to);
                    }
                }
            });
        }
        starts
    }

    /// Walks a block; tells each block that follows.
    fn edges(
        &self,
        start: u32,
        mut regs: Regs,
        leads: &BTreeMap<u32, ()>,
        mut edge: impl FnMut(u32, &Regs),
    ) {
        let mut at = start as usize;
        while at < self.ops.len() {
            self.step(at, &mut regs);
            let to = self.cfg.successors(at);
            match to[..] {
                [next] if !leads.contains_key(&next) => at = next as usize,
                _ => {
                    to.iter().for_each(|to| edge(*to, &regs));
                    return;
                }
            }
        }
    }

    /// Walks a block; shows what holds before each instruction.
    fn walk(
        &self,
        start: u32,
        mut regs: Regs,
        starts: &BTreeMap<u32, Regs>,
        mut show: impl FnMut(usize, &Regs),
    ) {
        let mut at = start as usize;
        while at < self.ops.len() {
            show(at, &regs);
            self.step(at, &mut regs);
            match self.cfg.successors(at)[..] {
                [next] if !starts.contains_key(&next) => at = next as usize,
                _ => return,
            }
        }
    }

    fn step(&self, at: usize, regs: &mut Regs) {
        let op = self.ops[at];
        match op {
            Op::Alu { w, op, dst, src } => {
                let to = arithmetic(w, op, read(regs, dst), src, regs);
                set(regs, dst, to);
            }
            Op::MovSx { w, dst, src, bits } => {
                let to = match read(regs, src) {
                    Known::Number(n) => Known::Number(extended(n, bits, w)),
                    _ => Known::Unknown,
                };
                set(regs, dst, to);
            }
            Op::LdImm64 { dst, src } => set(regs, dst, wide(at, src)),
            Op::Load {
                dst,
                base,
                off,
                size,
                sx,
            } => {
                let to = match read(regs, base) {
                    Known::Value(map, at) => {
                        let off = at.wrapping_add(i64::from(off) as u64);
                        self.stored(map, off, size.bytes(), sx)
                    }
                    _ => Known::Unknown,
                };
                set(regs, dst, to);
            }
            Op::Call(_) | Op::CallX { .. } => regs[..CALLER_SAVED].fill(Known::Unknown),
            _ => {
                let defs = self.cfg.defs(at);
                for (r, reg) in regs.iter_mut().enumerate() {
                    if defs >> r & 1 != 0 {
                        *reg = Known::Unknown;
                    }
                }
            }
        }
    }

    fn stored(&self, map: u32, off: u64, size: u32, sx: bool) -> Known {
        let def = self.program.maps.get(map as usize);
        let fits =
            |def: &&crate::object::MapDef| off.saturating_add(size.into()) <= def.value_size.into();
        let value = def
            .filter(fits)
            .and_then(|def| map_value::constant(def, off as u32, size, sx));
        value.map_or(Known::Unknown, Known::Number)
    }
}

fn set(regs: &mut Regs, r: u8, to: Known) {
    if let Some(reg) = regs.get_mut(usize::from(r)) {
        *reg = to;
    }
}

fn wide(at: usize, src: ImmRef) -> Known {
    match src {
        ImmRef::Const(n) => Known::Number(n),
        ImmRef::MapIdx(map) => Known::Map(map),
        ImmRef::MapIdxValue { idx, off } => Known::Value(idx, off.into()),
        ImmRef::Func(rel) => match u32::try_from(at as i64 + 1 + i64::from(rel)) {
            Ok(start) => Known::Function(start),
            Err(_) => Known::Unknown,
        },
        _ => Known::Unknown,
    }
}

fn narrowed(n: u64, w: Width) -> u64 {
    match w {
        Width::W32 => u64::from(n as u32),
        Width::W64 => n,
    }
}

/// The low bits of a number, sign-extended to a width.
fn extended(n: u64, bits: u8, w: Width) -> u64 {
    let above = 64_u32.saturating_sub(bits.into()).min(63);
    narrowed(((n << above) as i64 >> above) as u64, w)
}

/// Sums with a register aren't followed, masks are: nothing is left by a mask of 0.
fn arithmetic(w: Width, op: AluOp, dst: Known, src: Src, regs: &Regs) -> Known {
    let narrow = |n: u64| narrowed(n, w);
    if op == AluOp::Mov {
        return match (src, w) {
            (Src::Imm(imm), _) => Known::Number(narrow(i64::from(imm) as u64)),
            (Src::Reg(r), Width::W64) => read(regs, r),
            (Src::Reg(_), Width::W32) => {
                number(regs, src).map_or(Known::Unknown, |n| Known::Number(narrow(n)))
            }
        };
    }
    let Some(b) = number(regs, src) else {
        return Known::Unknown;
    };
    match (dst, op) {
        (_, AluOp::And) if b == 0 => Known::Number(0),
        (_, AluOp::Add | AluOp::Sub) if matches!(src, Src::Reg(_)) => Known::Unknown,
        (Known::Number(a), AluOp::Add) => Known::Number(narrow(a.wrapping_add(b))),
        (Known::Number(a), AluOp::Sub) => Known::Number(narrow(a.wrapping_sub(b))),
        (Known::Number(a), AluOp::And) => Known::Number(narrow(a & b)),
        (Known::Value(map, a), AluOp::Add) if w == Width::W64 => {
            Known::Value(map, a.wrapping_add(b))
        }
        (Known::Value(map, a), AluOp::Sub) if w == Width::W64 => {
            Known::Value(map, a.wrapping_sub(b))
        }
        _ => Known::Unknown,
    }
}
