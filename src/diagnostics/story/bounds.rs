//! Memory of known size, and the numbers that lead outside of it: offsets of an access,
//! numbers added to a pointer. Lengths are told in `length`.

use super::index::{Indexed, Limits, UNNAMED, limits, scale};
use super::length::{length, length_argument, too_long};
use super::limit::{Ends, bound, constant, no_room};
use super::patch::{self, Patch};
use super::{Access, Claim, Event, Help, Object, Range, Scene, Story, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::{Kind, Reg};
use crate::diagnostics::flow::{Made, Node};
use crate::prelude::*;
use crate::programs::insn::{Callee, Op, Src};

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
        if let Some(name) = scene.put_into(at).filter(|_| !used(def.insn)) {
            return name;
        }
        match scene.flow.kept_from(at) {
            Some(a) => at = a,
            None => break,
        }
    }
    let root = scene.flow.def(at);
    // What is computed, and put into no variable, has no name.
    let name = scene.expr(root.insn).filter(|e| !e.contains('('));
    match (root.made, name) {
        (Made::Arith { .. }, _) | (_, None) => UNNAMED.into(),
        (_, Some(name)) => name.to_owned(),
    }
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
    let number = added(scene, node).filter(|_| variable.single().is_none());
    let mut number_text = None;
    let mut bounded = None;
    let help = match number {
        Some((number, sum)) => {
            let at = Indexed {
                held,
                number,
                pointer: node,
                sum: scene.flow.def(sum).insn,
                fixed,
                bytes: bytes.into(),
                room: room.into(),
            };
            let limits = limits(scene, &at);
            number_text = Some(called(scene, limits.as_ref(), number));
            bounded = limits.as_ref().and_then(Limits::bounded);
            bound_sum(scene, limits, variable, (number, sum))
        }
        // A global function takes what its parameter's type says.
        None if scene.refusal.call.is_some() => Help::say(format!(
            "pass memory of the parameter's own type, of {bytes} bytes"
        )),
        None => constant(scene, held, &object, room, first, bytes),
    };
    let claim = Claim::Outside {
        object,
        room,
        access,
        first,
        number: number_text,
    };
    Some(Story {
        events,
        helps: vec![help],
        bounded,
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// A number in backquotes, or words for it.
fn called(scene: &Scene<'_>, limits: Option<&Limits>, number: Node) -> String {
    let name = limits.map_or_else(
        || number_name(scene, scale(scene, number).1),
        |l| l.name.clone(),
    );
    super::words::quoted(&name).replace(UNNAMED, "a number")
}

/// Keeps what was added to a pointer within its limits, before it is added.
fn bound_sum(
    scene: &Scene<'_>,
    limits: Option<Limits>,
    variable: Range,
    (number, sum): (Node, Node),
) -> Help {
    let Some(limits) = limits else {
        return no_room();
    };
    let at = scene.flow.def(sum).insn;
    let ends = Ends {
        low: variable.min < 0,
        high: variable.max >= i64::MAX.into(),
        above: false,
    };
    let patch = Patch::leave_outside(scene, at, number, (limits.least, limits.most));
    bound(scene, &limits, ends, at).patch(patch.filter(|_| limits.testable()))
}

/// The comparison that bounds a number at one end.
fn bound_event(scene: &Scene<'_>, number: Node) -> Option<usize> {
    let bare = trace::unconverted(scene, number);
    let is = |n: Node| trace::unconverted(scene, n) == bare;
    let t = scene.last_test(|t| is(t.a) || t.b.is_ok_and(is))?;
    Some(t.insn)
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
        if let Some(m) = op.effects().memory.filter(|m| m.base == reg) {
            return Some((m.off.into(), m.size.bytes().into()));
        }
        match *op {
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
    let limits = limits_of(
        scene,
        held,
        (node, scene.node(pointer)?),
        (&object, size),
        (off.into(), bytes.into()),
    )?;
    // What is compared as a signed number is bounded at one end only.
    let above = number.min < 0 && limits.unsigned != Some(true) && limits.above(scene, number);
    let ends = Ends {
        low: number.min < 0,
        high: number.max >= i64::MAX.into(),
        above,
    };
    let (least, most) = (limits.least, limits.most);
    let within = patch::not_within(reg, clamped(least), clamped(most));
    let patch = limits
        .testable()
        .then(|| Patch::leave(scene, scene.insn, within));
    let help = bound(scene, &limits, ends, scene.insn).patch(patch);
    let edit_at = bound_event(scene, unscaled).filter(|_| above);
    let claim = Claim::Unbounded {
        number: limits.seen(number),
        object,
        room: size,
        above: edit_at.is_some(),
        name: limits.name.clone(),
    };
    Some(Story {
        events,
        edit_at,
        helps: vec![help],
        bounded: limits.bounded(),
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// A limit as an instruction holds it.
fn clamped(limit: i64) -> i32 {
    i32::try_from(limit.max(0)).unwrap_or(i32::MAX)
}

/// The limits of a number before it is added to a pointer.
fn limits_of(
    scene: &Scene<'_>,
    held: &Reg,
    (number, pointer): (Node, Node),
    (object, size): (&Object, Option<u64>),
    (off, bytes): (i128, i128),
) -> Option<Limits> {
    let start = i128::from(held.off) + Range::of(&held.bounds).min.max(0);
    let (fixed, room) = match (object, size) {
        (Object::Stack, _) => (i128::from(held.off) + off, 0),
        (Object::Packet, _) => (bytes.saturating_neg(), 0xff00),
        (_, Some(size)) => (start + off, size.into()),
        _ => return None,
    };
    let at = Indexed {
        held,
        number,
        pointer,
        sum: scene.insn,
        fixed,
        bytes,
        room,
    };
    limits(scene, &at)
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
    let mut events: Vec<Event> = Vec::new();
    trace::value(scene, node, &mut events);
    trace::bounds(scene, node, &mut events);
    let length = length_argument(scene, reg).and_then(|r| scene.held(r));
    let bytes = length.map_or(scene.access().bytes as i128, |l| {
        Range::of(&l.bounds).max.clamp(1, 1 << 28)
    });
    let bytes = bytes.max(1);
    let fixed = i128::from(held.off) + i128::from(scene.offset());
    let (fixed, room_left) = match (&object, room) {
        (Object::Stack, _) => (fixed, 0),
        (_, Some(room)) => (fixed, i128::from(room)),
        (_, None) => (-bytes, 0xff00),
    };
    let at = Indexed {
        held,
        number,
        pointer: node,
        sum: scene.flow.def(sum).insn,
        fixed,
        bytes,
        room: room_left,
    };
    let limits = limits(scene, &at);
    let seen = limits.as_ref().map_or(variable, |l| l.seen(variable));
    let bounded = limits.as_ref().and_then(Limits::bounded);
    let claim = Claim::Unbounded {
        name: limits.as_ref().map_or_else(
            || number_name(scene, scale(scene, number).1),
            |l| l.name.clone(),
        ),
        number: seen,
        object,
        room,
        above: seen.min < 0
            && limits.as_ref().is_some_and(|l| l.above(scene, variable))
            && bound_event(scene, number).is_some(),
    };
    let help = bound_sum(scene, limits, variable, (number, sum));
    Some(Story {
        events,
        helps: vec![help],
        bounded,
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
    let number = added(scene, node).filter(|_| variable.single().is_none());
    let Some((number, sum)) = number else {
        let claim = Claim::Outside {
            object: Object::Stack,
            room: 512,
            access,
            first,
            number: None,
        };
        return Some(Story {
            events,
            helps: vec![Help::say(match scene.op() {
                // A global function takes what its parameter's type says.
                Some(Op::Call(Callee::Local(_))) => format!(
                    "pass the address of a variable of the parameter's own type, of {bytes} bytes"
                ),
                _ => "keep to the array: no variable of the stack reaches beyond offset -1".into(),
            })],
            ..Story::new(scene.refusal.code(), claim)
        });
    };
    let at = Indexed {
        held,
        number,
        pointer: node,
        sum: scene.flow.def(sum).insn,
        fixed,
        bytes: bytes.max(1).into(),
        room: 0,
    };
    let limits = limits(scene, &at);
    let claim = Claim::Outside {
        object: Object::Stack,
        room: 512,
        access,
        first,
        number: Some(called(scene, limits.as_ref(), number)),
    };
    let bounded = limits.as_ref().and_then(Limits::bounded);
    let help = bound_sum(scene, limits, variable, (number, sum));
    let mut story = Story {
        events,
        helps: vec![help],
        bounded,
        ..Story::new(scene.refusal.code(), claim)
    };
    if scene.refusal.code() == Code::StackVariable {
        story.reason = Some("On this target the stack may be accessed at offsets that are constants only, where what it holds matters.".into());
    }
    Some(story)
}
