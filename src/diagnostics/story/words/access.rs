//! Sentences about accesses: where they lie, what is missing.

use super::{bytes, does, object, range, span};
use crate::diagnostics::story::{Access, Object, Range};
use crate::prelude::*;

pub(super) fn there(n: u64) -> &'static str {
    if n == 1 {
        "it is there"
    } else {
        "they are there"
    }
}

/// Which end of a range fails, of a number that should lie at or above zero.
pub(super) fn missing(r: Range) -> &'static str {
    match (r.min < 0, r.max >= i128::from(i64::MAX) || r.max >= 1 << 29) {
        (true, false) => "the lower bound is missing",
        (true, true) if r.unknown() => "it has no bounds",
        (true, true) => "it has no bounds that are narrow enough",
        (false, true) => "the upper bound is missing",
        (false, false) => "this is too much",
    }
}

pub(super) fn outside(
    o: &Object,
    room: u64,
    access: &Access,
    first: Range,
    number: Option<&str>,
) -> String {
    let has = match o {
        Object::Stack => String::new(),
        _ => format!("{} has {}; ", object(o), bytes(room)),
    };
    if *o == Object::Stack {
        return on_stack(access, first, number);
    }
    match (first.single(), number) {
        (Some(at), _) => format!("{has}{} {}.", does(access), span(at, access.bytes)),
        (None, number) => {
            let what = number.map_or_else(String::new, |n| format!(" (by {n})"));
            format!(
                "{has}{} {} at an offset{what} that may be {}.",
                does(access),
                bytes(access.bytes),
                range(first)
            )
        }
    }
}

fn on_stack(access: &Access, first: Range, number: Option<&str>) -> String {
    // The frame lies below its top: bytes -512 to -1.
    let frame = "the function's stack is bytes -512 to -1 from its top";
    match first.single() {
        Some(at) => format!(
            "{} {} of the stack, and {frame}.",
            does(access),
            span(at, access.bytes)
        ),
        None => {
            let by = number.map_or_else(String::new, |n| format!(" (by {n})"));
            format!(
                "{} {} of the stack at an offset{by} that may be {}, and {frame}.",
                does(access),
                bytes(access.bytes),
                range(first)
            )
        }
    }
}

pub(super) fn unwritten(
    what: Option<&str>,
    callee: Option<&str>,
    byte: u64,
    size: u64,
    written: u64,
) -> String {
    let name = what.map_or_else(|| "stack memory".to_owned(), |w| format!("`{w}`"));
    let reads = match callee {
        Some(callee) => format!("`{callee}` reads {} of {name}", bytes(size)),
        None => format!("{name} is read ({})", bytes(size)),
    };
    if written == 0 {
        format!("{reads}, but nothing was written to it on this path.")
    } else {
        format!(
            "{reads}, but byte {byte} of them was never written: {} of {size} were.",
            written
        )
    }
}
