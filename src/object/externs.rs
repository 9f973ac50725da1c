//! Symbols that the object leaves to the kernel: `__ksym` and `__kconfig`.
//!
//! Their order is libbpf's (kconfig first, by alignment, size and name; then
//! ksyms by name), because the offsets in the `.kconfig` map and the numbers of
//! poisoned kfunc calls follow from it.

use super::btf::{Btf, BtfEdit, Kind, SecVar, Type};
use super::elf::Elf;
use super::{FuncLinkage, VarLinkage};
use crate::prelude::*;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::cmp::Reverse;

/// What kind of value a kconfig extern takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KconfigType {
    /// `y` or `n`.
    Bool,
    /// A character, or a number of one byte.
    Char {
        /// Whether it is signed.
        signed: bool,
    },
    /// A number.
    Int {
        /// Whether it is signed.
        signed: bool,
    },
    /// `y`, `m` or `n`.
    Tristate,
    /// Text.
    Text,
}

/// What an extern is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternKind {
    /// A configuration value.
    Kconfig {
        /// Offset in the `.kconfig` map.
        offset: u32,
        /// Bytes.
        size: u32,
        /// What values it takes.
        ty: KconfigType,
    },
    /// A kernel function.
    Kfunc,
    /// A kernel variable, or only its address if `type_id` is 0.
    Ksym {
        /// Its type in the object's BTF, modifiers and typedefs stripped.
        type_id: u32,
    },
}

/// An extern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extern {
    /// Its name.
    pub name: Arc<str>,
    /// Index of its symbol.
    pub symbol: u32,
    /// May be absent.
    pub weak: bool,
    /// Its VAR or FUNC in the object's BTF.
    pub btf_id: u32,
    /// What it is.
    pub kind: ExternKind,
}

fn kconfig_type(btf: &Btf, id: u32, depth: u32) -> Option<KconfigType> {
    match btf.ty(btf.skip_mods_typedefs(id))? {
        Type::Int { size, encoding, .. } => match (encoding.bool, size) {
            (true, 1) => Some(KconfigType::Bool),
            (true, _) => None,
            (false, 1) => Some(KconfigType::Char {
                signed: encoding.signed,
            }),
            (false, 2 | 4 | 8) => Some(KconfigType::Int {
                signed: encoding.signed,
            }),
            _ => None,
        },
        Type::Enum {
            name: "libbpf_tristate",
            size: 4,
            ..
        }
        | Type::Enum64 {
            name: "libbpf_tristate",
            ..
        } => Some(KconfigType::Tristate),
        Type::Array { elem, len, .. } if len > 0 && depth == 0 => {
            matches!(kconfig_type(btf, elem, 1)?, KconfigType::Char { .. })
                .then_some(KconfigType::Text)
        }
        _ => None,
    }
}

/// Which DATASEC holds each variable or function.
fn sections_of(btf: &Btf) -> BTreeMap<u32, u32> {
    let mut of = BTreeMap::new();
    for id in 1..btf.type_count() {
        if let Some(Type::DataSec { vars, .. }) = btf.ty(id) {
            for var in vars.iter() {
                of.entry(var.ty).or_insert(id);
            }
        }
    }
    of
}

/// Functions of C's library that programs call by mistake, and what serves instead.
const LIBC: &[(&str, &str)] = &[
    ("htonl", "`bpf_htonl`"),
    ("htons", "`bpf_htons`"),
    ("ntohl", "`bpf_ntohl`"),
    ("ntohs", "`bpf_ntohs`"),
    ("memcmp", "`__builtin_memcmp` with a constant size"),
    ("memcpy", "`__builtin_memcpy` with a constant size"),
    ("memmove", "`__builtin_memmove` with a constant size"),
    ("memset", "`__builtin_memset` with a constant size"),
    ("bcmp", "`__builtin_memcmp` with a constant size"),
    ("printf", "`bpf_printk`"),
    ("puts", "`bpf_printk`"),
    ("snprintf", "`BPF_SNPRINTF`"),
    ("sprintf", "`BPF_SNPRINTF`"),
    ("strcmp", "`bpf_strncmp`"),
    ("strncmp", "`bpf_strncmp`"),
    ("strcpy", "a loop with a bound"),
    ("strncpy", "a loop with a bound"),
    ("strlen", "a loop with a bound"),
    ("rand", "`bpf_get_prandom_u32`"),
    ("time", "`bpf_ktime_get_ns`"),
    ("malloc", "a map or a ring buffer"),
    ("calloc", "a map or a ring buffer"),
    ("free", "a map or a ring buffer"),
];

/// What is said of a symbol that nothing defines.
fn undefined(name: &str) -> String {
    let libc = LIBC.iter().find(|(n, _)| *n == name);
    let hint = match libc {
        Some((_, instead)) => format!("a function of libc; use {instead}"),
        None if crate::helpers_spec::helper_id(name).is_some() => {
            "a helper, which `bpf/bpf_helpers.h` declares as such".into()
        }
        None => "declare it `__ksym` if the kernel has it, or link the object that has it \
                 (`bpftool gen object`)"
            .into(),
    };
    format!("{name} is used, and defined nowhere: {hint}")
}

/// Collects the externs. `Err` is what a loader says when it cannot.
pub(super) fn collect(elf: &Elf, btf: Option<&Btf>) -> Result<Vec<Extern>, String> {
    let mut externs = Vec::new();
    let mut sections = None;
    let mut sort_keys = BTreeMap::new();
    for (index, symbol) in elf.symbols.iter().enumerate() {
        let name = elf.symbol_name(symbol);
        if !symbol.is_extern() || name.is_empty() {
            continue;
        }
        let Some(btf) = btf else {
            return Err(undefined(name));
        };
        let found = btf.by_name(name).find_map(|id| match btf.ty(id) {
            Some(Type::Var { linkage, .. }) => Some((id, linkage == VarLinkage::Extern)),
            Some(Type::Func { linkage, .. }) => Some((id, linkage == FuncLinkage::Extern)),
            _ => None,
        });
        let Some((btf_id, true)) = found else {
            return Err(undefined(name));
        };
        let sections = sections.get_or_insert_with(|| sections_of(btf));
        let Some(section) = sections.get(&btf_id) else {
            return Err(undefined(name));
        };
        let is_func = btf.kind(btf_id) == Some(Kind::Func);
        let ty = btf.ty(btf_id).and_then(|t| t.target()).unwrap_or(0);
        let kind = match btf.name(*section) {
            ".kconfig" => {
                let size = btf.resolve_size(ty).filter(|s| *s > 0);
                let (Some(size), false, Some(kconfig)) = (size, is_func, kconfig_type(btf, ty, 0))
                else {
                    return Err(format!(
                        "extern {name} has no type that a configuration value can have"
                    ));
                };
                sort_keys.insert(index as u32, btf.align_of(ty).max(1));
                ExternKind::Kconfig {
                    offset: 0,
                    size,
                    ty: kconfig,
                }
            }
            ".ksyms" if is_func => ExternKind::Kfunc,
            ".ksyms" => ExternKind::Ksym {
                type_id: btf.skip_mods_typedefs(ty),
            },
            "" => return Err(undefined(name)),
            other => return Err(format!("extern {name} is in section {other:?}")),
        };
        externs.push(Extern {
            name: name.into(),
            symbol: index as u32,
            weak: symbol.is_weak(),
            btf_id,
            kind,
        });
    }
    let align = |e: &Extern| sort_keys.get(&e.symbol).copied().unwrap_or(1);
    externs.sort_by_cached_key(|e| match e.kind {
        ExternKind::Kconfig { size, .. } => (0, Reverse(align(e)), size, e.name.clone()),
        _ => (1, Reverse(0), 0, e.name.clone()),
    });
    let mut end = 0u32;
    for e in &mut externs {
        let align = align(e);
        if let ExternKind::Kconfig { offset, size, .. } = &mut e.kind {
            *offset = end.checked_next_multiple_of(align).unwrap_or(u32::MAX);
            end = match offset.checked_add(*size) {
                Some(end) => end,
                None => return Err("configuration values of more than 4 GiB".into()),
            };
        }
    }
    Ok(externs)
}

/// Bytes of the `.kconfig` map.
pub(super) fn kconfig_size(externs: &[Extern]) -> u32 {
    let end = |e: &Extern| match e.kind {
        ExternKind::Kconfig { offset, size, .. } => Some(offset.saturating_add(size)),
        _ => None,
    };
    externs.iter().filter_map(end).max().unwrap_or(0)
}

/// The edits that turn kconfig externs into variables of a section.
pub(super) fn edits(btf: &Btf, externs: &[Extern]) -> Result<Vec<BtfEdit>, String> {
    let mut edits = Vec::new();
    let size = kconfig_size(externs);
    let Some(section) = btf.find(Kind::DataSec, ".kconfig").filter(|_| size > 0) else {
        return Ok(edits);
    };
    let Some(Type::DataSec { vars, .. }) = btf.ty(section) else {
        return Ok(edits);
    };
    let offsets: BTreeMap<u32, u32> = externs
        .iter()
        .filter_map(|e| match e.kind {
            ExternKind::Kconfig { offset, .. } => Some((e.btf_id, offset)),
            _ => None,
        })
        .collect();
    let mut moved = Vec::with_capacity(vars.len() as usize);
    for var in vars.iter() {
        let Some(offset) = offsets.get(&var.ty) else {
            return Err(format!(
                "{} is declared in .kconfig but has no symbol",
                btf.name(var.ty)
            ));
        };
        edits.push(BtfEdit::VarLinkage(var.ty, 1));
        moved.push(SecVar {
            offset: *offset,
            ..var
        });
    }
    moved.sort_by_key(|v| v.offset);
    edits.push(BtfEdit::SecSize(section, size));
    edits.push(BtfEdit::SecVars(section, moved));
    Ok(edits)
}
