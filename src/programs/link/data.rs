//! References of a program's instructions: maps, values, symbols, kfuncs.

use super::Context;
use super::assemble::Assembly;
use super::code::poison_text;
use super::relocs::Target;
use super::symbols::Resolved;
use crate::object::{ExternKind, MapDef, MapOrigin, Span};
use crate::prelude::*;
use crate::programs::core::poison;
use crate::programs::insn::Insn;
use crate::programs::program::{CoreRecord, KfuncRef, KsymRef, POISON_KFUNC};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;

const LD_IMM64: u8 = 0x18;
const PSEUDO_MAP_IDX: u8 = 5;
const PSEUDO_MAP_IDX_VALUE: u8 = 6;
const PSEUDO_BTF_ID: u8 = 3;
const PSEUDO_KFUNC: u8 = 2;
const INSN_ARRAY: u32 = 34;

/// A program's instructions and what they refer to.
pub(super) struct References {
    pub insns: Vec<Insn>,
    pub maps: Arc<[MapDef]>,
    pub kfuncs: Vec<KfuncRef>,
    pub ksyms: Vec<KsymRef>,
    pub poisoned: Vec<(u32, Arc<str>)>,
    pub core_relocs: Vec<CoreRecord>,
}

impl References {
    /// The maps that the instructions refer to.
    pub(super) fn used_maps(&self) -> Vec<&MapDef> {
        let map_load = |i: &&Insn| {
            i.opcode == LD_IMM64 && matches!(i.src, PSEUDO_MAP_IDX | PSEUDO_MAP_IDX_VALUE)
        };
        let mut used: Vec<usize> = self
            .insns
            .iter()
            .filter(map_load)
            .filter_map(|i| usize::try_from(i.imm).ok())
            .collect();
        used.sort_unstable();
        used.dedup();
        used.into_iter().filter_map(|i| self.maps.get(i)).collect()
    }
}

struct Resolver<'a> {
    context: &'a Context<'a>,
    out: References,
    kfuncs: BTreeMap<u32, u32>,
    ksyms: BTreeMap<u32, u32>,
    tables: BTreeMap<u64, u32>,
    new_maps: Vec<MapDef>,
    kconfig: Option<u32>,
}

/// Fills in all references. `Err` is why a loader fails.
pub(super) fn resolve(context: &Context<'_>, assembly: &Assembly) -> Result<References, String> {
    let maps = &context.maps;
    let mut r = Resolver {
        context,
        out: References {
            insns: assembly.insns.clone(),
            maps: maps.clone(),
            kfuncs: Vec::new(),
            ksyms: Vec::new(),
            poisoned: Vec::new(),
            core_relocs: Vec::new(),
        },
        kfuncs: BTreeMap::new(),
        ksyms: BTreeMap::new(),
        tables: BTreeMap::new(),
        new_maps: Vec::new(),
        kconfig: maps
            .iter()
            .position(|m| m.kind == MapOrigin::Kconfig)
            .map(|i| i as u32),
    };
    for placed in &assembly.placed {
        let core = context
            .codes
            .get(placed.function)
            .map_or(0, |c| c.core.len());
        let relocs = context.relocs.get(placed.function).map_or(0, Vec::len);
        context.spend(core.saturating_add(relocs))?;
        for record in context
            .codes
            .get(placed.function)
            .map_or(&[][..], |c| &c.core)
        {
            let insn = placed.start.saturating_add(record.insn);
            if let Some(text) = poison_text(record) {
                r.out.poisoned.push((insn, text.into()));
            }
            r.out.core_relocs.push(CoreRecord {
                insn,
                ..record.clone()
            });
        }
        for reloc in context.relocs.get(placed.function).map_or(&[][..], |l| l) {
            r.apply(placed.start, placed.function, reloc.insn, reloc.target)?;
        }
    }
    r.out.poisoned.sort_by_key(|p| p.0);
    if !r.new_maps.is_empty() {
        context.spend(maps.len())?;
        r.out.maps = maps.iter().cloned().chain(r.new_maps).collect();
    }
    Ok(r.out)
}

impl Resolver<'_> {
    /// Writes a wide load: source, first and second immediate.
    fn put(&mut self, at: usize, src: Option<u8>, first: i32, second: Option<i32>) {
        if let Some(insn) = self.out.insns.get_mut(at) {
            insn.src = src.unwrap_or(insn.src);
            insn.imm = first;
        }
        if let (Some(second), Some(insn)) = (second, self.out.insns.get_mut(at.saturating_add(1))) {
            insn.imm = second;
        }
    }

    fn apply(
        &mut self,
        start: u32,
        function: usize,
        insn: u32,
        target: Target,
    ) -> Result<(), String> {
        let at = start.saturating_add(insn) as usize;
        let imm = self.out.insns.get(at).map_or(0, |i| i.imm);
        match target {
            Target::Call { .. } | Target::Function { .. } => {}
            Target::Map(map) => self.put(at, Some(PSEUDO_MAP_IDX), map as i32, None),
            Target::Data { map, offset } => {
                let is_arena = self
                    .out
                    .maps
                    .get(map as usize)
                    .is_some_and(|m| m.map_type == 33);
                let arena = if is_arena {
                    self.context.arena_offset
                } else {
                    0
                };
                let base = offset.wrapping_add(arena);
                let second = imm.wrapping_add(base as i32);
                self.put(at, Some(PSEUDO_MAP_IDX_VALUE), map as i32, Some(second));
            }
            Target::ExternAddress(index) => self.address(at, index),
            Target::ExternCall(index) => self.call(at, index),
            Target::JumpTable { offset, size } => {
                let map = self.jump_table(start, function, offset, size)?;
                if let Some(i) = self.out.insns.get_mut(at) {
                    i.off = 0;
                }
                self.put(at, Some(PSEUDO_MAP_IDX_VALUE), map as i32, None);
            }
        }
        Ok(())
    }

    fn address(&mut self, at: usize, index: u32) {
        let Some(e) = self.context.object.externs.get(index as usize) else {
            return;
        };
        let resolved = self.context.symbols.resolved.get(index as usize).copied();
        if let ExternKind::Kconfig { offset, .. } = e.kind {
            self.put(
                at,
                Some(PSEUDO_MAP_IDX_VALUE),
                self.kconfig.unwrap_or(0) as i32,
                Some(offset as i32),
            );
            return;
        }
        let ksyms = &mut self.out.ksyms;
        let number = *self.ksyms.entry(index).or_insert_with(|| {
            ksyms.push(KsymRef {
                name: e.name.clone(),
                kernel_id: match resolved {
                    Some(Resolved::Btf(id)) => id,
                    _ => None,
                },
                local_id: e.btf_id,
                weak: e.weak,
                resolved: resolved != Some(Resolved::Absent),
            });
            (ksyms.len() as u32).saturating_sub(1)
        });
        match resolved {
            Some(Resolved::Btf(_)) => self.put(at, Some(PSEUDO_BTF_ID), number as i32, Some(0)),
            Some(Resolved::Address(a)) => self.put(at, None, a as i32, Some((a >> 32) as i32)),
            _ => self.put(at, None, 0, Some(0)),
        }
    }

    fn call(&mut self, at: usize, index: u32) {
        let Some(e) = self.context.object.externs.get(index as usize) else {
            return;
        };
        let resolved = self.context.symbols.resolved.get(index as usize).copied();
        let kernel_id = match resolved {
            Some(Resolved::Btf(id)) => id,
            _ => None,
        };
        let present = matches!(resolved, Some(Resolved::Btf(_)));
        let kfuncs = &mut self.out.kfuncs;
        let number = *self.kfuncs.entry(index).or_insert_with(|| {
            kfuncs.push(KfuncRef {
                name: crate::object::btf::essential_name(&e.name).into(),
                weak: e.weak,
                resolved: present,
                proto: e.btf_id,
                kernel_id,
            });
            (kfuncs.len() as u32).saturating_sub(1)
        });
        if present {
            if let Some(insn) = self.out.insns.get_mut(at) {
                (insn.src, insn.off, insn.imm) = (PSEUDO_KFUNC, 0, number as i32);
            }
        } else {
            poison(
                &mut self.out.insns,
                at,
                POISON_KFUNC.wrapping_add(index as i32),
            );
            self.out
                .poisoned
                .push((at as u32, format!("kernel function {}", e.name).into()));
        }
    }

    /// The map of a jump table; made when it is first used.
    fn jump_table(
        &mut self,
        start: u32,
        function: usize,
        offset: u64,
        size: u64,
    ) -> Result<u32, String> {
        if let Some(map) = self.tables.get(&offset) {
            return Ok(*map);
        }
        let object = self.context.object;
        let bad = |why: &str| format!("jump table at {offset:#x}: {why}");
        let (major, minor, _) = self.context.options.release;
        if (major, minor) < (6, 19) {
            return Err(bad("the kernel has no maps of instructions"));
        }
        let section = self
            .context
            .jump_tables
            .ok_or_else(|| bad("there is no section of jump tables"))?;
        if !offset.is_multiple_of(8) || !size.is_multiple_of(8) || size == 0 {
            return Err(bad("no whole number of entries"));
        }
        self.context.spend((size / 8) as usize)?;
        let data = object.elf.data(section);
        let end = offset
            .checked_add(size)
            .filter(|end| *end <= data.len() as u64);
        let Some(end) = end else {
            return Err(bad("outside its section"));
        };
        let origin = object.functions.get(function).map_or(0, |f| f.offset / 8);
        let mut targets = Vec::with_capacity((size / 8) as usize);
        for at in (offset..end).step_by(8) {
            let entry = object.elf.u64_at(data, at as usize).unwrap_or(0) / 8;
            let target = entry.wrapping_sub(origin).wrapping_add(start.into());
            match u32::try_from(target) {
                // One outside the program is the verifier's to refuse.
                Ok(target) => targets.push(target),
                Err(_) => return Err(bad("an entry before its function")),
            }
        }
        let map = self.context.maps.len().saturating_add(self.new_maps.len());
        self.new_maps.push(MapDef {
            name: ".jumptables".into(),
            map_type: INSN_ARRAY,
            key_size: 4,
            value_size: 16,
            max_entries: targets.len() as u32,
            kind: MapOrigin::JumpTable,
            frozen: true,
            jump_targets: targets.into(),
            section,
            span: Span {
                section: ".jumptables".into(),
                offset,
            },
            ..MapDef::default()
        });
        self.tables.insert(offset, map as u32);
        Ok(map as u32)
    }
}
