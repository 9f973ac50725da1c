//! Kernel objects by their types: fields, trust, the types that functions take.

use super::givers::{self, Givers};
use super::{callee, does, held, made, subject, subject_is};
use crate::abstract_interp::refusal::Key;
use crate::abstract_interp::value::{Flags, Kind};
use crate::diagnostics::story::null::leave_if;
use crate::diagnostics::story::patch;
use crate::diagnostics::story::{Event, Happened, Help, Scene, Story};
use crate::diagnostics::{c_text, names};
use crate::helpers_spec::KfFlags;
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let text = |name: &str| scene.refusal.text(name).unwrap_or_else(|| "?".into());
    let number = |name: &str| scene.refusal.number(name).unwrap_or(0);
    let ty = || format!("`struct {}`", text("name"));
    let story = match key {
        Key::ArgumentNotTrusted | Key::ArgumentNotRcu => return Some(trust(scene, key)),
        Key::SocketField => return Some(socket(scene)),
        Key::StructNegative | Key::MapStructNegative => Story::rule(
            scene,
            format!("{} {} bytes before the beginning of {}.", does(scene), number("off").unsigned_abs(), ty()),
        )
        .advise("read members by name, from the pointer as it was given; `container_of` goes through `bpf_rdonly_cast`"),
        Key::StructVariable => Story::rule(
            scene,
            format!("{} of {} at an offset that is a variable.", does(scene), ty()),
        )
        .because("Which member is read decides the type of what is read, so the offset must be a constant.")
        .advise("read arrays in kernel objects by `bpf_probe_read_kernel(&copy, sizeof(copy), &object->array[i])`"),
        Key::StructOfUser => Story::rule(scene, format!("{} is memory of user space, which is not read directly.", ty()))
            .advise("copy it: `bpf_probe_read_user`, or `bpf_copy_from_user` in a program that may sleep"),
        Key::StructPercpu => Story::rule(scene, format!("{} is there once per CPU: its address alone leads to none.", ty()))
            .advise("get one CPU's by `bpf_this_cpu_ptr` or `bpf_per_cpu_ptr`"),
        Key::NotStruct => Story::rule(scene, format!("`{}` is no structure, so it has no members that could be read.", text("name")))
            .advise("read through `bpf_probe_read_kernel`, or cast with `bpf_rdonly_cast` to the type that it is"),
        Key::StructBeyond => Story::rule(
            scene,
            format!("{} at offset {} of {}, which ends before.", does(scene), number("off"), ty()),
        )
        .advise("cast to the type that the object really is (`bpf_rdonly_cast`, `bpf_skc_to_tcp_sock` and the like); on another kernel the member may lie elsewhere: use `preserve_access_index`"),
        Key::MemberAbsent => Story::rule(
            scene,
            format!("there is no member at offset {} of {}.", number("off"), ty()),
        )
        .advise("read members by name, with `preserve_access_index` on the type, so that the loader finds their offsets"),
        Key::MemberUnsized => Story::rule(scene, format!("`{}` has no size, so it cannot be read.", text("member")))
            .advise("read it by `bpf_probe_read_kernel` with a length"),
        Key::MemberPointerPart => Story::rule(
            scene,
            format!("{} of `{}` of {}, which is a pointer of 8 bytes.", does(scene), text("member"), ty()),
        )
        .advise("read the whole pointer"),
        Key::MemberBeyond => Story::rule(
            scene,
            format!("{} at offset {} of {}, beyond the end of its `{}` at {}.", does(scene), number("off"), ty(), text("member"), number("end")),
        )
        .because("An access stays within one member, for its type decides what is read.")
        .advise("read what the member holds, not more; a string in it is copied by `bpf_probe_read_kernel_str`"),
        Key::StructExpected | Key::KernelObjectExpected => {
            let want = match key {
                Key::StructExpected => format!("a `struct {}`", text("name")),
                _ => "a typed kernel object".into(),
            };
            Story::rule(scene, format!("{}, and {} takes {want}.", subject_is(scene), callee(scene)))
                .because("The function follows its members without a check, so the type must be known to be right.")
                .advise(object_help(scene))
        }
        Key::StructArgument | Key::ArgumentStruct => {
            Story::rule(
                scene,
                format!("{} is a `struct {}`, and {} takes a `struct {}`.", subject(scene), text("have"), callee(scene), text("want")),
            )
            .because("The function follows its members without a check, so the type must be the very one.")
            .advise("pass an object of that type: a member that is one, or what a cast made for it gives (`bpf_skc_to_tcp_sock`, `bpf_sock_from_file`); `bpf_rdonly_cast` gives one for reading only")
        }
        _ => return None,
    };
    Some(story.after(made(scene)))
}

fn object_help(scene: &Scene<'_>) -> &'static str {
    match held(scene).map(|h| h.kind) {
        Some(Kind::Scalar) => {
            "pass a pointer that the kernel gives with its type: an argument of `fentry`, `tp_btf` or `lsm` programs, `bpf_get_current_task_btf()`, or a member of these"
        }
        Some(Kind::Stack { .. }) => {
            "pass the object itself, not the address of the variable that holds it"
        }
        Some(Kind::Ctx) => {
            "pass the object that the context leads to (`bpf_cast_to_kern_ctx(ctx)` gives the kernel's own)"
        }
        _ => {
            "pass a pointer that the kernel gives with its type: an argument of the hook, or a member of it"
        }
    }
}

/// A pointer that was read through others is not vouched for.
fn trust(scene: &Scene<'_>, key: Key) -> Story {
    let walked = walked(scene);
    let flags = held(scene).map(|h| h.flags);
    let rcu = flags.is_some_and(|f| f.has(Flags::RCU));
    let owned = flags.is_some_and(|f| f.has(Flags::NON_OWN_REF));
    let from = if walked.is_some() {
        ", for it was read from another object"
    } else {
        ""
    };
    let what = if rcu {
        format!(
            "{} is protected by an RCU section only, and {} takes an object that is held for longer.",
            subject(scene),
            callee(scene)
        )
    } else if owned {
        format!(
            "{} is owned by a list or tree already, and {} takes one that the program owns.",
            subject(scene),
            callee(scene)
        )
    } else {
        format!(
            "nothing keeps {} alive{from}, and {} takes an object that is kept.",
            subject(scene),
            callee(scene)
        )
    };
    let text = keep(scene, key, rcu);
    Story::rule(scene, what)
        .because("The function uses the object as if it could not be freed meanwhile.")
        .after(made(scene))
        .after(walked)
        .after(ended(scene))
        .advise(text)
}

/// How to come by an object that is kept: by functions of its own type, which the target has.
fn keep(scene: &Scene<'_>, key: Key, rcu: bool) -> String {
    const SECTION: &str = "between `bpf_rcu_read_lock()` and `bpf_rcu_read_unlock()`";
    let givers = Givers::of(scene);
    let called = givers::called(scene).map(|spec| givers::flags(scene, spec));
    let is = |flag| called.is_some_and(|flags| flags.contains(flag));
    let section = givers::may_call(scene, "bpf_rcu_read_lock");
    let any = || {
        let named = givers
            .any()
            .map_or_else(String::new, |names| format!(" ({names})"));
        format!(
            "pass an argument of the hook itself, or what an acquiring function returned{named}, and release that at the end"
        )
    };
    match givers.under_rcu(scene) {
        _ if section && !rcu && is(KfFlags::ACQUIRE) && is(KfFlags::RCU) => {
            let null = match is(KfFlags::RET_NULL) {
                true => "; check the result against NULL",
                false => "",
            };
            format!("{SECTION} read the member again, and make the call there{null}")
        }
        Some(names) if rcu => format!(
            "acquire it first ({names}), check the result against NULL, and release it at the end"
        ),
        names if section && key == Key::ArgumentNotRcu => {
            let or = names.map_or_else(String::new, |names| {
                format!("; or acquire it first ({names})")
            });
            format!("read it {SECTION}, and make the call there{or}")
        }
        _ if rcu && of_map(scene) => {
            let null = "check it against NULL, and put it back or release it at the end";
            format!("take it out of the map by `bpf_kptr_xchg`, {null}")
        }
        _ => any(),
    }
}

/// Whether the pointer was read from a map's value.
fn of_map(scene: &Scene<'_>) -> bool {
    use crate::diagnostics::flow::Made;
    let node = scene.reg().and_then(|r| scene.node(r));
    let Some(Made::Load { base, .. }) = node.map(|n| scene.flow.def(scene.flow.root(n)).made)
    else {
        return false;
    };
    let from = scene.flow.def(scene.flow.root(base));
    match from.made {
        Made::Map { value, .. } => value,
        Made::Call(callee) => {
            names::callee(scene.program, callee, from.insn) == "bpf_map_lookup_elem"
        }
        _ => false,
    }
}

/// The load by which the pointer came from another object.
fn walked(scene: &Scene<'_>) -> Option<Event> {
    use crate::diagnostics::flow::Made;
    let node = scene.node(scene.reg()?)?;
    let def = scene.flow.def(scene.flow.root(node));
    let Made::Load { base, .. } = def.made else {
        return None;
    };
    let from = scene.flow.def(scene.flow.root(base));
    if matches!(from.made, Made::Context | Made::Frame) {
        return None;
    }
    let member = scene
        .expr(def.insn)
        .map_or_else(|| "a member".to_owned(), |e| format!("`{e}`"));
    Some(scene.event(
        def.step,
        def.insn,
        Happened::Changed(format!(
            "{member} is read from another object here: nothing keeps it alive"
        )),
    ))
}

/// The end of the section that protected it.
fn ended(scene: &Scene<'_>) -> Option<Event> {
    let (c, name) = scene
        .calls(|c, name| c.insn != scene.insn && name.contains("rcu_read_unlock"))
        .pop()?;
    Some(scene.event(c.step, c.insn, Happened::Closed(name)))
}

/// Socket pointers show a fixed list of fields.
fn socket(scene: &Scene<'_>) -> Story {
    let off = scene.refusal.number("off").unwrap_or(0);
    let expr = scene.expr(scene.insn).map_or_else(
        || format!("what lies at offset {off}"),
        |e| format!("`{e}`"),
    );
    let write = scene.access().write == Some(true);
    let kind = held(scene).map(|h| h.kind);
    let (what, text) = match kind {
        Some(Kind::SockCommon) => (
            format!(
                "{expr} is not in the part that all kinds of socket have, and this may be any (a request, a socket that waits)."
            ),
            "get the full socket first, and check it against NULL: `sk = bpf_sk_fullsock(sk)`, or `bpf_tcp_sock(sk)`",
        ),
        _ if write => (
            format!("{expr} is a field of a socket, which programs may only read."),
            "change sockets by functions made for it (`bpf_setsockopt`, `bpf_sk_storage_get`)",
        ),
        _ => (
            format!(
                "{} at offset {off} of a socket, where no field of that width is open.",
                does(scene)
            ),
            "read the fields of `struct bpf_sock` or `struct bpf_tcp_sock` by name, each with its own width",
        ),
    };
    Story::rule(scene, what)
        .because("Socket pointers show a fixed list of fields; each access is rewritten to the kernel's own structure.")
        .after(made(scene))
        .help(match kind {
            Some(Kind::SockCommon) => full_socket(scene, text),
            _ => Help::say(text),
        })
}

/// The full socket first, where there is one.
fn full_socket(scene: &Scene<'_>, text: &str) -> Help {
    let base = scene.memory().map(|m| m.base);
    let name = scene
        .expr(scene.insn)
        .and_then(c_text::followed)
        .filter(|n| c_text::is_name(n));
    let edit = name.and_then(|n| {
        let mut lines = vec![format!("{n} = bpf_sk_fullsock({n});")];
        lines.extend(leave_if(scene, &format!("!{n}")));
        scene.insert_before(scene.insn, &lines)
    });
    Help::say(text)
        .edit(edit)
        .patch(base.and_then(|b| patch::full_socket(scene, b)))
}
