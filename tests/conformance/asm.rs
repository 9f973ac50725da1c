//! The assembler language of the conformance suite's `.data` files (that of uBPF):
//! `mnemonic %dst, operand`, labels, `lock` prefixes. Only what the suite needs.

use std::collections::BTreeMap;

/// A slot before jumps are resolved: bytes, and the label it goes to.
struct Slot {
    opcode: u8,
    dst: u8,
    src: u8,
    off: i16,
    imm: i32,
    to: Option<String>,
}

impl Slot {
    fn new(opcode: u8) -> Slot {
        Slot {
            opcode,
            dst: 0,
            src: 0,
            off: 0,
            imm: 0,
            to: None,
        }
    }
}

const ALU: [(&str, u8); 16] = [
    ("add", 0x00),
    ("sub", 0x10),
    ("mul", 0x20),
    ("div", 0x30),
    ("sdiv", 0x30),
    ("or", 0x40),
    ("and", 0x50),
    ("lsh", 0x60),
    ("rsh", 0x70),
    ("neg", 0x80),
    ("mod", 0x90),
    ("smod", 0x90),
    ("xor", 0xa0),
    ("mov", 0xb0),
    ("arsh", 0xc0),
    ("movsx", 0xb0),
];

const JMP: [(&str, u8); 11] = [
    ("jeq", 0x10),
    ("jgt", 0x20),
    ("jge", 0x30),
    ("jset", 0x40),
    ("jne", 0x50),
    ("jsgt", 0x60),
    ("jsge", 0x70),
    ("jlt", 0xa0),
    ("jle", 0xb0),
    ("jslt", 0xc0),
    ("jsle", 0xd0),
];

const ATOMIC: [(&str, i32); 6] = [
    ("add", 0x00),
    ("or", 0x40),
    ("and", 0x50),
    ("xor", 0xa0),
    ("xchg", 0xe1),
    ("cmpxchg", 0xf1),
];

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
}

fn number(text: &str) -> Result<i64, String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).map(|v| v as i64),
        None => digits.parse::<u64>().map(|v| v as i64),
    };
    value
        .map(|v| v.wrapping_mul(sign))
        .map_err(|_| format!("{text} is no number"))
}

fn register(text: &str) -> Result<u8, String> {
    let digits = text
        .strip_prefix("%r")
        .ok_or(format!("{text} is no register"))?;
    digits.parse().map_err(|_| format!("{text} is no register"))
}

/// `[%r1+2]`
fn memory(text: &str) -> Result<(u8, i16), String> {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let inner = inner.ok_or(format!("{text} is no memory operand"))?;
    let at = inner.find(['+', '-']).unwrap_or(inner.len());
    let (reg, off) = inner.split_at(at);
    let off = if off.is_empty() { 0 } else { number(off)? };
    Ok((register(reg)?, off as i16))
}

fn source(slot: &mut Slot, text: &str) -> Result<(), String> {
    if text.starts_with('%') {
        slot.opcode |= 8;
        slot.src = register(text)?;
    } else {
        slot.imm = number(text)? as i32;
    }
    Ok(())
}

fn target(slot: &mut Slot, text: &str, wide: bool) -> Result<(), String> {
    if text.starts_with(['+', '-']) {
        let by = number(text)?;
        if wide {
            slot.imm = by as i32;
        } else {
            slot.off = by as i16;
        }
    } else {
        slot.to = Some(text.to_owned());
    }
    Ok(())
}

fn size_of(suffix: &str) -> Option<u8> {
    find(
        &[("w", 0x00), ("h", 0x08), ("b", 0x10), ("dw", 0x18)],
        suffix,
    )
}

fn width(name: &str) -> (&str, bool) {
    match name.strip_suffix("32") {
        Some(base) => (base, true),
        None => (name.strip_suffix("64").unwrap_or(name), false),
    }
}

fn one(words: &[&str]) -> Result<Vec<Slot>, String> {
    let operand = |n: usize| {
        words
            .get(n)
            .copied()
            .ok_or(format!("{words:?}: an operand is missing"))
    };
    let name = operand(0)?;
    let mut slot;
    if name == "lock" {
        let fetch = operand(1)? == "fetch";
        let rest = usize::from(fetch) + 1;
        let (base, narrow) = width(operand(rest)?);
        slot = Slot::new(if narrow { 0xc3 } else { 0xdb });
        slot.imm = find(&ATOMIC, base).ok_or(format!("lock {base} is unknown"))? | i32::from(fetch);
        (slot.dst, slot.off) = memory(operand(rest + 1)?)?;
        slot.src = register(operand(rest + 2)?)?;
    } else if name == "exit" {
        slot = Slot::new(0x95);
    } else if name == "ja" || name == "ja32" {
        slot = Slot::new(if name == "ja" { 0x05 } else { 0x06 });
        target(&mut slot, operand(1)?, name == "ja32")?;
    } else if name == "call" {
        slot = Slot::new(0x85);
        match operand(1)? {
            "local" => {
                slot.src = 1;
                target(&mut slot, operand(2)?, true)?;
            }
            to if to.starts_with('%') => {
                slot.opcode |= 8;
                slot.dst = register(to)?;
            }
            to => slot.imm = number(to)? as i32,
        }
    } else if name == "lddw" {
        let value = number(operand(2)?)?;
        slot = Slot::new(0x18);
        slot.dst = register(operand(1)?)?;
        slot.imm = value as i32;
        let mut second = Slot::new(0);
        second.imm = (value >> 32) as i32;
        return Ok(vec![slot, second]);
    } else if let Some(size) = name.strip_prefix("ldxs").and_then(size_of) {
        slot = Slot::new(0x81 | size);
        slot.dst = register(operand(1)?)?;
        (slot.src, slot.off) = memory(operand(2)?)?;
    } else if let Some(size) = name.strip_prefix("ldx").and_then(size_of) {
        slot = Slot::new(0x61 | size);
        slot.dst = register(operand(1)?)?;
        (slot.src, slot.off) = memory(operand(2)?)?;
    } else if let Some(size) = name.strip_prefix("stx").and_then(size_of) {
        slot = Slot::new(0x63 | size);
        (slot.dst, slot.off) = memory(operand(1)?)?;
        slot.src = register(operand(2)?)?;
    } else if let Some(size) = name.strip_prefix("st").and_then(size_of) {
        slot = Slot::new(0x62 | size);
        (slot.dst, slot.off) = memory(operand(1)?)?;
        slot.imm = number(operand(2)?)? as i32;
    } else if let Some((opcode, bits)) = swap(name) {
        slot = Slot::new(opcode);
        slot.dst = register(operand(1)?)?;
        slot.imm = bits;
    } else if let Some(jump) = find(&JMP, width(name).0) {
        slot = Slot::new(jump | if width(name).1 { 6 } else { 5 });
        slot.dst = register(operand(1)?)?;
        source(&mut slot, operand(2)?)?;
        target(&mut slot, operand(3)?, false)?;
    } else {
        let (base, narrow) = width(name);
        let (base, from) = match base.strip_prefix("movsx") {
            Some(bits) => ("movsx", number(bits)? as i16),
            None => (
                base,
                i16::from(base.starts_with("sdiv") || base.starts_with("smod")),
            ),
        };
        let op = find(&ALU, base).ok_or(format!("{name} is unknown"))?;
        slot = Slot::new(op | if narrow { 4 } else { 7 });
        slot.off = from;
        slot.dst = register(operand(1)?)?;
        if let Some(text) = words.get(2) {
            source(&mut slot, text)?;
        }
    }
    Ok(vec![slot])
}

fn swap(name: &str) -> Option<(u8, i32)> {
    let kinds = [
        ("le", 0xd4u8),
        ("be", 0xdc),
        ("swap", 0xd7),
        ("bswap", 0xd7),
    ];
    kinds.iter().find_map(|(prefix, opcode)| {
        let bits: i32 = name.strip_prefix(prefix)?.parse().ok()?;
        Some((*opcode, bits))
    })
}

/// Little-endian instruction slots of a text.
pub fn assemble(text: &str) -> Result<Vec<u8>, String> {
    let mut labels: BTreeMap<String, usize> = BTreeMap::new();
    let mut slots: Vec<Slot> = Vec::new();
    for line in text.lines() {
        let line = line.replace(',', " ");
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => continue,
            [label] if label.ends_with(':') => {
                labels.insert(label.trim_end_matches(':').to_owned(), slots.len());
                continue;
            }
            // The first `exit` is a label too.
            ["exit"] => {
                labels.entry("exit".into()).or_insert(slots.len());
            }
            _ => {}
        }
        slots.extend(one(&words)?);
    }
    let mut out = Vec::new();
    for (i, slot) in slots.iter().enumerate() {
        let (mut off, mut imm) = (slot.off, slot.imm);
        if let Some(label) = &slot.to {
            let to = labels.get(label).ok_or(format!("no label {label}"))?;
            let by = *to as i64 - i as i64 - 1;
            if matches!(slot.opcode, 0x85 | 0x06) {
                imm = by as i32;
            } else {
                off = by as i16;
            }
        }
        out.extend([slot.opcode, slot.src << 4 | slot.dst]);
        out.extend(off.to_le_bytes());
        out.extend(imm.to_le_bytes());
    }
    Ok(out)
}
