//! Stacks of nested calls.

use super::{Cause, Claim, Happened, Help, Scene, Story, Sure};
use crate::abstract_interp::refusal::{Fault, Frame};
use crate::prelude::*;
use crate::programs::insn::Op;

/// The chain of calls whose frames are too large together, as the refusal has it; a log
/// tells only how many bytes they are.
pub(super) fn stack_chain(scene: &Scene<'_>) -> Option<Story> {
    let bytes = scene.refusal.number("bytes")?.max(0) as u64;
    let frames = match scene.refusal.fault() {
        Some(Fault::FramesTooBig { chain, .. } | Fault::FrameTooBig { chain, .. }) => &**chain,
        _ => &[],
    };
    let subprog = |frame: &Frame| scene.program.subprogs.get(frame.subprog as usize);
    let name = |frame: &Frame| Some(subprog(frame)?.name.to_string());
    let entered = |(step, frame): (usize, &Frame)| {
        let (at, name) = (frame.from? as usize, name(frame)?);
        let how = match scene.ops.get(at) {
            Some(Op::LdImm64 { .. }) => Happened::HandedOn(name),
            _ => Happened::Caller(name),
        };
        Some(scene.event(step, at, how))
    };
    let mut events: Vec<_> = frames.iter().enumerate().filter_map(entered).collect();
    let chain = frames.iter().filter_map(|f| Some((name(f)?, f.bytes)));
    let chain: Vec<(String, u32)> = chain.collect();
    let largest = frames.iter().max_by_key(|f| f.bytes);
    let largest_at = largest.and_then(|f| Some(subprog(f)?.start as usize));
    let largest_name = largest.and_then(name);
    if let (Some(at), Some(frame), Some(name)) = (largest_at, largest, &largest_name) {
        events.push(scene.event(0, at, Happened::Frame(name.clone(), frame.bytes)));
    }
    let of = largest_name.map_or_else(String::new, |name| format!(" of `{name}`"));
    let apart = match frames.len() {
        1 => "",
        _ => ", or call the functions one after the other",
    };
    Some(Story {
        events,
        edit_at: largest_at,
        helps: vec![Help::say(format!(
            "put the large variables{of} into a per-CPU array map{apart}"
        ))],
        cause: (Cause::Source, Sure::High),
        ..Story::new(scene.refusal.code(), Claim::StackChain { chain, bytes })
    })
}
