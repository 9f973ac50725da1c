//! Which types of several kernels are the same slot, and strings shared by all.

use bpfassay_kernel_types::layout::{Word, kind};
use bpfassay_kernel_types::records::{Blob, Record};
use std::collections::{BTreeSet, HashMap};

/// All kernels' strings, sorted.
pub(super) struct Strings {
    pub(super) section: Vec<u8>,
    offsets: HashMap<Vec<u8>, u32>,
}

impl Strings {
    pub(super) fn new(kernels: &[(&Blob<'_>, Vec<Record>)]) -> Option<Strings> {
        let mut all: BTreeSet<&[u8]> = BTreeSet::from([&b""[..]]);
        for (blob, records) in kernels {
            for r in records {
                all.insert(blob.string(r.name)?);
                for (value, word) in r.tail.iter().zip(r.layout.tail.iter().cycle()) {
                    if *word == Word::Str {
                        all.insert(blob.string(*value)?);
                    }
                }
            }
        }
        let mut strings = Strings {
            section: Vec::new(),
            offsets: HashMap::new(),
        };
        for s in all {
            let at = strings.section.len() as u32;
            strings.offsets.insert(s.to_vec(), at);
            strings.section.extend_from_slice(s);
            strings.section.push(0);
        }
        Some(strings)
    }

    /// Replaces the offsets in a kernel's records by those of the shared strings.
    pub(super) fn share(&self, blob: &Blob<'_>, records: &mut [Record]) -> Option<()> {
        let at = |offset: u32| self.offsets.get(blob.string(offset)?).copied();
        for r in records {
            r.name = at(r.name)?;
            for (value, word) in r.tail.iter_mut().zip(r.layout.tail.iter().cycle()) {
                if *word == Word::Str {
                    *value = at(*value)?;
                }
            }
        }
        Some(())
    }
}

/// What makes types of two kernels the same slot.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// Kind and name, and how many of them come before.
    Named(u32, u32, u32),
    /// All words, with slots for references, and how many equal ones come before.
    Contents(Vec<u32>, u32),
}

/// Numbers slots from 1, kernel by kernel.
#[derive(Default)]
pub(super) struct Slots {
    known: HashMap<Key, u32>,
}

/// Tags of one text are many: what they are on tells them apart.
fn by_name(r: &Record) -> bool {
    r.name != 0 && !matches!(kind(r.info), 17 | 18)
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    fn slot(&mut self, key: Key) -> u32 {
        let next = self.known.len() as u32 + 1;
        *self.known.entry(key).or_insert(next)
    }

    /// The slot of each type of a kernel, by id; records are in shared strings.
    pub(super) fn of_kernel(&mut self, records: &[Record]) -> Vec<u32> {
        let mut slots = vec![u32::MAX; records.len() + 1];
        slots[0] = 0;
        let mut before: HashMap<(u32, u32), u32> = HashMap::new();
        for (r, slot) in records.iter().zip(&mut slots[1..]) {
            if by_name(r) {
                let n = before.entry((kind(r.info), r.name)).or_default();
                *slot = self.slot(Key::Named(kind(r.info), r.name, *n));
                *n += 1;
            }
        }
        let mut before = HashMap::new();
        for id in 1..slots.len() {
            self.unnamed(id, records, &mut slots, &mut before, 0);
        }
        slots
    }

    /// Chains of unnamed types end at named ones, in C; deeper ones are cut.
    fn unnamed(
        &mut self,
        id: usize,
        records: &[Record],
        slots: &mut [u32],
        before: &mut HashMap<Vec<u32>, u32>,
        depth: u32,
    ) -> u32 {
        let (Some(&slot), Some(r)) = (slots.get(id), records.get(id.wrapping_sub(1))) else {
            return 0;
        };
        if slot != u32::MAX || depth > 200 {
            return slot;
        }
        let words = std::iter::once((&r.word, &r.layout.word));
        let words = words.chain(r.tail.iter().zip(r.layout.tail.iter().cycle()));
        let mut contents = vec![r.info, r.name];
        for (value, word) in words {
            contents.push(match word {
                Word::Ref => self.unnamed(*value as usize, records, slots, before, depth + 1),
                _ => *value,
            });
        }
        let n = before.entry(contents.clone()).or_default();
        slots[id] = self.slot(Key::Contents(contents, *n));
        *n += 1;
        slots[id]
    }
}
