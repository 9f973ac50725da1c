//! Ways by which data leaves a program for user space.
//!
//! Calls name their channel; a map is one if the program writes to it, since
//! whoever holds its descriptor reads it. What the program returns or does to
//! packets is not data for user space and is told by risk classes instead.

use alloc::collections::BTreeMap;

use super::model::{Call, Channel, MapUse};
use crate::helpers_spec::MapType;
use crate::prelude::*;
use crate::programs::Program;
use crate::untrusted::Untrusted;

/// The channel of a call: its word, and whether it goes through a map.
fn channel(name: &str) -> Option<(&'static str, bool)> {
    Some(match name {
        "bpf_trace_printk" | "bpf_trace_vprintk" => ("trace-pipe", false),
        "bpf_perf_event_output" | "bpf_skb_output" | "bpf_xdp_output" => ("perf-event", true),
        "bpf_ringbuf_output" | "bpf_ringbuf_reserve" | "bpf_ringbuf_reserve_dynptr" => {
            ("ringbuf", true)
        }
        "bpf_seq_printf" | "bpf_seq_write" | "bpf_seq_printf_btf" => ("seq-file", false),
        "bpf_probe_write_user" => ("process-memory", false),
        "bpf_send_signal" | "bpf_send_signal_thread" | "bpf_send_signal_task" => ("signal", false),
        "bpf_map_update_elem" | "bpf_map_push_elem" | "bpf_map_delete_elem" => ("map", true),
        "bpf_sk_storage_get"
        | "bpf_task_storage_get"
        | "bpf_inode_storage_get"
        | "bpf_cgrp_storage_get" => ("map", true),
        "bpf_get_stackid" => ("map", true),
        "bpf_stream_vprintk" | "bpf_stream_print_stack" => ("stream", false),
        "bpf_sysctl_set_new_value" => ("sysctl", false),
        "bpf_setsockopt" => ("socket-option", false),
        "hid_bpf_hw_request"
        | "hid_bpf_hw_output_report"
        | "hid_bpf_input_report"
        | "hid_bpf_try_input_report" => ("hid-device", false),
        _ => return None,
    })
}

/// Collects the channels of a program.
pub fn channels(program: &Program, calls: &[Call], maps: &[MapUse]) -> Vec<Channel> {
    let mut found: BTreeMap<(&'static str, Untrusted), usize> = BTreeMap::new();
    for call in calls {
        let Some((kind, by_map)) = channel(call.name.data()) else {
            continue;
        };
        for site in &call.sites {
            if by_map && !site.maps.is_empty() {
                for map in &site.maps {
                    let def = program.maps.get(*map as usize);
                    let name = def.map_or_else(Untrusted::new, |m| (&m.name).into());
                    *found.entry((kind, name)).or_default() += 1;
                }
            } else {
                *found.entry((kind, call.name.clone())).or_default() += 1;
            }
        }
    }
    for m in maps.iter().filter(|m| m.writes + m.atomics > 0) {
        let def = program.maps.get(m.map as usize);
        let kind = match def.and_then(|d| MapType::from_id(d.map_type)) {
            Some(MapType::Arena) => "arena",
            _ => "map",
        };
        *found.entry((kind, m.name.clone())).or_default() += m.writes + m.atomics;
    }
    let all = found.into_iter();
    all.map(|((kind, through), sites)| Channel {
        kind,
        through,
        sites,
    })
    .collect()
}
