//! Programs as far as they can be read without a loader: what an audit falls back on where
//! linking fails.
//!
//! A sketch has the instructions of a function as they stand in the file, behind them all of
//! `.text` if it calls anything there, and what its relocations say of maps, functions of its
//! own and kernel functions. What a loader would refuse to resolve is left as it stands.
//! Relocations against the kernel's types are not applied. A sketch is looked at, never
//! verified.

use super::relocs::{Places, Target};
use super::{LinkOptions, identity};
use crate::helpers_spec::{ProgType, section_target};
use crate::object::btf::essential_name;
use crate::object::{Function, Object, SectionKind};
use crate::prelude::*;
use crate::programs::Program;
use crate::programs::insn::{Endian, Insn};
use crate::programs::program::{
    F_SLEEPABLE, KfuncRef, LineInfo, MAX_LINE, Subprog, license_is_gpl_compatible,
};

const LD_IMM64: u8 = 0x18;
const CALL: u8 = 0x85;
const PSEUDO_CALL: u8 = 1;
const PSEUDO_KFUNC: u8 = 2;
const PSEUDO_FUNC: u8 = 4;
const PSEUDO_MAP_IDX: u8 = 5;
const PSEUDO_MAP_IDX_VALUE: u8 = 6;

/// Instructions of all sketches of an object: `.text` is in each of them.
const MAX_INSNS: usize = 1_000_000;

/// Every program of an object, by the order of their sections; static ones too.
pub fn sketches(object: &Object, options: &LinkOptions<'_>) -> Vec<Program> {
    let places = Places::new(object);
    let mut left = MAX_INSNS;
    let mut out = Vec::new();
    for function in entries(object) {
        let program = sketch(object, &function, options, &places);
        left = match left.checked_sub(program.insns.len()) {
            Some(left) => left,
            None => break,
        };
        out.push(program);
    }
    out
}

/// The functions outside `.text`, static ones too; without any, those of `.text`.
fn entries(object: &Object) -> Vec<Function> {
    let elf = &object.elf;
    let mut all = Vec::new();
    for symbol in elf.symbols.iter().filter(|s| s.is_function()) {
        let Some(section) = elf.sections.get(symbol.section as usize) else {
            continue;
        };
        let end = symbol.value.checked_add(symbol.size);
        let whole = symbol.value.is_multiple_of(8) && end.is_some_and(|end| end <= section.size);
        if section.relevant
            && section.executable
            && section.kind == SectionKind::Progbits
            && whole
            && symbol.size >= 8
        {
            all.push(Function {
                name: elf.named(symbol).unwrap_or("").into(),
                section: symbol.section,
                offset: symbol.value,
                size: symbol.size,
                global: !symbol.is_local(),
                hidden: symbol.hidden,
            });
        }
    }
    all.sort_by_key(|f| (f.section, f.offset));
    let (text, mains): (Vec<_>, Vec<_>) = all.into_iter().partition(|f| f.section == object.text);
    if mains.is_empty() { text } else { mains }
}

fn sketch(
    object: &Object,
    function: &Function,
    options: &LinkOptions<'_>,
    places: &Places<'_>,
) -> Program {
    let id = identity(object, function, options);
    let name = &*function.name;
    let mut sketch = Sketch {
        object,
        places,
        program: Program::raw(name, id.prog_type, id.attach_type, Vec::new()),
        insns: Vec::new(),
        subprogs: Vec::new(),
        lines: Vec::new(),
    };
    sketch.place(function);
    let own = sketch.insns.len();
    let calls = |i: &Insn| i.opcode == CALL && i.src == PSEUDO_CALL;
    let takes = |i: &Insn| i.opcode == LD_IMM64 && i.src == PSEUDO_FUNC;
    if function.section != object.text && sketch.insns.iter().any(|i| calls(i) || takes(i)) {
        for helper in object.functions.iter().filter(|f| f.section == object.text) {
            sketch.place(helper);
        }
    }
    sketch.refer(function, 0, own);
    let mut program = sketch.program;
    program.insns = sketch.insns.into();
    program.subprogs = sketch.subprogs.into();
    program.line_info = sketch.lines.into();
    program.section = id.section.to_owned();
    program.autoload = id.autoload;
    program.sleepable = id.info.is_some_and(|i| i.sleepable);
    program.prog_flags = if program.sleepable { F_SLEEPABLE } else { 0 };
    program.attach_to = section_target(id.section).map(str::to_owned);
    program.maps = object.maps.clone().into();
    program.btf = object.btf.clone();
    program.btf_refused = object.btf_refused.clone();
    program.license = object.license.clone();
    program.gpl_compatible = license_is_gpl_compatible(&object.license);
    program.kern_version = object.version.unwrap_or(0);
    if program.prog_type == ProgType::Unspec && program.section.is_empty() {
        program.section = object.elf.section_name(function.section).to_owned();
    }
    program
}

struct Sketch<'a> {
    object: &'a Object,
    places: &'a Places<'a>,
    program: Program,
    insns: Vec<Insn>,
    subprogs: Vec<Subprog>,
    lines: Vec<LineInfo>,
}

impl Sketch<'_> {
    /// Appends a function with its lines.
    fn place(&mut self, function: &Function) {
        let endian = match self.object.elf.big_endian {
            true => Endian::Big,
            false => Endian::Little,
        };
        let start = self.insns.len() as u32;
        let code = self.object.code(function).chunks_exact(8);
        let insns =
            code.map(|b| Insn::from_bytes(<[u8; 8]>::try_from(b).unwrap_or_default(), endian));
        self.insns.extend(insns);
        self.subprogs.push(Subprog {
            start,
            end: self.insns.len() as u32,
            name: function.name.clone(),
            func_type: 0,
            global: start > 0 && function.global,
            exception_cb: false,
            section: self.object.elf.section_name(function.section).into(),
            section_offset: function.offset,
        });
        self.lines(function, start);
    }

    fn lines(&mut self, function: &Function, start: u32) {
        let (Some(btf), Some(ext)) = (&self.object.btf, &self.object.ext) else {
            return;
        };
        let end = function.offset.saturating_add(function.size);
        let sections = ext.lines.iter().filter(|s| s.section == function.section);
        let records = sections.flat_map(|s| &s.records);
        let own = records.filter(|r| (function.offset..end).contains(&u64::from(r.offset)));
        let lines = own.filter(|r| r.line_col >> 10 <= MAX_LINE).map(|r| {
            let at = u64::from(r.offset).saturating_sub(function.offset) / 8;
            LineInfo {
                insn: start.saturating_add(at as u32),
                file: btf.str_at(r.file).into(),
                line: r.line_col >> 10,
                col: r.line_col & 0x3ff,
                text: btf.str_at(r.text).into(),
            }
        });
        self.lines.extend(lines);
    }

    /// Resolves what relocations say, of the main function and of what lies behind it.
    fn refer(&mut self, main: &Function, start: usize, own: usize) {
        let text = self.object.text;
        let elf = &self.object.elf;
        for (index, section) in (0u32..).zip(&elf.sections) {
            if !section.relevant || section.kind != SectionKind::Rel {
                continue;
            }
            for relocation in elf.relocations(index) {
                let offset = relocation.offset;
                let at = if section.info == main.section {
                    let inside = offset.checked_sub(main.offset).filter(|o| *o < main.size);
                    inside.map(|o| start.saturating_add((o / 8) as usize))
                } else if section.info == text {
                    self.in_text(own, offset)
                } else {
                    None
                };
                let Some(at) = at else { continue };
                let Some(insn) = self.insns.get(at).copied() else {
                    continue;
                };
                let Some(symbol) = elf.symbols.get(relocation.symbol as usize) else {
                    continue;
                };
                let target =
                    self.places
                        .target(relocation.symbol, symbol, insn.opcode, insn.src, insn.imm);
                if let Ok(target) = target {
                    self.resolve(at, own, target);
                }
            }
        }
    }

    /// Where a byte of `.text` lies behind the main function.
    fn in_text(&self, own: usize, offset: u64) -> Option<usize> {
        let name = self.object.elf.section_name(self.object.text);
        let mut placed = self.subprogs.iter();
        placed.find_map(|s| {
            let size = u64::from(s.end.saturating_sub(s.start)).saturating_mul(8);
            let inside = offset
                .checked_sub(s.section_offset)
                .filter(|o| *o < size && s.start as usize >= own && *s.section == *name)?;
            Some((s.start as usize).saturating_add((inside / 8) as usize))
        })
    }

    fn resolve(&mut self, at: usize, own: usize, target: Target) {
        let imm = self.insns.get(at).map_or(0, |i| i.imm);
        let beyond = |offset: u64, addend: i64| {
            let slot = i64::try_from(offset / 8).unwrap_or(0);
            u64::try_from(slot.saturating_add(addend).saturating_mul(8)).ok()
        };
        let change = match target {
            Target::Map(map) => Some((PSEUDO_MAP_IDX, map as i32)),
            Target::Data { map, .. } => Some((PSEUDO_MAP_IDX_VALUE, map as i32)),
            Target::Call { offset } => beyond(offset, i64::from(imm).saturating_add(1))
                .and_then(|to| self.in_text(own, to))
                .map(|to| (PSEUDO_CALL, distance(at, to))),
            Target::Function { offset } => beyond(offset, i64::from(imm) / 8)
                .and_then(|to| self.in_text(own, to))
                .map(|to| (PSEUDO_FUNC, distance(at, to))),
            Target::ExternCall(index) => {
                self.kfunc(index).map(|index| (PSEUDO_KFUNC, index as i32))
            }
            Target::ExternAddress(_) | Target::JumpTable { .. } => None,
        };
        if let (Some((src, imm)), Some(insn)) = (change, self.insns.get_mut(at)) {
            insn.src = src;
            insn.imm = imm;
        }
    }

    /// The place of a kernel function among those called.
    fn kfunc(&mut self, index: u32) -> Option<usize> {
        let found = self.object.externs.get(index as usize)?;
        let name = essential_name(&found.name);
        let kfuncs = &mut self.program.kfuncs;
        if let Some(at) = kfuncs.iter().position(|k| &*k.name == name) {
            return Some(at);
        }
        kfuncs.push(KfuncRef {
            name: name.into(),
            weak: found.weak,
            resolved: true,
            proto: found.btf_id,
            kernel_id: None,
        });
        kfuncs.len().checked_sub(1)
    }
}

/// The immediate by which one slot calls another.
fn distance(from: usize, to: usize) -> i32 {
    let next = i64::try_from(from).unwrap_or(0).saturating_add(1);
    let way = i64::try_from(to).unwrap_or(0).saturating_sub(next);
    i32::try_from(way).unwrap_or(0)
}
