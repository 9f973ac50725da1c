//! Maps of `SEC(".maps")`: each is a variable whose type is the definition.
//!
//! `__uint(name, n)` is a member that points to an array of n elements,
//! `__type(name, T)` one that points to T, `__ulong(name, n)` an enumeration
//! with the value n, `__array(values, T)` an array of no elements at the end.

use super::btf::{Btf, Composite, Type};
use super::elf::{Elf, Section};
use super::map::{MapDef, MapOrigin, SlotTarget, Span};
use super::{Function, VarLinkage};
use crate::prelude::*;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;

/// Fields of a definition; loaders know a dozen.
const MAX_FIELDS: u32 = 64;

fn uint(btf: &Btf, id: u32) -> Option<u32> {
    let Some(Type::Ptr { to }) = btf.ty(btf.skip_mods_typedefs(id)) else {
        return None;
    };
    match btf.ty(to) {
        Some(Type::Array { len, .. }) => Some(len),
        _ => None,
    }
}

fn ulong(btf: &Btf, id: u32) -> Option<u64> {
    match btf.ty(btf.skip_mods_typedefs(id))? {
        Type::Ptr { .. } => uint(btf, id).map(u64::from),
        Type::Enum { values, .. } | Type::Enum64 { values, .. } if values.len() == 1 => {
            values.get(0).map(|v| v.value as u64)
        }
        _ => None,
    }
}

/// The size and type that a `__type` member gives.
fn pointee(btf: &Btf, id: u32) -> Option<(u32, u32)> {
    match btf.ty(id)? {
        Type::Ptr { to } => btf.resolve_size(to).map(|size| (size, to)),
        _ => None,
    }
}

/// A size that agrees with what was said before, if anything was.
fn agree(before: u32, size: u32) -> Option<u32> {
    (before == 0 || before == size).then_some(size)
}

/// Reads a definition's members into `map`. Inner definitions hold no others.
fn read(btf: &Btf, def: Composite<'_>, map: &mut MapDef, inner: bool) -> Result<(), String> {
    if def.members.len() > MAX_FIELDS {
        return Err(format!("map {}: too many definition fields", map.name));
    }
    let last = def.members.len().saturating_sub(1);
    for (i, m) in def.members.iter().enumerate() {
        let bad = || {
            format!(
                "map {}: definition field {:?} has an unusable type or value",
                map.name, m.name
            )
        };
        match m.name {
            "type" => map.map_type = uint(btf, m.ty).ok_or_else(bad)?,
            "max_entries" => map.max_entries = uint(btf, m.ty).ok_or_else(bad)?,
            "map_flags" => map.flags = uint(btf, m.ty).ok_or_else(bad)?,
            "numa_node" => map.numa_node = uint(btf, m.ty).ok_or_else(bad)?,
            "map_extra" => map.map_extra = ulong(btf, m.ty).ok_or_else(bad)?,
            "key_size" => {
                map.key_size = uint(btf, m.ty)
                    .and_then(|s| agree(map.key_size, s))
                    .ok_or_else(bad)?;
            }
            "value_size" => {
                map.value_size = uint(btf, m.ty)
                    .and_then(|s| agree(map.value_size, s))
                    .ok_or_else(bad)?;
            }
            "key" => {
                let (size, id) = pointee(btf, m.ty).ok_or_else(bad)?;
                map.key_size = agree(map.key_size, size).ok_or_else(bad)?;
                map.key_type = id;
            }
            "value" => {
                let (size, id) = pointee(btf, m.ty).ok_or_else(bad)?;
                map.value_size = agree(map.value_size, size).ok_or_else(bad)?;
                map.value_type = id;
            }
            "pinning" if !inner => match uint(btf, m.ty) {
                Some(how @ (0 | 1)) => map.pinned = how == 1,
                _ => return Err(bad()),
            },
            "values" if !inner && i as u32 == last => {
                let Some(Type::Array { elem, len: 0, .. }) = btf.ty(m.ty) else {
                    return Err(bad());
                };
                let Some(Type::Ptr { to }) = btf.ty(btf.skip_mods_typedefs(elem)) else {
                    return Err(bad());
                };
                map.value_size = agree(map.value_size, 4).ok_or_else(bad)?;
                match (btf.ty(btf.skip_mods_typedefs(to)), map.map_type) {
                    (Some(Type::FuncProto { .. }), 3) => {}
                    (Some(Type::Struct(def)), 12 | 13) => {
                        let mut def_of_inner = MapDef {
                            name: format!("{}.inner", map.name).into(),
                            section: map.section,
                            span: map.span.clone(),
                            ..MapDef::default()
                        };
                        read(btf, def, &mut def_of_inner, true)?;
                        map.inner = Some(Box::new(def_of_inner));
                    }
                    _ => return Err(bad()),
                }
            }
            "values" | "pinning" => return Err(bad()),
            unknown => map.unknown_fields.push(unknown.into()),
        }
    }
    if map.map_type == 0 {
        return Err(format!("map {}: no type", map.name));
    }
    Ok(())
}

/// Reads all maps of the section.
pub(super) fn collect(
    elf: &Elf,
    btf: Option<&Btf>,
    index: u32,
    section: &Section,
) -> Result<Vec<MapDef>, String> {
    let Some(btf) = btf else {
        return Err("maps of section .maps need BTF".into());
    };
    let Some(id) = btf.find(super::Kind::DataSec, ".maps") else {
        return Err("BTF does not describe .maps".into());
    };
    let Some(Type::DataSec { vars, .. }) = btf.ty(id) else {
        return Err("BTF does not describe .maps".into());
    };
    let mut maps = Vec::with_capacity(vars.len() as usize);
    for var in vars.iter() {
        let name = btf.name(var.ty);
        let Some(Type::Var { ty, linkage, .. }) = btf.ty(var.ty) else {
            return Err(format!("{name:?} in .maps is no variable"));
        };
        if name.is_empty()
            || u64::from(var.offset).saturating_add(u64::from(var.size))
                > elf.data(index).len() as u64
        {
            return Err(format!("map {name:?} lies outside .maps"));
        }
        if linkage != VarLinkage::Global {
            return Err(format!("map {name}: only global maps are supported"));
        }
        let def = match btf.ty(btf.skip_mods_typedefs(ty)) {
            Some(Type::Struct(def)) if def.size <= var.size => def,
            _ => {
                return Err(format!(
                    "map {name}: its definition is no structure of its size"
                ));
            }
        };
        let mut map = MapDef {
            name: name.into(),
            kind: MapOrigin::Btf,
            section: index,
            span: Span {
                section: section.name.clone(),
                offset: var.offset.into(),
            },
            ..MapDef::default()
        };
        read(btf, def, &mut map, false)?;
        maps.push(map);
    }
    Ok(maps)
}

/// Where a map's `values` begin in its variable, and the variable's size.
fn values_of(btf: &Btf, section: u32, map: &MapDef) -> Option<(u64, u64)> {
    let Some(Type::DataSec { vars, .. }) = btf.ty(section) else {
        return None;
    };
    // Variables are sorted by offset.
    let (mut low, mut high) = (0, vars.len());
    while low < high {
        let mid = low.midpoint(high);
        if u64::from(vars.get(mid)?.offset) < map.span.offset {
            low = mid.saturating_add(1)
        } else {
            high = mid
        }
    }
    let var = vars
        .get(low)
        .filter(|v| u64::from(v.offset) == map.span.offset)?;
    let ty = btf.ty(var.ty)?.target()?;
    let def = btf.ty(btf.skip_mods_typedefs(ty))?.composite()?;
    let last = def.members.get(def.members.len().checked_sub(1)?)?;
    (last.name == "values").then_some((u64::from(last.bit_offset / 8), u64::from(var.size)))
}

/// Reads which slots of map-in-maps and program arrays the object initialises.
pub(super) fn slots(
    elf: &Elf,
    btf: &Btf,
    maps: &mut [MapDef],
    functions: &[Function],
    text: u32,
    relocations: u32,
) -> Result<(), String> {
    let mut order: Vec<(u64, usize)> = maps
        .iter()
        .enumerate()
        .filter(|(_, m)| m.kind == MapOrigin::Btf)
        .map(|(i, m)| (m.span.offset, i))
        .collect();
    order.sort_unstable();
    let mut by_name: BTreeMap<Arc<str>, u32> = BTreeMap::new();
    for (i, map) in maps.iter().enumerate() {
        by_name.entry(map.name.clone()).or_insert(i as u32);
    }
    let section = btf.find(super::Kind::DataSec, ".maps").unwrap_or(0);
    let mut found = BTreeMap::new();
    for relocation in elf.relocations(relocations) {
        let bad = |why: &str| format!(".maps relocation at {:#x}: {why}", relocation.offset);
        let Some(symbol) = elf.symbols.get(relocation.symbol as usize) else {
            return Err(bad("no such symbol"));
        };
        let name = elf.symbol_name(symbol);
        let at = order.partition_point(|(offset, _)| *offset <= relocation.offset);
        let owner = at
            .checked_sub(1)
            .and_then(|i| order.get(i))
            .map(|(_, i)| *i);
        let Some((owner, map)) = owner.and_then(|i| maps.get(i).map(|m| (i, m))) else {
            return Err(bad("it belongs to no map"));
        };
        let target = if map.is_map_in_map() {
            let index = by_name
                .get(name)
                .filter(|_| elf.section_name(symbol.section) == ".maps");
            let Some(index) = index else {
                return Err(bad("no such map"));
            };
            if map.map_type == 13 && map.key_size != 4 {
                return Err(bad("keys must be of 4 bytes"));
            }
            SlotTarget::Map(*index)
        } else if map.map_type == 3 {
            let function = super::function_at(functions, symbol.section, symbol.value)
                .and_then(|i| functions.get(i));
            let entry = function
                .is_some_and(|f| f.offset == symbol.value && f.section != text && &*f.name == name);
            if !entry {
                return Err(bad("no such program"));
            }
            SlotTarget::Program(name.into())
        } else {
            return Err(bad("this map cannot be initialised"));
        };
        let Some((values, size)) = values_of(btf, section, map) else {
            return Err(bad("the map has no values"));
        };
        let place = relocation
            .offset
            .checked_sub(map.span.offset)
            .filter(|inside| inside.checked_add(8).is_some_and(|end| end <= size))
            .and_then(|inside| inside.checked_sub(values))
            .filter(|place| place.is_multiple_of(8))
            .and_then(|place| u32::try_from(place / 8).ok());
        let Some(slot) = place else {
            return Err(bad("outside the map's values"));
        };
        found.insert((owner, slot), target);
    }
    for ((owner, slot), target) in found {
        if let Some(map) = maps.get_mut(owner) {
            map.slots.push((slot, target));
        }
    }
    Ok(())
}
