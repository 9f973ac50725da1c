//! Memory that may not be written, or not read.

use super::{a_type, callee, does, held, holds, made, subject, subject_is};
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::{Flags, Kind};
use crate::diagnostics::story::{Help, Load, Patch, Scene, Story};
use crate::helpers_spec::ProgType;
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let story = match key {
        Key::ReadOnlyMemory => {
            let writes = match scene.callee() {
                Some(by) => format!("`{by}` would write"),
                None => "the program writes".into(),
            };
            Story::rule(scene, format!("{}, and {writes} to it: programs may only read it.", subject_is(scene)))
                .advise(memory_help(scene))
        }
        Key::MapReadOnly | Key::MapUnchangeable | Key::JumpTableWritten => map_read_only(scene),
        Key::MapWriteOnly => {
            let (what, name) = map_words(scene);
            Story::rule(scene, format!("{}, and {what} is declared for writing only.", reads(scene)))
                .advise(format!("declare {name} without BPF_F_WRONLY_PROG, or keep a readable copy in another map"))
        }
        Key::MapKeyWritten => Story::rule(scene, format!("{}, and the program writes to it: the map's order hangs on its keys.", subject_is(scene)))
            .advise("copy the key into a variable, change that, and put a new element in (`bpf_map_update_elem`)"),
        Key::MapStructWritten => Story::rule(scene, format!("{}, and the program writes to it.", subject_is(scene)))
            .advise("look a value up (`bpf_map_lookup_elem`), and write to that"),
        Key::StructReadOnly | Key::MemberReadOnly => member(scene, key),
        Key::ArgumentWritten => {
            let by = scene.refusal.text("name").map_or_else(|| callee(scene), |n| format!("`{n}`"));
            Story::rule(scene, format!("{by} writes to {}, which is {}: programs may not change that.", subject(scene), holds(scene)))
                .because("The function writes in the program's place, so it may write only where the program may.")
                .advise("pass a buffer of the program's own: an array on the stack, a map's value")
        }
        Key::ArgumentPacket => packet(scene),
        Key::AtomicStore | Key::AtomicLoad => atomic(scene),
        _ => return None,
    };
    Some(story.after(made(scene)))
}

fn reads(scene: &Scene<'_>) -> String {
    match scene.callee() {
        Some(by) => format!("`{by}` reads {}", subject(scene)),
        None => does(scene),
    }
}

/// The map behind the pointer: as a subject, and its name alone.
fn map_words(scene: &Scene<'_>) -> (String, String) {
    let named = |reg: u8| {
        let held = scene.held(reg)?;
        match held.kind {
            Kind::MapValue { map, .. } | Kind::ConstMap { map, .. } | Kind::MapKey { map, .. } => {
                Some(scene.map(map)?.name.to_string())
            }
            _ => None,
        }
    };
    let regs = scene.reg().into_iter().chain(1..=5);
    match regs.filter_map(named).next() {
        Some(name) => (format!("map `{name}`"), format!("`{name}`")),
        None => ("the map".into(), "the map".into()),
    }
}

fn map_read_only(scene: &Scene<'_>) -> Story {
    let (what, name) = map_words(scene);
    let rodata = name.contains(".rodata");
    let writes = match (&scene.refusal.call, scene.callee()) {
        (Some(call), _) => format!(
            "`{}` is verified to write through its parameter, which",
            call.name
        ),
        (None, Some(by)) => format!("`{by}` writes to what"),
        (None, None) => "this write goes to what".into(),
    };
    let (is, text) = match (rodata, &scene.refusal.call) {
        (true, None) => (
            "is constant data of the object (`.rodata`)".to_owned(),
            "declare the variable without `const` (it then lies in `.data` or `.bss`); what user space sets before loading, and programs only read, stays `const volatile`".to_owned(),
        ),
        (true, Some(call)) => (
            "is constant data of the object (`.rodata`)".to_owned(),
            format!("give the parameter of `{}` a pointer to `const`, which is then only read, or pass a variable that is not constant", call.name),
        ),
        (false, _) => (
            format!("lies in {what}, which is read-only for programs"),
            format!("declare {name} without BPF_F_RDONLY_PROG (`__uint(map_flags, ...)`), or write to another map"),
        ),
    };
    let opened = scene
        .refusal
        .call
        .is_none()
        .then(|| written_map(scene))
        .flatten()
        .map(|map| Patch::load(Load::Writable(map)));
    Story::rule(scene, format!("{writes} {is}."))
        .because(
            "The verifier takes read-only values for constants; a write would make that wrong.",
        )
        .help(Help::say(text).patch(opened))
}

/// The map whose value is written.
fn written_map(scene: &Scene<'_>) -> Option<usize> {
    match scene.held(scene.reg()?)?.kind {
        Kind::MapValue { map, .. } if !map.is_inner() => Some(map.index()),
        _ => None,
    }
}

fn memory_help(scene: &Scene<'_>) -> &'static str {
    match held(scene).map(|h| (h.kind, h.flags.has(Flags::UNTRUSTED))) {
        Some((Kind::Socket | Kind::SockCommon | Kind::TcpSock | Kind::XdpSock, _)) => {
            "change sockets by functions made for it (`bpf_setsockopt`, `bpf_sk_storage_get`)"
        }
        Some((Kind::Btf { .. }, _)) => {
            "keep the value in a map; kernel objects are changed by functions made for it only"
        }
        Some((Kind::Mem { .. }, _)) => {
            "get the memory for writing (`bpf_dynptr_slice_rdwr` instead of `bpf_dynptr_slice`, `bpf_dynptr_data`), or copy it into a variable and change that"
        }
        _ => "copy it into a variable, and change that",
    }
}

fn member(scene: &Scene<'_>, key: Key) -> Story {
    let expr = scene
        .expr(scene.insn)
        .map_or_else(|| "this member".into(), |e| format!("`{e}`"));
    let ops = scene.program.prog_type == ProgType::StructOps;
    let what = match (key, ops) {
        (Key::MemberReadOnly, _) | (_, true) => format!(
            "{expr} is a member of a kernel object that {} program may not write.",
            a_type(scene)
        ),
        _ => format!("{expr} is a member of a kernel object, which programs may only read."),
    };
    Story::rule(scene, what)
        .because("A write could break what the kernel relies on; few members of few types are open to it.")
        .advise(if ops {
            "write only the members that this kind of struct_ops opens (of TCP congestion control `snd_cwnd`, `snd_ssthresh` and the like), or call a kernel function made for it"
        } else {
            "keep the value in a map, or in local storage of the object (`bpf_task_storage_get`, `bpf_sk_storage_get`)"
        })
}

fn packet(scene: &Scene<'_>) -> Story {
    let output = scene.callee().is_some_and(|c| {
        c.ends_with("perf_event_output") || c == "bpf_skb_output" || c == "bpf_xdp_output"
    });
    let ctx = scene
        .argument(scene.insn, 1)
        .unwrap_or_else(|| "ctx".into());
    Story::rule(
        scene,
        format!("{} points into the packet, which {} does not take here.", subject(scene), callee(scene)),
    )
    .because("The function may move the packet, or run where its bytes are not all in one piece.")
    .advise(if output {
        format!("let the function take the bytes from the packet itself: pass `{ctx}`, and their number in the upper half of the flags (`BPF_F_CURRENT_CPU | (__u64)len << 32`), with data of your own in front")
    } else {
        "copy the bytes into a variable on the stack (or by `bpf_skb_load_bytes`), and pass that".into()
    })
}

fn atomic(scene: &Scene<'_>) -> Story {
    let what = held(scene).map_or_else(
        || "this memory".into(),
        |h| match h.kind {
            Kind::Packet | Kind::PacketMeta => "the packet".into(),
            Kind::Ctx => "the context".into(),
            Kind::FlowKeys => "the flow keys".into(),
            Kind::Socket | Kind::SockCommon | Kind::TcpSock | Kind::XdpSock => "a socket".into(),
            Kind::Btf { .. } => "a kernel object".into(),
            _ => holds(scene).trim_start_matches("a pointer to ").to_owned(),
        },
    );
    let text = match held(scene).map(|h| h.kind) {
        Some(Kind::Packet | Kind::PacketMeta | Kind::Ctx) => {
            "read, compute and write in plain steps: nobody else has this packet or context at the same time"
        }
        _ => "count in a map's value or in global data, where atomic operations work",
    };
    Story::rule(
        scene,
        format!("an atomic operation is done on {what}, and only the stack, map values, global data and arenas take it."),
    )
    .because("Accesses to it are rewritten, or go elsewhere than they seem, which one atomic instruction cannot do.")
    .advise(text)
}
