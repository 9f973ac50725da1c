//! Cells read as words of the library's vocabularies.

use super::row::Row;
use super::vocabulary::{
    ArgType, AttachType, KfFlags, KfRole, MapType, ProgType, RegBase, RetType, Semantics, TypeFlags,
};

/// The number that stands for any attach type.
pub(super) const ANY: u32 = 255;

pub(super) fn prog(row: &Row, name: &str) -> ProgType {
    named(ProgType::ALL, ProgType::name, name)
        .unwrap_or_else(|| row.bad(&format!("program type {name:?}")))
}

pub(super) fn attach(row: &Row, name: &str) -> AttachType {
    named(AttachType::ALL, AttachType::name, name)
        .unwrap_or_else(|| row.bad(&format!("attach type {name:?}")))
}

/// The same as a number, with `*` for any.
pub(super) fn attach_or_any(row: &Row, name: &str) -> u32 {
    if name == "*" {
        return ANY;
    }
    attach(row, name).id()
}

pub(super) fn map(row: &Row, name: &str) -> u32 {
    named(MapType::ALL, MapType::name, name)
        .unwrap_or_else(|| row.bad(&format!("map type {name:?}")))
        .id()
}

/// The member of that very name.
pub(super) fn named<T: Copy>(
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
    name: &str,
) -> Option<T> {
    all.iter().copied().find(|member| name_of(*member) == name)
}

fn typed<T: Copy + std::fmt::Debug>(
    row: &Row,
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
    text: &str,
) -> (T, u32) {
    let mut parts = text.split('+');
    let base = parts.next().unwrap_or_default();
    let base = named(all, name_of, base).unwrap_or_else(|| row.bad(&format!("type {base:?}")));
    let flags = parts.fold(0, |set, f| {
        let flag = TypeFlags::ALL.iter().find(|(_, word)| *word == f);
        set | flag.map_or_else(|| row.bad(&format!("flag {f:?}")), |(bit, _)| bit.0)
    });
    (base, flags)
}

/// An argument type with its flags.
pub(super) fn arg(row: &Row, text: &str) -> (ArgType, u32) {
    typed(row, ArgType::ALL, ArgType::name, text)
}

/// A return type with its flags.
pub(super) fn ret(row: &Row, text: &str) -> (RetType, u32) {
    typed(row, RetType::ALL, RetType::name, text)
}

/// A register type with its flags.
pub(super) fn reg(row: &Row, text: &str) -> (RegBase, u32) {
    typed(row, RegBase::ALL, RegBase::name, text)
}

pub(super) fn semantics(row: &Row, word: &str) -> u32 {
    let class = Semantics::ALL.iter().find(|(_, w)| *w == word);
    class.map_or_else(|| row.bad(&format!("class {word:?}")), |(bit, _)| bit.0)
}

pub(super) fn kf_role(row: &Row, word: &str) -> KfRole {
    let role = KfRole::ALL.iter().find(|(_, w)| *w == word);
    role.map_or_else(|| row.bad(&format!("role {word:?}")), |(role, _)| *role)
}

pub(super) fn kf_flags(row: &Row, words: &[&str]) -> u32 {
    words.iter().fold(0, |set, word| {
        let flag = KfFlags::ALL.iter().find(|(_, w)| w == word);
        set | flag.map_or_else(
            || row.bad(&format!("kfunc flag {word:?}")),
            |(bit, _)| bit.0,
        )
    })
}
