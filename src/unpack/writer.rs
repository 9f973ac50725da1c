//! An ELF object of programs and maps, as a compiler would have left it.
//!
//! Main functions go into the sections of their types, what they call into `.text`; maps
//! become legacy definitions, variables sections of zeroes.

use std::collections::BTreeMap;

use super::light::{Map, Program, u32_at};

const LD_IMM64: u8 = 0x18;
const CALL: u8 = 0x85;
const PSEUDO_CALL: u8 = 1;
const PSEUDO_FUNC: u8 = 4;
const PSEUDO_MAP_IDX: u8 = 5;
const PSEUDO_MAP_IDX_VALUE: u8 = 6;

/// The bytes of an object.
pub(super) fn object(programs: &[Program], maps: &[Map]) -> Vec<u8> {
    Writer::default().object(programs, maps)
}

/// Writes an ELF object.
#[derive(Default)]
struct Writer {
    strings: Vec<u8>,
    /// Name, type, flags, bytes, link, info, entry size.
    sections: Vec<Section>,
    symbols: Vec<u8>,
}

struct Section {
    name: u32,
    kind: u32,
    flags: u64,
    bytes: Vec<u8>,
    /// Of one without bytes.
    size: u64,
    link: u32,
    info: u32,
    entry: u64,
}

/// What a relocation names.
#[derive(Clone, Copy)]
enum Symbol {
    Map(u32),
    /// A function of `.text`, its address taken.
    Address,
    /// A function of `.text`, called.
    Call,
}

/// A section of functions while it is put together.
#[derive(Default)]
struct Code {
    bytes: Vec<u8>,
    /// Name, first slot and number of slots.
    names: Vec<(String, usize, usize)>,
    /// Slots with what they name.
    references: Vec<(usize, Symbol)>,
}

/// The slot that an instruction calls or takes the address of.
fn target(insns: &[u8], slot: usize) -> Option<(usize, Symbol)> {
    let at = slot.checked_mul(8)?;
    let (opcode, regs) = (insns.get(at)?, insns.get(at.checked_add(1)?)?);
    let symbol = match (*opcode, regs >> 4) {
        (CALL, PSEUDO_CALL) => Symbol::Call,
        (LD_IMM64, PSEUDO_FUNC) => Symbol::Address,
        _ => return None,
    };
    let distance = i64::from(u32_at(insns, at.checked_add(4)?)?.cast_signed());
    let next = i64::try_from(slot).ok()?.checked_add(1)?;
    let target = usize::try_from(next.checked_add(distance)?).ok()?;
    (target < insns.len() / 8).then_some((target, symbol))
}

/// Where functions begin besides the main one.
fn functions(insns: &[u8]) -> Vec<usize> {
    let all = (0..insns.len() / 8).filter_map(|slot| target(insns, slot));
    let mut starts: Vec<usize> = all.map(|(at, _)| at).filter(|at| *at > 0).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

impl Code {
    /// Makes what an instruction names a relocation, as a compiler leaves it.
    fn refer(
        &mut self,
        insns: &[u8],
        slot: usize,
        at: usize,
        place: &dyn Fn(usize) -> (bool, usize),
        in_text: bool,
        maps: &[u32],
    ) -> Option<()> {
        let from = at.checked_mul(8)?;
        if let Some((to, symbol)) = target(insns, slot) {
            let (_, to) = place(to);
            let imm = match symbol {
                // Within `.text` calls are relative, and stay so.
                Symbol::Call if in_text => return None,
                Symbol::Call => i32::try_from(to).ok()?.checked_sub(1)?,
                _ => i32::try_from(to.checked_mul(8)?).ok()?,
            };
            let field = self
                .bytes
                .get_mut(from.checked_add(4)?..from.checked_add(8)?)?;
            field.copy_from_slice(&imm.to_le_bytes());
            if let Symbol::Address = symbol {
                *self.bytes.get_mut(from.checked_add(1)?)? &= 0xf;
            }
            self.references.push((at, symbol));
            return Some(());
        }
        let kind = *insns.get(slot.checked_mul(8)?.checked_add(1)?)? >> 4;
        let insn = self.bytes.get_mut(from..from.checked_add(16)?)?;
        let wide = insn.first() == Some(&LD_IMM64);
        if !wide || !matches!(kind, PSEUDO_MAP_IDX | PSEUDO_MAP_IDX_VALUE) {
            return None;
        }
        let symbol = maps.get(usize::from(*insn.get(4)?))?;
        // A loader looks for the offset where it writes the descriptor.
        insn.copy_within(12..16, 4);
        insn.get_mut(12..16)?.fill(0);
        *insn.get_mut(1)? &= 0xf;
        self.references.push((at, Symbol::Map(*symbol)));
        Some(())
    }
}

const PROGBITS: u32 = 1;
const SYMTAB: u32 = 2;
const STRTAB: u32 = 3;
const NOBITS: u32 = 8;
const REL: u32 = 9;
const ALLOC: u64 = 2;
const WRITE: u64 = 1;
const EXEC: u64 = 4;
/// Global function, global object, local section.
const FUNC: u8 = 0x12;
const OBJECT: u8 = 0x11;
const SECTION: u8 = 3;

impl Writer {
    fn string(&mut self, text: &str) -> u32 {
        if self.strings.is_empty() {
            self.strings.push(0);
        }
        let at = self.strings.len();
        self.strings.extend_from_slice(text.as_bytes());
        self.strings.push(0);
        u32::try_from(at).unwrap_or(0)
    }

    /// Adds a section and gives its index; that of the null section is 0.
    fn section(&mut self, name: &str, kind: u32, flags: u64, bytes: Vec<u8>) -> u32 {
        let name = self.string(name);
        let size = bytes.len() as u64;
        self.sections.push(Section {
            name,
            kind,
            flags,
            bytes,
            size,
            link: 0,
            info: 0,
            entry: 0,
        });
        u32::try_from(self.sections.len()).unwrap_or(0)
    }

    /// Adds a symbol and gives its index.
    fn symbol(&mut self, name: &str, info: u8, section: u32, value: u64, size: u64) -> u32 {
        if self.symbols.is_empty() {
            self.symbols.resize(24, 0);
        }
        let index = u32::try_from(self.symbols.len() / 24).unwrap_or(0);
        let name = match name {
            "" => 0,
            name => self.string(name),
        };
        self.symbols.extend(name.to_le_bytes());
        self.symbols.extend([info, 0]);
        self.symbols
            .extend(u16::try_from(section).unwrap_or(0).to_le_bytes());
        self.symbols.extend(value.to_le_bytes());
        self.symbols.extend(size.to_le_bytes());
        index
    }

    fn object(mut self, programs: &[Program], maps: &[Map]) -> Vec<u8> {
        let symbols = self.maps(maps);
        let licence = programs
            .iter()
            .map(|p| p.licence.as_str())
            .find(|l| !l.is_empty());
        if let Some(licence) = licence {
            let text = [licence.as_bytes(), b"\0"].concat();
            self.section("license", PROGBITS, ALLOC, text);
        }
        self.code(programs, &symbols);
        self.finish()
    }

    /// Defines the maps; the symbol of each.
    fn maps(&mut self, maps: &[Map]) -> Vec<u32> {
        let mut definitions = Vec::new();
        let mut symbols = Vec::new();
        let own = |m: &Map| !m.name.contains('.');
        if maps.iter().any(own) {
            for map in maps.iter().filter(|m| own(m)) {
                definitions.extend(map.numbers.iter().flat_map(|n| n.to_le_bytes()));
            }
            self.section("maps", PROGBITS, ALLOC | WRITE, definitions);
        }
        let section = u32::try_from(self.sections.len()).unwrap_or(0);
        let mut place = 0;
        for map in maps {
            if own(map) {
                symbols.push(self.symbol(&map.name, OBJECT, section, place, 20));
                place = place.saturating_add(20);
                continue;
            }
            // Variables, whose values the loader writes.
            let name = map
                .name
                .find('.')
                .and_then(|at| map.name.get(at..))
                .unwrap_or(".bss");
            let size = map.numbers.get(2).copied().unwrap_or(0);
            let (kind, flags) = match name {
                ".bss" => (NOBITS, ALLOC | WRITE),
                n if n.starts_with(".rodata") => (PROGBITS, ALLOC),
                _ => (PROGBITS, ALLOC | WRITE),
            };
            let bytes = match kind {
                NOBITS => Vec::new(),
                _ => vec![0; usize::try_from(size).unwrap_or(0).min(1 << 20)],
            };
            let index = self.section(name, kind, flags, bytes);
            if let Some(section) = self.sections.last_mut().filter(|_| kind == NOBITS) {
                section.size = size.into();
            }
            symbols.push(self.symbol("", SECTION, index, 0, 0));
        }
        symbols
    }

    /// Writes main functions into the sections of their types and all that they call
    /// into `.text`, as compilers do.
    fn code(&mut self, programs: &[Program], maps: &[u32]) {
        let mut text = Code::default();
        let mut mains: BTreeMap<&str, Code> = BTreeMap::new();
        for program in programs {
            let starts = functions(&program.insns);
            let slots = program.insns.len() / 8;
            let own = starts.first().copied().unwrap_or(slots);
            let base = text.bytes.len() / 8;
            let main = mains.entry(&program.section).or_default();
            let begin = main.bytes.len() / 8;
            main.names.push((program.name.clone(), begin, own));
            // Where a slot of the program goes, within its section.
            let place = |slot: usize| match slot.checked_sub(own) {
                Some(behind) => (true, base.saturating_add(behind)),
                None => (false, begin.saturating_add(slot)),
            };
            for (n, start) in starts.iter().enumerate() {
                let end = starts.get(n.saturating_add(1)).copied().unwrap_or(slots);
                let name = format!("{}_{}", program.name, n.saturating_add(1));
                let length = end.saturating_sub(*start);
                text.names.push((name, place(*start).1, length));
            }
            for (slot, insn) in program.insns.chunks_exact(8).enumerate() {
                let (in_text, _) = place(slot);
                let code = if in_text { &mut text } else { &mut *main };
                code.bytes.extend_from_slice(insn);
            }
            for slot in 0..slots {
                let (in_text, at) = place(slot);
                let code = if in_text { &mut text } else { &mut *main };
                code.refer(&program.insns, slot, at, &place, in_text, maps);
            }
        }
        let section = u32::try_from(self.sections.len()).unwrap_or(0);
        let text_section = section.saturating_add(1);
        let text_symbol = self.symbol("", SECTION, text_section, 0, 0);
        self.functions(".text", text, text_symbol);
        for (name, main) in mains {
            self.functions(name, main, text_symbol);
        }
    }

    /// Writes a section of functions with its relocations.
    fn functions(&mut self, name: &str, code: Code, text: u32) {
        let target = self.section(name, PROGBITS, ALLOC | EXEC, code.bytes);
        for (name, start, length) in code.names {
            let bytes = |slots: usize| (slots as u64).saturating_mul(8);
            self.symbol(&name, FUNC, target, bytes(start), bytes(length));
        }
        let mut relocations = Vec::new();
        for (at, symbol) in code.references {
            let (kind, symbol) = match symbol {
                Symbol::Map(symbol) => (1, symbol),
                Symbol::Address => (1, text),
                Symbol::Call => (10, text),
            };
            relocations.extend((at as u64).saturating_mul(8).to_le_bytes());
            relocations.extend((u64::from(symbol) << 32 | kind).to_le_bytes());
        }
        if !relocations.is_empty() {
            self.section(&format!(".rel{name}"), REL, 0, relocations);
            if let Some(section) = self.sections.last_mut() {
                section.info = target;
                section.entry = 16;
            }
        }
    }

    /// Symbols, strings, headers.
    fn finish(mut self) -> Vec<u8> {
        let symbols = std::mem::take(&mut self.symbols);
        let symtab = self.section(".symtab", SYMTAB, 0, symbols);
        let strtab = self.section(".strtab", STRTAB, 0, Vec::new());
        for section in &mut self.sections {
            match section.kind {
                SYMTAB => (section.link, section.entry, section.info) = (strtab, 24, 1),
                REL => section.link = symtab,
                _ => {}
            }
        }
        let strings = std::mem::take(&mut self.strings);
        if let Some(last) = self.sections.last_mut() {
            last.size = strings.len() as u64;
            last.bytes = strings;
        }
        let mut out = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\xf7\0\x01\0\0\0".to_vec();
        out.resize(64, 0);
        let mut headers = vec![0u8; 64];
        for section in &self.sections {
            out.resize(out.len().next_multiple_of(8), 0);
            headers.extend(section.name.to_le_bytes());
            headers.extend(section.kind.to_le_bytes());
            headers.extend(section.flags.to_le_bytes());
            headers.extend(0u64.to_le_bytes());
            headers.extend((out.len() as u64).to_le_bytes());
            headers.extend(section.size.to_le_bytes());
            headers.extend(section.link.to_le_bytes());
            headers.extend(section.info.to_le_bytes());
            headers.extend(8u64.to_le_bytes());
            headers.extend(section.entry.to_le_bytes());
            out.extend_from_slice(&section.bytes);
        }
        out.resize(out.len().next_multiple_of(8), 0);
        let count = u16::try_from(self.sections.len().saturating_add(1)).unwrap_or(0);
        for (at, bytes) in [
            (40, (out.len() as u64).to_le_bytes().to_vec()),
            (52, 64u16.to_le_bytes().to_vec()),
            (58, 64u16.to_le_bytes().to_vec()),
            (60, count.to_le_bytes().to_vec()),
            (62, count.saturating_sub(1).to_le_bytes().to_vec()),
        ] {
            let end = bytes.len().saturating_add(at);
            if let Some(field) = out.get_mut(at..end) {
                field.copy_from_slice(&bytes);
            }
        }
        out.extend(headers);
        out
    }
}
