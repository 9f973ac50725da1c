//! Ring buffers towards user space. A consumer is modelled that takes what is
//! submitted at once, so that only reservations not yet submitted take room.

use super::Body;
use super::errno::{E2BIG, EAGAIN, EINVAL};
use crate::smoke::engine::FaultKind;
use crate::smoke::memory::{Kind, RegionId};
use crate::smoke::runtime::Runtime;
use std::collections::BTreeMap;

/// Bytes of a record's header.
const HEADER: u64 = 8;
/// Flags of submissions: no wake-up, forced wake-up.
const FLAGS: u64 = 3;

/// A ring and its open reservations.
#[derive(Clone, Debug)]
pub struct Ring {
    size: u64,
    /// Bytes ever produced, headers included.
    pub produced: u64,
    consumed: u64,
    open: BTreeMap<u64, (RegionId, u64)>,
}

fn room(len: u64) -> u64 {
    let len = len.saturating_add(HEADER);
    len.checked_next_multiple_of(8).unwrap_or(u64::MAX)
}

impl Ring {
    /// An empty ring of that many bytes.
    pub fn new(size: u64) -> Ring {
        Ring {
            size,
            produced: 0,
            consumed: 0,
            open: BTreeMap::new(),
        }
    }

    fn fits(&self, len: u64) -> bool {
        len < 1 << 30
            && room(len) <= self.size
            && self.produced - self.consumed + room(len) <= self.size
    }

    /// Reservations not yet submitted or discarded.
    pub fn open(&self) -> usize {
        self.open.len()
    }
}

impl Runtime {
    fn ring(&mut self, map: u32) -> Result<&mut Ring, FaultKind> {
        match self.maps.get_mut(map as usize).map(|m| &mut m.body) {
            Some(Body::Ringbuf(ring)) => Ok(ring),
            _ => Err(FaultKind::BadArgument("not a ring buffer")),
        }
    }

    /// Reserves a record; 0 if there is no room.
    pub fn ring_reserve(&mut self, map: u32, len: u64, flags: u64) -> Result<u64, FaultKind> {
        let ring = self.ring(map)?;
        if flags != 0 || !ring.fits(len) {
            return Ok(0);
        }
        let Some(region) = self.mem.alloc_zeroed(Kind::Record, len) else {
            return Err(FaultKind::NotModelled("more memory objects".into()));
        };
        let addr = self.mem.base(region);
        let ring = self.ring(map)?;
        ring.produced += room(len);
        ring.open.insert(addr, (region, len));
        Ok(addr)
    }

    /// Ends a reservation; its bytes go out if it is submitted.
    pub fn ring_finish(&mut self, record: u64, submit: bool) -> Result<(), FaultKind> {
        let holder = self.maps.iter_mut().find_map(|m| match &mut m.body {
            Body::Ringbuf(ring) => ring.open.remove(&record).map(|open| {
                ring.consumed += room(open.1);
                (m.id, open)
            }),
            _ => None,
        });
        let Some((map, (region, len))) = holder else {
            return Err(FaultKind::NotReserved);
        };
        if submit {
            self.spend(len)?;
            let bytes = self.mem.read(record, len as usize)?;
            self.output.ringbuf.push((map, bytes));
        }
        self.mem.free(region);
        Ok(())
    }

    /// Copies bytes out through a ring.
    pub fn ring_output(&mut self, map: u32, bytes: Vec<u8>, flags: u64) -> Result<i64, FaultKind> {
        let ring = self.ring(map)?;
        if flags & !FLAGS != 0 {
            return Ok(EINVAL);
        }
        let len = bytes.len() as u64;
        if room(len) > ring.size {
            return Ok(E2BIG);
        }
        if !ring.fits(len) {
            return Ok(EAGAIN);
        }
        ring.produced += room(len);
        ring.consumed += room(len);
        self.output.ringbuf.push((map, bytes));
        Ok(0)
    }

    /// Asks a ring: 0 unread bytes, 1 size, 2 consumer position, 3 producer position.
    pub fn ring_query(&mut self, map: u32, what: u64) -> Result<u64, FaultKind> {
        let ring = self.ring(map)?;
        Ok(match what {
            0 => ring.produced - ring.consumed,
            1 => ring.size,
            2 => ring.consumed,
            3 => ring.produced,
            _ => 0,
        })
    }
}
