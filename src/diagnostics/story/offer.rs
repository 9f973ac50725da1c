//! What a target or a program's type does not offer: functions, instructions, fields of
//! the context; maps that a function does not work on; stacks of nested calls.

use super::chain::stack_chain;
use super::context::context_field;
use super::{Cause, Claim, Happened, Help, Scene, Story, Sure};
use crate::abstract_interp::Code;
use crate::abstract_interp::refusal::Key;
use crate::helpers_spec::{self, MapType, ProgType};
use crate::object::btf::essential_name;
use crate::prelude::*;
use crate::programs::insn::{Callee, Op};

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    if let Some(what) = unresolved(scene) {
        return Some(what);
    }
    if matches!(scene.op(), Some(Op::CallX { .. })) {
        return Some(indirect(scene));
    }
    match scene.refusal.code() {
        Code::FuncNotAllowed => not_for_type(scene),
        Code::UnknownFunc => not_yet(scene),
        Code::Kfunc if scene.key() == Some(Key::KfuncForbidden) => kfunc(scene),
        Code::UnknownOpcode | Code::InvalidOpcode | Code::ReservedField => instruction(scene),
        Code::CtxAccess => context_field(scene),
        Code::MapFunc => map_function(scene),
        Code::TailCallStack if scene.key() == Some(Key::TailCallMap) => map_function(scene),
        Code::StackTooBig => stack_chain(scene),
        _ => None,
    }
}

/// What a loader could not resolve.
fn unresolved(scene: &Scene<'_>) -> Option<Story> {
    let what = scene.program.poison_at(scene.insn as u32)?;
    let record = scene
        .program
        .core_relocs
        .iter()
        .find(|r| r.insn as usize == scene.insn);
    let claim = Claim::NotYet {
        what: without_flavours(what),
        target: scene.target.to_owned(),
        since: None,
    };
    let help = match record {
        Some(r) if !r.access.is_empty() => format!(
            "where the field may be absent ask first: `if (bpf_core_field_exists(...))`; where it was renamed or moved declare a flavour (`struct {}___old`) with the old layout and read that",
            essential_name(r.type_name.trim_start_matches("struct "))
        ),
        _ => "declare the symbol `__weak` and ask `bpf_ksym_exists` (or `bpf_core_type_exists`) before it is used".into(),
    };
    Some(Story {
        reason: Some("The loader puts an invalid call in its place, which is refused only where it can be reached.".into()),
        helps: vec![Help::say(help)],
        cause: (Cause::Environment, Sure::High),
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// Words with the names of types as the kernel has them: `struct sock___old` is a name of
/// the program's own for `struct sock`.
fn without_flavours(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        out.push_str(essential_name(name));
        let next = behind.find(word).unwrap_or(behind.len());
        let (between, behind) = behind.split_at(next);
        out.push_str(between);
        rest = behind;
    }
    out
}

/// A call through a register, which compilers emit for functions that they did not inline.
fn indirect(scene: &Scene<'_>) -> Story {
    Story {
        reason: Some("Compilers emit such calls without `-O2`, where helpers are called through variables; else a function pointer stands in the source.".into()),
        helps: vec![Help::say("compile with `-O2`; call functions by their names")],
        cause: (Cause::Compiler, Sure::High),
        ..Story::rule(
            scene,
            "A function is called through a register, which programs cannot do.",
        )
    }
}

/// What to use in place of a helper that a type may not call; of any type, if none is
/// named.
const INSTEAD: [(&str, Option<ProgType>, &str); 11] = [
    ("bpf_get_current_task", None, "the fields of the context"),
    (
        "bpf_get_current_pid_tgid",
        None,
        "what the context gives: packets have no current task",
    ),
    (
        "bpf_probe_read",
        None,
        "`bpf_probe_read_kernel` or `bpf_probe_read_user`",
    ),
    (
        "bpf_probe_read_str",
        None,
        "`bpf_probe_read_kernel_str` or `bpf_probe_read_user_str`",
    ),
    (
        "bpf_skb_load_bytes",
        Some(ProgType::Xdp),
        "`bpf_xdp_load_bytes`, or packet pointers",
    ),
    (
        "bpf_skb_store_bytes",
        Some(ProgType::Xdp),
        "`bpf_xdp_store_bytes`, or packet pointers",
    ),
    (
        "bpf_xdp_adjust_head",
        Some(ProgType::SchedCls),
        "`bpf_skb_adjust_room` or `bpf_skb_change_head`",
    ),
    (
        "bpf_xdp_load_bytes",
        Some(ProgType::SchedCls),
        "`bpf_skb_load_bytes`",
    ),
    (
        "bpf_get_socket_cookie",
        Some(ProgType::Kprobe),
        "an `fentry` program on the same function, whose typed `struct sock *` the helper takes",
    ),
    (
        "bpf_redirect_map",
        Some(ProgType::SchedCls),
        "`bpf_redirect`, with an interface's index that an array map holds",
    ),
    ("bpf_redirect_peer", Some(ProgType::Xdp), "`bpf_redirect`"),
];

fn helper_id(scene: &Scene<'_>) -> Option<u32> {
    match scene.op()? {
        Op::Call(Callee::Helper(id)) => u32::try_from(id).ok(),
        _ => None,
    }
}

fn not_for_type(scene: &Scene<'_>) -> Option<Story> {
    let id = helper_id(scene)?;
    let callee = scene.callee()?;
    let (own, spec) = (scene.program.prog_type, scene.spec());
    let others: Vec<&'static str> = ProgType::ALL
        .iter()
        .filter(|t| **t != own && helpers_spec::helper_ever_allowed(id, **t, spec))
        .map(|t| t.name())
        .collect();
    let ever = helpers_spec::helper_ever_allowed(id, own, spec);
    let instead = INSTEAD
        .iter()
        .find(|(name, ty, _)| *name == callee && ty.is_none_or(|t| t == own))
        .map(|(.., i)| *i);
    let text = match instead {
        Some(instead) => format!("here use {instead}"),
        None if callee == "bpf_d_path" => {
            "hook a function of its list (such as `security_file_open`)".into()
        }
        None if ever => format!(
            "attach where `{callee}` may be called: this attach point or this way of loading does not allow it"
        ),
        None if others.is_empty() => format!("do without `{callee}`"),
        None => format!(
            "do that part in a program of a type that may call it ({}), and pass the result through a map",
            some(&others)
        ),
    };
    let mut story = Story::new(
        scene.refusal.code(),
        Claim::NotForType {
            callee: callee.clone(),
            prog_type: own.name().to_owned(),
            others,
            instead: ever.then_some("not at this attach point"),
        },
    );
    story.helps.push(Help::say(text));
    Some(story)
}

/// A few of a list, in words.
pub(super) fn some(list: &[&str]) -> String {
    let shown: Vec<String> = list.iter().take(4).map(|t| format!("`{t}`")).collect();
    let more = list.len().saturating_sub(4);
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

fn not_yet(scene: &Scene<'_>) -> Option<Story> {
    let id = helper_id(scene)?;
    let name = helpers_spec::helper_name(id)?;
    let since = helpers_spec::helper_since(id).map(|s| s.trim_start_matches('v').to_owned());
    let claim = Claim::NotYet {
        what: format!("`{name}`"),
        target: scene.target.to_owned(),
        since: since.clone(),
    };
    let known = since.as_deref().is_some_and(|s| !s.is_empty());
    let text = if known {
        format!(
            "ask at run time what the kernel has (`bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_{})`) and go another way without it",
            name.trim_start_matches("bpf_")
        )
    } else {
        format!("this kernel is built without `{name}`: do without it, or enable its option")
    };
    Some(Story {
        helps: vec![Help::say(text)],
        cause: (Cause::Environment, Sure::High),
        ..Story::new(scene.refusal.code(), claim)
    })
}

fn kfunc(scene: &Scene<'_>) -> Option<Story> {
    let callee = scene.callee()?;
    let (own, spec) = (scene.program.prog_type, scene.spec());
    let facts = helpers_spec::kfunc(&callee, spec)?;
    let others: Vec<&'static str> = ProgType::ALL
        .iter()
        .filter(|t| {
            **t != own
                && facts
                    .sets
                    .iter()
                    .any(|s| !s.fmod_ret && s.types >> t.id() & 1 == 1)
        })
        .map(|t| t.name())
        .collect();
    let text = if others.is_empty() {
        format!("do without `{callee}`: it is not open to programs of this type")
    } else {
        format!(
            "call `{callee}` from a program of a type that may ({})",
            some(&others)
        )
    };
    let claim = Claim::NotForType {
        callee,
        prog_type: own.name().to_owned(),
        others,
        instead: None,
    };
    let mut story = Story::new(scene.refusal.code(), claim);
    story.helps.push(Help::say(text));
    Some(story)
}

/// What newer instructions are called, since when kernels have them, and how compilers
/// are kept from them.
fn instruction(scene: &Scene<'_>) -> Option<Story> {
    let newest = crate::programs::decode(&scene.program.insns);
    let (what, since, flag) = match newest.get(scene.insn)? {
        Op::MovSx { .. } => ("a sign-extending move", "6.6", "-mcpu=v3"),
        Op::Load { sx: true, .. } => ("a sign-extending load", "6.6", "-mcpu=v3"),
        Op::Ja { long: true, .. } => ("a long jump", "6.6", "-mcpu=v3"),
        Op::End {
            kind: crate::programs::insn::Endness::Swap,
            ..
        } => ("an unconditional byte swap", "6.6", "-mcpu=v3"),
        Op::Alu {
            op: crate::programs::insn::AluOp::SDiv | crate::programs::insn::AluOp::SMod,
            ..
        } => ("a signed division", "6.6", "-mcpu=v3"),
        Op::MayGoto { .. } => ("`may_goto`", "6.9", "-mcpu=v3"),
        Op::AddrSpaceCast { .. } => ("an arena pointer cast", "6.9", "-mcpu=v3"),
        Op::LoadAcquire { .. } | Op::StoreRelease { .. } => {
            ("a load-acquire or store-release", "6.15", "-mcpu=v3")
        }
        Op::Gotox { .. } => ("an indirect jump", "6.19", "-fno-jump-tables"),
        Op::Atomic { .. } => ("this atomic operation", "5.12", "-mcpu=v2"),
        _ => return None,
    };
    let claim = Claim::NotYet {
        what: what.to_owned(),
        target: scene.target.to_owned(),
        since: Some(since.to_owned()),
    };
    Some(Story {
        helps: vec![Help::say(format!(
            "compile with `{flag}`, which keeps to instructions that older kernels know"
        ))],
        cause: (Cause::Compiler, Sure::High),
        ..Story::new(scene.refusal.code(), claim)
    })
}

/// Map types with what works on them, where that is little.
const WORK_ON: [(MapType, &str); 7] = [
    (
        MapType::PerfEventArray,
        "`bpf_perf_event_output` (to send) and `bpf_perf_event_read_value`",
    ),
    (MapType::ProgArray, "`bpf_tail_call`"),
    (
        MapType::Ringbuf,
        "`bpf_ringbuf_output`, `bpf_ringbuf_reserve` and `bpf_ringbuf_submit`",
    ),
    (
        MapType::StackTrace,
        "`bpf_get_stackid`; user space reads the stacks",
    ),
    (
        MapType::Queue,
        "`bpf_map_push_elem`, `bpf_map_pop_elem` and `bpf_map_peek_elem`",
    ),
    (
        MapType::Stack,
        "`bpf_map_push_elem`, `bpf_map_pop_elem` and `bpf_map_peek_elem`",
    ),
    (
        MapType::CgroupArray,
        "`bpf_skb_under_cgroup` and `bpf_current_task_under_cgroup`",
    ),
];

/// Helpers with the map types that they are made for.
const MAPS_OF: [(&str, &str); 10] = [
    ("bpf_tail_call", "BPF_MAP_TYPE_PROG_ARRAY"),
    ("bpf_perf_event_output", "BPF_MAP_TYPE_PERF_EVENT_ARRAY"),
    ("bpf_perf_event_read", "BPF_MAP_TYPE_PERF_EVENT_ARRAY"),
    ("bpf_get_stackid", "BPF_MAP_TYPE_STACK_TRACE"),
    ("bpf_ringbuf_output", "BPF_MAP_TYPE_RINGBUF"),
    ("bpf_ringbuf_reserve", "BPF_MAP_TYPE_RINGBUF"),
    ("bpf_redirect_map", "BPF_MAP_TYPE_DEVMAP, CPUMAP or XSKMAP"),
    ("bpf_sk_storage_get", "BPF_MAP_TYPE_SK_STORAGE"),
    ("bpf_task_storage_get", "BPF_MAP_TYPE_TASK_STORAGE"),
    (
        "bpf_for_each_map_elem",
        "BPF_MAP_TYPE_HASH, ARRAY and their per-CPU and LRU kin",
    ),
];

fn map_function(scene: &Scene<'_>) -> Option<Story> {
    let callee = scene.callee()?;
    let map = (1..=5).find_map(|r| {
        let def = scene.flow.def(scene.flow.root(scene.node(r)?));
        match def.made {
            crate::diagnostics::flow::Made::Map {
                index,
                value: false,
            } => Some((scene.program.maps.get(index as usize)?, def.step, def.insn)),
            _ => None,
        }
    });
    let (map, step, insn) = map?;
    let ty = MapType::from_id(map.map_type).map_or_else(
        || format!("type {}", map.map_type),
        |t| format!("BPF_MAP_TYPE_{}", t.name().to_uppercase()),
    );
    let wants = MAPS_OF
        .iter()
        .find(|(name, _)| *name == callee)
        .map(|(_, t)| *t);
    let text = match wants {
        Some(wants) => format!(
            "declare `{}` as {wants}, or use the functions that are made for {ty} maps",
            map.name
        ),
        None => {
            let works = MapType::from_id(map.map_type)
                .and_then(|t| WORK_ON.iter().find(|(own, _)| *own == t));
            match works {
                Some((_, works)) => format!(
                    "on `{}` use {works}; or declare it as a BPF_MAP_TYPE_HASH or ARRAY",
                    map.name
                ),
                None => format!(
                    "use a function that works on {ty} maps, or another type for `{}`",
                    map.name
                ),
            }
        }
    };
    let what = format!(
        "`{callee}` does not work on `{}`, which is a map of type {ty}.",
        map.name
    );
    let kind = Happened::Map(map.name.to_string());
    Some(Story {
        events: if scene.line_number(insn) == scene.line_number(scene.insn) {
            Vec::new()
        } else {
            vec![scene.event(step, insn, kind)]
        },
        helps: vec![Help::say(text)],
        ..Story::rule(scene, what)
    })
}
