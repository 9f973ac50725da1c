//! Lints over an object as a whole: its maps and its types.

use super::{
    Hit, legacy_map_definition, map_memory_over_budget, missing_btf, names_alike_when_cut,
    perf_array_for_few_cpus, pinned_under_common_name, untyped_map, unused_map,
};
use crate::object::{MapDef, Object};
use crate::prelude::*;
use crate::programs::Program;

/// What the lints over objects read.
#[derive(Clone, Copy)]
pub struct ObjectInput<'a> {
    /// The object; none if the input is bare instructions.
    pub object: Option<&'a Object>,
    /// Its programs, linked for one target, with what failed left out.
    pub programs: &'a [&'a Program],
    /// Bytes that the maps may take together.
    pub map_memory: u64,
    /// CPUs of the machine, for per-CPU maps.
    pub cpus: u32,
}

/// A gigabyte.
pub const MAP_MEMORY: u64 = 1 << 30;

/// CPUs that per-CPU maps are reckoned for.
pub const CPUS: u32 = 16;

impl<'a> ObjectInput<'a> {
    /// With the usual budget.
    pub fn new(object: Option<&'a Object>, programs: &'a [&'a Program]) -> ObjectInput<'a> {
        ObjectInput {
            object,
            programs,
            map_memory: MAP_MEMORY,
            cpus: CPUS,
        }
    }

    /// The maps as the object defines them.
    pub(super) fn maps(&self) -> &'a [MapDef] {
        match self.object {
            Some(object) => &object.maps,
            None => self.programs.first().map_or(&[], |p| &p.maps),
        }
    }
}

/// Runs the lints over an object. The order is by rule, then by map.
pub fn lint_object(input: &ObjectInput<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    unused_map::run(input, &mut hits);
    legacy_map_definition::run(input, &mut hits);
    untyped_map::run(input, &mut hits);
    missing_btf::run(input, &mut hits);
    map_memory_over_budget::run(input, &mut hits);
    names_alike_when_cut::run(input, &mut hits);
    perf_array_for_few_cpus::run(input, &mut hits);
    pinned_under_common_name::run(input, &mut hits);
    hits.sort_by_key(|h| (h.rule.number, h.map));
    hits
}

/// `one map is`, `2 maps are`.
pub(super) fn count(n: usize, one: &str, more: &str) -> String {
    match n {
        1 => format!("one {one}"),
        n => format!("{n} {more}"),
    }
}

/// The first few names.
pub(super) fn some(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    match more {
        0 => shown.join(", "),
        n => format!("{} and {n} more", shown.join(", ")),
    }
}
