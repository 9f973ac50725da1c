//! Following one concrete run: the states that the model gives to the
//! instructions that were really executed.
//!
//! Exploration covers all paths and prunes; a [`Follower`] walks one path and
//! keeps nothing. At each instruction it carries out the transfer as exploration
//! does and hands over every state that may come next. Who knows the concrete
//! run picks the one that it took. So each transfer is held against reality by
//! itself, without the help or the blur of pruning and joins.

use super::checks::subprog_facts::SubprogFacts;
use super::explore::{Explorer, Fork};
use super::setup;
use super::state::State;
use super::verify::{Input, Prepared};
use super::vm::{Check, Env, Halt, InsnAux, Vm};
use crate::budget::Account;
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

/// Walks one path of a program, instruction by instruction.
pub struct Follower<'a> {
    vm: Vm<'a>,
    prev: i32,
}

/// A state that may come next, and the instruction slot it is at.
pub struct Candidate {
    fork: Fork,
}

impl Candidate {
    /// The instruction slot.
    pub fn insn(&self) -> usize {
        self.fork.insn
    }
    /// The state before it.
    pub fn state(&self) -> &State {
        &self.fork.state
    }
}

impl<'a> Follower<'a> {
    /// At the entry of function `subprog`: 0, or a global function.
    ///
    /// # Errors
    ///
    /// What the model says of the program before it explores it.
    pub fn new(
        input: &Input<'a>,
        prepared: &'a Prepared,
        subprog: usize,
    ) -> Result<Follower<'a>, Halt> {
        let env = Env::new(input, prepared)?;
        setup::check_program(&env)?;
        let start = input
            .program
            .subprogs
            .get(subprog)
            .map_or(0, |s| s.start as usize);
        let mut vm = Vm {
            cur: State::new(subprog as u32, input.program.sleepable),
            insn: start,
            prev_insn: -1,
            aux: vec![InsnAux::default(); prepared.ops.len()],
            last_id: 0,
            wanted: Default::default(),
            explorer: Explorer::new(None),
            globals: setup::Globals::new(input.program),
            subprogs: SubprogFacts::new(&env),
            account: Account::FREE,
            observer: None,
            env,
        };
        vm.cur = setup::entry_state(&mut vm, subprog)?;
        vm.begin_path(start);
        Ok(Follower { vm, prev: -1 })
    }

    /// The instruction slot that comes next.
    pub fn insn(&self) -> usize {
        self.vm.insn
    }

    /// The state before it.
    pub fn state(&self) -> &State {
        &self.vm.cur
    }

    /// What the verification reads.
    pub fn env(&self) -> &Env<'a> {
        &self.vm.env
    }

    /// The global function that the next instruction calls. The model verifies
    /// such a function by itself and steps over its calls.
    pub fn calls_global(&self) -> Option<usize> {
        let Some(Op::Call(Callee::Local(_))) = self.vm.env.ops.get(self.vm.insn) else {
            return None;
        };
        let callee = self.vm.env.callee(self.vm.insn)?;
        let program = self.vm.env.program;
        program
            .subprogs
            .get(callee)
            .is_some_and(|s| s.global)
            .then_some(callee)
    }

    /// Carries out the instruction: the states that may come next, the one that
    /// exploration takes first in front. None: the path ends.
    ///
    /// # Errors
    ///
    /// The refusal, or what isn't modelled.
    pub fn step(&mut self) -> Check<Vec<Candidate>> {
        let forks = self.vm.step_alone(self.prev)?;
        Ok(forks.into_iter().map(|fork| Candidate { fork }).collect())
    }

    /// Goes on with one of them.
    pub fn take(&mut self, candidate: Candidate) {
        self.prev = self.vm.insn as i32;
        self.vm.resume(candidate.fork);
    }
}
