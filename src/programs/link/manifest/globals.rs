//! Variables of data sections, set before the load.
//!
//! A variable is found by its name in the types of the sections, or without types by its
//! symbol. What is set is written into the bytes that a map begins with: constants then
//! decide branches as they would in the kernel.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use super::ManifestFault;
use super::json::Dump;
use super::path::{self, Path, Spot, Step, resolve};
use super::value::{put_untyped, put_word};
use crate::object::{Btf, ExternKind, MapDef, MapOrigin, Object, Type};
use crate::prelude::*;

/// A larger section is not filled on somebody's word.
const MAX_SECTION: u32 = 64 << 20;

/// What is stated of variables.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Global {
    /// One place gets a value.
    Value { path: Path, value: Arc<str> },
    /// A section's variables get those of a dump.
    Dump { word: Arc<str>, dump: Dump },
}

impl Global {
    pub(super) fn new(place: &str, value: &str) -> Result<Global, String> {
        let value = value.trim();
        if value.is_empty() {
            return Err(format!("{place}: no value"));
        }
        Ok(Global::Value {
            path: Path::parse(place)?,
            value: value.into(),
        })
    }

    /// Whether it is about a place, or a part of it, or what it is part of.
    pub(super) fn sets(&self, place: &str) -> bool {
        let within = |inner: &str, outer: &str| {
            let rest = inner.strip_prefix(outer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        match self {
            Global::Value { path, .. } => {
                let stated = path.to_string();
                within(&stated, place) || within(place, &stated)
            }
            Global::Dump { dump, .. } => dump.sets(&|name| within(place, name)),
        }
    }

    /// The value of a whole variable.
    pub(super) fn whole(&self, name: &str) -> Option<&str> {
        match self {
            Global::Value { path, value } if &*path.name == name && path.steps.is_empty() => {
                Some(value)
            }
            _ => None,
        }
    }
}

impl core::fmt::Display for Path {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.name)?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Index(i) => write!(f, "[{i}]"),
            Step::Field(name) => write!(f, ".{name}"),
        })
    }
}

/// A variable of a section.
#[derive(Clone, Copy)]
pub(super) struct Variable {
    /// Index of the map.
    pub(super) map: usize,
    /// Where it is in the map's value.
    pub(super) offset: u32,
    size: u32,
    /// Its type; 0 if only its symbol is known.
    pub(super) ty: u32,
}

/// What a read of a data section's map reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The place, as a manifest writes it.
    pub place: String,
    /// It is a signed number.
    pub signed: bool,
}

/// The part of a variable that lies at an offset of a map's value; `None` if the types
/// of the object know no variable there.
pub fn part_at(btf: &Btf, map: &MapDef, offset: u32, size: u32) -> Option<Part> {
    let inside = |at: u32, size: u32| (at..at.saturating_add(size)).contains(&offset);
    let (name, at, _, ty) = typed(btf, map).find(|(_, at, size, _)| inside(*at, *size))?;
    let (place, ty) = path::part(btf, name, ty, offset.saturating_sub(at), size);
    let signed = matches!(
        btf.ty(btf.skip_mods_typedefs(ty)),
        Some(Type::Int { encoding, .. }) if encoding.signed
    );
    Some(Part { place, signed })
}

fn typed<'a>(
    btf: &'a Btf,
    map: &MapDef,
) -> impl Iterator<Item = (&'a str, u32, u32, u32)> + use<'a> {
    let named = btf.find(crate::object::Kind::DataSec, &map.name);
    let section = if map.is_data() { named } else { None };
    let vars = match section.and_then(|id| btf.ty(id)) {
        Some(Type::DataSec { vars, .. }) => Some(vars),
        _ => None,
    };
    vars.into_iter()
        .flat_map(|vars| vars.iter())
        .filter_map(|v| match btf.ty(v.ty) {
            Some(Type::Var { name, ty, .. }) => Some((name, v.offset, v.size, ty)),
            _ => None,
        })
}

/// Every variable of an object that can be set.
fn index(object: &Object) -> BTreeMap<String, Vec<Variable>> {
    let mut all: BTreeMap<String, Vec<Variable>> = BTreeMap::new();
    let data = object.maps.iter().enumerate();
    let data = data.filter(|(_, m)| m.is_data() && m.kind != MapOrigin::Kconfig);
    for (map, def) in data {
        let mut seen = false;
        let btf = object.btf.as_deref();
        for (name, offset, size, ty) in btf.into_iter().flat_map(|btf| typed(btf, def)) {
            seen = true;
            let entry = all.entry(name.to_owned()).or_default();
            entry.push(Variable {
                map,
                offset,
                size,
                ty,
            });
        }
        if seen {
            continue;
        }
        let of_section = object.elf.symbols.iter();
        for symbol in of_section.filter(|s| s.section == def.section && s.size > 0) {
            let place = (u32::try_from(symbol.value), u32::try_from(symbol.size));
            if let (Ok(offset), Ok(size), false) = (place.0, place.1, symbol.is_section()) {
                let name = object.elf.symbol_name(symbol).to_owned();
                all.entry(name).or_default().push(Variable {
                    map,
                    offset,
                    size,
                    ty: 0,
                });
            }
        }
    }
    all
}

/// The bytes that maps begin with, while they are written.
pub(super) struct Bytes<'a> {
    maps: &'a mut [MapDef],
    open: BTreeMap<usize, Vec<u8>>,
}

impl Bytes<'_> {
    pub(super) fn of(&mut self, map: usize) -> Result<&mut [u8], String> {
        let Some(def) = self.maps.get(map) else {
            return Err("its section has no map".into());
        };
        if def.value_size > MAX_SECTION {
            return Err(format!("section {} is too large to be set", def.name));
        }
        let bytes = self.open.entry(map).or_insert_with(|| {
            let mut bytes = def.initial.as_deref().unwrap_or(&[]).to_vec();
            bytes.resize(def.value_size as usize, 0);
            bytes
        });
        Ok(bytes)
    }

    fn close(self) {
        for (map, bytes) in self.open {
            if let Some(def) = self.maps.get_mut(map) {
                def.initial = Some(bytes.into());
            }
        }
    }
}

/// Writes one value to all variables of its name.
fn put_value(
    object: &Object,
    found: &[Variable],
    path: &Path,
    value: &str,
    bytes: &mut Bytes<'_>,
) -> Result<(), String> {
    for v in found {
        let all = bytes.of(v.map)?;
        match object.btf.as_deref().filter(|_| v.ty != 0) {
            Some(btf) => {
                let start = Spot {
                    ty: v.ty,
                    bit: u64::from(v.offset).saturating_mul(8),
                    bits: 0,
                };
                let spot = resolve(btf, path, start)?;
                put_word(btf, spot, all, value)?;
            }
            None if path.steps.is_empty() => {
                let start = v.offset as usize;
                let end = start.saturating_add(v.size as usize);
                let place = all.get_mut(start..end);
                put_untyped(place.ok_or("it lies outside its section")?, value)?;
            }
            None => return Err("it has no type, so no parts".into()),
        }
    }
    Ok(())
}

/// A compiler names a function's own variable `function.variable`.
fn joined(path: &Path) -> Option<Path> {
    let (Step::Field(first), rest) = path.steps.split_first()? else {
        return None;
    };
    Some(Path {
        name: format!("{}.{first}", path.name).into(),
        steps: rest.to_vec(),
    })
}

/// Writes all that is stated into the maps. What is wrong is left as it was, and told.
pub(super) fn apply(
    globals: &[Global],
    object: &Object,
    maps: &mut [MapDef],
) -> Vec<ManifestFault> {
    if globals.is_empty() {
        return Vec::new();
    }
    let all = index(object);
    let options = object.externs.iter();
    let options = options.filter(|e| matches!(e.kind, ExternKind::Kconfig { .. }));
    let mut bytes = Bytes {
        maps,
        open: BTreeMap::new(),
    };
    let mut faults = Vec::new();
    for global in globals {
        match global {
            Global::Dump { word, dump } => {
                faults.extend(dump.apply(word, object, &all, &mut bytes));
            }
            Global::Value { path, value } => {
                // The values of `.kconfig` are put where symbols are resolved.
                if options.clone().any(|e| e.name == path.name) {
                    continue;
                }
                let joined = joined(path);
                let whole = joined.as_ref().filter(|j| all.contains_key(&*j.name));
                let path = whole.unwrap_or(path);
                let word = format!("--set {path}={value}");
                match all.get(&*path.name) {
                    None => {
                        let known = all.keys().map(String::as_str);
                        let known = known.chain(options.clone().map(|e| &*e.name));
                        faults.push(ManifestFault::absent(word, "variable", &path.name, known));
                    }
                    Some(found) => {
                        let put = put_value(object, found, path, value, &mut bytes);
                        faults.extend(put.err().map(|e| ManifestFault::wrong(word, e)));
                    }
                }
            }
        }
    }
    bytes.close();
    faults
}
