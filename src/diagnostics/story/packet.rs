//! Packet accesses: bytes that no comparison with `data_end` shows to be there.
//!
//! A comparison counts for the pointer that is compared and those at a constant
//! distance from it, and only while the pointer's offset cannot exceed 65,535.

use super::null::leave_if;
use super::patch::{self, Patch};
use super::stale::packet_read;
use super::{Claim, Event, Happened, Help, Range, Scene, Story, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::{Kind, Reg};
use crate::diagnostics::c_text;
use crate::diagnostics::flow::{Made, Node, Test};
use crate::diagnostics::names;
use crate::prelude::*;
use crate::programs::insn::{JmpOp, Op};

/// The greatest offset for which comparisons count.
const MAX_OFFSET: i128 = 0xffff;

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    let reg = scene.reg()?;
    let node = scene.node(reg)?;
    match scene.key() {
        Some(Key::PacketUnchecked) => Some(beyond(scene, node)),
        Some(Key::PacketOutside) => Some(outside(scene, reg, node)),
        None if scene.refusal.code() == Code::PacketOob => Some(outside(scene, reg, node)),
        _ => None,
    }
}

/// The comparison with the packet's end whose pointer a predicate takes.
fn comparison(scene: &Scene<'_>, pick: impl Fn(Node) -> bool) -> Option<(Test, Node)> {
    let t = scene.last_test(|t| ends(scene, t).is_some_and(&pick))?;
    Some((t, ends(scene, &t)?))
}

/// The pointer that a comparison compares with the packet's end.
fn ends(scene: &Scene<'_>, t: &Test) -> Option<Node> {
    let end = |n: Node| {
        let Made::Load { base, off, .. } = scene.flow.def(scene.flow.root(n)).made else {
            return false;
        };
        matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context)
            && names::ctx_field(scene.program, off) == Some("data_end")
    };
    let b = t.b.ok()?;
    match (end(t.a), end(b)) {
        (false, true) => Some(t.a),
        (true, false) => Some(b),
        _ => None,
    }
}

/// Whether the way taken is the one on which the pointer does not lie beyond the end.
fn inside(t: &Test, pointer: Node) -> bool {
    let op = if t.taken { Some(t.op) } else { t.op.negate() };
    let op = if t.a == pointer {
        op
    } else {
        op.map(JmpOp::swap)
    };
    matches!(op, Some(JmpOp::Lt | JmpOp::Le))
}

/// The numbers added to a pointer on the way from its root, newest first.
fn moved_by(scene: &Scene<'_>, node: Node) -> Vec<(Node, usize)> {
    let mut out = Vec::new();
    let mut at = node;
    while let Made::Arith { a, b, .. } = scene.flow.def(at).made {
        let number = b.filter(|&b| !matches!(scene.flow.def(b).made, Made::Const(_)));
        out.extend(number.map(|b| (b, at)));
        at = a;
    }
    out
}

fn outside(scene: &Scene<'_>, reg: u8, node: Node) -> Story {
    // A log may give no numbers: the path has them.
    let distance = scene.flow.distance(node).unwrap_or(0);
    let off = scene
        .refusal
        .number("off")
        .unwrap_or(distance + scene.offset());
    let range = scene.refusal.number("range").map(|r| r.max(0));
    let size = scene.refusal.number("size").filter(|s| *s > 0);
    let size = size.unwrap_or(scene.access().bytes as i64);
    let mut events = Vec::new();
    trace::value(scene, node, &mut events);
    let held = scene.held(reg);
    let moved = moved_by(scene, node);
    let root = scene.flow.root(node);
    let variable = |n: Node| moved_by(scene, n).iter().map(|m| m.0).collect::<Vec<_>>();
    let mine = variable(node);
    let same = comparison(scene, |n| scene.flow.root(n) == root && variable(n) == mine);
    let other = comparison(scene, |n| {
        n != node && (scene.flow.root(n) != root || variable(n) != mine)
    });
    let offset = held.map(|h| Range::of(&h.bounds));
    let shown = same
        .filter(|_| mine.is_empty())
        .and_then(|(_, n)| scene.flow.distance(n));
    let proven = range.or(shown).unwrap_or(0);
    let access = super::Access {
        bytes: size.max(0) as u64,
        ..scene.access()
    };
    if let (Some(offset), Some((t, _)), Some(&(by, add))) = (offset, same, moved.first())
        && offset.max > MAX_OFFSET - i128::from(off)
    {
        events.push(scene.event(t.step, t.insn, Happened::PacketCompared { bytes: None }));
        return far(scene, by, add, offset, events);
    }
    if let (Some((t, n)), Some(0)) = (same, range)
        && !inside(&t, n)
    {
        return turned(scene, &t, events);
    }
    match (same, other) {
        (Some((t, n)), _) => {
            let bytes = scene.flow.distance(n).filter(|_| mine.is_empty());
            let bytes = bytes.or(Some(proven)).filter(|&b| b > 0 && b <= proven);
            events.push(scene.event(t.step, t.insn, Happened::PacketCompared { bytes }));
        }
        (None, Some((t, _))) => {
            events.push(scene.event(t.step, t.insn, Happened::PacketOther));
        }
        (None, None) => {}
    }
    let base = held.filter(|_| !mine.is_empty()).map(|h| i64::from(h.off));
    let claim = Claim::PacketShort {
        access,
        from: off,
        proven,
        compared: same.is_some(),
        at: base.map(|base| (scene.pointer_words(reg), base)),
    };
    // A compiler may compare one copy of a pointer and read through another.
    let copied = same.is_none() && other.is_some() && proven == 0 && !mine.is_empty();
    Story {
        reason: copied.then(|| "A comparison counts for the pointer that it compares, and those at a constant distance from it; another sum of the same parts is another pointer.".to_owned()),
        events,
        helps: vec![compare(scene, reg, held, off)],
        ..Story::new(scene.refusal.code(), claim)
    }
}

/// Compares the very pointer before the access.
fn compare(scene: &Scene<'_>, reg: u8, held: Option<&Reg>, off: i64) -> Help {
    let size = scene
        .refusal
        .number("size")
        .unwrap_or(scene.access().bytes as i64)
        .max(1);
    let need = off + size - held.map_or(0, |h| i64::from(h.off));
    let need = need.max(extent(scene, reg));
    let field = match held.map(|h| h.kind) {
        Some(Kind::PacketMeta) => "data",
        _ => "data_end",
    };
    let read = packet_read(scene, field);
    let name = read
        .as_ref()
        .and_then(|s| s.split(" =").next().map(str::to_owned));
    let end = name.as_deref().unwrap_or(field);
    // Where the program never reads it, it is read first.
    let first = match &name {
        Some(_) => None,
        None => ["data", "data_meta"].iter().find_map(|f| {
            let other = packet_read(scene, f)?;
            let value = other.split(" = ").nth(1)?;
            Some(format!(
                "void *{field} = {}",
                value.replace(&format!("->{f};"), &format!("->{field};"))
            ))
        }),
    };
    let known = name.is_some() || first.is_some();
    let first_read = first.clone();
    let expr = scene.expr(scene.insn).map(str::to_owned);
    let past = pointer_past(scene, reg, expr.as_deref(), need);
    let (text, edit) = match past {
        Some(past) => {
            let condition = format!("{past} > (void *){end}");
            let statements: Vec<String> = first
                .into_iter()
                .chain(leave_if(scene, &condition))
                .collect();
            let edit = scene
                .insert_before(scene.insn, &statements)
                .filter(|_| known);
            (
                match &first_read {
                    Some(read) => format!(
                        "read the packet's end, too (`{}`), and compare right before the access: `if ({condition})`, and leave",
                        read.trim_end_matches(';')
                    ),
                    None => {
                        format!("compare right before the access: `if ({condition})`, and leave")
                    }
                },
                edit,
            )
        }
        None => (
            format!(
                "compare the end of what is accessed with `{end}` right before, and leave where it lies beyond"
            ),
            None,
        ),
    };
    Help::say(text)
        .edit(edit)
        .patch(patch::packet_check(scene, reg, need, field))
}

/// How far the accesses of the refused line reach from a register.
fn extent(scene: &Scene<'_>, reg: u8) -> i64 {
    let line = scene.line_number(scene.insn);
    let mut most = 0;
    for at in scene.insn..(scene.insn + 16).min(scene.ops.len()) {
        if scene.line_number(at) != line {
            break;
        }
        match scene.ops.get(at) {
            Some(
                Op::Load {
                    base, off, size, ..
                }
                | Op::Store {
                    base, off, size, ..
                },
            ) if *base == reg => {
                most = most.max(i64::from(*off) + i64::from(size.bytes()));
            }
            Some(Op::Call(_) | Op::Exit) => break,
            _ => {}
        }
    }
    most
}

/// The comparison leads to the access where it should lead away.
fn turned(scene: &Scene<'_>, t: &Test, mut events: Vec<Event>) -> Story {
    events.push(scene.event(t.step, t.insn, Happened::PacketCompared { bytes: Some(0) }));
    let edit = scene.line(t.insn).and_then(|l| {
        let old = scene.text(&l.file, l.line)?;
        let new = c_text::turned(&old)?;
        Some(super::Edit {
            file: l.file.to_string(),
            line: l.line,
            old,
            place: super::EditPlace::Instead,
            new: vec![new],
        })
    });
    let help = Help::say(
        "turn the comparison round: leave where the pointer lies beyond `data_end`, go on where it does not",
    );
    Story {
        edit_at: Some(t.insn),
        events,
        helps: vec![help.edit(edit).patch(patch::turned(scene, t.insn))],
        ..Story::new(
            scene.refusal.code(),
            Claim::PacketBeyond {
                access: scene.access(),
            },
        )
    }
}

/// The end of what an expression accesses, in C.
fn pointer_past(scene: &Scene<'_>, reg: u8, expr: Option<&str>, need: i64) -> Option<String> {
    if scene.callee().is_some() {
        let name = scene.argument(scene.insn, reg)?;
        return Some(format!("(void *)({name}) + {need}"));
    }
    let expr = expr?;
    if let Some((table, index, _)) = c_text::indexed(expr) {
        if c_text::is_name(table) && !index.contains(['[', '=']) {
            return Some(format!("(void *)(&{table}[{index}] + 1)"));
        }
        let base = c_text::followed(table).filter(|_| table.contains("->"))?;
        return Some(format!("(void *)({base} + 1)"));
    }
    let name = c_text::followed(expr)?;
    Some(format!("(void *)({name} + 1)"))
}

fn beyond(scene: &Scene<'_>, node: Node) -> Story {
    let root = scene.flow.root(node);
    let mut events = Vec::new();
    trace::value(scene, node, &mut events);
    if let Some((t, _)) = comparison(scene, |n| scene.flow.root(n) == root) {
        return turned(scene, &t, events);
    }
    Story {
        events,
        helps: vec![Help::say(
            "turn the comparison round: leave where the pointer lies beyond `data_end`, go on where it does not",
        )],
        ..Story::new(
            scene.refusal.code(),
            Claim::PacketBeyond {
                access: scene.access(),
            },
        )
    }
}

fn far(scene: &Scene<'_>, by: Node, add: Node, offset: Range, events: Vec<Event>) -> Story {
    let name = super::bounds::number_name(scene, by);
    let def = scene.flow.def(add);
    let most = MAX_OFFSET - 255;
    let text = format!("keep `{name}` below 65,536, less what is read, before it is added");
    let plain = c_text::is_name(&name);
    let edit = plain
        .then(|| scene.insert_before(def.insn, &leave_if(scene, &format!("{name} > {most}"))))
        .flatten();
    let patch = Patch::leave_above(scene, def.insn, by, most as i32);
    Story {
        edit_at: Some(def.insn),
        events,
        helps: vec![Help::say(text).edit(edit).patch(patch)],
        ..Story::new(scene.refusal.code(), Claim::PacketFar { name, offset })
    }
}
