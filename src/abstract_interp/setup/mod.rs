//! Before exploring: what the program is attached to, and how its functions
//! are entered.

pub mod attach;
pub mod facts;
pub mod fault;
pub mod globals;
pub mod prototype;

use alloc::collections::BTreeSet;

pub use attach::Attach;
pub use globals::Globals;

use super::asked::AskedTarget;
use super::checks::{exception, map_load, options, tail_call};
use super::refusal::{Fault, Refusal};
use super::state::State;
use super::value::{Flags, Kind, Reg};
use super::vm::{Check, Env, Vm};
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Callee, ImmRef, Op};

/// What is refused before a single instruction is looked at: attach targets,
/// program flags, the number of maps.
pub fn check_program(env: &Env<'_>) -> Check<()> {
    options::interpreted(env)?;
    exception::check(env)?;
    tail_call::check(env)?;
    map_load::check(env)?;
    attach::check(env)
}

/// Whether the program has as many functions as its function information tells of. A
/// function is what is called or, since later kernels, referred to.
pub fn functions_match(
    program: &Program,
    target: AskedTarget<'_>,
    ops: &[Op],
) -> Result<(), Box<Refusal>> {
    if program.func_info.is_empty() {
        return Ok(());
    }
    let by_reference = target.behaviour().functions_by_reference();
    let named = |(at, op): (usize, &Op)| match *op {
        Op::Call(Callee::Local(by)) => Some(at as i64 + 1 + i64::from(by)),
        Op::LdImm64 {
            src: ImmRef::Func(by),
            ..
        } if by_reference => Some(at as i64 + 1 + i64::from(by)),
        _ => None,
    };
    let mut starts: BTreeSet<i64> = ops.iter().enumerate().filter_map(named).collect();
    starts.insert(0);
    let handler = program.subprogs.iter().find(|s| s.exception_cb);
    starts.extend(handler.map(|s| i64::from(s.start)));
    // What leads out of the program is told as such.
    let inside = |start: &i64| usize::try_from(*start).is_ok_and(|s| s < ops.len());
    if !starts.iter().all(inside) || starts.len() == program.func_info.len() {
        return Ok(());
    }
    Err(Refusal::new(Fault::FuncInfoCount))
}

/// The state in which function `subprog` is entered when it is verified on its
/// own: the main program (0), or a global function with the arguments that its
/// prototype promises.
pub fn entry_state(vm: &mut Vm<'_>, subprog: usize) -> Check<State> {
    let mut state = State::new(subprog as u32, vm.env.program.sleepable);
    state.hides_stale = vm.env.confined;
    if subprog == 0 && !vm.env.attach.main_takes_btf_args {
        state.set_reg(1, Reg::pointer(Kind::Ctx, Flags::NONE));
    } else {
        globals::set_arguments(vm, subprog, &mut state)?;
    }
    attach::enter(&vm.env, subprog, &mut state)?;
    Ok(state)
}
