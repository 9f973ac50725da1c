//! The ELF container: sections, symbols and relocations, with all bounds checked.

use super::ObjectError;
use crate::prelude::*;
use alloc::sync::Arc;
use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{EI_CLASS, EI_DATA, ELFCLASS64, ELFDATA2LSB, EM_BPF, EM_NONE, ET_REL};
use goblin::elf::{Elf as Goblin, section_header as sh, sym};

/// Names longer than this are cut off; no symbol table needs them, and reading
/// many names that overlap in the string table would cost their product.
const MAX_NAME: usize = 1024;

/// What a section is for, as far as ELF says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind {
    /// Bytes in the file.
    Progbits,
    /// Zeroes that take no room in the file.
    Nobits,
    /// Relocations without addends.
    Rel,
    /// The symbol table.
    Symtab,
    /// A string table.
    Strtab,
    /// Anything else.
    Other(u32),
}

/// A section.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name.
    pub name: Arc<str>,
    /// What it is for.
    pub kind: SectionKind,
    /// It holds instructions.
    pub executable: bool,
    /// Where its bytes begin in the file.
    pub offset: usize,
    /// How many bytes it has (in memory).
    pub size: u64,
    /// `sh_info`: of relocations, the section they change.
    pub info: u32,
    /// `sh_entsize`.
    pub entsize: u64,
    /// The loader looks at it (no debug information, no string tables).
    pub relevant: bool,
}

/// A symbol.
#[derive(Clone, Copy, Debug)]
pub struct Symbol {
    /// Offset of the name in the symbols' string table.
    pub name: u32,
    /// Offset in its section.
    pub value: u64,
    /// Bytes.
    pub size: u64,
    /// Section index; 0 undefined, 0xff00.. special.
    pub section: u32,
    /// `STB_*`.
    pub bind: u8,
    /// `STT_*`.
    pub kind: u8,
    /// Hidden or internal visibility.
    pub hidden: bool,
}

impl Symbol {
    /// Undefined here, to be found in the kernel.
    pub fn is_extern(&self) -> bool {
        self.section == 0 && !self.is_local() && self.kind == sym::STT_NOTYPE
    }

    /// Bound to this file.
    pub fn is_local(&self) -> bool {
        self.bind != sym::STB_GLOBAL && self.bind != sym::STB_WEAK
    }

    /// May be absent or overridden.
    pub fn is_weak(&self) -> bool {
        self.bind == sym::STB_WEAK
    }

    /// A function.
    pub fn is_function(&self) -> bool {
        self.kind == sym::STT_FUNC
    }

    /// Stands for its section.
    pub fn is_section(&self) -> bool {
        self.kind == sym::STT_SECTION
    }
}

/// A relocation.
#[derive(Clone, Copy, Debug)]
pub struct Relocation {
    /// Offset in the section that it changes.
    pub offset: u64,
    /// Index of the symbol.
    pub symbol: u32,
    /// `R_BPF_*`.
    pub kind: u32,
}

/// The container, read.
#[derive(Clone, Debug)]
pub struct Elf {
    bytes: Arc<[u8]>,
    /// Most significant byte first.
    pub big_endian: bool,
    /// The sections; entry 0 is the null section.
    pub sections: Vec<Section>,
    /// The symbols; entry 0 is the null symbol.
    pub symbols: Vec<Symbol>,
    /// Index of the symbol table's section.
    pub symtab: u32,
    /// The symbols' string table, as a range of the file.
    strings: (usize, usize),
}

fn err<T>(section: &str, offset: u64, reason: impl Into<String>) -> Result<T, ObjectError> {
    Err(ObjectError {
        section: section.into(),
        offset,
        reason: reason.into(),
    })
}

/// The NUL-terminated text at an offset of a table.
fn text(table: &[u8], at: usize) -> Option<&str> {
    let tail = table.get(at..)?;
    let tail = tail.get(..tail.len().min(MAX_NAME))?;
    let end = tail.iter().position(|b| *b == 0)?;
    core::str::from_utf8(tail.get(..end)?).ok()
}

/// Debug information and string tables, and relocations of what needs none.
fn is_relevant(kind: SectionKind, raw_kind: u32, name: &str, size: u64) -> bool {
    const LLVM_ADDRSIG: u32 = 0x6fff_4c03;
    let target = name.strip_prefix(".rel").unwrap_or(name);
    !(kind == SectionKind::Strtab
        || raw_kind == LLVM_ADDRSIG
        || kind == SectionKind::Progbits && size == 0 && name == ".text"
        || target.starts_with(".debug_")
        || target != name && (target == ".BTF" || target == ".BTF.ext"))
}

impl Elf {
    /// Reads the container of a relocatable 64-bit BPF object.
    pub fn parse(bytes: &[u8]) -> Result<Elf, ObjectError> {
        const HEADER: &str = "ELF header";
        if bytes.get(..4) != Some(b"\x7fELF") {
            return err(HEADER, 0, "not an ELF file");
        }
        if bytes.get(EI_CLASS) != Some(&ELFCLASS64) {
            return err(HEADER, EI_CLASS as u64, "not a 64-bit object");
        }
        let header = match Goblin::parse_header(bytes) {
            Ok(header) => header,
            Err(e) => return err(HEADER, 0, e.to_string()),
        };
        if header.e_type != ET_REL || (header.e_machine != EM_BPF && header.e_machine != EM_NONE) {
            return err(HEADER, 16, "not a relocatable eBPF object");
        }
        let little = header.e_ident.get(EI_DATA) == Some(&ELFDATA2LSB);
        let ctx = Ctx::new(
            Container::Big,
            if little { Endian::Little } else { Endian::Big },
        );
        let table = "section headers";
        if header.e_shnum == 0 || header.e_shoff == 0 {
            return err(HEADER, 40, "no section headers");
        }
        let end = u64::from(header.e_shnum)
            .checked_mul(64)
            .and_then(|n| n.checked_add(header.e_shoff));
        if header.e_shentsize != 64 || end.is_none_or(|end| end > bytes.len() as u64) {
            return err(table, header.e_shoff, "outside the file");
        }
        let headers = match sh::SectionHeader::parse(
            bytes,
            header.e_shoff as usize,
            header.e_shnum.into(),
            ctx,
        ) {
            Ok(headers) => headers,
            Err(e) => return err(table, header.e_shoff, e.to_string()),
        };
        let Some(names) = headers
            .get(usize::from(header.e_shstrndx))
            .and_then(|h| range(h, bytes.len()))
        else {
            return err(HEADER, 62, "no section name table");
        };
        let names = bytes.get(names.0..names.1).unwrap_or(&[]);
        let mut elf = Elf {
            bytes: bytes.into(),
            big_endian: !little,
            sections: Vec::with_capacity(headers.len()),
            symbols: Vec::new(),
            symtab: 0,
            strings: (0, 0),
        };
        for (i, h) in headers.iter().enumerate() {
            elf.sections.push(section(i, h, names, bytes.len())?);
        }
        // No tool makes sections that overlap; allowing it would let a small file
        // ask for work and memory without bound.
        let total: u64 = elf
            .sections
            .iter()
            .filter(|s| s.relevant && s.kind != SectionKind::Nobits)
            .fold(0, |sum, s| sum.saturating_add(s.size));
        if total > bytes.len() as u64 {
            return err(table, header.e_shoff, "sections overlap");
        }
        elf.read_symbols(&headers, ctx)?;
        Ok(elf)
    }

    fn read_symbols(&mut self, headers: &[sh::SectionHeader], ctx: Ctx) -> Result<(), ObjectError> {
        let mut tables = headers
            .iter()
            .enumerate()
            .filter(|(_, h)| h.sh_type == sh::SHT_SYMTAB);
        let Some((index, header)) = tables.next() else {
            return err("symbol table", 0, "no symbol table; stripped?");
        };
        if tables.next().is_some() {
            return err("symbol table", header.sh_offset, "several symbol tables");
        }
        if header.sh_entsize != 24 {
            return err("symbol table", header.sh_offset, "impossible entry size");
        }
        let strings = headers
            .get(header.sh_link as usize)
            .filter(|_| header.sh_link != 0);
        let Some(strings) = strings.and_then(|h| range(h, self.bytes.len())) else {
            return err("symbol table", header.sh_offset, "no string table");
        };
        self.strings = strings;
        self.symtab = index as u32;
        let count = (header.sh_size / 24) as usize;
        if count == 0 {
            return Ok(());
        }
        let table = match sym::Symtab::parse(&self.bytes, header.sh_offset as usize, count, ctx) {
            Ok(table) => table,
            Err(e) => return err("symbol table", header.sh_offset, e.to_string()),
        };
        self.symbols = table
            .iter()
            .map(|s| Symbol {
                name: s.st_name as u32,
                value: s.st_value,
                size: s.st_size,
                section: s.st_shndx as u32,
                bind: s.st_bind(),
                kind: s.st_type(),
                hidden: matches!(s.st_visibility(), sym::STV_HIDDEN | sym::STV_INTERNAL),
            })
            .collect();
        Ok(())
    }

    /// Bytes of the whole file.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True of a file without bytes, which no object is.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A section's bytes in the file; empty for one that takes no room there.
    pub fn data(&self, section: u32) -> &[u8] {
        match self.sections.get(section as usize) {
            Some(s) if s.kind != SectionKind::Nobits => self
                .bytes
                .get(s.offset..s.offset.saturating_add(s.size as usize))
                .unwrap_or(&[]),
            _ => &[],
        }
    }

    /// A section's name; `""` if there is none.
    pub fn section_name(&self, section: u32) -> &str {
        self.sections.get(section as usize).map_or("", |s| &s.name)
    }

    /// The first section of a name.
    pub fn section_by_name(&self, name: &str) -> Option<u32> {
        self.sections
            .iter()
            .skip(1)
            .position(|s| &*s.name == name)
            .map(|i| (i as u32).saturating_add(1))
    }

    /// A symbol's name; `""` if it has none.
    pub fn symbol_name(&self, symbol: &Symbol) -> &str {
        self.named(symbol).unwrap_or("")
    }

    /// A symbol's name; `None` if it lies outside the string table.
    pub fn named(&self, symbol: &Symbol) -> Option<&str> {
        let table = self.bytes.get(self.strings.0..self.strings.1)?;
        text(table, symbol.name as usize)
    }

    /// The relocations of a section of kind [`SectionKind::Rel`].
    pub fn relocations(&self, section: u32) -> impl Iterator<Item = Relocation> + '_ {
        let big = self.big_endian;
        self.data(section).chunks_exact(16).map(move |record| {
            let word = |at: usize| {
                let b = record
                    .get(at..at.saturating_add(8))
                    .and_then(|b| <[u8; 8]>::try_from(b).ok())
                    .unwrap_or([0; 8]);
                if big {
                    u64::from_be_bytes(b)
                } else {
                    u64::from_le_bytes(b)
                }
            };
            let info = word(8);
            Relocation {
                offset: word(0),
                symbol: (info >> 32) as u32,
                kind: info as u32,
            }
        })
    }

    /// A 32-bit number in the object's byte order.
    pub fn u32_at(&self, data: &[u8], at: usize) -> Option<u32> {
        let b = <[u8; 4]>::try_from(data.get(at..at.checked_add(4)?)?).ok()?;
        Some(if self.big_endian {
            u32::from_be_bytes(b)
        } else {
            u32::from_le_bytes(b)
        })
    }

    /// A 64-bit number in the object's byte order.
    pub fn u64_at(&self, data: &[u8], at: usize) -> Option<u64> {
        let b = <[u8; 8]>::try_from(data.get(at..at.checked_add(8)?)?).ok()?;
        Some(if self.big_endian {
            u64::from_be_bytes(b)
        } else {
            u64::from_le_bytes(b)
        })
    }
}

/// A section's extent in the file, if it lies within.
fn range(h: &sh::SectionHeader, len: usize) -> Option<(usize, usize)> {
    let start = usize::try_from(h.sh_offset).ok()?;
    let end = start.checked_add(usize::try_from(h.sh_size).ok()?)?;
    (end <= len).then_some((start, end))
}

fn section(
    index: usize,
    h: &sh::SectionHeader,
    names: &[u8],
    len: usize,
) -> Result<Section, ObjectError> {
    let Some(name) = text(names, h.sh_name) else {
        return err(
            &format!("#{index}"),
            h.sh_name as u64,
            "no name in the name table",
        );
    };
    let kind = match h.sh_type {
        sh::SHT_PROGBITS => SectionKind::Progbits,
        sh::SHT_NOBITS => SectionKind::Nobits,
        sh::SHT_REL => SectionKind::Rel,
        sh::SHT_SYMTAB => SectionKind::Symtab,
        sh::SHT_STRTAB => SectionKind::Strtab,
        other => SectionKind::Other(other),
    };
    let relevant = index != 0 && is_relevant(kind, h.sh_type, name, h.sh_size);
    if relevant && kind != SectionKind::Nobits && range(h, len).is_none() {
        return err(
            name,
            0,
            format!(
                "its {} bytes at file offset {:#x} are outside the file",
                h.sh_size, h.sh_offset
            ),
        );
    }
    if relevant && kind == SectionKind::Rel && h.sh_entsize != 16 {
        return err(name, 0, "relocations of impossible size");
    }
    Ok(Section {
        name: name.into(),
        kind,
        executable: h.sh_flags & u64::from(sh::SHF_EXECINSTR) != 0,
        offset: h.sh_offset as usize,
        size: h.sh_size,
        info: h.sh_info,
        entsize: h.sh_entsize,
        relevant,
    })
}
