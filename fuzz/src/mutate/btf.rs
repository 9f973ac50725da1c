//! `.BTF`: types by their records; `.BTF.ext`: what is told of instructions.

use super::{Dice, Words};

/// Words behind a record's three, each time the vlen says: kind, words an entry.
fn tail(kind: u64, vlen: usize) -> usize {
    match kind {
        1 | 14 | 17 => 1,
        3 => 3,
        4 | 5 | 15 | 19 => 3 * vlen,
        6 | 13 => 2 * vlen,
        _ => 0,
    }
}

/// Changes one type, the header, or a string.
pub(super) fn types(words: &mut Words<'_>, dice: &mut Dice<'_>) {
    let header = words.get(4, 4) as usize;
    let (from, length) = (words.get(8, 4) as usize, words.get(12, 4) as usize);
    let (strings, most) = (words.get(16, 4) as usize, words.get(20, 4) as usize);
    match dice.below(16) {
        0 => {
            let field = [(2, 1), (3, 1), (4, 4), (8, 4), (12, 4), (16, 4), (20, 4)];
            if let Some(field) = dice.of(&field) {
                words.change(field, field.0, dice);
            }
            return;
        }
        1 | 2 => {
            let at = header
                .saturating_add(strings)
                .saturating_add(dice.below(most));
            let byte = dice.of(b"\0:.*/_ \n\x1b09aZ\x7f\xff").unwrap_or(0);
            words.put(at, 1, u64::from(byte));
            return;
        }
        _ => {}
    }
    let mut records = Vec::new();
    let mut at = header.saturating_add(from);
    let end = at.saturating_add(length).min(words.bytes.len());
    while at + 12 <= end {
        let info = words.get(at + 4, 4);
        let rest = tail(info >> 24 & 0x1f, (info & 0xffff) as usize);
        records.push((at, rest));
        at += 12 + 4 * rest;
    }
    let (Some((one, rest)), Some((other, others))) = (dice.of(&records), dice.of(&records)) else {
        return;
    };
    let info = words.get(one + 4, 4);
    match dice.below(10) {
        0 => {
            let kind = dice.below(21) as u64;
            words.put(one + 4, 4, info & !(0x1f << 24) | kind << 24);
        }
        1 => {
            let vlen = dice.number(info & 0xffff, words.get(other + 4, 2));
            words.put(one + 4, 4, info & !0xffff | vlen & 0xffff);
        }
        2 => words.put(one + 4, 4, info ^ 1 << 31),
        3 => words.change((one, 4), other, dice),
        // What it refers to, or its size.
        4 | 5 => {
            let id = dice.below(records.len() + 2) as u64;
            words.put(one + 8, 4, id);
        }
        6 => words.change((one + 8, 4), other + 8, dice),
        _ if rest > 0 => {
            let word = one + 12 + 4 * dice.below(rest);
            let same = other + 12 + 4 * dice.below(others);
            words.change((word, 4), same, dice);
        }
        _ => {}
    }
}

/// Changes a record of functions, lines or relocations, or the header.
pub(super) fn ext(words: &mut Words<'_>, dice: &mut Dice<'_>) {
    if dice.once_in(12) {
        let field = [
            (2, 1),
            (4, 4),
            (8, 4),
            (12, 4),
            (16, 4),
            (20, 4),
            (24, 4),
            (28, 4),
        ];
        if let Some(field) = dice.of(&field) {
            words.change(field, field.0, dice);
        }
        return;
    }
    let header = words.get(4, 4) as usize;
    let table = dice.below(3);
    let from = header.saturating_add(words.get(8 + 8 * table, 4) as usize);
    let end = from
        .saturating_add(words.get(12 + 8 * table, 4) as usize)
        .min(words.bytes.len());
    let size = words.get(from, 4) as usize;
    if size == 0 || dice.once_in(16) {
        words.change((from, 4), from, dice);
        return;
    }
    // Each part: the section's name, how many records, the records.
    let (mut parts, mut records) = (Vec::new(), Vec::new());
    let mut at = from.saturating_add(4);
    while at + 8 <= end {
        parts.push(at);
        let count = words.get(at + 4, 4) as usize;
        at += 8;
        for _ in 0..count {
            if at.saturating_add(size) > end {
                break;
            }
            records.push(at);
            at += size;
        }
    }
    let list = if dice.once_in(8) { &parts } else { &records };
    let (Some(one), Some(other)) = (dice.of(list), dice.of(list)) else {
        return;
    };
    let fields = if list.len() == parts.len() {
        2
    } else {
        size / 4
    };
    let field = 4 * dice.below(fields);
    words.change((one + field, 4), other + field, dice);
}
