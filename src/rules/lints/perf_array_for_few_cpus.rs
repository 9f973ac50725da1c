//! `perf-array-for-few-cpus`: an array of perf buffers that has fewer entries than machines
//! have CPUs.
//!
//! Read as the object defines it: zero, or nothing, lets the loader count the CPUs.

use super::object::ObjectInput;
use super::{Hit, rule};
use crate::helpers_spec::MapType;
use crate::prelude::*;
use crate::rules::Rule;

const RULE: &Rule = rule(module_path!());

/// As many CPUs as the smallest machines have, and one more.
const FEW: u32 = 5;

pub(super) fn run(input: &ObjectInput<'_>, hits: &mut Vec<Hit>) {
    if input.object.is_none() {
        return;
    }
    for (at, map) in input.maps().iter().enumerate() {
        let n = map.max_entries;
        if map.map_type == MapType::PerfEventArray.id() && (1..FEW).contains(&n) {
            let what = format!(
                "`{}` has a buffer for {n} CPUs: records of others are lost",
                map.name
            );
            hits.push(Hit::of(RULE, Some(at), what));
        }
    }
}
