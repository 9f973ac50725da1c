//! Pointers that a call between their making and their use voided.

use super::null::{code, releases};
use super::packet_again::packet_again;
use super::patch::Patch;
use super::{Claim, Happened, Help, Scene, Story, Voided, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::value::{Flags, Reg};
use crate::diagnostics::flow::{Made, Node};
use crate::diagnostics::names;
use crate::prelude::*;

/// A pointer that a call between its making and its use voided.
pub(super) fn stale(scene: &Scene<'_>, reg: u8, node: Node) -> Option<Story> {
    let root = scene.flow.root(node);
    let def = scene.flow.def(root);
    let held = scene.held(reg);
    let (step, insn, callee, how) = match def.made {
        Made::Load { base, off, .. } => {
            let from_context = matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context);
            let packet = from_context && names::packet_part(scene.program, off).is_some();
            if packet && held.is_none_or(Reg::is_scalar) {
                let (step, insn, name) = scene.packet_moved_after(def.step)?;
                (step, insn, name, Voided::Packet)
            } else {
                section_ended(scene, def.step, held)?
            }
        }
        Made::Call(made) => {
            let released = released(scene, root);
            let maker = names::callee(scene.program, made, def.insn);
            match released {
                Some((step, insn, name)) => (step, insn, name, Voided::Released),
                None if maker.contains("dynptr") => {
                    let (step, insn, name) = dynptr_ended(scene, root, def.step)?;
                    (step, insn, name, Voided::Dynptr)
                }
                None if maker.starts_with("bpf_iter_")
                    && let Some((step, insn, name)) = iterator_ended(scene, root) =>
                {
                    (step, insn, name, Voided::Parent)
                }
                None if held.is_none_or(Reg::is_scalar)
                    && let Some((step, insn, name)) = parent_released(scene, root) =>
                {
                    (step, insn, name, Voided::Parent)
                }
                None => section_ended(scene, def.step, held)?,
            }
        }
        Made::Frame => {
            let (step, insn, name) = stack_object_ended(scene, node)?;
            (step, insn, name, Voided::Released)
        }
        _ => return None,
    };
    let mut events = Vec::new();
    trace::making(scene, root, &mut events, true);
    let voided = Happened::Voided {
        callee: callee.clone(),
        how,
    };
    events.push(scene.event(step, insn, voided));
    let what = scene.pointer_words(reg);
    let claim = Claim::Stale {
        what: what.clone(),
        how,
        callee: callee.clone(),
        line: scene.line_number(insn),
    };
    let again = match how {
        Voided::Packet => packet_again(scene, node, insn),
        Voided::Released if releases(scene) => Help::say(format!(
            "release it once only: take out this call, or the one of `{callee}` before it"
        ))
        .patch(Patch::skip(scene)),
        Voided::Released | Voided::Parent => Help::say(format!(
            "use {what} before `{callee}`, or copy what is needed of it into a variable first"
        )),
        Voided::Dynptr => Help::say(format!(
            "get {what} from the dynptr again after `{callee}`, or use it before"
        )),
        Voided::Section => Help::say(format!(
            "use {what} before `{callee}`, or take a reference to it inside the section"
        )),
    };
    Some(Story {
        events,
        helps: vec![again],
        ..Story::new(code(scene, Code::StalePointer), claim)
    })
}

/// The call that released what the call at `root` gave.
fn released(scene: &Scene<'_>, root: Node) -> Option<(usize, usize, String)> {
    let calls = scene.calls(|c, _| {
        c.insn != scene.insn
            && names::releases(scene.program, c.callee)
            && c.args.iter().any(|&a| scene.flow.root(a) == root)
    });
    let (c, name) = calls.into_iter().next_back()?;
    Some((c.step, c.insn, name))
}

/// The most objects that one came from that are looked at.
const MAX_PARENTS: usize = 4;

/// The call that released what a call was given to make a value of: a socket's other
/// views go with the socket.
fn parent_released(scene: &Scene<'_>, value: Node) -> Option<(usize, usize, String)> {
    let mut from = value;
    for _ in 0..MAX_PARENTS {
        let maker = scene.flow.calls.iter().find(|c| c.result == from)?;
        let parent = scene.flow.root(maker.args[0]);
        let released = released(scene, parent);
        if let Some(found) = released.filter(|(step, ..)| *step > maker.step) {
            return Some(found);
        }
        from = parent;
    }
    None
}

/// The call that ended the iterator that an element came from.
fn iterator_ended(scene: &Scene<'_>, element: Node) -> Option<(usize, usize, String)> {
    let maker = scene.flow.calls.iter().find(|c| c.result == element)?;
    let place = scene.flow.stack(maker.args[0])?;
    let calls = scene.calls(|c, name| {
        let ends = name.starts_with("bpf_iter_") && name.ends_with("_destroy");
        ends && c.step > maker.step && scene.flow.stack(c.args[0]) == Some(place)
    });
    let (c, name) = calls.into_iter().next_back()?;
    Some((c.step, c.insn, name))
}

/// The call that ended or changed the dynptr that a slice came from.
fn dynptr_ended(scene: &Scene<'_>, slice: Node, step: usize) -> Option<(usize, usize, String)> {
    let maker = scene.flow.calls.iter().find(|c| c.result == slice)?;
    let places: Vec<_> = maker
        .args
        .iter()
        .filter_map(|&a| scene.flow.stack(a))
        .collect();
    let calls = scene.calls(|c, name| {
        let same = c
            .args
            .iter()
            .any(|&a| scene.flow.stack(a).is_some_and(|s| places.contains(&s)));
        let ends = ["submit", "discard", "adjust", "write"]
            .iter()
            .any(|w| name.contains(w));
        c.step > step && (same && ends || names::moves_packet(scene.program, c.callee))
    });
    let (c, name) = calls.into_iter().next_back()?;
    Some((c.step, c.insn, name))
}

/// The call that released the dynptr or iterator at a place of the stack.
fn stack_object_ended(scene: &Scene<'_>, node: Node) -> Option<(usize, usize, String)> {
    let place = scene.flow.stack(node)?;
    let calls = scene.calls(|c, name| {
        let ends = ["submit", "discard", "destroy", "file_discard"]
            .iter()
            .any(|w| name.contains(w));
        c.insn != scene.insn && ends && c.args.iter().any(|&a| scene.flow.stack(a) == Some(place))
    });
    let (c, name) = calls.into_iter().next_back()?;
    Some((c.step, c.insn, name))
}

/// The unlock after which a pointer is no longer vouched for.
fn section_ended(
    scene: &Scene<'_>,
    step: usize,
    held: Option<&Reg>,
) -> Option<(usize, usize, String, Voided)> {
    held.filter(|h| h.flags.has(Flags::UNTRUSTED) || h.is_scalar())?;
    let calls = scene.calls(|c, name| {
        c.step > step && (name.contains("rcu_read_unlock") || name.contains("spin_unlock"))
    });
    let (c, name) = calls.into_iter().next_back()?;
    Some((c.step, c.insn, name, Voided::Section))
}
