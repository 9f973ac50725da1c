//! Stacks of nested calls.

use super::{Cause, Claim, Happened, Help, Scene, Story, Sure};
use crate::cfg::{CallGraph, Link, frame_size};
use crate::prelude::*;

/// The chain of calls whose frames are too large, by what each function touches.
pub(super) fn stack_chain(scene: &Scene<'_>) -> Option<Story> {
    let bytes = scene.refusal.number("bytes")?.max(0) as u64;
    let subprogs = &scene.program.subprogs;
    let frames = subprogs.iter().map(|s| {
        let ops = scene.ops.get(s.start as usize..s.end as usize);
        ops.map_or(0, frame_size)
    });
    let frames: Vec<u32> = frames.collect();
    let frame = |sub: usize| frames.get(sub).copied().unwrap_or(0);
    let graph = CallGraph::of(subprogs.iter().map(|s| s.start).collect(), scene.ops);
    let (links, _) = graph.deepest(frame, |_| true);
    let name = |sub: usize| Some(subprogs.get(sub)?.name.to_string());
    let called = |(step, (sub, at)): (usize, &Link)| {
        Some(scene.event(step, (*at)? as usize, Happened::Caller(name(*sub)?)))
    };
    let mut events: Vec<_> = links.iter().enumerate().filter_map(called).collect();
    let chain = links
        .iter()
        .filter_map(|(s, _)| Some((name(*s)?, frame(*s))));
    let chain: Vec<(String, u32)> = chain.collect();
    let largest = links.iter().map(|(s, _)| *s).max_by_key(|s| frame(*s));
    let largest_at = largest.and_then(|s| Some(subprogs.get(s)?.start as usize));
    let largest_name = largest.and_then(name);
    if let (Some(at), Some(s), Some(name)) = (largest_at, largest, &largest_name) {
        events.push(scene.event(0, at, Happened::Frame(name.clone(), frame(s))));
    }
    let largest = largest_name.unwrap_or_else(|| "the largest".to_owned());
    let claim = Claim::StackChain { chain, bytes };
    Some(Story {
        events,
        edit_at: largest_at,
        helps: vec![Help::say(format!(
            "put the large variables of `{largest}` into a per-CPU array map, or call the functions one after the other"
        ))],
        cause: (Cause::Source, Sure::High),
        ..Story::new(scene.refusal.code(), claim)
    })
}
