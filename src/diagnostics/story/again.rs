//! Other places of the program that need the same edit: whoever takes one call out, or
//! moves a read to another program, has to know of the rest.

use super::{Claim, Happened, Scene, Story};
use crate::abstract_interp::refusal::Key;
use crate::prelude::*;
use crate::programs::insn::{ImmRef, Op};

/// The most places told.
const MAX_PLACES: usize = 2;

pub(super) fn tell(scene: &Scene<'_>, story: &mut Story) {
    let text = match (&story.claim, scene.op()) {
        (Claim::NotYet { .. } | Claim::NotForType { .. }, Some(Op::Call(_))) => {
            "the same is needed here"
        }
        (Claim::Rule { rule, .. }, Some(Op::Call(_))) if licence(*rule) => {
            "the same is needed here"
        }
        (Claim::ContextField { .. }, Some(Op::Load { .. } | Op::Store { .. })) => {
            "the same field is accessed here"
        }
        (
            Claim::Rule {
                rule:
                    Key::MapOfTracing
                    | Key::MapOfTracingCollections
                    | Key::MapOfSocketFilter
                    | Key::MapOfSleepable,
                ..
            },
            Some(Op::LdImm64 { .. }),
        ) => "the map is used here, too",
        _ => return,
    };
    let own = scene.line_number(scene.insn);
    let mut lines = vec![own];
    for insn in 0..scene.ops.len() {
        if lines.len() > MAX_PLACES {
            break;
        }
        let line = scene.line_number(insn);
        if insn == scene.insn || line.is_none() || lines.contains(&line) || !same(scene, insn) {
            continue;
        }
        lines.push(line);
        let step = scene.path.len() + insn;
        story
            .events
            .push(scene.event(step, insn, Happened::Changed(text.to_owned())));
    }
}

fn licence(rule: Key) -> bool {
    matches!(rule, Key::HelperLicence | Key::KfuncLicence)
}

/// Whether an instruction asks for what the refused one does.
fn same(scene: &Scene<'_>, insn: usize) -> bool {
    let (Some(own), Some(other)) = (scene.op(), scene.ops.get(insn).copied()) else {
        return false;
    };
    let poison = |at: usize| {
        scene
            .program
            .poison_at(u32::try_from(at).unwrap_or(u32::MAX))
    };
    match (own, other) {
        (Op::Call(a), Op::Call(b)) => match (poison(scene.insn), poison(insn)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => a == b,
            _ => false,
        },
        // The context is known by its register on the path only; what it is copied to
        // is left out.
        (
            Op::Load {
                base, off, size, ..
            },
            Op::Load {
                base: b,
                off: o,
                size: s,
                ..
            },
        ) => base == b && off == o && size == s && base == 1,
        (Op::LdImm64 { src: a, .. }, Op::LdImm64 { src: b, .. }) => {
            map(a).is_some() && map(a) == map(b)
        }
        _ => false,
    }
}

fn map(src: ImmRef) -> Option<u32> {
    match src {
        ImmRef::MapIdx(i) | ImmRef::Map(i) => Some(i),
        ImmRef::MapIdxValue { idx, .. } => Some(idx),
        ImmRef::MapValue { map, .. } => Some(map),
        _ => None,
    }
}
