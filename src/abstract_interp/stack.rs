//! The stack of one frame, in slots of 8 bytes.
//!
//! Slot `i` stands for the bytes `fp - 8 * (i + 1) .. fp - 8 * i`. Each byte has
//! a kind; `kinds[0]` is the byte at the *highest* address of the slot, as in
//! the order in which a stack grows. A spilled register is kept whole in
//! `spill`; it is readable as a register while all its bytes are `Spill`
//! (`kinds[7]`, the byte at the lowest address, is `Spill` for every spill).

use alloc::rc::Rc;

use smallvec::SmallVec;

use super::value::{Kind, Reg};

/// Bytes in a slot.
pub const SLOT: u32 = 8;
/// Bytes in a frame's stack.
pub const MAX_STACK: u32 = 512;

/// What is known of one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Byte {
    /// Never written.
    Invalid,
    /// Part of a spilled register.
    Spill,
    /// Some data.
    Misc,
    /// Zero.
    Zero,
    /// Part of a dynptr.
    Dynptr,
    /// Part of an iterator.
    Iter,
    /// Part of saved IRQ flags.
    Irq,
}

/// One slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The bytes, highest address first.
    pub kinds: [Byte; 8],
    /// The spilled register, dynptr, iterator or IRQ state.
    pub spill: Reg,
}

impl Slot {
    /// A slot never written.
    pub const EMPTY: Slot = Slot {
        kinds: [Byte::Invalid; 8],
        spill: Reg::UNINIT,
    };

    /// Whether a register of at least some bytes is spilled here.
    pub fn is_spill(&self) -> bool {
        self.kinds[7] == Byte::Spill
    }
    /// Whether the spilled register is a number.
    pub fn is_scalar_spill(&self) -> bool {
        self.is_spill() && self.spill.is_scalar()
    }
    /// Whether a whole 64-bit number is spilled here.
    pub fn is_scalar_spill64(&self) -> bool {
        self.kinds[0] == Byte::Spill && self.spill.is_scalar()
    }
    /// Whether the slot belongs to a dynptr, iterator or IRQ flag.
    pub fn is_special(&self) -> bool {
        matches!(self.kinds[7], Byte::Dynptr | Byte::Iter | Byte::Irq)
    }
    /// Whether it holds an iterator that may give more elements.
    pub fn active_iter_depth(&self) -> Option<u32> {
        match self.spill.kind {
            Kind::IterSlot {
                state: super::value::IterState::Active,
                depth,
                ..
            } if self.kinds[0] == Byte::Iter => Some(depth),
            _ => None,
        }
    }
}

/// Slots that are copied together.
const CHUNK: usize = 4;
const _: () = assert!(((MAX_STACK / SLOT) as usize).is_multiple_of(CHUNK));

type Chunk = [Slot; CHUNK];

static EMPTY_SLOT: Slot = Slot::EMPTY;

/// A frame's stack; slots beyond those allocated were never written.
///
/// Kept states hold many stacks that differ in a slot or two, so slots are
/// shared copy-on-write in chunks: a store after a fork copies the pointers and
/// one chunk, not up to 64 slots. `None` is a chunk of which nothing is written.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    len: u32,
    chunks: SmallVec<[Option<Rc<Chunk>>; 8]>,
}

impl Stack {
    /// The slots allocated so far.
    pub fn slots(&self) -> impl DoubleEndedIterator<Item = &Slot> {
        (0..self.len as usize).map(|spi| self.slot(spi))
    }
    /// How many slots are allocated.
    pub fn slot_count(&self) -> usize {
        self.len as usize
    }
    /// Whether some slot is what is `wanted`; chunks never written are passed
    /// over, so an empty slot must not be wanted.
    pub fn any(&self, wanted: impl Fn(&Slot) -> bool) -> bool {
        self.chunks
            .iter()
            .flatten()
            .any(|chunk| chunk.iter().any(&wanted))
    }
    /// Changes the slots that are `wanted`, given with their indices. What has
    /// none stays shared; as in [`Stack::any`] an empty slot must not be wanted.
    pub fn change(
        &mut self,
        wanted: impl Fn(usize, &Slot) -> bool,
        mut change: impl FnMut(&mut Slot),
    ) {
        self.change_at(wanted, |_, slot| change(slot));
    }
    /// As [`Stack::change`]; the change is told which slot it is.
    pub fn change_at(
        &mut self,
        wanted: impl Fn(usize, &Slot) -> bool,
        mut change: impl FnMut(usize, &mut Slot),
    ) {
        for (at, chunk) in self.chunks.iter_mut().enumerate() {
            let Some(chunk) = chunk else { continue };
            let first = at * CHUNK;
            let mut hits = 0u32;
            for (i, slot) in chunk.iter().enumerate() {
                hits |= u32::from(wanted(first + i, slot)) << i;
            }
            if hits == 0 {
                continue;
            }
            for (i, slot) in Rc::make_mut(chunk).iter_mut().enumerate() {
                if hits >> i & 1 != 0 {
                    change(first + i, slot);
                }
            }
        }
    }
    /// The bytes of its slots, those of shared ones divided among the holders.
    pub fn share(&self) -> usize {
        let chunks = self.chunks.iter().flatten();
        chunks
            .map(|chunk| size_of::<Chunk>() / Rc::strong_count(chunk))
            .sum()
    }
    /// Bytes allocated: a multiple of 8.
    pub fn allocated(&self) -> u32 {
        self.len * SLOT
    }
    /// Makes the slots that reach `bytes` below the frame pointer exist.
    pub fn grow(&mut self, bytes: u32) {
        let want = bytes.div_ceil(SLOT);
        if want > self.len {
            self.len = want;
            let chunks = (want as usize).div_ceil(CHUNK);
            if chunks > self.chunks.len() {
                self.chunks.resize(chunks, None);
            }
        }
    }
    /// Slot `spi`; one not allocated is empty.
    pub fn slot(&self, spi: usize) -> &Slot {
        match self.chunks.get(spi / CHUNK) {
            Some(Some(chunk)) => &chunk[spi % CHUNK],
            _ => &EMPTY_SLOT,
        }
    }
    /// Slot `spi`, if allocated.
    pub fn get(&self, spi: usize) -> Option<&Slot> {
        (spi < self.len as usize).then(|| self.slot(spi))
    }
    /// Slot `spi`, allocated on demand.
    pub fn slot_mut(&mut self, spi: usize) -> &mut Slot {
        self.grow((spi as u32 + 1) * SLOT);
        let chunk = self.chunks[spi / CHUNK].get_or_insert_with(|| Rc::new([Slot::EMPTY; CHUNK]));
        &mut Rc::make_mut(chunk)[spi % CHUNK]
    }
    /// The byte at `off` (negative, from the frame pointer).
    pub fn byte(&self, off: i32) -> Byte {
        let at = (-off - 1) as u32;
        self.slot((at / SLOT) as usize).kinds[(at % SLOT) as usize]
    }
}

/// The slot index of the byte at `off` (negative, from the frame pointer).
pub fn spi(off: i32) -> usize {
    ((-off - 1) as u32 / SLOT) as usize
}
