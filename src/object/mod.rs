//! The `object` room: bytes of an ELF file → [`Object`], never a panic.
//!
//! Everything a file says is checked against the file's own bounds when it is
//! read. A file that is no eBPF object, or that contradicts itself, is an
//! [`ObjectError`] that names the section, the offset and the reason. What is
//! readable but what a loader would refuse to open is kept, with the loader's
//! reason in [`Object::problems`], so that such objects can still be audited.
#![warn(clippy::arithmetic_side_effects)]

pub mod btf;
mod btf_maps;
mod data_maps;
mod elf;
mod ext;
mod externs;
mod fixup;
mod map;
mod memory;

pub use btf::{Btf, BtfError, FuncLinkage, Kind, Type, VarLinkage};
pub use elf::{Elf, Relocation, Section, SectionKind, Symbol};
pub use ext::{BtfExt, CoreRelo, ExtSection, FuncRecord, LineRecord};
pub use externs::{Extern, ExternKind, KconfigType};
pub use map::{
    F_LINK, F_MMAPABLE, F_RDONLY_PROG, MapDef, MapOrigin, SlotTarget, Span, StructOpsDef,
};
pub use memory::{Memory, memory};

use alloc::sync::Arc;

use crate::prelude::*;

/// Why a file is no object of ours: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("section {section}, offset {offset:#x}: {reason}")]
pub struct ObjectError {
    /// Name of the section, or of the part of the file.
    pub section: String,
    /// Offset in that section (in the file, if it is none).
    pub offset: u64,
    /// What is wrong.
    pub reason: String,
}

/// A function: a program, or a subprogram if it is in `.text`.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: Arc<str>,
    /// ELF section index.
    pub section: u32,
    /// Byte offset in the section.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// Global or weak.
    pub global: bool,
    /// Hidden or internal.
    pub hidden: bool,
}

/// An object file, read.
#[derive(Clone, Debug)]
pub struct Object {
    /// The container.
    pub elf: Elf,
    /// Index of `.text`; 0 if there is none.
    pub text: u32,
    /// The functions by section and offset.
    pub functions: Vec<Function>,
    /// The maps in the order a loader creates them (legacy ones first).
    pub maps: Vec<MapDef>,
    /// Kernel symbols and configuration values that it refers to.
    pub externs: Vec<Extern>,
    /// Its types, mended as a loader does.
    pub btf: Option<Arc<Btf>>,
    /// Why a kernel refuses the types; a loader then goes on without them.
    pub btf_refused: Option<String>,
    /// Functions, lines and CO-RE relocations.
    pub ext: Option<BtfExt>,
    /// Its licence; empty if it states none.
    pub license: String,
    /// Its `version` section.
    pub version: Option<u32>,
    /// It has definitions in a `maps` section.
    pub has_legacy_maps: bool,
    /// Why loaders refuse to open it.
    pub problems: Vec<ObjectError>,
}

/// Index of the function that holds a byte of a section.
pub(crate) fn function_at(functions: &[Function], section: u32, offset: u64) -> Option<usize> {
    let after = functions.partition_point(|f| (f.section, f.offset) <= (section, offset));
    let i = after.checked_sub(1)?;
    functions
        .get(i)
        .filter(|f| f.section == section && offset.saturating_sub(f.offset) < f.size)
        .map(|_| i)
}

/// Gathers problems with the section they are in.
struct Problems(Vec<ObjectError>);

impl Problems {
    fn add(&mut self, section: &str, offset: u64, reason: impl Into<String>) {
        self.0.push(ObjectError {
            section: section.into(),
            offset,
            reason: reason.into(),
        });
    }

    /// The value, or a default with the problem noted.
    fn take<T: Default>(&mut self, section: &str, result: Result<T, String>) -> T {
        result.unwrap_or_else(|reason| {
            self.add(section, 0, reason);
            T::default()
        })
    }
}

impl Object {
    /// Reads an object.
    pub fn parse(bytes: &[u8]) -> Result<Object, ObjectError> {
        let elf = Elf::parse(bytes)?;
        let mut problems = Problems(Vec::new());
        let text = elf
            .sections
            .iter()
            .position(|s| s.relevant && s.executable && &*s.name == ".text");
        let text = text.unwrap_or(0) as u32;
        let functions = functions(&elf, text, &mut problems);
        let (btf, ext) = types(&elf, &mut problems);
        let mut object = Object {
            license: license(&elf),
            version: version(&elf, &mut problems),
            elf,
            text,
            functions,
            maps: Vec::new(),
            externs: Vec::new(),
            btf: None,
            btf_refused: None,
            ext,
            has_legacy_maps: false,
            problems: Vec::new(),
        };
        object.externs = problems.take("symbol table", externs::collect(&object.elf, btf.as_ref()));
        object.btf = btf.map(|btf| Arc::new(object.mend(btf, &mut problems)));
        object.btf_refused = object.btf.as_ref().and_then(|btf| btf.kernel_refusal());
        object.collect_maps(&mut problems);
        object.problems = problems.0;
        Ok(object)
    }

    /// Applies what loaders change in the types.
    fn mend(&self, btf: Btf, problems: &mut Problems) -> Btf {
        let mut edits = problems.take(".BTF", externs::edits(&btf, &self.externs));
        edits.extend(problems.take(".BTF", fixup::data_sections(&self.elf, &btf)));
        edits.extend(fixup::hidden_functions(&btf, &self.functions, self.text));
        if edits.is_empty() {
            btf
        } else {
            btf.edited(&edits)
        }
    }

    fn collect_maps(&mut self, problems: &mut Problems) {
        let btf = self.btf.clone();
        let btf = btf.as_deref();
        let elf = &self.elf;
        let relevant = || {
            elf.sections
                .iter()
                .enumerate()
                .filter(|(_, s)| s.relevant)
                .map(|(i, s)| (i as u32, s))
        };
        let mut maps = Vec::new();
        if let Some((i, s)) = relevant().find(|(_, s)| &*s.name == "maps") {
            self.has_legacy_maps = true;
            maps.extend(problems.take("maps", data_maps::legacy(elf, i, s)));
        }
        let btf_maps = relevant().find(|(_, s)| &*s.name == ".maps");
        if let Some((i, s)) = btf_maps {
            maps.extend(problems.take(".maps", btf_maps::collect(elf, btf, i, s)));
        }
        maps.extend(problems.take("data sections", data_maps::collect(elf, btf)));
        let kconfig = externs::kconfig_size(&self.externs);
        if kconfig > 0 {
            maps.push(data_maps::kconfig(elf, btf, kconfig));
        }
        for (i, s) in relevant().filter(|(_, s)| data_maps::is_struct_ops(s)) {
            maps.extend(problems.take(&s.name, data_maps::struct_ops(elf, btf, i, s)));
        }
        if let Some(btf) = btf {
            for (i, s) in relevant().filter(|(_, s)| s.kind == SectionKind::Rel) {
                let target = elf.sections.get(s.info as usize);
                if btf_maps.is_some_and(|(maps, _)| maps == s.info) {
                    let result =
                        btf_maps::slots(elf, btf, &mut maps, &self.functions, self.text, i);
                    problems.take(".maps", result);
                } else if target.is_some_and(data_maps::is_struct_ops) {
                    let result = data_maps::struct_ops_functions(
                        elf,
                        btf,
                        &mut maps,
                        &self.functions,
                        i,
                        s.info,
                    );
                    problems.take(&s.name, result);
                }
            }
        }
        let arenas = maps.iter().filter(|m| m.map_type == 33).count();
        if arenas > 1 {
            problems.add(".maps", 0, "more than one arena");
        }
        if arenas == 0 && self.arena_section().is_some() {
            problems.add(".maps", 0, "arena variables but no arena map");
        }
        self.maps = maps;
    }

    /// The section of arena variables.
    pub fn arena_section(&self) -> Option<u32> {
        let is = |s: &Section| {
            s.relevant && s.size > 0 && (&*s.name == ".addr_space.1" || &*s.name == ".arena.1")
        };
        self.elf.sections.iter().position(is).map(|i| i as u32)
    }

    /// The section of jump tables.
    pub fn jump_tables(&self) -> Option<u32> {
        let is = |s: &Section| s.relevant && s.size > 0 && &*s.name == ".jumptables";
        self.elf.sections.iter().position(is).map(|i| i as u32)
    }

    /// Index of the function that holds a byte of a section.
    pub fn function_at(&self, section: u32, offset: u64) -> Option<usize> {
        function_at(&self.functions, section, offset)
    }

    /// A function's bytes.
    pub fn code(&self, function: &Function) -> &[u8] {
        let (start, size) = (function.offset as usize, function.size as usize);
        self.elf
            .data(function.section)
            .get(start..start.saturating_add(size))
            .unwrap_or(&[])
    }
}

/// Collects the functions of all executable sections.
fn functions(elf: &Elf, text: u32, problems: &mut Problems) -> Vec<Function> {
    let mut functions = Vec::new();
    let mut total = 0u64;
    for symbol in elf.symbols.iter().filter(|s| s.is_function()) {
        let Some(section) = elf.sections.get(symbol.section as usize) else {
            continue;
        };
        if !section.relevant
            || !section.executable
            || section.kind != SectionKind::Progbits
            || section.size == 0
        {
            continue;
        }
        let Some(name) = elf.named(symbol) else {
            problems.add(
                &section.name,
                symbol.value,
                "a function whose name is outside the string table",
            );
            continue;
        };
        let end = symbol.value.checked_add(symbol.size);
        if end.is_none_or(|end| end > section.size) {
            problems.add(
                &section.name,
                symbol.value,
                format!("function {name} crosses the end of its section"),
            );
        } else if symbol.section != text && symbol.is_local() {
            problems.add(
                &section.name,
                symbol.value,
                format!("program {name} is static: loaders find global functions only"),
            );
        } else if symbol.size == 0 || symbol.size % 8 != 0 || symbol.value % 8 != 0 {
            problems.add(
                &section.name,
                symbol.value,
                format!("function {name} is no whole number of instructions"),
            );
        } else {
            total = total.saturating_add(symbol.size);
            if total > (elf.len() as u64).saturating_mul(16) {
                problems.add(&section.name, symbol.value, "functions overlap");
                break;
            }
            functions.push(Function {
                name: name.into(),
                section: symbol.section,
                offset: symbol.value,
                size: symbol.size,
                global: !symbol.is_local(),
                hidden: symbol.hidden,
            });
        }
    }
    functions.sort_by_key(|f| (f.section, f.offset));
    functions
}

/// Reads `.BTF` and `.BTF.ext`.
fn types(elf: &Elf, problems: &mut Problems) -> (Option<Btf>, Option<BtfExt>) {
    let find = |name: &str| {
        elf.sections
            .iter()
            .position(|s| s.relevant && &*s.name == name)
            .map(|i| i as u32)
    };
    let Some(section) = find(".BTF") else {
        return (None, None);
    };
    // Loaders do without, unless maps or struct_ops are described by it.
    let needed = find(".maps").is_some() || elf.sections.iter().any(data_maps::is_struct_ops);
    let btf = match Btf::parse(Arc::from(elf.data(section))) {
        Ok(btf) => btf,
        Err(e) => {
            if needed {
                problems.add(".BTF", e.offset, e.reason);
            }
            return (None, None);
        }
    };
    let ext = find(".BTF.ext").map(|i| BtfExt::parse(elf, &btf, elf.data(i)));
    match ext {
        Some(Ok(ext)) => (Some(btf), Some(ext)),
        Some(Err(e)) => {
            if needed {
                problems.add(".BTF.ext", e.offset, e.reason);
            }
            (Some(btf), None)
        }
        None => (Some(btf), None),
    }
}

/// The text of the `license` section, as much as loaders keep of it.
fn license(elf: &Elf) -> String {
    let section = elf
        .sections
        .iter()
        .position(|s| s.relevant && &*s.name == "license");
    let Some(section) = section else {
        return String::new();
    };
    let data = elf.data(section as u32);
    let data = data.get(..data.len().min(63)).unwrap_or(&[]);
    let end = data.iter().position(|b| *b == 0).unwrap_or(data.len());
    String::from_utf8_lossy(data.get(..end).unwrap_or(&[])).into_owned()
}

fn version(elf: &Elf, problems: &mut Problems) -> Option<u32> {
    let section = elf
        .sections
        .iter()
        .position(|s| s.relevant && &*s.name == "version")? as u32;
    let data = elf.data(section);
    let version = elf.u32_at(data, 0).filter(|_| data.len() == 4);
    if version.is_none() {
        problems.add("version", 0, "not one 32-bit number");
    }
    version
}
