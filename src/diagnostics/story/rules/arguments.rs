//! Arguments that must be constants, strings, references, or nothing.

use super::{callee, holds, made, made_and_bound, number_words, subject, subject_is};
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::Kind;
use crate::diagnostics::flow::Made;
use crate::diagnostics::names;
use crate::diagnostics::story::patch::Patch;
use crate::diagnostics::story::{Event, Happened, Help, Scene, Story, range};
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let callee = callee(scene);
    Some(match key {
        Key::ArgumentNotKnown | Key::ArgumentSizeNotKnown | Key::KfuncBufferSize => unknown(scene),
        Key::ArgumentNotScalar => Story::rule(scene, format!("{}, and {callee} takes a number there.", subject_is(scene)))
            .after(made(scene))
            .advise("pass a number: the value that the pointer leads to, or a constant"),
        Key::ArgumentNotReadOnlyMap | Key::ArgumentNotString | Key::StringExpected | Key::ArgumentAddress => constant_string(scene),
        Key::StringUnterminated => Story::rule(scene, format!("the constant string that {callee} is given has no zero at its end."))
            .because("The string is read now, up to its end, and must not change afterwards.")
            .after(made(scene))
            .advise("make the array one byte larger, or let C count: `const char text[] = \"...\"`"),
        Key::FormatString => Story::rule(scene, format!("the format that {callee} is given asks for something that programs cannot print."))
            .advise("use `%d %u %x %ld %lu %lx %lld %llu %llx %p %s` and the kernel's `%pK`, `%pks`, `%pus`, `%pi4`, `%pI6` only, with as many arguments as the function takes"),
        Key::ArgumentUnreferenced | Key::HelperNotAcquired | Key::KfuncNotAcquired | Key::KfuncReleasesUnreferenced | Key::KfuncReleasesNothing => {
            not_acquired(scene)
        }
        Key::ArgumentsReferenced => Story::rule(scene, format!("{callee} is given two objects that are held, and takes one."))
            .after(made(scene))
            .advise("release one of them first, or hand over a pointer that is not held"),
        Key::ArgumentNonNull => Story::rule(scene, format!("{}, and {callee} does not take NULL there.", subject_is(scene)))
            .after(made(scene))
            .advise("check it against NULL before, and leave where it is"),
        Key::ArgumentContext | Key::ContextExpected => Story::rule(scene, format!("{}, and {callee} takes the context as the program was given it.", subject_is(scene)))
            .after(made(scene))
            .advise("pass `ctx` itself; a function in between takes it as its own first parameter, with the type of the program's context (or `__arg_ctx`)"),
        Key::ArgumentArena => Story::rule(scene, format!("{}, and {callee} takes a pointer into the arena.", subject_is(scene)))
            .after(made(scene))
            .advise("pass what `bpf_arena_alloc_pages` gave, in a variable of type `void __arena *`"),
        Key::MemoryArgument | Key::SizedMemoryArgument if scene.refusal.text("ty").is_some_and(|ty| ty.starts_with("struct ")) => {
            let ty = scene.refusal.text("ty").unwrap_or_default();
            Story::rule(scene, format!("{} is {}, and {callee} takes a `{ty}` that the kernel gave.", subject(scene), holds(scene)))
                .because("The structure has pointers in it: memory that the program fills itself is no such object.")
                .after(made(scene))
                .advise("pass what a function of the kernel returned, a typed argument of the hook, or a member that is such a pointer")
        }
        Key::ArgumentUnsized | Key::MemoryArgument | Key::SizedMemoryArgument | Key::TypeUnsized => {
            let ty = scene.refusal.text("ty").or_else(|| scene.refusal.text("name")).unwrap_or_default();
            let what = if ty.is_empty() { String::new() } else { format!(" (`{ty}`)") };
            Story::rule(scene, format!("{} is {}, and nothing tells how many bytes{what} {callee} would access behind it.", subject(scene), holds(scene)))
                .because("The size of what is handed over follows from the parameter's type; that of `void *` or of an incomplete type is unknown.")
                .after(made(scene))
                .advise("pass memory of known size (a variable, a map's value), and check it against NULL before")
        }
        Key::ObjectExpected => Story::rule(scene, format!("{}, and {callee} takes an object that `bpf_obj_new` gave.", subject_is(scene)))
            .after(made(scene))
            .advise("pass the pointer from `bpf_obj_new`, or what was popped from a list or removed from a tree"),
        Key::FunctionExpected => Story::rule(scene, format!("{}, and {callee} takes a function of the program.", subject_is(scene)))
            .after(made(scene))
            .advise("pass a `static` function by its name, of the prototype that the call asks for"),
        Key::HelperFlags => flags(scene),
        Key::HelperProgram | Key::HelperAttach => Story::rule(scene, format!("{callee} does not serve the program as it is attached ({}).", super::section(scene)))
            .advise("attach where the function serves: see its documentation (`bpftool feature`, bpf-helpers(7))"),
        Key::RetvalOfVoid => Story::rule(scene, "the hook's function returns nothing, so there is no result to set.")
            .advise("take `bpf_set_retval` out"),
        _ => return None,
    })
}

fn unknown(scene: &Scene<'_>) -> Story {
    let reg = scene.reg().unwrap_or(2);
    let name = scene
        .argument(scene.insn, reg)
        .map_or_else(|| format!("argument {reg}"), |a| format!("`{a}`"));
    let known = number_words(scene, reg)
        .filter(|(_, r)| r.max < 1 << 30)
        .map_or_else(String::new, |(_, r)| format!(": it may be {}", range(r)));
    let ring = scene.callee().as_deref() == Some("bpf_ringbuf_reserve");
    let text = if ring {
        "reserve the largest size that there may be (a constant), and say in the record how much of it counts; or put the record together in a buffer (a per-CPU array) and send that with `bpf_ringbuf_output`; or use `bpf_ringbuf_reserve_dynptr`, which takes any size"
    } else {
        "pass a literal; where two branches give two constants make two calls, for the compiler merges them into one"
    };
    Story::rule(
        scene,
        format!("{name} decides the size of what {} gives, and must be a constant{known}.", callee(scene)),
    )
    .because("Every access to the memory is checked against its size when the program is loaded, so the size must be known then.")
    .after(made_and_bound(scene))
    .advise(text)
}

fn constant_string(scene: &Scene<'_>) -> Story {
    let map = scene
        .reg()
        .and_then(|r| scene.held(r))
        .and_then(|h| match h.kind {
            Kind::MapValue { map, .. } => scene.map(map),
            _ => None,
        });
    let place = match map {
        Some(m) if m.is_data() => format!("lies in global data that may change (`{}`)", m.name),
        Some(m) => format!("lies in a value of map `{}`, which may change", m.name),
        None => format!("is {}", holds(scene)),
    };
    let name = scene
        .reg()
        .and_then(|r| scene.argument(scene.insn, r))
        .filter(|n| crate::diagnostics::c_text::is_name(n));
    let text = match &name {
        Some(name) => {
            format!("declare it constant, at file scope: `const char {name}[] = \"...\";`")
        }
        None => {
            "pass a string that is constant, at file scope: `static const char text[] = \"...\";`"
                .into()
        }
    };
    Story::rule(
        scene,
        format!("{} {place}, and {} takes a constant string.", subject(scene), callee(scene)),
    )
    .because("The string is read when the program is loaded, so it must lie in `.rodata` or a frozen map, and never change.")
    .after(made(scene))
    .advise(text)
}

/// What is released was never acquired, or is held by somebody else.
fn not_acquired(scene: &Scene<'_>) -> Story {
    let reg = scene.reg().unwrap_or(1);
    let node = scene.node(reg);
    let maker = node.map(|n| scene.flow.def(scene.flow.root(n)));
    let from = match maker.map(|d| (d.made, d.insn)) {
        Some((Made::Call(made), insn)) => {
            let name = names::callee(scene.program, made, insn);
            if names::acquires(scene.program, made) {
                format!(", for what `{name}` gave is released already, or given away")
            } else {
                format!(": `{name}` only borrows it")
            }
        }
        Some((Made::Load { .. }, _)) => ": it was read from memory, which acquires nothing".into(),
        Some((Made::Context | Made::Frame | Made::Const(_) | Made::Map { .. }, _)) => {
            format!(": it is {}", holds(scene))
        }
        _ => String::new(),
    };
    let mut events = made(scene);
    events.extend(given(scene));
    Story::rule(
        scene,
        format!("{} gives back {}, which the program does not hold{from}.", callee(scene), subject_of(scene, reg)),
    )
    .because("What is given back is what an acquiring call returned, once.")
    .after(events)
    .help(
        Help::say(format!(
            "take this call of {} out, or acquire the object before and check the result against NULL",
            callee(scene)
        ))
        .patch(Patch::skip(scene)),
    )
}

fn subject_of(scene: &Scene<'_>, reg: u8) -> String {
    match scene.reg() {
        Some(_) => subject(scene),
        None => scene
            .argument(scene.insn, reg)
            .map_or_else(|| format!("argument {reg}"), |a| format!("`{a}`")),
    }
}

/// Earlier calls that gave the same object back.
fn given(scene: &Scene<'_>) -> Vec<Event> {
    let Some(node) = scene.node(scene.reg().unwrap_or(1)) else {
        return Vec::new();
    };
    let root = scene.flow.root(node);
    let calls = scene.calls(|c, _| {
        c.insn != scene.insn
            && names::releases(scene.program, c.callee)
            && c.args.iter().any(|&a| scene.flow.root(a) == root)
    });
    calls
        .into_iter()
        .map(|(c, name)| scene.event(c.step, c.insn, Happened::Closed(name)))
        .collect()
}

fn flags(scene: &Scene<'_>) -> Story {
    let reg = scene.reg().unwrap_or(2);
    let name = scene
        .argument(scene.insn, reg)
        .map_or_else(|| format!("argument {reg}"), |a| format!("`{a}`"));
    Story::rule(
        scene,
        format!(
            "{name} is {}, and {} takes 0 there.",
            holds(scene),
            callee(scene)
        ),
    )
    .because("The parameter is reserved for flags, of which there are none yet.")
    .after(made(scene))
    .help(Help::say("pass 0").patch(Some(Patch::set(scene, reg, 0))))
}
