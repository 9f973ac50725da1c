//! What programs return, and the kinds that have little to tell: loops, sizes.

use super::patch::Patch;
use super::{Cause, Claim, Event, Happened, Help, Range, Scene, Story, Sure, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::{Fault, Return, Signed};
use crate::diagnostics::flow::Made;
use crate::diagnostics::{apart, c_text};
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    match scene.refusal.fault()? {
        Fault::ReturnRange {
            end,
            value,
            min,
            max,
        } => Some(returns(scene, *end, *value, (*min, *max))),
        _ => None,
    }
}

fn returns(scene: &Scene<'_>, end: Return, value: Signed, (min, max): (i64, i64)) -> Story {
    let mut events = Vec::new();
    let node = scene.node(0);
    let origin = node.and_then(|n| trace::value(scene, n, &mut events));
    let mut edit_at = None;
    let mut constant = None;
    if let Some(node) = node {
        let def = scene.flow.def(node);
        if let Made::Const(c) = def.made {
            constant = Some(c);
            edit_at = Some(def.insn);
            events.retain(|e| !matches!(e.kind, Happened::Constant(_)));
            events.push(scene.event(def.step, def.insn, Happened::Returns(Some(c))));
        } else {
            trace::bounds(scene, node, &mut events);
        }
    }
    let who = match end {
        Return::Program => format!("`{}`", scene.program.name),
        Return::Callback | Return::AsyncCallback => "the callback".into(),
        Return::SetRetval => "`bpf_set_retval`".into(),
    };
    let taken = Range {
        min: min.into(),
        max: max.into(),
    };
    let text = if min == max {
        format!("return {min}")
    } else {
        format!("return a number from {min} to {max}")
    };
    let mut edit = None;
    let mut edit_line = None;
    if let (Some(at), Some(c)) = (edit_at, constant)
        && let Some(l) = scene.line(at)
    {
        // The compiler may set the number where it decides to return it.
        for line in l.line..l.line + 4 {
            let Some(old) = scene.text(&l.file, line) else {
                break;
            };
            let Some(from) = old.find("return") else {
                continue;
            };
            let rest = old.get(from + 6..).unwrap_or("");
            let number = rest.split(';').next().unwrap_or("");
            if c_text::number(number) == Some(c) || c_text::is_name(number.trim()) {
                let end = from + 6 + number.len();
                edit = scene.replace(
                    &l.file,
                    line,
                    old.clone(),
                    (from + 6, end),
                    &format!(" {min}"),
                );
                edit_line = Some(line);
                break;
            }
        }
    }
    let claim = Claim::Returns {
        who,
        value: Range {
            min: value.min.into(),
            max: value.max.into(),
        },
        origin,
        taken,
    };
    let help = Help::say(text)
        .edit(edit)
        .patch(Some(Patch::set(scene, 0, min as i32)));
    Story {
        events,
        edit_at,
        edit_line,
        helps: vec![help],
        ..Story::new(scene.refusal.code(), claim)
    }
}

/// Kinds whose headline is the page's, with events of their own.
pub(super) fn others(scene: &Scene<'_>) -> Option<Story> {
    match scene.refusal.code() {
        Code::InfiniteLoop | Code::BackEdge | Code::ProgramTooLarge | Code::TooManyJumps => {
            Some(loops(scene))
        }
        _ => None,
    }
}

/// Where the loop around the place with the most states is written: its jump back, where
/// compilers put the condition, or its head where that is on a lone brace. Without a loop,
/// the place itself. With it, where the loop begins.
fn hot_loop(scene: &Scene<'_>) -> Option<(usize, usize)> {
    let hot = scene.refusal.hot.as_ref()?.insn as usize;
    let backward = scene.ops.iter().enumerate().filter_map(|(from, op)| {
        let offset = i64::from(op.jump_offset()?);
        let to = usize::try_from(i64::try_from(from).ok()? + 1 + offset).ok()?;
        (to <= hot && hot <= from).then_some((from, to))
    });
    let Some((from, to)) = backward.min_by_key(|(from, to)| from - to) else {
        return Some((hot, hot));
    };
    let said = |at: usize| {
        let line = u32::try_from(at)
            .ok()
            .and_then(|at| scene.program.line_at(at));
        line.is_some_and(|l| l.text.trim().len() > 1)
    };
    let at = [from, to, hot].into_iter().find(|&at| said(at));
    Some((at.unwrap_or(from), to))
}

/// The backward jumps of the path, and how often each was taken.
fn loops(scene: &Scene<'_>) -> Story {
    let mut jumps: Vec<(usize, usize, usize)> = Vec::new();
    for (step, pair) in scene.path.windows(2).enumerate() {
        let &[from, to] = pair else { continue };
        let (from, to) = (from as usize, to as usize);
        let jumps_there = scene
            .ops
            .get(from)
            .is_some_and(|op| op.jump_offset().is_some());
        if to <= from && jumps_there {
            match jumps.iter_mut().find(|j| j.0 == from) {
                Some(j) => *j = (from, step, j.2 + 1),
                None => jumps.push((from, step, 1)),
            }
        }
    }
    let events: Vec<Event> = jumps
        .iter()
        .rev()
        .take(3)
        .map(|&(insn, step, times)| scene.event(step, insn, Happened::JumpsBack(times)))
        .collect();
    let code = scene.refusal.code();
    let (text, help, cause) = match code {
        Code::InfiniteLoop => (
            "The loop comes back here, and all that the verifier knows is as it was before: to it the loop never ends."
                .to_owned(),
            "count the turns in a local variable that grows by a constant, and leave at a constant limit: `for (int i = 0; i < N; i++)`; a count in a map or in global data is not followed",
            (Cause::Source, Sure::High),
        ),
        Code::BackEdge => (
            "This target takes no loops, and this jump goes back.".to_owned(),
            "unroll the loop (`#pragma unroll`), or build for a target that takes bounded loops (since 5.3)",
            (Cause::Source, Sure::Medium),
        ),
        Code::TooManyJumps => (
            "Too many branches wait to be followed at the same time.".to_owned(),
            "split the function, or put its parts into functions that are not inlined",
            (Cause::Source, Sure::Medium),
        ),
        _ => {
            let processed = scene.refusal.number("processed");
            let count =
                processed.map_or_else(String::new, |n| format!(" of {}", n.saturating_sub(1)));
            (
                format!(
                    "Following all paths takes more instructions than the target's limit{count}."
                ),
                "lower the number of turns, do the body in `bpf_loop` or an open-coded iterator (`bpf_for`), or put it into a global function, which is verified once",
                (Cause::Source, Sure::Medium),
            )
        }
    };
    let hot = hot_loop(scene);
    let mut events = events;
    if let (Some((at, _)), Some(hot)) = (hot, &scene.refusal.hot) {
        let differs = hot.differs.first().map(|(place, times)| {
            (
                apart(scene.program, scene.ops, hot.insn as usize, *place),
                *times,
            )
        });
        events.retain(|e| e.insn != at);
        let states = hot.states;
        events.push(scene.event(0, at, Happened::StatesKept { states, differs }));
    }
    let last = || jumps.last().map(|j| j.0);
    let edit_at = hot
        .map(|(at, _)| at)
        .or_else(last)
        .filter(|_| matches!(code, Code::ProgramTooLarge | Code::TooManyJumps));
    Story {
        events,
        edit_at,
        cause,
        helps: vec![Help::say(help)],
        ..Story::rule(scene, text)
    }
}
