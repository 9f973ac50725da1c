//! The library's public face: objects, targets, and what can be asked of them.
//!
//! Small types over the rooms, which may change behind them: a caller gives an
//! [`Object`] and [`Target`]s to [`Check`], [`Audit`] or [`Run`], and gets plain data.

mod audit;
mod check;
mod object;
#[cfg(feature = "smoke")]
mod run;
mod span;
mod target;

pub use audit::{Audit, AuditReport, Kernel, KernelReason, NeededCall, ProgramNeeds};
pub use check::{Advice, Check, CheckReport, Checked, LoadFailure, Rejection, Verdict};
pub use object::Object;
#[cfg(feature = "smoke")]
pub use run::{OneRun, Run, RunError, RunFault, RunReport};
pub use span::Span;
pub use target::{Target, TargetError};
