//! The maps as they would be created.
//!
//! Four things happen to a definition on its way to the kernel, in this order: user
//! space sets what it has to ([`Manifest`]), the loader mends what it mends by itself
//! ([`Loader`]), a lenient loader assumes what is still open, and the kernel takes the
//! result or refuses it ([`map_flaw`]). What a loader mends is libbpf's unless the
//! table says otherwise: it creates a map once more without types if the kernel wants
//! none, and takes those of its kinds away from the start.

use super::manifest::{Assumption, InnerSetting, Manifest, Pinned};
use super::{Failure, LinkOptions};
use crate::helpers_spec::{
    Inner, MapFlaw, MapType, Number, Shape, Sizes, Typed, map_flaw, map_row,
};
use crate::object::{Btf, Kind, MapDef, MapOrigin, Object, Type};
use crate::prelude::*;
use crate::programs::program::Program;
use alloc::sync::Arc;

/// Bytes of a page.
const PAGE: u32 = 4096;
/// Bytes of a value of which nothing is known.
const UNKNOWN_VALUE: u32 = 8;

/// A program that opens objects and loads them, by what it does to maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loader {
    /// Whatever any of them does; what is left open is assumed.
    #[default]
    Any,
    /// libbpf since 1.0, and what is built on it (bpftool).
    Libbpf,
    /// libbpf before 1.0.
    Libbpf0,
    /// cilium/ebpf.
    Cilium,
    /// Aya.
    Aya,
}

impl Loader {
    /// Reads what libbpf reads no more: map records of `maps` sections, section names
    /// that only begin like a known one.
    pub fn reads_legacy(self) -> bool {
        self != Loader::Libbpf
    }
}

/// Why the kernel would not create a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapFault {
    /// Index of the map.
    pub map: usize,
    /// It is the inner map's definition.
    pub inner: bool,
    /// What is wrong.
    pub flaw: MapFlaw,
}

/// The object's maps, ready, and what became of their definitions.
pub(super) struct Ready {
    pub(super) maps: Vec<MapDef>,
    /// By map.
    pub(super) assumed: Vec<Assumption>,
    /// The first map that the kernel would not create.
    pub(super) fault: Option<MapFault>,
}

/// Under what terms maps are created.
pub(super) struct Terms<'a> {
    /// Who loads.
    pub(super) loader: Loader,
    /// What user space states.
    pub(super) manifest: &'a Manifest,
    /// Whether a lenient loader assumes what is left open.
    pub(super) assume: bool,
    /// For whom.
    pub(super) kernel: Kernel<'a>,
}

impl<'a> Terms<'a> {
    pub(super) fn of(options: &LinkOptions<'a>) -> Terms<'a> {
        Terms {
            loader: options.loader,
            manifest: options.manifest,
            assume: options.assume,
            kernel: Kernel {
                release: options.release,
                has: options.map_type_exists,
            },
        }
    }
}

/// The kernel that is to create maps.
pub(super) struct Kernel<'a> {
    /// Its release.
    pub(super) release: (u16, u16, u16),
    /// Whether it has a map type, where that is known of it.
    pub(super) has: &'a dyn Fn(u32) -> Option<bool>,
}

/// The next size that a ring buffer can have; 0 stays, so that it is noticed.
fn ring_size(bytes: u32) -> u32 {
    if bytes == 0 {
        return 0;
    }
    bytes.max(PAGE).checked_next_power_of_two().unwrap_or(bytes)
}

/// An inner map of which only the shape is known.
fn inner_map(outer: &MapDef, ty: MapType, key_size: u32, value_size: u32) -> Box<MapDef> {
    Box::new(MapDef {
        name: outer.name.clone(),
        map_type: ty.id(),
        key_size,
        value_size,
        max_entries: 1,
        ..MapDef::default()
    })
}

/// An inner map that holds one value of a structure of the object.
fn inner_of(outer: &MapDef, name: &str, btf: Option<&Btf>) -> Result<Box<MapDef>, String> {
    let found = btf.and_then(|btf| Some((btf, btf.find_struct(name)?)));
    let Some((btf, id)) = found else {
        return Err(format!("map {}: there is no struct {name}", outer.name));
    };
    let size = btf.resolve_size(id).unwrap_or(0);
    Ok(Box::new(MapDef {
        value_type: id,
        ..*inner_map(outer, MapType::Array, 4, size)
    }))
}

/// Puts in a map's place one that is there already. A loader that finds it where the
/// object pins its own takes it only if it is the same.
fn reuse(map: &mut MapDef, pinned: &Pinned) -> Result<(), String> {
    let Pinned::Map {
        map_type,
        key_size,
        value_size,
        max_entries,
        flags,
        frozen,
    } = *pinned
    else {
        return Err(format!("map {}: nobody has read what is pinned", map.name));
    };
    let differs = [
        ("type", map.map_type, map_type.id()),
        ("key_size", map.key_size, key_size),
        ("value_size", map.value_size, value_size),
        ("max_entries", map.max_entries, max_entries),
        ("flags", map.flags, flags),
    ];
    let differs = differs.into_iter().find(|(_, own, there)| own != there);
    if let (true, Some((what, own, there))) = (map.pinned, differs) {
        return Err(format!(
            "map {}: the pinned one has {what} {there}, the object's {own}: no loader reuses it",
            map.name
        ));
    }
    if differs.is_some() {
        (map.key_type, map.value_type) = (0, 0);
    }
    map.map_type = map_type.id();
    (map.key_size, map.value_size) = (key_size, value_size);
    (map.max_entries, map.flags, map.frozen) = (max_entries, flags, frozen || map.frozen);
    Ok(())
}

/// Carries out what the manifest says of a map.
fn apply(
    map: &mut MapDef,
    all: &[MapDef],
    manifest: &Manifest,
    btf: Option<&Btf>,
) -> Result<(), String> {
    let Some(setting) = manifest.of(&map.name) else {
        return Ok(());
    };
    if let Some(ty) = setting.map_type {
        map.map_type = ty.id();
    }
    if let Some(size) = setting.key_size
        && size != map.key_size
    {
        (map.key_size, map.key_type) = (size, 0);
    }
    if let Some(size) = setting.value_size
        && size != map.value_size
    {
        (map.value_size, map.value_type) = (size, 0);
    }
    map.max_entries = setting.max_entries.unwrap_or(map.max_entries);
    map.flags = setting.flags.unwrap_or(map.flags);
    match &setting.inner {
        None => {}
        Some(InnerSetting::Like(name)) => {
            let like = all.iter().find(|m| m.name == *name);
            let like = like.ok_or_else(|| format!("map {}: there is no map {name}", map.name))?;
            map.inner = Some(Box::new(like.clone()));
        }
        Some(InnerSetting::Shape(ty, key, value)) => {
            map.inner = Some(inner_map(map, *ty, *key, *value));
        }
        Some(InnerSetting::Struct(name)) => map.inner = Some(inner_of(map, name, btf)?),
    }
    Ok(())
}

/// What the loader changes by itself.
fn mend(map: &mut MapDef, loader: Loader) {
    match MapType::from_id(map.map_type) {
        Some(MapType::Ringbuf | MapType::UserRingbuf) => {
            map.max_entries = ring_size(map.max_entries);
        }
        Some(MapType::PerfEventArray) => {
            if map.max_entries == 0 {
                map.max_entries = 1; // the number of CPUs
            }
            // cilium/ebpf gives it its sizes.
            if loader == Loader::Cilium && map.key_size == 0 && map.value_size == 0 {
                (map.key_size, map.value_size) = (4, 4);
            }
        }
        _ => {}
    }
}

/// Assumes what the definition leaves open and user space has to set.
fn assume(map: &mut MapDef, assumed: &mut Vec<Assumption>) {
    let Some(row) = MapType::from_id(map.map_type).and_then(map_row) else {
        return;
    };
    let mut put = |key: &'static str, value: String| {
        assumed.push(Assumption {
            map: map.name.clone(),
            key,
            value,
        });
    };
    if map.value_size == 0 && row.value.open_at_zero() {
        map.value_size = match row.value {
            Sizes::Within(1, _) => UNKNOWN_VALUE,
            takes => takes.assumed(),
        };
        put(Number::ValueSize.name(), map.value_size.to_string());
    }
    // How a table is keyed is the program's own business, but for types that leave no
    // choice.
    if map.key_size == 0 && matches!(row.key, Sizes::Is(1..)) {
        map.key_size = row.key.assumed();
        put(Number::KeySize.name(), map.key_size.to_string());
    }
    if map.max_entries == 0 && row.entries.open_at_zero() {
        map.max_entries = row.entries.assumed();
        put(Number::MaxEntries.name(), map.max_entries.to_string());
    }
    if map.is_map_in_map() && map.inner.is_none() && map.slots.is_empty() {
        map.inner = Some(inner_map(map, MapType::Array, 4, UNKNOWN_VALUE));
        put(
            "inner",
            InnerSetting::Shape(MapType::Array, 4, UNKNOWN_VALUE).to_string(),
        );
    }
}

/// Whether a kernel takes a map's key and value types. If not, a loader creates
/// the map without them, and its values have no typed fields.
fn types_fit(btf: &Btf, map: &MapDef) -> bool {
    if map.value_type == 0 {
        return map.key_type == 0;
    }
    if btf.resolve_size(map.value_type) != Some(map.value_size) {
        return false;
    }
    let keyless = map.key_type == 0;
    if !keyless && btf.resolve_size(map.key_type) != Some(map.key_size) {
        return false;
    }
    match MapType::from_id(map.map_type) {
        Some(MapType::Array | MapType::PercpuArray) if keyless => {
            map.map_type == MapType::Array.id()
                && map.max_entries == 1
                && btf.kind(map.value_type) == Some(Kind::DataSec)
        }
        Some(MapType::Array | MapType::PercpuArray) => matches!(
            btf.ty(btf.skip_mods_typedefs(map.key_type)),
            Some(Type::Int { size: 4, encoding, .. }) if encoding.bits == 32 && encoding.bit_offset == 0
        ),
        Some(MapType::BloomFilter) => keyless,
        Some(MapType::LpmTrie) => {
            btf.kind(btf.skip_mods_typedefs(map.key_type)) == Some(Kind::Struct)
        }
        _ => !keyless,
    }
}

/// Takes away types that do not reach the kernel.
fn untype(object: &Object, map: &mut MapDef) {
    let takes = MapType::from_id(map.map_type)
        .and_then(map_row)
        .is_none_or(|row| row.typed != Typed::Never);
    let fits = map.kind == MapOrigin::StructOps
        || object.btf.as_deref().is_some_and(|b| types_fit(b, map));
    if !takes || object.btf_refused.is_some() || !fits {
        (map.key_type, map.value_type) = (0, 0);
    }
}

fn shape(map: &MapDef) -> Shape {
    let inner = match &map.inner {
        // What is put into it at load time tells, too.
        None if map.slots.is_empty() => Inner::None,
        Some(inner) if inner.is_map_in_map() => Inner::Nested,
        _ => Inner::Map,
    };
    Shape {
        map_type: map.map_type,
        key: map.key_size,
        value: map.value_size,
        entries: map.max_entries,
        flags: map.flags,
        extra: map.map_extra,
        typed: matches!(map.kind, MapOrigin::StructOps | MapOrigin::Synthetic)
            || map.key_type != 0 && map.value_type != 0,
        inner,
    }
}

/// The first map that the kernel would not create; those that are there already, `reused`
/// by name, it need not.
fn first_fault(
    maps: &[MapDef],
    kernel: &Kernel<'_>,
    reused: &dyn Fn(&MapDef) -> bool,
) -> Option<MapFault> {
    let (major, minor, _) = kernel.release;
    let refused = |def: &MapDef| map_flaw(&shape(def), (major, minor), kernel.has);
    let created = |m: &MapDef| m.struct_ops.as_ref().is_none_or(|s| !s.optional) && !reused(m);
    let mut numbered = maps.iter().enumerate().filter(|(_, m)| created(m));
    numbered.find_map(|(map, def)| {
        let inner = def.inner.as_deref().filter(|_| def.is_map_in_map());
        // The inner map is created first.
        let of_inner = inner.filter(|i| !i.is_map_in_map()).and_then(refused);
        let fault = |inner: bool| move |flaw| MapFault { map, inner, flaw };
        of_inner
            .map(fault(true))
            .or_else(|| refused(def).map(fault(false)))
    })
}

/// Definitions as a loader would have the kernel create them; `untype` takes away what
/// types of a map do not reach the kernel.
fn create(
    mut maps: Vec<MapDef>,
    terms: &Terms<'_>,
    btf: Option<&Btf>,
    untype: &dyn Fn(&mut MapDef),
) -> Result<Ready, String> {
    let stated = maps.clone();
    let mut assumed = Vec::new();
    for map in &mut maps {
        apply(map, &stated, terms.manifest, btf)?;
        mend(map, terms.loader);
        let pinned = terms.manifest.of(&map.name).and_then(|s| s.pinned.as_ref());
        if let Some(pinned) = pinned {
            reuse(map, pinned)?;
        }
        if let Some(inner) = &mut map.inner {
            mend(inner, terms.loader);
        }
        if terms.loader == Loader::Any && terms.assume {
            assume(map, &mut assumed);
        }
        untype(map);
        if let Some(inner) = &mut map.inner {
            untype(inner);
        }
    }
    let reused = |m: &MapDef| {
        terms
            .manifest
            .of(&m.name)
            .is_some_and(|s| s.pinned.is_some())
    };
    let fault = first_fault(&maps, &terms.kernel, &reused);
    Ok(Ready {
        maps,
        assumed,
        fault,
    })
}

/// The object's maps, ready.
pub(super) fn ready(object: &Object, terms: &Terms<'_>, kconfig: &[u8]) -> Result<Ready, String> {
    let mut maps = object.maps.clone();
    terms.manifest.apply_globals(object, &mut maps)?;
    let btf = object.btf.as_deref();
    let mut ready = create(maps, terms, btf, &|map| untype(object, map))?;
    for map in &mut ready.maps {
        if map.kind == MapOrigin::Kconfig {
            map.initial = Some(Arc::from(kconfig));
        }
    }
    Ok(ready)
}

/// A raw program, its maps ready. Its text gives maps no types: those that need some
/// count as typed.
pub(super) fn ready_raw(program: &Program, terms: &Terms<'_>) -> Result<Program, Failure> {
    let ready = create(program.maps.to_vec(), terms, None, &|_| {}).map_err(super::prepare)?;
    if let Some(fault) = ready.fault {
        return Err(Failure::of_map(fault, &ready.maps));
    }
    Ok(Program {
        maps: ready.maps.into(),
        assumes: ready.assumed.into(),
        ..program.clone()
    })
}
