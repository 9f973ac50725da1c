//! Maps that no definition states: data sections, `.kconfig`, struct_ops
//! variables, and the records of old `maps` sections.

use super::btf::{Btf, Kind, Type};
use super::elf::{Elf, Section, SectionKind};
use super::map::{F_LINK, F_MMAPABLE, F_RDONLY_PROG, MapDef, MapOrigin, Span, StructOpsDef};
use super::{Function, VarLinkage};
use crate::prelude::*;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;

const ARRAY: u32 = 2;
const STRUCT_OPS: u32 = 26;

/// What a section's name and type make of it.
pub(super) fn origin_of(section: &Section) -> Option<MapOrigin> {
    let named = |base: &str| {
        section
            .name
            .strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if !section.relevant || section.executable || section.size == 0 {
        return None;
    }
    match section.kind {
        SectionKind::Progbits if named(".data") => Some(MapOrigin::Data),
        SectionKind::Progbits if named(".rodata") => Some(MapOrigin::Rodata),
        SectionKind::Nobits if named(".bss") => Some(MapOrigin::Bss),
        _ => None,
    }
}

/// True of `.struct_ops`, `.struct_ops.link` and the optional forms of both.
pub(super) fn is_struct_ops(section: &Section) -> bool {
    let name = section.name.strip_prefix('?').unwrap_or(&section.name);
    section.relevant
        && section.kind == SectionKind::Progbits
        && section.size > 0
        && (name == ".struct_ops" || name == ".struct_ops.link")
}

/// A map of one value that holds a section.
fn section_map(btf: Option<&Btf>, kind: MapOrigin, name: &str, size: u32, section: u32) -> MapDef {
    let constant = matches!(kind, MapOrigin::Rodata | MapOrigin::Kconfig);
    let value_type = btf.and_then(|b| b.find(Kind::DataSec, name)).unwrap_or(0);
    let exposed = btf.and_then(|b| b.ty(value_type).map(|t| (b, t))).is_some_and(|(b, t)| match t {
        Type::DataSec { vars, .. } => vars
            .iter()
            .any(|v| matches!(b.ty(v.ty), Some(Type::Var { linkage, .. }) if linkage != VarLinkage::Static)),
        _ => false,
    });
    MapDef {
        name: name.into(),
        map_type: ARRAY,
        key_size: 4,
        value_size: size,
        max_entries: 1,
        flags: if constant { F_RDONLY_PROG } else { 0 } | if exposed { F_MMAPABLE } else { 0 },
        value_type,
        kind,
        frozen: constant,
        section,
        span: Span {
            section: name.into(),
            offset: 0,
        },
        ..MapDef::default()
    }
}

/// The maps of all data sections.
pub(super) fn collect(elf: &Elf, btf: Option<&Btf>) -> Result<Vec<MapDef>, String> {
    let mut maps = Vec::new();
    for (i, section) in elf.sections.iter().enumerate() {
        let Some(kind) = origin_of(section) else {
            continue;
        };
        let Ok(size) = u32::try_from(section.size) else {
            return Err(format!(
                "section {} of {} bytes is too large for a map",
                section.name, section.size
            ));
        };
        let mut map = section_map(btf, kind, &section.name, size, i as u32);
        if kind != MapOrigin::Bss {
            map.initial = Some(Arc::from(elf.data(i as u32)));
        }
        maps.push(map);
    }
    Ok(maps)
}

/// The map of configuration values; a linker fills it in.
pub(super) fn kconfig(elf: &Elf, btf: Option<&Btf>, size: u32) -> MapDef {
    section_map(btf, MapOrigin::Kconfig, ".kconfig", size, elf.symtab)
}

/// The struct_ops variables of a section.
pub(super) fn struct_ops(
    elf: &Elf,
    btf: Option<&Btf>,
    index: u32,
    section: &Section,
) -> Result<Vec<MapDef>, String> {
    let described = btf.and_then(|b| {
        b.find(Kind::DataSec, &section.name)
            .and_then(|id| b.ty(id))
            .map(|t| (b, t))
    });
    let Some((btf, Type::DataSec { vars, .. })) = described else {
        return Err(format!("BTF does not describe {}", section.name));
    };
    let data = elf.data(index);
    let mut maps = Vec::new();
    let mut total = 0usize;
    for var in vars.iter() {
        let name = btf.name(var.ty);
        let type_id = btf
            .ty(var.ty)
            .and_then(|t| t.target())
            .map_or(0, |ty| btf.skip_mods_typedefs(ty));
        let def = match btf.ty(type_id) {
            Some(Type::Struct(def)) if !def.name.is_empty() => def,
            _ => {
                return Err(format!(
                    "{name} in {} is no variable of a named structure",
                    section.name
                ));
            }
        };
        let start = var.offset as usize;
        let Some(bytes) = start
            .checked_add(def.size as usize)
            .and_then(|end| data.get(start..end))
        else {
            return Err(format!("{name} lies outside {}", section.name));
        };
        total = total.saturating_add(bytes.len());
        if total > data.len().saturating_mul(2) {
            return Err(format!("variables of {} overlap", section.name));
        }
        let optional = section.name.starts_with('?');
        maps.push(MapDef {
            name: name.into(),
            map_type: STRUCT_OPS,
            key_size: 4,
            value_size: def.size,
            max_entries: 1,
            flags: if section.name.ends_with(".link") {
                F_LINK
            } else {
                0
            },
            value_type: type_id,
            kind: MapOrigin::StructOps,
            initial: Some(Arc::from(bytes)),
            struct_ops: Some(StructOpsDef {
                type_id,
                functions: Vec::new(),
                optional,
            }),
            section: index,
            span: Span {
                section: section.name.clone(),
                offset: var.offset.into(),
            },
            ..MapDef::default()
        });
    }
    Ok(maps)
}

/// Reads which functions implement which members of struct_ops variables.
pub(super) fn struct_ops_functions(
    elf: &Elf,
    btf: &Btf,
    maps: &mut [MapDef],
    functions: &[Function],
    relocations: u32,
    section: u32,
) -> Result<(), String> {
    let mut order: Vec<(u64, usize)> = maps
        .iter()
        .enumerate()
        .filter(|(_, m)| m.section == section && m.struct_ops.is_some())
        .map(|(i, m)| (m.span.offset, i))
        .collect();
    order.sort_unstable();
    // Members by offset, of every structure met.
    let mut offsets: BTreeMap<u32, BTreeMap<u64, u32>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for relocation in elf.relocations(relocations) {
        let bad = |why: &str| format!("struct_ops relocation at {:#x}: {why}", relocation.offset);
        let Some(symbol) = elf.symbols.get(relocation.symbol as usize) else {
            return Err(bad("no such symbol"));
        };
        let at = order.partition_point(|(offset, _)| *offset <= relocation.offset);
        let owner = at
            .checked_sub(1)
            .and_then(|i| order.get(i))
            .map(|(_, i)| *i);
        let Some((owner, map)) = owner.and_then(|i| maps.get(i).map(|m| (i, m))) else {
            return Err(bad("it belongs to no variable"));
        };
        let inside = relocation.offset.wrapping_sub(map.span.offset);
        let within = inside < u64::from(map.value_size);
        let Some(def) = map.struct_ops.as_ref().filter(|_| within) else {
            return Err(bad("it belongs to no variable"));
        };
        let composite = btf.ty(def.type_id).and_then(|t| t.composite());
        let Some(composite) = composite else {
            return Err(bad("it belongs to no structure"));
        };
        let offsets = offsets.entry(def.type_id).or_insert_with(|| {
            let mut offsets = BTreeMap::new();
            for (i, m) in (0u32..).zip(composite.members.iter()) {
                offsets.entry(u64::from(m.bit_offset)).or_insert(i);
            }
            offsets
        });
        let member = offsets.get(&(inside.saturating_mul(8))).copied();
        let Some((member, m)) = member.and_then(|i| composite.members.get(i).map(|m| (i, m)))
        else {
            return Err(bad("there is no member"));
        };
        let pointee = match btf.ty(btf.skip_mods_typedefs(m.ty)) {
            Some(Type::Ptr { to }) => btf.kind(btf.skip_mods_typedefs(to)),
            _ => None,
        };
        if pointee != Some(Kind::FuncProto) {
            return Err(bad(&format!("member {} is no function pointer", m.name)));
        }
        let function = super::function_at(functions, symbol.section, symbol.value);
        let Some(function) = function.filter(|_| symbol.value % 8 == 0) else {
            return Err(bad("there is no function"));
        };
        found.insert((owner, member), function as u32);
    }
    for ((owner, member), function) in found {
        if let Some(def) = maps.get_mut(owner).and_then(|m| m.struct_ops.as_mut()) {
            def.functions.push((member, function));
        }
    }
    Ok(())
}

/// The records of a `maps` section, one for each symbol in it. All are of one
/// length: five words (type, key, value, entries, flags), and then what iproute2
/// or Aya add, which no kernel sees.
pub(super) fn legacy(elf: &Elf, index: u32, section: &Section) -> Result<Vec<MapDef>, String> {
    let data = elf.data(index);
    let symbols: Vec<_> = elf
        .symbols
        .iter()
        .filter(|s| s.section == index && !s.is_section())
        .collect();
    if symbols.is_empty() || data.is_empty() {
        return Ok(Vec::new());
    }
    let len = data.len().checked_div(symbols.len()).unwrap_or(0);
    if len.checked_mul(symbols.len()) != Some(data.len()) || len < 4 {
        return Err(format!(
            "section {}: {} bytes cannot hold {} maps",
            section.name,
            data.len(),
            symbols.len()
        ));
    }
    let mut maps = Vec::with_capacity(symbols.len());
    for symbol in symbols {
        let name = elf.symbol_name(symbol);
        let record = usize::try_from(symbol.value)
            .ok()
            .and_then(|at| data.get(at..at.checked_add(len)?));
        let Some(record) = record.filter(|_| !name.is_empty()) else {
            return Err(format!(
                "map {name:?} lies outside section {}",
                section.name
            ));
        };
        if symbol.is_local() {
            return Err(format!("map {name}: static maps are not supported"));
        }
        let word = |n: usize| elf.u32_at(record, n.saturating_mul(4)).unwrap_or(0);
        maps.push(MapDef {
            name: name.into(),
            map_type: word(0),
            key_size: word(1),
            value_size: word(2),
            max_entries: word(3),
            flags: word(4),
            kind: MapOrigin::Legacy,
            section: index,
            span: Span {
                section: section.name.clone(),
                offset: symbol.value,
            },
            ..MapDef::default()
        });
    }
    Ok(maps)
}
