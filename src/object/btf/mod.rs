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
//! it is asked for, and a whole blob can wait until a type of it is
//! ([`Btf::deferred`]). Big-endian blobs are swapped once, while being parsed. The
//! indexes (names, declaration tags) are made on first use and shared by all
//! threads.

mod agree;
mod lookup;
mod parse;
mod patch;
mod types;
mod validate;

pub use agree::Found;
pub use lookup::essential_name;
pub use parse::BtfError;
pub use patch::BtfEdit;
pub use types::{
    Composite, DeclTag, EnumValue, Enumerators, FuncLinkage, IntEncoding, Kind, Member, Members,
    Param, Params, SecVar, SecVars, Type, VarLinkage,
};

use alloc::sync::Arc;
use lookup::{NameIndex, TagIndex};

use crate::once::Once;
use crate::prelude::*;

/// How deep chains of typedefs, modifiers and arrays are followed.
pub(crate) const MAX_RESOLVE_DEPTH: usize = 64;

/// Longer strings are cut off: names are shorter, and many strings may share
/// one long tail, so that reading them all would cost their product.
const MAX_STRING: usize = 2048;

/// A parsed BTF blob. Cheap to share: clone an `Arc<Btf>`.
#[derive(Debug)]
pub struct Btf {
    blob: Once<Blob>,
    /// Makes the blob when it is first looked at; it was parsed where there is none.
    make: Option<Make>,
    names: Once<NameIndex>,
    tags: Once<TagIndex>,
    whole: Once<bool>,
    older: Option<&'static Btf>,
}

/// Gives the bytes of a blob that is not parsed yet.
struct Make(Box<dyn Fn() -> Vec<u8> + Send + Sync>);

impl core::fmt::Debug for Make {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Make")
    }
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
    /// Types that are read when they are first asked for. `make` gives a blob that is
    /// known to be sound; of any other there are no types at all.
    pub fn deferred(make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Btf {
        Btf::new(Once::new(), Some(Make(Box::new(make))))
    }

    fn of(blob: Blob) -> Btf {
        Btf::new(Once::from(blob), None)
    }

    fn new(blob: Once<Blob>, make: Option<Make>) -> Btf {
        Btf {
            blob,
            make,
            names: Once::new(),
            tags: Once::new(),
            whole: Once::new(),
            older: None,
        }
    }

    #[inline]
    fn blob(&self) -> &Blob {
        self.blob.get_or_init(|| {
            let made = self
                .make
                .as_ref()
                .map(|make| Blob::parse((make.0)().into()));
            made.and_then(Result::ok).unwrap_or_else(Blob::empty)
        })
    }

    /// The number of types, `void` (id 0) included: ids are `0..type_count()`.
    pub fn type_count(&self) -> u32 {
        self.blob().offsets.len() as u32
    }

    /// The blob, little-endian.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.blob().bytes
    }

    /// The string at an offset of the string section, cut off where it is too
    /// long for anything; `""` when out of range or not UTF-8.
    pub fn str_at(&self, off: u32) -> &str {
        let Blob { bytes, strings, .. } = self.blob();
        let (start, end) = *strings;
        let Some(begin) = start.checked_add(off).filter(|b| *b < end) else {
            return "";
        };
        let Some(tail) = bytes.get(begin as usize..end as usize) else {
            return "";
        };
        let tail = tail.get(..tail.len().min(MAX_STRING)).unwrap_or(&[]);
        let len = tail.iter().position(|b| *b == 0).unwrap_or(tail.len());
        tail.get(..len)
            .and_then(|s| core::str::from_utf8(s).ok())
            .unwrap_or("")
    }

    fn u32_at(&self, off: usize) -> u32 {
        self.blob().u32_at(off)
    }

    /// Offset in the blob of a type's record.
    fn record(&self, id: u32) -> Option<usize> {
        if id == 0 {
            return None;
        }
        self.blob().offsets.get(id as usize).map(|o| *o as usize)
    }
}

impl Blob {
    /// No types but `void`.
    fn empty() -> Blob {
        Blob {
            bytes: Arc::from([]),
            offsets: vec![0],
            strings: (0, 0),
        }
    }

    #[inline]
    fn u32_at(&self, off: usize) -> u32 {
        self.bytes
            .get(off..off.saturating_add(4))
            .and_then(|b| <[u8; 4]>::try_from(b).ok())
            .map_or(0, u32::from_le_bytes)
    }
}
