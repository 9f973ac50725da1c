//! A BTF blob as records of words, and their checksum.

use crate::layout::{self, FLAG, Layout, VLEN, Word};
use alloc::vec::Vec;

/// A little-endian BTF blob.
pub struct Blob<'a> {
    types: &'a [u8],
    strings: &'a [u8],
}

/// One type.
pub struct Record {
    /// Offset of its name.
    pub name: u32,
    /// Kind, flag and number of items.
    pub info: u32,
    /// The word after.
    pub word: u32,
    /// The words after that.
    pub tail: Vec<u32>,
    /// What they mean.
    pub layout: &'static Layout,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let b = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(b.try_into().ok()?))
}

impl<'a> Blob<'a> {
    /// Finds the sections of a blob.
    pub fn parse(bytes: &'a [u8]) -> Option<Blob<'a>> {
        if word(bytes, 0)? & 0xffff != 0xeb9f {
            return None;
        }
        let body = bytes.get(word(bytes, 4)? as usize..)?;
        let section = |at: usize| {
            let (off, len) = (word(bytes, at)? as usize, word(bytes, at + 4)? as usize);
            body.get(off..off.checked_add(len)?)
        };
        Some(Blob {
            types: section(8)?,
            strings: section(16)?,
        })
    }

    /// The string at an offset.
    pub fn string(&self, offset: u32) -> Option<&'a [u8]> {
        let tail = self.strings.get(offset as usize..)?;
        let end = tail.iter().position(|b| *b == 0)?;
        tail.get(..end)
    }

    /// All types, in the order of their ids; `None` if one is not whole.
    pub fn records(&self) -> Option<Vec<Record>> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < self.types.len() {
            let info = word(self.types, at + 4)?;
            let layout = layout::of(layout::kind(info))?;
            let len = layout.tail_len(info & VLEN);
            let tail = (0..len).map(|i| word(self.types, at + 12 + 4 * i));
            out.push(Record {
                name: word(self.types, at)?,
                info,
                word: word(self.types, at + 8)?,
                tail: tail.collect::<Option<_>>()?,
                layout,
            });
            at += 12 + 4 * len;
        }
        Some(out)
    }
}

/// A number for what a blob says, wherever its strings lie: FNV-1a over all words
/// in their order, strings in place of their offsets.
pub fn checksum(bytes: &[u8]) -> Option<u64> {
    let blob = Blob::parse(bytes)?;
    let mut sum = 0xcbf2_9ce4_8422_2325u64;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for r in blob.records()? {
        take(blob.string(r.name)?);
        take(&[0]);
        // The bits between have no meaning.
        take(&(r.info & (0x1f << 24 | VLEN | FLAG)).to_le_bytes());
        take(&r.word.to_le_bytes());
        for (value, meaning) in r.tail.iter().zip(r.layout.tail.iter().cycle()) {
            if *meaning == Word::Str {
                take(blob.string(*value)?);
                take(&[0]);
            } else {
                take(&value.to_le_bytes());
            }
        }
    }
    Some(sum)
}
