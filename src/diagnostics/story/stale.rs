//! Pointers that a call between their making and their use voided.

use super::null::{code, leave_if, releases};
use super::patch::{self, Patch};
use super::{Claim, Happened, Help, Scene, Story, Voided, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::value::{Flags, Reg};
use crate::diagnostics::c_text;
use crate::diagnostics::flow::{Made, Node};
use crate::diagnostics::names;
use crate::prelude::*;
use crate::programs::insn::Op;

/// A pointer that a call between its making and its use voided.
pub(super) fn stale(scene: &Scene<'_>, reg: u8, node: Node) -> Option<Story> {
    let root = scene.flow.root(node);
    let def = scene.flow.def(root);
    let held = scene.held(reg);
    let (step, insn, callee, how) = match def.made {
        Made::Load { base, off, .. } => {
            let from_context = matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context);
            let packet = from_context
                && matches!(
                    names::ctx_field(scene.program, off),
                    Some("data" | "data_end" | "data_meta")
                );
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
        Voided::Packet => packet_again(scene, reg, node, insn),
        Voided::Released if releases(scene) => Help::say(format!(
            "release it once only: take out this call, or the one of `{callee}` before it"
        ))
        .patch(Patch::skip(scene)),
        Voided::Released => Help::say(format!(
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

/// Reads the packet's ends again, compares, and makes the pointer anew.
fn packet_again(scene: &Scene<'_>, reg: u8, node: Node, call: usize) -> Help {
    let name = scene.pointer_name(reg);
    let line = scene.line_number(call);
    let text = match line {
        Some(n) => {
            format!("after line {n} read `data` and `data_end` again, and repeat the comparison")
        }
        None => "after the call read `data` and `data_end` again, and repeat the comparison".into(),
    };
    let statements = packet_statements(scene, node, name.as_deref());
    let edit = statements.and_then(|s| scene.insert_before(scene.insn, &s));
    Help::say(text)
        .edit(edit)
        .patch(patch::packet_again(scene, call))
}

fn packet_statements(scene: &Scene<'_>, node: Node, name: Option<&str>) -> Option<Vec<String>> {
    let data = packet_read(scene, "data")?;
    let end = packet_read(scene, "data_end")?;
    let variable = |s: &str| s.split(" =").next().map(str::to_owned);
    let (data_name, end_name) = (variable(&data)?, variable(&end)?);
    let need = patch::packet_need(scene, node);
    let mut out = vec![data, end];
    out.extend(leave_if(
        scene,
        &format!("(void *){data_name} + {need} > (void *){end_name}"),
    ));
    if let Some(name) = name.filter(|n| *n != data_name) {
        let again = made_again(scene, name, &[&data_name, &end_name]);
        let again = again.or_else(|| at_distance(scene, node, name, &data_name));
        out.extend(again?);
    }
    Some(out)
}

/// The statements above the refused line that give a variable its value, and those
/// that it is computed from, in their order; `known` are there already.
fn made_again(scene: &Scene<'_>, name: &str, known: &[&str]) -> Option<Vec<String>> {
    let l = scene.line(scene.insn)?;
    let mut wanted = vec![name.to_owned()];
    let mut found = Vec::new();
    for line in (l.line.saturating_sub(MAX_ABOVE)..l.line).rev() {
        if scene.ends_function(&l.file, line) {
            break;
        }
        let Some(statement) = scene.statement(&l.file, line) else {
            continue;
        };
        let (left, right) = statement.split_once(" = ")?;
        let Some(at) = wanted.iter().position(|w| w == left) else {
            continue;
        };
        wanted.remove(at);
        let words = right.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|w| c_text::is_name(w) && !known.contains(w)) {
            wanted.push(word.to_owned());
        }
        found.push(statement.clone());
    }
    let made = found.iter().any(|s| s.starts_with(&format!("{name} = ")));
    found.reverse();
    made.then_some(found)
}

/// The statement that gives a variable its value by its distance from the packet's
/// start, where no line of the object has one.
fn at_distance(scene: &Scene<'_>, node: Node, name: &str, data: &str) -> Option<Vec<String>> {
    let own = match scene.flow.def(scene.flow.root(node)).made {
        Made::Load { base, off, .. } => {
            matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context)
                && names::ctx_field(scene.program, off) == Some("data")
        }
        _ => false,
    };
    let by = scene
        .flow
        .distance(node)
        .filter(|_| own && c_text::is_name(name))?;
    Some(vec![match by {
        0 => format!("{name} = (void *){data};"),
        by => format!("{name} = (void *){data} + {by};"),
    }])
}

/// Lines above a use that are searched for how a variable is made.
const MAX_ABOVE: u32 = 60;

/// The statement that reads an end of the packet, without its type.
pub(super) fn packet_read(scene: &Scene<'_>, field: &str) -> Option<String> {
    for (at, op) in scene.ops.iter().enumerate() {
        let Op::Load { off, .. } = *op else { continue };
        if names::ctx_field(scene.program, off) != Some(field) {
            continue;
        }
        let Some(l) = scene.line(at) else { continue };
        let Some(text) = scene.text(&l.file, l.line) else {
            continue;
        };
        if let Some(s) = c_text::without_type(&text).filter(|s| s.contains(&format!("->{field};")))
        {
            return Some(s);
        }
    }
    None
}
