//! `map-memory-over-budget`: what the object's maps take as soon as they are
//! created, counted as kernels allocate them: arrays and preallocated hash tables
//! in full, hash tables without preallocation by their buckets, ring buffers by
//! their size; per-CPU values once per CPU. Kernels differ by some bytes per
//! entry.

use super::object::ObjectInput;
use super::{Hit, rule};
use crate::helpers_spec::MapType;
use crate::object::MapDef;
use crate::rules::Rule;

const RULE: &Rule = rule(817);

/// `BPF_F_NO_PREALLOC`.
const NO_PREALLOC: u32 = 1;
/// What a hash table keeps beside key and value.
const ENTRY: u64 = 48;
const BUCKET: u64 = 16;
const POINTER: u64 = 8;

pub(super) fn run(input: &ObjectInput<'_>, hits: &mut Vec<Hit>) {
    let cpus = u64::from(input.cpus);
    let mut sizes: Vec<(u64, &MapDef)> = input.maps().iter().map(|m| (bytes(m, cpus), m)).collect();
    let total = sizes
        .iter()
        .fold(0u64, |sum, (n, _)| sum.saturating_add(*n));
    if total <= input.map_memory {
        return;
    }
    sizes.sort_by(|a, b| b.0.cmp(&a.0));
    let largest: Vec<String> = sizes
        .iter()
        .take(3)
        .filter(|(n, _)| *n > total / 20)
        .map(|(n, m)| format!("`{}` {}", m.name, size(*n)))
        .collect();
    let most = sizes.first().map(|(_, m)| &m.name);
    let map = input.maps().iter().position(|m| Some(&m.name) == most);
    hits.push(Hit::of(
        RULE,
        map,
        format!(
            "the maps take {} as soon as they are created, with {cpus} CPUs; the budget is {} ({})",
            size(total),
            size(input.map_memory),
            largest.join(", ")
        ),
    ));
}

/// Bytes that a kernel allocates when it creates a map.
pub(super) fn bytes(map: &MapDef, cpus: u64) -> u64 {
    let entries = u64::from(map.max_entries);
    let key = u64::from(map.key_size).next_multiple_of(8);
    let value = u64::from(map.value_size).next_multiple_of(8);
    let Some(map_type) = MapType::from_id(map.map_type) else {
        return 0;
    };
    let buckets = entries.next_power_of_two().saturating_mul(BUCKET);
    let hash = |entry: u64| match map.flags & NO_PREALLOC {
        0 => buckets.saturating_add(entry.saturating_mul(entries)),
        _ => buckets,
    };
    match map_type {
        MapType::Array => value.saturating_mul(entries),
        MapType::PercpuArray => value
            .saturating_mul(cpus)
            .saturating_add(POINTER)
            .saturating_mul(entries),
        MapType::Hash | MapType::LruHash => hash(ENTRY + key + value),
        MapType::PercpuHash | MapType::LruPercpuHash => {
            hash((ENTRY + key + POINTER).saturating_add(value.saturating_mul(cpus)))
        }
        MapType::Queue | MapType::Stack => {
            u64::from(map.value_size).saturating_mul(entries.saturating_add(1))
        }
        MapType::StackTrace => value.saturating_add(ENTRY).saturating_mul(entries),
        MapType::Ringbuf | MapType::UserRingbuf => entries,
        MapType::ProgArray
        | MapType::PerfEventArray
        | MapType::CgroupArray
        | MapType::ArrayOfMaps
        | MapType::Devmap
        | MapType::Cpumap
        | MapType::Xskmap
        | MapType::Sockmap => POINTER.saturating_mul(entries),
        MapType::HashOfMaps | MapType::DevmapHash | MapType::Sockhash => buckets,
        _ => 0,
    }
}

fn size(bytes: u64) -> String {
    const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    for (unit, shift) in UNITS {
        if bytes >> shift > 0 {
            return format!("{:.1} {unit}", bytes as f64 / (1u64 << shift) as f64);
        }
    }
    format!("{bytes} bytes")
}
