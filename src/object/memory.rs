//! Kernel memory of maps, approximately as the kernel accounts it.
//!
//! | type | bytes |
//! |---|---|
//! | array | entries × value, rounded to 8; whole pages if mapped by user space |
//! | per-CPU array | entries × (8 + value rounded to 8, × CPUs) |
//! | hash | buckets (entries to a power of two) × 16 + entries × (48 + key + value) |
//! | per-CPU hash | the same with 8 for the value, + entries × value × CPUs |
//! | LRU | as hash, without spare entries |
//! | LPM trie | entries × (40 + key − 4 + value) and as many inner nodes |
//! | ring buffer | its pages + 3 |
//! | arrays of descriptors | 8 an entry |
//!
//! `now` is what creation takes, `full` what a full map takes: they differ where
//! entries are allocated as they come. Headers, slabs' rounding and pages of
//! page tables are left out. Storages hang on other objects and have no bound.

use crate::helpers_spec::MapType as T;
use crate::object::MapDef;

/// Bytes of kernel memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// After creation.
    pub now: u64,
    /// When full.
    pub full: u64,
    /// Of `full`, what is once per CPU.
    pub per_cpu: u64,
    /// More comes with the objects that it is attached to.
    pub open_ended: bool,
}

impl Memory {
    fn fixed(bytes: u64) -> Memory {
        Memory {
            now: bytes,
            full: bytes,
            ..Memory::default()
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Memory) -> Memory {
        Memory {
            now: self.now.saturating_add(other.now),
            full: self.full.saturating_add(other.full),
            per_cpu: self.per_cpu.saturating_add(other.per_cpu),
            open_ended: self.open_ended || other.open_ended,
        }
    }
}

const PAGE: u64 = 4096;
const NO_PREALLOC: u32 = 1;
const MMAPABLE: u32 = 1 << 10;
/// A hash element's own fields.
const ELEM: u64 = 48;
/// A bucket's head and lock.
const BUCKET: u64 = 16;

fn up(n: u64, to: u64) -> u64 {
    n.div_ceil(to).saturating_mul(to)
}

/// The memory of a map on a machine of so many CPUs.
pub fn memory(map: &MapDef, cpus: u32) -> Memory {
    let Some(ty) = T::from_id(map.map_type) else {
        return Memory::default();
    };
    let entries = u64::from(map.max_entries);
    let key = up(map.key_size.into(), 8);
    let value = up(map.value_size.into(), 8);
    let cpus = u64::from(cpus.max(1));
    let buckets = entries.checked_next_power_of_two().unwrap_or(u64::MAX);
    let times = |a: u64, b: u64| a.saturating_mul(b);
    match ty {
        T::Array if map.flags & MMAPABLE != 0 => {
            Memory::fixed(up(times(entries, value), PAGE).saturating_add(PAGE))
        }
        T::Array => Memory::fixed(times(entries, value)),
        T::PercpuArray => {
            let per_cpu = times(times(entries, value), cpus);
            Memory {
                per_cpu,
                ..Memory::fixed(times(entries, 8).saturating_add(per_cpu))
            }
        }
        T::Hash | T::LruHash | T::HashOfMaps | T::PercpuHash | T::LruPercpuHash | T::Rhash => {
            let lru = matches!(ty, T::LruHash | T::LruPercpuHash);
            let percpu = matches!(ty, T::PercpuHash | T::LruPercpuHash);
            let body = match ty {
                T::HashOfMaps => 8,
                _ if percpu => 8,
                _ => value,
            };
            let per_cpu = if percpu {
                times(times(entries, value), cpus)
            } else {
                0
            };
            let spare = if lru || percpu { 0 } else { cpus };
            let elem = ELEM.saturating_add(key).saturating_add(body);
            let heads = times(buckets, BUCKET);
            let full = heads
                .saturating_add(times(entries.saturating_add(spare), elem))
                .saturating_add(per_cpu);
            let grows = map.flags & NO_PREALLOC != 0 || ty == T::Rhash || ty == T::HashOfMaps;
            Memory {
                now: if grows { heads } else { full },
                full,
                per_cpu,
                open_ended: false,
            }
        }
        T::LpmTrie => {
            let data = u64::from(map.key_size.saturating_sub(4));
            let inner = data.saturating_add(40);
            let node = up(inner.saturating_add(map.value_size.into()), 8);
            Memory {
                now: 0,
                full: times(entries, node.saturating_add(up(inner, 8))),
                ..Memory::default()
            }
        }
        T::Ringbuf | T::UserRingbuf => Memory::fixed(up(entries, PAGE).saturating_add(3 * PAGE)),
        T::Queue | T::Stack => {
            Memory::fixed(times(entries.saturating_add(1), map.value_size.into()))
        }
        T::StackTrace => Memory::fixed(
            times(buckets, 8)
                .saturating_add(times(entries, u64::from(map.value_size).saturating_add(32))),
        ),
        T::BloomFilter => {
            let hashes = if map.map_extra == 0 { 5 } else { map.map_extra };
            let bits = times(times(entries, hashes), 7) / 5;
            let bits = bits.max(64).checked_next_power_of_two();
            Memory::fixed(bits.unwrap_or(u64::MAX) / 8)
        }
        T::Arena => Memory {
            now: 0,
            full: times(entries, PAGE),
            ..Memory::default()
        },
        T::ProgArray
        | T::PerfEventArray
        | T::CgroupArray
        | T::ArrayOfMaps
        | T::Devmap
        | T::Sockmap
        | T::Cpumap
        | T::Xskmap
        | T::ReuseportSockarray => Memory::fixed(times(entries, 8)),
        T::DevmapHash => Memory {
            now: times(buckets, 8),
            full: times(buckets, 8).saturating_add(times(entries, 64)),
            ..Memory::default()
        },
        T::Sockhash => Memory {
            now: times(buckets, BUCKET),
            full: times(buckets, BUCKET).saturating_add(times(entries, key.saturating_add(40))),
            ..Memory::default()
        },
        T::InsnArray => Memory::fixed(times(entries, 24)),
        T::StructOps => Memory::fixed(value),
        T::SkStorage
        | T::InodeStorage
        | T::TaskStorage
        | T::CgrpStorage
        | T::CgroupStorage
        | T::PercpuCgroupStorage => Memory {
            open_ended: true,
            ..Memory::default()
        },
        T::Unspec => Memory::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(ty: T, key: u32, value: u32, entries: u32, flags: u32) -> MapDef {
        MapDef {
            map_type: ty.id(),
            key_size: key,
            value_size: value,
            max_entries: entries,
            flags,
            ..MapDef::default()
        }
    }

    #[test]
    fn sizes_follow_the_table() {
        let of = |m: &MapDef| memory(m, 4);
        assert_eq!(of(&map(T::Array, 4, 12, 10, 0)).full, 160);
        assert_eq!(of(&map(T::Array, 4, 12, 10, MMAPABLE)).full, 8192);
        let percpu = of(&map(T::PercpuArray, 4, 8, 10, 0));
        assert_eq!((percpu.full, percpu.per_cpu), (80 + 320, 320));
        // 16 buckets, 10 entries and a spare for each CPU.
        let hash = of(&map(T::Hash, 4, 8, 10, 0));
        assert_eq!(hash.full, 16 * 16 + 14 * (48 + 8 + 8));
        assert_eq!(hash.now, hash.full);
        let lazy = of(&map(T::Hash, 4, 8, 10, NO_PREALLOC));
        assert_eq!((lazy.now, lazy.full), (256, hash.full));
        assert_eq!(of(&map(T::Ringbuf, 0, 0, 8192, 0)).full, 8192 + 12288);
        assert!(of(&map(T::SkStorage, 4, 8, 0, NO_PREALLOC)).open_ended);
        assert_eq!(of(&map(T::Array, 4, u32::MAX, u32::MAX, 0)).full, {
            u64::from(u32::MAX) * (u64::from(u32::MAX) + 1)
        });
    }
}
