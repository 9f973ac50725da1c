//! The way back from the value at fault: where it was made, what was added to it, the
//! last comparison of each number that it depends on. Told where no kind of story has
//! more to say, and by those that have.

use super::{Event, Happened, Scene};
use crate::diagnostics::c_text;
use crate::diagnostics::flow::{Made, Node, Test};
use crate::diagnostics::{c_types, names};
use crate::prelude::*;
use crate::programs::insn::{AluOp, JmpOp, Op};

/// Events, and the origin of the value at fault in a clause.
pub(super) fn find(scene: &Scene<'_>) -> (Vec<Event>, Option<String>) {
    let mut events = Vec::new();
    let node = scene.reg().and_then(|reg| scene.node(reg));
    let origin = node.and_then(|node| {
        let origin = value(scene, node, &mut events);
        bounds(scene, node, &mut events);
        origin
    });
    (events, origin)
}

/// Tells a value's making, and that of the numbers added to it.
pub(super) fn value(scene: &Scene<'_>, node: Node, out: &mut Vec<Event>) -> Option<String> {
    let mut at = node;
    let mut numbers = Vec::new();
    while let Made::Arith {
        op,
        kept,
        a,
        b,
        imm,
        narrow,
    } = scene.flow.def(at).made
    {
        let def = scene.flow.def(at);
        let number = b.filter(|&b| !matches!(scene.flow.def(b).made, Made::Const(_)));
        let kind = match (number, op) {
            (Some(_), Some(AluOp::Add)) => Some(Happened::Added),
            (Some(_), Some(AluOp::Sub)) => Some(Happened::Subtracted),
            (Some(_), _) => Some(Happened::Computed),
            (None, Some(AluOp::And)) => Some(Happened::Masked(imm)),
            (None, None) if kept && narrow => Some(Happened::Cut),
            _ => None,
        };
        if let Some(kind) = kind {
            out.push(scene.event(def.step, def.insn, kind));
        }
        numbers.extend(number);
        at = a;
    }
    let origin = making(scene, at, out, true);
    constant(scene, at, out);
    for number in numbers.into_iter().take(2) {
        making(scene, scene.flow.root(number), out, false);
    }
    origin
}

/// Tells where a constant was set, if that is not said where it is refused.
fn constant(scene: &Scene<'_>, node: Node, out: &mut Vec<Event>) {
    let def = scene.flow.def(node);
    let Made::Const(c) = def.made else { return };
    let same = scene.line_number(def.insn) == scene.line_number(scene.insn);
    let assembler = scene
        .line(def.insn)
        .is_some_and(|l| c_text::assembler(&l.text));
    if !same || assembler {
        out.extend(set(scene, node, c));
    }
}

/// Where a constant was set; none where the line there has another reason: compilers set
/// constants where it suits them.
pub(super) fn set(scene: &Scene<'_>, node: Node, constant: i64) -> Option<Event> {
    let def = scene.flow.def(node);
    let there = scene
        .line(def.insn)
        .is_none_or(|l| c_text::assembler(&l.text) || c_types::mentions(&l.text, constant));
    there.then(|| scene.event(def.step, def.insn, Happened::Constant(constant)))
}

/// Tells how a root value was made; gives the clause for a sentence.
pub(super) fn making(
    scene: &Scene<'_>,
    node: Node,
    out: &mut Vec<Event>,
    is_subject: bool,
) -> Option<String> {
    let def = scene.flow.def(node);
    let (kind, clause) = match def.made {
        Made::Call(callee) => {
            let name = names::callee(scene.program, callee, def.insn);
            let map = map_of_call(scene, node);
            let of = map
                .as_ref()
                .map_or(String::new(), |m| format!(" on map `{m}`"));
            let clause = format!("the result of `{name}`{of}");
            let nullable = names::may_return_null(scene.program, callee);
            (
                Happened::Returned {
                    callee: name,
                    map,
                    nullable,
                },
                clause,
            )
        }
        Made::Load { base, off, .. } => {
            let part = match scene.flow.def(scene.flow.root(base)).made {
                Made::Context => names::ctx_part(scene.program, off),
                _ => None,
            };
            match part {
                Some(part) => {
                    let clause = format!("read from {part}");
                    (Happened::ReadPart(part), clause)
                }
                None => {
                    let place = memory(scene, base);
                    let clause = format!("read from {place}");
                    (Happened::ReadFrom(place), clause)
                }
            }
        }
        Made::Map { index, value } => {
            let name = names::map(scene.program, index);
            if value {
                let clause = format!("the value of map `{name}`");
                (Happened::MapValue(name), clause)
            } else {
                let clause = format!("map `{name}`");
                (Happened::Map(name), clause)
            }
        }
        Made::Wiped => {
            let callee = scene.calls(|c, _| c.step == def.step).pop();
            let load = matches!(
                scene.ops.get(def.insn),
                Some(Op::LdAbs { .. } | Op::LdInd { .. })
            );
            let name = match callee {
                Some((_, name)) => format!("`{name}`"),
                None if load => "the load from the packet".into(),
                None => "the call".into(),
            };
            out.push(scene.event(def.step, def.insn, Happened::Wiped(name)));
            return None;
        }
        Made::CallbackArg(n) => (
            Happened::CallbackArgument(n),
            format!("argument {n} of the callback"),
        ),
        Made::Const(c) if !is_subject => {
            out.extend(set(scene, node, c));
            return None;
        }
        Made::Context => return Some("the context".into()),
        Made::Frame => return Some("the stack".into()),
        _ => return None,
    };
    out.push(scene.event(def.step, def.insn, kind));
    Some(clause)
}

/// What memory a pointer leads to, in words.
fn memory(scene: &Scene<'_>, base: Node) -> String {
    match scene.flow.def(scene.flow.root(base)).made {
        Made::Context => "the context".into(),
        Made::Frame => "the stack".into(),
        Made::Map { index, .. } => {
            format!("the value of map `{}`", names::map(scene.program, index))
        }
        Made::Call(callee) => match map_of_call(scene, scene.flow.root(base)) {
            Some(map) => format!("the value of map `{map}`"),
            None => {
                let def = scene.flow.def(scene.flow.root(base));
                let name = names::callee(scene.program, callee, def.insn);
                format!("what `{name}` returned")
            }
        },
        Made::Load { base, off, .. } => match scene.flow.def(scene.flow.root(base)).made {
            Made::Context => match names::ctx_field(scene.program, off) {
                Some("data" | "data_meta") => "the packet".into(),
                Some(f) => format!("what the context's `{f}` points to"),
                None => "memory".into(),
            },
            _ => "memory".into(),
        },
        _ => "memory".into(),
    }
}

/// The map that a call's first argument names.
pub(super) fn map_of_call(scene: &Scene<'_>, result: Node) -> Option<String> {
    let call = scene.flow.calls.iter().find(|c| c.result == result)?;
    match scene.flow.def(call.args[0]).made {
        Made::Map {
            index,
            value: false,
        } => Some(names::map(scene.program, index)),
        _ => None,
    }
}

/// The value itself and the numbers in its computation.
pub(super) fn numbers(scene: &Scene<'_>, node: Node) -> Vec<Node> {
    let mut found = vec![node];
    let mut at = node;
    while let Made::Arith { a, b, .. } = scene.flow.def(at).made {
        found.extend(b);
        at = a;
    }
    found.truncate(4);
    found
}

/// The last comparison of each number that the value depends on.
pub(super) fn bounds(scene: &Scene<'_>, node: Node, out: &mut Vec<Event>) {
    // Whether a pointer is NULL says nothing of bounds.
    let of_bounds = |t: &Test| !(matches!(t.op, JmpOp::Eq | JmpOp::Ne) && t.b == Err(0));
    for number in numbers(scene, node) {
        if matches!(scene.flow.def(number).made, Made::Const(_)) {
            continue;
        }
        let on_it = scene.last_test(|t| of_bounds(t) && (t.a == number || t.b == Ok(number)));
        if let Some(t) = on_it {
            let kind = Happened::Bound(test(scene, &t, number));
            out.push(scene.event(t.step, t.insn, kind));
            continue;
        }
        let root = scene.flow.root(number);
        if matches!(
            scene.flow.def(root).made,
            Made::Const(_)
                | Made::Frame
                | Made::Context
                | Made::Map { .. }
                | Made::Never
                | Made::Before
        ) {
            continue;
        }
        // The same variable, wide and narrow.
        let bare = unconverted(scene, number);
        let same = scene.last_test(|t| {
            let is = |n: Node| unconverted(scene, n) == bare;
            of_bounds(t) && (is(t.a) || t.b.is_ok_and(is))
        });
        if let Some(t) = same {
            let side = if unconverted(scene, t.a) == bare {
                t.a
            } else {
                t.b.unwrap_or(t.a)
            };
            let kind = Happened::Bound(test(scene, &t, side));
            out.push(scene.event(t.step, t.insn, kind));
            continue;
        }
        let near = scene.last_test(|t| {
            let shares = |n: Node| scene.flow.root(n) == root;
            of_bounds(t) && (shares(t.a) || t.b.is_ok_and(shares))
        });
        if let Some(t) = near.filter(|_| !packet(scene, root)) {
            out.push(scene.event(t.step, t.insn, Happened::BoundOther));
        }
    }
}

/// Whether a value was read from the context as an address of the packet.
fn packet(scene: &Scene<'_>, root: Node) -> bool {
    let Made::Load { base, off, .. } = scene.flow.def(root).made else {
        return false;
    };
    scene.flow.def(scene.flow.root(base)).made == Made::Context
        && names::packet_fields(scene.program).contains(&off)
}

/// A number before it was widened, narrowed or scaled.
pub(super) fn unconverted(scene: &Scene<'_>, node: Node) -> Node {
    let mut node = scene.flow.kept(node);
    loop {
        let (_, unscaled) = super::index::scale(scene, node);
        if unscaled == node {
            return node;
        }
        node = scene.flow.kept(unscaled);
    }
}

/// What a comparison shows of `node`, the way it went: `<= 64`.
pub(super) fn test(scene: &Scene<'_>, t: &Test, node: Node) -> String {
    let Some(op) = (if t.taken { Some(t.op) } else { t.op.negate() }) else {
        return "has these bits tested".into();
    };
    let (op, other) = if t.a == node {
        (op, t.b)
    } else {
        (op.swap(), Ok(t.a))
    };
    let sign = match op {
        JmpOp::Eq => "==",
        JmpOp::Ne => "!=",
        JmpOp::Gt | JmpOp::Sgt => ">",
        JmpOp::Ge | JmpOp::Sge => ">=",
        JmpOp::Lt | JmpOp::Slt => "<",
        JmpOp::Le | JmpOp::Sle => "<=",
        JmpOp::Set => "&",
    };
    let signed = if op.is_signed() {
        ", as a signed number"
    } else {
        ""
    };
    match other {
        Err(imm) => format!("{sign} {imm}{signed}"),
        Ok(n) => match scene.flow.def(n).made {
            Made::Const(c) => format!("{sign} {c}{signed}"),
            _ => format!("{sign} another variable{signed}"),
        },
    }
}
