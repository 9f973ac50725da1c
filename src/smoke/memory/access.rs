//! Reading and writing, as instructions and helpers do.
//!
//! An access lies in one object and within its bounds, or it is denied. Where an object
//! is kept in pieces, an access may touch several; they are gone through in order.

use super::cells::ZEROS;
use super::{AccessError, Data, Denied, IN_PAGE, Memory, Overlay, PAGE, Region, take};

/// The element that an offset is in, and the offset there.
#[inline]
fn split(off: usize, shift: u32) -> (u64, usize) {
    let off = off as u64;
    let index = off.checked_shr(shift).unwrap_or(0);
    let start = index.checked_shl(shift).unwrap_or(0);
    (index, off.wrapping_sub(start) as usize)
}

/// The page that an offset is in, and the offset there.
#[inline]
fn page_of(off: usize) -> (Option<u32>, usize) {
    let page = u32::try_from(off as u64 / PAGE).ok();
    (page, off & IN_PAGE)
}

impl Memory {
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
                off &= (1i64 << shift).wrapping_sub(1);
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
                let (index, within) = split(off, *shift);
                let end = within.checked_add(len).filter(|end| end <= size);
                end.filter(|_| index < *count)
                    .and_then(|end| cells.get(index, *size, within, end))
            }
            Data::Pages(pages) => {
                let (page, within) = page_of(off);
                let end = within.checked_add(len);
                end.and_then(|end| match page.and_then(|page| pages.get(&page)) {
                    Some(Some(bytes)) => bytes.get(within..end),
                    _ => ZEROS.get(within..end),
                })
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
        let wide = u32::try_from(len).unwrap_or(u32::MAX);
        // Found and checked first, borrowed for good only after the error paths.
        let Some(id) = self.find(addr).filter(|_| self.can_write(addr, len)) else {
            return Err(self.denied(addr, wide, true));
        };
        let room = &self.room;
        let spend = |bytes: u64| take(room, bytes);
        let error = |why| AccessError {
            addr,
            size: wide,
            write: true,
            object: None,
            why,
        };
        let region = self.regions.get_mut(id.0 as usize);
        let r = region.ok_or(error(Denied::Nowhere))?;
        let off = usize::try_from(addr.wrapping_sub(r.base)).map_err(|_| error(Denied::Bounds))?;
        r.touched = true;
        let found = match &mut r.data {
            Data::Flat { bytes, .. } => {
                let end = off.checked_add(len);
                end.and_then(|end| bytes.get_mut(off..end))
            }
            Data::Cells {
                size, shift, cells, ..
            } => {
                let (index, within) = split(off, *shift);
                let end = within.saturating_add(len);
                let found = cells.get_mut(index, *size, within, end, spend);
                found.map_err(|_| error(Denied::Spent))?
            }
            Data::Pages(pages) => {
                let (page, within) = page_of(off);
                match page.and_then(|page| pages.get_mut(&page)) {
                    Some(bytes) => {
                        if bytes.is_none() && !spend(PAGE) {
                            return Err(error(Denied::Spent));
                        }
                        bytes
                            .get_or_insert_with(|| vec![0; PAGE as usize].into())
                            .get_mut(within..within.saturating_add(len))
                    }
                    None => None,
                }
            }
        };
        found.ok_or(error(Denied::Bounds))
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
                    let (index, within) = split(off, *shift);
                    index < *count && within.checked_add(len).is_some_and(|end| end <= *size)
                }
                Data::Pages(pages) => {
                    let (page, within) = page_of(off);
                    page.is_some_and(|page| pages.contains_key(&page))
                        && within
                            .checked_add(len)
                            .is_some_and(|end| end <= PAGE as usize)
                }
            }
    }

    /// How many bytes from an address on are kept in one piece.
    fn run(&self, addr: u64) -> usize {
        let region = self
            .find(addr)
            .and_then(|id| self.regions.get(id.0 as usize));
        let Some(r) = region else { return usize::MAX };
        let off = addr.wrapping_sub(r.base) as usize;
        match &r.data {
            Data::Flat { .. } => usize::MAX,
            Data::Cells { shift, cells, .. } => cells.run(split(off, *shift).1),
            Data::Pages(_) => (PAGE as usize).saturating_sub(page_of(off).1),
        }
    }

    /// The pieces in which `len` bytes at an address are kept: address and length.
    fn pieces(&self, addr: u64, len: usize) -> impl Iterator<Item = (u64, usize)> {
        let mut done = 0;
        std::iter::from_fn(move || {
            let left = len.checked_sub(done).filter(|left| *left > 0)?;
            let at = addr.wrapping_add(done as u64);
            let part = self.run(at).min(left);
            done = done.saturating_add(part);
            Some((at, part))
        })
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
            Err(_) if self.run(addr) < size as usize => {
                self.read(addr, size as usize).map(|bytes| little(&bytes))
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
            None => self.lenient_null || crate::smoke::image::is_map_handle(addr),
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
                let bytes = value.to_le_bytes();
                let bytes = bytes.get(..size as usize).unwrap_or(&[]);
                if self.run(addr) < bytes.len() && self.write(addr, bytes).is_ok() {
                    return Ok(());
                }
                let region = self
                    .find(addr)
                    .and_then(|id| self.regions.get(id.0 as usize));
                let arena = region.is_some_and(|r| matches!(r.data, Data::Pages(_)));
                let kernel = region.is_some_and(|r| r.lenient && r.live);
                let null = self.arena && addr < 1 << 32;
                if (arena || kernel || null) && error.why != Denied::Spent {
                    Ok(())
                } else {
                    Err(error)
                }
            }
        }
    }

    /// A copy of the bytes at an address; what it costs is the caller's to pay.
    pub fn read(&self, addr: u64, len: usize) -> Result<Vec<u8>, AccessError> {
        let mut out = Vec::new();
        self.append(addr, len, &mut out).map(|()| out)
    }

    /// Reads bytes behind others.
    pub fn append(&self, addr: u64, len: usize, out: &mut Vec<u8>) -> Result<(), AccessError> {
        if let Ok(bytes) = self.slice(addr, len) {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        let before = out.len();
        if self.run(addr) < len {
            let gathered = self.pieces(addr, len).try_for_each(|(at, part)| {
                out.extend_from_slice(self.slice(at, part)?);
                Ok::<(), AccessError>(())
            });
            if gathered.is_ok() {
                return Ok(());
            }
            out.truncate(before);
        }
        let error = self.denied(addr, u32::try_from(len).unwrap_or(u32::MAX), false);
        if len > 1 << 20 {
            return Err(error);
        }
        self.forgive(addr, error)
            .map(|_| out.resize(before.saturating_add(len), 0))
    }

    /// Writes bytes at an address.
    pub fn write(&mut self, addr: u64, bytes: &[u8]) -> Result<(), AccessError> {
        let mut rest = bytes;
        self.change(addr, bytes.len(), |piece| {
            if let Some((now, later)) = rest.split_at_checked(piece.len()) {
                piece.copy_from_slice(now);
                rest = later;
            }
        })
    }

    /// Makes all bytes at an address the same.
    pub fn fill(&mut self, addr: u64, len: usize, byte: u8) -> Result<(), AccessError> {
        self.change(addr, len, |piece| piece.fill(byte))
    }

    /// Changes bytes at an address, piece by piece; none if not all may be.
    fn change(
        &mut self,
        addr: u64,
        len: usize,
        mut change: impl FnMut(&mut [u8]),
    ) -> Result<(), AccessError> {
        if self.run(addr) >= len {
            change(self.slice_mut(addr, len)?);
            return Ok(());
        }
        if !self
            .pieces(addr, len)
            .all(|(at, part)| self.can_write(at, part))
        {
            let size = u32::try_from(len).unwrap_or(u32::MAX);
            return Err(self.denied(addr, size, true));
        }
        let mut done = 0;
        while done < len {
            let at = addr.wrapping_add(done as u64);
            let part = self.run(at).min(len.saturating_sub(done));
            change(self.slice_mut(at, part)?);
            done = done.saturating_add(part);
        }
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
}

#[inline]
pub(super) fn little(bytes: &[u8]) -> u64 {
    match *bytes {
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => 0,
    }
}
