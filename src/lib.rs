//! `bpfassay` predicts, offline, what the Linux verifier says of eBPF objects.
//!
//! Data flows one way through the rooms below; a room imports only those
//! before it (`helpers_spec`, `target`, `budget` and `untrusted` are read by all).
//! [`check()`] is the whole way from bytes to a [`report::Report`].

pub mod abstract_interp;
pub mod audit;
pub mod budget;
pub mod cfg;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod diagnostics;
pub mod helpers_spec;
#[cfg(feature = "kernel")]
pub mod kernel;
pub mod limits;
pub mod object;
pub mod programs;
pub mod report;
pub mod rules;
#[cfg(feature = "smoke")]
pub mod smoke;
pub mod target;
pub mod untrusted;

pub use check::{InputKind, Options, TargetChoice, audit as audit_object, check};
