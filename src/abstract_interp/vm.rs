//! The machine that explores one program: what it reads, what it carries.
//!
//! [`Env`] is fixed for a verification. `Vm` is the exploration: the current
//! state, the paths yet to walk, the states kept for pruning. Three kinds of
//! code work on it, in three rooms:
//!
//! * `checks`: `&Vm` → `Check<Fact>`. Decide whether an instruction is allowed
//!   and say, as a typed fact, what it does. They never change the state.
//! * `transfer`: `&mut Vm`, fact → `Check<Next>`. Carry the fact out.
//! * `explore`: the only loop.
//!
//! A check that relied on the exact value of a scalar says so with
//! [`Vm::need_precise`]; exploration walks the path back and marks it.

use core::cell::Cell;

pub use super::env::Env;
pub use super::halt::{Check, Halt, unknown};
use crate::prelude::*;

use super::checks::subprog_facts::SubprogFacts;
use super::explore::Explorer;
use super::refusal::Section;
use super::state::State;
use super::value::{Flags, Kind, MapRef, Reg};
use crate::budget::Account;
use crate::programs::insn::Op;

/// Where a path goes on after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At the next instruction (two slots on after a wide one).
    Fallthrough,
    /// At this instruction slot.
    Goto(usize),
    /// Nowhere: the path ended well.
    End,
}

/// The exploration of one program.
pub struct Vm<'a> {
    /// What is fixed.
    pub env: Env<'a>,
    /// The current state.
    pub cur: State,
    /// The instruction slot being processed.
    pub insn: usize,
    /// The one before it on this path.
    pub prev_insn: i32,
    /// Facts gathered per instruction slot over all paths.
    pub aux: Vec<InsnAux>,
    /// The last id given out.
    pub last_id: u32,
    /// Registers of the innermost frame whose exact value a check relied on.
    pub(super) wanted: Cell<u16>,
    /// Paths to walk, states kept, counts.
    pub explorer: Explorer,
    /// Subprograms verified as global functions, and those to verify.
    pub globals: super::setup::Globals,
    /// How functions are used, and what stack they need.
    pub subprogs: SubprogFacts,
    /// What exploring holds is told here.
    pub(super) account: Account<'a>,
    /// Who is shown each state before its instruction is processed.
    pub(super) observer: Option<super::observe::Observer<'a>>,
}

/// Whether the arithmetic of an instruction was on arena pointers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArenaUse {
    /// Not seen.
    #[default]
    None,
    /// It was.
    With,
    /// It wasn't.
    Without,
}

/// What all paths through one instruction must agree on.
#[derive(Clone, Copy, Debug, Default)]
pub struct InsnAux {
    /// The class of pointer that loads and stores went through here; Linux
    /// rewrites such accesses, so paths must agree.
    pub pointer_class: super::checks::access::PointerClass,
    /// The map a helper call here is known to use on every path.
    pub map: Option<MapRef>,
    /// Several maps reach this helper call.
    pub map_poisoned: bool,
    /// Constant key of a tail call here (`u64::MAX` when it varies).
    pub tail_key: Option<u64>,
    /// The instruction was processed on some path.
    pub seen: bool,
    /// Whether arithmetic here was on arena pointers.
    pub arena_use: ArenaUse,
    /// A `bpf_loop` here may be inlined (flags are constant 0 on every path).
    pub loop_inline: Option<(u32, bool)>,
    /// kfunc: the program type id allocated or dropped here.
    pub kfunc_type: u32,
    /// How the number of pointer arithmetic is masked here.
    pub mask: Option<super::checks::speculation::Mask>,
    /// Mispredicted paths end before this instruction.
    pub fenced: bool,
    /// Mispredicted paths end after this instruction.
    pub fenced_after: bool,
}

impl Vm<'_> {
    /// A fresh id.
    pub fn new_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }
    /// Register `r` of the innermost frame.
    pub fn reg(&self, r: u8) -> &Reg {
        self.cur.reg(r)
    }
    /// The instruction being processed.
    pub fn op(&self) -> Op {
        self.env.ops[self.insn]
    }
    /// Whether a kernel pointer is known valid: referenced, trusted, or of an
    /// allocated object.
    pub fn is_trusted(&self, r: &Reg) -> bool {
        const OTHER: Flags = Flags(
            Flags::USER.0
                | Flags::PERCPU.0
                | Flags::UNTRUSTED.0
                | Flags::RCU.0
                | Flags::RDONLY.0
                | Flags::MAYBE_NULL.0,
        );
        const TRUSTED: Flags = Flags(Flags::TRUSTED.0 | Flags::ALLOC.0 | Flags::NON_OWN_REF.0);
        r.ref_id.is_some()
            || r.flags.has(TRUSTED) && !r.flags.has(OTHER)
            || r.is_socket() && r.flags == Flags::NONE
            || matches!(r.kind, Kind::ConstMap { .. })
    }
    /// Whether RCU protects what the program reads: a section is open, a lock
    /// is held, or the program cannot sleep at all.
    pub fn in_rcu_section(&self) -> bool {
        let sections = self.env.target.behaviour().context_protects_rcu()
            && (self.cur.active_preempt > 0 || self.cur.active_irq_id.is_some());
        self.cur.active_rcu > 0 || self.cur.active_locks > 0 || sections || !self.cur.in_sleepable
    }
    /// What keeps the program from sleeping here; `None` if it may sleep.
    pub fn non_sleepable_context(&self) -> Option<Section> {
        let state = &self.cur;
        if state.active_rcu > 0 {
            Some(Section::Rcu)
        } else if state.active_preempt > 0 {
            Some(Section::Preempt)
        } else if state.active_irq_id.is_some() {
            Some(Section::Irq)
        } else if state.active_locks > 0 {
            Some(Section::Lock)
        } else if !state.in_sleepable {
            Some(Section::Program)
        } else {
            None
        }
    }
    /// Says that the check relied on the exact value of scalar `r` of the
    /// innermost frame. Carried out by [`Vm::flush_precision`].
    pub fn need_precise(&self, r: u8) {
        self.wanted.set(self.wanted.get() | 1 << r);
    }
}
