//! Damage that keeps an object's outer form: what is changed lies where a reader
//! gets to it.
//!
//! Random bytes end at the first check of an ELF reader. Here a section is chosen
//! and changed as what it is: a type's kind, a record's field, an instruction's
//! register, a relocation's symbol. Numbers become those at the edges, or those that
//! stand elsewhere in the same table, so that what refers to something still does.
//! One change in ten is of the outer form itself.

mod btf;
mod code;
mod elf;

use elf::{Section, Shape};

/// Draws numbers; the same numbers make the same damage.
pub struct Dice<'a>(pub &'a mut dyn FnMut() -> u64);

impl Dice<'_> {
    /// Any number.
    pub fn any(&mut self) -> u64 {
        (self.0)()
    }

    /// A number below `n`; 0 if that is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.any() >> 16) as usize % n.max(1)
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        list.get(self.below(list.len())).copied()
    }

    /// Whether it is the one time in `n`.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// What becomes of a number: an edge, a neighbour, or a number that stands in
    /// the same place of another record.
    fn number(&mut self, now: u64, other: u64) -> u64 {
        const EDGES: [u64; 18] = [
            0,
            1,
            2,
            3,
            7,
            8,
            24,
            0x7f,
            0xff,
            0xffff,
            0x1_0000,
            0x10_0000,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_fff8,
            0xffff_ffff,
            0x7fff_ffff_ffff_ffff,
            u64::MAX,
        ];
        match self.below(8) {
            0 | 1 => other,
            2 => now.wrapping_add(1),
            3 => now.wrapping_sub(1),
            4 => now ^ (1 << self.below(32)),
            5 => now.wrapping_mul(2),
            _ => EDGES[self.below(EDGES.len())],
        }
    }
}

/// Words of either byte order in a buffer; outside it nothing is read or written.
struct Words<'a> {
    bytes: &'a mut [u8],
    big: bool,
}

impl Words<'_> {
    fn get(&self, at: usize, size: usize) -> u64 {
        let Some(bytes) = at.checked_add(size).and_then(|end| self.bytes.get(at..end)) else {
            return 0;
        };
        let join = |n: u64, b: &u8| n << 8 | u64::from(*b);
        if self.big {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        }
    }

    fn put(&mut self, at: usize, size: usize, value: u64) {
        let end = at.checked_add(size);
        if let Some(bytes) = end.and_then(|end| self.bytes.get_mut(at..end)) {
            for (n, byte) in bytes.iter_mut().enumerate() {
                let place = if self.big { size - 1 - n } else { n };
                *byte = (value >> (8 * place)) as u8;
            }
        }
    }

    /// Changes a field of a record; `other` is the same field of another.
    fn change(&mut self, (at, size): (usize, usize), other: usize, dice: &mut Dice<'_>) {
        let (now, there) = (self.get(at, size), self.get(other, size));
        let value = dice.number(now, there);
        self.put(at, size, value);
    }

    /// Changes a field of one of the records of a table: `fields` are offsets and
    /// sizes in a record of `stride` bytes.
    fn record(&mut self, stride: usize, fields: &[(usize, usize)], dice: &mut Dice<'_>) {
        let count = self.bytes.len() / stride.max(1);
        let Some((at, size)) = dice.of(fields) else {
            return;
        };
        let (one, other) = (dice.below(count), dice.below(count));
        self.change((one * stride + at, size), other * stride + at, dice);
    }
}

/// Changes an object in one to four places; it grows to `most` bytes at most.
pub fn object(bytes: &mut Vec<u8>, most: usize, dice: &mut Dice<'_>) {
    for _ in 0..1 + dice.below(4) {
        let Some(shape) = Shape::read(bytes) else {
            return anything(bytes, dice);
        };
        match dice.below(12) {
            0 => shape.outer(bytes, dice),
            1 => shape.resize(bytes, most, dice),
            2 => shape.rename(bytes, most, dice),
            3 => choose(bytes, dice),
            _ => inside(&shape, bytes, dice),
        }
    }
}

/// A blob of types, in one to four places.
pub fn types(bytes: &mut [u8], dice: &mut Dice<'_>) {
    for _ in 0..1 + dice.below(4) {
        let big = bytes.first() == Some(&0xeb);
        btf::types(&mut Words { bytes, big }, dice);
    }
}

/// What a harness reads of the padding of the identification: target and loader.
fn choose(bytes: &mut [u8], dice: &mut Dice<'_>) {
    let at = 14 + dice.below(2);
    if let Some(byte) = bytes.get_mut(at) {
        *byte = dice.below(4) as u8;
    }
}

fn inside(shape: &Shape, bytes: &mut [u8], dice: &mut Dice<'_>) {
    let filled: Vec<&Section> = shape.sections.iter().filter(|s| s.size > 0).collect();
    let Some(section) = dice.of(&filled) else {
        return;
    };
    let end = section.offset.saturating_add(section.size);
    let Some(data) = bytes.get_mut(section.offset..end) else {
        return;
    };
    let big = shape.big;
    let mut words = Words { bytes: data, big };
    match (&*section.name, section.kind) {
        (".BTF", _) => btf::types(&mut words, dice),
        (".BTF.ext", _) => btf::ext(&mut words, dice),
        (_, elf::SYMTAB) => {
            let fields = [(0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8)];
            words.record(24, &fields, dice);
        }
        (_, elf::REL) => match dice.below(3) {
            // A type is one of few, an offset on an instruction.
            0 => {
                let at = dice.below(words.bytes.len() / 16) * 16;
                let kind = dice.of(&[0, 1, 2, 3, 4, 10, 11]).unwrap_or(0);
                words.put(at + 8, 4, kind);
            }
            1 => {
                let at = dice.below(words.bytes.len() / 16) * 16;
                let slot = dice.below(64) as u64 * 8;
                words.put(at, 8, slot);
            }
            _ => words.record(16, &[(0, 8), (8, 4), (12, 4)], dice),
        },
        _ if section.executable => code::change(&mut words, dice),
        _ => words.record(4, &[(0, 4), (0, 1), (1, 1), (3, 1)], dice),
    }
}

/// Bytes of which nothing is known.
fn anything(bytes: &mut [u8], dice: &mut Dice<'_>) {
    let at = dice.below(bytes.len());
    if let Some(byte) = bytes.get_mut(at) {
        *byte = dice.any() as u8;
    }
}
