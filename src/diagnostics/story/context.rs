//! Fields of the context that the program's type does not give.

use super::offer::some;
use super::{Claim, Help, Scene, Story};
use crate::helpers_spec::{self, ProgType};
use crate::prelude::*;

pub(super) fn context_field(scene: &Scene<'_>) -> Option<Story> {
    let off = u32::try_from(scene.refusal.number("off")?).ok()?;
    let access = scene.access();
    let own = scene.program.prog_type;
    let layout = helpers_spec::ctx_access(own, scene.program.attach_type, scene.spec());
    let named = layout.and_then(|l| {
        l.fields()
            .iter()
            .find(|(_, start, size)| {
                (u32::from(*start)..u32::from(*start) + u32::from(*size)).contains(&off)
            })
            .copied()
    });
    if named.is_none()
        && let Some(story) = argument(scene, off)
    {
        return Some(story);
    }
    let expr = scene.expr(scene.insn).map(str::to_owned);
    let field = named
        .map(|(name, ..)| name.to_owned())
        .filter(|n| !n.is_empty())
        .or_else(|| {
            expr.as_deref()
                .and_then(|e| e.rsplit("->").next())
                .map(str::to_owned)
        })
        .unwrap_or_else(|| format!("offset {off}"));
    let shown = match field.strip_prefix("offset ") {
        Some(off) => format!("byte {off} of the context"),
        None => format!("`{field}`"),
    };
    let size = access.bytes as u32;
    let write = access.write == Some(true);
    let readable = layout.is_some_and(|l| l.access(off, size, false).is_some());
    let width = named.map(|n| n.2).filter(|w| {
        u64::from(*w) != access.bytes
            && named.is_some_and(|(_, start, _)| {
                layout.is_some_and(|l| l.access(start.into(), u32::from(*w), write).is_some())
            })
    });
    let own_struct = named.map(|n| n.0);
    let others = elsewhere(scene, off, size, write, own_struct);
    let text = match (
        write && readable && width.is_none(),
        width,
        others.is_empty(),
    ) {
        (true, ..) => format!(
            "`{field}` may be read only: keep the value in a variable, or change it with a helper made for it"
        ),
        (_, Some(width), _) if write => {
            format!("write all {width} bytes of `{field}` at once")
        }
        (_, Some(width), _) => {
            format!("read all {width} bytes of `{field}`, and take the part from there")
        }
        (_, None, false) => format!(
            "{} {shown} in a program of a type or attach point that gives it ({})",
            if write { "write" } else { "read" },
            some(&others.iter().map(String::as_str).collect::<Vec<_>>())
        ),
        (_, None, true) => format!(
            "{shown} is not open to programs: find what is needed in another field or by a helper"
        ),
    };
    let claim = Claim::ContextField {
        field,
        access,
        width,
        prog_type: own.name().to_owned(),
        others,
    };
    let mut story = Story::new(scene.refusal.code(), claim);
    story.helps.push(Help::say(text));
    Some(story)
}

/// The context is the array of what the hooked function is called with.
fn argument(scene: &Scene<'_>, off: u32) -> Option<Story> {
    use ProgType as P;
    let arguments = matches!(
        scene.program.prog_type,
        P::Tracing | P::RawTracepoint | P::RawTracepointWritable | P::StructOps | P::Lsm
    );
    if !arguments || !off.is_multiple_of(8) || scene.access().write == Some(true) {
        return None;
    }
    let hook = scene.program.attach_to.as_deref().unwrap_or("the hook");
    let expr = scene
        .expr(scene.insn)
        .map_or_else(|| "this".to_owned(), |e| format!("`{e}`"));
    let width = scene.access().bytes;
    let (what, help) = if width == 8 {
        (
            format!("{expr} would be argument {} of `{hook}`, which has not so many.", off / 8 + 1),
            "read those that the function has, 8 bytes each, from `ctx[0]` on (with `BPF_PROG(name, ...)` by their names); what it returns comes after the last, in `fexit` and `fmod_ret` programs only".to_owned(),
        )
    } else {
        (
            format!(
                "{expr} reads {width} bytes of argument {} of `{hook}`; arguments are read whole.",
                off / 8 + 1
            ),
            "read 8 bytes, and take the part from there".to_owned(),
        )
    };
    Some(
        Story::rule(scene, what)
            .because("The context of such a program is the array of what the function was called with, each in 8 bytes.")
            .advise(help),
    )
}

/// Types and attach points whose context has the same field open.
fn elsewhere(
    scene: &Scene<'_>,
    off: u32,
    size: u32,
    write: bool,
    field: Option<&str>,
) -> Vec<String> {
    let Some(field) = field.filter(|f| !f.is_empty()) else {
        return Vec::new();
    };
    let gives = |ty: ProgType, attach| {
        helpers_spec::ctx_access(ty, attach, scene.spec()).is_some_and(|l| {
            l.access(off, size, write).is_some() && l.field_name(off) == Some(field)
        })
    };
    let own = scene.program.prog_type;
    // Another attach point of the same type first.
    let attaches = helpers_spec::AttachType::ALL.iter();
    let mut out: Vec<String> = attaches
        .filter(|a| Some(**a) != scene.program.attach_type && gives(own, Some(**a)))
        .map(|a| a.name().to_owned())
        .collect();
    if gives(own, None) || out.len() > 12 {
        out.clear();
    }
    out.extend(
        ProgType::ALL
            .iter()
            .filter(|t| **t != own && gives(**t, None))
            .map(|t| t.name().to_owned()),
    );
    out
}
