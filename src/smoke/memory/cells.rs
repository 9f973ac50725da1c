//! The elements of arrays: a value or many, small or of gigabytes.
//!
//! Small arrays are one piece of memory. Of large ones only the *pieces* are kept
//! that somebody wrote to: an element of up to [`PIECE`] bytes is one piece, a larger
//! one has several. All else reads as zero, or as the bytes that the object gives.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::digest::Digest;

/// Arrays up to this many bytes are kept whole.
const FLAT_BYTES: u64 = 1 << 15;
/// Bytes of a piece.
const PIECE: usize = 4096;

/// Number of an element, and of a piece in it.
type At = (u64, usize);

/// The bytes of all elements.
#[derive(Clone, Debug)]
pub(super) enum Cells {
    Flat(Vec<u8>),
    Sparse {
        pieces: BTreeMap<At, Box<[u8]>>,
        /// What the first element reads as where nobody wrote.
        first: Arc<[u8]>,
    },
}

/// The run has no bytes left for a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spent;

impl Cells {
    /// `count` zeroed elements of `size` bytes; `spend` says whether so many may be made.
    pub(super) fn new(size: usize, count: u64, spend: impl Fn(u64) -> bool) -> Option<Cells> {
        let bytes = (size as u64).checked_mul(count)?;
        if bytes > FLAT_BYTES {
            return Some(Cells::Sparse {
                pieces: BTreeMap::new(),
                first: Arc::from([]),
            });
        }
        spend(bytes).then(|| Cells::Flat(vec![0; bytes as usize]))
    }

    /// What the first element holds before anybody writes.
    pub(super) fn preset(&mut self, bytes: &Arc<[u8]>) {
        match self {
            Cells::Flat(all) => copy(all, bytes),
            Cells::Sparse { first, .. } => *first = Arc::clone(bytes),
        }
    }

    /// Bytes `from..to` of an element of `size`, if they are in one piece.
    #[inline]
    pub(super) fn get(&self, index: u64, size: usize, from: usize, to: usize) -> Option<&[u8]> {
        match self {
            Cells::Flat(bytes) => bytes.get(range(index, size, from, to)?),
            Cells::Sparse { pieces, first } => {
                let (piece, start) = piece_of(from);
                let (lo, hi) = (from.saturating_sub(start), to.checked_sub(start)?);
                match pieces.get(&(index, piece)) {
                    Some(bytes) => bytes.get(lo..hi),
                    None if hi > PIECE => None,
                    None if index == 0 && from < first.len() => first.get(from..to),
                    None => ZEROS.get(lo..hi),
                }
            }
        }
    }

    /// The same, to write; a piece that is made costs what `spend` takes.
    ///
    /// # Errors
    ///
    /// The piece would cost more than is left.
    #[inline]
    pub(super) fn get_mut(
        &mut self,
        index: u64,
        size: usize,
        from: usize,
        to: usize,
        spend: impl Fn(u64) -> bool,
    ) -> Result<Option<&mut [u8]>, Spent> {
        match self {
            Cells::Flat(bytes) => {
                Ok(range(index, size, from, to).and_then(|range| bytes.get_mut(range)))
            }
            Cells::Sparse { pieces, first } => {
                let (piece, start) = piece_of(from);
                let Some(hi) = to.checked_sub(start).filter(|hi| *hi <= PIECE) else {
                    return Ok(None);
                };
                let bytes = match pieces.entry((index, piece)) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(free) => {
                        let len = size.saturating_sub(start).min(PIECE);
                        if !spend(len as u64) {
                            return Err(Spent);
                        }
                        let mut bytes = vec![0; len];
                        if index == 0 {
                            copy(&mut bytes, first.get(start..).unwrap_or(&[]));
                        }
                        free.insert(bytes.into())
                    }
                };
                Ok(bytes.get_mut(from.saturating_sub(start)..hi))
            }
        }
    }

    /// How many bytes from one of an element's on are in one piece.
    pub(super) fn run(&self, from: usize) -> usize {
        let Cells::Sparse { first, .. } = self else {
            return usize::MAX;
        };
        let to_end = PIECE.saturating_sub(from % PIECE);
        match first.len().saturating_sub(from) {
            0 => to_end,
            given => to_end.min(given),
        }
    }

    /// Makes an element zero.
    pub(super) fn clear(&mut self, index: u64, size: usize) {
        match self {
            Cells::Flat(bytes) => {
                if let Some(bytes) = range(index, size, 0, size).and_then(|r| bytes.get_mut(r)) {
                    bytes.fill(0);
                }
            }
            Cells::Sparse { pieces, .. } => {
                let all = (index, 0)..=(index, usize::MAX);
                let written: Vec<At> = pieces.range(all).map(|(at, _)| *at).collect();
                for at in written {
                    pieces.remove(&at);
                }
            }
        }
    }

    /// The elements that may differ from zero, in order.
    pub(super) fn written(&self, size: usize) -> Vec<u64> {
        match self {
            Cells::Flat(bytes) => {
                let cells = bytes.chunks(size.max(1)).enumerate();
                let written = cells.filter(|(_, cell)| cell.iter().any(|b| *b != 0));
                written.map(|(i, _)| i as u64).collect()
            }
            Cells::Sparse { pieces, first } => {
                let given = (!first.is_empty()).then_some(0);
                let mut out: Vec<u64> = pieces.keys().map(|(i, _)| *i).chain(given).collect();
                out.sort_unstable();
                out.dedup();
                out
            }
        }
    }

    /// Mixes what was written into a digest.
    pub(super) fn digest(&self, hash: &mut Digest) {
        match self {
            Cells::Flat(bytes) => hash.bytes(bytes),
            Cells::Sparse { pieces, .. } => {
                for ((index, piece), bytes) in pieces {
                    hash.word(*index);
                    hash.word(*piece as u64);
                    hash.bytes(bytes);
                }
            }
        }
    }
}

/// Where bytes of an element are in a flat array.
#[inline]
fn range(index: u64, size: usize, from: usize, to: usize) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(index).ok()?.checked_mul(size)?;
    Some(start.checked_add(from)?..start.checked_add(to)?)
}

/// Copies as much as there is room for.
fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// The piece that a byte of an element is in, and where that begins.
fn piece_of(from: usize) -> (usize, usize) {
    let piece = from / PIECE;
    (piece, piece.saturating_mul(PIECE))
}

/// What untouched pieces read as.
pub(super) static ZEROS: [u8; PIECE] = [0; PIECE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_elements_are_kept_in_pieces() {
        let mut cells = Cells::new(1 << 31, 2, |_| false).unwrap();
        assert_eq!(cells.get(1, 1 << 31, 5_000, 5_004), Some(&[0; 4][..]));
        assert_eq!(cells.get(0, 1 << 31, 4_094, 4_098), None);
        assert!(cells.get_mut(1, 1 << 31, 8, 16, |_| false).is_err());
        let made = cells.get_mut(1, 1 << 31, 8, 16, |n| n == 4_096).unwrap();
        made.unwrap().fill(7);
        assert_eq!(cells.get(1, 1 << 31, 15, 17), Some(&[7, 0][..]));
        assert_eq!(cells.written(1 << 31), [1]);
        cells.clear(1, 1 << 31);
        assert_eq!(cells.written(1 << 31), [0; 0]);
    }

    #[test]
    fn given_bytes_are_read_until_they_are_written() {
        let mut cells = Cells::new(100_000, 1, |_| true).unwrap();
        cells.preset(&Arc::from([1, 2, 3]));
        assert_eq!(cells.get(0, 100_000, 1, 3), Some(&[2, 3][..]));
        assert_eq!((cells.run(1), cells.run(3)), (2, 4_093));
        let piece = cells.get_mut(0, 100_000, 2, 4, |_| true).unwrap();
        assert_eq!(piece, Some(&mut [3, 0][..]));
    }
}
