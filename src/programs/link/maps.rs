//! The maps as they would be created: sizes mended, values filled in.

use crate::object::{MapDef, MapOrigin, Object};
use std::sync::Arc;

const PAGE: u32 = 4096;
/// A hash table's number of entries is of no interest to a verifier.
const HASH_ENTRIES: u32 = 1024;

/// Map types whose key and value types libbpf does not pass on.
fn takes_no_types(map_type: u32) -> bool {
    // perf event, cgroup, stack trace, map-in-maps, devmaps, cpumap, xskmap,
    // sockmaps, queue, stack, arena
    matches!(
        map_type,
        4 | 7 | 8 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 22 | 23 | 25 | 33
    )
}

/// Gives a map sizes that loaders give it when the object leaves them open.
fn adjust(map: &mut MapDef) {
    match map.map_type {
        // Storages, struct_ops, Bloom filters: what they say is what they mean.
        19 | 21 | 24 | 26 | 28 | 29 | 30 | 32 => {}
        4 => (map.key_size, map.value_size) = (4, 4),
        27 | 31 => {
            (map.key_size, map.value_size) = (0, 0);
            if map.max_entries == 0 {
                map.max_entries = PAGE;
            }
        }
        1 | 5 | 9 | 10 if map.max_entries > HASH_ENTRIES => map.max_entries = HASH_ENTRIES,
        _ => map.max_entries = map.max_entries.max(1),
    }
}

/// The first map that the kernel would not create.
pub(super) fn first_error(maps: &[MapDef], release: (u16, u16, u16)) -> Option<String> {
    maps.iter()
        .filter(|m| m.struct_ops.as_ref().is_none_or(|s| !s.optional))
        .find_map(|m| super::map_rules::check(m, release).err())
}

/// The object's maps, ready.
pub(super) fn ready(object: &Object, adjust_sizes: bool, kconfig: &[u8]) -> Vec<MapDef> {
    let mut maps = object.maps.clone();
    for map in &mut maps {
        if adjust_sizes {
            adjust(map);
        }
        if map.map_type == 4 && map.max_entries == 0 {
            map.max_entries = 1; // the number of CPUs
        }
        let refused = object.btf_refused.is_some();
        if takes_no_types(map.map_type) || refused {
            (map.key_type, map.value_type) = (0, 0);
        }
        if let Some(inner) = &mut map.inner
            && (takes_no_types(inner.map_type) || refused)
        {
            (inner.key_type, inner.value_type) = (0, 0);
        }
        if map.kind == MapOrigin::Kconfig {
            map.initial = Some(Arc::from(kconfig));
        }
    }
    maps
}
