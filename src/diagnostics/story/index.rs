//! Which values of the source a number in a register comes to.
//!
//! `table[slot + 8]` adds `slot`, scaled by what an element takes, to a pointer; the 8 is
//! part of the number, or folded into the constant offset of the access. With
//!
//! > register = step · (expression − folded)
//!
//! limits of the register are limits of the expression. Where declarations tell of the
//! array, its own length is the limit; else what is left of the memory is. Where neither
//! the array nor the access tells the step, there is no limit of the expression.

use super::claim::HUGE;
use super::scene::Array;
use super::{Range, Scene};
use crate::abstract_interp::value::{Kind, Reg};
use crate::diagnostics::flow::{Made, Node, Test};
use crate::diagnostics::{c_function, c_text, c_types};
use crate::prelude::*;
use crate::programs::insn::{AluOp, ImmRef, JmpOp, Op};

/// An element of an array, as the refused line has it.
pub(super) struct Subscript {
    /// `v->hist[b - 16].x`.
    pub expr: String,
    /// `v->hist`.
    pub table: String,
    /// `b - 16`.
    pub index: String,
    /// Where it stands in the expression.
    pub place: (usize, usize),
    /// Whether nothing follows the bracket.
    pub whole: bool,
}

/// What the line of an instruction indexes; none where it does so more than once.
pub(super) fn subscript(scene: &Scene<'_>, insn: usize) -> Option<Subscript> {
    let l = scene.line(insn)?;
    let expr = c_text::at_column_member(&l.text, l.col)?;
    let (table, index, place) = c_text::indexed(&expr)?;
    let rest = expr.get(place.1 + 1..)?;
    (!index.is_empty() && !rest.contains('[')).then(|| Subscript {
        table: table.to_owned(),
        index: index.to_owned(),
        place,
        whole: rest.trim().is_empty(),
        expr: expr.clone(),
    })
}

/// Whether the expression of an instruction has an element of an element.
fn nested(scene: &Scene<'_>, insn: usize) -> bool {
    let expr = scene
        .line(insn)
        .and_then(|l| c_text::at_column_member(&l.text, l.col));
    expr.is_some_and(|e| e.matches('[').count() > 1)
}

/// By how much a number was scaled before it was added.
pub(super) fn scale(scene: &Scene<'_>, number: Node) -> (i64, Node) {
    let shifted = |node: Node| match scene.flow.def(node).made {
        Made::Arith {
            op: Some(op),
            a,
            imm: Some(imm),
            ..
        } => Some((op, a, imm)),
        _ => None,
    };
    match shifted(number) {
        Some((AluOp::Lsh, a, by)) if (0..31).contains(&by) => (1 << by, a),
        Some((AluOp::Mul, a, by)) if (1..1 << 30).contains(&by) => (by, a),
        // Widening a 32-bit number shifts it up and down again, by less if it is scaled.
        Some((AluOp::Rsh | AluOp::Arsh, a, down)) => match shifted(a) {
            Some((AluOp::Lsh, a, up)) if (1..31).contains(&(up - down)) => (1 << (up - down), a),
            _ => (1, number),
        },
        _ => (1, number),
    }
}

/// An access by a number that was added to a pointer.
pub(super) struct Indexed<'a> {
    /// The pointer.
    pub held: &'a Reg,
    /// The number.
    pub number: Node,
    /// The pointer's value, with the number or before it is added.
    pub pointer: Node,
    /// The instruction that adds it.
    pub sum: usize,
    /// What else its offset is.
    pub fixed: i128,
    /// Bytes that are accessed.
    pub bytes: i128,
    /// Bytes of the memory.
    pub room: i128,
}

/// What a number may be.
pub(super) struct Limits {
    /// What the source has of it: `i`, `slot + 8`; or words.
    pub name: String,
    /// The least and the greatest value of that which lead inside.
    pub first: i64,
    pub last: i64,
    /// The same of the register.
    pub least: i64,
    pub most: i64,
    /// A constant of the source lies elsewhere: compilers compare one number then, and
    /// use another.
    pub folded: bool,
    /// Whether the name is that of a variable of the function: what lies in memory is read
    /// again where it is compared, and may be another number then.
    pub simple: bool,
    /// Whether it has no sign, where a declaration tells.
    pub unsigned: Option<bool>,
    /// The instruction whose line has the name.
    pub insn: usize,
    /// The number that the name is, less what is folded; none where it is not sure.
    node: Option<Node>,
    /// Whether limits of the register are those of the name, so that what holds with the
    /// former holds with the latter.
    pub exact: bool,
    step: i64,
    shift: i64,
}

/// The words for a number of which the source tells no name.
pub(super) const UNNAMED: &str = "the number";

/// Whether a constant was added on the way to a value; to the upper half, where numbers of
/// 32 bits are widened.
fn includes(scene: &Scene<'_>, mut node: Node, constant: i64) -> bool {
    let upper = constant.checked_mul(1 << 32);
    while let Made::Arith { op, a, b, imm, .. } = scene.flow.def(node).made {
        let by = match b.map(|b| scene.flow.def(b).made) {
            Some(Made::Const(c)) => Some(c),
            _ => imm,
        };
        let added = match op {
            Some(AluOp::Add) => by,
            Some(AluOp::Sub) => by.and_then(i64::checked_neg),
            _ => None,
        };
        if added.is_some() && (added == Some(constant) || added == upper) {
            return true;
        }
        node = a;
    }
    false
}

/// The element that the access has, or the sum: compilers give the access the place of the
/// whole statement at times. With it the instruction whose line has it.
fn written(scene: &Scene<'_>, sum: usize) -> Option<(usize, Subscript)> {
    [scene.insn, sum].into_iter().find_map(|insn| {
        let s = subscript(scene, insn)?;
        c_text::number(&s.index).is_none().then_some((insn, s))
    })
}

/// The limits of a number; none where nothing of the access fits.
pub(super) fn limits(scene: &Scene<'_>, at: &Indexed<'_>) -> Option<Limits> {
    let (step, node) = scale(scene, at.number);
    let (insn, written) = match written(scene, at.sum) {
        Some((insn, s)) => (insn, Some(s)),
        None => (at.sum, None),
    };
    let name = match &written {
        Some(s) => s.index.clone(),
        None if nested(scene, scene.insn) || nested(scene, at.sum) => UNNAMED.to_owned(),
        None => super::bounds::number_name(scene, node),
    };
    // What is done once may not be done twice.
    let name = match c_text::pure(&name) {
        true => name,
        false => UNNAMED.to_owned(),
    };
    let (variable, constant) = c_types::sum(&name);
    let folded = match constant {
        0 => 0,
        c if includes(scene, node, c) => 0,
        c => c,
    };
    let unsigned = scene.unsigned(match folded {
        0 => &name,
        _ => variable,
    });
    let root = scene.flow.def(scene.flow.kept(node));
    let loaded = written.is_none()
        && matches!(root.made, Made::Load { .. })
        && scene.expr(root.insn) == Some(&name);
    let simple = c_text::is_name(&name) && !loaded && !scene.is_global(&name);
    // A pointer with a name of its own may have been moved before.
    let by_pointer = written
        .as_ref()
        .is_some_and(|s| !scene.is_array(at.held, &s.table));
    let holds = !by_pointer || holds(scene, node, (variable, constant));
    let found = Limits {
        simple,
        name,
        first: 0,
        last: 0,
        least: 0,
        most: 0,
        folded: folded != 0,
        unsigned,
        insn,
        node: holds.then_some(node),
        exact: holds,
        step,
        shift: folded,
    };
    let declared = written
        .as_ref()
        .and_then(|s| scene.array(at.held, &s.table));
    let array = declared.filter(|a| {
        let inner = at.fixed - i128::from(a.at) - i128::from(folded) * i128::from(a.elem);
        inner >= 0 && inner + at.bytes <= a.elem.into()
    });
    match array {
        Some(a) if alone(scene, at) => of_array(found, &a),
        _ => of_memory(scene, at, found, written.as_ref(), declared.is_some()),
    }
}

/// Where a declaration tells of the array.
fn of_array(found: Limits, a: &Array) -> Option<Limits> {
    let start = found.shift.checked_neg()?.checked_mul(a.elem)?;
    let same = found.step == a.elem;
    let whole = !found.simple && found.step % a.elem == 0;
    Some(Limits {
        node: found.node.filter(|_| same),
        exact: found.exact && (same || whole),
        last: a.len - 1,
        least: start.max(0),
        most: start.checked_add(a.elem.checked_mul(a.len - 1)?)?,
        step: a.elem,
        ..found
    })
}

/// Where what is left of the memory is the limit.
fn of_memory(
    scene: &Scene<'_>,
    at: &Indexed<'_>,
    found: Limits,
    written: Option<&Subscript>,
    declared: bool,
) -> Option<Limits> {
    let (step, folded) = (found.step, found.shift);
    let (room, flat) = of_section(scene, at, step).unwrap_or((at.room, true));
    let most = i64::try_from(room - at.bytes - at.fixed).ok()?;
    let start = i64::try_from(-at.fixed).ok()?;
    let of_stack = matches!(at.held.kind, Kind::Stack { .. });
    let least = match at.held.kind {
        _ if of_stack || at.held.is_packet() => 0,
        _ => start.max(folded.checked_neg()?.saturating_mul(step)).max(0),
    };
    let last = most.div_euclid(step).checked_add(folded)?;
    // An array of the stack ends where its neighbour begins, which no offset tells.
    let own = written
        .and_then(|s| scene.declared(&s.table)?.length)
        .filter(|_| of_stack);
    let last = own.map_or(last, |len| last.min(len - 1));
    let most = most.min(
        last.checked_sub(folded)?
            .saturating_mul(step)
            .saturating_add(step - 1),
    );
    let first = match folded {
        0 => least.div_euclid(step) + i64::from(least.rem_euclid(step) > 0),
        _ => 0,
    };
    (most >= least && last >= first).then_some(())?;
    // A pointer that is moved by bytes is no array.
    let plain = step > 1 || at.bytes <= 1 || i128::from(step) == at.bytes;
    let sure = !declared
        && (written.is_none() || plain)
        && flat
        && (!of_stack || own.is_some())
        && (at.held.is_packet() || alone(scene, at));
    let named = sure && found.named();
    Some(Limits {
        node: found.node.filter(|_| named),
        exact: found.exact && named,
        name: if sure { found.name } else { UNNAMED.to_owned() },
        folded: found.folded && sure,
        unsigned: found.unsigned.filter(|_| sure),
        first,
        last,
        least,
        most,
        ..found
    })
}

/// Whether a number is what a variable holds, and a constant, as far as is seen: nothing
/// else was computed of it since.
fn holds(scene: &Scene<'_>, mut node: Node, (variable, constant): (&str, i64)) -> bool {
    let mut left = constant;
    loop {
        let def = scene.flow.def(node);
        if scene
            .line(def.insn)
            .is_some_and(|l| c_function::sets(&l.text, variable))
        {
            return true;
        }
        node = match (scene.flow.kept_from(node), def.made) {
            (Some(a), _) => a,
            (
                None,
                Made::Arith {
                    op: Some(op @ (AluOp::Add | AluOp::Sub)),
                    a,
                    b: None,
                    imm: Some(imm),
                    ..
                },
            ) if left != 0
                && (op == AluOp::Add && imm == left || op == AluOp::Sub && -imm == left) =>
            {
                left = 0;
                a
            }
            (None, Made::Arith { .. }) => return false,
            _ => return true,
        };
    }
}

/// Whether nothing else of unknown size is added to the pointer.
fn alone(scene: &Scene<'_>, at: &Indexed<'_>) -> bool {
    let mut moved = super::packet::moved_by(scene, at.pointer);
    if let Some(own) = moved.iter().position(|(number, _)| *number == at.number) {
        moved.remove(own);
    }
    moved.is_empty()
}

/// Of a pointer into a data section the end of the variable that it was made to, and
/// whether that is an array of elements of this step: behind it lie others' bytes. None of
/// other memory.
fn of_section(scene: &Scene<'_>, at: &Indexed<'_>, step: i64) -> Option<(i128, bool)> {
    let Kind::MapValue { map, .. } = at.held.kind else {
        return None;
    };
    scene.map(map).filter(|m| m.is_data())?;
    let made = scene.flow.def(scene.flow.root(at.pointer));
    let start = match scene.ops.get(made.insn) {
        Some(Op::LdImm64 {
            src: ImmRef::MapIdxValue { off, .. } | ImmRef::MapValue { off, .. },
            ..
        }) => i64::from(*off),
        _ => return Some((at.room, false)),
    };
    let own = scene
        .variable(map, start)
        .map(|v| (v, i128::from(v.at + v.bytes)));
    Some(
        match own.filter(|(_, end)| at.fixed < *end && *end <= at.room) {
            Some((v, end)) => (end, v.elem == Some(step) && at.fixed >= v.at.into()),
            None => (at.room, false),
        },
    )
}

impl Limits {
    pub(super) fn named(&self) -> bool {
        self.name != UNNAMED
    }

    /// Whether what holds of the register holds of what is printed.
    pub(super) fn testable(&self) -> bool {
        self.exact || !self.named()
    }

    /// What the source's expression may be where the register may be this.
    pub(super) fn seen(&self, register: Range) -> Range {
        let range = match self.unsigned {
            Some(true) if register.min < 0 => Range {
                min: 0,
                max: u64::MAX.into(),
            },
            _ => register,
        };
        let end = |n: i128| match n {
            n if !self.named() || n.abs() >= HUGE => n,
            n => n.div_euclid(self.step.into()) + i128::from(self.shift),
        };
        Range {
            min: end(range.min),
            max: end(range.max),
        }
    }

    /// Whether a comparison bounds it well enough from above.
    pub(super) fn above(&self, scene: &Scene<'_>, register: Range) -> bool {
        use JmpOp as J;
        let Some((number, most)) = self.bounded() else {
            return false;
        };
        let bare = scene.flow.kept(number);
        let compared = scene.last_test(|t| {
            let shown = match (went(t), t.b) {
                (Some(J::Le | J::Sle | J::Eq), Err(n)) => Some(i64::from(n)),
                (Some(J::Lt | J::Slt), Err(n)) => i64::from(n).checked_sub(1),
                _ => None,
            };
            scene.flow.kept(t.a) == bare && shown.is_some_and(|n| n <= most)
        });
        self.seen(register).max <= self.last.into() || compared.is_some()
    }

    /// The number before it is scaled, and its greatest value, to hold comparisons against.
    pub(super) fn bounded(&self) -> Option<(Node, i64)> {
        let most = self.last.checked_sub(self.shift)?;
        self.node.filter(|_| self.named()).map(|node| (node, most))
    }
}

/// What a comparison shows, the way it went.
fn went(t: &Test) -> Option<JmpOp> {
    if t.taken { Some(t.op) } else { t.op.negate() }
}

/// A comparison of the same value in another register, which would be enough: the
/// compiler computed the two apart.
pub(super) fn compared_apart(scene: &Scene<'_>, number: Node, most: i64) -> Option<Test> {
    use JmpOp as J;
    let root = scene.flow.root(number);
    let bare = scene.flow.kept(number);
    // What was computed from the compared one has changed since.
    let before = |side: Node| {
        let mut at = bare;
        while let Made::Arith { a, .. } = scene.flow.def(at).made {
            if a == side {
                return true;
            }
            at = a;
        }
        false
    };
    scene.last_test(|t| {
        let side = t.a;
        let shown = match (went(t), t.b) {
            (Some(J::Le | J::Eq), Err(n)) => Some(i64::from(n)),
            (Some(J::Lt), Err(n)) => i64::from(n).checked_sub(1),
            _ => None,
        };
        let apart = scene.flow.kept(side) == bare || !before(side);
        side != number
            && scene.flow.root(side) == root
            && apart
            && shown.is_some_and(|n| (0..=most).contains(&n))
    })
}

/// A comparison of what a number was computed from by adding constants, which would be
/// enough at both ends.
pub(super) fn compared_before(scene: &Scene<'_>, number: Node, most: i64) -> Option<Test> {
    use JmpOp as J;
    let from = |side: Node| {
        let mut at = scene.flow.kept(number);
        let mut sum = 0i64;
        while at != side {
            let Made::Arith {
                op,
                kept,
                a,
                b: None,
                imm,
                ..
            } = scene.flow.def(at).made
            else {
                return None;
            };
            sum = match (op, imm) {
                (Some(AluOp::Add), Some(imm)) => sum.checked_add(imm)?,
                (Some(AluOp::Sub), Some(imm)) => sum.checked_sub(imm)?,
                (None, _) if kept => sum,
                _ => return None,
            };
            at = a;
        }
        Some(sum).filter(|sum| *sum != 0)
    };
    let shown = |t: &Test| match (went(t), t.b) {
        (Some(J::Le), Err(n)) => (0, i64::from(n)),
        (Some(J::Lt), Err(n)) => (0, i64::from(n).saturating_sub(1)),
        (Some(J::Ge), Err(n)) => (i64::from(n), i64::MAX),
        (Some(J::Gt), Err(n)) => (i64::from(n).saturating_add(1), i64::MAX),
        (Some(J::Ne), Err(0)) => (1, i64::MAX),
        _ => (0, i64::MAX),
    };
    let upper = scene.last_test(|t| {
        let sum = from(t.a).map(|sum| shown(t).1.saturating_add(sum));
        sum.is_some_and(|end| (0..=most).contains(&end))
    })?;
    let lower = scene.last_test(|t| {
        t.a == upper.a && from(t.a).is_some_and(|sum| shown(t).0.saturating_add(sum) >= 0)
    });
    lower.map(|_| upper)
}
