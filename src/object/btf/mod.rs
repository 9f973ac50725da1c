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
//! threads. Types that are [`Packed`] have no blob: their records are made when
//! they are asked for, and their indexes are their own.

mod agree;
mod items;
mod lookup;
mod packed;
mod parse;
mod patch;
mod types;
mod validate;

pub use agree::Found;
pub use items::{Enumerators, Members, Params, SecVars};
pub use lookup::essential_name;
pub use packed::Packed;
pub use parse::BtfError;
pub use patch::BtfEdit;
pub use types::{
    Composite, DeclTag, EnumValue, FuncLinkage, IntEncoding, Kind, Member, Param, SecVar, Type,
    VarLinkage,
};

use alloc::sync::Arc;
use lookup::{NameIndex, TagIndex};
use packed::Lazy;

use crate::once::Once;
use crate::prelude::*;

/// How deep chains of typedefs, modifiers and arrays are followed.
pub(crate) const MAX_RESOLVE_DEPTH: usize = 64;

/// Longer strings are cut off: names are shorter, and many strings may share
/// one long tail, so that reading them all would cost their product.
const MAX_STRING: usize = 2048;

/// The types of an object or a kernel. Cheap to share: clone an `Arc<Btf>`.
#[derive(Debug)]
pub struct Btf {
    store: Store,
    names: Once<NameIndex>,
    tags: Once<TagIndex>,
    whole: Once<bool>,
    older: Option<&'static Btf>,
}

/// Where records come from.
#[derive(Debug)]
enum Store {
    Blob(Blob),
    Packed(Lazy),
}

/// The bytes, and where things lie in them.
#[derive(Clone, Debug)]
struct Blob {
    /// In little-endian order.
    bytes: Arc<[u8]>,
    /// Offset in `bytes` of each type's record; entry 0 stands for `void`.
    offsets: Vec<u32>,
    /// Where the string section begins and ends in `bytes`.
    strings: (u32, u32),
}

impl Btf {
    /// Types that are opened when one is first asked for. Where `open` gives none, there
    /// are no types at all.
    pub fn packed(open: impl Fn() -> Option<Box<dyn Packed>> + Send + Sync + 'static) -> Btf {
        Btf::new(Store::Packed(Lazy::new(open)))
    }

    fn of(blob: Blob) -> Btf {
        Btf::new(Store::Blob(blob))
    }

    fn new(store: Store) -> Btf {
        Btf {
            store,
            names: Once::new(),
            tags: Once::new(),
            whole: Once::new(),
            older: None,
        }
    }

    /// The number of types, `void` (id 0) included: ids are `0..type_count()`.
    pub fn type_count(&self) -> u32 {
        match &self.store {
            Store::Blob(blob) => blob.offsets.len() as u32,
            Store::Packed(lazy) => lazy.type_count(),
        }
    }

    /// The blob, little-endian.
    pub fn bytes(&self) -> &Arc<[u8]> {
        match &self.store {
            Store::Blob(blob) => &blob.bytes,
            Store::Packed(lazy) => lazy.bytes(),
        }
    }

    /// The string at an offset of the string section, cut off where it is too
    /// long for anything; `""` when out of range or not UTF-8.
    pub fn str_at(&self, off: u32) -> &str {
        let strings = match &self.store {
            Store::Blob(blob) => {
                let (start, end) = blob.strings;
                blob.bytes.get(start as usize..end as usize)
            }
            Store::Packed(lazy) => Some(lazy.strings()),
        };
        let Some(tail) = strings.and_then(|s| s.get(off as usize..)) else {
            return "";
        };
        let tail = tail.get(..tail.len().min(MAX_STRING)).unwrap_or(&[]);
        let len = tail.iter().position(|b| *b == 0).unwrap_or(tail.len());
        tail.get(..len)
            .and_then(|s| core::str::from_utf8(s).ok())
            .unwrap_or("")
    }

    /// A type's record; the bytes after it may follow.
    fn record(&self, id: u32) -> Option<&[u8]> {
        if id == 0 {
            return None;
        }
        match &self.store {
            Store::Blob(blob) => {
                let at = *blob.offsets.get(id as usize)?;
                blob.bytes.get(at as usize..)
            }
            Store::Packed(lazy) => lazy.record(id),
        }
    }
}

/// A word of a record; 0 beyond the end.
#[inline]
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at.saturating_add(4))
        .and_then(|b| <[u8; 4]>::try_from(b).ok())
        .map_or(0, u32::from_le_bytes)
}

/// The second word of a record: kind, flag and count.
#[inline]
fn info(record: &[u8]) -> u32 {
    word(record, 4)
}

impl Blob {
    #[inline]
    fn u32_at(&self, off: usize) -> u32 {
        word(&self.bytes, off)
    }
}
