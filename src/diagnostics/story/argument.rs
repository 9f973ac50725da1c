//! Arguments of a kind that the called function does not take, and calls that sleep.

use super::patch::Patch;
use super::{Claim, Happened, Help, Range, Scene, Story, trace};
use crate::abstract_interp::refusal::{Fault, Key};
use crate::abstract_interp::value::{BtfSrc, Flags, Kind, Reg};
use crate::helpers_spec::{ProgType, RegBase, RegClass, TypeFlags};
use crate::prelude::*;

pub(super) fn tell(scene: &Scene<'_>) -> Option<Story> {
    match scene.refusal.fault()? {
        Fault::ArgumentKind { held, expected } => Some(kind(scene, held, expected.0)),
        Fault::ArgumentMemory { held } => Some(kind(scene, held, &[])),
        Fault::HelperMightSleep | Fault::KfuncNeedsSleepable { .. } => sleeps(scene),
        Fault::HelperSleeps { .. } if scene.key() == Some(Key::HelperSleeps) => sleeps(scene),
        _ => None,
    }
}

/// What a register holds, in words.
pub(in crate::diagnostics) fn words(scene: &Scene<'_>, held: &Reg) -> String {
    let name = |map: crate::abstract_interp::value::MapRef| {
        scene
            .map(map)
            .map_or_else(|| "?".to_owned(), |m| m.name.to_string())
    };
    let what = match held.kind {
        Kind::Uninit => "nothing".into(),
        Kind::Scalar => {
            let range = Range::of(&held.bounds);
            return match range.single() {
                Some(n) => format!("the number {n}"),
                None if range.unknown() => "a number".into(),
                None => format!("a number ({})", super::range(range)),
            };
        }
        Kind::Ctx => "the context".into(),
        Kind::ConstMap { map, .. } => format!("the map `{}` itself", name(map)),
        Kind::MapValue { map, .. } => format!("a pointer to a value of map `{}`", name(map)),
        Kind::MapKey { map, .. } => format!("a pointer to a key of map `{}`", name(map)),
        Kind::Stack { .. } => "a pointer to the stack".into(),
        Kind::Packet => "a pointer into the packet".into(),
        Kind::PacketMeta => "a pointer to packet metadata".into(),
        Kind::PacketEnd => "the end of the packet".into(),
        Kind::FlowKeys => "a pointer to flow keys".into(),
        Kind::Socket => "a socket".into(),
        Kind::SockCommon => "the common part of a socket".into(),
        Kind::TcpSock => "a TCP socket".into(),
        Kind::XdpSock => "an XDP socket".into(),
        Kind::Btf { btf, id } => {
            let types = match btf {
                BtfSrc::Program => scene.program.btf.as_deref(),
                BtfSrc::Kernel => None,
            };
            let kind = if held.flags.has(Flags::UNTRUSTED) {
                "an untrusted pointer to a kernel object"
            } else if held.flags.has(Flags::ALLOC) {
                "a pointer to an allocated object"
            } else if held.flags.has(Flags::RCU) {
                "a pointer to a kernel object that RCU protects"
            } else {
                "a pointer to a kernel object"
            };
            match types {
                Some(btf) => format!("{kind} (`struct {}`)", btf.name(id)),
                None => kind.into(),
            }
        }
        Kind::Mem { size, .. } => format!("a pointer to {size} bytes of memory"),
        Kind::Buf | Kind::TpBuffer => "a pointer to the hook's buffer".into(),
        Kind::Arena => "an arena pointer".into(),
        Kind::Func { .. } => "a function".into(),
        Kind::ConstDynptr { .. } => "a dynptr".into(),
        Kind::Insn { .. } => "an instruction's address".into(),
        Kind::DynptrSlot { .. } | Kind::IterSlot { .. } | Kind::IrqSlot { .. } => {
            "an object on the stack".into()
        }
    };
    if held.maybe_null() {
        format!("{what}, or NULL")
    } else {
        what
    }
}

/// What a class of registers is called.
fn class(c: &RegClass) -> &'static str {
    match c.base {
        RegBase::Stack => "the stack",
        RegBase::Packet => "the packet",
        RegBase::PacketMeta => "packet metadata",
        RegBase::MapKey => "a map's key",
        RegBase::MapValue => "a map's value",
        RegBase::Mem | RegBase::Buf => "memory from a helper",
        RegBase::Ctx => "the context",
        RegBase::Scalar => "a number",
        RegBase::ConstMap => "a map",
        RegBase::Socket | RegBase::SockCommon | RegBase::TcpSock | RegBase::XdpSock => "a socket",
        RegBase::BtfId if c.flags.has(TypeFlags::PERCPU) => {
            "a per-CPU object of the kernel (tagged `__percpu`)"
        }
        RegBase::BtfId => "a typed kernel object",
        RegBase::Func => "a function",
        RegBase::ConstDynptr => "a dynptr",
    }
}

fn kind(scene: &Scene<'_>, held: &Reg, expected: &[RegClass]) -> Story {
    let reg = scene.reg().unwrap_or(0);
    let mut wants: Vec<&'static str> = expected.iter().map(class).collect();
    wants.sort_unstable();
    wants.dedup();
    let memory = wants.len() > 3 || expected.is_empty();
    let mut events = Vec::new();
    if let Some(node) = scene.node(reg) {
        trace::value(scene, node, &mut events);
    }
    events.retain(|e| !matches!(e.kind, Happened::Constant(_)));
    let callee = scene.callee().unwrap_or_else(|| "the function".into());
    let holder =
        !memory && wants.contains(&"a map's value") && matches!(held.kind, Kind::Stack { .. });
    let record = ["bpf_ringbuf_submit", "bpf_ringbuf_discard"]
        .iter()
        .any(|c| *c == callee);
    let text = if record {
        format!(
            "take this call out: only what `bpf_ringbuf_reserve` returned is given to `{callee}`; data that lies elsewhere is sent by `bpf_ringbuf_output`, which copies it"
        )
    } else if let Some(text) = map_as_value(scene, held).filter(|_| memory) {
        text
    } else if holder {
        "put it into the value of a map (an array of one element will do), and pass the address of the member in what `bpf_map_lookup_elem` returned: it must outlive the program's run".to_owned()
    } else if held.is_scalar() && memory {
        "pass the address of a buffer: of a variable on the stack (`&key`), of a map's value, or of checked packet bytes; an address of kernel memory is copied from first (`bpf_probe_read_kernel`)".to_owned()
    } else if held.is_scalar() {
        format!(
            "pass {}: a pointer that went through a number, or through memory, has lost its type",
            join(&wants)
        )
    } else if memory {
        "copy the data into a variable on the stack, and pass that".to_owned()
    } else {
        format!("pass {}", join(&wants))
    };
    let help = scene
        .node(reg)
        .map(|n| scene.flow.root(n))
        .filter(|_| held.is_scalar() && wants.contains(&"a typed kernel object"))
        .and_then(|root| super::number::task(scene, root))
        .unwrap_or_else(|| Help::say(text).patch(Patch::skip(scene).filter(|_| record)));
    let claim = Claim::WrongKind {
        what: match scene.argument(scene.insn, reg) {
            Some(name) => format!("`{name}`"),
            None => format!("argument {reg}"),
        },
        is: words(scene, held),
        callee,
        wants: if memory { vec!["memory"] } else { wants },
    };
    Story {
        events,
        helps: vec![help],
        ..Story::new(scene.refusal.code(), claim)
    }
}

/// A map is handed over where one of its values is meant.
fn map_as_value(scene: &Scene<'_>, held: &Reg) -> Option<String> {
    use crate::helpers_spec::MapType;
    if !matches!(held.kind, Kind::ConstMap { .. }) {
        return None;
    }
    let outer = match scene.held(1)?.kind {
        Kind::ConstMap { map, .. } => scene.map(map),
        _ => None,
    };
    let maps = outer.is_some_and(|m| {
        matches!(
            MapType::from_id(m.map_type),
            Some(MapType::ArrayOfMaps | MapType::HashOfMaps)
        )
    });
    Some(match outer.filter(|_| maps) {
        Some(m) => format!(
            "put maps into `{}` from user space: programs look them up only",
            m.name
        ),
        None => "pass a value, not the map: the address of a variable, or of what `bpf_map_lookup_elem` returned".into(),
    })
}

fn join(list: &[&str]) -> String {
    match list {
        [] => "what it takes".into(),
        [one] => (*one).into(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

fn sleeps(scene: &Scene<'_>) -> Option<Story> {
    let callee = scene.callee()?;
    let own = scene.program.prog_type;
    let text = match own {
        ProgType::Tracing => "make the program sleepable: `SEC(\"fentry.s/...\")`, `fexit.s`, `fmod_ret.s` or `iter.s`".to_owned(),
        ProgType::Lsm => "make the program sleepable: `SEC(\"lsm.s/...\")`".into(),
        ProgType::Kprobe => "only uprobes may sleep (`SEC(\"uprobe.s/...\")`), or `fentry.s` on a function that allows it; else use the variant that does not sleep".into(),
        ProgType::StructOps => "make the member sleepable: `SEC(\"struct_ops.s/...\")`".into(),
        _ => format!("programs of this type never sleep: use a variant of `{callee}` that does not, or do it in a sleepable program (`fentry.s`, `lsm.s`, `syscall`)"),
    };
    let claim = Claim::Sleeps {
        callee,
        prog_type: own.name().to_owned(),
    };
    Some(Story {
        helps: vec![Help::say(text)],
        ..Story::new(scene.refusal.code(), claim)
    })
}
