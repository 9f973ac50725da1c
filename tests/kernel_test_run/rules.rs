//! Which programs can be compared: those whose runs depend on nothing but the
//! packet, the context and the maps.

use std::collections::BTreeSet;

use bpfassay::helpers_spec::{MapType, ProgType, helper_name};
use bpfassay::programs::Program;

use super::world;

/// Helpers whose meaning is local, or follows from what a scenario states of this
/// process and network (`world`). Every other one depends on what only a running
/// system has (time, random numbers, CPUs, user memory), has effects beyond the run (sends packets or signals, opens or
/// changes kernel objects), or is only modelled here.
const LOCAL: &[u32] = &[
    1,   // map_lookup_elem
    2,   // map_update_elem
    3,   // map_delete_elem
    4,   // probe_read
    6,   // trace_printk
    9,   // skb_store_bytes
    10,  // l3_csum_replace
    11,  // l4_csum_replace
    12,  // tail_call
    14,  // get_current_pid_tgid
    15,  // get_current_uid_gid
    16,  // get_current_comm
    18,  // skb_vlan_push
    19,  // skb_vlan_pop
    23,  // redirect
    25,  // perf_event_output
    26,  // skb_load_bytes
    28,  // csum_diff
    31,  // skb_change_proto
    32,  // skb_change_type
    38,  // skb_change_tail
    39,  // skb_pull_data
    40,  // csum_update
    41,  // set_hash_invalid
    42,  // get_numa_node_id
    43,  // skb_change_head
    44,  // xdp_adjust_head
    45,  // probe_read_str
    48,  // set_hash
    50,  // skb_adjust_room
    51,  // redirect_map
    54,  // xdp_adjust_meta
    65,  // xdp_adjust_tail
    68,  // skb_load_bytes_relative
    69,  // fib_lookup
    80,  // get_current_cgroup_id
    81,  // get_local_storage
    84,  // sk_lookup_tcp
    85,  // sk_lookup_udp
    87,  // map_push_elem
    88,  // map_pop_elem
    89,  // map_peek_elem
    93,  // spin_lock
    94,  // spin_unlock
    97,  // skb_ecn_set_ce
    99,  // skc_lookup_tcp
    105, // strtol
    106, // strtoul
    113, // probe_read_kernel
    115, // probe_read_kernel_str
    130, // ringbuf_output
    131, // ringbuf_reserve
    132, // ringbuf_submit
    133, // ringbuf_discard
    152, // redirect_neigh
    155, // redirect_peer
    163, // check_mtu
    164, // for_each_map_elem
    165, // snprintf
    177, // trace_vprintk
    181, // loop
    182, // strncmp
    188, // xdp_get_buff_len
    189, // xdp_load_bytes
    190, // xdp_store_bytes
    195, // map_lookup_percpu_elem
    197, // dynptr_from_mem
    198, // ringbuf_reserve_dynptr
    199, // ringbuf_submit_dynptr
    200, // ringbuf_discard_dynptr
    201, // dynptr_read
    202, // dynptr_write
    203, // dynptr_data
];

const CALL: u8 = 0x85;
const MAY_GOTO: u8 = 0xe5;
const LOAD64: u8 = 0x79;
/// `sk` in `struct __sk_buff`.
const SKB_SK: i16 = 168;

/// Program types that the kernel runs on request and whose input we know to make.
pub fn is_runnable(prog_type: ProgType) -> bool {
    use ProgType as P;
    matches!(
        prog_type,
        P::Xdp
            | P::SchedCls
            | P::SchedAct
            | P::CgroupSkb
            | P::SocketFilter
            | P::LwtIn
            | P::LwtOut
            | P::LwtXmit
            | P::LwtSeg6local
            | P::FlowDissector
            | P::Syscall
            | P::RawTracepoint
            | P::SkLookup
            | P::Netfilter
    )
}

/// Why a program is not compared; `None` if it is.
pub fn excluded(program: &Program) -> Option<String> {
    if !is_runnable(program.prog_type) {
        return Some("type is not run on request".into());
    }
    if program
        .attach_type
        .is_some_and(|a| a.name().ends_with("map"))
        && program.prog_type == ProgType::Xdp
    {
        return Some("XDP programs of maps are not run on request".into());
    }
    if program.insns.iter().any(|i| i.opcode == MAY_GOTO) {
        return Some("may_goto, which the kernel ends by the clock".into());
    }
    if let Some(kfunc) = program.kfuncs.first() {
        return Some(format!("kfunc {}", kfunc.name));
    }
    if !program.ksyms.is_empty() {
        return Some("kernel symbols".into());
    }
    let called: BTreeSet<u32> = program
        .insns
        .iter()
        .filter(|i| i.opcode == CALL && i.src == 0)
        .map(|i| i.imm as u32)
        .collect();
    if let Some(id) = called.iter().find(|id| !LOCAL.contains(id)) {
        return Some(helper_name(*id).unwrap_or("unknown helper").to_owned());
    }
    if let Some(id) = called.iter().find(|id| world::unknown().contains(id)) {
        let name = helper_name(*id).unwrap_or("helper");
        return Some(format!("{name}: this system's answer is not known"));
    }
    if program.prog_type == ProgType::Netfilter && program.insns.iter().any(|i| i.opcode & 7 == 1) {
        return Some("the packet and state of netfilter".into());
    }
    if program.prog_type == ProgType::FlowDissector && called.contains(&26) {
        return Some("skb_load_bytes, for which the test run of flow dissectors has no skb".into());
    }
    // Of hash tables the order is the kernel's own.
    let hashes = [MapType::Hash, MapType::LruHash, MapType::PercpuHash].map(MapType::id);
    if called.contains(&164) && program.maps.iter().any(|m| hashes.contains(&m.map_type)) {
        return Some("order of a hash table".into());
    }
    let skb = !matches!(
        program.prog_type,
        ProgType::Xdp
            | ProgType::Syscall
            | ProgType::RawTracepoint
            | ProgType::SkLookup
            | ProgType::Netfilter
    );
    if skb
        && program
            .insns
            .iter()
            .any(|i| i.opcode == LOAD64 && i.off == SKB_SK)
    {
        return Some("the packet's socket".into());
    }
    if program
        .maps
        .iter()
        .any(|m| m.map_type == MapType::Arena.id())
    {
        return Some("arena".into());
    }
    // Every run makes its maps anew.
    let bytes = |m: &bpfassay::object::MapDef| u64::from(m.value_size) * u64::from(m.max_entries);
    if program.maps.iter().map(bytes).sum::<u64>() > 16 << 20 {
        return Some("maps of more than 16 MiB".into());
    }
    None
}
