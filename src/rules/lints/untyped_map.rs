//! `untyped-map`: maps whose key or value have a size and no type, so that nobody
//! can print them and no special field can live in them.

use super::object::{ObjectInput, count, some};
use super::{Hit, rule};
use crate::helpers_spec::MapType;
use crate::object::{MapDef, MapOrigin};
use crate::prelude::*;
use crate::rules::Rule;

const RULE: &Rule = rule(module_path!());

pub(super) fn run(input: &ObjectInput<'_>, hits: &mut Vec<Hit>) {
    if input.object.is_none() {
        return;
    }
    let maps = input.maps();
    let found = maps.iter().filter(|m| untyped(m));
    let found: Vec<&str> = found.map(|m| &*m.name).collect();
    if let Some(first) = maps.iter().position(untyped) {
        let what = format!(
            "{} sizes and no types: {}",
            count(found.len(), "map states", "maps state"),
            some(&found)
        );
        hits.push(Hit::of(RULE, Some(first), what));
    }
}

fn untyped(map: &MapDef) -> bool {
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
