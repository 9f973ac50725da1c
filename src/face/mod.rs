//! The library's public face: objects, targets, and what can be asked of them.
//!
//! Small types over the rooms, which may change behind them: a caller gives an
//! object and [`Target`]s to `Check`, `Audit` or `Run`, and gets plain data.
//! Who runs programs himself gives a [`Load`] to be verified; that needs no `std`.

#[cfg(feature = "std")]
mod audit;
#[cfg(feature = "std")]
mod check;
mod load;
#[cfg(feature = "std")]
mod object;
#[cfg(feature = "smoke")]
mod run;
#[cfg(feature = "std")]
mod span;
mod target;

#[cfg(feature = "std")]
pub use audit::{Audit, AuditReport, Kernel, KernelReason, NeededCall, ProgramNeeds};
#[cfg(feature = "std")]
pub use check::{Advice, Check, CheckReport, Checked, LoadFailure, Rejection, Verdict};
pub use load::{Accepted, BadLoad, Load, LoadLimits, LoadMap, Loaded, Refused};
#[cfg(feature = "std")]
pub use object::Object;
#[cfg(feature = "smoke")]
pub use run::{OneRun, Run, RunError, RunFault, RunReport};
#[cfg(feature = "std")]
pub use span::Span;
pub use target::{Target, TargetError};
