//! The maps as they would be created: sizes mended, values filled in.

use super::map_rules::Kernel;
use crate::object::{Btf, Kind, MapDef, MapOrigin, Object, Type};
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

/// Whether a kernel takes a map's key and value types. If not, a loader creates
/// the map without them, and its values have no typed fields.
fn types_fit(btf: &Btf, map: &MapDef) -> bool {
    const BLOOM: u32 = 30;
    const LPM_TRIE: u32 = 11;
    if map.value_type == 0 {
        return map.key_type == 0;
    }
    if btf.resolve_size(map.value_type) != Some(map.value_size) {
        return false;
    }
    let keyless = map.key_type == 0;
    if !keyless && btf.resolve_size(map.key_type) != Some(map.key_size) {
        return false;
    }
    match map.map_type {
        2 | 6 if keyless => {
            map.map_type == 2
                && map.max_entries == 1
                && btf.kind(map.value_type) == Some(Kind::DataSec)
        }
        2 | 6 => matches!(
            btf.ty(btf.skip_mods_typedefs(map.key_type)),
            Some(Type::Int { size: 4, encoding, .. }) if encoding.bits == 32 && encoding.bit_offset == 0
        ),
        BLOOM => keyless,
        LPM_TRIE => btf.kind(btf.skip_mods_typedefs(map.key_type)) == Some(Kind::Struct),
        _ => !keyless,
    }
}

/// The first map that the kernel would not create.
pub(super) fn first_error(maps: &[MapDef], kernel: &Kernel<'_>) -> Option<String> {
    maps.iter()
        .filter(|m| m.struct_ops.as_ref().is_none_or(|s| !s.optional))
        .find_map(|m| super::map_rules::check(m, kernel).err())
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
        let fits = |m: &MapDef| {
            m.kind == MapOrigin::StructOps || object.btf.as_deref().is_some_and(|b| types_fit(b, m))
        };
        if takes_no_types(map.map_type) || refused || !fits(map) {
            (map.key_type, map.value_type) = (0, 0);
        }
        if let Some(inner) = &mut map.inner
            && (takes_no_types(inner.map_type) || refused || !fits(inner))
        {
            (inner.key_type, inner.value_type) = (0, 0);
        }
        if map.kind == MapOrigin::Kconfig {
            map.initial = Some(Arc::from(kconfig));
        }
    }
    maps
}
