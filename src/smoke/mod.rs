//! Smoke execution: programs run in an embedded interpreter.
//!
//! An [`image::Image`] holds decoded programs over one list of maps; a
//! [`runtime::Runtime`] everything they can see; an [`engine::Engine`] executes.
//! There are two engines, which must agree. This room knows nothing of abstract
//! states: it is the verifier's oracle, not its customer.

pub mod context;
pub mod coverage;
pub mod engine;
pub mod fuzz;
pub mod helpers;
mod host;
pub mod image;
pub mod inputs;
pub mod lowered;
pub mod maps;
pub mod meaning;
pub mod memory;
pub mod options;
pub mod packet;
pub mod pcap;
pub mod plain;
pub mod reference;
pub mod report;
pub mod run;
pub mod runtime;
pub mod scenario;
pub mod semantics;
pub mod steer;
pub mod trace;
pub mod witness;
pub mod world;

pub use coverage::Coverage;
pub use engine::{Engine, Fault, FaultKind, Outcome, Site};
pub use inputs::Input;
pub use options::{Engines, Preset, SmokeOptions};
pub use report::{After, MapState, RunReport, SmokeReport, SmokeVerdict};
pub use run::{run, run_traced};
pub use steer::Steer;

#[cfg(test)]
mod tests;
