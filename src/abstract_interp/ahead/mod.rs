//! What is known of every path before one is walked.
//!
//! Newer kernels look at a function's text first, by data flow alone. Two things come
//! of it that move what exploration does:
//!
//! | file | finds | used for |
//! |---|---|---|
//! | `constants` | registers that hold one constant on all paths | branches that are settled: they are walked one way only |
//! | `addresses` | which frames' stack a register may point into | which bytes an access may touch |
//! | `calls` | the bytes that a call reads and writes through an argument | the same |
//! | `slots` | halves of stack slots that may still be read | what is dropped from a state |

mod addresses;
mod calls;
pub mod constants;
mod slots;
#[cfg(test)]
mod tests;

pub use slots::{Halves, StackAhead};
