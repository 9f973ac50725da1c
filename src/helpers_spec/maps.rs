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

/// What a number of a map definition may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// Anything but zero.
    NonZero,
    /// Anything.
    Any,
    /// Zero.
    Zero,
    /// That number.
    Exactly(u32),
    /// One of these.
    OneOf(&'static [u32]),
    /// Within these, both ends included.
    Within(u32, u32),
    /// A power of two, a multiple of the page size.
    PowerOfTwoPages,
    /// A multiple of that number, not zero.
    MultipleOf(u32),
}

impl Sizes {
    /// Whether it holds for `n`.
    pub fn allows(self, n: u32) -> bool {
        match self {
            Sizes::NonZero => n != 0,
            Sizes::Any => true,
            Sizes::Zero => n == 0,
            Sizes::Exactly(want) => n == want,
            Sizes::OneOf(list) => list.contains(&n),
            Sizes::Within(lo, hi) => (lo..=hi).contains(&n),
            Sizes::PowerOfTwoPages => n.is_power_of_two() && n.is_multiple_of(4096),
            Sizes::MultipleOf(of) => n != 0 && n.is_multiple_of(of),
        }
    }
}

/// What a map's definition must be for the kernel to create it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapRules {
    /// Bytes of a key.
    pub key: Sizes,
    /// Bytes of a value.
    pub value: Sizes,
    /// Entries.
    pub entries: Sizes,
    /// Flags that must be set.
    pub flags: u32,
    /// Whether key and value must be described by BTF.
    pub needs_btf: bool,
}

/// `BPF_F_NO_PREALLOC`.
const NO_PREALLOC: u32 = 1;
/// `BPF_F_MMAPABLE`.
const MMAPABLE: u32 = 1 << 10;

/// How a map of the type must be defined.
pub fn map_rules(map_type: MapType) -> MapRules {
    use MapType as M;
    let plain = MapRules {
        key: Sizes::NonZero,
        value: Sizes::NonZero,
        entries: Sizes::NonZero,
        flags: 0,
        needs_btf: false,
    };
    let four = Sizes::Exactly(4);
    match map_type {
        M::Array | M::PercpuArray => MapRules { key: four, ..plain },
        M::ProgArray | M::PerfEventArray | M::CgroupArray | M::ArrayOfMaps | M::Xskmap => {
            MapRules {
                key: four,
                value: four,
                ..plain
            }
        }
        M::HashOfMaps => MapRules {
            value: four,
            ..plain
        },
        M::Devmap | M::Cpumap | M::Sockmap | M::ReuseportSockarray => MapRules {
            key: four,
            value: Sizes::OneOf(&[4, 8]),
            ..plain
        },
        M::DevmapHash => MapRules {
            key: four,
            value: Sizes::OneOf(&[4, 8]),
            ..plain
        },
        M::Sockhash => MapRules {
            value: Sizes::OneOf(&[4, 8]),
            ..plain
        },
        M::StackTrace => MapRules {
            key: four,
            value: Sizes::MultipleOf(8),
            ..plain
        },
        M::LpmTrie => MapRules {
            key: Sizes::Within(5, 260),
            flags: NO_PREALLOC,
            ..plain
        },
        M::Queue | M::Stack | M::BloomFilter => MapRules {
            key: Sizes::Zero,
            ..plain
        },
        M::Ringbuf | M::UserRingbuf => MapRules {
            key: Sizes::Zero,
            value: Sizes::Zero,
            entries: Sizes::PowerOfTwoPages,
            ..plain
        },
        M::SkStorage | M::InodeStorage | M::TaskStorage | M::CgrpStorage => MapRules {
            key: four,
            entries: Sizes::Zero,
            flags: NO_PREALLOC,
            needs_btf: true,
            ..plain
        },
        M::CgroupStorage | M::PercpuCgroupStorage => MapRules {
            key: Sizes::OneOf(&[8, 16]),
            entries: Sizes::Zero,
            ..plain
        },
        M::StructOps => MapRules {
            key: four,
            value: Sizes::Any,
            entries: Sizes::Exactly(1),
            needs_btf: true,
            ..plain
        },
        M::Arena => MapRules {
            key: Sizes::Zero,
            value: Sizes::Zero,
            flags: MMAPABLE,
            ..plain
        },
        M::InsnArray => MapRules {
            key: four,
            value: Sizes::Exactly(16),
            ..plain
        },
        _ => plain,
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
