//! `names-alike-when-cut`: maps whose names a kernel cannot tell apart.
//!
//! Kernels keep fifteen characters of a name.

use alloc::collections::BTreeMap;

use super::object::{ObjectInput, some};
use super::{Hit, rule};
use crate::object::MapDef;
use crate::prelude::*;
use crate::rules::Rule;

const RULE: &Rule = rule(module_path!());

/// Characters of a name that a kernel keeps.
const KEPT: usize = 15;

pub(super) fn run(input: &ObjectInput<'_>, hits: &mut Vec<Hit>) {
    let maps = input.maps();
    let mut alike: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let named = |m: &&MapDef| !m.is_data() && m.struct_ops.is_none();
    for (at, map) in maps.iter().enumerate().filter(|(_, m)| named(m)) {
        if let Some(kept) = map.name.get(..KEPT) {
            alike.entry(kept).or_default().push(at);
        }
    }
    for (kept, found) in alike.iter().filter(|(_, found)| found.len() > 1) {
        let names: Vec<&str> = found
            .iter()
            .filter_map(|at| maps.get(*at).map(|m| &*m.name))
            .collect();
        let what = format!("a kernel calls all of these `{kept}`: {}", some(&names));
        hits.push(Hit::of(RULE, found.first().copied(), what));
    }
}
