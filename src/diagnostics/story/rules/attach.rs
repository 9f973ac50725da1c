//! What a program asks for before its first instruction: hook, sleep, licence.

use super::{a_type, callee, section};
use crate::abstract_interp::refusal::Key;
use crate::diagnostics::names;
use crate::diagnostics::story::{Cause, Event, Happened, Help, Load, Patch, Scene, Story, Sure};
use crate::helpers_spec::error_injectable;
use crate::prelude::*;
use crate::programs::insn::Op;

pub(super) fn tell(scene: &Scene<'_>, key: Key) -> Option<Story> {
    let name = scene.refusal.text("name").unwrap_or_else(|| {
        let hook = scene.program.attach_to.clone();
        hook.unwrap_or_else(|| "the hook".into())
    });
    let section = section(scene);
    Some(match key {
        Key::AttachNotSleepable => not_sleepable(scene, &name, &section),
        Key::ProgramNotSleepable => Story::rule(
            scene,
            format!("{section} asks for a program that may sleep, and {} program may not on {}.", a_type(scene), scene.target),
        )
        .because("Only where the kernel can switch tasks may a program sleep: system calls, some hooks of security, tracing of functions that allow it.")
        .after(sleeps(scene))
        .help(Help::say(format!("leave out the `.s` ({}), or use a type that may sleep (`fentry.s`, `lsm.s`, `iter.s`, `uprobe.s`, `syscall`)", plain_section(scene))).patch(Some(Patch::load(Load::Awake)))),
        Key::SyscallNotSleepable => Story::rule(
            scene,
            "a `syscall` program is loaded as one that may not sleep, and such programs always may.",
        )
        .advise("load it with `SEC(\"syscall\")`, or with the flag `BPF_F_SLEEPABLE`"),
        Key::AttachUnknown | Key::AttachNowhere | Key::AttachNoStruct => Story::rule(
            scene,
            format!("{section} names `{name}`, which {} does not have.", scene.target),
        )
        .because("Functions are renamed, made static or inlined from release to release; hooks come with options and modules.")
        .advise("name a function that every kernel of yours has, or make one program per name, and let the loader choose (`bpf_program__set_autoload`)")
        .by(Cause::Environment, Sure::High),
        Key::AttachHookDisabled => Story::rule(
            scene,
            format!("the LSM hook `{}` is closed to programs.", name.trim_start_matches("bpf_lsm_")),
        )
        .because("It hands out or frees what other security modules keep; a program there could break them.")
        .advise("hook a neighbour that programs may attach to (the kernel's `security_` functions are the hooks)"),
        Key::AttachNotModifiable => not_modifiable(scene, &name),
        Key::AttachDenied => Story::rule(
            scene,
            format!("`{name}` is on the list of functions that no program may attach to."),
        )
        .because("It runs where tracing would call itself again, or where nothing may be called.")
        .advise("attach to a function that calls it, or that it calls"),
        Key::AttachNoReturn => Story::rule(
            scene,
            format!("`{name}` never returns, so nothing runs at its end."),
        )
        .advise(format!("attach where it begins: `SEC(\"fentry/{name}\")`")),
        Key::AttachMember | Key::AttachMemberUnsupported | Key::AttachStruct => {
            let member = scene.refusal.text("member");
            let what = member.map_or_else(
                || format!("{section} names no member of a structure that programs may fill in"),
                |m| format!("`{m}` of `struct {name}` is not open to programs"),
            );
            Story::rule(scene, format!("{what}."))
                .because("The kernel calls only those members that it is prepared to have in BPF, each as sleepable or not.")
                .advise("leave the member out (the kernel's default serves), or match `SEC(\"struct_ops/...\")` and `SEC(\"struct_ops.s/...\")` to what it takes")
        }
        Key::AttachName
        | Key::AttachNotTypedef
        | Key::AttachNotPointer
        | Key::AttachNotFaultable
        | Key::AttachNotFunction
        | Key::AttachNotIterator => Story::rule(
            scene,
            format!("{section} names `{name}`, and {} program does not attach to such a thing.", a_type(scene)),
        )
        .advise("match the kind of section to what is named: `fentry` to a function, `tp_btf` to a tracepoint, `lsm` to a hook, `iter` to an iterator")
        .by(Cause::Source, Sure::High),
        Key::KfuncOfDevice => Story::rule(
            scene,
            "the program reads metadata of a device, and is loaded for none.",
        )
        .because("Such functions are the driver's own: the kernel has to know the device when it loads the program.")
        .advise("load it for its device: `bpf_program__set_ifindex` and the flag `BPF_F_XDP_DEV_BOUND_ONLY`")
        .by(Cause::Environment, Sure::High),
        _ => return licence(scene, key, &name),
    })
}

/// The program's section without what asks for sleep.
fn plain_section(scene: &Scene<'_>) -> String {
    format!(
        "`SEC(\"{}\")`",
        scene
            .program
            .section
            .replacen(".s/", "/", 1)
            .trim_end_matches(".s")
    )
}

/// The first call of the program that may sleep: it is why the program asks to.
fn sleeps(scene: &Scene<'_>) -> Option<Event> {
    let (insn, name) = scene
        .ops
        .iter()
        .enumerate()
        .find_map(|(insn, op)| match *op {
            Op::Call(callee) if names::may_sleep(scene.program, callee) => {
                Some((insn, names::callee(scene.program, callee, insn)))
            }
            _ => None,
        })?;
    let text = format!("`{name}` may sleep, and needs it");
    Some(scene.event(scene.path.len(), insn, Happened::Changed(text)))
}

fn not_sleepable(scene: &Scene<'_>, name: &str, section: &str) -> Story {
    let plain = plain_section(scene);
    let injected = error_injectable(name);
    let without = if injected {
        format!(
            "; on {} it does not, for that kernel is built without CONFIG_FUNCTION_ERROR_INJECTION",
            scene.target
        )
    } else {
        String::new()
    };
    let what = if injected {
        format!(
            "{section} asks to sleep in `{name}`, which allows it only as a function open to error injection{without}."
        )
    } else {
        format!("{section} asks to sleep in `{name}`, where nothing may.")
    };
    let story = Story::rule(scene, what)
        .because("A program that may sleep attaches only to functions that are known to be called where sleeping is allowed.")
        .after(sleeps(scene))
        .help(Help::say(format!("attach without sleeping ({plain}) if nothing that is called needs it; or name a function that allows it, such as a system call's (`__x64_sys_...`) or an LSM hook")).patch(Some(Patch::load(Load::Awake))));
    if injected {
        story.by(Cause::Environment, Sure::High)
    } else {
        story
    }
}

fn not_modifiable(scene: &Scene<'_>, name: &str) -> Story {
    let story = Story::rule(
        scene,
        format!("`{name}` does not let programs change what it returns."),
    )
    .because("Only functions that are marked for error injection, and the hooks of security, may have their result replaced.")
    .advise("watch it instead (`fentry`, `fexit`), or decide in an LSM hook (`SEC(\"lsm/...\")`)");
    if error_injectable(name) {
        story.by(Cause::Environment, Sure::High)
    } else {
        story
    }
}

fn licence(scene: &Scene<'_>, key: Key, name: &str) -> Option<Story> {
    let what = match key {
        Key::HelperLicence | Key::KfuncLicence => callee(scene),
        Key::LsmLicence => "an LSM program".into(),
        Key::StructOpsLicence => "a struct_ops program of this kind".into(),
        Key::StructLicence => format!("reading `struct {name}` directly"),
        _ => return None,
    };
    let own = scene.program.license.as_str();
    let has = if own.is_empty() {
        "this object states no licence".into()
    } else {
        format!("this object's licence is \"{own}\"")
    };
    let without = if matches!(key, Key::HelperLicence | Key::KfuncLicence) {
        format!("; else do without {what}")
    } else {
        String::new()
    };
    Some(
        Story::rule(scene, format!("{what} needs a licence that is compatible with the GPL, and {has}."))
        .because("The kernel reads the object's `license` section, and knows a few spellings: \"GPL\", \"GPL v2\", \"Dual BSD/GPL\", \"Dual MIT/GPL\", \"Dual MPL/GPL\".")
        .help(Help::say(format!("if that is how the program is licensed, state it: `char LICENSE[] SEC(\"license\") = \"GPL\";`{without}")).patch(Some(Patch::load(Load::Gpl)))),
    )
}
