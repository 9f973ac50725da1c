//! `.BTF.ext`: functions, lines and CO-RE relocations, by section.
//!
//! A header, then three sub-sections. Each begins with the size of its records
//! and is a list of: section name, number of records, records. Records may be
//! longer than we know them; their beginnings are what we read.

use super::btf::Btf;
use super::{BtfError, Elf};
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// A function's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuncRecord {
    /// Byte offset in the section.
    pub offset: u32,
    /// Its FUNC.
    pub type_id: u32,
}

/// A line's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRecord {
    /// Byte offset in the section.
    pub offset: u32,
    /// File name, in the BTF's strings.
    pub file: u32,
    /// Text, in the BTF's strings.
    pub text: u32,
    /// Line and column: `line << 10 | column`.
    pub line_col: u32,
}

/// A CO-RE relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreRelo {
    /// Byte offset of the instruction in the section.
    pub offset: u32,
    /// Root type.
    pub type_id: u32,
    /// The access as numbers (`0:1:2`), in the BTF's strings.
    pub access: u32,
    /// `BPF_CORE_*`.
    pub kind: u32,
}

/// The records of one section.
#[derive(Clone, Debug)]
pub struct ExtSection<T> {
    /// ELF section index; 0 if the file has no section of that name.
    pub section: u32,
    /// The records in file order.
    pub records: Vec<T>,
}

/// `.BTF.ext`, read.
#[derive(Clone, Debug, Default)]
pub struct BtfExt {
    /// Functions.
    pub funcs: Vec<ExtSection<FuncRecord>>,
    /// Lines.
    pub lines: Vec<ExtSection<LineRecord>>,
    /// CO-RE relocations.
    pub core: Vec<ExtSection<CoreRelo>>,
}

fn err<T>(offset: usize, reason: &str) -> Result<T, BtfError> {
    Err(BtfError {
        offset: offset as u64,
        reason: reason.into(),
    })
}

/// What all three parsers need.
struct Reader<'a> {
    elf: &'a Elf,
    btf: &'a Btf,
    data: &'a [u8],
    sections: BTreeMap<&'a str, u32>,
}

impl Reader<'_> {
    fn word(&self, at: usize) -> Result<u32, BtfError> {
        match self.elf.u32_at(self.data, at) {
            Some(word) => Ok(word),
            None => err(at, "cut off"),
        }
    }

    /// Reads a sub-section of records that are at least `size` bytes long.
    fn sections<T>(
        &self,
        (start, len): (usize, usize),
        size: usize,
        record: impl Fn(&dyn Fn(usize) -> u32) -> T,
    ) -> Result<Vec<ExtSection<T>>, BtfError> {
        let mut sections = Vec::new();
        if len == 0 {
            return Ok(sections);
        }
        let end = match start.checked_add(len) {
            Some(end) if end <= self.data.len() => end,
            _ => return err(start, "sub-section outside the section"),
        };
        if start % 4 != 0 || len <= 4 {
            return err(start, "sub-section is not aligned or too short");
        }
        let stride = self.word(start)? as usize;
        if stride < size || !stride.is_multiple_of(4) {
            return err(start, "impossible record size");
        }
        let mut at = start.saturating_add(4);
        while at < end {
            if end.saturating_sub(at) < 8 {
                return err(at, "cut off");
            }
            let name = self.btf.str_at(self.word(at)?);
            let count = self.word(at.saturating_add(4))? as usize;
            at = at.saturating_add(8);
            if count == 0 {
                return err(at, "a section without records");
            }
            if count
                .checked_mul(stride)
                .is_none_or(|n| n > end.saturating_sub(at))
            {
                return err(at, "more records than there is room for");
            }
            let mut records = Vec::with_capacity(count);
            for i in 0..count {
                let base = at.saturating_add(i.saturating_mul(stride));
                records.push(record(&|field| {
                    self.elf
                        .u32_at(self.data, base.saturating_add(field.saturating_mul(4)))
                        .unwrap_or(0)
                }));
            }
            at = at.saturating_add(count.saturating_mul(stride));
            let section = self.sections.get(name).copied().unwrap_or(0);
            sections.push(ExtSection { section, records });
        }
        Ok(sections)
    }
}

impl BtfExt {
    /// Reads the section; names of sections and strings are in `btf`.
    pub fn parse(elf: &Elf, btf: &Btf, data: &[u8]) -> Result<BtfExt, BtfError> {
        let mut sections = BTreeMap::new();
        for (i, section) in elf.sections.iter().enumerate().skip(1) {
            if !section.name.is_empty() {
                sections.entry(&*section.name).or_insert(i as u32);
            }
        }
        let r = Reader {
            elf,
            btf,
            data,
            sections,
        };
        let magic = r.word(0)?;
        let magic = if elf.big_endian {
            magic >> 16
        } else {
            magic & 0xffff
        };
        if magic != 0xeb9f {
            return err(0, "no magic");
        }
        if data.get(2) != Some(&1) {
            return err(2, "unknown version");
        }
        let header = r.word(4)? as usize;
        if header > data.len() || header < 24 {
            return err(4, "impossible header length");
        }
        let place = |first: usize, field: usize| field.saturating_mul(8).saturating_add(first);
        let extent = |field: usize| -> Result<(usize, usize), BtfError> {
            Ok((
                header.saturating_add(r.word(place(8, field))? as usize),
                r.word(place(12, field))? as usize,
            ))
        };
        let funcs = r.sections(extent(0)?, 8, |f| FuncRecord {
            offset: f(0),
            type_id: f(1),
        })?;
        let lines = r.sections(extent(1)?, 16, |f| LineRecord {
            offset: f(0),
            file: f(1),
            text: f(2),
            line_col: f(3),
        })?;
        let core = if header >= 32 {
            r.sections(extent(2)?, 16, |f| CoreRelo {
                offset: f(0),
                type_id: f(1),
                access: f(2),
                kind: f(3),
            })?
        } else {
            Vec::new()
        };
        Ok(BtfExt { funcs, lines, core })
    }
}
