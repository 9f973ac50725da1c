//! `legacy-map-definition`: maps in a `maps` section, which libbpf refuses since
//! 1.0.

use super::object::{ObjectInput, count, some};
use super::{Hit, rule};
use crate::object::MapOrigin;
use crate::prelude::*;
use crate::rules::Rule;

const RULE: &Rule = rule(module_path!());

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
        let what = format!(
            "{} in the section `maps`, which libbpf refuses since 1.0: {}",
            count(legacy.len(), "map is", "maps are"),
            some(&legacy)
        );
        hits.push(Hit::of(RULE, Some(first), what));
    }
}
