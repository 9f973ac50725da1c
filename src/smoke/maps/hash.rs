//! Hash tables: plain, per CPU, and with eviction of the least recently used.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::errno::{E2BIG, EEXIST, ENOENT};
use super::{EXIST, FreeCells, NOEXIST};
use crate::smoke::memory::RegionId;

/// Keys with the cells of their values; an element has `width` cells.
#[derive(Clone, Debug)]
pub struct HashBody {
    /// The region of the cells.
    pub region: RegionId,
    /// Cells per element: the number of CPUs for per-CPU maps, else 1.
    pub width: u64,
    max: u64,
    lru: bool,
    index: BTreeMap<Vec<u8>, Slot>,
    /// Keys by the time of their last use; only with `lru`.
    order: BTreeMap<u64, Vec<u8>>,
    clock: u64,
    free: FreeCells,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    element: u64,
    used: u64,
}

impl HashBody {
    /// An empty table of `max` elements over a region of `(max + 1) * width` cells.
    pub fn new(region: RegionId, max: u64, width: u64, lru: bool) -> HashBody {
        HashBody {
            region,
            width,
            max,
            lru,
            index: BTreeMap::new(),
            order: BTreeMap::new(),
            clock: 0,
            free: FreeCells::default(),
        }
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.index.keys()
    }

    /// The key after one, or the first where that is not there.
    pub fn key_after(&self, key: Option<&[u8]>) -> Option<&Vec<u8>> {
        match key.filter(|key| self.index.contains_key(*key)) {
            Some(key) => {
                let after = (Bound::Excluded(key), Bound::Unbounded);
                self.index.range::<[u8], _>(after).next().map(|(k, _)| k)
            }
            None => self.index.keys().next(),
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    fn cell(&self, element: u64, cpu: u32) -> u64 {
        element * self.width + u64::from(cpu) % self.width
    }

    fn touch(&mut self, key: &[u8]) {
        if !self.lru {
            return;
        }
        if let Some(slot) = self.index.get_mut(key) {
            self.order.remove(&slot.used);
            self.clock += 1;
            slot.used = self.clock;
            self.order.insert(self.clock, key.to_vec());
        }
    }

    /// The cell of a key's value on a CPU.
    pub fn lookup(&mut self, key: &[u8], cpu: u32) -> Option<u64> {
        let element = self.index.get(key)?.element;
        self.touch(key);
        Some(self.cell(element, cpu))
    }

    /// The cell to write a key's value to, and whether it is a new element.
    pub fn insert(&mut self, key: &[u8], flags: u64, cpu: u32) -> Result<(u64, bool), i64> {
        if let Some(slot) = self.index.get(key) {
            if flags == NOEXIST {
                return Err(EEXIST);
            }
            let cell = self.cell(slot.element, cpu);
            self.touch(key);
            return Ok((cell, false));
        }
        if flags == EXIST {
            return Err(ENOENT);
        }
        if self.index.len() as u64 >= self.max {
            let oldest = self.order.first_key_value().map(|(_, key)| key.clone());
            match oldest.filter(|_| self.lru) {
                Some(oldest) => self.remove(&oldest),
                None => return Err(E2BIG),
            };
        }
        let element = self.free.take(self.max + 1).ok_or(E2BIG)?;
        self.index.insert(key.to_vec(), Slot { element, used: 0 });
        self.touch(key);
        Ok((self.cell(element, cpu), true))
    }

    /// Removes a key; its first cell.
    pub fn remove(&mut self, key: &[u8]) -> Option<u64> {
        let slot = self.index.remove(key)?;
        self.order.remove(&slot.used);
        self.free.give(slot.element);
        Some(slot.element * self.width)
    }
}
