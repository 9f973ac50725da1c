//! The archive: many kernels' types, each stored once.
//!
//! Neighbouring kernels have nearly the same types under other ids. A *slot* is
//! a type of any of them: named types are the same slot where kind and name agree
//! (the n-th of a name is the n-th in each kernel), unnamed ones where their
//! contents do. References are to slots, so that a structure that gains a member
//! is stored anew without all that point to it: it is the slot's second *version*.
//!
//! A kernel is therefore a choice of one version, or none, for each slot (its
//! column in a table of *patterns*, of which there are about a thousand), and an
//! order, which gives the ids. Orders are stored against a *hub*, an order that
//! several kernels nearly share: as runs of neighbours.
//!
//! A kernel is not unpacked to be asked ([`Kernel`](crate::Kernel)): opening it reads
//! its column and its order, a tenth of a byte's work for each type; a record is made
//! when it is asked for, and names are looked up in the archive.
//!
//! ```text
//! header    magic, number of kernels, hubs, slots: u32 each
//! sections  u32 length each, then their bytes, in this order:
//!   strings   NUL-terminated, sorted
//!   patterns  one byte a kernel: 0 absent, n the n-th version
//!   slots     u16: the slot's pattern
//!   blocks    for each BLOCK slots: where their lengths and contents begin, u32 each
//!   lengths   varint: bytes of each version of each slot
//!   contents  the versions' bytes
//!   names     string and slot of each named type that is no tag, three bytes each, sorted
//!   tags      slots of declaration tags, three bytes each
//!   hubs      one section each: varint differences of slot numbers
//!   kernels   one section each: varint hub, then pairs (types in a row, jump)
//! ```
//!
//! A version is a varint of kind, flag and item count, the name, then the record's
//! words by [`layout`](crate::layout): strings are three bytes, references the
//! difference to the own slot, numbers in a tail the difference to the same number
//! of the item before. Differences are zigzag varints. Slot 0 is `void`.

use alloc::vec::Vec;

/// The first bytes of an archive.
pub const MAGIC: [u8; 4] = *b"btf2";
/// Slots that share an entry of the section of blocks.
pub const BLOCK: usize = 16;
/// Sections before the hubs.
const FIXED: usize = 8;
/// Bytes of an entry of the section of names.
const NAME: usize = 6;

/// A place in a section.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Cursor<'a> {
        Cursor { bytes, at }
    }

    pub(crate) fn done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Option<u32> {
        let first = *self.bytes.get(self.at)?;
        self.at += 1;
        if first < 0x80 {
            return Some(first.into());
        }
        let mut value = u32::from(first & 0x7f);
        for shift in [7, 14, 21, 28] {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// A number by its difference to another.
    #[inline]
    pub(crate) fn near(&mut self, base: u32) -> Option<u32> {
        let z = self.varint()?;
        Some(base.wrapping_add(z >> 1 ^ 0u32.wrapping_sub(z & 1)))
    }

    #[inline]
    pub(crate) fn string(&mut self) -> Option<u32> {
        let &[a, b, c] = self.bytes.get(self.at..self.at + 3)? else {
            return None;
        };
        self.at += 3;
        Some(u32::from_le_bytes([a, b, c, 0]))
    }
}

/// Writes a varint.
pub fn put_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes a number as its difference to another.
pub fn put_near(out: &mut Vec<u8>, base: u32, value: u32) {
    let difference = value.wrapping_sub(base) as i32;
    put_varint(out, (difference << 1 ^ difference >> 31) as u32);
}

/// An archive, its sections found.
#[derive(Clone, Debug)]
pub struct Archive<'a> {
    pub(crate) kernels: usize,
    pub(crate) slots: usize,
    pub(crate) strings: &'a [u8],
    patterns: &'a [u8],
    slot_patterns: &'a [u8],
    blocks: &'a [u8],
    lengths: &'a [u8],
    pub(crate) contents: &'a [u8],
    names: &'a [u8],
    pub(crate) tags: &'a [u8],
    pub(crate) hubs: Vec<&'a [u8]>,
    pub(crate) orders: Vec<&'a [u8]>,
}

/// A number of three bytes.
pub(crate) fn three(bytes: &[u8], at: usize) -> Option<u32> {
    Cursor::new(bytes, at).string()
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    let b = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(b.try_into().ok()?))
}

impl<'a> Archive<'a> {
    /// Finds the sections; `None` if the bytes are no archive.
    pub fn parse(bytes: &'a [u8]) -> Option<Archive<'a>> {
        let word = |i: usize| four(bytes, i * 4).map(|w| w as usize);
        if bytes.get(..4)? != MAGIC {
            return None;
        }
        let (kernels, hubs, slots) = (word(1)?, word(2)?, word(3)?);
        let count = FIXED.checked_add(kernels)?.checked_add(hubs)?;
        if count > bytes.len() || slots > bytes.len() {
            return None;
        }
        let mut at = (4 + count) * 4;
        let mut sections = Vec::with_capacity(count);
        for i in 0..count {
            let end = at.checked_add(word(4 + i)?)?;
            sections.push(bytes.get(at..end)?);
            at = end;
        }
        let mut sections = sections.into_iter();
        Some(Archive {
            kernels,
            slots,
            strings: sections.next()?,
            patterns: sections.next()?,
            slot_patterns: sections.next()?,
            blocks: sections.next()?,
            lengths: sections.next()?,
            contents: sections.next()?,
            names: sections.next()?,
            tags: sections.next()?,
            hubs: sections.by_ref().take(hubs).collect(),
            orders: sections.collect(),
        })
    }

    /// By slot, void first: which version a kernel has, or 0.
    pub(crate) fn versions(&self, kernel: usize) -> Option<Vec<u8>> {
        if kernel >= self.kernels || self.slot_patterns.len() != self.slots * 2 {
            return None;
        }
        let own: Vec<u8> = self
            .patterns
            .chunks_exact(self.kernels)
            .map(|p| p.get(kernel).copied().unwrap_or(0))
            .collect();
        let mut versions = Vec::with_capacity(self.slots + 1);
        versions.push(0);
        for pattern in self.slot_patterns.chunks_exact(2) {
            let &[low, high] = pattern else { return None };
            versions.push(*own.get(usize::from(u16::from_le_bytes([low, high])))?);
        }
        Some(versions)
    }

    /// How many versions a slot has.
    fn count(&self, slot: usize) -> Option<u8> {
        let at = slot.checked_sub(1)? * 2;
        let &[low, high] = self.slot_patterns.get(at..at + 2)? else {
            return None;
        };
        let pattern = usize::from(u16::from_le_bytes([low, high])) * self.kernels;
        let versions = self.patterns.get(pattern..pattern + self.kernels)?;
        versions.iter().copied().max()
    }

    /// Where the contents of a slot's version begin.
    pub(crate) fn place(&self, slot: u32, version: u8) -> Option<usize> {
        let slot = slot as usize;
        let block = slot.checked_sub(1)? / BLOCK;
        let mut lengths = Cursor::new(self.lengths, four(self.blocks, block * 8)? as usize);
        let mut at = four(self.blocks, block * 8 + 4)? as usize;
        for before in block * BLOCK + 1..slot {
            for _ in 0..self.count(before)? {
                at = at.checked_add(lengths.varint()? as usize)?;
            }
        }
        for _ in 1..version {
            at = at.checked_add(lengths.varint()? as usize)?;
        }
        Some(at)
    }

    /// The string at an offset, without its NUL.
    pub(crate) fn string(&self, offset: u32) -> &'a [u8] {
        let tail = self.strings.get(offset as usize..).unwrap_or(&[]);
        let end = tail.iter().position(|b| *b == 0).unwrap_or(0);
        tail.get(..end).unwrap_or(&[])
    }

    /// Names from the first on that is not below `from`, each with its slot.
    pub(crate) fn names_from(&self, from: &[u8]) -> impl Iterator<Item = (&'a [u8], u32)> {
        let name = |i: usize| three(self.names, i * NAME).map_or(&[][..], |at| self.string(at));
        let (mut low, mut high) = (0, self.names.len() / NAME);
        while low < high {
            let middle = low + (high - low) / 2;
            if name(middle) < from {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let rest = self.names.get(low * NAME..).unwrap_or(&[]);
        rest.chunks_exact(NAME)
            .filter_map(|entry| Some((self.string(three(entry, 0)?), three(entry, 3)?)))
    }
}
