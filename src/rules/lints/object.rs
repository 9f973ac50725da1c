//! Lints over an object as a whole: its maps and its types.

use super::{Hit, map_definition, map_memory, missing_btf, unused_map};
use crate::object::{MapDef, Object};
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
    map_definition::run(input, &mut hits);
    missing_btf::run(input, &mut hits);
    map_memory::run(input, &mut hits);
    hits.sort_by_key(|h| (h.rule.number, h.map));
    hits
}
