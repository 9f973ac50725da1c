//! What a loader asks of a runtime for a program: commands of `bpf(2)`, the perf event that it
//! hangs on; and the operation of a map behind a helper.

use crate::helpers_spec::{self, AttachType, MapOperation, PerfEvent, ProgType};
use crate::object::MapOrigin;
use crate::prelude::*;
use crate::programs::Program;

/// The operation of a map that a helper asks for.
pub(super) fn helper_operation(id: u32) -> Option<MapOperation> {
    use MapOperation as O;
    Some(match helpers_spec::helper_name(id)? {
        "bpf_map_lookup_elem" => O::LookupElem,
        "bpf_map_update_elem" => O::UpdateElem,
        "bpf_map_delete_elem" => O::DeleteElem,
        "bpf_for_each_map_elem" => O::ForEachElem,
        "bpf_map_lookup_percpu_elem" => O::LookupPercpuElem,
        "bpf_map_push_elem" => O::PushElem,
        "bpf_map_pop_elem" => O::PopElem,
        "bpf_map_peek_elem" => O::PeekElem,
        _ => return None,
    })
}

/// The kind of perf event that a program hangs on.
pub(super) fn own_event(program: &Program) -> Option<PerfEvent> {
    let begins = |stem: &str| program.section.starts_with(stem);
    Some(match program.prog_type {
        ProgType::Tracepoint => PerfEvent::Tracepoint,
        ProgType::PerfEvent => PerfEvent::Counter,
        ProgType::Kprobe if begins("uprobe") || begins("uretprobe") || begins("usdt") => {
            PerfEvent::Uprobe
        }
        ProgType::Kprobe => PerfEvent::Kprobe,
        _ => return None,
    })
}

/// Commands that a loader gives for this program and its maps: to make them, to fill and
/// freeze constants, and to attach what only a command attaches.
pub(super) fn commands(program: &Program) -> Vec<&'static str> {
    let mut out = vec!["BPF_PROG_LOAD"];
    let made = |kind: &dyn Fn(MapOrigin) -> bool| program.maps.iter().any(|m| kind(m.kind));
    if !program.maps.is_empty() {
        out.push("BPF_MAP_CREATE");
    }
    if made(&|kind| matches!(kind, MapOrigin::Rodata | MapOrigin::Kconfig)) {
        out.extend(["BPF_MAP_UPDATE_ELEM", "BPF_MAP_FREEZE"]);
    } else if program.maps.iter().any(|m| !m.slots.is_empty()) {
        out.push("BPF_MAP_UPDATE_ELEM");
    }
    use ProgType as P;
    match program.prog_type {
        P::RawTracepoint | P::RawTracepointWritable => out.push("BPF_RAW_TRACEPOINT_OPEN"),
        P::Netfilter | P::StructOps => out.push("BPF_LINK_CREATE"),
        P::Tracing if program.attach_type == Some(AttachType::TraceIter) => {
            out.extend(["BPF_LINK_CREATE", "BPF_ITER_CREATE"]);
        }
        P::Tracing | P::Lsm | P::Ext => out.push("BPF_RAW_TRACEPOINT_OPEN"),
        _ => {}
    }
    out
}
