//! The stack of one frame, in slots of 8 bytes.
//!
//! Slot `i` stands for the bytes `fp - 8 * (i + 1) .. fp - 8 * i`. Each byte has
//! a kind; `kinds[0]` is the byte at the *highest* address of the slot, as in
//! the order in which a stack grows. A spilled register is kept whole in
//! `spill`; it is readable as a register while all its bytes are `Spill`
//! (`kinds[7]`, the byte at the lowest address, is `Spill` for every spill).

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

/// A frame's stack; slots beyond those allocated were never written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    slots: Vec<Slot>,
}

impl Stack {
    /// The slots allocated so far.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }
    /// The slots allocated so far, to change.
    pub fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots
    }
    /// Bytes allocated: a multiple of 8.
    pub fn allocated(&self) -> u32 {
        self.slots.len() as u32 * SLOT
    }
    /// Makes the slots that reach `bytes` below the frame pointer exist.
    pub fn grow(&mut self, bytes: u32) {
        let want = bytes.div_ceil(SLOT) as usize;
        if want > self.slots.len() {
            self.slots.resize(want, Slot::EMPTY);
        }
    }
    /// Slot `spi`, if allocated.
    pub fn get(&self, spi: usize) -> Option<&Slot> {
        self.slots.get(spi)
    }
    /// Slot `spi`, allocated on demand.
    pub fn slot_mut(&mut self, spi: usize) -> &mut Slot {
        self.grow((spi as u32 + 1) * SLOT);
        &mut self.slots[spi]
    }
    /// The byte at `off` (negative, from the frame pointer).
    pub fn byte(&self, off: i32) -> Byte {
        let at = (-off - 1) as u32;
        self.slots
            .get((at / SLOT) as usize)
            .map_or(Byte::Invalid, |s| s.kinds[(at % SLOT) as usize])
    }
}

/// The slot index of the byte at `off` (negative, from the frame pointer).
pub fn spi(off: i32) -> usize {
    ((-off - 1) as u32 / SLOT) as usize
}
