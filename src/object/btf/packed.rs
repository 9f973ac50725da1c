//! Types that are kept packed: records are made a chunk at a time, when one is asked for.
//!
//! A program looks at some hundred of a kernel's 100,000 types. Neighbours are often
//! asked for together, so a chunk is the unit; it stays once it is made.

use alloc::sync::Arc;

use crate::once::Once;
use crate::prelude::*;

/// Types of a chunk.
const CHUNK: u32 = 32;

/// Packed types, as [`Btf::packed`](super::Btf::packed) takes them: with ids from 1, and
/// records as in a little-endian blob.
pub trait Packed: Send + Sync + core::fmt::Debug {
    /// The number of types, `void` (id 0) included.
    fn type_count(&self) -> u32;
    /// The string section that records refer to.
    fn strings(&self) -> &[u8];
    /// Appends a type's record; nothing if there is none.
    fn record(&self, id: u32, out: &mut Vec<u8>);
    /// Ids of the types of a name, ascending, tags left out.
    fn named(&self, name: &str) -> Vec<u32>;
    /// Ids of the types whose name begins so, ascending, tags left out.
    fn beginning(&self, with: &str) -> Vec<u32>;
    /// Ids of the declaration tags, ascending.
    fn decl_tags(&self) -> Vec<u32>;
    /// The whole blob.
    fn unpack(&self) -> Vec<u8>;
}

/// Opens packed types.
struct Open(Box<dyn Fn() -> Option<Box<dyn Packed>> + Send + Sync>);

impl core::fmt::Debug for Open {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Open")
    }
}

/// Packed types, opened when first asked.
#[derive(Debug)]
pub(super) struct Lazy {
    open: Open,
    opened: Once<Opened>,
}

#[derive(Debug)]
struct Opened {
    types: Option<Box<dyn Packed>>,
    chunks: Vec<Once<Chunk>>,
    bytes: Once<Arc<[u8]>>,
}

/// Records side by side.
#[derive(Debug)]
struct Chunk {
    bytes: Box<[u8]>,
    /// Where each begins, and the last ends.
    places: Box<[u32]>,
}

impl Lazy {
    pub(super) fn new(open: impl Fn() -> Option<Box<dyn Packed>> + Send + Sync + 'static) -> Lazy {
        Lazy {
            open: Open(Box::new(open)),
            opened: Once::new(),
        }
    }

    fn opened(&self) -> &Opened {
        self.opened.get_or_init(|| {
            let types = (self.open.0)();
            let count = types.as_ref().map_or(1, |t| t.type_count());
            Opened {
                types,
                chunks: (0..count.div_ceil(CHUNK)).map(|_| Once::new()).collect(),
                bytes: Once::new(),
            }
        })
    }

    /// The types, if there are any.
    pub(super) fn types(&self) -> Option<&dyn Packed> {
        self.opened().types.as_deref()
    }

    pub(super) fn type_count(&self) -> u32 {
        self.types().map_or(1, Packed::type_count)
    }

    pub(super) fn strings(&self) -> &[u8] {
        self.types().map_or(&[], Packed::strings)
    }

    pub(super) fn bytes(&self) -> &Arc<[u8]> {
        let opened = self.opened();
        let unpack = || opened.types.as_ref().map_or_else(Vec::new, |t| t.unpack());
        opened.bytes.get_or_init(|| unpack().into())
    }

    pub(super) fn record(&self, id: u32) -> Option<&[u8]> {
        let Opened { types, chunks, .. } = self.opened();
        let types = types.as_deref()?;
        let at = id / CHUNK;
        let chunk = chunks.get(at as usize)?;
        let chunk = chunk.get_or_init(|| Chunk::make(types, at.saturating_mul(CHUNK)));
        let place = (id % CHUNK) as usize;
        let from = *chunk.places.get(place)? as usize;
        let to = *chunk.places.get(place.saturating_add(1))? as usize;
        chunk.bytes.get(from..to).filter(|r| !r.is_empty())
    }
}

impl Chunk {
    fn make(types: &dyn Packed, first: u32) -> Chunk {
        let last = first.saturating_add(CHUNK).min(types.type_count());
        let mut bytes = Vec::new();
        let mut places = vec![0];
        for id in first..last {
            types.record(id, &mut bytes);
            places.push(bytes.len() as u32);
        }
        Chunk {
            bytes: bytes.into(),
            places: places.into(),
        }
    }
}
