//! Labels of places: what happened there.

use super::bytes;
use crate::abstract_interp::Code;
use crate::diagnostics::story::{Happened, Scene, Voided};
use crate::prelude::*;
use crate::programs::insn::Op;

/// The label of the refused place.
pub(in crate::diagnostics) fn refused(scene: &Scene<'_>) -> String {
    let access = scene.access();
    if scene.refusal.code() == Code::InfiniteLoop {
        return "refused here: reached once more in a state as before".into();
    }
    if scene.program.poison_at(scene.insn as u32).is_some() {
        return "refused here: the loader put an invalid call in the place of this".into();
    }
    match scene.op() {
        Some(Op::Call(_)) => format!(
            "refused here: the call of `{}`",
            access.by.unwrap_or_default()
        ),
        Some(Op::Exit) => "refused here, where the function ends".into(),
        Some(Op::Load { .. } | Op::LoadAcquire { .. }) => {
            format!("refused here: this reads {}", bytes(access.bytes))
        }
        Some(Op::Store { .. } | Op::StoreRelease { .. } | Op::Atomic { .. }) => {
            format!("refused here: this writes {}", bytes(access.bytes))
        }
        _ => "refused here".into(),
    }
}

/// The label of an event.
pub(in crate::diagnostics) fn event(h: &Happened) -> String {
    match h {
        Happened::Returned {
            callee,
            map,
            nullable,
        } => {
            let of = map
                .as_ref()
                .map_or(String::new(), |m| format!(" on map `{m}`"));
            let null = if *nullable { ", which may be NULL" } else { "" };
            format!("made here by `{callee}`{of}{null}")
        }
        Happened::ReadPart(part) => format!("{part} is read here"),
        Happened::ReadFrom(place) => format!("read from {place} here"),
        Happened::MapValue(map) => format!("the value of map `{map}`"),
        Happened::Map(map) => format!("map `{map}`"),
        Happened::Wiped(call) => format!("{call} leaves nothing in R1 to R5"),
        Happened::CallbackArgument(n) => format!("argument {n} of the callback"),
        Happened::Constant(c) => format!("the constant {c}"),
        Happened::Added => "a variable is added here".into(),
        Happened::Subtracted => "a variable is subtracted here".into(),
        Happened::Computed => "computed from two variables here".into(),
        Happened::Masked(Some(m)) if *m >= 0 => format!("masked with {m} here"),
        Happened::Masked(_) => "masked here".into(),
        Happened::Cut => "the upper 32 bits are cut off here".into(),
        Happened::Voided { callee, how } => match how {
            Voided::Packet => format!("voided here: `{callee}` may move the packet"),
            Voided::Released => format!("voided here: `{callee}` releases it"),
            Voided::Parent => format!("voided here: `{callee}` releases what it came from"),
            Voided::Dynptr => format!("voided here by `{callee}`"),
            Voided::Section => format!("`{callee}` ends the section here"),
        },
        Happened::NullHere => "NULL since here".into(),
        Happened::NullBranch => "it stays NULL on the way taken here".into(),
        Happened::Compared => "compared with NULL here".into(),
        Happened::ComparedOther => "this check is on an earlier read of the same memory".into(),
        Happened::PacketCompared { bytes: None } => {
            "this comparison is right, but does not count".into()
        }
        Happened::PacketCompared { bytes: Some(0) } => {
            "this comparison leads to the access where the bytes are missing".into()
        }
        Happened::PacketCompared { bytes: Some(n) } => {
            format!("this comparison shows {}", bytes(*n as u64))
        }
        Happened::PacketStart => "this comparison shows no byte".into(),
        Happened::PacketOther => "this comparison is on another pointer".into(),
        Happened::Bound(test) => format!("`{test}` holds from here on"),
        Happened::BoundOther => "this compares another value of the same origin".into(),
        Happened::BoundCopy => "this comparison is on another copy of the value".into(),
        Happened::Acquired(callee) => format!("acquired here by `{callee}`"),
        Happened::WayOut(_) => "on the way taken here it is not given back".into(),
        Happened::WayOpen => "on the way taken here it is not ended".into(),
        Happened::Written { size } => format!(
            "{} written here",
            match size {
                1 => "1 byte is".to_owned(),
                n => format!("{n} bytes are"),
            }
        ),
        Happened::ObjectMade { callee, object } => format!("{object} is made here by `{callee}`"),
        Happened::StatesKept { states, differs } => match differs {
            Some((what, times)) => format!(
                "{states} states were kept here and could not be merged: {what} differed in {times} of them"
            ),
            None => format!("{states} states waited here at the same time"),
        },
        Happened::JumpsBack(1) => "jumps back here, once on this path".into(),
        Happened::JumpsBack(n) => format!("jumps back here, {n} times on this path"),
        Happened::Section(name) => format!("begun here by `{name}`"),
        Happened::Closed(name) => format!("ended here by `{name}`"),
        Happened::Overwritten => "its bytes are written here".into(),
        Happened::Changed(what) => what.clone(),
        Happened::Entry => "the program is entered here".into(),
        Happened::Returns(Some(c)) => format!("{c} is returned"),
        Happened::Returns(None) => "returned here".into(),
        Happened::Caller(name) => format!("calls `{name}` here"),
        Happened::HandedOn(name) => format!("hands on `{name}` as a callback here"),
        Happened::Frame(name, n) => format!("`{name}` takes {} of stack", bytes((*n).into())),
        Happened::Refused => "refused here".into(),
    }
}
