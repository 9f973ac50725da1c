//! Abstract interpretation: the model of the verifier.
pub mod domain;
pub mod stack;
pub mod state;
pub mod value;
pub mod violation;

pub use violation::{Code, Stats, Unknown, Verdict, Verification, Violation};
