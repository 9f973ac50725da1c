//! Locks that are not taken, not held, or another's.

use super::{callee, field_words, last_call, made, special, subject};
use crate::abstract_interp::refusal::Key;
use crate::diagnostics::names;
use crate::diagnostics::story::patch::{self, Patch};
use crate::diagnostics::story::{Event, Happened, Help, Scene, Story};
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    Some(match key {
        Key::LockMissing => missing(scene),
        Key::LockOfOther => of_other(scene),
        Key::UnlockMissing | Key::UnlockedFree => free(scene),
        Key::UnlockedOther => other(scene),
        Key::UnlockedOrder => order(scene),
        Key::LockedInNodeCallback => Story::rule(
            scene,
            format!(
                "{} is called in the function that compares two nodes, which runs with the tree's lock held.",
                callee(scene)
            ),
        )
        .because("The lock is taken already; what compares must only read the two nodes.")
        .advise(format!("take the call of {} out of the function", callee(scene))),
        _ => return None,
    })
}

fn takes(name: &str) -> bool {
    name.contains("spin_lock")
}

fn gives_back(name: &str) -> bool {
    name.contains("spin_unlock")
}

/// The lock that was taken last, what it was called, and its line.
fn taken(scene: &Scene<'_>) -> Option<(Event, String, Option<String>)> {
    let (event, name) = last_call(scene, takes)?;
    let argument = scene.argument(event.insn, 1);
    Some((event, name, argument))
}

/// The last unlock, if there was one.
fn ended(scene: &Scene<'_>) -> Option<Event> {
    let (event, name) = last_call(scene, gives_back)?;
    Some(Event {
        kind: Happened::Closed(name),
        ..event
    })
}

const GUARD: &str = "A list or tree is guarded by the lock that lies in the same map value or object as its head or root; no other counts.";

fn missing(scene: &Scene<'_>) -> Story {
    let subject = subject(scene);
    let ended = ended(scene);
    let text = match ended.as_ref().and_then(|e| scene.line_number(e.insn)) {
        Some(line) => format!(
            "call {} before the lock is given back in line {line}",
            callee(scene)
        ),
        None => format!(
            "take the lock that lies beside {subject} first (`bpf_spin_lock`), and give it back after"
        ),
    };
    Story::rule(
        scene,
        format!(
            "{} works on {}, {}, and no lock is held here.",
            callee(scene),
            subject,
            field_words(special(scene))
        ),
    )
    .because(GUARD)
    .after(made(scene))
    .after(ended)
    .advise(text)
}

fn of_other(scene: &Scene<'_>) -> Story {
    let subject = subject(scene);
    let taken = taken(scene);
    let held = match taken.as_ref().and_then(|t| t.2.as_ref()) {
        Some(lock) => format!("the lock that is held, `{lock}`, is another object's"),
        None => "the lock that is held is another object's".into(),
    };
    Story::rule(
        scene,
        format!("{} works on {subject}, and {held}.", callee(scene)),
    )
    .because(GUARD)
    .after(made(scene))
    .after(taken.map(|t| t.0))
    .advise(format!(
        "take the lock that lies in the same map value, object or section as {subject}; keep one pointer to it for both (a second lookup counts as another value)"
    ))
}

fn free(scene: &Scene<'_>) -> Story {
    let ended = ended(scene);
    let text = match ended.as_ref().and_then(|e| scene.line_number(e.insn)) {
        Some(line) => format!("take this call out: the lock was given back in line {line}"),
        None => "take the lock on every way that leads here, or take this call out".into(),
    };
    Story::rule(
        scene,
        format!(
            "{} is called, but no lock is held on this path.",
            callee(scene)
        ),
    )
    .because("A lock is given back once for each time that it is taken, on every way.")
    .after(ended)
    .help(Help::say(text).patch(Patch::skip(scene)))
}

fn other(scene: &Scene<'_>) -> Story {
    let taken = taken(scene);
    let given = scene.argument(scene.insn, 1);
    let held = taken.as_ref().and_then(|t| t.2.clone());
    let line = taken
        .as_ref()
        .and_then(|t| scene.line_number(t.0.insn))
        .map_or_else(String::new, |n| format!(" in line {n}"));
    let (what, text) = match (&given, &held) {
        (Some(given), Some(held)) if given != held => (
            format!(
                "{} is given `{given}`, but the lock that was taken{line} is `{held}`.",
                callee(scene)
            ),
            format!("give back the lock that was taken: `{held}`"),
        ),
        _ => (
            format!(
                "{} is given the lock of another value than the one that was taken{line}.",
                callee(scene)
            ),
            "keep one pointer to the value for both calls: a second lookup counts as another value"
                .to_owned(),
        ),
    };
    // The same lock in the call's own line.
    let edit = match (held, scene.argument_place(1)) {
        (Some(held), Some((l, line, place))) if given.as_ref() != Some(&held) => {
            scene.replace(&l.file, l.line, line, place, &held)
        }
        _ => None,
    };
    let lock = scene
        .calls(|c, name| c.insn != scene.insn && takes(name))
        .pop();
    let patch = lock.and_then(|(call, _)| patch::same_argument(scene, &call));
    let mut events = Vec::new();
    if let Some(node) = scene.node(1) {
        crate::diagnostics::story::trace::value(scene, node, &mut events);
    }
    Story::rule(scene, what)
        .because("What was taken is given back by the same pointer.")
        .after(events)
        .after(taken.map(|t| t.0))
        .help(Help::say(text).edit(edit).patch(patch))
}

fn order(scene: &Scene<'_>) -> Story {
    let calls = scene.calls(|c, name| {
        c.insn != scene.insn && takes(name) && !names::releases(scene.program, c.callee)
    });
    let events: Vec<Event> = calls
        .into_iter()
        .map(|(c, name)| scene.event(c.step, c.insn, Happened::Section(name)))
        .collect();
    Story::rule(
        scene,
        format!(
            "{} gives a lock back before another that was taken after it.",
            callee(scene)
        ),
    )
    .because("Locks are given back in the reverse order of taking them.")
    .after(events)
    .advise("give back the lock that was taken last first")
}
