//! Longest-prefix-match tries. A key is a prefix length in bits (`u32`) and the
//! data; a lookup finds the longest stored prefix of the data that is not longer
//! than the length asked with.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::errno::{EEXIST, EINVAL, ENOENT, ENOSPC};
use super::{EXIST, FreeCells, NOEXIST};
use crate::smoke::memory::RegionId;

/// Prefixes with the cells of their values.
#[derive(Clone, Debug)]
pub struct LpmBody {
    /// The region of the cells.
    pub region: RegionId,
    max: u64,
    /// By normal key: the cell, and the key as it was given.
    index: BTreeMap<Vec<u8>, (u64, Vec<u8>)>,
    free: FreeCells,
}

/// The key with everything beyond its prefix cleared; `None` if it is too long.
fn normal(key: &[u8]) -> Option<Vec<u8>> {
    let (len, data) = key.split_first_chunk::<4>()?;
    let bits = u32::from_le_bytes(*len) as usize;
    if bits > data.len().saturating_mul(8) {
        return None;
    }
    Some(cut(bits, data))
}

fn cut(bits: usize, data: &[u8]) -> Vec<u8> {
    let mut out = (bits as u32).to_le_bytes().to_vec();
    out.extend(
        data.iter()
            .enumerate()
            .map(|(i, byte)| match bits.saturating_sub(i * 8) {
                0 => 0,
                left @ 1..=7 => byte & !(0xff >> left),
                _ => *byte,
            }),
    );
    out
}

impl LpmBody {
    /// An empty trie of `max` prefixes.
    pub fn new(region: RegionId, max: u64) -> LpmBody {
        LpmBody {
            region,
            max,
            index: BTreeMap::new(),
            free: FreeCells::default(),
        }
    }

    /// The keys in order, as they were given.
    pub fn keys(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.index.values().map(|(_, key)| key)
    }

    /// The key after one, or the first where that is not there.
    pub fn key_after(&self, key: Option<&[u8]>) -> Option<&Vec<u8>> {
        let key = key.and_then(normal);
        match key.filter(|key| self.index.contains_key(key)) {
            Some(key) => {
                let after = (Bound::Excluded(key), Bound::Unbounded);
                self.index.range(after).next().map(|(_, (_, k))| k)
            }
            None => self.keys().next(),
        }
    }

    /// The cell of the longest matching prefix.
    pub fn lookup(&self, key: &[u8]) -> Option<u64> {
        let (len, data) = key.split_first_chunk::<4>()?;
        let most = (u32::from_le_bytes(*len) as usize).min(data.len().saturating_mul(8));
        (0..=most)
            .rev()
            .find_map(|bits| self.index.get(&cut(bits, data)).map(|(cell, _)| *cell))
    }

    /// The cell to write a prefix's value to.
    pub fn insert(&mut self, key: &[u8], flags: u64) -> Result<u64, i64> {
        let given = key.to_vec();
        let key = normal(key).ok_or(EINVAL)?;
        if let Some((cell, known)) = self.index.get_mut(&key) {
            return if flags == NOEXIST {
                Err(EEXIST)
            } else {
                *known = given;
                Ok(*cell)
            };
        }
        if flags == EXIST {
            return Err(ENOENT);
        }
        if self.index.len() as u64 >= self.max {
            return Err(ENOSPC);
        }
        let cell = self.free.take(self.max + 1).ok_or(ENOSPC)?;
        self.index.insert(key, (cell, given));
        Ok(cell)
    }

    /// Removes exactly this prefix.
    pub fn remove(&mut self, key: &[u8]) -> i64 {
        let Some(key) = normal(key) else {
            return EINVAL;
        };
        match self.index.remove(&key) {
            Some((cell, _)) => {
                self.free.give(cell);
                0
            }
            None => ENOENT,
        }
    }
}
