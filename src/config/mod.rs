//! What a project asks of its programs: `bpfassay.toml`, and the judging of a
//! report by it.
//!
//! Three steps, each a function of its input:
//!
//! 1. [`parse`] turns the text of a configuration into a [`Config`]; whatever it
//!    doesn't know is an error with its place in the file.
//! 2. [`policy::findings`] names the calls of one program that the policy denies;
//!    it needs the program, so `check` asks for it while it has one.
//! 3. `judge` goes over a finished report: budgets and the baseline add
//!    findings, levels set severities, suppressions mark what is known.
//!
//! What is nearer wins: command line, then `[program."..."]` (an exact name
//! before a pattern, a longer pattern before a shorter), then the file, then the
//! rule's own severity. Among selectors of one place the one that says more wins:
//! a rule before a family, a family before `all`.
//!
//! Files are read by `cli`; nothing here touches the disk.
#![warn(clippy::arithmetic_side_effects)]

pub mod baseline;
mod budget;
mod error;
mod file;
mod glob;
mod in_source;
mod judge;
mod levels;
pub mod policy;
mod select;

pub use baseline::Baseline;
pub use budget::{Budget, Resource};
pub use error::ConfigError;
pub use file::{
    Config, Kernel, Lsp, ProgramTable, SuppressedCode, Suppression, TABLES, bytes, parse, percent,
};
pub use glob::Glob;
pub use in_source::Files;
pub use judge::{FailOn, Run, fails, judge};
pub use levels::{Flags, Levels, Settings};
pub use policy::Policy;
pub use select::{Level, Selector};

/// Numbers of the rules that this room fires; their pages are `rules/policy`.
pub(crate) mod number {
    /// A call that the policy denies.
    pub const CALL_DENIED: u16 = 900;
    /// A program beyond its budget.
    pub const BUDGET_EXCEEDED: u16 = 901;
    /// A program that grew since the baseline.
    pub const BASELINE_GROWTH: u16 = 902;
    /// A program that the baseline doesn't know.
    pub const BASELINE_MISSING: u16 = 903;
    /// A suppression that nothing needed.
    pub const SUPPRESSION_UNUSED: u16 = 904;
}

/// A rule of this room.
const fn rule(number: u16) -> &'static crate::rules::Rule {
    match crate::rules::by_number(number) {
        Some(rule) => rule,
        None => panic!("a rule without a page"),
    }
}

#[cfg(test)]
mod tests;
