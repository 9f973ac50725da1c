//! A dump of a data section's map, as `bpftool map dump --json` writes it.
//!
//! With types: `[{"value": {".rodata": [{"x": 1}, {"cfg": {"ports": [80]}}]}}]`, in JSON
//! mode within `"formatted"`, beside the bytes. Without: `[{"value": ["0x01", …]}]`.

use alloc::collections::BTreeMap;

use super::ManifestFault;
use super::globals::{Bytes, Variable};
use super::path::{Spot, member};
use super::value::{enumerator, put_number, put_text, text_room};
use crate::object::{Btf, MapDef, MapOrigin, Object, Type};
use crate::prelude::*;

/// A document, read by somebody else: this room knows no syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number: whether it is negative, and its magnitude.
    Number(bool, u128),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, in its order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// A member of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<u32> {
        match self {
            Json::Number(false, n) => u32::try_from(*n).ok(),
            _ => None,
        }
    }
}

/// Reads a file that a manifest names.
pub type ReadJson<'a> = &'a dyn Fn(&str) -> Result<Json, String>;

/// What a dump holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Dump {
    /// It is in that file; nobody has read it yet.
    File(String),
    /// Sections and their variables.
    Typed(Vec<(String, Vec<(String, Json)>)>),
    /// The bytes of a section; which, its size tells.
    Bytes(Vec<u8>),
}

fn hex(json: &Json) -> Option<u8> {
    let text = json.text()?;
    u8::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

impl Dump {
    pub(super) fn parse(json: &Json) -> Result<Dump, String> {
        Dump::of(json).ok_or_else(|| "not what `bpftool map dump --json` writes".into())
    }

    fn of(json: &Json) -> Option<Dump> {
        let entry = match json {
            Json::List(entries) => match &entries[..] {
                [entry] => entry,
                _ => return None,
            },
            entry => entry,
        };
        let typed = entry.get("formatted").unwrap_or(entry);
        let typed = typed.get("value").unwrap_or(typed);
        if let Json::Object(sections) = typed {
            let sections = sections.iter().map(|(section, variables)| {
                let list = match variables {
                    Json::List(list) => &list[..],
                    one @ Json::Object(_) => core::slice::from_ref(one),
                    _ => return None,
                };
                let members = list.iter().map(|item| match item {
                    Json::Object(members) => Some(members.clone()),
                    _ => None,
                });
                let members = members.collect::<Option<Vec<_>>>()?;
                Some((section.clone(), members.into_iter().flatten().collect()))
            });
            return sections.collect::<Option<_>>().map(Dump::Typed);
        }
        let Some(Json::List(bytes)) = entry.get("value") else {
            return None;
        };
        bytes
            .iter()
            .map(hex)
            .collect::<Option<_>>()
            .map(Dump::Bytes)
    }

    /// The same by the name of a file; [`Dump::read`] reads it.
    pub(super) fn file(name: &str) -> Dump {
        Dump::File(name.to_owned())
    }

    /// Reads the file that only was named.
    pub(super) fn read(&mut self, read: ReadJson<'_>) -> Result<(), String> {
        if let Dump::File(file) = self {
            *self = Dump::parse(&read(file)?)?;
        }
        Ok(())
    }

    /// Whether it is about a variable that some condition holds for.
    pub(super) fn sets(&self, is: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Dump::Typed(sections) => {
                let mut all = sections.iter().flat_map(|(_, vars)| vars);
                all.any(|(name, _)| is(name))
            }
            Dump::File(_) | Dump::Bytes(_) => true,
        }
    }

    /// Writes what it holds into the maps. What is wrong is told, by the word that
    /// stated the dump.
    pub(super) fn apply(
        &self,
        word: &str,
        object: &Object,
        all: &BTreeMap<String, Vec<Variable>>,
        bytes: &mut Bytes<'_>,
    ) -> Vec<ManifestFault> {
        let mut faults = Vec::new();
        let wrong = |reason: String| ManifestFault::wrong(word.into(), reason);
        match self {
            Dump::File(_) => faults.push(wrong("nobody has read the file".into())),
            Dump::Bytes(value) => {
                let fits = |m: &MapDef| m.is_data() && m.value_size as usize == value.len();
                // A dump without types is of constants, or nobody would need one.
                let mut all = object.maps.iter().enumerate().filter(|(_, m)| fits(m));
                let rodata = all.clone().find(|(_, m)| m.kind == MapOrigin::Rodata);
                match rodata.or_else(|| all.next()) {
                    None => faults.push(wrong(format!(
                        "no data section has its {} bytes",
                        value.len()
                    ))),
                    Some((map, _)) => match bytes.of(map) {
                        Ok(place) => place.copy_from_slice(value),
                        Err(reason) => faults.push(wrong(reason)),
                    },
                }
            }
            Dump::Typed(sections) => {
                for (name, value) in sections.iter().flat_map(|(_, vars)| vars) {
                    let Some(found) = all.get(name) else {
                        let known = all.keys().map(String::as_str);
                        faults.push(ManifestFault::absent(word.into(), "variable", name, known));
                        continue;
                    };
                    for v in found {
                        let done = bytes.of(v.map).and_then(|all| {
                            let btf = object.btf.as_deref().filter(|_| v.ty != 0);
                            let btf = btf.ok_or("the object has no types for it")?;
                            let bit = u64::from(v.offset).saturating_mul(8);
                            let spot = Spot {
                                ty: v.ty,
                                bit,
                                bits: 0,
                            };
                            put(btf, spot, all, value)
                        });
                        faults.extend(done.err().map(|e| wrong(format!("{name}: {e}"))));
                    }
                }
            }
        }
        faults
    }
}

/// Structures nest no deeper in honest objects.
const MAX_DEPTH: u32 = 32;

/// Writes a value of a dump. `Err` says which part is wrong.
pub(super) fn put(btf: &Btf, spot: Spot, bytes: &mut [u8], json: &Json) -> Result<(), String> {
    put_at(btf, spot, bytes, json, MAX_DEPTH)
}

fn put_at(btf: &Btf, spot: Spot, bytes: &mut [u8], json: &Json, depth: u32) -> Result<(), String> {
    let depth = depth.checked_sub(1).ok_or("it nests too deeply")?;
    match json {
        Json::Null => Ok(()),
        Json::Bool(value) => put_number(btf, spot, bytes, (false, u128::from(*value))),
        Json::Number(negative, n) => put_number(btf, spot, bytes, (*negative, *n)),
        Json::Text(text) => put_string(btf, spot, bytes, text),
        Json::List(items) => {
            let Some(Type::Array { elem, len, .. }) = btf.ty(btf.skip_mods_typedefs(spot.ty))
            else {
                return Err(format!("it is of type {}, no array", btf.describe(spot.ty)));
            };
            let size = u64::from(btf.resolve_size(elem).unwrap_or(0)).saturating_mul(8);
            if items.len() as u64 > u64::from(len) {
                return Err(format!("it has {len} elements, the dump {}", items.len()));
            }
            for (i, item) in (0u64..).zip(items) {
                let bit = spot.bit.saturating_add(i.saturating_mul(size));
                let at = Spot {
                    ty: elem,
                    bit,
                    bits: 0,
                };
                put_at(btf, at, bytes, item, depth).map_err(|e| format!("[{i}]: {e}"))?;
            }
            Ok(())
        }
        Json::Object(fields) => {
            for (name, item) in fields {
                let at = match name.as_str() {
                    // An anonymous member, as bpftool nests it.
                    "(anon)" | "" => Some(spot),
                    name => member(btf, spot, name),
                };
                let at = at.ok_or_else(|| format!("there is no member {name:?}"))?;
                put_at(btf, at, bytes, item, depth).map_err(|e| format!(".{name}: {e}"))?;
            }
            Ok(())
        }
    }
}

/// A string stands for text, a character, a number too wide for JSON, an enumerator.
fn put_string(btf: &Btf, spot: Spot, bytes: &mut [u8], text: &str) -> Result<(), String> {
    if text_room(btf, spot.ty).is_some() {
        return put_text(btf, spot, bytes, text);
    }
    if let Some(hex) = text.strip_prefix("0x")
        && let Ok(value) = u128::from_str_radix(hex, 16)
    {
        return put_number(btf, spot, bytes, (false, value));
    }
    if let Ok(value) = text.parse::<u128>() {
        return put_number(btf, spot, bytes, (false, value));
    }
    let character = matches!(
        btf.ty(btf.skip_mods_typedefs(spot.ty)),
        Some(Type::Int { size: 1, .. })
    );
    if let (true, [byte]) = (character, text.as_bytes()) {
        return put_number(btf, spot, bytes, (false, (*byte).into()));
    }
    let number = enumerator(btf, spot.ty, text)?;
    put_number(btf, spot, bytes, number)
}
