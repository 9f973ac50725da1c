//! Definitions that reach a slot.
//!
//! Where each register and each byte of the stack is written is listed once for a program.
//! A stretch is of slots that control runs through one after another and enters at the first
//! only. Within it, the last of them before a slot is looked up; further back, the stretches before are asked, each once for a
//! question, until all ways have a definition. What took more than a few of them is kept.

use alloc::collections::BTreeMap;
use core::cell::{Cell, RefCell};

use smallvec::SmallVec;

use super::flow::FP;
use crate::cfg::Cfg;
use crate::prelude::*;
use crate::programs::insn::Op;

/// Ways into stretches that are followed for one question.
const STEPS: u32 = 400;
/// The same for all questions about a program: hostile code could make each of them dear.
const ALL_STEPS: u32 = 4_000_000;
/// Answers that took more are kept.
const CHEAP: u32 = 4;
/// Registers.
const REGS: u8 = 11;

/// What holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Reg(u8),
    /// The stack from this offset of r10 on.
    Stack(i16),
}

/// A definition that reaches a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Def {
    /// The entry of the function.
    Entry,
    At(u32),
}

/// A few definitions, in order.
pub(super) type Defs = SmallVec<[Def; 4]>;

pub(super) struct Definitions<'a> {
    cfg: &'a Cfg,
    /// Slots of predecessors; those of slot `i` are `ends[i]..ends[i + 1]`.
    preds: Vec<u32>,
    ends: Vec<u32>,
    /// The first slot of each slot's stretch.
    heads: Vec<u32>,
    /// Slots that write each register, in order.
    regs: [Vec<u32>; REGS as usize],
    /// Slots that write each byte of the stack through r10, in order.
    stack: BTreeMap<i16, Vec<u32>>,
    /// Steps left for all questions.
    left: Cell<u32>,
    /// The last question that came by each stretch, and how many there were.
    asked: RefCell<(Vec<u32>, u32)>,
    kept: RefCell<BTreeMap<(u32, Place), Option<Defs>>>,
}

impl<'a> Definitions<'a> {
    pub fn new(ops: &[Op], cfg: &'a Cfg) -> Definitions<'a> {
        let (preds, ends) = predecessors(ops, cfg);
        let mut made = Definitions {
            cfg,
            preds,
            ends,
            heads: vec![0; ops.len()],
            regs: Default::default(),
            stack: BTreeMap::new(),
            left: Cell::new(ALL_STEPS),
            asked: RefCell::new((vec![0; ops.len()], 0)),
            kept: RefCell::default(),
        };
        for (at, op) in ops.iter().enumerate() {
            let head = made.head_of(ops, at);
            if let Some(place) = made.heads.get_mut(at) {
                *place = head;
            }
            made.list(at as u32, op);
        }
        made
    }

    /// The first slot of a slot's stretch, once those before it have theirs. What is jumped
    /// over lies between, and is none of it.
    fn head_of(&self, ops: &[Op], at: usize) -> u32 {
        let behind = |pred: u32| {
            let slots = ops.get(pred as usize).map_or(1, Op::slots);
            (pred as usize).checked_add(slots)
        };
        match *self.preds(at) {
            [pred]
                if behind(pred) == Some(at)
                    && self.cfg.successors(pred as usize).len() == 1
                    && !self.is_entry(at) =>
            {
                self.head(pred as usize)
            }
            _ => at as u32,
        }
    }

    fn list(&mut self, at: u32, op: &Op) {
        let effects = op.effects();
        for (slots, reg) in self.regs.iter_mut().zip(0..) {
            if effects.writes.has(reg) {
                slots.push(at);
            }
        }
        if let (Op::Store { .. }, Some(memory)) = (op, effects.memory.filter(|m| m.base == FP)) {
            for byte in 0..memory.size.bytes() as i16 {
                let Some(byte) = memory.off.checked_add(byte) else {
                    break;
                };
                self.stack.entry(byte).or_default().push(at);
            }
        }
    }

    fn head(&self, at: usize) -> u32 {
        self.heads.get(at).copied().unwrap_or(at as u32)
    }

    fn is_entry(&self, at: usize) -> bool {
        self.cfg.subprog_start(self.cfg.subprog_of(at)) == at
    }

    /// The slots from which control comes to a slot, within the function.
    pub fn preds(&self, insn: usize) -> &[u32] {
        let at = |i: usize| self.ends.get(i).copied().unwrap_or(0) as usize;
        self.preds.get(at(insn)..at(insn + 1)).unwrap_or(&[])
    }

    /// The last slot before one, of the same stretch, that writes a place.
    fn last(&self, place: Place, before: usize, head: u32) -> Option<u32> {
        let slots = match place {
            Place::Reg(reg) => self.regs.get(usize::from(reg))?,
            Place::Stack(offset) => self.stack.get(&offset)?,
        };
        let at = slots.partition_point(|at| (*at as usize) < before);
        slots
            .get(at.checked_sub(1)?)
            .copied()
            .filter(|at| *at >= head)
    }

    /// The definitions of a place that reach a slot; `None` if that would take too long.
    pub fn of(&self, insn: usize, place: Place) -> Option<Defs> {
        let head = self.head(insn);
        if let Some(at) = self.last(place, insn, head) {
            return Some(Defs::from_slice(&[Def::At(at)]));
        }
        if let Some(known) = self.kept.borrow().get(&(head, place)) {
            return known.clone();
        }
        let mut steps = 0;
        let found = self.before(head, place, &mut steps);
        if steps > CHEAP {
            self.kept.borrow_mut().insert((head, place), found.clone());
        }
        found
    }

    /// The definitions that reach the beginning of a stretch.
    fn before(&self, head: u32, place: Place, steps: &mut u32) -> Option<Defs> {
        let mut found = Defs::new();
        let mut asked = self.asked.borrow_mut();
        let (marks, questions) = &mut *asked;
        *questions = questions.wrapping_add(1);
        let mut work: SmallVec<[u32; 8]> = SmallVec::new();
        work.push(head);
        while let Some(at) = work.pop() {
            if self.is_entry(at as usize) {
                found.push(Def::Entry);
            }
            for &pred in self.preds(at as usize) {
                *steps += 1;
                self.left.set(self.left.get().checked_sub(1)?);
                if *steps > STEPS {
                    return None;
                }
                let head = self.head(pred as usize);
                match marks.get_mut(head as usize) {
                    Some(mark) if *mark == *questions => continue,
                    Some(mark) => *mark = *questions,
                    None => continue,
                }
                match self.last(place, pred as usize + 1, head) {
                    Some(at) => found.push(Def::At(at)),
                    None => work.push(head),
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        Some(found)
    }
}

/// The predecessors of all slots, and where each slot's end.
fn predecessors(ops: &[Op], cfg: &Cfg) -> (Vec<u32>, Vec<u32>) {
    let slots = || (0..ops.len()).filter(|i| !matches!(ops.get(*i), Some(Op::Second)));
    let mut ends = vec![0u32; ops.len() + 1];
    for from in slots() {
        for &to in cfg.successors(from).iter() {
            if let Some(n) = ends.get_mut(to as usize + 1) {
                *n += 1;
            }
        }
    }
    let mut total = 0;
    for n in &mut ends {
        total += *n;
        *n = total;
    }
    let mut next = ends.clone();
    let mut preds = vec![0; total as usize];
    for from in slots() {
        for &to in cfg.successors(from).iter() {
            let Some(at) = next.get_mut(to as usize) else {
                continue;
            };
            if let Some(pred) = preds.get_mut(*at as usize) {
                *pred = from as u32;
                *at += 1;
            }
        }
    }
    (preds, ends)
}
