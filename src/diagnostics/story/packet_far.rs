//! Offsets of packet pointers that are too great for comparisons to count.

use super::null::leave_if;
use super::packet::{MAX_OFFSET, too_far_words};
use super::patch::Patch;
use super::{Claim, Event, Help, Range, Scene, Story};
use crate::diagnostics::c_text;
use crate::diagnostics::flow::{Made, Node};
use crate::prelude::*;
use crate::programs::insn::AluOp;

/// The sum of the constants that were added to a pointer, whatever else was.
pub(super) fn constants(scene: &Scene<'_>, node: Node) -> i64 {
    let mut sum = 0i64;
    let mut at = node;
    while let Made::Arith { op, a, b, imm, .. } = scene.flow.def(at).made {
        let constant = match b.map(|b| scene.flow.def(b).made) {
            Some(Made::Const(c)) => Some(c),
            Some(_) => None,
            None => imm,
        };
        sum = match (op, constant) {
            (Some(AluOp::Add), Some(c)) => sum.saturating_add(c),
            (Some(AluOp::Sub), Some(c)) => sum.saturating_sub(c),
            _ => sum,
        };
        at = a;
    }
    sum
}

/// A constant alone is too great.
pub(super) fn too_far(scene: &Scene<'_>, off: i64, events: Vec<Event>) -> Story {
    let single = Range {
        min: off.into(),
        max: off.into(),
    };
    let claim = Claim::PacketFar {
        name: None,
        offset: single,
        fixed: 0,
    };
    Story {
        events,
        ..Story::new(scene.refusal.code(), claim)
    }
    .advise(too_far_words(scene))
}

/// A variable, and the constants behind it, may be too great: `add` is where it is added,
/// `only` whether nothing else is.
pub(super) fn far(
    scene: &Scene<'_>,
    (by, add): (Node, Node),
    only: bool,
    fixed: i64,
    offset: Range,
    events: Vec<Event>,
) -> Story {
    let name = named(scene, by, add).filter(|_| only);
    let def = scene.flow.def(add);
    let most = MAX_OFFSET - i128::from(fixed.max(0));
    let shown = name.as_ref().map(|(name, scale)| match scale {
        1 => format!("`{name}`"),
        k => format!("`{name} * {k}`"),
    });
    let claim = Claim::PacketFar {
        name: shown.clone(),
        offset,
        fixed,
    };
    let what = shown.unwrap_or_else(|| "the number that is added".to_owned());
    let story = Story {
        edit_at: Some(def.insn),
        events,
        ..Story::new(scene.refusal.code(), claim)
    };
    if most < 0 || !only {
        return story.advise(match most < 0 {
            true => too_far_words(scene),
            false => format!("keep the sum of what is added within {most}"),
        });
    }
    let edit = name.filter(|_| offset.min >= 0).and_then(|(name, scale)| {
        let limit = most / i128::from(scale);
        let leave = leave_if(scene, &format!("{name} > {limit}"));
        let edit = scene.insert_before(def.insn, &leave)?;
        scene.names(&edit, &name).then_some(edit)
    });
    let patch = Patch::leave_above(scene, def.insn, by, most as i32);
    story.help(
        Help::say(format!(
            "leave where {what} is greater than {most}, before it is added"
        ))
        .edit(edit)
        .patch(patch),
    )
}

/// The variable that holds the number, and by how much it is scaled.
fn named(scene: &Scene<'_>, number: Node, add: Node) -> Option<(String, i64)> {
    let (scale, unscaled) = super::index::scale(scene, number);
    let of = |n: Node| {
        let def = scene.flow.def(n);
        // What the line of the sum sets is not the number.
        let sum = scene.line_number(scene.flow.def(add).insn) == scene.line_number(def.insn);
        let name = scene.put_into(n).filter(|_| !sum)?;
        c_text::is_name(&name).then_some(name)
    };
    of(number)
        .map(|name| (name, 1))
        .or_else(|| of(unscaled).map(|name| (name, scale)))
}
