//! What a loader mends in an object's BTF before anybody looks at it.
//!
//! Compilers leave the sizes of data sections and the offsets of their variables
//! as zero; symbols have them. A global that is hidden becomes static: a hidden
//! variable does not make its section mappable, a hidden function is verified
//! with its callers.

use super::btf::{Btf, BtfEdit, SecVar, Type};
use super::elf::{Elf, Symbol};
use super::{FuncLinkage, Function, Kind, VarLinkage};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// Edits for data sections. `Err` is why a loader refuses the object.
pub(super) fn data_sections(elf: &Elf, btf: &Btf) -> Result<Vec<BtfEdit>, String> {
    const STT_OBJECT: u8 = 1;
    let mut symbols: BTreeMap<&str, &Symbol> = BTreeMap::new();
    for symbol in elf
        .symbols
        .iter()
        .filter(|s| s.kind == STT_OBJECT && !s.is_local())
    {
        symbols.entry(elf.symbol_name(symbol)).or_insert(symbol);
    }
    let mut sections: BTreeMap<&str, u64> = BTreeMap::new();
    for section in elf.sections.iter().skip(1) {
        sections.entry(&section.name).or_insert(section.size);
    }
    let mut edits = Vec::new();
    for id in 1..btf.type_count() {
        let Some(Type::DataSec { name, size, vars }) = btf.ty(id) else {
            continue;
        };
        if name == ".kconfig" || name == ".ksyms" {
            continue;
        }
        let unset = size == 0;
        if unset {
            let size = sections
                .get(name)
                .and_then(|s| u32::try_from(*s).ok())
                .filter(|s| *s > 0);
            let Some(size) = size else {
                return Err(format!("BTF describes section {name}, which has no bytes"));
            };
            edits.push(BtfEdit::SecSize(id, size));
        }
        let mut moved: Vec<SecVar> = vars.iter().collect();
        for var in &mut moved {
            let Some(Type::Var {
                name: variable,
                linkage,
                ..
            }) = btf.ty(var.ty)
            else {
                return Err(format!("BTF section {name} holds what is no variable"));
            };
            if matches!(linkage, VarLinkage::Static | VarLinkage::Extern) {
                continue;
            }
            let Some(symbol) = symbols.get(variable) else {
                return Err(format!(
                    "variable {variable} of section {name} has no symbol"
                ));
            };
            if unset {
                var.offset = symbol.value as u32;
            }
            if symbol.hidden {
                edits.push(BtfEdit::VarLinkage(var.ty, 0));
            }
        }
        moved.sort_by_key(|v| v.offset as i32);
        edits.push(BtfEdit::SecVars(id, moved));
    }
    Ok(edits)
}

/// Edits that make hidden global functions of `.text` static.
pub(super) fn hidden_functions(btf: &Btf, functions: &[Function], text: u32) -> Vec<BtfEdit> {
    let is_global = |id: &u32| {
        matches!(
            btf.ty(*id),
            Some(Type::Func {
                linkage: FuncLinkage::Global,
                ..
            })
        )
    };
    functions
        .iter()
        .filter(|f| f.section == text && f.global && f.hidden)
        .filter_map(|f| {
            btf.by_name(&f.name)
                .filter(|id| btf.kind(*id) == Some(Kind::Func))
                .find(is_global)
        })
        .map(|id| BtfEdit::FuncLinkage(id, 0))
        .collect()
}
