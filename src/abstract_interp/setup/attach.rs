//! What a program is attached to, as far as the verifier cares.

use crate::abstract_interp::state::State;
use crate::abstract_interp::vm::{Check, Env};

/// Attachment facts, resolved once.
#[derive(Debug, Default)]
pub struct Attach {
    /// The main program's arguments come from BTF (an extension of another
    /// program's function), not from a context.
    pub main_takes_btf_args: bool,
}

/// Whether the program may attach where it says.
pub fn check(_env: &Env<'_>) -> Check<()> {
    Ok(())
}

/// What the attach type adds to an entry state (sections already open, and
/// the like).
pub fn enter(_env: &Env<'_>, _subprog: usize, _state: &mut State) -> Check<()> {
    Ok(())
}
