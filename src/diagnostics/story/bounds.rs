//! Memory of known size, and the numbers that lead outside of it: offsets of an access,
//! numbers added to a pointer. Lengths are told in `length`.

use super::length::{length, length_argument, too_long};
use super::limit::{bound, constant, with_variable};
use super::null::leave_if;
use super::patch::{self, Patch};
use super::{Access, Claim, Event, Help, Object, Range, Scene, Story, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::Kind;
use crate::diagnostics::c_text;
use crate::diagnostics::flow::{Made, Node};
use crate::prelude::*;
use crate::programs::insn::{AluOp, Op, Src};

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    match scene.key()? {
        Key::MapValueOutside | Key::MapKeyOutside | Key::MemoryOutside => outside(scene),
        Key::MathUnbounded | Key::MathOutside => math(scene),
        Key::OffsetUnbounded | Key::OffsetNegative => offset(scene),
        Key::StackUnbounded | Key::StackOutsideVariable | Key::StackOutside => stack(scene),
        Key::StackVariableStore | Key::StackVariableArgument => stack(scene),
        Key::SizeNegative | Key::SizeUnbounded | Key::ZeroSizePossible | Key::ZeroSize => {
            length(scene, scene.reg()?)
        }
        _ => None,
    }
}

/// What a number is called in the source.
pub(super) fn number_name(scene: &Scene<'_>, number: Node) -> String {
    let mut at = number;
    // What the line of the sum, or of the access, sets is not the number.
    let used = |insn: usize| {
        let line = scene.line_number(insn);
        let sums = scene
            .reg()
            .and_then(|r| scene.node(r))
            .map(|n| scene.flow.def(n).insn);
        line == scene.line_number(scene.insn) || sums.is_some_and(|s| line == scene.line_number(s))
    };
    loop {
        let def = scene.flow.def(at);
        if let Some(name) = scene.assigned(def.insn).filter(|_| !used(def.insn)) {
            return name;
        }
        match def.made {
            Made::Arith { a, .. } => at = a,
            _ => break,
        }
    }
    let root = scene.flow.def(at);
    scene
        .expr(root.insn)
        .filter(|e| !e.contains('('))
        .map_or_else(|| "the number".into(), str::to_owned)
}

/// The number among what was added to a pointer: its node and the node of the sum.
fn added(scene: &Scene<'_>, pointer: Node) -> Option<(Node, Node)> {
    let mut at = pointer;
    while let Made::Arith { a, b, .. } = scene.flow.def(at).made {
        if let Some(b) = b.filter(|&b| !matches!(scene.flow.def(b).made, Made::Const(_))) {
            return Some((b, at));
        }
        at = a;
    }
    None
}

/// By how much a number was scaled before it was added.
pub(super) fn scale(scene: &Scene<'_>, number: Node) -> (i64, Node) {
    let Made::Arith {
        op,
        a,
        imm: Some(imm),
        ..
    } = scene.flow.def(number).made
    else {
        return (1, number);
    };
    match op {
        Some(AluOp::Lsh) if (0..31).contains(&imm) => {
            // Widening a 32-bit number shifts it up and down again.
            (1 << imm, a)
        }
        Some(AluOp::Mul) if (1..1 << 30).contains(&imm) => (imm, a),
        _ => (1, number),
    }
}

fn outside(scene: &Scene<'_>) -> Option<Story> {
    let reg = scene.reg()?;
    let held = scene.held(reg)?;
    let node = scene.node(reg)?;
    let (object, room) = match scene.refusal.call.as_ref() {
        Some(_) => (Object::Memory, scene.refusal.number("limit")?.max(0) as u64),
        None => scene.object(held, Some(node))?,
    };
    let variable = Range::of(&held.bounds);
    let fixed = i128::from(held.off) + i128::from(scene.offset());
    let first = variable.plus(fixed);
    if let (Some(callee), Some(size_reg)) = (scene.callee(), length_argument(scene, reg)) {
        let len = scene.held(size_reg)?;
        let fits = room as i128 - first.max;
        if first.min >= 0 && fits >= 0 && Range::of(&len.bounds).max > fits {
            return too_long(scene, (reg, size_reg), object, fits as i64, callee);
        }
    }
    let bytes = scene.refusal.number("size")?.max(0) as u64;
    let access = Access {
        bytes,
        ..scene.access()
    };
    let mut events = Vec::new();
    trace::value(scene, node, &mut events);
    trace::bounds(scene, node, &mut events);
    let number = added(scene, node);
    let mut helps = Vec::new();
    let mut number_text = None;
    match number {
        Some((number, sum)) if variable.single().is_none() => {
            let name =
                index_name(scene).unwrap_or_else(|| number_name(scene, scale(scene, number).1));
            number_text = Some(super::words::quoted(&name).replace("the number", "a number"));
            let most = room as i128 - bytes as i128 - fixed;
            helps.push(bound(scene, &name, number, sum, most, variable.min < 0));
        }
        _ => helps.push(constant(scene, &object, room, first, bytes)),
    }
    let claim = Claim::Outside {
        object,
        room,
        access,
        first,
        number: number_text,
    };
    Some(Story {
        events,
        helps,
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// The comparison that bounds a number at one end.
fn bound_event(scene: &Scene<'_>, number: Node) -> Option<usize> {
    let bare = trace::unconverted(scene, number);
    let is = |n: Node| trace::unconverted(scene, n) == bare;
    let t = scene.last_test(|t| is(t.a) || t.b.is_ok_and(is))?;
    Some(t.insn)
}

/// The index in the expression at the refused place.
fn index_name(scene: &Scene<'_>) -> Option<String> {
    let l = scene.line(scene.insn)?;
    let expr = c_text::at_column_member(&l.text, l.col)?;
    let (_, index, _) = c_text::indexed(&expr)?;
    (!index.is_empty() && c_text::number(index).is_none()).then(|| index.to_owned())
}

/// Arithmetic that takes a pointer out of all bounds.
fn math(scene: &Scene<'_>) -> Option<Story> {
    let (reg, node, number) = scene.number_operand()?;
    let Op::Alu {
        dst,
        src: Src::Reg(src),
        ..
    } = scene.op()?
    else {
        return None;
    };
    let pointer = if reg == src { dst } else { src };
    unbounded(scene, pointer, (reg, node, number))
}

/// The access that follows pointer arithmetic: its offset and size.
fn next_access(scene: &Scene<'_>, reg: u8) -> Option<(i64, i64)> {
    for op in scene.ops.get(scene.insn + 1..)?.iter().take(6) {
        match *op {
            Op::Load {
                base, off, size, ..
            } if base == reg => {
                return Some((off.into(), size.bytes().into()));
            }
            Op::Store {
                base, off, size, ..
            } if base == reg => {
                return Some((off.into(), size.bytes().into()));
            }
            Op::Alu { dst, .. } if dst == reg => return None,
            Op::Jmp { .. } | Op::Ja { .. } | Op::Exit | Op::Call(_) => return None,
            _ => {}
        }
    }
    None
}

fn unbounded(
    scene: &Scene<'_>,
    pointer: u8,
    (reg, node, number): (u8, Node, Range),
) -> Option<Story> {
    let held = scene.held(pointer)?;
    let (scale, unscaled) = scale(scene, node);
    let name = index_name(scene).unwrap_or_else(|| number_name(scene, unscaled));
    let mut events = Vec::new();
    trace::value(scene, node, &mut events);
    trace::bounds(scene, node, &mut events);
    let (object, size) = match scene.object(held, scene.node(pointer)) {
        Some((object, size)) => (object, Some(size)),
        None if held.is_packet() => (Object::Packet, None),
        None => (Object::Memory, None),
    };
    let dst = match scene.op()? {
        Op::Alu { dst, .. } => dst,
        _ => pointer,
    };
    let (off, bytes) = next_access(scene, dst).unwrap_or((0, scale.max(1)));
    let start = i128::from(held.off) + Range::of(&held.bounds).min.max(0);
    let room = match (&object, size) {
        (Object::Stack, _) => Some(-i128::from(held.off) - i128::from(off) - i128::from(bytes)),
        (Object::Packet, _) => Some(0xff00),
        (_, Some(size)) => Some(i128::from(size) - start - i128::from(off) - i128::from(bytes)),
        _ => None,
    };
    let most = room.filter(|r| *r >= 0)?;
    let limit = most / i128::from(scale);
    let simple = !name.contains([' ', '(', '=']) && name != "the number";
    // What is compared as a signed number is bounded at one end only.
    let lower = number.min < 0 && number.max < i64::MAX.into();
    let text = match (simple, lower) {
        (true, true) => {
            format!("leave where `{name}` is negative, too: compare it unsigned, or with both ends")
        }
        (true, false) => format!("leave where `{name}` is greater than {limit}, before it is used"),
        (false, _) if name == "the number" => {
            format!("leave where the number that is added is greater than {limit}")
        }
        (false, _) => format!(
            "put `{name}` into an unsigned variable, and leave where it is greater than {limit}"
        ),
    };
    let condition = if lower {
        format!("{name} < 0 || {name} > {limit}")
    } else {
        format!("(__u64){name} > {limit}")
    };
    let edit = if simple {
        scene.insert_before(scene.insn, &leave_if(scene, &condition))
    } else {
        with_variable(scene, &name, Some(limit as i64), false)
    };
    let help = Help::say(text).edit(edit).patch(Some(Patch::leave(
        scene,
        scene.insn,
        patch::not_within(reg, 0, most.min(i32::MAX.into()) as i32),
    )));
    let edit_at = bound_event(scene, unscaled).filter(|_| lower);
    let claim = Claim::Unbounded {
        name,
        number,
        object,
        room: size,
        above: edit_at.is_some(),
    };
    Some(Story {
        events,
        edit_at,
        helps: vec![help],
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// A pointer whose variable offset is not bounded well enough when it is used.
fn offset(scene: &Scene<'_>) -> Option<Story> {
    let reg = scene.reg()?;
    let held = scene.held(reg)?;
    let node = scene.node(reg)?;
    let (number, sum) = added(scene, node)?;
    let (object, room) = match scene.object(held, Some(node)) {
        Some((object, room)) => (object, Some(room)),
        None if held.is_packet() => (Object::Packet, None),
        None => return None,
    };
    let variable = Range::of(&held.bounds);
    let name = index_name(scene).unwrap_or_else(|| number_name(scene, scale(scene, number).1));
    let mut events: Vec<Event> = Vec::new();
    trace::value(scene, node, &mut events);
    trace::bounds(scene, node, &mut events);
    let length = length_argument(scene, reg).and_then(|r| scene.held(r));
    let bytes = length.map_or(scene.access().bytes as i128, |l| {
        Range::of(&l.bounds).max.clamp(1, 1 << 28)
    });
    let bytes = bytes.max(1);
    let most = match room {
        Some(room) => i128::from(room) - bytes - i128::from(held.off) - i128::from(scene.offset()),
        None => 0xff00,
    };
    let help = bound(scene, &name, number, sum, most, variable.min < 0);
    let claim = Claim::Unbounded {
        name,
        number: variable,
        object,
        room,
        above: variable.min < 0 && bound_event(scene, number).is_some(),
    };
    Some(Story {
        events,
        helps: vec![help],
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// A key or value for a map that is smaller than the map's own.
fn of_map(
    scene: &Scene<'_>,
    reg: u8,
    first: Range,
    bytes: i64,
    events: Vec<Event>,
) -> Option<Story> {
    let callee = scene.callee().filter(|c| c.starts_with("bpf_map_"))?;
    let map = match scene.held(1)?.kind {
        Kind::ConstMap { map, .. } => scene.map(map)?,
        _ => return None,
    };
    let (what, own) = match reg {
        2 if callee != "bpf_map_push_elem" => ("key", map.key_size),
        2 | 3 => ("value", map.value_size),
        _ => return None,
    };
    let left = -first.single().filter(|at| *at < 0)?;
    if i64::from(own) != bytes || left >= i128::from(own) {
        return None;
    }
    let name = scene.pointer_words(reg);
    Some(
        Story::rule(
            scene,
            format!(
                "`{callee}` takes a {what} of map `{}`, which has {own} bytes, and from {name} on the stack has {left} left.",
                map.name
            ),
        )
        .because("It reads as many bytes as the map is declared with, whatever the variable's type.")
        .after(events)
        .advise(format!(
            "pass a variable of the map's own {what} type, of {own} bytes, or declare the map with the type that is passed (`__type({what}, ...)`)"
        )),
    )
}

fn stack(scene: &Scene<'_>) -> Option<Story> {
    let reg = scene.reg()?;
    let held = scene.held(reg)?;
    let node = scene.node(reg)?;
    let variable = Range::of(&held.bounds);
    let mut events = Vec::new();
    trace::value(scene, node, &mut events);
    trace::bounds(scene, node, &mut events);
    let bytes = scene
        .refusal
        .number("size")
        .map_or(scene.access().bytes as i64, |s| s);
    let access = Access {
        bytes: bytes.max(0) as u64,
        ..scene.access()
    };
    let fixed = i128::from(held.off) + i128::from(scene.offset());
    let first = variable.plus(fixed);
    if let (Some(callee), Some(size_reg)) = (scene.callee(), length_argument(scene, reg)) {
        let room = -first.max;
        let len = Range::of(&scene.held(size_reg)?.bounds);
        if room > 0 && len.max > room {
            return too_long(scene, (reg, size_reg), Object::Stack, room as i64, callee);
        }
    }
    if let Some(story) = of_map(scene, reg, first, bytes, events.clone()) {
        return Some(story);
    }
    let Some((number, sum)) = added(scene, node) else {
        let claim = Claim::Outside {
            object: Object::Stack,
            room: 512,
            access,
            first,
            number: None,
        };
        return Some(Story {
            events,
            helps: vec![Help::say(
                "keep to the array: its last byte lies right below the frame's top, at offset -1",
            )],
            ..Story::new(scene.refusal.code(), claim)
        });
    };
    let name = index_name(scene).unwrap_or_else(|| number_name(scene, scale(scene, number).1));
    let most = -fixed - i128::from(bytes.max(1));
    let help = bound(scene, &name, number, sum, most, variable.min < 0);
    let claim = Claim::Outside {
        object: Object::Stack,
        room: 512,
        access,
        first,
        number: Some(super::words::quoted(&name).replace("the number", "a number")),
    };
    let mut story = Story {
        events,
        helps: vec![help],
        ..Story::new(scene.refusal.code(), claim)
    };
    if scene.refusal.code() == Code::StackVariable {
        story.reason = Some("On this target the stack may be accessed at offsets that are constants only, where what it holds matters.".into());
    }
    Some(story)
}
