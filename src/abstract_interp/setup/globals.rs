//! Global functions: verified once, on their own, from the argument types
//! that their BTF prototype promises; a call checks the promise instead of
//! walking the body.

use crate::abstract_interp::state::State;
use crate::abstract_interp::vm::{Check, Vm, unknown};
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
            called: vec![false; n],
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
pub fn set_arguments(_vm: &mut Vm<'_>, _subprog: usize, _state: &mut State) -> Check<()> {
    unknown("global-function-arguments")
}
