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

use std::collections::BTreeMap;
use std::fmt;

/// Lowest address of objects; above it the upper half that kernels use.
pub const BASE: u64 = 0xffff_8000_0000_0000;
const SLOT_BITS: u32 = 28;
const LEAD: u64 = 0x1000;
/// Beyond this many slots nothing is allocated any more.
const MAX_SLOTS: usize = 1 << 18;
/// Arrays up to this many bytes are stored flat, larger ones by element.
const FLAT_BYTES: u64 = 1 << 15;
const PAGE: u64 = 4096;
/// Most pages that arenas have here.
const MAX_PAGES: usize = 1 << 16;

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

/// Why an access is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError {
    /// First byte accessed.
    pub addr: u64,
    /// Bytes accessed.
    pub size: u32,
    /// It was a write.
    pub write: bool,
    /// The object meant, with the offset in it, if the address is near one.
    pub object: Option<(Kind, i64)>,
    /// What is wrong.
    pub why: Denied,
}

/// What is wrong with an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The address is in no object.
    Nowhere,
    /// The address is null or close to it.
    Null,
    /// Some byte is outside the object's bounds.
    Bounds,
    /// The object is gone.
    Freed,
    /// The object may only be read.
    ReadOnly,
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.write { "write" } else { "read" };
        write!(f, "{what} of {} bytes ", self.size)?;
        match self.object {
            Some((kind, off)) => write!(f, "at offset {off} of a {}", kind.word())?,
            None => write!(f, "at {:#x}", self.addr)?,
        }
        f.write_str(match self.why {
            Denied::Nowhere => ": no object is there",
            Denied::Null => ": null pointer",
            Denied::Bounds => ": outside its bounds",
            Denied::Freed => ": it was freed",
            Denied::ReadOnly => ": it is read-only",
        })
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
enum Cells {
    Flat(Vec<u8>),
    Sparse(BTreeMap<u64, Box<[u8]>>),
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
            Data::Cells {
                cells: Cells::Flat(bytes),
                ..
            } => hash.bytes(bytes),
            Data::Cells {
                cells: Cells::Sparse(map),
                ..
            } => {
                for (index, bytes) in map {
                    hash.word(*index);
                    hash.bytes(bytes);
                }
            }
            Data::Pages(pages) => {
                for (page, bytes) in pages {
                    hash.word(u64::from(*page));
                    hash.bytes(bytes.as_deref().unwrap_or(&[]));
                }
            }
        }
    }
}

/// All objects of a run.
#[derive(Clone, Debug, Default)]
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
}

impl Memory {
    /// Memory whose objects begin so many bytes further on than usual: no result
    /// may depend on it.
    pub fn skewed(skew: u64) -> Memory {
        Memory {
            skew,
            ..Memory::default()
        }
    }

    fn place(&mut self, span: u64, align_slots: usize) -> Option<u64> {
        let need = (span + LEAD + self.skew).div_ceil(1 << SLOT_BITS) as usize;
        let at = self.slots.len().next_multiple_of(align_slots);
        if at.checked_add(need)? > MAX_SLOTS {
            return None;
        }
        let id = self.regions.len() as u32 + 1;
        self.slots.resize(at, 0);
        self.slots.resize(at + need, id);
        Some(BASE + ((at as u64) << SLOT_BITS))
    }

    fn add(&mut self, kind: Kind, span: u64, data: Data, align_slots: usize) -> Option<RegionId> {
        let lead = if align_slots == 1 {
            LEAD + self.skew
        } else {
            0
        };
        let base = self.place(span, align_slots)? + lead;
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
        Some(RegionId(self.regions.len() as u32 - 1))
    }

    /// An object of these bytes; `None` when the address space is used up.
    pub fn alloc(&mut self, kind: Kind, bytes: Vec<u8>) -> Option<RegionId> {
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
        let bytes = u64::from(size).checked_mul(count)?;
        let cells = if bytes <= FLAT_BYTES {
            Cells::Flat(vec![0; bytes as usize])
        } else {
            Cells::Sparse(BTreeMap::new())
        };
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

    /// An arena of 4 GiB without pages.
    pub fn alloc_arena(&mut self, map: u32) -> Option<RegionId> {
        self.add(
            Kind::Arena(map),
            (1 << 32) - LEAD,
            Data::Pages(BTreeMap::new()),
            16,
        )
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
            }) => base + (index << shift),
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
        self.alloc(kind, vec![0; size])
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

    /// Adds pages to an arena; false when it has too many.
    pub fn map_pages(&mut self, id: RegionId, first: u32, count: u32) -> bool {
        let Some(Region {
            data: Data::Pages(pages),
            touched,
            ..
        }) = self.regions.get_mut(id.0 as usize)
        else {
            return false;
        };
        if pages.len() + count as usize > MAX_PAGES {
            return false;
        }
        *touched = true;
        for page in first..first.saturating_add(count) {
            pages.entry(page).or_insert(None);
        }
        true
    }

    /// Takes pages from an arena.
    pub fn unmap_pages(&mut self, id: RegionId, first: u32, count: u32) {
        if let Some(Region {
            data: Data::Pages(pages),
            touched,
            ..
        }) = self.regions.get_mut(id.0 as usize)
        {
            *touched = true;
            let end = first.saturating_add(count);
            pages.retain(|page, _| *page < first || *page >= end);
        }
    }

    /// The first of `count` unmapped pages of an arena of `limit` pages.
    pub fn free_pages(&self, id: RegionId, count: u32, limit: u32) -> Option<u32> {
        let Some(Region {
            data: Data::Pages(pages),
            ..
        }) = self.regions.get(id.0 as usize)
        else {
            return None;
        };
        let mut start = 0u32;
        for page in pages.keys() {
            if page.checked_sub(start)? >= count {
                break;
            }
            start = page + 1;
        }
        (start.checked_add(count)? <= limit).then_some(start)
    }

    fn denied(&self, addr: u64, size: u32, write: bool) -> AccessError {
        let mut error = AccessError {
            addr,
            size,
            write,
            object: None,
            why: Denied::Nowhere,
        };
        if addr < 1 << 16 {
            error.why = Denied::Null;
        }
        if let Some(r) = self
            .find(addr)
            .and_then(|id| self.regions.get(id.0 as usize))
        {
            let mut off = addr.wrapping_sub(r.base) as i64;
            if let Data::Cells { shift, .. } = r.data {
                off &= (1 << shift) - 1;
            }
            error.object = Some((r.kind, off));
            error.why = match r {
                Region { live: false, .. } => Denied::Freed,
                Region {
                    writable: false, ..
                } if write => Denied::ReadOnly,
                _ => Denied::Bounds,
            };
        }
        error
    }

    /// The bytes of one object at an address.
    #[inline]
    pub fn slice(&self, addr: u64, len: usize) -> Result<&[u8], AccessError> {
        let error = || self.denied(addr, u32::try_from(len).unwrap_or(u32::MAX), false);
        if len == 0 {
            return Ok(&[]);
        }
        let region = self
            .find(addr)
            .and_then(|id| self.regions.get(id.0 as usize));
        let r = region.ok_or_else(error)?;
        let off = usize::try_from(addr.wrapping_sub(r.base)).map_err(|_| error())?;
        let found = match &r.data {
            Data::Flat { bytes, lo, hi } => {
                let end = off.checked_add(len).filter(|end| off >= *lo && end <= hi);
                end.and_then(|end| bytes.get(off..end))
            }
            Data::Cells {
                size,
                shift,
                count,
                cells,
            } => {
                let (index, within) = (off >> shift, off & ((1 << shift) - 1));
                let end = within.checked_add(len).filter(|end| end <= size);
                end.filter(|_| (index as u64) < *count)
                    .and_then(|end| match cells {
                        Cells::Flat(bytes) => bytes.get(index * size + within..index * size + end),
                        Cells::Sparse(map) => match map.get(&(index as u64)) {
                            Some(cell) => cell.get(within..end),
                            None => ZEROS.get(..len),
                        },
                    })
            }
            Data::Pages(pages) => {
                let (page, within) = ((off as u64 / PAGE) as u32, off % PAGE as usize);
                match pages.get(&page) {
                    Some(Some(bytes)) => bytes.get(within..within + len),
                    _ if within + len > PAGE as usize => None,
                    _ => ZEROS.get(..len),
                }
            }
        };
        found.filter(|_| r.live).ok_or_else(error)
    }

    /// The bytes of one object at an address, to write.
    #[inline]
    pub fn slice_mut(&mut self, addr: u64, len: usize) -> Result<&mut [u8], AccessError> {
        if len == 0 {
            return Ok(&mut []);
        }
        // Found and checked first, borrowed for good only after the error paths.
        let Some(id) = self.find(addr).filter(|_| self.can_write(addr, len)) else {
            return Err(self.denied(addr, u32::try_from(len).unwrap_or(u32::MAX), true));
        };
        let found = self.regions.get_mut(id.0 as usize).and_then(|r| {
            let off = usize::try_from(addr.wrapping_sub(r.base)).ok()?;
            r.touched = true;
            match &mut r.data {
                Data::Flat { bytes, .. } => bytes.get_mut(off..off + len),
                Data::Cells {
                    size, shift, cells, ..
                } => {
                    let (index, within) = (off >> *shift, off & ((1 << *shift) - 1));
                    match cells {
                        Cells::Flat(bytes) => {
                            let at = index * *size + within;
                            bytes.get_mut(at..at + len)
                        }
                        Cells::Sparse(map) => map
                            .entry(index as u64)
                            .or_insert_with(|| vec![0; *size].into())
                            .get_mut(within..within + len),
                    }
                }
                Data::Pages(pages) => {
                    let (page, within) = ((off as u64 / PAGE) as u32, off % PAGE as usize);
                    pages
                        .get_mut(&page)?
                        .get_or_insert_with(|| vec![0; PAGE as usize].into())
                        .get_mut(within..within + len)
                }
            }
        });
        found.ok_or(AccessError {
            addr,
            size: len as u32,
            write: true,
            object: None,
            why: Denied::Bounds,
        })
    }

    fn can_write(&self, addr: u64, len: usize) -> bool {
        let Some(r) = self
            .find(addr)
            .and_then(|id| self.regions.get(id.0 as usize))
        else {
            return false;
        };
        let Ok(off) = usize::try_from(addr.wrapping_sub(r.base)) else {
            return false;
        };
        r.live
            && r.writable
            && match &r.data {
                Data::Flat { lo, hi, .. } => {
                    off >= *lo && off.checked_add(len).is_some_and(|end| end <= *hi)
                }
                Data::Cells {
                    size, shift, count, ..
                } => {
                    let within = off & ((1 << shift) - 1);
                    (off as u64 >> shift) < *count && within + len <= *size
                }
                Data::Pages(pages) => {
                    pages.contains_key(&((off as u64 / PAGE) as u32))
                        && off % PAGE as usize + len <= PAGE as usize
                }
            }
    }

    /// Reads a value of 1, 2, 4 or 8 bytes, as a load instruction does.
    #[inline]
    pub fn load(&self, addr: u64, size: u32) -> Result<u64, AccessError> {
        match self.slice(addr, size as usize) {
            Ok(bytes) => {
                let id = self.find(addr);
                let region = id.and_then(|id| self.regions.get(id.0 as usize));
                if let Some(r) = region
                    && !r.overlays.is_empty()
                {
                    let off = addr.wrapping_sub(r.base);
                    let hit = |o: &&Overlay| u64::from(o.off) == off && u32::from(o.size) == size;
                    if let Some(o) = r.overlays.iter().find(hit) {
                        return Ok(o.value);
                    }
                }
                Ok(little(bytes))
            }
            Err(error) => self.forgive(addr, error),
        }
    }

    fn forgive(&self, addr: u64, error: AccessError) -> Result<u64, AccessError> {
        let region = self
            .find(addr)
            .and_then(|id| self.regions.get(id.0 as usize));
        let lenient = match region {
            Some(r) => r.lenient && r.live,
            // A map's own structure may be read as a kernel object.
            None => self.lenient_null || super::image::is_map_handle(addr),
        } || self.untrusted;
        if lenient { Ok(0) } else { Err(error) }
    }

    /// Writes a value of 1, 2, 4 or 8 bytes, as a store instruction does.
    #[inline]
    pub fn store(&mut self, addr: u64, size: u32, value: u64) -> Result<(), AccessError> {
        match self.slice_mut(addr, size as usize) {
            Ok(bytes) => {
                bytes.copy_from_slice(value.to_le_bytes().get(..size as usize).unwrap_or(&[]));
                if let Some(id) = self.find(addr)
                    && let Some(r) = self.regions.get_mut(id.0 as usize)
                    && !r.overlays.is_empty()
                {
                    let off = addr.wrapping_sub(r.base);
                    let hit =
                        |o: &&mut Overlay| u64::from(o.off) == off && u32::from(o.size) == size;
                    if let Some(o) = r.overlays.iter_mut().find(hit) {
                        o.value = value;
                    }
                }
                Ok(())
            }
            Err(error) => {
                let region = self
                    .find(addr)
                    .and_then(|id| self.regions.get(id.0 as usize));
                let arena = region.is_some_and(|r| matches!(r.data, Data::Pages(_)));
                let kernel = region.is_some_and(|r| r.lenient && r.live);
                let null = self.arena && addr < 1 << 32;
                if arena || kernel || null {
                    Ok(())
                } else {
                    Err(error)
                }
            }
        }
    }

    /// A copy of the bytes at an address.
    pub fn read(&self, addr: u64, len: usize) -> Result<Vec<u8>, AccessError> {
        match self.slice(addr, len) {
            Ok(bytes) => Ok(bytes.to_vec()),
            // Bytes that nobody wrote yet are not there in one piece.
            Err(_) if len > ZEROS.len() => {
                let mut out = Vec::new();
                while out.len() < len {
                    let part = (len - out.len()).min(ZEROS.len());
                    out.extend_from_slice(self.slice(addr + out.len() as u64, part)?);
                }
                Ok(out)
            }
            Err(error) if len <= 1 << 20 => self.forgive(addr, error).map(|_| vec![0; len]),
            Err(error) => Err(error),
        }
    }

    /// Writes bytes at an address.
    pub fn write(&mut self, addr: u64, bytes: &[u8]) -> Result<(), AccessError> {
        self.slice_mut(addr, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// The string at an address, up to its NUL or `max` bytes.
    pub fn string(&self, addr: u64, max: usize) -> Result<Vec<u8>, AccessError> {
        let mut out = Vec::new();
        for i in 0..max as u64 {
            let byte = self
                .slice(addr.wrapping_add(i), 1)?
                .first()
                .copied()
                .unwrap_or(0);
            if byte == 0 {
                break;
            }
            out.push(byte);
        }
        Ok(out)
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

/// What unmapped arena pages and untouched elements read as.
static ZEROS: [u8; 65536] = [0; 65536];

#[inline]
fn little(bytes: &[u8]) -> u64 {
    match *bytes {
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => 0,
    }
}

/// A 64-bit hash for comparing states; not for adversaries.
#[derive(Clone, Copy, Debug)]
pub struct Digest(pub u64);

impl Default for Digest {
    fn default() -> Digest {
        Digest(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Mixes a word in.
    pub fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }

    /// Mixes bytes in.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.word(little(chunk));
        }
        for byte in chunks.remainder() {
            self.word(u64::from(*byte));
        }
    }
}
