//! What a name stands for: helpers, map types, features and commands under their
//! own names and under the other names by which runtimes know them.

use super::helpers::{helper_id, helper_id_exact};
use super::tables;
use super::words::{COMMANDS, InsnClass, MapType, Mechanism, SpecVersion};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A helper's number.
    Helper(u32),
    /// A kernel function.
    Kfunc(&'static str),
    /// A map type.
    Map(MapType),
    /// A class of instructions.
    Instruction(InsnClass),
    /// A mechanism.
    Mechanism(Mechanism),
    /// A command of `bpf(2)`.
    Command(&'static str),
}

/// Another name of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The other name.
    pub alias: &'static str,
    /// What sort of thing it names: `helper`, `kfunc`, `map`, `instruction`,
    /// `mechanism`, `command`.
    pub kind: &'static str,
    /// Its name here.
    pub name: &'static str,
    /// Where the other name comes from.
    pub note: &'static str,
}

/// Every other name, in order.
pub fn aliases() -> &'static [Alias] {
    &tables::ALIASES
}

/// The entry of another name.
pub fn alias(name: &str) -> Option<&'static Alias> {
    let table = &tables::ALIASES;
    let at = table.binary_search_by(|a| a.alias.cmp(name)).ok()?;
    table.get(at)
}

/// What a name stands for: a kernel's name (with or without its prefix), a word
/// of the vocabularies above, or another name of either.
pub fn named(name: &str) -> Option<Named> {
    if let Some(found) = plain(name) {
        return Some(found);
    }
    let entry = alias(name)?;
    match entry.kind {
        "helper" => helper_id(entry.name).map(Named::Helper),
        "kfunc" => Some(Named::Kfunc(entry.name)),
        _ => plain(entry.name),
    }
}

fn plain(name: &str) -> Option<Named> {
    if let Some(id) = helper_id_exact(name) {
        return Some(Named::Helper(id));
    }
    if let Some(ty) = MapType::from_name(name).or_else(|| {
        let lower = name.to_ascii_lowercase();
        MapType::from_name(&lower)
    }) {
        return Some(Named::Map(ty));
    }
    let kfunc = |v: &SpecVersion| super::kfunc(name, *v);
    if let Some(kfunc) = SpecVersion::ALL.iter().rev().find_map(kfunc) {
        return Some(Named::Kfunc(kfunc.name));
    }
    if let Some(class) = InsnClass::from_name(name) {
        return Some(Named::Instruction(class));
    }
    if let Some(mechanism) = Mechanism::from_name(name) {
        return Some(Named::Mechanism(mechanism));
    }
    COMMANDS
        .iter()
        .find(|c| **c == name || c.strip_prefix("BPF_") == Some(name))
        .map(|c| Named::Command(c))
}

/// Whether a command of `bpf(2)` is known, with or without its prefix.
pub fn command(name: &str) -> Option<&'static str> {
    COMMANDS
        .iter()
        .copied()
        .find(|c| *c == name || c.strip_prefix("BPF_") == Some(name))
}

/// Attach types with the release in which each appeared.
pub fn attach_type_since(attach: super::AttachType) -> (u16, u16) {
    tables::ATTACH_SINCE
        .get(attach.id() as usize)
        .copied()
        .unwrap_or((0, 0))
}

/// Whether the series has the attach type.
pub fn attach_type_known(attach: super::AttachType, v: super::SpecVersion) -> bool {
    attach_type_since(attach) <= v.series()
}
