//! What the relocations of code refer to.
//!
//! Like libbpf, this knows a relocation by the instruction it is at (a call or a
//! wide load) and by the section of its symbol, not by its ELF type.

use crate::object::{MapOrigin, Object, ObjectError, SectionKind, Symbol};
use crate::prelude::*;
use alloc::collections::BTreeMap;

const LD_IMM64: u8 = 0x18;
const CALL: u8 = 0x85;

/// What an instruction refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A map.
    Map(u32),
    /// A byte of a map's value.
    Data { map: u32, offset: u32 },
    /// An extern, called.
    ExternCall(u32),
    /// An extern's address or value.
    ExternAddress(u32),
    /// A function of `.text`, called.
    Call { offset: u64 },
    /// A function of `.text`, its address taken.
    Function { offset: u64 },
    /// A jump table.
    JumpTable { offset: u64, size: u64 },
}

/// A relocation of a function's instruction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reloc {
    /// Index of the instruction in its function.
    pub insn: u32,
    pub target: Target,
}

/// What symbols of a section stand for.
pub(super) struct Places<'a> {
    object: &'a Object,
    /// Maps by definition section and offset.
    maps: BTreeMap<(u32, u64), u32>,
    /// Data maps by section.
    data: BTreeMap<u32, u32>,
    /// Externs by symbol.
    externs: BTreeMap<u32, u32>,
    arena: Option<(u32, u32)>,
    jump_tables: Option<u32>,
}

impl<'a> Places<'a> {
    pub(super) fn new(object: &'a Object) -> Places<'a> {
        let mut maps = BTreeMap::new();
        let mut data = BTreeMap::new();
        let mut arena_map = None;
        for (i, map) in (0u32..).zip(&object.maps) {
            match map.kind {
                MapOrigin::Btf | MapOrigin::Legacy => {
                    maps.entry((map.section, map.span.offset)).or_insert(i);
                }
                MapOrigin::Data | MapOrigin::Rodata | MapOrigin::Bss => {
                    data.entry(map.section).or_insert(i);
                }
                _ => {}
            }
            if map.map_type == 33 {
                arena_map = Some(i);
            }
        }
        Places {
            object,
            maps,
            data,
            externs: (0u32..)
                .zip(&object.externs)
                .map(|(i, e)| (e.symbol, i))
                .collect(),
            arena: object.arena_section().zip(arena_map),
            jump_tables: object.jump_tables(),
        }
    }

    /// What an instruction means by a symbol. `Err` is why a loader refuses it.
    pub(super) fn target(
        &self,
        index: u32,
        symbol: &Symbol,
        opcode: u8,
        src: u8,
        imm: i32,
    ) -> Result<Target, String> {
        let name = || match self.object.elf.symbol_name(symbol) {
            "" => self.object.elf.section_name(symbol.section),
            name => name,
        };
        if opcode != CALL && opcode != LD_IMM64 {
            return Err(format!(
                "a relocation against {} of an instruction that takes none",
                name()
            ));
        }
        if symbol.is_extern() {
            let Some(index) = self.externs.get(&index) else {
                return Err(format!("unknown extern {}", name()));
            };
            return Ok(if opcode == CALL {
                Target::ExternCall(*index)
            } else {
                Target::ExternAddress(*index)
            });
        }
        let text = self.object.text;
        if opcode == CALL {
            if src != 1 {
                return Err(format!(
                    "a relocation against {} of a call of something else",
                    name()
                ));
            }
            if symbol.section == 0 || symbol.section != text || !symbol.value.is_multiple_of(8) {
                return Err(format!(
                    "a call of {}, which is no function in .text",
                    name()
                ));
            }
            return Ok(Target::Call {
                offset: symbol.value,
            });
        }
        if symbol.section == 0 {
            return Err(format!("{} is in no section", name()));
        }
        if symbol.section == text
            && (symbol.is_section() && symbol.bind == 0
                || !symbol.is_local() && symbol.is_function())
        {
            if !symbol.value.is_multiple_of(8) || imm % 8 != 0 {
                return Err(format!(
                    "the address of {} is inside an instruction",
                    name()
                ));
            }
            return Ok(Target::Function {
                offset: symbol.value,
            });
        }
        if let Some((section, map)) = self.arena
            && section == symbol.section
        {
            return Ok(Target::Data {
                map,
                offset: symbol.value as u32,
            });
        }
        if self.jump_tables == Some(symbol.section) {
            return Ok(Target::JumpTable {
                offset: symbol.value,
                size: symbol.size,
            });
        }
        if let Some(map) = self.data.get(&symbol.section) {
            return Ok(Target::Data {
                map: *map,
                offset: symbol.value as u32,
            });
        }
        match self.maps.get(&(symbol.section, symbol.value)) {
            Some(map) => Ok(Target::Map(*map)),
            None => Err(format!(
                "{} in section {} is neither map nor data",
                name(),
                self.object.elf.section_name(symbol.section)
            )),
        }
    }
}

/// The relocations of every function, by instruction. `Err` is the first that a
/// loader refuses.
pub(super) fn collect(object: &Object) -> Result<Vec<Vec<Reloc>>, ObjectError> {
    let places = Places::new(object);
    let elf = &object.elf;
    let mut relocs: Vec<Vec<Reloc>> = vec![Vec::new(); object.functions.len()];
    for (index, section) in (0u32..).zip(&elf.sections) {
        if !section.relevant || section.kind != SectionKind::Rel {
            continue;
        }
        let Some(code) = elf.sections.get(section.info as usize) else {
            return Err(ObjectError {
                section: section.name.to_string(),
                offset: 0,
                reason: "relocations of no section".into(),
            });
        };
        if !code.executable {
            continue;
        }
        for relocation in elf.relocations(index) {
            let bad = |reason: String| ObjectError {
                section: section.name.to_string(),
                offset: relocation.offset,
                reason,
            };
            let Some(symbol) = elf.symbols.get(relocation.symbol as usize) else {
                return Err(bad(format!("no symbol {}", relocation.symbol)));
            };
            if symbol.section as usize >= elf.sections.len() {
                return Err(bad(format!(
                    "symbol {} is in no section",
                    elf.symbol_name(symbol)
                )));
            }
            if relocation.offset % 8 != 0 || relocation.offset >= code.size {
                return Err(bad("not at an instruction of its section".into()));
            }
            // Code outside functions is left over from weak ones.
            let Some(owner) = object.function_at(section.info, relocation.offset) else {
                continue;
            };
            let Some((function, list)) = object.functions.get(owner).zip(relocs.get_mut(owner))
            else {
                continue;
            };
            let data = elf.data(section.info);
            let at = relocation.offset as usize;
            let opcode = data.get(at).copied().unwrap_or(0);
            let regs = data.get(at.saturating_add(1)).copied().unwrap_or(0);
            let src = if elf.big_endian { regs & 15 } else { regs >> 4 };
            let imm = elf.u32_at(data, at.saturating_add(4)).unwrap_or(0) as i32;
            let target = places
                .target(relocation.symbol, symbol, opcode, src, imm)
                .map_err(bad)?;
            list.push(Reloc {
                insn: (relocation.offset.saturating_sub(function.offset) / 8) as u32,
                target,
            });
        }
    }
    for list in &mut relocs {
        list.sort_by_key(|r| r.insn);
    }
    Ok(relocs)
}
