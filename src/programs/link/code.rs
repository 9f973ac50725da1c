//! The functions' instructions with CO-RE relocations applied.

use super::LinkOptions;
use crate::object::Object;
use crate::prelude::*;
use crate::programs::core::Resolver;
use crate::programs::insn::{Endian, Insn};
use crate::programs::program::{CoreOutcome, CoreRecord};

/// A function's instructions.
#[derive(Default)]
pub(super) struct Code {
    pub insns: Vec<Insn>,
    /// CO-RE relocations, by instruction of the function.
    pub core: Vec<CoreRecord>,
    /// Why its CO-RE relocations fail.
    pub error: Option<String>,
}

/// Decodes and patches all functions. `Err` is why loading any program fails.
pub(super) fn patched(object: &Object, options: &LinkOptions<'_>) -> Result<Vec<Code>, String> {
    let endian = if object.elf.big_endian {
        Endian::Big
    } else {
        Endian::Little
    };
    let decode = |bytes: &[u8]| {
        bytes
            .chunks_exact(8)
            .map(|b| Insn::from_bytes(<[u8; 8]>::try_from(b).unwrap_or_default(), endian))
            .collect::<Vec<_>>()
    };
    let mut codes: Vec<Code> = object
        .functions
        .iter()
        .map(|f| Code {
            insns: decode(object.code(f)),
            ..Code::default()
        })
        .collect();
    let (Some(ext), Some(local)) = (&object.ext, object.btf.as_deref()) else {
        return Ok(codes);
    };
    let mut resolver = match options.kernel_btf {
        None if options.own_types => Resolver::to_itself(local),
        kernel => Resolver::new(local, kernel),
    };
    for section in &ext.core {
        for relo in &section.records {
            if relo.offset % 8 != 0 {
                return Err(format!(
                    "a CO-RE relocation at offset {:#x}, inside an instruction",
                    relo.offset
                ));
            }
            let Some(owner) = object.function_at(section.section, relo.offset.into()) else {
                continue;
            };
            let Some((function, code)) = object.functions.get(owner).zip(codes.get_mut(owner))
            else {
                continue;
            };
            if code.error.is_some() {
                continue;
            }
            let at = u64::from(relo.offset).saturating_sub(function.offset) / 8;
            match resolver.apply(relo, &mut code.insns, at as usize) {
                Ok(applied) => code.core.push(CoreRecord {
                    insn: at as u32,
                    kind: relo.kind,
                    type_name: applied.type_name,
                    access: applied.access.into(),
                    outcome: applied.outcome,
                }),
                Err(reason) => code.error = Some(reason),
            }
        }
    }
    for code in &mut codes {
        code.core.sort_by_key(|r| r.insn);
    }
    Ok(codes)
}

/// What a poisoned instruction was for, or one that is left open.
pub(super) fn poison_text(record: &CoreRecord) -> Option<String> {
    const KINDS: [&str; 13] = [
        "offset of",
        "size of",
        "existence of",
        "sign of",
        "shift of",
        "shift of",
        "local type id of",
        "type id of",
        "existence of",
        "size of",
        "existence of",
        "value of",
        "match of",
    ];
    let what = KINDS
        .get(record.kind as usize)
        .copied()
        .unwrap_or("relocation of");
    match record.outcome {
        CoreOutcome::Value(_) => None,
        CoreOutcome::Poisoned => Some(format!("{what} {}{}", record.type_name, record.access)),
        // What it asks: by this name it is told that the answer is open.
        CoreOutcome::Open => {
            let name = record
                .type_name
                .split_once(' ')
                .map_or("", |(_, name)| name);
            Some(format!("{name}{}", record.access))
        }
    }
}
