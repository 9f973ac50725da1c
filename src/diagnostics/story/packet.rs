//! Packet accesses: bytes that no comparison with `data_end` shows to be there.
//!
//! A comparison counts for the pointer that is compared and those at a constant
//! distance from it, and only while the pointer's offset cannot exceed 65,535.

use super::null::leave_if;
use super::packet_far::{constants, far, too_far};
use super::patch;
use super::{Claim, Event, Happened, Help, Range, Scene, Story, packet_end, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::{Kind, Reg};
use crate::diagnostics::flow::{Made, Node, Test};
use crate::diagnostics::names;
use crate::diagnostics::{c_compare, c_text};
use crate::helpers_spec::CtxKind;
use crate::prelude::*;
use crate::programs::insn::{JmpOp, Op};

/// The greatest offset for which comparisons count.
pub(super) const MAX_OFFSET: i128 = 0xffff;

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

/// The pointer that a comparison compares with the packet's end itself: what is computed
/// from the end is a number.
pub(super) fn ends(scene: &Scene<'_>, t: &Test) -> Option<Node> {
    let part = |n: Node| {
        let Made::Load { base, off, .. } = scene.flow.def(n).made else {
            return None;
        };
        matches!(scene.flow.def(scene.flow.root(base)).made, Made::Context)
            .then(|| names::packet_part(scene.program, off))?
    };
    let end = |n: Node| part(n) == Some(CtxKind::PacketEnd);
    // Whether it is an address still, and not the distance of two.
    let pointer = |n: Node| {
        let mut at = n;
        while let Made::Arith { op, a, b, .. } = scene.flow.def(at).made {
            let packet = |n: Node| part(scene.flow.root(n)).is_some();
            if op == Some(crate::programs::insn::AluOp::Sub) && b.is_some_and(packet) {
                return false;
            }
            at = a;
        }
        !end(n)
    };
    let b = t.b.ok()?;
    match (end(t.a), end(b)) {
        (false, true) => Some(t.a),
        (true, false) => Some(b),
        _ => None,
    }
    .filter(|&n| pointer(n))
}

/// The place of a comparison, where its line has one: compilers give a jump the line of
/// another one that leads to the same place.
fn compared_here(scene: &Scene<'_>, t: &Test, pointer: Node, kind: Happened) -> Option<Event> {
    let places = [t.insn, scene.flow.def(pointer).insn];
    let line = |insn: usize| scene.line(insn).filter(|l| l.line > 0);
    if line(t.insn).is_none_or(|l| c_text::assembler(&l.text)) {
        return Some(scene.event(t.step, t.insn, kind));
    }
    let says = |told: fn(&str) -> bool| {
        let mut places = places.iter().copied();
        places.find(|&at| line(at).is_some_and(|l| told(&l.text)))
    };
    let at = says(c_compare::orders).or_else(|| says(c_text::calls))?;
    Some(scene.event(t.step, at, kind))
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
pub(super) fn moved_by(scene: &Scene<'_>, node: Node) -> Vec<(Node, usize)> {
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
    let shown = same
        .filter(|_| mine.is_empty())
        .and_then(|(_, n)| scene.flow.distance(n));
    let proven = range.or(shown).unwrap_or(0);
    let access = super::Access {
        bytes: size.max(0) as u64,
        ..scene.access()
    };
    let far_compared = |n: Node| {
        let var = held.map_or(0, |h| Range::of(&h.bounds).max);
        var + i128::from(constants(scene, n)) > MAX_OFFSET
    };
    if let Some((t, n)) = same.filter(|&(_, n)| far_compared(n)) {
        let kind = Happened::PacketCompared { bytes: None };
        events.extend(compared_here(scene, &t, n, kind));
        return match (held, moved.as_slice()) {
            (Some(held), [first, rest @ ..]) => {
                let only = rest.is_empty();
                far(
                    scene,
                    *first,
                    only,
                    constants(scene, n),
                    Range::of(&held.bounds),
                    events,
                )
            }
            _ => too_far(scene, off, events),
        };
    }
    if let (Some((t, n)), Some(0)) = (same, range)
        && !inside(&t, n)
    {
        return turned(scene, &t, n, events);
    }
    let base = held.filter(|_| !mine.is_empty()).map(|h| i64::from(h.off));
    match (same, other) {
        (Some((t, n)), _) => {
            let bytes = scene.flow.distance(n).filter(|_| mine.is_empty());
            let bytes = bytes.or(Some(proven)).filter(|&b| b > 0 && b <= proven);
            let bytes = bytes.map(|b| b - base.unwrap_or(0)).filter(|&b| b > 0);
            let kind = match bytes {
                Some(n) => Happened::PacketCompared { bytes: Some(n) },
                None if proven == 0 && constants(scene, n) == 0 => Happened::PacketStart,
                None => Happened::PacketCompared { bytes: None },
            };
            events.extend(compared_here(scene, &t, n, kind));
        }
        (None, Some((t, n))) => {
            events.extend(compared_here(scene, &t, n, Happened::PacketOther));
        }
        (None, None) => {}
    }
    let claim = Claim::PacketShort {
        access,
        from: off,
        proven,
        compared: same.is_some(),
        at: base.map(|base| (scene.pointer_words(reg), base)),
    };
    // A compiler may compare one copy of a pointer and read through another.
    let copied = same.is_none() && other.is_some() && proven == 0 && !mine.is_empty();
    let reason = copied.then(|| "A comparison counts for the pointer that it compares, and those at a constant distance from it; another sum of the same parts is another pointer.".to_owned());
    let own = || {
        let field = names::packet_field(scene.program, CtxKind::PacketEnd)?.0;
        let said = super::words::reason(&claim).filter(|_| field != "data_end")?;
        Some(said.replace("data_end", field))
    };
    Story {
        reason: reason.or_else(own),
        events,
        helps: vec![compare(scene, reg, held, (off, size))],
        ..Story::new(scene.refusal.code(), claim)
    }
}

/// What is to be compared: in C, and how far from the register that reaches at least.
struct Reach {
    end: String,
    need: i64,
}

/// Compares the very pointer before the access.
fn compare(scene: &Scene<'_>, reg: u8, held: Option<&Reg>, (off, size): (i64, i64)) -> Help {
    let base = held.map_or(0, |h| i64::from(h.off));
    let variable = held.map_or(0, |h| Range::of(&h.bounds).max);
    if variable + i128::from(off + size) > MAX_OFFSET {
        return Help::say(too_far_words(scene));
    }
    let need = off + size.max(1) - base;
    let kind = match held.map(|h| h.kind) {
        Some(Kind::PacketMeta) => CtxKind::Packet,
        _ => CtxKind::PacketEnd,
    };
    let field = names::packet_field(scene.program, kind).map_or("data_end", |f| f.0);
    let reach = reach(scene, reg, need);
    let place = scene.line(scene.insn).and_then(|l| {
        let at = scene.before(&l.file, l.line)?;
        packet_end::expression(scene, kind, (&l.file, at))
    });
    let need = reach.as_ref().map_or(need, |r| r.need);
    let help = match (&reach, place) {
        (Some(reach), Some(end)) => {
            let cast = if end.starts_with("(void *)") {
                ""
            } else {
                "(void *)"
            };
            let condition = format!("{} > {cast}{end}", reach.end);
            let leave = leave_if(scene, &condition);
            let one = leave.iter().map(|l| l.trim()).collect::<Vec<_>>().join(" ");
            let edit = scene.insert_before(scene.insn, &leave);
            Help::say(format!(
                "compare right before the access, and leave where bytes are missing: `{one}`"
            ))
            .edit(edit)
        }
        (Some(reach), None) => Help::say(format!(
            "compare the end of what is accessed, `{}`, with `{field}` right before, and leave where it lies beyond",
            reach.end
        )),
        (None, _) => Help::say(format!(
            "compare the end of what is accessed with `{field}` right before, and leave where it lies beyond"
        )),
    };
    help.patch(patch::packet_check(scene, reg, need, kind))
}

/// What helps where no comparison does.
pub(super) fn too_far_words(scene: &Scene<'_>) -> String {
    use crate::helpers_spec::{ProgType, ctx_access};
    let program = scene.program;
    let layout = ctx_access(program.prog_type, program.attach_type, scene.spec());
    let helper = match layout.map(|l| l.struct_name) {
        _ if program.prog_type == ProgType::Xdp => "; or read the bytes with `bpf_xdp_load_bytes`",
        Some("__sk_buff") => "; or read the bytes with `bpf_skb_load_bytes`",
        _ => "",
    };
    format!(
        "keep what is accessed within the first 65,535 bytes: no comparison shows bytes behind them{helper}"
    )
}

/// What the refused access reaches, as far as its text is sure.
fn reach(scene: &Scene<'_>, reg: u8, need: i64) -> Option<Reach> {
    if scene.callee().is_some() {
        let given = scene
            .argument(scene.insn, reg)
            .filter(|g| c_text::pure(g))?;
        let end = match c_text::is_name(&given) {
            true => format!("(void *){given} + {need}"),
            false => format!("(void *)({given}) + {need}"),
        };
        return Some(Reach { end, need });
    }
    let expr = scene.accessed(scene.insn)?;
    // `*p++` reads before it moves.
    let l = scene.line(scene.insn)?;
    let after = l
        .text
        .find(expr)
        .and_then(|at| l.text.get(at + expr.len()..))?;
    if after.starts_with("++") || after.starts_with("--") {
        return None;
    }
    let (end, members_of) = c_text::end_of(expr)?;
    // What was copied out of the packet is read from where it was copied to.
    let first = crate::diagnostics::c_function::words(expr).next()?.1;
    let function = scene.function(&l.file, l.line);
    if function.is_some_and(|f| f.has_array(first)) {
        return None;
    }
    let need = members_of.map_or(need, |base| need.max(extent(scene, reg, base)));
    Some(Reach { end, need })
}

/// Instructions that are looked at for accesses of one structure.
const NEAR: usize = 64;

/// How far accesses of members of the same structure reach from a register, as long as it
/// stays what it is.
fn extent(scene: &Scene<'_>, reg: u8, base: &str) -> i64 {
    let mut most = 0;
    for at in scene.insn..(scene.insn + NEAR).min(scene.ops.len()) {
        let Some(op) = scene.ops.get(at) else { break };
        let same = || -> Option<bool> {
            let end = c_text::end_of(scene.accessed(at)?)?;
            Some(end.1? == base)
        };
        let effects = op.effects();
        if let Some(m) = effects.memory.filter(|m| m.base == reg)
            && same() == Some(true)
        {
            most = most.max(i64::from(m.off) + i64::from(m.size.bytes()));
        }
        if matches!(op, Op::Call(_) | Op::Exit) || effects.writes.has(reg) {
            break;
        }
    }
    most
}

/// The comparison leads to the access where it should lead away.
fn turned(scene: &Scene<'_>, t: &Test, pointer: Node, mut events: Vec<Event>) -> Story {
    let kind = Happened::PacketCompared { bytes: Some(0) };
    let here = compared_here(scene, t, pointer, kind);
    let at = here.as_ref().map(|e| e.insn);
    events.extend(here);
    let field = names::packet_field(scene.program, CtxKind::PacketEnd).map_or("data_end", |f| f.0);
    // Another comparison may stand in the line that the jump is said to be of.
    let edit = at
        .filter(|&at| at == t.insn)
        .and_then(|at| scene.line(at))
        .and_then(|l| {
            let old = scene.text(&l.file, l.line)?;
            let end = packet_end::expression(scene, CtxKind::PacketEnd, (&l.file, l.line))?;
            c_compare::compared_with(&old).filter(|side| *side == end)?;
            let new = c_compare::turned(&old)?;
            Some(super::Edit {
                file: l.file.to_string(),
                line: l.line,
                old,
                place: super::EditPlace::Instead,
                new: vec![new],
            })
        });
    let help = Help::say(format!(
        "turn the comparison round: leave where the pointer lies beyond `{field}`, go on where it does not"
    ));
    Story {
        edit_at: at,
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

fn beyond(scene: &Scene<'_>, node: Node) -> Story {
    let root = scene.flow.root(node);
    let mut events = Vec::new();
    trace::value(scene, node, &mut events);
    if let Some((t, n)) = comparison(scene, |n| scene.flow.root(n) == root) {
        return turned(scene, &t, n, events);
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
