//! Edits that keep a number within what memory allows.

use super::index::{Limits, subscript};
use super::null::leave_if;
use super::patch;
use super::{Help, Object, Range, Scene};
use crate::abstract_interp::value::Reg;
use crate::diagnostics::c_text;
use crate::diagnostics::flow::Made;
use crate::prelude::*;

/// Which ends of a number are open.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    /// It may be negative, as the register has it.
    pub low: bool,
    /// Nothing bounds it from above.
    pub high: bool,
    /// A comparison bounds it well enough from above.
    pub above: bool,
}

/// Nothing that is accessed so lies inside.
pub(super) fn no_room() -> Help {
    Help::say("what is accessed does not fit at any offset: use a larger object")
}

/// Leaves where a number is not within its limits.
pub(super) fn bound(scene: &Scene<'_>, limits: &Limits, ends: Ends, at: usize) -> Help {
    let Limits {
        name, first, last, ..
    } = limits;
    if !limits.named() {
        let low = match limits.least {
            1.. => format!("is less than {} or ", limits.least),
            _ => "is ".to_owned(),
        };
        return Help::say(format!(
            "leave where the number that is added {low}greater than {}",
            limits.most
        ));
    }
    if !limits.simple {
        let own = if limits.folded { " of its own" } else { "" };
        let text = format!(
            "put `{name}` into an unsigned variable{own}, and leave where it is greater than {last}"
        );
        let edit = with_variable(scene, limits.insn, name, Some(*last), false);
        return Help::say(text).edit(edit.filter(|_| *first <= 0));
    }
    let signed = ends.low && limits.unsigned != Some(true);
    // What nothing bounds may be a great number without a sign as well.
    let cast = signed && ends.high && limits.unsigned.is_none() && *first <= 0;
    let (condition, words) = match (*first, signed) {
        (1.., _) => (
            format!("{name} < {first} || {name} > {last}"),
            format!("is less than {first} or greater than {last}"),
        ),
        (_, true) if cast => (
            format!("(__u64){name} > {last}"),
            format!("is greater than {last} as an unsigned number"),
        ),
        (_, true) => (
            format!("{name} < 0 || {name} > {last}"),
            format!("is negative or greater than {last}"),
        ),
        (_, false) => (
            format!("{name} > {last}"),
            format!("is greater than {last}"),
        ),
    };
    let text = if ends.above && signed {
        format!("leave where `{name}` is negative, too: compare it unsigned, or with both ends")
    } else {
        format!("leave where `{name}` {words}")
    };
    let edit = scene.insert_before(at, &leave_if(scene, &condition));
    let edit = edit.filter(|e| scene.names(e, name));
    Help::say(text).edit(edit)
}

/// Puts an expression of an instruction's line into a variable that can be checked, and keeps
/// the compiler from computing it once more for the use.
pub(super) fn with_variable(
    scene: &Scene<'_>,
    insn: usize,
    expr: &str,
    limit: Option<i64>,
    zero: bool,
) -> Option<super::Edit> {
    c_text::pure(expr).then_some(())?;
    let l = scene.line(insn)?;
    let old = scene.text(&l.file, l.line)?;
    let code = old.split("//").next()?;
    let at = code.find(expr)?;
    // One statement of a line, with one such expression.
    let alone = code.rfind(expr) == Some(at) && !code.get(..at)?.contains(';');
    let begins = alone && scene.before(&l.file, l.line) == Some(l.line);
    let own = [expr.to_owned()];
    if !begins || !scene.may_precede(&l.file, l.line, (l.line, at), &own) {
        return None;
    }
    let indent = c_text::indent(&old).to_owned();
    let mut lines = vec![format!("{indent}__u64 checked = {expr};")];
    lines.push(format!("{indent}asm volatile(\"\" : \"+r\"(checked));"));
    let too_much = limit.map(|limit| format!("checked > {limit}"));
    let zero = zero.then(|| "checked == 0".to_owned());
    let conditions: Vec<String> = zero.into_iter().chain(too_much).collect();
    let leave = leave_if(scene, &conditions.join(" || "));
    lines.extend(leave.iter().map(|s| c_text::indented(&old, s)));
    lines.push(format!(
        "{}checked{}",
        old.get(..at)?,
        old.get(at + expr.len()..)?
    ));
    Some(super::Edit {
        file: l.file.to_string(),
        line: l.line,
        old,
        place: super::EditPlace::Instead,
        new: lines,
    })
}

/// An offset that is constant on this path, and lies outside.
pub(super) fn constant(
    scene: &Scene<'_>,
    held: &Reg,
    object: &Object,
    room: u64,
    first: Range,
    bytes: u64,
) -> Help {
    let over = first.max + bytes as i128 - room as i128;
    let indexed = subscript(scene, scene.insn).filter(|_| over > 0 && first.min >= 0 && bytes > 0);
    if let Some(s) = &indexed {
        let array = scene.array(held, &s.table);
        let elem = match array {
            Some(a) => a.elem,
            None if s.whole => bytes as i64,
            None => return stay(object, room),
        };
        return match c_text::number(&s.index) {
            Some(index) => {
                let beyond = i64::try_from(over)
                    .unwrap_or(i64::MAX)
                    .saturating_add(elem - 1)
                    / elem;
                let last = array.map_or(index.saturating_sub(beyond), |a| a.len - 1);
                if last < 0 || last >= index {
                    return stay(object, room);
                }
                let edit = scene.line(scene.insn).and_then(|l| {
                    let old = scene.text(&l.file, l.line)?;
                    let at = old.find(&s.expr)?;
                    let place = (at + s.place.0, at + s.place.1);
                    scene.replace(&l.file, l.line, old, place, &last.to_string())
                });
                Help::say(format!(
                    "the last index is {last}; or make {} larger",
                    match array {
                        Some(_) => format!("`{}`", s.table),
                        None => super::words::object(object),
                    }
                ))
                .edit(edit)
                .patch(patch::offset_by(scene, (last - index).saturating_mul(elem)))
            }
            // A loop, most likely, that was followed to here.
            None => match array {
                Some(a) => Help::say(format!(
                    "`{}` is {} on this way, and the last index of `{}` is {}: let it end there",
                    s.index,
                    (first.min - i128::from(a.at)).div_euclid(a.elem.into()),
                    s.table,
                    a.len - 1
                )),
                None => Help::say(format!(
                    "`{}` leads {over} bytes too far on this way: let it end before",
                    s.index
                )),
            },
        };
    }
    let need = first.max + bytes as i128;
    // What was added as a number is no member of a larger type.
    let added = scene
        .reg()
        .and_then(|r| scene.node(r))
        .is_some_and(|mut at| {
            while let Made::Arith { a, b, .. } = scene.flow.def(at).made {
                if b.is_some() {
                    return true;
                }
                at = a;
            }
            false
        });
    match object {
        Object::MapValue(map) if first.min >= 0 && !added => Help::say(format!(
            "declare `{map}` with values of {need} bytes or more (`__type(value, ...)`), of the type that the program reads, or stay within {room}"
        ))
        .patch(patch::larger_value(scene, need)),
        _ => stay(object, room),
    }
}

fn stay(object: &Object, room: u64) -> Help {
    let what = super::words::object(object);
    // What an iterator gives is as large as it is.
    let fixed = matches!(object, Object::Of(callee) if callee.starts_with("bpf_iter_"));
    if fixed {
        return Help::say(format!("read it by its own type, of {room} bytes"));
    }
    Help::say(format!(
        "stay within the {room} bytes of {what}, or make it larger"
    ))
}
