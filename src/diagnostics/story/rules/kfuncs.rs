//! Calls of kernel functions that do not fit where they stand.

use super::{callee, holds, made, subject};
use crate::abstract_interp::refusal::Key;
use crate::diagnostics::story::{Cause, Event, Happened, Help, Patch, Scene, Story, Sure};
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let callee = callee(scene);
    let text = |name: &str| scene.refusal.text(name).unwrap_or_default();
    Some(match key {
        Key::KfuncNeedsRcu => Story::rule(scene, format!("{callee} is called outside of an RCU read section, and works inside of one only."))
            .because("What it gives may be freed as soon as no such section is open.")
            .after(sections(scene, "rcu"))
            .advise("call `bpf_rcu_read_lock()` before, and `bpf_rcu_read_unlock()` after the last use of what it gives"),
        Key::RcuNested => Story::rule(scene, format!("{callee} begins an RCU section inside of another, which this target does not nest."))
            .after(sections(scene, "rcu"))
            .advise("take the inner pair out: the outer section protects all within"),
        Key::RcuUnmatched => Story::rule(scene, format!("{callee} ends an RCU section, and none is open on this path."))
            .after(sections(scene, "rcu"))
            .help(Help::say("take the call out, or begin the section on every way that leads here").patch(Patch::skip(scene))),
        Key::RcuInNodeCallback => Story::rule(scene, format!("{callee} is called in the function that compares two nodes, which runs under the tree's lock."))
            .advise("take the call out: what compares must only read the two nodes"),
        Key::PreemptUnmatched => Story::rule(scene, format!("{callee} allows preemption, which nothing had disabled on this path."))
            .after(sections(scene, "preempt"))
            .help(Help::say("take the call out, or call `bpf_preempt_disable()` on every way that leads here").patch(Patch::skip(scene))),
        Key::KfuncReturn | Key::KfuncPointer | Key::KfuncUnnamed | Key::KfuncBufferSizes => Story::rule(
            scene,
            format!("{callee} returns, or is declared with, a type that programs cannot use{}.", with(&text("ty"))),
        )
        .advise("declare it as the kernel does (`bpftool btf dump file /sys/kernel/btf/vmlinux format c`)"),
        Key::KfuncParameter | Key::KfuncParameters => Story::rule(
            scene,
            format!("{callee} has a parameter that programs cannot give{}.", with(&text("ty"))),
        )
        .advise("use a function that is made for programs, or a helper"),
        Key::CastType | Key::CastUnknown => Story::rule(
            scene,
            format!("{callee} is asked for a type that is no structure of the kernel."),
        )
        .after(made(scene))
        .advise("name a structure that the kernel has: `bpf_rdonly_cast(p, bpf_core_type_id_kernel(struct name))`"),
        Key::CallRefused => Story::rule(scene, "the loader put a call here that is always refused: what it stands for is not there.")
            .by(Cause::Environment, Sure::Medium)
            .advise("ask before it is reached: `bpf_ksym_exists`, `bpf_core_type_exists`"),
        Key::ArgumentNullTrusted | Key::ArgumentNull => Story::rule(scene, format!("{} is {}, and {callee} does not take NULL.", subject(scene), holds(scene)))
            .after(made(scene))
            .advise("pass an object, checked against NULL"),
        _ => return None,
    })
}

fn with(ty: &str) -> String {
    if ty.is_empty() {
        String::new()
    } else {
        format!(" (`{ty}`)")
    }
}

/// Calls that open and close sections of a kind.
pub(super) fn sections(scene: &Scene<'_>, part: &str) -> Vec<Event> {
    let calls = scene.calls(|c, name| c.insn != scene.insn && name.contains(part));
    let events = calls.into_iter().map(|(c, name)| {
        let closes = ["unlock", "enable", "restore"]
            .iter()
            .any(|w| name.contains(w));
        let kind = if closes {
            Happened::Closed(name)
        } else {
            Happened::Section(name)
        };
        scene.event(c.step, c.insn, kind)
    });
    events.collect()
}
