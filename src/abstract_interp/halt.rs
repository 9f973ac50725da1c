//! How a check or a transfer ends that does not go on.

use super::refusal::Refusal;
use super::verdict::Unknown;
use crate::prelude::*;

/// Why a path, and with it the verification, stops.
#[derive(Debug)]
pub enum Halt {
    /// The kernel refuses the program here.
    Refusal(Box<Refusal>),
    /// Not modelled, or our budget ended.
    Unknown(Unknown),
}

impl From<Box<Refusal>> for Halt {
    fn from(refusal: Box<Refusal>) -> Halt {
        Halt::Refusal(refusal)
    }
}

/// The result of a check or a transfer.
pub type Check<T> = Result<T, Halt>;

/// A construct that isn't modelled: never a silent accept.
pub fn unknown<T>(name: impl Into<String>) -> Check<T> {
    Err(Halt::Unknown(Unknown {
        name: name.into(),
        insn: None,
    }))
}

/// A question about something of the kernel that the types at hand leave open.
pub fn left_open<T>(question: &str, about: &str) -> Check<T> {
    unknown([question, about].join(": "))
}
