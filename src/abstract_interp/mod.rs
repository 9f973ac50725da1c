//! Abstract interpretation: the model of the verifier.
pub mod btf_record;
pub mod checks;
pub mod domain;
pub mod explore;
pub mod setup;
pub mod stack;
pub mod state;
pub mod transfer;
pub mod value;
pub mod verify;
pub mod violation;
pub mod vm;

pub use verify::{Input, verify};
pub use violation::{Code, Stats, Unknown, Verdict, Verification, Violation};
