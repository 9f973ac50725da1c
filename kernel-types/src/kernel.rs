//! One kernel of the archive, opened to be asked.

use alloc::vec;
use alloc::vec::Vec;

use crate::archive::{Archive, Cursor, three};
use crate::layout::{self, FLAG, VLEN, Word};

/// Length of the header of a BTF blob.
const BTF_HEADER: usize = 24;
const BTF_MAGIC: u32 = 0x0001_eb9f;

/// A kernel's types, still packed.
#[derive(Clone, Debug)]
pub struct Kernel<'a> {
    archive: Archive<'a>,
    /// By slot: the version, or 0.
    versions: Vec<u8>,
    /// By id, `void` first: the slot.
    slots: Vec<u32>,
    /// By slot: the id, or 0.
    ids: Vec<u32>,
}

impl<'a> Kernel<'a> {
    /// Opens the n-th kernel of an archive; `None` if there is none, or it is damaged.
    pub fn open(archive: Archive<'a>, kernel: usize) -> Option<Kernel<'a>> {
        let versions = archive.versions(kernel)?;
        let slots = order(&archive, kernel, &versions)?;
        let mut ids = vec![0u32; versions.len()];
        for (id, slot) in (0u32..).zip(&slots).skip(1) {
            *ids.get_mut(*slot as usize)? = id;
        }
        Some(Kernel {
            archive,
            versions,
            slots,
            ids,
        })
    }

    /// The number of types, `void` (id 0) included.
    pub fn type_count(&self) -> u32 {
        self.slots.len() as u32
    }

    /// The strings that records refer to.
    pub fn strings(&self) -> &'a [u8] {
        self.archive.strings
    }

    /// Appends the record of a type, little-endian; `None` if there is none.
    pub fn record(&self, id: u32, out: &mut Vec<u8>) -> Option<()> {
        let slot = *self.slots.get(id as usize).filter(|_| id != 0)?;
        let version = *self.versions.get(slot as usize)?;
        let mut c = Cursor::new(self.archive.contents, self.archive.place(slot, version)?);
        let head = c.varint()?;
        let layout = layout::of(head & 0x1f)?;
        let vlen = head >> 6 & VLEN;
        let flag = if head & 0x20 != 0 { FLAG } else { 0 };
        let name = if layout.named { c.string()? } else { 0 };
        let id = |c: &mut Cursor<'_>| self.ids.get(c.near(slot)? as usize).copied();
        let word = match layout.word {
            Word::Ref => id(&mut c)?,
            _ => c.varint()?,
        };
        for w in [name, (head & 0x1f) << 24 | vlen | flag, word] {
            out.extend_from_slice(&w.to_le_bytes());
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
                out.extend_from_slice(&value.to_le_bytes());
            }
        }
        Some(())
    }

    /// Ids of the types of a name, ascending; tags are not looked for.
    pub fn named(&self, name: &[u8]) -> Vec<u32> {
        let all = self.archive.names_from(name);
        self.ascending(all.take_while(|(n, _)| *n == name))
    }

    /// Ids of the types whose name begins so, ascending; tags are not looked for.
    pub fn beginning(&self, with: &[u8]) -> Vec<u32> {
        let all = self.archive.names_from(with);
        self.ascending(all.take_while(|(n, _)| n.starts_with(with)))
    }

    /// Ids of the declaration tags, ascending.
    pub fn decl_tags(&self) -> Vec<u32> {
        let slots = self.archive.tags.chunks_exact(3);
        self.ascending(slots.filter_map(|tag| Some((&[][..], three(tag, 0)?))))
    }

    fn ascending<'n>(&self, slots: impl Iterator<Item = (&'n [u8], u32)>) -> Vec<u32> {
        let mut ids: Vec<u32> = slots
            .filter_map(|(_, slot)| self.ids.get(slot as usize).copied())
            .filter(|id| *id != 0)
            .collect();
        ids.sort_unstable();
        ids
    }

    /// The whole BTF blob.
    pub fn unpack(&self) -> Option<Vec<u8>> {
        let strings = self.strings();
        let mut blob = Vec::with_capacity(BTF_HEADER + self.slots.len() * 40 + strings.len());
        blob.resize(BTF_HEADER, 0);
        for id in 1..self.type_count() {
            self.record(id, &mut blob)?;
        }
        let types = (blob.len() - BTF_HEADER) as u32;
        blob.extend_from_slice(strings);
        let strings = strings.len() as u32;
        let header = [BTF_MAGIC, BTF_HEADER as u32, 0, types, types, strings];
        for (place, word) in blob.chunks_exact_mut(4).zip(header) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Some(blob)
    }
}

/// A kernel's slots in the order of its type ids, `void` first.
fn order(archive: &Archive<'_>, kernel: usize, versions: &[u8]) -> Option<Vec<u32>> {
    let mut runs = Cursor::new(archive.orders.get(kernel)?, 0);
    let hub = runs.varint()?;
    let has = |slot: &u32| versions.get(*slot as usize).is_some_and(|v| *v != 0);
    let mut present = Vec::with_capacity(versions.len());
    if hub == 0 {
        present.extend((1..versions.len() as u32).filter(has));
    } else {
        let mut slots = Cursor::new(archive.hubs.get(hub as usize - 1)?, 0);
        let mut slot = 0;
        while !slots.done() {
            slot = slots.near(slot)?;
            if has(&slot) {
                present.push(slot);
            }
        }
    }
    let mut order = Vec::with_capacity(present.len() + 1);
    order.push(0);
    let mut at = 0u32;
    while !runs.done() {
        let end = at.checked_add(runs.varint()?)?;
        let run = present.get(at as usize..end as usize)?;
        // A kernel has each slot once.
        if order.len() + run.len() > present.len() + 1 {
            return None;
        }
        order.extend_from_slice(run);
        at = runs.near(end)?;
    }
    Some(order)
}
