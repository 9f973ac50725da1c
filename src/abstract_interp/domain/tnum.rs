//! Known bits.
//!
//! A tnum (tristate number) is a pair `value`, `mask` with `value & mask == 0`.
//! A bit of `mask` is unknown; elsewhere the bit is that of `value`:
//!
//! ```text
//! γ(v, m) = { x | x & !m == v }
//! ```
//!
//! Order: `a ⊑ b` when b's unknown bits include a's and the rest agree. The join
//! forgets the bits that differ; the meet exists when the known bits agree.
//!
//! Addition: the bits that a carry can change are those where the greatest and
//! the least sum differ. Multiplication has had three algorithms, each sound and
//! none comparable with the last: see [`MulAlgorithm`].
//!
//! Arithmetic is modulo 2⁶⁴. A narrower word is the low bits of the result: the
//! algorithms carry only upwards, so that truncating is exact.

use super::MulAlgorithm;
use super::{mask, sign_extend};
use core::fmt;

/// What is known of each bit of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tnum {
    /// The known bits' values; zero where unknown.
    pub value: u64,
    /// One where the bit is unknown.
    pub mask: u64,
}

impl Tnum {
    /// Nothing known.
    pub const UNKNOWN: Tnum = Tnum {
        value: 0,
        mask: u64::MAX,
    };

    /// Everything known.
    pub const fn constant(value: u64) -> Tnum {
        Tnum { value, mask: 0 }
    }

    /// The best tnum for `min..=max`: their common prefix.
    pub const fn range(min: u64, max: u64) -> Tnum {
        let unknown = mask(64 - (min ^ max).leading_zeros());
        Tnum {
            value: min & !unknown,
            mask: unknown,
        }
    }

    /// Whether every bit is known.
    pub const fn is_const(self) -> bool {
        self.mask == 0
    }
    /// Whether no bit is known.
    pub const fn is_unknown(self) -> bool {
        self.value == 0 && self.mask == u64::MAX
    }
    /// Whether every bit of the lower 32 is known.
    pub const fn is_subreg_const(self) -> bool {
        self.mask as u32 == 0
    }
    /// The least member, unsigned.
    pub const fn min(self) -> u64 {
        self.value
    }
    /// The greatest member, unsigned.
    pub const fn max(self) -> u64 {
        self.value | self.mask
    }
    /// Whether `x` is a member.
    pub const fn contains(self, x: u64) -> bool {
        x & !self.mask == self.value
    }
    /// Whether every member of `inner` is a member of `self`.
    pub const fn includes(self, inner: Tnum) -> bool {
        inner.mask & !self.mask == 0 && inner.value & !self.mask == self.value
    }
    /// Whether every member is a multiple of `size`, a power of two (or 0).
    pub const fn is_aligned(self, size: u64) -> bool {
        size == 0 || self.max() & (size - 1) == 0
    }
    /// Whether the two agree where both know: they have a member in common.
    pub const fn overlaps(self, other: Tnum) -> bool {
        (self.value ^ other.value) & !self.mask & !other.mask == 0
    }

    /// What both know. Where they contradict, the bit is a known one.
    #[must_use]
    pub const fn intersect(self, other: Tnum) -> Tnum {
        let unknown = self.mask & other.mask;
        Tnum {
            value: (self.value | other.value) & !unknown,
            mask: unknown,
        }
    }
    /// The least tnum that has the members of both.
    #[must_use]
    pub const fn union(self, other: Tnum) -> Tnum {
        let unknown = self.mask | other.mask | (self.value ^ other.value);
        Tnum {
            value: self.value & other.value & !unknown,
            mask: unknown,
        }
    }

    /// The low `bits`; those above are known zero.
    #[must_use]
    pub const fn low(self, bits: u32) -> Tnum {
        Tnum {
            value: self.value & mask(bits),
            mask: self.mask & mask(bits),
        }
    }
    /// The lower 32 bits; those above are known zero.
    #[must_use]
    pub const fn subreg(self) -> Tnum {
        self.low(32)
    }
    /// The bits above the low `bits`; the low ones are known zero.
    #[must_use]
    pub const fn high(self, bits: u32) -> Tnum {
        Tnum {
            value: self.value & !mask(bits),
            mask: self.mask & !mask(bits),
        }
    }
    /// The low `bits` of `low` under the rest of `self`.
    #[must_use]
    pub const fn with_low(self, bits: u32, low: Tnum) -> Tnum {
        let (above, below) = (self.high(bits), low.low(bits));
        Tnum {
            value: above.value | below.value,
            mask: above.mask | below.mask,
        }
    }

    /// `self << shift`.
    #[must_use]
    pub const fn shl(self, shift: u32) -> Tnum {
        Tnum {
            value: self.value << shift,
            mask: self.mask << shift,
        }
    }
    /// `self >> shift`, zeros coming in.
    #[must_use]
    pub const fn shr(self, shift: u32) -> Tnum {
        Tnum {
            value: self.value >> shift,
            mask: self.mask >> shift,
        }
    }
    /// `self >> shift` of a word of `bits`, copies of its sign coming in.
    #[must_use]
    pub const fn sar(self, shift: u32, bits: u32) -> Tnum {
        Tnum {
            value: (sign_extend(self.value, bits) >> shift) as u64,
            mask: (sign_extend(self.mask, bits) >> shift) as u64,
        }
        .low(bits)
    }

    /// Bitwise and.
    #[must_use]
    pub const fn and(self, other: Tnum) -> Tnum {
        let ones = self.value & other.value;
        Tnum {
            value: ones,
            mask: self.max() & other.max() & !ones,
        }
    }
    /// Bitwise or.
    #[must_use]
    pub const fn or(self, other: Tnum) -> Tnum {
        let ones = self.value | other.value;
        Tnum {
            value: ones,
            mask: (self.mask | other.mask) & !ones,
        }
    }
    /// Bitwise exclusive or.
    #[must_use]
    pub const fn xor(self, other: Tnum) -> Tnum {
        let unknown = self.mask | other.mask;
        Tnum {
            value: (self.value ^ other.value) & !unknown,
            mask: unknown,
        }
    }

    /// `self + other`, wrapping.
    #[must_use]
    pub const fn add(self, other: Tnum) -> Tnum {
        let least = self.value.wrapping_add(other.value);
        let greatest = self.max().wrapping_add(other.max());
        let unknown = (least ^ greatest) | self.mask | other.mask;
        Tnum {
            value: least & !unknown,
            mask: unknown,
        }
    }
    /// `self - other`, wrapping.
    #[must_use]
    pub const fn sub(self, other: Tnum) -> Tnum {
        let base = self.value.wrapping_sub(other.value);
        let greatest = base.wrapping_add(self.mask);
        let least = base.wrapping_sub(other.mask);
        let unknown = (least ^ greatest) | self.mask | other.mask;
        Tnum {
            value: base & !unknown,
            mask: unknown,
        }
    }
    /// `-self`, wrapping.
    #[must_use]
    pub const fn neg(self) -> Tnum {
        Tnum::constant(0).sub(self)
    }

    /// `self * other`, wrapping, by one of the known algorithms.
    #[must_use]
    pub fn mul(self, other: Tnum, algorithm: MulAlgorithm) -> Tnum {
        match algorithm {
            MulAlgorithm::HalfMultiply => self.mul_halves(other),
            MulAlgorithm::PartialProducts => self.mul_products(other),
            MulAlgorithm::Union => self.mul_union(other),
        }
    }

    /// The product of the known parts, plus, bit by bit of each mask, what the
    /// unknown part may add.
    fn mul_halves(self, other: Tnum) -> Tnum {
        fn spread(sum: Tnum, mut part: u64, mut bits: u64) -> Tnum {
            let mut sum = sum;
            while bits != 0 {
                if bits & 1 != 0 {
                    sum = sum.add(Tnum {
                        value: 0,
                        mask: part,
                    });
                }
                part <<= 1;
                bits >>= 1;
            }
            sum
        }
        let known = Tnum::constant(self.value.wrapping_mul(other.value));
        let sum = spread(known, self.mask, other.max());
        spread(sum, other.mask, self.value)
    }

    /// Long multiplication by the bits of `self`; the uncertainties of the
    /// partial products are summed apart from the product of the known parts.
    fn mul_products(self, other: Tnum) -> Tnum {
        let mut doubt = Tnum::constant(0);
        let (mut a, mut b) = (self, other);
        while a.max() != 0 {
            if a.value & 1 != 0 {
                doubt = doubt.add(Tnum {
                    value: 0,
                    mask: b.mask,
                });
            } else if a.mask & 1 != 0 {
                doubt = doubt.add(Tnum {
                    value: 0,
                    mask: b.max(),
                });
            }
            a = a.shr(1);
            b = b.shl(1);
        }
        Tnum::constant(self.value.wrapping_mul(other.value)).add(doubt)
    }

    /// Long multiplication by the bits of `self`; an unknown bit joins the sums
    /// with and without its partial product.
    fn mul_union(self, other: Tnum) -> Tnum {
        let mut sum = Tnum::constant(0);
        let (mut a, mut b) = (self, other);
        while a.max() != 0 {
            if a.value & 1 != 0 {
                sum = sum.add(b);
            } else if a.mask & 1 != 0 {
                sum = sum.union(sum.add(b));
            }
            a = a.shr(1);
            b = b.shl(1);
        }
        sum
    }

    /// The low `bytes` in reverse order; what was above them is gone.
    #[must_use]
    pub const fn swap_bytes(self, bytes: u32) -> Tnum {
        let down = 64 - bytes * 8;
        Tnum {
            value: self.value.swap_bytes() >> down,
            mask: self.mask.swap_bytes() >> down,
        }
    }

    /// The least member above `x`; the greatest member if none is.
    pub const fn next_above(self, x: u64) -> u64 {
        if x >= self.max() {
            return self.max();
        }
        if x < self.value {
            return self.value;
        }
        // The highest known bit that x has wrong decides how members compare with x.
        let wrong = (x ^ self.value) & !self.mask;
        let top = 64 - wrong.leading_zeros();
        if wrong != 0 && x & (1 << (top - 1)) == 0 {
            // A member with x's upper bits is above x already: take the least.
            return self.value | (x & self.mask & !mask(top));
        }
        // Count on in the unknown bits above it: ones elsewhere let the carry through.
        let stepped = (x | !self.mask | mask(top)).wrapping_add(1);
        self.value | (stepped & self.mask)
    }
}

impl fmt::Display for Tnum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:#x}; {:#x})", self.value, self.mask)
    }
}
