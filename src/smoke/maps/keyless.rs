//! Maps without keys: queues, stacks, Bloom filters.

use std::collections::{BTreeMap, VecDeque};

use super::errno::{E2BIG, EINVAL};
use super::{ANY, EXIST};
use crate::smoke::memory::Digest;

/// A queue, or a stack.
#[derive(Clone, Debug)]
pub struct Fifo {
    items: VecDeque<Vec<u8>>,
    stack: bool,
    max: u64,
}

impl Fifo {
    /// An empty one.
    pub fn new(stack: bool, max: u64) -> Fifo {
        Fifo {
            items: VecDeque::new(),
            stack,
            max,
        }
    }

    /// Its values, oldest first.
    pub fn items(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.items.iter()
    }

    /// Adds a value; `BPF_EXIST` lets it displace the oldest when full.
    pub fn push(&mut self, value: &[u8], flags: u64) -> i64 {
        if flags != ANY && flags != EXIST {
            return EINVAL;
        }
        if self.items.len() as u64 >= self.max {
            if flags != EXIST {
                return E2BIG;
            }
            self.items.pop_front();
        }
        self.items.push_back(value.to_vec());
        0
    }

    /// The next value: the oldest of a queue, the newest of a stack.
    pub fn next(&mut self, remove: bool) -> Option<Vec<u8>> {
        match (remove, self.stack) {
            (true, true) => self.items.pop_back(),
            (true, false) => self.items.pop_front(),
            (false, true) => self.items.back().cloned(),
            (false, false) => self.items.front().cloned(),
        }
    }
}

/// A Bloom filter: says "perhaps" or "no".
#[derive(Clone, Debug)]
pub struct Bloom {
    /// How many words of bits there are.
    words: u64,
    /// Those that are not zero.
    bits: BTreeMap<u64, u64>,
    hashes: u64,
}

impl Bloom {
    /// A filter for `max` values; `extra` holds the number of hashes, 0 means 5.
    pub fn new(max: u64, extra: u64) -> Bloom {
        let hashes = if extra & 15 == 0 { 5 } else { extra & 15 };
        // Bits for the least false positives: n * k / ln 2, as a power of two.
        let bits = (max.clamp(1, 1 << 22) * hashes * 7 / 5)
            .next_power_of_two()
            .max(64);
        Bloom {
            words: bits / 64,
            bits: BTreeMap::new(),
            hashes,
        }
    }

    fn positions(&self, value: &[u8]) -> impl Iterator<Item = u64> + use<> {
        let count = self.words * 64;
        let mut hash = Digest::default();
        hash.bytes(value);
        (0..self.hashes).map(move |i| {
            let mut hash = hash;
            hash.word(i);
            hash.word(i);
            (hash.0 >> 7) & (count - 1)
        })
    }

    /// Adds a value.
    pub fn add(&mut self, value: &[u8]) {
        for at in self.positions(value) {
            *self.bits.entry(at / 64).or_default() |= 1 << (at % 64);
        }
    }

    /// Whether the value may have been added.
    pub fn has(&self, value: &[u8]) -> bool {
        let bit = |at: u64| {
            self.bits
                .get(&(at / 64))
                .is_some_and(|w| w >> (at % 64) & 1 != 0)
        };
        self.positions(value).all(bit)
    }

    /// Mixes the bits into a digest.
    pub fn digest(&self, hash: &mut Digest) {
        for (at, word) in &self.bits {
            hash.word(*at);
            hash.word(*word);
        }
    }
}
