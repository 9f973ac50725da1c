//! What the kernel gives for externs: ids of kfuncs and variables, addresses,
//! configuration values.

use super::LinkOptions;
use crate::object::btf::{Found, essential_name};
use crate::object::{Btf, Extern, ExternKind, KconfigType, Kind, Object, Type};
use crate::prelude::*;
use crate::programs::core::{Budget, types_compatible};

/// What an extern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// Absent, which it may be.
    Absent,
    /// In the kernel's BTF; `None` if that is not at hand or does not tell.
    Btf(Option<u32>),
    /// An address; which, only a running kernel knows.
    Address(u64),
    /// A value in the `.kconfig` map.
    Value,
}

/// Externs as the target has them.
pub(super) struct Symbols {
    /// By extern.
    pub resolved: Vec<Resolved>,
    /// Bytes of the `.kconfig` map.
    pub kconfig: Vec<u8>,
}

/// Somewhere in the kernel's text; no program can tell.
const SOME_ADDRESS: u64 = 0xffff_ffff_8100_0000;

/// Resolves all externs. `Err` is why loading any program fails.
pub(super) fn resolve(object: &Object, options: &LinkOptions<'_>) -> Result<Symbols, String> {
    let size = object
        .externs
        .iter()
        .filter_map(|e| match e.kind {
            ExternKind::Kconfig { offset, size, .. } => {
                Some((offset as usize).saturating_add(size as usize))
            }
            _ => None,
        })
        .max()
        .unwrap_or(0);
    if size > 1 << 20 {
        return Err("configuration values of more than a megabyte".into());
    }
    let budget = Budget::new();
    let mut symbols = Symbols {
        resolved: Vec::with_capacity(object.externs.len()),
        kconfig: vec![0; size],
    };
    for (i, e) in (0u64..).zip(&object.externs) {
        let resolved = match e.kind {
            ExternKind::Kconfig { offset, size, ty } => {
                let place = symbols
                    .kconfig
                    .get_mut(offset as usize..offset.saturating_add(size) as usize)
                    .unwrap_or(&mut []);
                kconfig(e, ty, place, options)?
            }
            ExternKind::Kfunc => kfunc(object, e, options, &budget)?,
            ExternKind::Ksym { type_id: 0 } => address(e, i, options.kernel_btf),
            ExternKind::Ksym { type_id } => {
                variable(object, e, type_id, options.kernel_btf, &budget)?
            }
        };
        if resolved == Resolved::Absent && !e.weak {
            return Err(format!("{} is not in the kernel", e.name));
        }
        symbols.resolved.push(resolved);
    }
    Ok(symbols)
}

fn kfunc(
    object: &Object,
    e: &Extern,
    options: &LinkOptions<'_>,
    budget: &Budget,
) -> Result<Resolved, String> {
    let name = essential_name(&e.name);
    let Some(kernel) = options.kernel_btf else {
        return Ok(if (options.kfunc_exists)(name) {
            Resolved::Btf(None)
        } else {
            Resolved::Absent
        });
    };
    let id = match kernel.agreed(|btf| btf.find_func(name)) {
        Found::Id(id) => id,
        Found::Absent => return Ok(Resolved::Absent),
        // Where the types leave it open, the series' list of functions tells.
        Found::Open if (options.kfunc_exists)(name) => return Ok(Resolved::Btf(None)),
        Found::Open => return Ok(Resolved::Absent),
    };
    let proto = |btf: &Btf, id| btf.ty(id).and_then(|t| t.target()).unwrap_or(0);
    let same = object.btf.as_deref().is_some_and(|local| {
        types_compatible(
            local,
            proto(local, e.btf_id),
            kernel,
            proto(kernel, id),
            budget,
        )
        .unwrap_or(false)
    });
    if same {
        Ok(Resolved::Btf(Some(id)))
    } else if e.weak {
        Ok(Resolved::Absent)
    } else {
        Err(format!(
            "kernel function {name} has another prototype than the object declares"
        ))
    }
}

fn variable(
    object: &Object,
    e: &Extern,
    type_id: u32,
    kernel: Option<&Btf>,
    budget: &Budget,
) -> Result<Resolved, String> {
    let Some(kernel) = kernel else {
        return Ok(Resolved::Btf(None));
    };
    let id = match kernel.agreed(|btf| btf.find(Kind::Var, &e.name)) {
        Found::Id(id) => id,
        Found::Absent => return Ok(Resolved::Absent),
        Found::Open => return Ok(Resolved::Btf(None)),
    };
    let target = kernel.ty(id).and_then(|t| t.target()).unwrap_or(0);
    let same = object.btf.as_deref().is_some_and(|local| {
        types_compatible(
            local,
            type_id,
            kernel,
            kernel.skip_mods_typedefs(target),
            budget,
        )
        .unwrap_or(false)
    });
    if same {
        Ok(Resolved::Btf(Some(id)))
    } else {
        Err(format!("kernel variable {} is of another type", e.name))
    }
}

/// Symbols without type are found in kallsyms. We have none: what must be there
/// is taken to be, what may be absent is if BTF does not know it either.
fn address(e: &Extern, index: u64, kernel: Option<&Btf>) -> Resolved {
    let known = kernel.is_none_or(|k| {
        k.by_name(&e.name)
            .any(|id| matches!(k.ty(id), Some(Type::Var { .. } | Type::Func { .. })))
    });
    if known || !e.weak {
        Resolved::Address(SOME_ADDRESS.saturating_add(index.saturating_mul(64)))
    } else {
        Resolved::Absent
    }
}

fn kconfig(
    e: &Extern,
    ty: KconfigType,
    place: &mut [u8],
    options: &LinkOptions<'_>,
) -> Result<Resolved, String> {
    if let Some(stated) = options.manifest.kconfig(&e.name) {
        let text = match (ty, stated) {
            (KconfigType::Bool | KconfigType::Tristate, "1" | "true") => "y",
            (KconfigType::Bool | KconfigType::Tristate, "0" | "false") => "n",
            (_, text) => text,
        };
        return match config_value(ty, text, place) {
            true => Ok(Resolved::Value),
            false => Err(format!(
                "--set {}={stated}: it does not fit the type that the object declares",
                e.name
            )),
        };
    }
    let (major, minor, patch) = options.release;
    let number = match &*e.name {
        "LINUX_KERNEL_VERSION" => {
            u64::from(major) << 16 | u64::from(minor) << 8 | u64::from(patch.min(255))
        }
        "LINUX_HAS_BPF_COOKIE" => u64::from((major, minor) >= (5, 15)),
        "LINUX_HAS_SYSCALL_WRAPPER" => u64::from((major, minor) >= (4, 17)),
        name if name.starts_with("CONFIG_") => {
            let Some(text) = (options.kconfig)(name) else {
                return Ok(Resolved::Absent);
            };
            return match config_value(ty, &text, place) {
                true => Ok(Resolved::Value),
                false => Err(format!(
                    "{name}={text} does not fit the type the object declares"
                )),
            };
        }
        name if name.starts_with("LINUX_") && e.weak => 0,
        name => return Err(format!("{name} is no value that a loader knows")),
    };
    if put_number(ty, number, place) {
        Ok(Resolved::Value)
    } else {
        Err(format!("{} has an unsuitable type", e.name))
    }
}

/// Writes a number in the target's (little-endian) order; false if it does not fit.
fn put_number(ty: KconfigType, number: u64, place: &mut [u8]) -> bool {
    let bits = (place.len() as u32).saturating_mul(8);
    let fits = match ty {
        KconfigType::Bool => number <= 1,
        KconfigType::Char { signed } | KconfigType::Int { signed } => {
            bits >= 64
                || if signed {
                    number.wrapping_add(1 << bits.saturating_sub(1)) < 1 << bits
                } else {
                    number >> bits == 0
                }
        }
        KconfigType::Tristate | KconfigType::Text => false,
    };
    if fits {
        for (to, from) in place.iter_mut().zip(number.to_le_bytes()) {
            *to = from;
        }
    }
    fits
}

/// Writes a value as a `.config` has it; false if the type takes no such value.
fn config_value(ty: KconfigType, text: &str, place: &mut [u8]) -> bool {
    if let Some(text) = text.strip_prefix('"') {
        let Some(text) = text.strip_suffix('"').filter(|_| ty == KconfigType::Text) else {
            return false;
        };
        let room = place.len().saturating_sub(1);
        for (to, from) in place.iter_mut().take(room).zip(text.bytes()) {
            *to = from;
        }
        return true;
    }
    if let Some(letter @ (b'y' | b'm' | b'n')) = text.as_bytes().first().copied() {
        let value = match (ty, letter) {
            (KconfigType::Bool, b'm') | (KconfigType::Int { .. } | KconfigType::Text, _) => {
                return false;
            }
            (KconfigType::Bool, _) => u8::from(letter == b'y'),
            (KconfigType::Tristate, b'y') => 1,
            (KconfigType::Tristate, b'm') => 2,
            (KconfigType::Tristate, _) => 0,
            (KconfigType::Char { .. }, _) => letter,
        };
        if let Some(first) = place.first_mut() {
            *first = value;
        }
        return true;
    }
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text
            .parse::<u64>()
            .ok()
            .or_else(|| text.parse::<i64>().ok().map(|n| n as u64)),
    };
    matches!(ty, KconfigType::Int { .. } | KconfigType::Char { .. })
        && number.is_some_and(|n| put_number(ty, n, place))
}
