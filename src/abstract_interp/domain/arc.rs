//! One width's range as an arc of the circle of values.
//!
//! The 2ᴺ values lie on a circle; an arc is `size + 1` of them, clockwise from
//! `base`:
//!
//! ```text
//! γ(base, size) = { x | x - base mod 2ᴺ ≤ size }
//! ```
//!
//! One arc says at once what an unsigned range (an arc that does not cross from
//! 2ᴺ-1 to 0) and a signed one (that does not cross from 2ᴺ⁻¹-1 to 2ᴺ⁻¹) can
//! say, and also an arc that crosses both: all values but a few. Addition and
//! negation are exact. Two arcs may meet in two pieces; then the smaller of them
//! stands for the meet. The empty arc is a value of its own.

use super::{mask, sign_extend, signed_max, signed_min};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arc<const N: u32> {
    pub base: u64,
    pub size: u64,
}

impl<const N: u32> Arc<N> {
    pub const FULL: Self = Arc {
        base: 0,
        size: mask(N),
    };
    /// By convention, the full arc from the last value.
    pub const EMPTY: Self = Arc {
        base: mask(N),
        size: mask(N),
    };

    const fn wrap(x: u64) -> u64 {
        x & mask(N)
    }

    pub const fn constant(x: u64) -> Self {
        Arc {
            base: Self::wrap(x),
            size: 0,
        }
    }
    pub const fn from_unsigned(min: u64, max: u64) -> Self {
        Self::new(min, max.wrapping_sub(min))
    }
    pub const fn from_signed(min: i64, max: i64) -> Self {
        Self::new(min as u64, (max as u64).wrapping_sub(min as u64))
    }
    /// Everything but `x`.
    pub const fn except(x: u64) -> Self {
        Arc {
            base: Self::wrap(x.wrapping_add(1)),
            size: mask(N) - 1,
        }
    }
    /// Every full arc is the same arc.
    pub const fn new(base: u64, size: u64) -> Self {
        let (base, size) = (Self::wrap(base), Self::wrap(size));
        if size == mask(N) {
            Self::FULL
        } else {
            Arc { base, size }
        }
    }

    pub const fn is_empty(self) -> bool {
        self.base == Self::EMPTY.base && self.size == Self::EMPTY.size
    }
    pub const fn is_full(self) -> bool {
        self.base == 0 && self.size == mask(N)
    }
    const fn last(self) -> u64 {
        Self::wrap(self.base.wrapping_add(self.size))
    }
    const fn crosses_zero(self) -> bool {
        self.size > mask(N) - self.base
    }
    const fn crosses_sign(self) -> bool {
        let border = signed_max(N) as u64;
        self.contains(border) && self.contains(border + 1)
    }
    pub const fn crosses_both(self) -> bool {
        self.crosses_zero() && self.crosses_sign()
    }
    pub const fn contains(self, x: u64) -> bool {
        !self.is_empty() && Self::wrap(x.wrapping_sub(self.base)) <= self.size
    }

    /// Its unsigned range; everything if it crosses zero. Of the empty arc, too.
    pub const fn unsigned(self) -> (u64, u64) {
        if self.crosses_zero() {
            (0, mask(N))
        } else {
            (self.base, self.base + self.size)
        }
    }
    /// Its signed range; everything if it crosses the sign. Of the empty arc, its one end.
    pub const fn signed(self) -> (i64, i64) {
        if self.crosses_sign() {
            return (signed_min(N), signed_max(N));
        }
        let (first, last) = (sign_extend(self.base, N), sign_extend(self.last(), N));
        if first <= last {
            (first, last)
        } else {
            (last, first)
        }
    }

    pub const fn includes(self, inner: Self) -> bool {
        if inner.is_empty() {
            return true;
        }
        if self.is_empty() {
            return false;
        }
        let start = Self::wrap(inner.base.wrapping_sub(self.base));
        self.is_full() || (start <= self.size && inner.size <= self.size - start)
    }

    /// What both hold; one of the two where they meet in two pieces.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::EMPTY;
        }
        let (a, b) = if self.base > other.base {
            (other, self)
        } else {
            (self, other)
        };
        let lead = b.base - a.base;
        let b_wraps = b.size > mask(N) - lead;
        if lead <= a.size {
            if b_wraps {
                return if a.size <= b.size { a } else { b };
            }
            let left = a.size - lead;
            return Arc {
                base: b.base,
                size: if left < b.size { left } else { b.size },
            };
        }
        if b_wraps {
            let tail = Self::wrap(lead.wrapping_add(b.size));
            return Arc {
                base: a.base,
                size: if a.size < tail { a.size } else { tail },
            };
        }
        Self::EMPTY
    }

    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::EMPTY;
        }
        if self.size > mask(N) - other.size {
            return Self::FULL;
        }
        Self::new(self.base.wrapping_add(other.base), self.size + other.size)
    }
    #[must_use]
    pub const fn neg(self) -> Self {
        if self.is_empty() {
            return Self::EMPTY;
        }
        Self::new(self.last().wrapping_neg(), self.size)
    }
    #[must_use]
    pub const fn sub(self, other: Self) -> Self {
        self.add(other.neg())
    }

    /// The low `S` bits of its members.
    pub const fn low<const S: u32>(self) -> Arc<S> {
        if self.is_empty() {
            Arc::EMPTY
        } else if self.size >= mask(S) {
            Arc::FULL
        } else {
            Arc::new(self.base & mask(S), self.size)
        }
    }

    /// Cut at both ends to members whose low `S` bits are in `low`.
    ///
    /// Seen from `base`, `low` recurs every 2ˢ values at the same offset, as one
    /// window or, if it wraps there, as the two ends of each period. Dropping
    /// what precedes the first window and follows the last is all an arc can say.
    #[must_use]
    pub const fn with_low<const S: u32>(self, low: Arc<S>) -> Self {
        if self.is_empty() || low.is_empty() {
            return Self::EMPTY;
        }
        let period = mask(S);
        let first = low.base.wrapping_sub(self.base) & period;
        let end = self.size & period;
        if low.size > period - first {
            // In the middle of each period there is a gap; the last may end in one.
            let head = first.wrapping_add(low.size) & period;
            return if end > head && end < first {
                Arc {
                    base: self.base,
                    size: self.size - (end - head),
                }
            } else {
                self
            };
        }
        if self.size < first {
            return Self::EMPTY;
        }
        let head = first + low.size;
        let surplus = if end < first {
            // It ends before its last period's window: go back to the one before.
            end + (period - head) + 1
        } else {
            end.saturating_sub(head)
        };
        let rest = self.size - first;
        if rest < surplus {
            return Self::EMPTY;
        }
        Arc {
            base: Self::wrap(self.base.wrapping_add(first)),
            size: rest - surplus,
        }
    }
}
