//! Assembler: text to slots, in the syntax that LLVM prints.
//!
//! A line holds statements parted by `;`, comments start with `//` or `#`. A
//! statement is a label (`name:`), a directive, or an instruction:
//!
//! ```text
//! .type xdp                              program type, any word
//! .section "xdp"                         section name
//! .license "GPL"
//! .option NAME VALUE                     anything else the caller knows
//! .map NAME TYPE KEY VALUE ENTRIES [FLAGS]
//! .insn OPCODE, DST, SRC, OFF, IMM       a raw slot
//! .raw 79 11 00 00 00 00 00 00           raw slots as little-endian bytes
//! func NAME:                             a function starts here
//! r1 = map[NAME] ll                      a map, by index into the list of maps
//! r1 = mapval[NAME]+8 ll                 an address in its value
//! r1 = func[NAME] ll                     a function, as callback
//! call NAME                              a helper, or a function or label here
//! call kfunc[NAME]                       a kernel function, by index into the list
//! ```
//!
//! Lines of verifier logs (`5: (79) r1 = *(u64 *)(r1 +0)`) are taken as well.
#![warn(clippy::arithmetic_side_effects)]

mod memory;
mod stmt;
mod token;

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use core::fmt;

use super::insn::Insn;
use crate::prelude::*;
use token::{Cursor, Kind};

/// Why a text does not assemble, and where (line and column count from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmError {
    /// Line.
    pub line: u32,
    /// Column, in bytes.
    pub col: u32,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.col, self.reason)
    }
}

impl core::error::Error for AsmError {}

/// A map by directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmMap {
    /// Name.
    pub name: String,
    /// Map type, a name such as `hash` or a number, as written.
    pub map_type: String,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Number of entries.
    pub max_entries: u32,
    /// Creation flags.
    pub flags: u32,
}

/// A function: its name and first slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmFunc {
    /// Name.
    pub name: String,
    /// First slot.
    pub start: u32,
}

/// What a text assembles to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AsmOutput {
    /// The slots.
    pub insns: Vec<Insn>,
    /// The source line of every slot, from 1.
    pub lines: Vec<u32>,
    /// `.type`.
    pub prog_type: Option<String>,
    /// `.section`.
    pub section: Option<String>,
    /// `.license`.
    pub license: Option<String>,
    /// `.option` lines in order.
    pub options: Vec<(String, String)>,
    /// Maps in order; `map[..]` refers to them by index.
    pub maps: Vec<AsmMap>,
    /// Kernel functions named by `call kfunc[NAME]`, in order of first use; the
    /// call's immediate is the index.
    pub kfuncs: Vec<String>,
    /// Functions in order of their slots.
    pub funcs: Vec<AsmFunc>,
}

/// Helper numbers by name.
pub type HelperNames<'a> = &'a dyn Fn(&str) -> Option<i32>;

/// Assembles a text; helpers are called by number only.
pub fn assemble(text: &str) -> Result<AsmOutput, AsmError> {
    assemble_with(text, &|_| None)
}

/// Assembles a text; `helpers` resolves names that are no label or function.
pub fn assemble_with(text: &str, helpers: HelperNames<'_>) -> Result<AsmOutput, AsmError> {
    let mut asm = Assembler {
        out: AsmOutput::default(),
        labels: BTreeMap::new(),
        maps: BTreeMap::new(),
        kfuncs: BTreeMap::new(),
        fixups: Vec::new(),
        map_uses: Vec::new(),
        helpers,
    };
    for (number, line) in (1u32..).zip(text.lines()) {
        for tokens in token::statements(line, number)? {
            asm.statement(&mut Cursor::new(&tokens, number))?;
        }
    }
    asm.finish()
}

/// Which field a label's distance goes to.
#[derive(Clone, Copy)]
enum Field {
    /// The 16-bit offset.
    Off,
    /// The immediate.
    Imm,
    /// The immediate, unless a helper has the name.
    Call,
}

struct Fixup {
    slot: usize,
    field: Field,
    label: String,
    line: u32,
    col: u32,
}

struct Assembler<'a> {
    out: AsmOutput,
    labels: BTreeMap<String, usize>,
    /// Declared maps and used kernel functions, by name.
    maps: BTreeMap<String, usize>,
    kfuncs: BTreeMap<String, usize>,
    fixups: Vec<Fixup>,
    /// Slots whose immediate is the index of a map that may be declared later.
    map_uses: Vec<Fixup>,
    helpers: HelperNames<'a>,
}

impl Assembler<'_> {
    fn statement(&mut self, c: &mut Cursor<'_>) -> Result<(), AsmError> {
        loop {
            match (c.peek(), c.peek_at(1)) {
                (Some(Kind::Word(func)), Some(Kind::Word(name))) if func == "func" => {
                    c.skip(1);
                    self.label(name, c)?;
                    c.skip(1);
                    c.need(":")?;
                    let start = self.out.insns.len() as u32;
                    self.out.funcs.push(AsmFunc {
                        name: name.clone(),
                        start,
                    });
                }
                (Some(Kind::Word(name)), Some(Kind::Punct(":"))) => {
                    self.label(name, c)?;
                    c.skip(2);
                }
                // An instruction index of a log or of a listing.
                (Some(Kind::Number(..)), Some(Kind::Punct(":"))) => c.skip(2),
                _ => break,
            }
        }
        if let (
            Some(Kind::Punct("(")),
            Some(Kind::Word(_) | Kind::Number(..)),
            Some(Kind::Punct(")")),
        ) = (c.peek(), c.peek_at(1), c.peek_at(2))
        {
            c.skip(3);
        }
        if c.is_done() {
            return Ok(());
        }
        match c.peek() {
            Some(Kind::Word(word)) if word.starts_with('.') => {
                let col = c.col();
                c.skip(1);
                self.directive(word, col, c)?;
            }
            _ => self.instruction(c)?,
        }
        if c.is_done() {
            Ok(())
        } else {
            c.expected("the end of the statement")
        }
    }

    fn label(&mut self, name: &str, c: &Cursor<'_>) -> Result<(), AsmError> {
        let slot = self.out.insns.len();
        match self.labels.insert(name.to_owned(), slot) {
            Some(_) => c.fail(format!("label `{name}` is defined twice")),
            None => Ok(()),
        }
    }

    fn directive(&mut self, word: &str, col: u32, c: &mut Cursor<'_>) -> Result<(), AsmError> {
        match word {
            ".type" => self.out.prog_type = Some(c.value("a program type")?),
            ".section" => {
                self.out.section = Some(c.value("a section name")?);
                while !c.is_done() {
                    c.skip(1); // section flags of LLVM
                }
            }
            ".license" => self.out.license = Some(c.value("a licence")?),
            ".option" => {
                let name = c.value("an option")?;
                let value = if c.is_done() {
                    String::new()
                } else {
                    c.value("its value")?
                };
                self.out.options.push((name, value));
            }
            ".map" => self.map(c)?,
            ".insn" => {
                let opcode = c.fitting::<u8>("an opcode")?;
                c.take(",");
                let dst = c.fitting::<u8>("a register field")?;
                c.take(",");
                let src = c.fitting::<u8>("a register field")?;
                c.take(",");
                let off = c.fitting::<i16>("16 bits")?;
                c.take(",");
                let imm = c.imm32(true)?;
                if dst > 15 || src > 15 {
                    return c.fail("a register field holds 0 to 15");
                }
                self.push(Insn::new(opcode, dst, src, off, imm), c.line());
            }
            ".raw" => self.raw_bytes(c)?,
            ".text" | ".globl" | ".global" | ".p2align" | ".size" | ".file" | ".ident"
            | ".addrsig" | ".addrsig_sym" => {
                while !c.is_done() {
                    c.skip(1); // says nothing about instructions
                }
            }
            other => {
                let reason = format!("unknown directive `{other}`");
                return Err(AsmError {
                    line: c.line(),
                    col,
                    reason,
                });
            }
        }
        Ok(())
    }

    fn map(&mut self, c: &mut Cursor<'_>) -> Result<(), AsmError> {
        let name = c.value("a map name")?;
        let number = self.out.maps.len();
        match self.maps.entry(name.clone()) {
            Entry::Occupied(_) => return c.fail(format!("map `{name}` is declared twice")),
            Entry::Vacant(free) => free.insert(number),
        };
        let map_type = c.value("a map type")?;
        let key_size = c.fitting("32 bits")?;
        let value_size = c.fitting("32 bits")?;
        let max_entries = c.fitting("32 bits")?;
        let flags = if c.is_done() {
            0
        } else {
            c.fitting("32 bits")?
        };
        self.out.maps.push(AsmMap {
            name,
            map_type,
            key_size,
            value_size,
            max_entries,
            flags,
        });
        Ok(())
    }

    /// Bytes in hexadecimal, alone or run together, eight to a slot.
    fn raw_bytes(&mut self, c: &mut Cursor<'_>) -> Result<(), AsmError> {
        let mut digits = String::new();
        while let Some(kind) = c.peek() {
            match kind {
                Kind::Word(word) | Kind::Text(word) => digits.push_str(word),
                Kind::Number(n, false) => digits.push_str(&format!("{n:02}")),
                _ => return c.expected("bytes in hexadecimal"),
            }
            c.skip(1);
        }
        digits.retain(|digit| !digit.is_whitespace());
        let bytes: Option<Vec<u8>> = (0..digits.len())
            .step_by(2)
            .map(|at| {
                digits
                    .get(at..at.saturating_add(2))
                    .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            })
            .collect();
        let Some(bytes) = bytes.filter(|bytes| bytes.len() % 8 == 0) else {
            return c.fail("raw slots take eight hexadecimal bytes each");
        };
        for chunk in bytes.chunks_exact(8) {
            if let Ok(slot) = <[u8; 8]>::try_from(chunk) {
                self.push(
                    Insn::from_bytes(slot, super::insn::Endian::Little),
                    c.line(),
                );
            }
        }
        Ok(())
    }

    fn push(&mut self, insn: Insn, line: u32) {
        self.out.insns.push(insn);
        self.out.lines.push(line);
    }

    fn finish(mut self) -> Result<AsmOutput, AsmError> {
        for fix in &self.map_uses {
            let Some(index) = self.maps.get(&fix.label).copied() else {
                return Err(fix.error(format!("map `{}` is not declared", fix.label)));
            };
            if let Some(insn) = self.out.insns.get_mut(fix.slot) {
                insn.imm = index as i32;
            }
        }
        for fix in &self.fixups {
            let target = self.labels.get(&fix.label);
            let Some(insn) = self.out.insns.get_mut(fix.slot) else {
                continue;
            };
            let Some(&target) = target else {
                match (fix.field, (self.helpers)(&fix.label)) {
                    (Field::Call, Some(id)) => (insn.src, insn.imm) = (0, id),
                    (Field::Call, None) => {
                        let reason = format!("`{}` is no helper, function or label", fix.label);
                        return Err(fix.error(reason));
                    }
                    _ => return Err(fix.error(format!("label `{}` is not defined", fix.label))),
                }
                continue;
            };
            let distance = (target as i64).saturating_sub((fix.slot as i64).saturating_add(1));
            match fix.field {
                Field::Off => match i16::try_from(distance) {
                    Ok(off) => insn.off = off,
                    Err(_) => {
                        let reason = format!("label `{}` is too far for 16 bits", fix.label);
                        return Err(fix.error(reason));
                    }
                },
                Field::Imm | Field::Call => insn.imm = distance as i32,
            }
        }
        Ok(self.out)
    }
}

impl Fixup {
    fn error(&self, reason: String) -> AsmError {
        AsmError {
            line: self.line,
            col: self.col,
            reason,
        }
    }
}
