//! One verification, from the linked program to the verdict.
//!
//! The order of the phases is the kernel's, since only the first fault is
//! reported: structure, maps and attachment, then the main program, then each
//! global function that is called, then the stack over all call chains.

use super::ahead::StackAhead;
use super::ahead::constants::Constants;
use super::asked::{AskedTarget, AskedTypes, Case, Consulted, Questions};
use super::checks::stack_depth::Stacks;
use super::checks::subprog_facts::SubprogFacts;
use super::checks::{access, dead_code, map_load, options, rights, stack_depth};
use super::explore::{Explorer, Profile};
use super::observe::Observer;
use super::refusal::Refusal;
use super::setup;
use super::state::State;
use super::verdict::{Stats, Unknown, Verdict, Verification};
use super::vm::{Check, Env, Halt, InsnAux, Vm};
use crate::budget::Account;
use crate::cfg::{self, Cfg};
use crate::object::Btf;
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::decode_with;
use crate::programs::insn::Op;
use crate::programs::isa::IsaRules;
use crate::target::{StackLiveness, Target};

/// What a verification takes.
pub struct Input<'a> {
    /// The linked program.
    pub program: &'a Program,
    /// The kernel that is asked.
    pub target: &'a Target,
    /// Its BTF, if at hand.
    pub kernel_btf: Option<&'a Btf>,
}

impl<'a> Input<'a> {
    /// The same, as the verification asks it.
    pub(super) fn case(&self, questions: Option<&'a Questions>) -> Case<'a> {
        Case {
            program: self.program,
            target: AskedTarget::new(self.target, questions),
            types: AskedTypes::new(self.kernel_btf, self.program, questions),
        }
    }
}

/// A program's instructions and their graph, as a target reads them.
#[derive(Debug)]
pub struct Prepared {
    /// The instructions, decoded; one per slot.
    pub ops: Vec<Op>,
    /// Their control flow.
    pub cfg: Cfg,
    /// Registers known before exploring, where the target looks for them.
    pub constants: Option<Constants>,
}

impl Prepared {
    /// Decodes and draws the graph.
    ///
    /// # Errors
    ///
    /// The structural fault for which the target refuses the program.
    pub fn new(input: &Input<'_>) -> Result<Prepared, Box<Refusal>> {
        Prepared::of(&input.case(None))
    }

    fn of(input: &Case<'_>) -> Result<Prepared, Box<Refusal>> {
        let ops = decode_with(
            &input.program.insns,
            &IsaRules::of(input.target.behaviour()),
        );
        let facts = setup::facts::Facts::new(input.program, input.target, &ops);
        match cfg::analyze(&input.program.insns, &ops, &facts, &facts.rules) {
            Ok(mut cfg) => {
                setup::functions_match(input.program, input.target, &ops)?;
                let looks = input.target.behaviour().stack_liveness() == StackLiveness::Static;
                let constants = looks.then(|| Constants::of(input.program, &ops, &cfg));
                if let Some(constants) = &constants {
                    cfg.settle(&constants.settled, &ops, &facts, &facts.rules);
                }
                Ok(Prepared {
                    ops,
                    cfg,
                    constants,
                })
            }
            Err(fault) => {
                if fault.follows_references() {
                    setup::functions_match(input.program, input.target, &ops)?;
                }
                Err(first_told(input, ops, &fault))
            }
        }
    }
}

/// What is told of a program with a fault of its structure: its attach target and what
/// it refers to are looked at before its slots are walked.
fn first_told(case: &Case<'_>, ops: Vec<Op>, fault: &cfg::Fault) -> Box<Refusal> {
    let refusal = setup::fault::refusal(fault);
    if !fault.follows_references() {
        return refusal;
    }
    let unwalked = Prepared {
        ops,
        cfg: Cfg::default(),
        constants: None,
    };
    let seen = Env::of(case, &unwalked).and_then(|env| map_load::check(&env));
    let walked = !matches!(fault, cfg::Fault::Decode { .. });
    match seen {
        Err(Halt::Refusal(first))
            if walked || first.insn == usize::MAX || first.insn < refusal.insn =>
        {
            first
        }
        _ => refusal,
    }
}

/// Verifies one program for one target.
pub fn verify(input: &Input<'_>) -> Verification {
    verify_with(input, None)
}

/// As [`verify`]; the observer is shown every state on the way.
pub fn verify_with(input: &Input<'_>, observer: Option<Observer<'_>>) -> Verification {
    verify_within(input, observer, Account::FREE)
}

/// As [`verify_with`]; if the account's budget ends, the program is not decided.
pub fn verify_within(
    input: &Input<'_>,
    observer: Option<Observer<'_>>,
    account: Account<'_>,
) -> Verification {
    verify_counting(input, observer, None, account)
}

/// As [`verify_within`]; what is counted where states are compared is added to the
/// profile.
pub fn verify_counting(
    input: &Input<'_>,
    observer: Option<Observer<'_>>,
    profile: Option<&mut Profile>,
    account: Account<'_>,
) -> Verification {
    let case = input.case(None);
    verify_case(&case, observer, profile, account)
}

/// As [`verify_within`], with all that was asked of the target.
pub fn verify_asking(
    input: &Input<'_>,
    observer: Option<Observer<'_>>,
    account: Account<'_>,
) -> (Verification, Consulted) {
    let questions = Questions::default();
    let verification = verify_case(&input.case(Some(&questions)), observer, None, account);
    (verification, questions.consulted())
}

fn verify_case(
    input: &Case<'_>,
    observer: Option<Observer<'_>>,
    profile: Option<&mut Profile>,
    account: Account<'_>,
) -> Verification {
    if let Err(ended) = account.go_on() {
        return not_modelled(ended.name());
    }
    let refused = options::load(input.program, input.target);
    if let Err(refusal) = refused.and_then(|()| rights::load(input.program, input.target)) {
        return early(refusal);
    }
    let prepared = match Prepared::of(input) {
        Ok(prepared) => prepared,
        Err(refusal) => return early(refusal),
    };
    // The observer outlives what the verification borrows.
    let observer = observer.map(|o| o as Observer<'_>);
    match run(input, &prepared, observer, profile, account) {
        Ok(v) => v,
        Err(halt) => Verification {
            verdict: verdict(Err(halt)),
            stats: Stats::default(),
            hot: None,
            stacks: Stacks::default(),
        },
    }
}

fn early(v: Box<Refusal>) -> Verification {
    Verification {
        verdict: verdict(Err(Halt::Refusal(v))),
        stats: Stats::default(),
        hot: None,
        stacks: Stacks::default(),
    }
}

fn verdict(result: Check<()>) -> Verdict {
    match result {
        Ok(()) => Verdict::Accept,
        Err(Halt::Refusal(mut v)) => {
            if v.insn == usize::MAX {
                v.insn = 0;
            }
            Verdict::Reject(v)
        }
        Err(Halt::Unknown(u)) => Verdict::Unknown(u),
    }
}

fn run<'a>(
    input: &Case<'a>,
    prepared: &'a Prepared,
    observer: Option<Observer<'a>>,
    profile: Option<&mut Profile>,
    account: Account<'a>,
) -> Check<Verification> {
    let env = Env::of(input, prepared)?;
    setup::check_program(&env)?;
    let ahead = prepared.constants.as_ref();
    let ahead = ahead.map(|constants| StackAhead::of(&env, constants));
    let mut vm = Vm {
        cur: State::new(0, input.program.sleepable),
        insn: 0,
        prev_insn: -1,
        aux: vec![InsnAux::default(); prepared.ops.len()],
        last_id: 0,
        wanted: Default::default(),
        explorer: Explorer::new(ahead),
        globals: setup::Globals::new(input.program),
        subprogs: SubprogFacts::new(&env),
        account,
        observer,
        env,
    };
    vm.explorer.profile = profile.is_some().then(Box::default);
    let mut stacks = Stacks::default();
    let result = explore_all(&mut vm).and_then(|()| {
        stacks = stack_depth::check(&vm)?;
        rights::tail_calls(&vm)?;
        options::callbacks(&vm)?;
        dead_code::check(&vm)?;
        access::arena_loads(&vm)
    });
    if let (Some(out), Some(counted)) = (profile, vm.explorer.profile.take()) {
        *out = *counted;
    }
    let stats = Stats {
        processed: vm.explorer.processed,
        total_states: vm.explorer.total_states,
        peak_states: vm.explorer.peak_states,
        stack_depth: stacks.depth,
    };
    Ok(Verification {
        verdict: verdict(result),
        stats,
        hot: vm.explorer.hot,
        stacks,
    })
}

/// The main program, then global functions until no new one is called; or, on targets
/// that don't wait for calls, all global functions first.
fn explore_all(vm: &mut Vm<'_>) -> Check<()> {
    if !vm.env.target.behaviour().lazy_globals() {
        for at in 1..vm.env.program.subprogs.len() {
            if vm.env.program.subprogs[at].global {
                explore_global(vm, at)?;
            }
        }
        vm.insn = 0;
        vm.cur = setup::entry_state(vm, 0)?;
        return vm.explore(0);
    }
    vm.cur = setup::entry_state(vm, 0)?;
    vm.explore(0)?;
    loop {
        let Some(next) = vm.globals.next_called() else {
            return Ok(());
        };
        explore_global(vm, next)?;
        vm.globals.verified(next);
    }
}

fn explore_global(vm: &mut Vm<'_>, subprog: usize) -> Check<()> {
    let start = vm.env.program.subprogs[subprog].start as usize;
    vm.insn = start;
    vm.cur = setup::entry_state(vm, subprog)?;
    vm.explore(start)
}

/// The verdict when the program cannot be looked at.
pub fn not_modelled(name: &str) -> Verification {
    Verification {
        verdict: Verdict::Unknown(Unknown {
            name: name.to_owned(),
            insn: None,
        }),
        stats: Stats::default(),
        hot: None,
        stacks: Stacks::default(),
    }
}
