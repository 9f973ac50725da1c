//! One width's range, read as unsigned and as signed.
//!
//! ```text
//! γ(umin, umax, smin, smax) = { x < 2ᴺ | umin ≤ x ≤ umax ∧ smin ≤ s(x) ≤ smax }
//! ```
//!
//! Both halves of a [`Scalar`](super::Scalar) pass through here, so that one
//! rule serves 64 bits, 32 bits and the narrow words of the tests. Unsigned ends
//! are kept zero-extended and signed ends sign-extended in 64 bits. A range is
//! empty when an end passes the other: operations keep computing on it, as the
//! verifier does, and `sync` reports it.
//!
//! A sum overflows when it leaves the width. For an interval `[a+c, b+d]` both
//! ends may wrap together, in which case the interval is still right modulo 2ᴺ;
//! if only one does, the result is split over zero and nothing is known.

use super::{mask, sign_extend, signed_max, signed_min};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span<const N: u32> {
    pub umin: u64,
    pub umax: u64,
    pub smin: i64,
    pub smax: i64,
}

impl<const N: u32> Span<N> {
    pub const FULL: Self = Span {
        umin: 0,
        umax: mask(N),
        smin: signed_min(N),
        smax: signed_max(N),
    };

    pub const fn wrap(x: u64) -> u64 {
        x & mask(N)
    }
    pub const fn signed(x: u64) -> i64 {
        sign_extend(x, N)
    }
    pub const fn unsigned(x: i64) -> u64 {
        x as u64 & mask(N)
    }
    const fn fits(x: i64) -> bool {
        x >= signed_min(N) && x <= signed_max(N)
    }

    pub const fn constant(x: u64) -> Self {
        let (u, s) = (Self::wrap(x), Self::signed(x));
        Span {
            umin: u,
            umax: u,
            smin: s,
            smax: s,
        }
    }
    /// `umin..=umax`, signed as far as it keeps one sign.
    pub const fn from_unsigned(umin: u64, umax: u64) -> Self {
        let (smin, smax) = Self::signed_of(umin, umax);
        Span {
            umin,
            umax,
            smin,
            smax,
        }
    }
    /// The signed reading of an unsigned range; everything if it changes sign.
    const fn signed_of(umin: u64, umax: u64) -> (i64, i64) {
        let (low, high) = (Self::signed(umin), Self::signed(umax));
        if low <= high {
            (low, high)
        } else {
            (signed_min(N), signed_max(N))
        }
    }

    pub const fn is_const(&self) -> bool {
        self.umin == self.umax && self.smin == self.smax
    }
    pub const fn is_empty(&self) -> bool {
        self.umin > self.umax || self.smin > self.smax
    }
    pub const fn is_unsigned_full(&self) -> bool {
        self.umin == 0 && self.umax == mask(N)
    }
    pub const fn is_signed_full(&self) -> bool {
        self.smin == signed_min(N) && self.smax == signed_max(N)
    }
    pub const fn covers(&self, inner: &Self) -> bool {
        self.umin <= inner.umin
            && self.umax >= inner.umax
            && self.smin <= inner.smin
            && self.smax >= inner.smax
    }

    pub fn narrow_unsigned(&mut self, min: u64, max: u64) {
        self.umin = self.umin.max(min);
        self.umax = self.umax.min(max);
    }
    pub fn narrow_signed(&mut self, min: i64, max: i64) {
        self.smin = self.smin.max(min);
        self.smax = self.smax.min(max);
    }
    pub fn narrow(&mut self, other: &Self) {
        self.narrow_unsigned(other.umin, other.umax);
        self.narrow_signed(other.smin, other.smax);
    }

    /// `self + other`. `both_may_wrap`: unsigned ends that wrap together stay.
    pub fn add(&self, other: &Self, both_may_wrap: bool) -> Self {
        let (umin, low) = Self::uadd(self.umin, other.umin);
        let (umax, high) = Self::uadd(self.umax, other.umax);
        let lost = if both_may_wrap {
            high && !low
        } else {
            high || low
        };
        let signed = match (
            Self::checked(self.smin.checked_add(other.smin)),
            Self::checked(self.smax.checked_add(other.smax)),
        ) {
            (Some(smin), Some(smax)) => (smin, smax),
            _ => (signed_min(N), signed_max(N)),
        };
        Self::assemble(if lost { None } else { Some((umin, umax)) }, signed)
    }

    /// `self - other`. `both_may_wrap`: unsigned ends that wrap together stay.
    pub fn sub(&self, other: &Self, both_may_wrap: bool) -> Self {
        let (umin, low) = (
            Self::wrap(self.umin.wrapping_sub(other.umax)),
            self.umin < other.umax,
        );
        let (umax, high) = (
            Self::wrap(self.umax.wrapping_sub(other.umin)),
            self.umax < other.umin,
        );
        let lost = if both_may_wrap { low && !high } else { low };
        let signed = match (
            Self::checked(self.smin.checked_sub(other.smax)),
            Self::checked(self.smax.checked_sub(other.smin)),
        ) {
            (Some(smin), Some(smax)) => (smin, smax),
            _ => (signed_min(N), signed_max(N)),
        };
        Self::assemble(if lost { None } else { Some((umin, umax)) }, signed)
    }

    /// `self * other`, each reading by its own ends, unknown if any product overflows.
    pub fn mul(&self, other: &Self) -> Self {
        let unsigned = match (
            Self::umul(self.umax, other.umax),
            Self::umul(self.umin, other.umin),
        ) {
            (Some(umax), Some(umin)) => Some((umin, umax)),
            _ => None,
        };
        Self::assemble(unsigned, self.signed_products(other))
    }

    fn signed_products(&self, other: &Self) -> (i64, i64) {
        let (mut least, mut greatest) = (i64::MAX, i64::MIN);
        for x in [self.smin, self.smax] {
            for y in [other.smin, other.smax] {
                match Self::checked(x.checked_mul(y)) {
                    Some(product) => {
                        least = least.min(product);
                        greatest = greatest.max(product);
                    }
                    None => return (signed_min(N), signed_max(N)),
                }
            }
        }
        (least, greatest)
    }

    /// `self * other`, as before 6.18: neither negative, both within half the width.
    pub fn mul_small(&self, other: &Self) -> Self {
        let half = mask(N / 2);
        if self.smin < 0 || other.smin < 0 || self.umax > half || other.umax > half {
            return Self::FULL;
        }
        let (umin, umax) = (self.umin * other.umin, self.umax * other.umax);
        if umax > signed_max(N) as u64 {
            Self::assemble(Some((umin, umax)), (signed_min(N), signed_max(N)))
        } else {
            Self::from_unsigned(umin, umax)
        }
    }

    /// A bitwise result within `umin..=umax`. Its sign is that of the result, or
    /// (before 6.10) known only if no operand may be negative.
    pub fn bitwise(a: &Self, b: &Self, umin: u64, umax: u64, sign_of_result: bool) -> Self {
        if sign_of_result {
            Self::from_unsigned(umin, umax)
        } else if a.smin < 0 || b.smin < 0 {
            Self::assemble(Some((umin, umax)), (signed_min(N), signed_max(N)))
        } else {
            Span {
                umin,
                umax,
                smin: Self::signed(umin),
                smax: Self::signed(umax),
            }
        }
    }

    /// Unsigned range shifted left; unknown when a one may leave the word.
    pub fn shl_unsigned(&self, shift: u32) -> (u64, u64) {
        if shift >= N || self.umax > 1 << (N - 1 - shift) {
            (0, mask(N))
        } else {
            (
                Self::wrap(self.umin << shift),
                Self::wrap(self.umax << shift),
            )
        }
    }

    const fn uadd(a: u64, b: u64) -> (u64, bool) {
        let (sum, carry) = a.overflowing_add(b);
        (Self::wrap(sum), carry || sum > mask(N))
    }
    fn umul(a: u64, b: u64) -> Option<u64> {
        a.checked_mul(b).filter(|product| *product <= mask(N))
    }
    fn checked(x: Option<i64>) -> Option<i64> {
        x.filter(|x| Self::fits(*x))
    }
    fn assemble(unsigned: Option<(u64, u64)>, (smin, smax): (i64, i64)) -> Self {
        let (umin, umax) = unsigned.unwrap_or((0, mask(N)));
        Span {
            umin,
            umax,
            smin,
            smax,
        }
    }
}
