//! Global functions: verified once, on their own, from the argument types
//! that their BTF prototype promises; a call checks the promise instead of
//! walking the body.

use super::prototype::{self, Arg};
use crate::abstract_interp::checks::arg_pointer::{self, ArgOff};
use crate::abstract_interp::checks::mem_region::Touched;
use crate::abstract_interp::checks::{dynptr, mem_region};
use crate::abstract_interp::refusal::{Fault, refuse, refuse_reg};
use crate::abstract_interp::state::State;
use crate::abstract_interp::value::{BtfSrc, DynptrType, Flags, Kind, Reg};
use crate::abstract_interp::vm::{Check, Vm};
use crate::prelude::*;
use crate::programs::Program;

/// Which global functions are called, and which are verified.
#[derive(Debug, Default)]
pub struct Globals {
    called: Vec<bool>,
    verified: Vec<bool>,
    global: Vec<bool>,
    /// Where the round over the functions stands.
    at: usize,
}

impl Globals {
    /// Of one program.
    pub fn new(program: &Program) -> Globals {
        let n = program.subprogs.len();
        Globals {
            // The exception callback is taken as called: any throw may reach it.
            called: program.subprogs.iter().map(|s| s.exception_cb).collect(),
            verified: vec![false; n],
            global: program.subprogs.iter().map(|s| s.global).collect(),
            at: 0,
        }
    }
    /// A reachable call to `subprog` was met.
    pub fn call(&mut self, subprog: usize) {
        if let Some(c) = self.called.get_mut(subprog) {
            *c = true;
        }
    }
    /// The next function to verify: in rounds over the functions in the order
    /// of the text, until a round finds none.
    pub fn next_called(&mut self) -> Option<usize> {
        let n = self.called.len();
        let wanted = |i: &usize| *i > 0 && self.global[*i] && self.called[*i] && !self.verified[*i];
        let found = (self.at..n).find(wanted).or_else(|| (0..n).find(wanted));
        self.at = found.map_or(0, |i| i + 1);
        found
    }
    /// `subprog` was verified.
    pub fn verified(&mut self, subprog: usize) {
        if let Some(v) = self.verified.get_mut(subprog) {
            *v = true;
        }
    }
}

/// Sets the argument registers of a function verified on its own.
pub fn set_arguments(vm: &mut Vm<'_>, subprog: usize, state: &mut State) -> Check<()> {
    let args = prototype::of(&vm.env, subprog)?;
    if vm.env.program.subprogs[subprog].exception_cb {
        state.frame_mut().in_exception_callback = true;
        if args != [Arg::Scalar] {
            return refuse(Fault::ExceptionCallbackArgs);
        }
    }
    for (i, arg) in args.into_iter().enumerate() {
        let mut reg = match arg {
            Arg::Scalar | Arg::Arena => Reg::unknown(),
            Arg::Ctx => Reg::pointer(Kind::Ctx, Flags::NONE),
            Arg::Mem { size, nullable } => {
                let flags = if nullable {
                    Flags::MAYBE_NULL
                } else {
                    Flags::NONE
                };
                Reg::pointer(Kind::Mem { size, dynptr_id: 0 }, flags)
            }
            Arg::UntrustedMem => {
                let flags = Flags::RDONLY.with(Flags::UNTRUSTED);
                Reg::pointer(
                    Kind::Mem {
                        size: 0,
                        dynptr_id: 0,
                    },
                    flags,
                )
            }
            Arg::Trusted { id, nullable } => {
                let null = if nullable {
                    Flags::MAYBE_NULL
                } else {
                    Flags::NONE
                };
                let flags = Flags::TRUSTED.with(null);
                Reg::pointer(
                    Kind::Btf {
                        btf: BtfSrc::Kernel,
                        id,
                    },
                    flags,
                )
            }
            Arg::Untrusted { id } => Reg::pointer(
                Kind::Btf {
                    btf: BtfSrc::Kernel,
                    id,
                },
                Flags::UNTRUSTED,
            ),
            Arg::Dynptr => Reg::pointer(
                Kind::ConstDynptr {
                    ty: DynptrType::Local,
                },
                Flags::NONE,
            ),
        };
        if reg.maybe_null() || matches!(reg.kind, Kind::Btf { .. } | Kind::ConstDynptr { .. }) {
            reg.id = vm.new_id();
        }
        state.set_reg(i as u8 + 1, reg);
    }
    Ok(())
}

/// A call of a global function: the arguments must be what its prototype
/// promises its body. Gives what the body may do to memory.
pub fn check_args(vm: &Vm<'_>, subprog: usize) -> Check<Vec<Touched>> {
    let mut touched = Vec::new();
    for (i, arg) in prototype::of(&vm.env, subprog)?.into_iter().enumerate() {
        let r = i as u8 + 1;
        let reg = vm.reg(r);
        match arg {
            Arg::Scalar => {
                if !reg.is_scalar() {
                    return refuse_reg(r, Fault::ArgumentNotScalar);
                }
            }
            Arg::UntrustedMem | Arg::Untrusted { .. } => {}
            Arg::Ctx => {
                arg_pointer::reg_off(vm, r, ArgOff::Any)?;
                if reg.kind != Kind::Ctx || reg.flags != Flags::NONE {
                    return refuse_reg(r, Fault::ArgumentContext);
                }
            }
            Arg::Mem { size, nullable } => {
                arg_pointer::reg_off(vm, r, ArgOff::Any)?;
                touched.push(mem_region::check_nullable(vm, r, size)?);
                let zero = vm.env.target.behaviour().null_is_not_nonnull() && reg.is_null();
                if !nullable && (reg.maybe_null() || zero) {
                    return refuse_reg(r, Fault::ArgumentNonNull);
                }
            }
            Arg::Arena => {
                if !reg.is_scalar() && reg.kind != Kind::Arena {
                    return refuse_reg(r, Fault::ArgumentArena);
                }
            }
            Arg::Dynptr => {
                arg_pointer::reg_off(vm, r, ArgOff::Dynptr)?;
                dynptr::check_readable(vm, r)?;
            }
            Arg::Trusted { id, nullable } => {
                if reg.is_null() && nullable {
                    continue;
                }
                arg_pointer::trusted_btf(vm, r, id, nullable)?;
            }
        }
    }
    Ok(touched)
}
