//! Maps that a program, a call or an instruction may not use so.

use super::{a_type, callee, field_words, holds, loaded_map, made, map_type, special, subject};
use crate::abstract_interp::refusal::Key;
use crate::diagnostics::story::{Scene, Story};
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let map = loaded_map(scene, scene.insn);
    let name = map.map_or_else(|| "the map".into(), |m| format!("map `{}`", m.name));
    let globals = map.is_some_and(crate::object::MapDef::is_data);
    let other = if globals {
        "move the variable to another program's object, or to a section of its own that this program does not use (`SEC(\".bss.NAME\")`)"
    } else {
        "keep what this program needs in a second map without it, and count there by `__sync_fetch_and_add` or per CPU"
    };
    let ty = a_type(scene);
    Some(match key {
        Key::MapOfTracing => Story::rule(
            scene,
            format!("{name} holds {} in its values, and {ty} program may not use such a map.", field_words(special(scene))),
        )
        .because("It may run in the middle of who holds the lock, or of what the timer does, on the same processor.")
        .advise(other),
        Key::MapOfTracingCollections => Story::rule(
            scene,
            format!("{name} holds lists or trees, and {ty} program may not use such a map."),
        )
        .because("Their locks could be held already by what the program interrupted.")
        .advise(other),
        Key::MapOfSocketFilter => Story::rule(
            scene,
            format!("{name} holds a lock in its values, and {ty} program may not use such a map."),
        )
        .advise(other),
        Key::MapOfStructOps => Story::rule(
            scene,
            format!("{name} is of a type that only user space works on."),
        )
        .advise("keep the program's own data in a map of another type"),
        Key::MapOfSleepable => {
            let kind = scene.refusal.number("map_type").unwrap_or(0);
            Story::rule(
                scene,
                format!("{name} is a {}, which a program that may sleep cannot use.", map_type(kind.max(0) as u32)),
            )
            .because("Its elements may be freed while the program sleeps.")
            .advise("use a map of another type (arrays, hashes, ring buffers and local storage serve sleepable programs), or attach without sleeping")
        }
        Key::CgroupStorageTwice => Story::rule(
            scene,
            "the program uses two cgroup storages of one kind; it may have one of each.",
        )
        .advise("put both values into the value of one map"),
        Key::ArenaTwice => Story::rule(scene, "the program uses two arenas; it may have one.")
            .advise("put both into one arena"),
        Key::MapFd => {
            let fd = scene.refusal.number("fd").unwrap_or(0);
            Story::rule(
                scene,
                format!("the instruction names a map by the descriptor {fd}, which is none of this object's maps."),
            )
            .because("A descriptor is of the process that loads: the loader writes it where the object names a map.")
            .advise("name the map by its symbol (`&map`), so that the loader can fill it in")
        }
        Key::MapValueOffset | Key::MapNotDirect => Story::rule(
            scene,
            format!("{name} gives no address of its value that a program could hold."),
        )
        .because("Only arrays of one element have their value's address known when the program is loaded.")
        .advise("look the value up with `bpf_map_lookup_elem`"),
        Key::MapValuePointer => {
            let (off, limit) = (scene.refusal.number("off").unwrap_or(0), scene.refusal.number("limit").unwrap_or(0));
            Story::rule(
                scene,
                format!("the address is byte {off} of the value of {name}, which has {limit} bytes."),
            )
            .advise("name a variable of the section itself")
        }
        Key::TooManyMaps => {
            let limit = scene.refusal.number("limit").unwrap_or(64);
            Story::rule(scene, format!("the program uses more than {limit} maps."))
                .advise("put values of one kind into one map with a key for each, or into a map of maps")
        }
        Key::MapExpected => Story::rule(
            scene,
            format!("{} is {}, and {} takes a map (`&name`).", subject(scene), holds(scene), callee(scene)),
        )
        .after(made(scene))
        .advise("pass the address of a map that is declared in `.maps`, or what a lookup in a map of maps returned"),
        Key::SockmapUpdated => Story::rule(
            scene,
            format!("{} changes a map of sockets, which {ty} program may not.", callee(scene)),
        )
        .because("Taking the sockets' locks there could wait for what the program interrupted.")
        .advise("change it in user space, or in a program of a type that may (`sock_ops` with `bpf_sock_map_update`, `sk_skb`, `sched_cls`)"),
        Key::SockmapValue => Story::rule(
            scene,
            format!("the value that {} is given for a map of sockets is no socket.", callee(scene)),
        )
        .after(made(scene))
        .advise("pass a socket (`ctx->sk`, or what `bpf_sk_lookup_tcp` returned)"),
        Key::MapPointerAccessed | Key::MapStructWritten => Story::rule(
            scene,
            format!("{} is {}: no value of it is there to be accessed.", subject(scene), holds(scene)),
        )
        .after(made(scene))
        .advise("look a value up (`bpf_map_lookup_elem(&map, &key)`), check it against NULL, and access that"),
        Key::TimerOfOtherMap | Key::WorkqueueOfOtherMap => other_map(scene),
        _ => return None,
    })
}

/// A timer or work queue is set up with another map than the one that it lies in.
fn other_map(scene: &Scene<'_>) -> Story {
    use crate::abstract_interp::value::Kind;
    let lies = scene.held(1).and_then(|h| match h.kind {
        Kind::MapValue { map, .. } => Some(scene.map(map)?.name.to_string()),
        _ => None,
    });
    let given = scene.held(2).and_then(|h| match h.kind {
        Kind::ConstMap { map, .. } => Some(scene.map(map)?.name.to_string()),
        _ => None,
    });
    let first = scene
        .argument(scene.insn, 1)
        .map_or_else(|| "argument 1".into(), |a| format!("`{a}`"));
    let mut events = Vec::new();
    if let Some(node) = scene.node(1) {
        crate::diagnostics::story::trace::value(scene, node, &mut events);
    }
    let (what, help) = match (lies, given) {
        (Some(lies), Some(given)) if lies != given => (
            format!(
                "{first} lies in a value of map `{lies}`, and {} is given map `{given}`.",
                callee(scene)
            ),
            format!("pass the map that holds it: `&{lies}`"),
        ),
        _ => (
            format!(
                "{first} lies in a value of another map than {} is given.",
                callee(scene)
            ),
            "pass the map whose value holds it; for a map of maps the one that was looked up"
                .into(),
        ),
    };
    let edit = match (
        help.strip_prefix("pass the map that holds it: `"),
        scene.argument_place(2),
    ) {
        (Some(name), Some((l, line, place))) => {
            scene.replace(&l.file, l.line, line, place, name.trim_end_matches('`'))
        }
        _ => None,
    };
    Story::rule(scene, what)
        .because("It is freed together with the map that it belongs to.")
        .after(events)
        .help(crate::diagnostics::story::Help::say(help).edit(edit))
}
