//! Numbers that are followed as if they were pointers.

use super::null::code;
use super::patch;
use super::{Cause, Claim, Event, Happened, Help, Range, Scene, Story, Sure, trace};
use crate::abstract_interp::Code;
use crate::diagnostics::c_text;
use crate::diagnostics::flow::{Made, Node};
use crate::helpers_spec;
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

pub(super) fn number(scene: &Scene<'_>, reg: u8, node: Node) -> Story {
    let mut events = Vec::new();
    let mut origin = trace::value(scene, node, &mut events);
    let root = scene.flow.root(node);
    // A pointer that was saved, and is a number now, was written over by what is not
    // followed here.
    let saved = matches!(
        scene.flow.def(root).made,
        Made::Context | Made::Frame | Made::Map { value: false, .. }
    );
    if saved && !cut_pointer(scene, node, &events) {
        origin = None;
        events.clear();
    }
    let range = scene.held(reg).map_or(
        Range {
            min: i64::MIN.into(),
            max: u64::MAX.into(),
        },
        |h| Range::of(&h.bounds),
    );
    // It is no pointer: without a name it is what the line follows.
    let what = Some(scene.pointer_words(reg)).filter(|w| w != "the pointer");
    let what = what.unwrap_or_else(|| "what is followed here".into());
    let cut = cut_pointer(scene, node, &events);
    if range.single().is_some() || cut || (range.max <= u32::MAX.into() && range.min >= 0) {
        return plain(scene, what, range, cut, events);
    }
    let claim = Claim::KernelAddress { what, origin };
    if tag_dropped(scene, root) {
        return Story {
            events,
            ..Story::new(code(scene, Code::KernelAddress), claim)
        }
        .because("The source declares the member with `__kptr`, but the object's types have no such tag: the compiler dropped it.")
        .by(Cause::Compiler, Sure::High)
        .advise("build with clang 15 or later, which keep type tags");
    }
    let mut helps = Vec::new();
    helps.extend(task(scene, root));
    helps.push(probe_read(scene, reg));
    Story {
        events,
        helps,
        ..Story::new(code(scene, Code::KernelAddress), claim)
    }
}

/// Whether a value was read from a member that the source tags as a kernel pointer.
fn tag_dropped(scene: &Scene<'_>, root: Node) -> bool {
    let def = scene.flow.def(root);
    let member = scene
        .expr(def.insn)
        .and_then(|e| e.rsplit(['>', '.']).next());
    let read = matches!(def.made, Made::Load { .. });
    read && member.is_some_and(|m| c_text::is_name(m) && scene.declares_kptr(Some(m)))
}

fn cut_pointer(scene: &Scene<'_>, node: Node, events: &[Event]) -> bool {
    let cut = events.iter().any(|e| e.kind == Happened::Cut);
    cut && matches!(
        scene.flow.def(scene.flow.root(node)).made,
        Made::Call(_) | Made::Map { .. } | Made::Frame | Made::Context
    )
}

fn plain(
    scene: &Scene<'_>,
    what: String,
    range: Range,
    cut: bool,
    mut events: Vec<Event>,
) -> Story {
    let reg = scene.reg();
    let root = reg.and_then(|r| scene.node(r)).map(|n| scene.flow.root(n));
    if let Some(root) = root
        && let Made::Const(c) = scene.flow.def(root).made
    {
        events.extend(trace::set(scene, root, c));
    }
    if let Some(node) = reg.and_then(|r| scene.node(r)) {
        trace::bounds(scene, node, &mut events);
    }
    let help = if cut {
        "keep the pointer in a variable of pointer type, or of 64 bits, all the way".to_owned()
    } else if range.single().is_some() {
        format!(
            "{what} is set to a constant on this path: give it an address, or read fixed kernel addresses with `bpf_probe_read_kernel`"
        )
    } else {
        format!(
            "an offset or index is no address: add {what} to a pointer, or read the pointer itself (8 bytes)"
        )
    };
    Story {
        events,
        helps: vec![Help::say(help)],
        ..Story::new(
            scene.refusal.code(),
            Claim::PlainNumber { what, range, cut },
        )
    }
}

/// The help where the number is the current task's address.
pub(super) fn task(scene: &Scene<'_>, root: Node) -> Option<Help> {
    let Made::Call(Callee::Helper(id)) = scene.flow.def(root).made else {
        return None;
    };
    let own = helpers_spec::helper_name(id as u32) == Some("bpf_get_current_task");
    own.then(|| task_btf(scene, root))
}

/// `bpf_get_current_task_btf` gives a pointer that may be followed.
fn task_btf(scene: &Scene<'_>, root: Node) -> Help {
    let def = scene.flow.def(root);
    let edit = scene.line(def.insn).and_then(|l| {
        let old = scene.text(&l.file, l.line)?;
        let at = old.find("bpf_get_current_task(")?;
        let end = at + "bpf_get_current_task(".len();
        scene.replace(
            &l.file,
            l.line,
            old.clone(),
            (at, end),
            "bpf_get_current_task_btf(",
        )
    });
    let help = Help::say(
        "use `bpf_get_current_task_btf`: its result is a typed `struct task_struct *`, which may be followed",
    );
    help.edit(edit).patch(patch::call_instead(
        scene,
        def.insn,
        "bpf_get_current_task_btf",
    ))
}

/// Reads through the address with a helper that faults safely.
fn probe_read(scene: &Scene<'_>, reg: u8) -> Help {
    let expr = scene
        .line(scene.insn)
        .and_then(|l| c_text::at_column_member(&l.text, l.col));
    // What the address is of is told by where the program is hooked.
    let user = [
        "uprobe",
        "uretprobe",
        "usdt",
        "tp/syscalls/",
        "tracepoint/syscalls/",
    ]
    .iter()
    .any(|s| scene.program.section.starts_with(s));
    let (helper, whose) = if user {
        ("bpf_probe_read_user", " (the address is one of user space)")
    } else {
        ("bpf_probe_read_kernel", "")
    };
    let call = expr.as_deref().and_then(c_text::core_read);
    let call = call.map(|c| match user {
        true => c.replace("BPF_CORE_READ(", "BPF_PROBE_READ_USER("),
        false => c,
    });
    let text = match (&call, scene.pointer_name(reg)) {
        (Some(call), _) if user => {
            format!(
                "the address is one of user space: read it with a helper that faults safely: `{call}` (from `bpf_core_read.h`)"
            )
        }
        (Some(call), _) => {
            format!("read it with a helper that faults safely: `{call}` (from `bpf_core_read.h`)")
        }
        (None, name) => {
            let address = name.unwrap_or_else(|| "address".into());
            format!(
                "read it with `{helper}(&copy, sizeof(copy), {address})`{whose}, and use the copy"
            )
        }
    };
    let edit = scene
        .line(scene.insn)
        .zip(expr)
        .zip(call)
        .and_then(|((l, expr), call)| {
            let old = scene.text(&l.file, l.line)?;
            let at = old.find(&expr)?;
            scene.replace(&l.file, l.line, old.clone(), (at, at + expr.len()), &call)
        });
    let readable = matches!(scene.op(), Some(Op::Load { .. }));
    let text = if readable {
        text
    } else {
        "programs cannot write to the kernel's memory: keep the value in a map, or use a function made for it".into()
    };
    let help = Help::say(text).edit(edit.filter(|_| readable));
    let ever = helpers_spec::helper_id(helper).is_some_and(|id| {
        helpers_spec::helper_ever_allowed(id, scene.program.prog_type, scene.spec())
    });
    let patch = patch::unknown_load(scene, reg).filter(|_| ever && readable);
    help.patch(patch)
}
