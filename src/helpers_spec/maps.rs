//! Map types: which helpers take them, which special fields their values hold.

use super::tables;
use super::words::{MapType, SpecVersion};

/// Whether a helper with a map argument takes a map of that type.
pub fn map_helper_compat(map_type: u32, helper: u32, v: SpecVersion) -> bool {
    let row = tables::MAP_HELPERS[v.index()]
        .get(map_type as usize)
        .copied()
        .flatten();
    row.is_some_and(|set| {
        set.get(helper as usize / 64)
            .is_some_and(|w| w >> (helper % 64) & 1 == 1)
    })
}

/// Whether the series has the map type.
pub fn map_type_known(map_type: u32, v: SpecVersion) -> bool {
    tables::MAP_HELPERS[v.index()]
        .get(map_type as usize)
        .copied()
        .flatten()
        .is_some()
}

/// Whether values of the map type may hold a special field: `spin_lock`,
/// `res_spin_lock`, `timer`, `workqueue`, `task_work`, `kptr_unref`, `kptr_ref`,
/// `kptr_percpu`, `uptr`, `refcount`, `list_head`, `rb_root`.
pub fn map_field_allowed(map_type: u32, field: &str, v: SpecVersion) -> bool {
    map_type < 64
        && tables::MAP_FIELDS
            .iter()
            .any(|(vs, f, types)| vs & v.bit() != 0 && *f == field && types >> map_type & 1 == 1)
}

/// Whether the series knows the special field at all.
pub fn map_field_known(field: &str, v: SpecVersion) -> bool {
    tables::MAP_FIELDS
        .iter()
        .any(|(vs, f, _)| vs & v.bit() != 0 && *f == field)
}

/// What making a map takes besides leave to use bpf(2) at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapCap {
    /// Nothing.
    None,
    /// `CAP_BPF`.
    Bpf,
    /// `CAP_BPF` and `CAP_NET_ADMIN`.
    NetAdmin,
}

/// The capability that making a map of the type takes, in every series.
pub const fn map_type_cap(map_type: MapType) -> MapCap {
    use MapType as M;
    match map_type {
        M::Devmap | M::DevmapHash | M::Xskmap | M::Sockmap | M::Sockhash => MapCap::NetAdmin,
        M::Unspec
        | M::Array
        | M::Hash
        | M::PercpuArray
        | M::PercpuHash
        | M::ProgArray
        | M::PerfEventArray
        | M::CgroupArray
        | M::ArrayOfMaps
        | M::HashOfMaps
        | M::CgroupStorage
        | M::PercpuCgroupStorage
        | M::Ringbuf
        | M::UserRingbuf => MapCap::None,
        _ => MapCap::Bpf,
    }
}

/// Map types by number, as definitions hold them, and their kernel structs.
pub mod map_type {
    use super::MapType;

    macro_rules! numbers {
        ($($name:ident = $variant:ident;)*) => {
            $(#[doc = concat!("See [`MapType::", stringify!($variant), "`].")]
            pub const $name: u32 = MapType::$variant as u32;)*
        };
    }

    numbers! {
        HASH = Hash;
        ARRAY = Array;
        PROG_ARRAY = ProgArray;
        PERF_EVENT_ARRAY = PerfEventArray;
        PERCPU_HASH = PercpuHash;
        PERCPU_ARRAY = PercpuArray;
        STACK_TRACE = StackTrace;
        CGROUP_ARRAY = CgroupArray;
        LRU_HASH = LruHash;
        LRU_PERCPU_HASH = LruPercpuHash;
        LPM_TRIE = LpmTrie;
        ARRAY_OF_MAPS = ArrayOfMaps;
        HASH_OF_MAPS = HashOfMaps;
        DEVMAP = Devmap;
        SOCKMAP = Sockmap;
        CPUMAP = Cpumap;
        XSKMAP = Xskmap;
        SOCKHASH = Sockhash;
        CGROUP_STORAGE = CgroupStorage;
        REUSEPORT_SOCKARRAY = ReuseportSockarray;
        PERCPU_CGROUP_STORAGE = PercpuCgroupStorage;
        QUEUE = Queue;
        STACK = Stack;
        SK_STORAGE = SkStorage;
        DEVMAP_HASH = DevmapHash;
        STRUCT_OPS = StructOps;
        RINGBUF = Ringbuf;
        INODE_STORAGE = InodeStorage;
        TASK_STORAGE = TaskStorage;
        BLOOM_FILTER = BloomFilter;
        USER_RINGBUF = UserRingbuf;
        CGRP_STORAGE = CgrpStorage;
        ARENA = Arena;
        INSN_ARRAY = InsnArray;
        RHASH = Rhash;
    }

    /// The kernel struct behind a map pointer; empty for an unknown type.
    pub fn kernel_struct(map_type: u32) -> &'static str {
        match MapType::from_id(map_type) {
            None | Some(MapType::Unspec) => "",
            Some(t) => match t {
                MapType::Array
                | MapType::PercpuArray
                | MapType::ProgArray
                | MapType::PerfEventArray
                | MapType::CgroupArray
                | MapType::ArrayOfMaps => "bpf_array",
                MapType::Hash
                | MapType::PercpuHash
                | MapType::LruHash
                | MapType::LruPercpuHash
                | MapType::HashOfMaps => "bpf_htab",
                MapType::StackTrace => "bpf_stack_map",
                MapType::LpmTrie => "lpm_trie",
                MapType::Devmap | MapType::DevmapHash => "bpf_dtab",
                MapType::Sockmap => "bpf_stab",
                MapType::Sockhash => "bpf_shtab",
                MapType::Cpumap => "bpf_cpu_map",
                MapType::Xskmap => "xsk_map",
                MapType::CgroupStorage | MapType::PercpuCgroupStorage => "bpf_cgroup_storage_map",
                MapType::ReuseportSockarray => "reuseport_array",
                MapType::Queue | MapType::Stack => "bpf_queue_stack",
                MapType::SkStorage
                | MapType::InodeStorage
                | MapType::TaskStorage
                | MapType::CgrpStorage => "bpf_local_storage_map",
                MapType::StructOps => "bpf_struct_ops_map",
                MapType::Ringbuf | MapType::UserRingbuf => "bpf_ringbuf_map",
                MapType::BloomFilter => "bpf_bloom_filter",
                MapType::Arena => "bpf_arena",
                MapType::InsnArray => "bpf_insn_array",
                MapType::Rhash => "bpf_rhtab",
                MapType::Unspec => "",
            },
        }
    }
}
