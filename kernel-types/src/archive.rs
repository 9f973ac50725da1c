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
//! ```text
//! header    magic, number of kernels, hubs, slots, patterns: u32 each
//! sections  u32 length each, then their bytes, in this order:
//!   strings   NUL-terminated, sorted
//!   patterns  one byte a kernel: 0 absent, n the n-th version
//!   slots     varint: the slot's pattern
//!   lengths   varint: bytes of each version of each slot
//!   contents  the versions' bytes
//!   hubs      one section each: varint differences of slot numbers
//!   kernels   one section each: varint hub, then pairs (types in a row, jump)
//! ```
//!
//! A version is a varint of kind, flag and item count, the name, then the record's
//! words by [`layout`](crate::layout): strings are three bytes, references the
//! difference to the own slot, numbers in a tail the difference to the same number
//! of the item before. Differences are zigzag varints. Slot 0 is `void`.

use crate::layout::{self, FLAG, VLEN, Word};
use alloc::vec;
use alloc::vec::Vec;

/// The first bytes of an archive.
pub const MAGIC: [u8; 4] = *b"btf1";
/// Sections before the hubs.
const FIXED: usize = 5;
/// Length of the header of a BTF blob.
const BTF_HEADER: usize = 24;
const BTF_MAGIC: u32 = 0x0001_eb9f;

/// A place in a section.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Cursor<'a> {
        Cursor { bytes, at }
    }

    fn done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    #[inline]
    fn varint(&mut self) -> Option<u32> {
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
    fn near(&mut self, base: u32) -> Option<u32> {
        let z = self.varint()?;
        Some(base.wrapping_add(z >> 1 ^ 0u32.wrapping_sub(z & 1)))
    }

    #[inline]
    fn string(&mut self) -> Option<u32> {
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
pub struct Archive<'a> {
    kernels: usize,
    slots: usize,
    strings: &'a [u8],
    patterns: &'a [u8],
    slot_patterns: &'a [u8],
    lengths: &'a [u8],
    contents: &'a [u8],
    hubs: Vec<&'a [u8]>,
    orders: Vec<&'a [u8]>,
}

/// The slots of one kernel.
struct Chosen {
    /// Slot and place of the version's contents, in the order of the slots.
    present: Vec<u32>,
    /// By slot: where its contents begin; `u32::MAX` if absent.
    contents: Vec<u32>,
}

impl<'a> Archive<'a> {
    /// Finds the sections; `None` if the bytes are no archive.
    pub fn parse(bytes: &'a [u8]) -> Option<Archive<'a>> {
        let word = |i: usize| {
            let b = bytes.get(i * 4..i * 4 + 4)?;
            Some(u32::from_le_bytes(b.try_into().ok()?) as usize)
        };
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
            lengths: sections.next()?,
            contents: sections.next()?,
            hubs: sections.by_ref().take(hubs).collect(),
            orders: sections.collect(),
        })
    }

    /// The BTF blob of the n-th kernel.
    pub fn unpack(&self, kernel: usize) -> Option<Vec<u8>> {
        let chosen = self.choose(kernel)?;
        let order = self.order(kernel, &chosen)?;
        let mut ids = vec![0u32; self.slots + 1];
        for (id, slot) in (1u32..).zip(&order) {
            *ids.get_mut(*slot as usize)? = id;
        }
        let mut blob = Vec::with_capacity(BTF_HEADER + order.len() * 32 + self.strings.len());
        blob.resize(BTF_HEADER, 0);
        for slot in &order {
            let at = *chosen.contents.get(*slot as usize)?;
            self.record(*slot, at as usize, &ids, &mut blob)?;
        }
        let types = (blob.len() - BTF_HEADER) as u32;
        blob.extend_from_slice(self.strings);
        let strings = self.strings.len() as u32;
        let header = [BTF_MAGIC, BTF_HEADER as u32, 0, types, types, strings];
        for (place, word) in blob.chunks_exact_mut(4).zip(header) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Some(blob)
    }

    /// Which version of which slot a kernel has.
    fn choose(&self, kernel: usize) -> Option<Chosen> {
        if kernel >= self.kernels {
            return None;
        }
        // Of each pattern: the kernel's version, and how many there are.
        let patterns: Vec<(u8, u8)> = self
            .patterns
            .chunks_exact(self.kernels)
            .map(|p| {
                let own = p.get(kernel).copied().unwrap_or(0);
                (own, p.iter().copied().max().unwrap_or(0))
            })
            .collect();
        let mut chosen = Chosen {
            present: Vec::with_capacity(self.slots),
            contents: vec![u32::MAX; self.slots + 1],
        };
        let mut slots = Cursor::new(self.slot_patterns, 0);
        let mut lengths = Cursor::new(self.lengths, 0);
        let mut at = 0u32;
        for slot in 1..=self.slots as u32 {
            let (own, versions) = *patterns.get(slots.varint()? as usize)?;
            for version in 1..=versions {
                if version == own {
                    chosen.present.push(slot);
                    *chosen.contents.get_mut(slot as usize)? = at;
                }
                at = at.checked_add(lengths.varint()?)?;
            }
        }
        Some(chosen)
    }

    /// A kernel's slots in the order of its type ids.
    fn order(&self, kernel: usize, chosen: &Chosen) -> Option<Vec<u32>> {
        let mut runs = Cursor::new(self.orders.get(kernel)?, 0);
        let hub = runs.varint()?;
        let sorted;
        let present = if hub == 0 {
            &chosen.present
        } else {
            let mut slots = Cursor::new(self.hubs.get(hub as usize - 1)?, 0);
            let mut list = Vec::with_capacity(chosen.present.len());
            let mut slot = 0;
            while !slots.done() {
                slot = slots.near(slot)?;
                if *chosen.contents.get(slot as usize)? != u32::MAX {
                    list.push(slot);
                }
            }
            sorted = list;
            &sorted
        };
        let mut order = Vec::with_capacity(present.len());
        let mut at = 0u32;
        while !runs.done() {
            let end = at.checked_add(runs.varint()?)?;
            let run = present.get(at as usize..end as usize)?;
            // A kernel has each slot once.
            if order.len() + run.len() > present.len() {
                return None;
            }
            order.extend_from_slice(run);
            at = runs.near(end)?;
        }
        Some(order)
    }

    /// Writes the record of a slot whose contents begin at `at`.
    fn record(&self, slot: u32, at: usize, ids: &[u32], blob: &mut Vec<u8>) -> Option<()> {
        let mut c = Cursor::new(self.contents, at);
        let head = c.varint()?;
        let layout = layout::of(head & 0x1f)?;
        let vlen = head >> 6 & VLEN;
        let flag = if head & 0x20 != 0 { FLAG } else { 0 };
        let name = if layout.named { c.string()? } else { 0 };
        let id = |c: &mut Cursor<'_>| ids.get(c.near(slot)? as usize).copied();
        let word = match layout.word {
            Word::Ref => id(&mut c)?,
            _ => c.varint()?,
        };
        for w in [name, (head & 0x1f) << 24 | vlen | flag, word] {
            blob.extend_from_slice(&w.to_le_bytes());
        }
        let mut last = [0u32; 3];
        let items = if layout.items { vlen } else { 1 };
        for _ in 0..items {
            for (word, last) in layout.tail.iter().zip(&mut last) {
                let value = match word {
                    Word::Str => c.string()?,
                    Word::Ref => id(&mut c)?,
                    Word::Num => {
                        *last = c.near(*last)?;
                        *last
                    }
                };
                blob.extend_from_slice(&value.to_le_bytes());
            }
        }
        Some(())
    }
}
