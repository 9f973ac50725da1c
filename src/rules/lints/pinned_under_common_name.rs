//! `pinned-under-common-name`: a map is pinned by a name that others use, too.
//!
//! All objects of a system pin into one folder. Names that say nothing are meant.

use super::object::ObjectInput;
use super::{Hit, rule};
use crate::prelude::*;
use crate::rules::Rule;

const RULE: &Rule = rule(module_path!());

const COMMON: [&str; 24] = [
    "array",
    "cache",
    "config",
    "count",
    "counter",
    "counters",
    "counts",
    "data",
    "events",
    "filter",
    "hash",
    "heap",
    "jmp_table",
    "map",
    "maps",
    "my_map",
    "output",
    "perf_map",
    "pids",
    "rb",
    "ringbuf",
    "settings",
    "state",
    "stats",
];

pub(super) fn run(input: &ObjectInput<'_>, hits: &mut Vec<Hit>) {
    for (at, map) in input.maps().iter().enumerate() {
        if map.pinned && COMMON.contains(&&*map.name) {
            let what = format!(
                "`{}` is pinned by this name: another object that does the same gets this map, or this object gets that one's",
                map.name
            );
            hits.push(Hit::of(RULE, Some(at), what));
        }
    }
}
