//! Pointers that are moved, or used moved, where they must be as they were given; and
//! accesses that are not aligned.

use super::{
    a_type, callee, does, held, holds, is_context, made, made_and_bound, number_words, subject,
};
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::Kind;
use crate::diagnostics::story::patch;
use crate::diagnostics::story::{Cause, Happened, Help, Scene, Story, Sure, range, trace};
use crate::prelude::*;
use crate::programs::insn::{Op, Src};

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let off = scene.refusal.number("off");
    Some(match key {
        Key::PointerModified => modified(scene, off.unwrap_or(0)),
        Key::PointerVariable => variable(scene),
        Key::PointerNegative => Story::rule(
            scene,
            format!("{} is {}, moved to {} bytes before its beginning.", subject(scene), holds(scene), off.unwrap_or(0).unsigned_abs()),
        )
        .because("Nothing in front of the object belongs to the program.")
        .after(made(scene))
        .advise("add offsets that are not negative, from the pointer as it was given"),
        Key::PointerReleasedInside => Story::rule(
            scene,
            format!("{} points {} bytes into what {} would release.", subject(scene), off.unwrap_or(0), callee(scene)),
        )
        .because("What is released is the object, by the pointer that was acquired.")
        .after(made(scene))
        .help(released_inside(scene, off.unwrap_or(0))),
        Key::PointerOffset | Key::MathConstant => far(scene),
        Key::MathUnbounded | Key::MathOutside | Key::OffsetUnbounded | Key::OffsetNegative => added(scene)?,
        Key::Misaligned => misaligned(scene, off.unwrap_or(0)),
        Key::FieldMisaligned => return None,
        Key::MixedPointers | Key::MixedArena => mixed(scene),
        Key::PacketReadOnly | Key::PacketSliceReadOnly => Story::rule(
            scene,
            format!("{} program may not write to the packet through a pointer, as {} does.", a_type(scene), scene.expr(scene.insn).map_or_else(|| "this".to_owned(), |e| format!("`{e}`"))),
        )
        .because("At this hook the packet is shared with others; only some types of programs may change it in place.")
        .after(made(scene))
        .advise(match key {
            Key::PacketSliceReadOnly => "get the slice by `bpf_dynptr_slice_rdwr`, in a program of a type that may write (`xdp`, `sched_cls`)",
            _ => "change the packet in a program of a type that may (`xdp`, `sched_cls`, `sk_skb`, `lwt_xmit`); at a cgroup decide by the returned number, or change the socket (`bpf_setsockopt`)",
        }),
        Key::BufferNegative | Key::BufferVariable => Story::rule(
            scene,
            format!("{} of the hook's buffer at {}, and only offsets that are constants from 0 on are taken.", does(scene),
                match key { Key::BufferNegative => format!("offset {}", off.unwrap_or(0)), _ => "an offset that is a variable".into() }),
        )
        .because("How large the buffer is is checked when the program is attached, from the greatest constant offset.")
        .after(made(scene))
        .advise("access it at constant offsets, or copy it out first (`bpf_probe_read_kernel`)"),
        Key::FlowKeysOutside => {
            let size = scene.refusal.number("size").unwrap_or(0);
            Story::rule(
                scene,
                format!("{} at offset {} of the flow keys, which are a `struct bpf_flow_keys` of 56 bytes.", does(scene), off.unwrap_or(0)),
            )
            .after(made(scene))
            .advise(format!("access the {size} bytes as members of `struct bpf_flow_keys`"))
        }
        Key::ContextImmediate => Story::rule(scene, "a constant is stored straight into the context.")
            .because("Stores to the context are rewritten to the kernel's own structure, which takes a register.")
            .advise("compile the C of it (clang stores through a register); in assembler put the constant into a register first")
            .by(Cause::Compiler, Sure::Medium),
        Key::NotMemory => not_memory(scene)?,
        _ => return None,
    })
}

/// The context, or another such pointer, with a constant added.
fn modified(scene: &Scene<'_>, off: i64) -> Story {
    let context = is_context(scene);
    let what = if context {
        "the context".into()
    } else {
        holds(scene)
    };
    let tail = match scene.callee() {
        Some(callee) => format!("and `{callee}` takes it as it was given"),
        None => "and is followed then".into(),
    };
    let member = scene.expr(scene.insn).is_some_and(|e| e.contains("->"));
    let mut story = Story::rule(
        scene,
        format!("{} is {what}, moved by {off} bytes, {tail}.", subject(scene)),
    )
    .because("Accesses through it are rewritten one by one to the kernel's own structure, each by its own constant offset from the beginning.")
    .after(made(scene))
    .after(moves(scene));
    if scene.callee().is_some() {
        let help = Help::say(if context {
            "pass the context itself (`ctx`), without an offset or a cast to another type"
        } else {
            "pass the pointer itself, without an offset"
        });
        let reg = scene.refusal.reg;
        story = story.help(help.patch(reg.and_then(|r| patch::moved_back(scene, r, off))));
    } else {
        story = story.advise("read the member where it is needed, from the pointer itself (`ctx->member`): an address of a member is no pointer to memory. Where the source does so, the compiler merged two accesses: put `barrier_var(ctx)` (`asm volatile(\"\" : \"+r\"(ctx))`) between");
        if member {
            story = story.by(Cause::Compiler, Sure::Medium);
        }
    }
    story
}

/// The pointer that was acquired, in place of one to a member.
fn released_inside(scene: &Scene<'_>, off: i64) -> Help {
    let help = Help::say("pass the pointer that was acquired itself, not the address of a member");
    let Some(reg) = scene.refusal.reg else {
        return help;
    };
    let edit = scene
        .maker_name(reg)
        .zip(scene.argument_place(reg))
        .and_then(|(name, (l, line, place))| scene.replace(&l.file, l.line, line, place, &name));
    help.edit(edit).patch(patch::moved_back(scene, reg, off))
}

/// Where constants were added to the value at fault.
fn moves(scene: &Scene<'_>) -> Vec<crate::diagnostics::story::Event> {
    use crate::diagnostics::flow::Made;
    let mut out = Vec::new();
    let Some(mut at) = scene.reg().and_then(|r| scene.node(r)) else {
        return out;
    };
    while let Made::Arith { a, imm, op, .. } = scene.flow.def(at).made {
        let def = scene.flow.def(at);
        if let (Some(imm), Some(_)) = (imm, op) {
            out.push(scene.event(
                def.step,
                def.insn,
                Happened::Changed(format!("moved by {imm} here")),
            ));
        }
        at = a;
    }
    out
}

fn variable(scene: &Scene<'_>) -> Story {
    let context = is_context(scene);
    let what = if context {
        "the context".into()
    } else {
        holds(scene)
    };
    let mut events = made(scene);
    let added = events
        .iter()
        .any(|e| matches!(e.kind, Happened::Added | Happened::Computed));
    if !added {
        events.extend(moves(scene));
    }
    let name = scene
        .expr(scene.insn)
        .and_then(crate::diagnostics::c_text::indexed)
        .map(|(_, index, _)| format!(" (by `{index}`)"))
        .unwrap_or_default();
    Story::rule(
        scene,
        match scene.callee() {
            Some(callee) => format!("{} is {what}, moved by a variable{name}; `{callee}` takes it as it was given.", subject(scene)),
            None => format!("{} of {what} at an offset that is a variable{name}, not a constant.", does(scene)),
        },
    )
    .because("Each access is rewritten to one member of the kernel's own structure, so its offset must be known when the program is loaded.")
    .after(events)
    .advise(if context {
        "read the members by name, and choose among the values (`switch`, or copy them into a local array first)"
    } else {
        "add constants only"
    })
}

/// A constant that takes a pointer further than is followed.
fn far(scene: &Scene<'_>) -> Story {
    let by = match scene.op() {
        Some(Op::Alu {
            src: Src::Imm(imm), ..
        }) => Some(i64::from(imm)),
        _ => scene.refusal.number("value"),
    };
    let at = scene.refusal.number("off");
    let text = match (scene.callee(), by, at) {
        (Some(callee), _, Some(at)) => format!(
            "{} lies {at} bytes into its object, and `{callee}` takes the beginning.",
            subject(scene)
        ),
        (_, Some(by), None) => format!(
            "{} is moved by {by} bytes here, out of the 536870912 bytes on either side in which pointers are followed.",
            holds(scene)
        ),
        (_, _, Some(at)) => format!(
            "{} would lie {at} bytes from where it begins, out of the 536870912 in which pointers are followed.",
            holds(scene)
        ),
        _ => format!(
            "{} is moved further than pointers are followed.",
            holds(scene)
        ),
    };
    Story::rule(scene, text)
        .because("Beyond that the sum of offsets could overflow.")
        .after(made(scene))
        .advise("keep the offset as a number, compare it with the object's size, and add it to the pointer last")
}

/// Pointer arithmetic with a number that is not bounded, where the memory's size is not
/// known either.
fn added(scene: &Scene<'_>) -> Option<Story> {
    let (reg, node, number) = scene.number_operand().or_else(|| {
        let reg = scene.reg()?;
        let held = scene.held(reg)?;
        Some((
            reg,
            scene.node(reg)?,
            crate::diagnostics::story::Range::of(&held.bounds),
        ))
    })?;
    let (name, _) = number_words(scene, reg).unwrap_or(("the number".into(), number));
    let mut events = Vec::new();
    trace::value(scene, node, &mut events);
    trace::bounds(scene, node, &mut events);
    let pointer = match scene.op() {
        Some(Op::Alu {
            dst,
            src: Src::Reg(src),
            ..
        }) => {
            let other = if src == reg { dst } else { src };
            scene
                .held(other)
                .map(|h| crate::diagnostics::story::argument::words(scene, h))
        }
        _ => None,
    };
    let pointer = pointer.unwrap_or_else(|| holds(scene));
    Some(
        Story::rule(
            scene,
            format!("{name} may be {}, and is added to {pointer}.", range(number)),
        )
        .because("A number that is added to a pointer needs both bounds, by a comparison with a constant on every way, after it is last changed.")
        .after(events)
        .advise(format!("compare {name} with the size of what it indexes, as an unsigned number, right before it is added")),
    )
}

fn misaligned(scene: &Scene<'_>, off: i64) -> Story {
    let size = scene.refusal.number("size").unwrap_or(0);
    let what = held(scene).map_or_else(
        || "the memory".into(),
        |h| match h.kind {
            Kind::Stack { .. } => "the stack".into(),
            Kind::Ctx => "the context".into(),
            _ => holds(scene)
                .trim_start_matches("a pointer to ")
                .trim_start_matches("a pointer into ")
                .to_owned(),
        },
    );
    Story::rule(
        scene,
        format!("{} of {what} at offset {off}, which is no multiple of {size}.", does(scene)),
    )
    .because("On the stack, in the context and by atomic operations every access is aligned to its size.")
    .after(made_and_bound(scene))
    .advise(format!("give the variable the alignment of what is accessed (`__attribute__((aligned({size})))`), or copy it byte by byte (`__builtin_memcpy` into a variable of the type)"))
}

fn mixed(scene: &Scene<'_>) -> Story {
    let now = holds(scene);
    let member = scene
        .expr(scene.insn)
        .map_or_else(|| "this access".into(), |e| format!("the access `{e}`"));
    Story::rule(
        scene,
        format!("{member} gets {now} on this path, and a pointer of another kind on another."),
    )
    .because("Such an access is rewritten for one kind of pointer; one instruction cannot be rewritten for two.")
    .after(made(scene))
    .advise("make the access in each branch, to a variable, and use the variable after; where the source does so already, `barrier()` (`asm volatile(\"\" : : : \"memory\")`) in one branch keeps the compiler from merging them")
    .by(Cause::Compiler, Sure::Low)
}

/// What is followed is a pointer, but to nothing that programs may access so.
fn not_memory(scene: &Scene<'_>) -> Option<Story> {
    let held = held(scene).filter(|h| h.is_pointer())?;
    let text = match held.kind {
        Kind::PacketEnd => "compare with it only; read through a pointer from `data` on",
        Kind::ConstMap { .. } => {
            "look a value up (`bpf_map_lookup_elem(&map, &key)`), and access that"
        }
        Kind::Func { .. } => "call it; the code itself cannot be read",
        Kind::Socket | Kind::SockCommon | Kind::TcpSock | Kind::XdpSock => {
            "read the fields of `struct bpf_sock` by name, from the pointer as it was given"
        }
        Kind::ConstDynptr { .. } => "read through `bpf_dynptr_read` or `bpf_dynptr_data`",
        _ => "read through a helper (`bpf_probe_read_kernel`), or a function made for it",
    };
    Some(
        Story::rule(
            scene,
            format!(
                "{} is {}, which cannot be accessed as memory.",
                subject(scene),
                holds(scene)
            ),
        )
        .after(made(scene))
        .advise(text),
    )
}
