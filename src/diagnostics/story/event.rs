//! What happened on the path, and where.

use super::Voided;
use crate::prelude::*;

/// Something on the path that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Step on the path.
    pub step: usize,
    /// Slot of the instruction.
    pub insn: usize,
    /// What happened.
    pub kind: Happened,
}

/// What happened at an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; `words` says it in full")]
pub enum Happened {
    Returned {
        callee: String,
        map: Option<String>,
        nullable: bool,
    },
    ReadPart(String),
    ReadFrom(String),
    MapValue(String),
    Map(String),
    Wiped(String),
    CallbackArgument(u8),
    Constant(i64),
    Added,
    Subtracted,
    Computed,
    Masked(Option<i64>),
    Cut,
    Voided {
        callee: String,
        how: Voided,
    },
    NullHere,
    NullBranch,
    Compared,
    ComparedOther,
    PacketCompared {
        bytes: Option<i64>,
    },
    /// A comparison of the packet's start, which shows no byte.
    PacketStart,
    PacketOther,
    Bound(String),
    BoundOther,
    BoundCopy,
    Acquired(String),
    WayOut(String),
    WayOpen,
    Written {
        size: u32,
    },
    ObjectMade {
        callee: String,
        object: &'static str,
    },
    JumpsBack(usize),
    /// States were kept here; what differed in how many of them.
    StatesKept {
        states: u32,
        differs: Option<(String, u32)>,
    },
    Section(String),
    Closed(String),
    Overwritten,
    Changed(String),
    Entry,
    Returns(Option<i64>),
    Caller(String),
    /// A function is handed on, as a callback.
    HandedOn(String),
    Frame(String, u32),
    Refused,
}
