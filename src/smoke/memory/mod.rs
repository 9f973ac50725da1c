//! The memory of a run: objects with exact bounds and permissions.
//!
//! Programs see 64-bit addresses, none of them real. The address space is cut
//! into slots of 2^28 bytes; an object begins one page into a slot of its own (or
//! the first of several), so that a pointer that leaves its object by any offset
//! a program can reach without further arithmetic hits nothing. An array of
//! values is one object whose elements lie apart by more than their size: the
//! bounds that count are the element's. A freed object's slot is not used again,
//! so that its pointers stay dead.
//!
//! Values are little-endian, as in the programs that run here.
//!
//! Kernel objects are *lenient*: what a program may read through a typed pointer
//! never faults on a real kernel either, it yields zero.
//!
//! Objects are only as large as what is written to them: large ones are kept in
//! pieces (see `cells`). What a run makes and moves is paid for in bytes
//! ([`Memory::spend`]); when they are spent nothing is made any more.
#![warn(clippy::arithmetic_side_effects)]

mod access;
mod arena;
mod cells;
mod denied;
mod digest;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use denied::{AccessError, Denied};
pub use digest::Digest;

use self::cells::Cells;

/// Lowest address of objects; above it the upper half that kernels use.
pub const BASE: u64 = 0xffff_8000_0000_0000;
const SLOT_BITS: u32 = 28;
const LEAD: u64 = 0x1000;
/// Beyond this many slots nothing is allocated any more.
const MAX_SLOTS: usize = 1 << 18;
const PAGE: u64 = 4096;
/// The bits of an offset within a page.
const IN_PAGE: usize = 4095;
/// Names an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionId(pub u32);

/// What an object is, for messages and for helpers that ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A stack frame.
    Stack,
    /// The program's context.
    Context,
    /// A packet.
    Packet,
    /// Values of the map with this index.
    MapValue(u32),
    /// A map's key handed to a callback.
    MapKey,
    /// A ring buffer record.
    Record,
    /// A kernel object.
    Kernel,
    /// An object of the program's own types.
    Object,
    /// Other memory.
    Buffer,
    /// The arena with this map index.
    Arena(u32),
}

impl Kind {
    /// What it is, in a word.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Stack => "stack",
            Kind::Context => "context",
            Kind::Packet => "packet",
            Kind::MapValue(_) => "map value",
            Kind::MapKey => "map key",
            Kind::Record => "ring buffer record",
            Kind::Kernel => "kernel object",
            Kind::Object => "allocated object",
            Kind::Buffer => "buffer",
            Kind::Arena(_) => "arena",
        }
    }
}

/// A context field that reads as a pointer, or as a value that its bytes are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Offset of the field.
    pub off: u32,
    /// Size of the field as programs read it.
    pub size: u8,
    /// What a read yields.
    pub value: u64,
}

#[derive(Clone, Debug)]
enum Data {
    /// Bytes; those from `lo` to below `hi` are accessible.
    Flat {
        bytes: Vec<u8>,
        lo: usize,
        hi: usize,
    },
    /// Elements of `size` bytes, `1 << shift` apart.
    Cells {
        size: usize,
        shift: u32,
        count: u64,
        cells: Cells,
    },
    /// Pages of an arena; their bytes come with the first write.
    Pages(BTreeMap<u32, Option<Box<[u8]>>>),
}

#[derive(Clone, Debug)]
struct Region {
    base: u64,
    kind: Kind,
    data: Data,
    overlays: Vec<Overlay>,
    writable: bool,
    lenient: bool,
    live: bool,
    /// Something was written since it was made; else it equals itself in any run.
    touched: bool,
}

impl Region {
    fn digest(&self, hash: &mut Digest) {
        hash.word(self.base);
        if !self.touched {
            return;
        }
        match &self.data {
            Data::Flat { bytes, lo, hi } => hash.bytes(bytes.get(*lo..*hi).unwrap_or(&[])),
            Data::Cells { cells, .. } => cells.digest(hash),
            Data::Pages(pages) => {
                for (page, bytes) in pages {
                    hash.word(u64::from(*page));
                    hash.bytes(bytes.as_deref().unwrap_or(&[]));
                }
            }
        }
    }
}

/// Takes bytes from what is left, if there are as many.
fn take(room: &Cell<u64>, bytes: u64) -> bool {
    let left = room.get().checked_sub(bytes);
    room.set(left.unwrap_or(0));
    left.is_some()
}

/// All objects of a run.
#[derive(Clone, Debug)]
pub struct Memory {
    regions: Vec<Region>,
    /// Region of each slot, plus one; 0 is none.
    slots: Vec<u32>,
    /// Reads near null yield zero, as typed kernel pointers do.
    pub lenient_null: bool,
    /// Any read may be through an untrusted pointer, which reads zero where it
    /// may not read.
    pub untrusted: bool,
    /// Objects begin this many bytes further on.
    skew: u64,
    /// There is an arena: writes through its null pointers do no harm.
    pub arena: bool,
    /// Objects whose bytes a later run may take over.
    spare: Vec<RegionId>,
    /// Bytes that may still be made or moved.
    room: Cell<u64>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new(0, u64::MAX)
    }
}

impl Memory {
    /// Memory in which so many bytes may be made and moved. Objects begin `skew` bytes
    /// further on than usual: no result may depend on it.
    pub fn new(skew: u64, room: u64) -> Memory {
        Memory {
            regions: Vec::new(),
            slots: Vec::new(),
            lenient_null: false,
            untrusted: false,
            skew,
            arena: false,
            spare: Vec::new(),
            room: Cell::new(room),
        }
    }

    /// Pays for bytes that are made, copied or searched; false when too few are left.
    #[must_use]
    pub fn spend(&self, bytes: u64) -> bool {
        take(&self.room, bytes)
    }

    /// Bytes that may still be made or moved.
    pub fn room(&self) -> u64 {
        self.room.get()
    }

    fn place(&mut self, span: u64, align_slots: usize) -> Option<u64> {
        let span = span.checked_add(LEAD)?.checked_add(self.skew)?;
        let need = usize::try_from(span.div_ceil(1 << SLOT_BITS)).ok()?;
        let at = self.slots.len().next_multiple_of(align_slots);
        let end = at.checked_add(need)?;
        if end > MAX_SLOTS {
            return None;
        }
        let id = u32::try_from(self.regions.len()).ok()?.checked_add(1)?;
        self.slots.resize(at, 0);
        self.slots.resize(end, id);
        Some(BASE.wrapping_add((at as u64) << SLOT_BITS))
    }

    fn add(&mut self, kind: Kind, span: u64, data: Data, align_slots: usize) -> Option<RegionId> {
        let lead = if align_slots == 1 {
            LEAD.wrapping_add(self.skew)
        } else {
            0
        };
        let base = self.place(span, align_slots)?.wrapping_add(lead);
        self.regions.push(Region {
            base,
            kind,
            data,
            overlays: Vec::new(),
            writable: true,
            lenient: false,
            live: true,
            touched: false,
        });
        Some(RegionId((self.regions.len() as u32).wrapping_sub(1)))
    }

    /// An object of so many zeroes; `None` when the address space is used up, or the
    /// run's bytes are spent.
    pub fn alloc_zeroed(&mut self, kind: Kind, len: u64) -> Option<RegionId> {
        let size = usize::try_from(len).ok().filter(|_| len <= self.room())?;
        self.alloc(kind, vec![0; size])
    }

    /// An object of these bytes; `None` as in [`Memory::alloc_zeroed`].
    pub fn alloc(&mut self, kind: Kind, bytes: Vec<u8>) -> Option<RegionId> {
        if !self.spend(bytes.len() as u64) {
            return None;
        }
        let (lo, hi) = (0, bytes.len());
        let span = bytes.len() as u64;
        self.add(kind, span, Data::Flat { bytes, lo, hi }, 1)
    }

    /// A kernel object: reads beyond its bytes and writes to it are harmless.
    pub fn alloc_kernel(&mut self, bytes: Vec<u8>) -> Option<RegionId> {
        let id = self.alloc(Kind::Kernel, bytes)?;
        let region = self.regions.get_mut(id.0 as usize)?;
        region.lenient = true;
        region.writable = false;
        Some(id)
    }

    /// An array of zeroed elements, each with bounds of its own.
    pub fn alloc_cells(&mut self, kind: Kind, size: u32, count: u64) -> Option<RegionId> {
        let shift = (u64::from(size) + 64).next_power_of_two().trailing_zeros();
        let cells = Cells::new(size as usize, count, |bytes| self.spend(bytes))?;
        let size = size as usize;
        let span = count.checked_mul(1 << shift)?;
        self.add(
            kind,
            span,
            Data::Cells {
                size,
                shift,
                count,
                cells,
            },
            1,
        )
    }

    /// Gives the only element of an array its first bytes; no write.
    pub fn preset(&mut self, id: RegionId, bytes: &Arc<[u8]>) {
        if let Some(Region {
            data: Data::Cells { cells, .. },
            ..
        }) = self.regions.get_mut(id.0 as usize)
        {
            cells.preset(bytes);
        }
    }

    /// Makes an element zero.
    pub fn clear_cell(&mut self, id: RegionId, index: u64) {
        if let Some(Region {
            data: Data::Cells { cells, size, .. },
            touched,
            ..
        }) = self.regions.get_mut(id.0 as usize)
        {
            *touched = true;
            cells.clear(index, *size);
        }
    }

    /// The elements of an array that may differ from zero, in order.
    pub fn written_cells(&self, id: RegionId) -> Vec<u64> {
        match self.regions.get(id.0 as usize).map(|r| &r.data) {
            Some(Data::Cells { cells, size, .. }) => cells.written(*size),
            _ => Vec::new(),
        }
    }

    /// The object's first address.
    pub fn base(&self, id: RegionId) -> u64 {
        self.regions.get(id.0 as usize).map_or(0, |r| r.base)
    }

    /// The address of an element of an array.
    pub fn cell(&self, id: RegionId, index: u64) -> u64 {
        match self.regions.get(id.0 as usize) {
            Some(Region {
                base,
                data: Data::Cells { shift, .. },
                ..
            }) => base.wrapping_add(index.checked_shl(*shift).unwrap_or(0)),
            Some(r) => r.base,
            None => 0,
        }
    }

    /// The element an address points into.
    pub fn cell_of(&self, addr: u64) -> Option<(RegionId, u64)> {
        let id = self.find(addr)?;
        match self.regions.get(id.0 as usize)? {
            Region {
                base,
                data: Data::Cells { shift, .. },
                ..
            } => Some((id, (addr.checked_sub(*base)?) >> shift)),
            _ => None,
        }
    }

    /// The object near whose bounds an address is.
    pub fn find(&self, addr: u64) -> Option<RegionId> {
        let slot = addr.checked_sub(BASE)? >> SLOT_BITS;
        let id = *self.slots.get(usize::try_from(slot).ok()?)?;
        id.checked_sub(1).map(RegionId)
    }

    /// What an object is.
    pub fn kind(&self, id: RegionId) -> Option<Kind> {
        self.regions.get(id.0 as usize).map(|r| r.kind)
    }

    /// What the object near an address is.
    pub fn kind_at(&self, addr: u64) -> Option<Kind> {
        self.kind(self.find(addr)?)
    }

    /// Whether the object is still there.
    pub fn is_live(&self, id: RegionId) -> bool {
        self.regions.get(id.0 as usize).is_some_and(|r| r.live)
    }

    /// Ends an object; its addresses stay dead.
    pub fn free(&mut self, id: RegionId) {
        if let Some(r) = self.regions.get_mut(id.0 as usize) {
            r.live = false;
            if let Data::Flat { bytes, hi, .. } = &mut r.data {
                *bytes = Vec::new();
                *hi = 0;
            }
        }
    }

    /// Gives a finished object to [`Memory::reuse`]; nobody may hold its address.
    pub fn retire(&mut self, id: RegionId) {
        self.spare.push(id);
    }

    /// A zeroed object of this size in place of a retired one, or a new one.
    pub fn reuse(&mut self, kind: Kind, size: usize) -> Option<RegionId> {
        let fits = |r: &Region| {
            r.kind == kind && matches!(&r.data, Data::Flat { bytes, .. } if bytes.len() == size)
        };
        let last = self.spare.last().copied();
        if let Some(id) = last
            && let Some(r) = self.regions.get_mut(id.0 as usize)
            && fits(r)
        {
            self.spare.pop();
            if let Data::Flat { bytes, .. } = &mut r.data {
                bytes.fill(0);
            }
            return Some(id);
        }
        self.alloc_zeroed(kind, size as u64)
    }

    /// Makes an object read-only, or writable again.
    pub fn set_writable(&mut self, id: RegionId, writable: bool) {
        if let Some(r) = self.regions.get_mut(id.0 as usize) {
            r.writable = writable;
        }
    }

    /// Makes a whole object forgiving: what is out of bounds reads as zero.
    pub fn set_lenient(&mut self, id: RegionId) {
        if let Some(r) = self.regions.get_mut(id.0 as usize) {
            r.lenient = true;
        }
    }

    /// Replaces the fields that do not read as their bytes.
    pub fn set_overlays(&mut self, id: RegionId, overlays: Vec<Overlay>) {
        if let Some(r) = self.regions.get_mut(id.0 as usize) {
            r.overlays = overlays;
        }
    }

    /// Replaces the value of one such field.
    pub fn set_overlay(&mut self, id: RegionId, off: u32, value: u64) {
        if let Some(r) = self.regions.get_mut(id.0 as usize)
            && let Some(o) = r.overlays.iter_mut().find(|o| o.off == off)
        {
            o.value = value;
        }
    }

    /// All bytes of a flat object, accessible or not.
    pub fn bytes(&self, id: RegionId) -> &[u8] {
        match self.regions.get(id.0 as usize).map(|r| &r.data) {
            Some(Data::Flat { bytes, .. }) => bytes,
            _ => &[],
        }
    }

    /// All bytes of a flat object, to change them from outside.
    pub fn bytes_mut(&mut self, id: RegionId) -> &mut [u8] {
        match self.regions.get_mut(id.0 as usize) {
            Some(Region {
                data: Data::Flat { bytes, .. },
                touched,
                ..
            }) => {
                *touched = true;
                bytes
            }
            _ => &mut [],
        }
    }

    /// Which bytes of a flat object a program may touch.
    pub fn set_window(&mut self, id: RegionId, from: usize, to: usize) {
        if let Some(Region {
            data: Data::Flat { bytes, lo, hi },
            ..
        }) = self.regions.get_mut(id.0 as usize)
        {
            *hi = to.min(bytes.len());
            *lo = from.min(*hi);
        }
    }

    /// Replaces the bytes of a flat object and makes all of them accessible.
    pub fn replace(&mut self, id: RegionId, new: Vec<u8>) {
        if let Some(Region {
            data: Data::Flat { bytes, lo, hi },
            touched,
            ..
        }) = self.regions.get_mut(id.0 as usize)
        {
            *touched = true;
            *lo = 0;
            *hi = new.len();
            *bytes = new;
        }
    }

    /// A digest of everything programs can read, for comparing two runs.
    pub fn digest(&self) -> u64 {
        let mut hash = Digest::default();
        for r in self
            .regions
            .iter()
            .filter(|r| r.live && r.kind != Kind::Stack)
        {
            r.digest(&mut hash);
        }
        hash.0
    }

    /// Mixes one object into a digest.
    pub fn digest_of(&self, id: RegionId, hash: &mut Digest) {
        if let Some(r) = self.regions.get(id.0 as usize) {
            r.digest(hash);
        }
    }
}
