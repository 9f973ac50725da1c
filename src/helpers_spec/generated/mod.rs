//! The tables. Made by `cargo xtask tables`; edit the data instead.

mod audit;
mod availability;
mod context;
mod features;
pub mod helper;
mod helpers;
mod kfuncs;
mod maps;
mod programs;
mod sets;

pub(in crate::helpers_spec) use audit::*;
pub(in crate::helpers_spec) use availability::*;
pub(in crate::helpers_spec) use context::*;
pub(in crate::helpers_spec) use features::*;
pub(in crate::helpers_spec) use helpers::*;
pub(in crate::helpers_spec) use kfuncs::*;
pub(in crate::helpers_spec) use maps::*;
pub(in crate::helpers_spec) use programs::*;
pub(in crate::helpers_spec) use sets::*;
