//! Reads of what was never written: stack bytes and registers.

use super::patch::Patch;
use super::{Cause, Claim, Event, Happened, Help, Scene, Story, Sure, trace};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Key;
use crate::diagnostics::c_text;
use crate::diagnostics::flow::Made;
use crate::prelude::*;
use crate::programs::insn::Op;

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    let Some(key) = scene.key() else {
        return (scene.refusal.code() == Code::StackUninit).then(|| unsized_read(scene));
    };
    match key {
        Key::StackUnreadable
        | Key::StackArgumentUnreadable
        | Key::StackArgumentUnreadableVariable => stack(scene),
        Key::Unwritten => register(scene),
        Key::Trap => Some(trap(scene)),
        _ => None,
    }
}

/// A log that gives no numbers: what the path wrote near the address.
fn unsized_read(scene: &Scene<'_>) -> Story {
    let place = scene
        .reg()
        .and_then(|r| scene.node(r))
        .and_then(|n| scene.flow.stack(n));
    let near = scene.flow.writes.iter().filter(|w| {
        place.is_some_and(|(frame, at)| {
            w.frame == frame && w.at + w.size as i32 > at && w.at < at + 64
        })
    });
    let events = near.map(|w| scene.event(w.step, w.insn, Happened::Written { size: w.size }));
    let claim =
        Claim::Plain("Stack bytes are read of which some were never written on this path.".into());
    Story {
        events: events.collect(),
        helps: vec![Help::say(
            "give the whole variable a value where it is declared: `= {}`",
        )],
        ..Story::new(scene.refusal.code(), claim)
    }
}

/// Objects on the stack, by a part of the name of the call that makes them.
const OBJECTS: [(&str, &str); 4] = [
    ("dynptr", "a dynptr"),
    ("iter", "an iterator"),
    ("irq_save", "saved interrupt flags"),
    ("lock_irqsave", "saved interrupt flags"),
];

fn stack(scene: &Scene<'_>) -> Option<Story> {
    let number = |name| scene.refusal.number(name);
    let size = number("size").unwrap_or(0).max(0) as u64;
    let byte = number("byte").unwrap_or(0).max(0) as u64;
    let reg = scene.reg();
    let place = reg
        .and_then(|r| scene.node(r))
        .and_then(|n| scene.flow.stack(n))
        .map(|(frame, at)| (frame, at + scene.offset() as i32));
    let off = number("off").map(|o| o as i32).or(place.map(|p| p.1));
    let frame = place.map_or(scene.flow.frame, |p| p.0);
    let mut events: Vec<Event> = Vec::new();
    let mut written = 0u64;
    if let Some(at) = off {
        let end = at + size.min(512) as i32;
        let mut covered = vec![false; (end - at).clamp(0, 512) as usize];
        let writes: Vec<_> = scene
            .flow
            .writes
            .iter()
            .filter(|w| w.frame == frame && w.at < end && w.at + w.size as i32 > at)
            .collect();
        for w in &writes {
            for i in w.at.max(at)..(w.at + w.size as i32).min(end) {
                if let Some(c) = covered.get_mut((i - at) as usize) {
                    *c = true;
                }
            }
        }
        // Of what the path wrote one byte does not count, or it would not be refused.
        written = covered.iter().filter(|c| **c).count() as u64;
        written = written.min(size.saturating_sub(1));
        let newest = writes.iter().rev().take(3);
        events.extend(
            newest.map(|w| scene.event(w.step, w.insn, Happened::Written { size: w.size })),
        );
        if let Some(story) = object(scene, frame, at, end) {
            return Some(story);
        }
    }
    let callee = scene.callee();
    let what = match (&callee, reg) {
        (Some(_), Some(reg)) => scene
            .argument(scene.insn, reg)
            .map(|a| a.trim_start_matches('&').to_owned())
            .filter(|a| c_text::is_name(a)),
        _ => scene.expr(scene.insn).map(str::to_owned),
    };
    let text = match &what {
        Some(name) if written > 0 => format!(
            "clear all of `{name}`, padding included, where it is declared: `= {{}}`, or `__builtin_memset(&{name}, 0, sizeof({name}))` before its members are set"
        ),
        Some(name) => format!("give `{name}` a value on every path: where it is declared"),
        None => "give the variable a value on every path: where it is declared".into(),
    };
    let edit = what.as_deref().and_then(|name| declaration(scene, name));
    let patch = off
        .filter(|_| frame == 0 || scene.program.subprogs.len() > 1)
        .and_then(|at| Patch::clear(scene, at + byte as i32, (size - byte.min(size)) as u32));
    let claim = Claim::Unwritten {
        what,
        callee,
        byte,
        size,
        written,
    };
    Some(Story {
        events,
        helps: vec![Help::say(text).edit(edit).patch(patch)],
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// The stack bytes hold something that only its own functions may read.
fn object(scene: &Scene<'_>, _frame: usize, at: i32, end: i32) -> Option<Story> {
    let made = scene.calls(|c, name| {
        let is = OBJECTS.iter().any(|(part, _)| name.contains(part));
        is && c.args.iter().any(|&a| {
            scene
                .flow
                .stack(a)
                .is_some_and(|(_, s)| (at..end).contains(&s) || (at..end).contains(&(s + 8)))
        })
    });
    let (call, name) = made.into_iter().next()?;
    let (_, object) = *OBJECTS.iter().find(|(part, _)| name.contains(part))?;
    let event = scene.event(
        call.step,
        call.insn,
        Happened::ObjectMade {
            callee: name,
            object,
        },
    );
    let claim = Claim::StackObject {
        object,
        callee: scene.callee(),
    };
    Some(Story {
        events: vec![event],
        helps: vec![Help::say(format!(
            "leave the bytes of {object} to the functions that are made for it; copy data out with them"
        ))],
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// The declaration of a local variable without a value, with one.
fn declaration(scene: &Scene<'_>, name: &str) -> Option<super::Edit> {
    let name = name
        .split(['.', '[', '-'])
        .next()
        .filter(|n| c_text::is_name(n))?;
    let l = scene.line(scene.insn)?;
    let mut from = l.line;
    while from > 1 && l.line - from < 200 {
        from -= 1;
        let text = scene.text(&l.file, from)?;
        let code = text.split("//").next().unwrap_or("").trim_end();
        if code.starts_with('}') {
            return None;
        }
        let Some(head) = code.strip_suffix(';') else {
            continue;
        };
        let array = head.ends_with(']');
        let declared = if array {
            head.split('[').next().unwrap_or("")
        } else {
            head
        };
        let before = declared.trim_end().strip_suffix(name).unwrap_or("");
        let is = before.ends_with([' ', '*'])
            && !before.trim().is_empty()
            && !head.contains(['=', '(', ','])
            && !before.trim_start().starts_with("return");
        if is {
            let pointer_or_number =
                !array && !before.contains("struct ") && !before.contains("union ");
            let value = if pointer_or_number { " = 0" } else { " = {}" };
            let at = head.len();
            return scene.replace(&l.file, from, text.clone(), (at, at), value);
        }
    }
    None
}

fn register(scene: &Scene<'_>) -> Option<Story> {
    let reg = scene.refusal.reg.or(scene.reg())?;
    let node = scene.node(reg)?;
    let def = scene.flow.def(scene.flow.root(node));
    let mut events = Vec::new();
    trace::making(scene, scene.flow.root(node), &mut events, true);
    let in_main = scene.program.subprog_at(scene.insn as u32) == Some(0);
    let entry = matches!(def.made, Made::Never) && in_main && (2..=5).contains(&reg);
    let at_head = scene.line_number(scene.insn) == scene.line_number(0);
    // Who writes registers by name declares no parameters.
    let assembler = scene
        .line(scene.insn)
        .is_some_and(|l| c_text::assembler(&l.text));
    let wiped = events.iter().find_map(|e| match &e.kind {
        Happened::Wiped(name) => Some(name.clone()),
        _ => None,
    });
    let parameter = (entry
        && !assembler
        && (at_head || scene.path.len() < 64)
        && !matches!(scene.op(), Some(Op::Exit)))
    .then_some(reg);
    let what = scene.expr(scene.insn).map(str::to_owned);
    let claim = Claim::NeverSet {
        what: what.clone(),
        reg,
        parameter,
        wiped: wiped.clone(),
    };
    if parameter.is_some() {
        let line = scene.line(0);
        if let Some(l) = line {
            events.push(scene.event(0, 0, Happened::Entry));
            let _ = l;
        }
        return Some(Story {
            events,
            edit_at: Some(0),
            edit_line: head(scene),
            helps: vec![signature(scene)],
            ..Story::new(scene.refusal.code(), claim)
        });
    }
    if let Some(call) = wiped.filter(|_| what.is_none()) {
        return Some(Story {
            events,
            helps: vec![Help::say(format!(
                "keep what is needed after {call} in R6 to R9, or on the stack, before the call"
            ))],
            ..Story::new(scene.refusal.code(), claim)
        });
    }
    if matches!(scene.op(), Some(Op::LdAbs { .. } | Op::LdInd { .. })) && reg == 6 {
        return Some(Story {
            events,
            helps: vec![Help::say(
                "keep `ctx` in R6 (`r6 = r1`) before, or use `bpf_skb_load_bytes`",
            )],
            ..Story::new(scene.refusal.code(), claim)
        });
    }
    let exits = matches!(scene.op(), Some(Op::Exit)) || reg == 0;
    let text = match &what {
        _ if exits => "return a value on every path of the function".to_owned(),
        Some(name) => format!("give `{name}` a value on every path: where it is declared"),
        None => "give the variable a value on every path: where it is declared".into(),
    };
    let edit = what.as_deref().and_then(|name| declaration(scene, name));
    Some(Story {
        events,
        helps: vec![
            Help::say(text)
                .edit(edit)
                .patch(Some(Patch::set(scene, reg, 0))),
        ],
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// How a program of the type gets the arguments of what it hooks.
fn signature(scene: &Scene<'_>) -> Help {
    use crate::helpers_spec::ProgType as P;
    let name = &scene.program.name;
    let text = match scene.program.prog_type {
        P::Kprobe => format!("a probe is given the registers only: declare it as `int BPF_KPROBE({name}, ...)` with the function's parameters, or take `PT_REGS_PARM1(ctx)`, `PT_REGS_PARM2(ctx)`, ..."),
        P::Tracing | P::Lsm | P::StructOps => format!("the arguments come in one array: declare it as `BPF_PROG({name}, ...)` with the hook's parameters"),
        P::RawTracepoint => format!("the arguments come in `ctx->args[]`: declare it as `BPF_PROG({name}, ...)`, or read them there"),
        P::Tracepoint => "a tracepoint's program is given one struct (`struct trace_event_raw_...`): read the fields from there".into(),
        P::PerfEvent => "the program is given one `struct bpf_perf_event_data *`: read the registers and address from there".into(),
        _ => "a program of this type is given its context only: take the second parameter out, and read what is needed from the context".into(),
    };
    Help::say(text)
        .edit(macro_signature(scene))
        .patch(Patch::argument(scene))
}

/// The program's head with `BPF_KPROBE` or `BPF_PROG`.
fn macro_signature(scene: &Scene<'_>) -> Option<super::Edit> {
    use crate::helpers_spec::ProgType as P;
    let wrap = match scene.program.prog_type {
        P::Kprobe => "BPF_KPROBE",
        P::Tracing | P::Lsm | P::RawTracepoint => "BPF_PROG",
        _ => return None,
    };
    let l = scene.line(0)?;
    let line = head(scene)?;
    let old = scene.text(&l.file, line)?;
    let name = &scene.program.name;
    let at = old.find(&format!(" {name}("))? + 1;
    let open = at + name.len();
    let close = c_text::closing(&old, open)?;
    let all: Vec<&str> = old
        .get(open + 1..close)?
        .split(',')
        .map(str::trim)
        .collect();
    let rest = all.get(1..)?.join(", ");
    let new = format!("{wrap}({name}, {rest})");
    scene.replace(&l.file, line, old.clone(), (at, close + 1), &new)
}

/// The line of the program's head.
fn head(scene: &Scene<'_>) -> Option<u32> {
    let l = scene.line(0)?;
    let wanted = format!(" {}(", scene.program.name);
    (l.line.saturating_sub(12)..=l.line).rev().find(|&line| {
        scene
            .text(&l.file, line)
            .is_some_and(|t| t.contains(&wanted) && !t.trim_end().ends_with(';'))
    })
}

fn trap(scene: &Scene<'_>) -> Story {
    let what = "The compiler found that this path has undefined behaviour, and put a trap in place of the code that would follow.";
    Story {
        reason: Some("A variable that is read before it is set, an index beyond a constant array, or a function without a return: compile with `-Wall -Wextra` to be told which.".into()),
        helps: vec![Help::say("set the variable on every path, or keep the index inside the array")],
        cause: (Cause::Source, Sure::Medium),
        ..Story::rule(scene, what)
    }
}
