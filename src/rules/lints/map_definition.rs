//! `legacy-map-definition`: maps in a `maps` section, which libbpf refuses since
//! 1.0. `untyped-map`: maps whose key or value have a size and no type, so that
//! nobody can print them and no special field can live in them.

use super::object::ObjectInput;
use super::{Hit, rule};
use crate::helpers_spec::MapType;
use crate::object::{MapDef, MapOrigin};
use crate::rules::Rule;

const LEGACY: &Rule = rule(813);
const UNTYPED: &Rule = rule(814);

pub(super) fn run(input: &ObjectInput<'_>, hits: &mut Vec<Hit>) {
    if input.object.is_none() {
        return;
    }
    let maps = input.maps();
    let legacy: Vec<&str> = maps
        .iter()
        .filter(|m| m.kind == MapOrigin::Legacy)
        .map(|m| &*m.name)
        .collect();
    if let Some(first) = maps.iter().position(|m| m.kind == MapOrigin::Legacy) {
        hits.push(Hit::of(
            LEGACY,
            Some(first),
            format!(
                "{} in the section `maps`, which libbpf refuses since 1.0: {}",
                count(legacy.len(), "map is", "maps are"),
                some(&legacy)
            ),
        ));
    }
    let untyped: Vec<&str> = maps.iter().filter(untyped).map(|m| &*m.name).collect();
    if let Some(first) = maps.iter().position(untyped_map) {
        hits.push(Hit::of(
            UNTYPED,
            Some(first),
            format!(
                "{} sizes and no types: {}",
                count(untyped.len(), "map states", "maps state"),
                some(&untyped)
            ),
        ));
    }
}

fn untyped(map: &&MapDef) -> bool {
    untyped_map(map)
}

fn untyped_map(map: &MapDef) -> bool {
    let takes_types = matches!(
        MapType::from_id(map.map_type),
        Some(
            MapType::Hash
                | MapType::Array
                | MapType::PercpuHash
                | MapType::PercpuArray
                | MapType::LruHash
                | MapType::LruPercpuHash
        )
    );
    map.kind == MapOrigin::Btf && takes_types && (map.key_type == 0 || map.value_type == 0)
}

fn count(n: usize, one: &str, more: &str) -> String {
    match n {
        1 => format!("one {one}"),
        n => format!("{n} {more}"),
    }
}

/// The first few names.
fn some(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    match more {
        0 => shown.join(", "),
        n => format!("{} and {n} more", shown.join(", ")),
    }
}
