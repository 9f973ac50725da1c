//! `map-memory-over-budget`: what the object's maps take as soon as they are
//! created.

use super::object::ObjectInput;
use super::{Hit, rule};
use crate::object::{MapDef, memory};
use crate::prelude::*;
use crate::rules::Rule;

const RULE: &Rule = rule(module_path!());

pub(super) fn run(input: &ObjectInput<'_>, hits: &mut Vec<Hit>) {
    let cpus = input.cpus;
    let mut sizes: Vec<(u64, &MapDef)> = input
        .maps()
        .iter()
        .map(|m| (memory(m, cpus).now, m))
        .collect();
    let total = sizes
        .iter()
        .fold(0u64, |sum, (n, _)| sum.saturating_add(*n));
    if total <= input.map_memory {
        return;
    }
    sizes.sort_by_key(|(n, _)| core::cmp::Reverse(*n));
    let largest: Vec<String> = sizes
        .iter()
        .take(3)
        .filter(|(n, _)| *n > total / 20)
        .map(|(n, m)| format!("`{}` {}", m.name, size(*n)))
        .collect();
    let most = sizes.first().map(|(_, m)| &m.name);
    let map = input.maps().iter().position(|m| Some(&m.name) == most);
    hits.push(Hit::of(
        RULE,
        map,
        format!(
            "the maps take {} as soon as they are created, with {cpus} CPUs; the budget is {} ({})",
            size(total),
            size(input.map_memory),
            largest.join(", ")
        ),
    ));
}

fn size(bytes: u64) -> String {
    const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    for (unit, shift) in UNITS {
        if bytes >> shift > 0 {
            return format!("{:.1} {unit}", bytes as f64 / (1u64 << shift) as f64);
        }
    }
    format!("{bytes} bytes")
}
