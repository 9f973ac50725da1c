//! What the engine says of a program: a verdict, and for a refusal its code. The
//! codes are made of the pages in `rules/`, where each has its number and name.

use super::checks::stack_depth::Stacks;
pub use super::codes::Code;
use super::explore::Hot;
use super::refusal::Refusal;
use crate::prelude::*;

/// Why no verdict is given: a construct that isn't modelled, or our own budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The construct's stable name (`arena`, `kfunc:bpf_foo`, `budget:time`).
    pub name: String,
    /// The instruction at which it was met.
    pub insn: Option<usize>,
}

/// The verdict on one program for one target.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The kernel loads it.
    Accept,
    /// The kernel refuses it.
    Reject(Box<Refusal>),
    /// Not decided, and why.
    Unknown(Unknown),
}

/// Counts of one exploration, as the kernel's statistics line gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Instructions processed over all paths.
    pub processed: u64,
    /// States ever kept for pruning.
    pub total_states: u64,
    /// The most states kept at one time.
    pub peak_states: u64,
    /// The deepest combined stack, in bytes, rounded as the target rounds.
    pub stack_depth: u32,
}

/// The outcome of one verification.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The verdict.
    pub verdict: Verdict,
    /// What the exploration cost.
    pub stats: Stats,
    /// Where the most states were held, if it cost half the target's limit or more.
    pub hot: Option<Box<Hot>>,
    /// The deepest stacks, of what passed the check of them.
    pub stacks: Stacks,
}
