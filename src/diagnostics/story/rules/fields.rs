//! Fields of map values and objects that only functions of their own may touch.

use super::{
    callee, does, field_type, field_words, held, holds, made, special, subject, subject_is,
};
use crate::abstract_interp::btf_record::FieldKind;
use crate::abstract_interp::refusal::{Fault, Key, Owner};
use crate::abstract_interp::value::Kind;
use crate::diagnostics::story::{Scene, Story};
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let field = special(scene);
    let words = field_words(field);
    let ty = field_type(field);
    let off = scene.refusal.number("off");
    let story = match key {
        Key::FieldAccessed | Key::FieldOfObject | Key::FieldPassed => return Some(touched(scene)),
        Key::FieldVariable => Story::rule(
            scene,
            format!("{} at an offset that is a variable, and {words} may lie there.", does(scene)),
        )
        .because("Such a field has one place, and every access must be shown to be at it or not.")
        .advise(format!("access {ty} by its name")),
        Key::FieldMisaligned => Story::rule(
            scene,
            format!("{} at byte {} of the value, across {words}.", does(scene), off.unwrap_or(0)),
        )
        .advise("access the field by its name, as a whole"),
        Key::FieldWidth => Story::rule(
            scene,
            format!("{} of {words}, which is accessed as 8 bytes only.", does(scene)),
        )
        .advise("read the whole pointer: 8 bytes, by the field's name"),
        Key::FieldOffset => Story::rule(
            scene,
            format!("{} is at an offset that is a variable, and {} takes {words} at its one place.", subject(scene), callee(scene)),
        )
        .advise(format!("pass the address of the member of type {ty}")),
        Key::FieldElsewhere => {
            let expected = scene.refusal.number("expected").unwrap_or(0);
            Story::rule(
                scene,
                format!(
                    "{} lies at byte {} of the value, and its {} at byte {expected}.",
                    subject(scene),
                    off.unwrap_or(0),
                    words.trim_start_matches("a ")
                ),
            )
            .advise(format!("pass the address of the member of type {ty}"))
        }
        Key::FieldAbsent => absent(scene, &ty),
        Key::FieldUntypedMap => {
            let map = scene.refusal.text("map").unwrap_or_default();
            Story::rule(
                scene,
                format!("nothing tells where the {} of map `{map}` lies: the map is declared without the type of its values.", words.trim_start_matches("a ")),
            )
            .advise(format!("declare `{map}` with `__type(key, ...)` and `__type(value, struct ...)` in `.maps`"))
        }
        Key::FieldNotInMap => Story::rule(
            scene,
            format!("{}, which has no {}.", subject_is(scene), words.trim_start_matches("a ")),
        )
        .advise(format!("put a member of type {ty} into the map's value, and pass its address")),
        Key::FieldNotFound => Story::rule(
            scene,
            format!(
                "{} is to be {words}, but at byte {} of {} there is none.",
                subject(scene),
                off.unwrap_or(0),
                holds(scene).trim_start_matches("a pointer to ")
            ),
        )
        .because("Which members are heads, roots and nodes is told by their types and `__contains` tags alone.")
        .advise(format!("pass the address of the member of type {ty} itself; a head or root needs its `__contains(type, member)`")),
        Key::LockHolderExpected | Key::MapValueExpected => Story::rule(
            scene,
            format!("{}, and {} takes what lies in a map's value or an allocated object.", subject_is(scene), callee(scene)),
        )
        .because("The lock, timer or list outlives the program's run: it must lie where all who use it find it.")
        .advise("put it into the value of a map (an array of one element will do), and pass the address of the member in what `bpf_map_lookup_elem` returns"),
        _ => return None,
    };
    Some(story.after(made(scene)))
}

/// A plain access, a copy of the whole, or a function that gets all of it.
fn touched(scene: &Scene<'_>) -> Story {
    let field = special(scene);
    let words = field_words(field);
    let ty = field_type(field);
    let place = match held(scene).map(|h| h.kind) {
        Some(Kind::MapValue { map, .. }) => scene
            .map(map)
            .map(|m| format!(" of a value of map `{}`", m.name)),
        _ => None,
    }
    .unwrap_or_default();
    let own = "Such a field holds state of the kernel: a plain access would corrupt it.";
    if let Some(call) = &scene.refusal.call {
        return Story::rule(
            scene,
            format!(
                "`{}` is verified to read and write all that its parameter points to, and {words} lies in what it is given.",
                call.name
            ),
        )
        .because("A global function is verified once, from the types of its parameters alone.")
        .after(made(scene))
        .advise(format!(
            "make `{}` `static`, or hand it the members that it needs instead of the whole",
            call.name
        ));
    }
    let text = match field {
        Some(FieldKind::SpinLock | FieldKind::ResSpinLock) => {
            format!(
                "access the other members by name; never copy or clear a structure with {ty} as a whole"
            )
        }
        Some(FieldKind::KptrRef | FieldKind::KptrPercpu | FieldKind::KptrUnref) => {
            "put the pointer in, and take it out, with `bpf_kptr_xchg`".into()
        }
        _ => format!("leave {ty} to its functions, and access the other members by name"),
    };
    Story::rule(
        scene,
        match scene.callee() {
            Some(by) => {
                format!("`{by}` would access {words}{place}, which only functions made for it may.")
            }
            None => format!(
                "{} of {words}{place}, which only functions made for it may.",
                does(scene)
            ),
        },
    )
    .because(own)
    .after(made(scene))
    .advise(text)
}

fn absent(scene: &Scene<'_>, ty: &str) -> Story {
    let owner = match scene.refusal.fault() {
        Some(Fault::FieldAbsent {
            owner: Owner::Map(name),
            ..
        }) => format!("the values of map `{name}` have"),
        _ => "the object has".into(),
    };
    Story::rule(
        scene,
        format!("{} takes {ty}, and {owner} none.", callee(scene)),
    )
    .advise(format!(
        "put a member of type {ty} into the value's type, at its top level, and pass its address"
    ))
}
