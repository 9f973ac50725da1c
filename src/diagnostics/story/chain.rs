//! Stacks of nested calls.

use super::{Cause, Claim, Happened, Help, Scene, Story, Sure};
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

/// The chain of calls whose frames are too large, by what each function touches.
pub(super) fn stack_chain(scene: &Scene<'_>) -> Option<Story> {
    let bytes = scene.refusal.number("bytes")?.max(0) as u64;
    let depth = |sub: usize| {
        let s = scene.program.subprogs.get(sub)?;
        let mut deepest = 0i32;
        for at in s.start as usize..s.end as usize {
            match scene.ops.get(at) {
                Some(Op::Load { base: 10, off, .. } | Op::Store { base: 10, off, .. }) => {
                    deepest = deepest.min((*off).into());
                }
                Some(Op::Alu {
                    op: crate::programs::insn::AluOp::Add,
                    src: crate::programs::insn::Src::Imm(imm),
                    ..
                }) if (-512..0).contains(imm) => {
                    deepest = deepest.min(*imm);
                }
                _ => {}
            }
        }
        Some(deepest.unsigned_abs())
    };
    let calls = |sub: usize| {
        let s = scene.program.subprogs.get(sub);
        let range = s.map_or(0..0, |s| s.start as usize..s.end as usize);
        range
            .filter_map(|at| match scene.ops.get(at) {
                Some(&Op::Call(Callee::Local(rel))) => {
                    let start = at as i64 + 1 + i64::from(rel);
                    let to = scene
                        .program
                        .subprogs
                        .iter()
                        .position(|s| i64::from(s.start) == start)?;
                    Some((to, at))
                }
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    // The deepest chain from the entry; recursion was refused before.
    let mut best: (u32, Vec<(usize, Option<usize>)>) = (0, Vec::new());
    let mut work: Vec<Vec<(usize, Option<usize>)>> = vec![vec![(0, None)]];
    let mut steps = 0;
    while let Some(chain) = work.pop() {
        steps += 1;
        if steps > 4096 || chain.len() > 9 {
            break;
        }
        let sum = chain.iter().filter_map(|(s, _)| depth(*s)).sum();
        if sum > best.0 {
            best = (sum, chain.clone());
        }
        let last = chain.last()?.0;
        for (to, at) in calls(last) {
            if !chain.iter().any(|(s, _)| *s == to) {
                let mut longer = chain.clone();
                longer.push((to, Some(at)));
                work.push(longer);
            }
        }
    }
    let chain: Vec<(String, u32)> = best
        .1
        .iter()
        .filter_map(|(s, _)| Some((scene.program.subprogs.get(*s)?.name.to_string(), depth(*s)?)))
        .collect();
    let mut events: Vec<_> = best
        .1
        .iter()
        .enumerate()
        .filter_map(|(step, (s, at))| {
            let name = scene.program.subprogs.get(*s)?.name.to_string();
            Some(scene.event(step, (*at)?, Happened::Caller(name)))
        })
        .collect();
    let largest = chain
        .iter()
        .max_by_key(|(_, b)| *b)
        .map_or("the largest", |(n, _)| n.as_str())
        .to_owned();
    let largest_at = best
        .1
        .iter()
        .max_by_key(|(s, _)| depth(*s))
        .and_then(|(s, _)| Some(scene.program.subprogs.get(*s)?.start as usize));
    if let (Some(at), Some((name, own))) = (largest_at, chain.iter().max_by_key(|(_, b)| *b)) {
        events.push(scene.event(0, at, Happened::Frame(name.clone(), *own)));
    }
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
