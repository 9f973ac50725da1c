//! Dynptrs, iterators and saved interrupt flags: objects on the stack that are made,
//! used and ended by functions of their own.

use super::{callee, holds, made, subject, subject_is};
use crate::abstract_interp::refusal::{Fault, Key, StackObject};
use crate::abstract_interp::value::DynptrType;
use crate::diagnostics::flow::Call;
use crate::diagnostics::story::patch::{self, Patch};
use crate::diagnostics::story::{Event, Happened, Help, Scene, Story};
use crate::prelude::*;
use crate::programs::insn::Op;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    Some(match key {
        Key::DynptrUninit => unmade(scene, "a dynptr"),
        Key::IterUninit => unmade(scene, "an iterator"),
        Key::IrqFlagUninit => unmade(scene, "saved interrupt flags"),
        Key::DynptrOverwritten | Key::DynptrWritten => overwritten(scene),
        Key::DynptrTaken => taken(scene, "a dynptr"),
        Key::IterTaken => taken(scene, "an iterator"),
        Key::IrqFlagTaken => taken(scene, "saved interrupt flags"),
        Key::ObjectOffset => offset(scene),
        Key::ObjectVariable | Key::ObjectNotOnStack => not_on_stack(scene),
        Key::DynptrExpected => expected(scene, "a dynptr", "struct bpf_dynptr"),
        Key::IterExpected => expected(scene, "an iterator", "struct bpf_iter_..."),
        Key::DynptrSource => Story::rule(
            scene,
            format!("{}, and `bpf_dynptr_from_mem` takes memory of a map's value only.", subject_is(scene)),
        )
        .because("A dynptr may be kept while the memory behind it goes away; a map's value stays.")
        .after(made(scene))
        .advise("put the buffer into the value of a map (an array of one element, per CPU), or use global data"),
        Key::DynptrConst | Key::DynptrConstReleased => Story::rule(
            scene,
            format!("{} is a dynptr that the callback is given, and {} would change or end it.", subject(scene), callee(scene)),
        )
        .because("Who calls the callback goes on with the dynptr, and ends it.")
        .advise(format!("leave out {}: read by `bpf_dynptr_read` and `bpf_dynptr_data`, or work on a clone (`bpf_dynptr_clone`)", callee(scene)))
        ,
        Key::DynptrKind => kind(scene),
        Key::ArgumentUnacquired if !made_here(scene) => unmade(scene, "a dynptr"),
        Key::ArgumentUnacquired => Story::rule(
            scene,
            format!("{} is a dynptr that holds no reference, and {} gives one back.", subject(scene), callee(scene)),
        )
        .because("Only what was reserved can be submitted or discarded.")
        .after(objects(scene, 0))
        .advise(format!("take the call of {} out: dynptrs over packets, maps and global data need no end", callee(scene))),
        Key::IrqFlagKind => Story::rule(
            scene,
            format!("{} holds flags that another kind of call saved, and {} does not take them.", subject(scene), callee(scene)),
        )
        .after(objects(scene, 0))
        .advise("restore by the pair of what saved: `bpf_local_irq_restore` after `bpf_local_irq_save`, `bpf_res_spin_unlock_irqrestore` after `bpf_res_spin_lock_irqsave`"),
        Key::IrqOrder => Story::rule(
            scene,
            format!("{} restores flags that were not saved last.", callee(scene)),
        )
        .because("Interrupts are restored in the reverse order of saving them.")
        .after(sections(scene, "irq"))
        .advise("restore what was saved last first"),
        Key::IterWithoutRcu => Story::rule(
            scene,
            format!("{} is called outside of an RCU section, which the iterator needs.", callee(scene)),
        )
        .after(sections(scene, "rcu"))
        .advise("put the whole loop between `bpf_rcu_read_lock()` and `bpf_rcu_read_unlock()`"),
        Key::IterCssTask => Story::rule(
            scene,
            format!("{} may be used only in LSM programs, iterators and programs that may sleep; this one may not.", callee(scene)),
        )
        .advise("iterate in a sleepable program (`SEC(\"lsm.s/...\")`, `SEC(\"iter.s/...\")`)"),
        Key::IterUnnamed => Story::rule(
            scene,
            format!("{} has an iterator's name, but no type of an iterator.", callee(scene)),
        )
        .advise("declare it as the kernel does: `bpf_iter_NAME_new(struct bpf_iter_NAME *it, ...)`"),
        _ => return None,
    })
}

/// A call that makes an object of the words' kind.
fn makes(name: &str, object: &str) -> bool {
    match object {
        "a dynptr" => {
            name.starts_with("bpf_dynptr_from")
                || name.ends_with("reserve_dynptr")
                || name == "bpf_dynptr_clone"
        }
        "an iterator" => name.starts_with("bpf_iter_") && name.ends_with("_new"),
        _ => name.ends_with("irq_save") || name.ends_with("lock_irqsave"),
    }
}

fn ends(name: &str) -> bool {
    ["submit", "discard", "destroy", "irq_restore", "irqrestore"]
        .iter()
        .any(|w| name.contains(w))
}

/// What kind of object the refused call is about.
fn object(scene: &Scene<'_>) -> &'static str {
    match scene.refusal.fault() {
        Some(
            Fault::ObjectNotOnStack { object }
            | Fault::ObjectVariable { object }
            | Fault::ObjectOffset { object, .. },
        ) => match object {
            StackObject::Dynptr => "a dynptr",
            StackObject::Iter => "an iterator",
            StackObject::IrqFlag => "saved interrupt flags",
        },
        _ => "a dynptr",
    }
}

/// Calls that made or ended an object at the stack place of the register at fault.
fn objects(scene: &Scene<'_>, reg: u8) -> Vec<Event> {
    let reg = if reg == 0 {
        scene.reg().unwrap_or(0)
    } else {
        reg
    };
    let place = scene.node(reg).and_then(|n| scene.flow.stack(n));
    objects_at(scene, place)
}

fn objects_at(scene: &Scene<'_>, place: Option<(usize, i32)>) -> Vec<Event> {
    let at = |c: &Call| {
        c.args
            .iter()
            .any(|&a| place.is_some() && scene.flow.stack(a) == place)
    };
    let mut out = Vec::new();
    for (c, name) in scene.calls(|c, _| c.insn != scene.insn && at(c)) {
        let object = ["a dynptr", "an iterator", "saved interrupt flags"]
            .into_iter()
            .find(|o| makes(&name, o));
        let kind = match object {
            Some(object) => Happened::ObjectMade {
                callee: name,
                object,
            },
            None if ends(&name) => Happened::Closed(name),
            None => continue,
        };
        out.push(scene.event(c.step, c.insn, kind));
    }
    out
}

/// Whether something was made where the register at fault points to.
fn made_here(scene: &Scene<'_>) -> bool {
    objects(scene, 0)
        .iter()
        .any(|e| matches!(e.kind, Happened::ObjectMade { .. }))
}

/// Calls that open sections of a kind.
fn sections(scene: &Scene<'_>, part: &str) -> Vec<Event> {
    let calls = scene.calls(|c, name| c.insn != scene.insn && name.contains(part));
    let events = calls.into_iter().map(|(c, name)| {
        let closes = name.contains("restore") || name.contains("unlock");
        let kind = if closes {
            Happened::Closed(name)
        } else {
            Happened::Section(name)
        };
        scene.event(c.step, c.insn, kind)
    });
    events.collect()
}

/// Calls by which people make such an object.
fn how(scene: &Scene<'_>, object: &str) -> String {
    match object {
        "a dynptr" => "`bpf_dynptr_from_mem`, `bpf_dynptr_from_skb`, `bpf_dynptr_from_xdp` or `bpf_ringbuf_reserve_dynptr`".into(),
        "an iterator" => {
            let name = scene.callee().unwrap_or_default();
            let base = name.strip_suffix("_next").or_else(|| name.strip_suffix("_destroy"));
            match base {
                Some(base) => format!("`{base}_new`"),
                None => "its `bpf_iter_..._new`".into(),
            }
        }
        _ => "`bpf_local_irq_save`".into(),
    }
}

fn unmade(scene: &Scene<'_>, object: &str) -> Story {
    let subject = subject(scene);
    let events = objects(scene, 0);
    let ended = events.iter().rev().find_map(|e| match &e.kind {
        Happened::Closed(name) => Some((name.clone(), scene.line_number(e.insn))),
        _ => None,
    });
    let was_made = events
        .iter()
        .any(|e| matches!(e.kind, Happened::ObjectMade { .. }));
    let place = scene
        .reg()
        .and_then(|r| scene.node(r))
        .and_then(|n| scene.flow.stack(n));
    let write = scene.flow.writes.iter().rev().find(|w| {
        place.is_some_and(|(frame, at)| {
            w.frame == frame && w.at + w.size as i32 > at && w.at < at + 16
        }) && was_made
            && events.first().is_some_and(|e| e.step < w.step)
    });
    let at = |line: Option<u32>| line.map_or_else(String::new, |n| format!(" in line {n}"));
    match (ended, write) {
        (Some((name, line)), _) => {
            let help = Help::say(format!(
                "take this call out, or make {object} again after `{name}`"
            ));
            let help = if scene.callee().is_some_and(|c| ends(&c)) {
                help.patch(Patch::skip(scene))
            } else {
                help
            };
            Story::rule(
                scene,
                format!("{subject} is {object} no more: `{name}`{} ended it.", at(line)),
            )
            .because("An object on the stack is ended once, and not used afterwards.")
            .after(events)
            .help(help)
        }
        (None, Some(w)) => Story::rule(
            scene,
            format!("{subject} is {object} no more: its bytes were written{}.", at(scene.line_number(w.insn))),
        )
        .because("Only its own functions may write to it; whatever else does makes plain bytes of it.")
        .after(events)
        .after([scene.event(w.step, w.insn, Happened::Overwritten)])
        .edit_at(Some(w.insn))
        .help(Help::say("take the write out, or make the object after it").patch(patch::without_store(scene, w.insn))),
        (None, None) => Story::rule(
            scene,
            format!("{subject} is no {} here: nothing made one of it on this path.", object.trim_start_matches("an ").trim_start_matches("a ")),
        )
        .because("What it is made of is followed from the call that makes it to the one that ends it, on every path.")
        .after(events)
        .after(elsewhere(scene, object))
        .advise(format!("make it first, by {}, on every way that leads here", how(scene, object))),
    }
}

/// A call of the same function that makes such an object, and that this path goes around.
fn elsewhere(scene: &Scene<'_>, object: &str) -> Vec<Event> {
    let Some(sub) = scene
        .program
        .subprog_at(scene.insn as u32)
        .and_then(|at| scene.program.subprogs.get(at))
    else {
        return Vec::new();
    };
    let found = (sub.start as usize..sub.end as usize).find(|&insn| {
        let made = match scene.ops.get(insn) {
            Some(&Op::Call(callee)) => makes(
                &crate::diagnostics::names::callee(scene.program, callee, insn),
                object,
            ),
            _ => false,
        };
        made && !scene.path.iter().any(|&p| p as usize == insn)
    });
    let Some(insn) = found else {
        return Vec::new();
    };
    let mut out = vec![scene.event(
        0,
        insn,
        Happened::Changed(format!(
            "{object} is made here, and this path goes around it"
        )),
    )];
    // The branch that does so: the last before in the order of the code.
    let around = scene
        .flow
        .tests
        .iter()
        .rev()
        .find(|t| t.taken && t.insn < insn);
    out.extend(around.map(|t| {
        scene.event(
            t.step,
            t.insn,
            Happened::Changed("the way taken here goes around".into()),
        )
    }));
    out
}

fn overwritten(scene: &Scene<'_>) -> Story {
    let place = match scene.memory().filter(|m| m.access.writes()) {
        Some(m) => scene
            .node(m.base)
            .and_then(|n| scene.flow.stack(n))
            .map(|(frame, at)| (frame, at + i32::from(m.off))),
        None => scene
            .reg()
            .and_then(|r| scene.node(r))
            .and_then(|n| scene.flow.stack(n)),
    };
    // A dynptr takes 16 bytes; the write may hit any.
    let places = (0..2).filter_map(|w| place.map(|(f, at)| (f, at - at.rem_euclid(8) - 8 * w)));
    let mut events: Vec<Event> = places.flat_map(|p| objects_at(scene, Some(p))).collect();
    if events.is_empty() {
        let all = scene.calls(|c, name| c.insn != scene.insn && makes(name, "a dynptr"));
        events.extend(all.into_iter().next_back().map(|(c, callee)| {
            let object = "a dynptr";
            scene.event(c.step, c.insn, Happened::ObjectMade { callee, object })
        }));
    }
    let name = scene
        .expr(scene.insn)
        .filter(|e| scene.callee().is_none() && !e.contains('('))
        .map_or_else(String::new, |e| format!(" to `{e}`"));
    let by = scene.callee().map_or_else(
        || format!("this write{name} goes to bytes of a dynptr that must still be ended."),
        |by| format!("`{by}` would write to bytes of a dynptr."),
    );
    Story::rule(scene, by)
        .because("Only its own functions may change it; overwritten, what it holds could never be given back.")
        .after(events)
        .advise("end the dynptr first (`bpf_ringbuf_submit_dynptr`, `bpf_ringbuf_discard_dynptr`), or write to another variable")
}

fn taken(scene: &Scene<'_>, object: &str) -> Story {
    Story::rule(
        scene,
        format!(
            "{} is in use already: {} would lose {object} that it holds.",
            subject(scene),
            callee(scene)
        ),
    )
    .because("What is made once is ended before its place is used again.")
    .after(objects(scene, 0))
    .advise("end the first before, or use a second variable")
}

fn offset(scene: &Scene<'_>) -> Story {
    let off = scene.refusal.number("off").unwrap_or(0);
    let object = object(scene);
    Story::rule(
        scene,
        format!("{} does not point to the beginning of {object}: it lies at {off} from the frame's top, beside where one begins.", subject(scene)),
    )
    .after(objects(scene, 0))
    .advise("pass the address of the variable itself, without an offset; a variable of its own, of its own type, is aligned as it must be")
}

fn not_on_stack(scene: &Scene<'_>) -> Story {
    let object = object(scene);
    let plain = object.trim_start_matches("an ").trim_start_matches("a ");
    Story::rule(
        scene,
        format!(
            "{} is {}: a {plain} lives on the stack, in a variable of the function.",
            subject(scene),
            holds(scene)
        ),
    )
    .because(
        "Only what lies on the stack at a known place can be followed from its making to its end.",
    )
    .after(made(scene))
    .advise("declare it as a local variable, and pass its address (`&name`)")
}

fn expected(scene: &Scene<'_>, object: &str, ty: &str) -> Story {
    Story::rule(
        scene,
        format!(
            "{}, and {} takes {object}.",
            subject_is(scene),
            callee(scene)
        ),
    )
    .because("It is made by a call, on the stack, and followed from there to its end.")
    .after(made(scene))
    .advise(format!(
        "declare a local `{ty}`, make it, and pass its address"
    ))
}

fn kind(scene: &Scene<'_>) -> Story {
    let want = match scene.refusal.fault() {
        Some(Fault::DynptrKind { want }) => match want {
            DynptrType::Local => "over memory of a map",
            DynptrType::Ringbuf => "over a ring buffer's record",
            DynptrType::Skb => "over an skb",
            DynptrType::Xdp => "over an XDP frame",
            DynptrType::File => "over a file",
            DynptrType::SkbMeta => "over an skb's metadata",
        },
        _ => "of another kind",
    };
    Story::rule(
        scene,
        format!(
            "{} takes a dynptr {want}, and {} is none.",
            callee(scene),
            subject(scene)
        ),
    )
    .after(objects(scene, 0))
    .advise(format!(
        "pass a dynptr {want}, or use the function for the kind at hand"
    ))
}
