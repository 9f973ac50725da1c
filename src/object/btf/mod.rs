//! BTF, the type format of eBPF objects and of the kernel.
//!
//! A blob is a header, a type section and a string section. Types are records
//! of variable length, numbered from 1 in file order; 0 is `void`. A record is
//! `name_off:u32 info:u32 size_or_type:u32` and a tail that depends on the
//! kind; `info` packs the kind (bits 24..28), the count `vlen` (bits 0..15) and
//! a flag (bit 31).
//!
//! [`Btf::parse`] only walks the records to learn where each begins, so that a
//! vmlinux blob of 150,000 types costs milliseconds; a record is decoded when
//! it is asked for. Big-endian blobs are swapped once, while being parsed. The
//! indexes (names, declaration tags) are made on first use and shared by all
//! threads.

mod lookup;
mod parse;
mod patch;
mod types;
mod validate;

pub use lookup::essential_name;
pub use parse::BtfError;
pub use patch::BtfEdit;
pub use types::{
    Composite, DeclTag, EnumValue, Enumerators, FuncLinkage, IntEncoding, Kind, Member, Members,
    Param, Params, SecVar, SecVars, Type, VarLinkage,
};

use lookup::{NameIndex, TagIndex};
use std::sync::{Arc, OnceLock};

/// How deep chains of typedefs, modifiers and arrays are followed.
pub(crate) const MAX_RESOLVE_DEPTH: usize = 64;

/// Longer strings are cut off: names are shorter, and many strings may share
/// one long tail, so that reading them all would cost their product.
const MAX_STRING: usize = 2048;

/// A parsed BTF blob. Cheap to share: clone an `Arc<Btf>`.
#[derive(Debug)]
pub struct Btf {
    /// The blob in little-endian order.
    bytes: Arc<[u8]>,
    /// Offset in `bytes` of each type's record; entry 0 stands for `void`.
    offsets: Vec<u32>,
    /// Where the string section begins and ends in `bytes`.
    strings: (u32, u32),
    names: OnceLock<NameIndex>,
    tags: OnceLock<TagIndex>,
}

impl Btf {
    /// The number of types, `void` (id 0) included: ids are `0..type_count()`.
    pub fn type_count(&self) -> u32 {
        self.offsets.len() as u32
    }

    /// The blob, little-endian.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// The string at an offset of the string section, cut off where it is too
    /// long for anything; `""` when out of range or not UTF-8.
    pub fn str_at(&self, off: u32) -> &str {
        let (start, end) = self.strings;
        let Some(begin) = start.checked_add(off).filter(|b| *b < end) else {
            return "";
        };
        let Some(tail) = self.bytes.get(begin as usize..end as usize) else {
            return "";
        };
        let tail = tail.get(..tail.len().min(MAX_STRING)).unwrap_or(&[]);
        let len = tail.iter().position(|b| *b == 0).unwrap_or(tail.len());
        tail.get(..len)
            .and_then(|s| std::str::from_utf8(s).ok())
            .unwrap_or("")
    }

    fn u32_at(&self, off: usize) -> u32 {
        self.bytes
            .get(off..off.saturating_add(4))
            .and_then(|b| <[u8; 4]>::try_from(b).ok())
            .map_or(0, u32::from_le_bytes)
    }

    /// Offset in the blob of a type's record.
    fn record(&self, id: u32) -> Option<usize> {
        if id == 0 {
            return None;
        }
        self.offsets.get(id as usize).map(|o| *o as usize)
    }
}
