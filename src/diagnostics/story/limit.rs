//! Edits that keep a number within what memory allows.

use super::bounds::scale;
use super::null::leave_if;
use super::patch::{self, Patch};
use super::{Help, Object, Range, Scene};
use crate::diagnostics::c_text;
use crate::diagnostics::flow::Node;
use crate::prelude::*;

/// Leaves where a number is greater than the memory allows.
pub(super) fn bound(
    scene: &Scene<'_>,
    name: &str,
    number: Node,
    sum: Node,
    most: i128,
    negative: bool,
) -> Help {
    let (scale, _) = scale(scene, number);
    if most < 0 {
        return Help::say("what is accessed does not fit at any offset: use a larger object");
    }
    let limit = (most / i128::from(scale)).min(i32::MAX.into()) as i64;
    let def = scene.flow.def(sum);
    let simple = !name.contains([' ', '(', '=']);
    let condition = if negative && simple {
        format!("{name} < 0 || {name} > {limit}")
    } else {
        format!("{name} > {limit}")
    };
    let text = if simple {
        format!(
            "leave where `{name}` is greater than {limit}{}",
            if negative { " or negative" } else { "" }
        )
    } else if name == "the number" {
        format!("leave where the number that is added is greater than {limit}")
    } else {
        format!(
            "put `{name}` into an unsigned variable, and leave where it is greater than {limit}"
        )
    };
    let edit = if simple && name != "the number" {
        scene.insert_before(def.insn, &leave_if(scene, &condition))
    } else {
        with_variable(scene, name, Some(limit), false)
    };
    Help::say(text).edit(edit).patch(Patch::leave_above(
        scene,
        def.insn,
        number,
        most.min(i32::MAX.into()) as i32,
    ))
}

/// Puts an expression of the refused line into a variable that can be checked.
pub(super) fn with_variable(
    scene: &Scene<'_>,
    expr: &str,
    limit: Option<i64>,
    zero: bool,
) -> Option<super::Edit> {
    let l = scene.line(scene.insn)?;
    let old = scene.text(&l.file, l.line)?;
    if !c_text::begins_statement(&old) {
        return None;
    }
    let at = old.find(expr)?;
    let before = scene.text(&l.file, l.line.checked_sub(1)?);
    if before.is_some_and(|b| c_text::continues(&b)) {
        return None;
    }
    let indent = c_text::indent(&old).to_owned();
    let mut lines = vec![format!("{indent}__u64 checked = {expr};")];
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

/// A constant offset that always lies outside.
pub(super) fn constant(
    scene: &Scene<'_>,
    object: &Object,
    room: u64,
    first: Range,
    bytes: u64,
) -> Help {
    let what = super::words::object(object);
    let l = scene.line(scene.insn);
    let expr = l.and_then(|l| c_text::at_column_member(&l.text, l.col));
    let index = expr
        .as_deref()
        .and_then(c_text::indexed)
        .and_then(|(_, index, place)| Some((c_text::number(index)?, place)));
    let over = first.max + bytes as i128 - room as i128;
    if let (Some(l), Some(expr), Some((index, (from, to)))) = (l, expr.as_deref(), index)
        && over > 0
        && first.min >= 0
        && bytes > 0
    {
        let last = index - ((over as u64).div_ceil(bytes)) as i64;
        let back = (last - index) * bytes as i64;
        let edit = scene.text(&l.file, l.line).and_then(|old| {
            let at = old.find(expr)?;
            scene.replace(
                &l.file,
                l.line,
                old.clone(),
                (at + from, at + to),
                &last.to_string(),
            )
        });
        if last >= 0 {
            return Help::say(format!("the last index is {last}; or make {what} larger"))
                .edit(edit)
                .patch(patch::offset_by(scene, back));
        }
    }
    let need = first.max + bytes as i128;
    match object {
        Object::MapValue(map) if first.min >= 0 => Help::say(format!(
            "declare `{map}` with values of {need} bytes or more (`__type(value, ...)`), of the type that the program reads, or stay within {room}"
        ))
        .patch(patch::larger_value(scene, need)),
        _ => Help::say(format!("stay within the {room} bytes of {what}, or make it larger")),
    }
}
