//! `unused-map`: a map that the object defines and nothing in it refers to. A
//! loader creates it all the same.
//!
//! Left out are pinned maps, which other objects or a user's program may share,
//! maps that a loader makes by itself (`.data`, `.rodata`, ...), and records of a
//! `maps` section that have more fields than all loaders know; further maps that
//! programs are attached to or put into (of sockets, devices, CPUs), and whole
//! objects with an iterator over a map, which the user chooses.

use alloc::collections::BTreeMap;

use super::object::ObjectInput;
use super::{Hit, rule};
use crate::helpers_spec::{AttachType, MapType};
use crate::object::{MapDef, MapOrigin, Object, SectionKind, SlotTarget};
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{ImmRef, Op};
use crate::rules::Rule;

const RULE: &Rule = rule(module_path!());

pub(super) fn run(input: &ObjectInput<'_>, hits: &mut Vec<Hit>) {
    let maps = input.maps();
    let used = match input.object {
        Some(object) => by_relocations(object),
        None => by_instructions(input, maps.len()),
    };
    let iterates = input.programs.iter().any(|p| iterates_a_map(p));
    for (i, map) in maps.iter().enumerate() {
        let defined = matches!(
            map.kind,
            MapOrigin::Btf | MapOrigin::Legacy | MapOrigin::Synthetic
        );
        let told = map.kind != MapOrigin::Legacy || plain_records(input);
        let attached = iterates || holds_programs(map);
        if defined && told && !attached && !map.pinned && used.get(i) == Some(&false) {
            hits.push(Hit::of(
                RULE,
                Some(i),
                format!("nothing in the object refers to the map `{}`", map.name),
            ));
        }
    }
}

/// Whether a user attaches programs to the map, or puts them into it.
fn holds_programs(map: &MapDef) -> bool {
    matches!(
        MapType::from_id(map.map_type),
        Some(
            MapType::Sockmap
                | MapType::Sockhash
                | MapType::Devmap
                | MapType::DevmapHash
                | MapType::Cpumap
        )
    )
}

/// Whether a program is an iterator over a map that the user names.
fn iterates_a_map(program: &Program) -> bool {
    const TARGETS: [&str; 3] = ["bpf_map_elem", "bpf_sk_storage_map", "sockmap"];
    let target = program.attach_to.as_deref();
    program.attach_type == Some(AttachType::TraceIter)
        && target.is_some_and(|t| TARGETS.contains(&t))
}

/// Whether the records of a `maps` section hold the five fields that all loaders
/// know. Longer ones may pin a map, or make it another's template.
fn plain_records(input: &ObjectInput<'_>) -> bool {
    const PLAIN: u64 = 20;
    let Some(object) = input.object else {
        return false;
    };
    let records = object.maps.iter().filter(|m| m.kind == MapOrigin::Legacy);
    let section = object
        .elf
        .sections
        .iter()
        .find(|s| s.relevant && &*s.name == "maps");
    section.is_some_and(|s| s.size <= PLAIN * records.count() as u64)
}

/// Which maps some relocation is against, or are slots of another map.
fn by_relocations(object: &Object) -> Vec<bool> {
    let elf = &object.elf;
    // By section, then by place in it.
    let mut places: BTreeMap<u32, BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
    for (i, map) in object
        .maps
        .iter()
        .enumerate()
        .filter(|(_, m)| m.section != 0)
    {
        let section = places.entry(map.section).or_default();
        section.entry(map.span.offset).or_default().push(i);
    }
    let mut used = vec![false; object.maps.len()];
    let mut mark = |i: usize| {
        if let Some(used) = used.get_mut(i) {
            *used = true;
        }
    };
    for (index, section) in (0u32..).zip(&elf.sections) {
        let of = elf.sections.get(section.info as usize);
        let code_or_data = of.is_some_and(|s| {
            !s.name.starts_with(".BTF") && !s.name.starts_with(".debug") && &*s.name != ".eh_frame"
        });
        if section.kind != SectionKind::Rel || !code_or_data {
            continue;
        }
        for relocation in elf.relocations(index) {
            let Some(symbol) = elf.symbols.get(relocation.symbol as usize) else {
                continue;
            };
            if symbol.is_section() {
                // Any of them may be meant.
                let there = places.remove(&symbol.section).into_iter().flatten();
                there.flat_map(|(_, maps)| maps).for_each(&mut mark);
            } else if let Some(section) = places.get_mut(&symbol.section) {
                let there = section.remove(&symbol.value);
                there.into_iter().flatten().for_each(&mut mark);
            }
        }
    }
    for (_, target) in object.maps.iter().flat_map(|m: &MapDef| &m.slots) {
        if let SlotTarget::Map(i) = target {
            mark(*i as usize);
        }
    }
    used
}

fn by_instructions(input: &ObjectInput<'_>, maps: usize) -> Vec<bool> {
    let mut used = vec![false; maps];
    for program in input.programs {
        for op in crate::programs::decode(&program.insns) {
            if let Op::LdImm64 {
                src: ImmRef::MapIdx(i) | ImmRef::MapIdxValue { idx: i, .. },
                ..
            } = op
                && let Some(used) = used.get_mut(i as usize)
            {
                *used = true;
            }
        }
    }
    used
}
