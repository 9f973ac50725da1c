//! Abstract interpretation: the model of the verifier.
pub mod domain;
