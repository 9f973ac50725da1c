//! Control flow: subprograms, edges, order, loops and liveness, before any
//! instruction is interpreted.
//!
//! Everything here is a function of the raw slots and of a few facts about the
//! functions called ([`InsnFacts`]), and linear in the number of slots. The
//! phases are those of a kernel, since only the first fault is reported:
//!
//! | phase | file | faults |
//! |---|---|---|
//! | size, subprograms | `layout` | too large, bad call target, too many |
//! | jumps and last slots | `layout` | jump out of range, fall-through |
//! | slots with a meaning | `programs::decode` | unknown opcode, bad wide load |
//! | depth-first walk | `walk` | back-edge, unreachable, into a wide load |
//!
//! Then follow, without faults, post-order (`order`), live registers
//! (`liveness`) and strongly connected components (`scc`). [`analyze`] runs all;
//! an engine that has checks of its own between the phases calls
//! [`Layout::discover`], [`Layout::check`] and [`Cfg::build`].
//!
//! Slots are read raw, not decoded: a kernel walks an instruction whose unused
//! fields are set like any other, and refuses it only when it is reached.
//!
//! [`BlockGraph`] and [`CallGraph`] are views for people and rules: basic blocks,
//! dominators, natural loops, who calls whom. They are built on demand, never on
//! the way to a verdict.

mod calls;
mod draw;
mod facts;
mod fault;
mod flow;
mod graph;
mod layout;
mod liveness;
mod order;
pub mod place;
mod scc;
mod stack;
mod svg;
mod walk;

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use core::ops::Deref;

use crate::prelude::*;
use crate::programs::decode::{decode_unread, upfront_fault};
use crate::programs::insn::{DecodeFault, Insn, Op};

pub use calls::{CallEdge, CallGraph, CallKind};
pub use draw::{dot, mermaid};
pub use facts::{CallFacts, CfgRules, InsnFacts, InsnFlags, NoFacts};
pub use fault::Fault;
pub use flow::Flow;
pub use graph::{Block, BlockGraph, EdgeKind};
pub use layout::{Layout, Subprog};
pub use stack::{StackSlots, stack_slots};
pub use svg::{Drawing, drawing, edge_class, svg};

/// The control flow of a program that has passed the structural checks.
#[derive(Debug, Default)]
pub struct Cfg {
    flows: Vec<Flow>,
    flags: Vec<InsnFlags>,
    live: Vec<u16>,
    /// Registers that each slot reads and writes.
    effects: Vec<(u16, u16)>,
    scc: Vec<u32>,
    scc_count: u32,
    layout: Layout,
    postorder: Vec<u32>,
    /// Per subprogram, where its part of `postorder` ends.
    postorder_ends: Vec<usize>,
    /// Successors of the instructions that have other than the usual ones.
    tables: BTreeMap<u32, Box<[u32]>>,
}

/// Checks the structure of a program and analyses it. `ops` is `insns` decoded
/// under `rules.isa`.
pub fn analyze(
    insns: &[Insn],
    ops: &[Op],
    facts: &dyn InsnFacts,
    rules: &CfgRules,
) -> Result<Cfg, Fault> {
    let layout = Layout::discover(insns, facts, rules)?;
    let decode = |(insn, fault): (usize, DecodeFault)| Fault::Decode {
        insn: insn as u32,
        fault,
    };
    if let Some(cut) = cut_off(ops).filter(|_| rules.switches.cut_loads_first()) {
        return Err(decode(cut));
    }
    layout.check(insns, rules)?;
    if let Some(found) = upfront_fault(ops, &rules.isa) {
        return Err(decode(found));
    }
    Cfg::build(insns, ops, layout, facts, rules)
}

/// A wide load that the end of the program cuts off.
fn cut_off(ops: &[Op]) -> Option<(usize, DecodeFault)> {
    match ops.last() {
        Some(Op::Invalid(fault @ DecodeFault::LdImm64Pair)) => Some((ops.len() - 1, *fault)),
        _ => None,
    }
}

/// Slots whose faults are met only where they are reached count as what they look like.
fn as_taken<'a>(insns: &[Insn], ops: &'a [Op], rules: &CfgRules) -> Cow<'a, [Op]> {
    let faulty = |op: &Op| matches!(op, Op::Invalid(_));
    if !ops.iter().any(faulty) {
        return Cow::Borrowed(ops);
    }
    let taken = ops.iter().zip(insns).map(|(op, insn)| match op {
        Op::Invalid(_) => decode_unread(*insn, &rules.isa),
        op => *op,
    });
    Cow::Owned(taken.collect())
}

impl Cfg {
    /// Walks the program from its entries and computes all that follows. The
    /// layout must have been checked.
    pub fn build(
        insns: &[Insn],
        ops: &[Op],
        layout: Layout,
        facts: &dyn InsnFacts,
        rules: &CfgRules,
    ) -> Result<Cfg, Fault> {
        let flows: Vec<Flow> = insns.iter().map(|insn| Flow::of(*insn, rules)).collect();
        let mut cfg = Cfg {
            flags: vec![InsnFlags::default(); insns.len()],
            live: Vec::new(),
            effects: Vec::new(),
            scc: Vec::new(),
            scc_count: 0,
            flows,
            layout,
            postorder: Vec::with_capacity(insns.len()),
            postorder_ends: Vec::new(),
            tables: BTreeMap::new(),
        };
        cfg.walk(facts, rules)?;
        cfg.order();
        cfg.liveness(&as_taken(insns, ops, rules), facts);
        cfg.components(rules);
        Ok(cfg)
    }

    /// Takes branches that always go one way, slot and successor, out of the graph:
    /// order, liveness and loops are those without the other side.
    pub fn settle(
        &mut self,
        settled: &[(u32, u32)],
        ops: &[Op],
        facts: &dyn InsnFacts,
        rules: &CfgRules,
    ) {
        if settled.is_empty() {
            return;
        }
        for &(at, to) in settled {
            self.tables.insert(at, Box::new([to]));
        }
        self.postorder.clear();
        self.postorder_ends.clear();
        self.order();
        self.liveness(ops, facts);
        self.components(rules);
    }

    /// Where a branch goes that always goes one way.
    pub fn settled(&self, insn: usize) -> Option<usize> {
        let table = self.tables.get(&(insn as u32))?;
        let [to] = table[..] else { return None };
        matches!(self.flow(insn), Flow::Branch(_)).then_some(to as usize)
    }

    /// Number of slots.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// True for the empty program, which no kernel takes.
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// How control leaves a slot.
    pub fn flow(&self, insn: usize) -> Flow {
        self.flows.get(insn).copied().unwrap_or(Flow::Exit)
    }

    /// What exploration must do at a slot.
    pub fn flags(&self, insn: usize) -> InsnFlags {
        self.flags.get(insn).copied().unwrap_or_default()
    }

    /// Registers that may be read at or after a slot before they are written: bit
    /// `n` for `rn`.
    pub fn live_regs(&self, insn: usize) -> u16 {
        self.live.get(insn).copied().unwrap_or(0)
    }

    /// Registers that a slot reads.
    pub fn uses(&self, insn: usize) -> u16 {
        self.effects.get(insn).map_or(0, |e| e.0)
    }

    /// Registers that a slot writes.
    pub fn defs(&self, insn: usize) -> u16 {
        self.effects.get(insn).map_or(0, |e| e.1)
    }

    /// The loop that a slot is part of, from 1; 0 for none.
    pub fn scc(&self, insn: usize) -> u32 {
        self.scc.get(insn).copied().unwrap_or(0)
    }

    /// Number of loops; their ids are `1..=scc_count()`.
    pub fn scc_count(&self) -> u32 {
        self.scc_count
    }

    /// The subprograms in order of their slots; the main program is the first.
    pub fn subprogs(&self) -> &[Subprog] {
        &self.layout.subprogs
    }

    /// The subprogram that holds a slot.
    pub fn subprog_of(&self, insn: usize) -> usize {
        self.layout.subprog_of(insn)
    }

    /// The first slot of a subprogram.
    pub fn subprog_start(&self, subprog: usize) -> usize {
        self.subprogs().get(subprog).map_or(0, |s| s.start as usize)
    }

    /// The slot after the last of a subprogram.
    pub fn subprog_end(&self, subprog: usize) -> usize {
        self.subprogs().get(subprog).map_or(0, |s| s.end as usize)
    }

    /// Every instruction, subprogram by subprogram, successors first where loops allow.
    pub fn postorder(&self) -> &[u32] {
        &self.postorder
    }

    /// The instructions of one subprogram, successors first where loops allow.
    pub fn postorder_of(&self, subprog: usize) -> &[u32] {
        let end = self.postorder_ends.get(subprog).copied().unwrap_or(0);
        let begin = match subprog {
            0 => 0,
            n => self.postorder_ends.get(n - 1).copied().unwrap_or(0),
        };
        self.postorder.get(begin..end).unwrap_or_default()
    }

    /// Where control may go on within the same subprogram. A call goes on after
    /// itself.
    pub fn successors(&self, insn: usize) -> Successors<'_> {
        if let Some(table) = self.tables.get(&(insn as u32)) {
            return Successors {
                pair: [0; 2],
                len: 0,
                table: Some(table),
            };
        }
        let mut pair = [0; 2];
        let mut len = 0;
        let flow = self.flow(insn);
        if let Some(slots) = flow.fallthrough() {
            pair[len] = insn as u32 + slots;
            len += 1;
        }
        if let Some(off) = flow.jump() {
            pair[len] = (insn as i64 + 1 + i64::from(off)) as u32;
            len += 1;
        }
        Successors {
            pair,
            len,
            table: None,
        }
    }
}

/// The successors of one instruction.
#[derive(Clone, Copy, Debug)]
pub struct Successors<'a> {
    pair: [u32; 2],
    len: usize,
    table: Option<&'a [u32]>,
}

impl Deref for Successors<'_> {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        match self.table {
            Some(table) => table,
            None => &self.pair[..self.len],
        }
    }
}

#[cfg(test)]
mod tests;
