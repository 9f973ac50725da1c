//! What the packet's ends are called where an edit is to stand.
//!
//! A variable that was set to the context's field in the same function, a member of a
//! cursor, a parameter, what an earlier comparison of the function names; else the field
//! itself. Names are the object's own: of a file that only is at hand none is shown.

use super::Scene;
use crate::diagnostics::c_function::{self, Function};
use crate::diagnostics::names;
use crate::diagnostics::{c_compare, c_text};
use crate::helpers_spec::{self, CtxKind};
use crate::prelude::*;
use crate::programs::insn::Op;

/// A variable that holds an end of the packet.
pub(super) struct End {
    /// What it is called.
    pub name: String,
    /// What it was set to.
    pub value: String,
    /// Where, in the same file.
    pub line: u32,
}

/// The variables that the object's lines set to a field of the context.
fn set(scene: &Scene<'_>, kind: CtxKind, file: &str) -> Vec<End> {
    let mut out: Vec<End> = Vec::new();
    let Some((field, ..)) = names::packet_field(scene.program, kind) else {
        return out;
    };
    for (at, op) in scene.ops.iter().enumerate() {
        let Op::Load { off, .. } = *op else { continue };
        if names::packet_part(scene.program, off) != Some(kind) {
            continue;
        }
        let Some(l) = scene.line(at).filter(|l| &*l.file == file) else {
            continue;
        };
        if let Some((name, value)) = c_text::set_to(&l.text, field)
            && out.iter().all(|e| e.line != l.line)
        {
            out.push(End {
                name: name.to_owned(),
                value: value.to_owned(),
                line: l.line,
            });
        }
    }
    out
}

/// The variable that holds it at a line, set in the function around that.
pub(super) fn variable(
    scene: &Scene<'_>,
    function: &Function,
    kind: CtxKind,
    (file, line): (&str, u32),
) -> Option<End> {
    let here = |e: &End| {
        let again = function.between(e.line + 1, line);
        // Under a condition it may not have been set.
        function.statement(e.line) == Some(e.line)
            && function.visible(e.line, line)
            && !again
                .into_iter()
                .any(|(_, code)| c_function::sets(code, &e.name))
    };
    set(scene, kind, file).into_iter().rev().find(here)
}

/// An expression for it at a line, in C.
pub(super) fn expression(
    scene: &Scene<'_>,
    kind: CtxKind,
    (file, line): (&str, u32),
) -> Option<String> {
    let function = scene.function(file, line)?;
    if let Some(end) = variable(scene, &function, kind, (file, line)) {
        return Some(end.name);
    }
    let (field, ..) = names::packet_field(scene.program, kind)?;
    // A parameter of the name that it has elsewhere, or of the field's own.
    let unset = |name: &str| {
        let (first, _) = function.lines();
        let mut rows = function.between(first, line);
        !rows.any(|(_, code)| c_function::sets(code, name))
    };
    let others = set(scene, kind, file).into_iter().map(|e| e.name);
    let mut named = others.chain([field.to_owned()]);
    if let Some(name) = named.find(|n| function.has_parameter(n) && unset(n)) {
        return Some(name);
    }
    declared(&function, field, line)
        .or_else(|| compared(scene, &function, (file, line)))
        .or_else(|| read(scene, &function, field, (file, line)))
}

/// A variable of the field's name that the compiler did not need.
fn declared(function: &Function, field: &str, line: u32) -> Option<String> {
    let (first, _) = function.lines();
    let mut rows = function
        .between(first, line)
        .filter(|(_, code)| c_function::sets(code, field));
    let (at, code) = rows.next().filter(|_| rows.next().is_none())?;
    let own = c_text::set_to(code, field).is_some_and(|(name, _)| name == field);
    (own && function.visible(at, line)).then(|| field.to_owned())
}

/// What an earlier comparison of the path compares with.
fn compared(scene: &Scene<'_>, function: &Function, (file, line): (&str, u32)) -> Option<String> {
    scene.flow.tests.iter().rev().find_map(|t| {
        super::packet::ends(scene, t)?;
        let l = scene.line(t.insn).filter(|l| &*l.file == file)?;
        let name = c_compare::compared_with(&l.text)?;
        let again = function
            .between(l.line, line)
            .any(|(_, code)| c_function::sets(code, name));
        (function.visible(l.line, line) && !again).then(|| name.to_owned())
    })
}

/// The field, read where it is needed.
fn read(scene: &Scene<'_>, function: &Function, field: &str, at: (&str, u32)) -> Option<String> {
    let context = context(scene, function, at)?;
    Some(format!("(void *)(long){context}->{field}"))
}

/// What the context is called in a function.
pub(super) fn context(
    scene: &Scene<'_>,
    function: &Function,
    (file, line): (&str, u32),
) -> Option<String> {
    let layout = helpers_spec::ctx_access(
        scene.program.prog_type,
        scene.program.attach_type,
        scene.spec(),
    )?;
    let (first, _) = function.lines();
    let parameter = function.parameter_of(layout.struct_name);
    if let Some(name) = parameter.filter(|n| scene.carries(n)) {
        let mut rows = function.between(first, line);
        return (!rows.any(|(_, code)| c_function::sets(code, name))).then(|| name.to_owned());
    }
    // As a line of the same function has it.
    let mut lines = scene
        .program
        .line_info
        .iter()
        .filter(|l| &*l.file == file && (first..=line).contains(&l.line));
    lines.find_map(|l| {
        let of = |kind| {
            let (field, ..) = names::packet_field(scene.program, kind)?;
            let (_, value) = c_text::set_to(&l.text, field)?;
            Some(c_text::context_member(value)?.0.to_owned())
        };
        let name = of(CtxKind::Packet).or_else(|| of(CtxKind::PacketEnd))?;
        (l.line < line && function.has_parameter(&name)).then_some(name)
    })
}
