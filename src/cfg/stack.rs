//! Stack that an instruction touches through r10.
//!
//! Bit `n` is the eight-byte slot from `r10 - 8 * (n + 1)`. Only accesses at a
//! constant distance from r10 itself show; whatever goes through another
//! register is the engine's to find.

use crate::programs::insn::Op;

/// Slots of the current frame, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StackSlots {
    /// Slots read, in whole or part.
    pub reads: u64,
    /// Slots written in whole.
    pub writes: u64,
    /// Slots written in part.
    pub partial: u64,
}

const FP: u8 = 10;

/// The slots an operation touches, or `None` if it does not address r10.
pub fn stack_slots(op: &Op) -> Option<StackSlots> {
    let (base, off, size, reads, writes) = match *op {
        Op::Load {
            base, off, size, ..
        }
        | Op::LoadAcquire {
            base, off, size, ..
        } => (base, off, size, true, false),
        Op::Store {
            base, off, size, ..
        }
        | Op::StoreRelease {
            base, off, size, ..
        } => (base, off, size, false, true),
        Op::Atomic {
            base, off, size, ..
        } => (base, off, size, true, true),
        _ => return None,
    };
    let (first, bytes) = (i32::from(off), size.bytes() as i32);
    if base != FP || first < -512 || first + bytes > 0 {
        return None;
    }
    let (top, bottom) = ((-first - 1) / 8, -(first + bytes) / 8);
    let touched = (bottom..=top).fold(0u64, |slots, slot| slots | 1 << slot);
    let whole = if bytes == 8 && first % 8 == 0 {
        touched
    } else {
        0
    };
    Some(StackSlots {
        reads: if reads { touched } else { 0 },
        writes: if writes { whole } else { 0 },
        partial: if writes { touched & !whole } else { 0 },
    })
}
