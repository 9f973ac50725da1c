//! The views narrow one another.
//!
//! After an operation each view holds what its own rule could tell. `sync`
//! carries knowledge between them, each step an intersection with something
//! implied, so that γ of the product is unchanged:
//!
//! 1. the tnum bounds the ranges: the unknown bits all zero, or all one (the
//!    sign bit the other way round for the signed reading);
//! 2. some rounds of deduction between ranges:
//!    unsigned ↔ signed where one sign is sure; low half ← whole when the upper
//!    bits stay the same (or step once, from negative to positive); whole ← low
//!    half by replacing the low bits of its ends;
//! 3. the ranges bound the tnum: common prefixes are known bits;
//! 4. step 1 once more.
//!
//! The number of rounds, not a fixpoint, is part of the verifier's behaviour:
//! see [`ScalarRules::sync_rounds`]. A contradiction is left in place here;
//! `settle` does with it what the series does.

use super::Model;
use super::span::Span;
use super::{Scalar, ScalarRules, Tnum, mask, sign_extend, signed_max, signed_min};

impl<const W: u32, const S: u32> Scalar<W, S> {
    /// Lets the views narrow one another, as the verifier does after every update.
    pub fn sync(&mut self, rules: &ScalarRules) {
        if rules.model == Model::Circular {
            return self.sync_arcs(rules);
        }
        // Most numbers are one value or any: every step leaves these as they are.
        let fixpoint = if self.tnum.is_const() {
            Self::constant(self.tnum.value)
        } else {
            Self::UNKNOWN
        };
        if *self == fixpoint {
            return;
        }
        self.narrow_by_tnum(rules);
        for _ in 0..rules.sync_rounds {
            if rules.rich_deduction {
                self.deduce_lo(rules);
                self.deduce_hi(rules);
                self.deduce_mixed(rules);
            } else {
                let (mut lo, mut hi) = (self.lo(), self.hi());
                lo.learn_sign();
                hi.learn_sign();
                self.set_lo(lo);
                self.set_hi(hi);
            }
        }
        self.narrow_tnum(rules);
        self.narrow_by_tnum(rules);
    }

    /// `sync`, then what the verifier does with views that contradict one
    /// another: it forgets the ranges. False if they did.
    pub(super) fn settle(&mut self, rules: &ScalarRules) -> bool {
        self.sync(rules);
        self.check(rules)
    }

    /// False if the views contradict one another; their ranges are then forgotten.
    pub fn check(&mut self, rules: &ScalarRules) -> bool {
        if !self.is_contradictory() {
            return true;
        }
        if rules.reset_on_contradiction {
            self.forget_ranges();
        }
        false
    }

    /// Step 1: ranges from known bits.
    #[inline]
    fn narrow_by_tnum(&mut self, rules: &ScalarRules) {
        self.narrow_lo_by_tnum();
        let mut hi = self.hi();
        hi.narrow(&Span::from_tnum(self.tnum));
        self.set_hi(hi);
        if rules.single_member
            && let Some(only) = self.only_member(self.umin, self.umax)
        {
            *self = Self::constant(only);
        }
    }

    /// The one member of the tnum within `umin..=umax`.
    pub(super) fn only_member(&self, umin: u64, umax: u64) -> Option<u64> {
        let next = self.tnum.next_above(umin);
        if self.tnum.contains(umin) {
            return (next > umax).then_some(umin);
        }
        let alone = next == self.tnum.max() || (next <= umax && self.tnum.next_above(next) > umax);
        alone.then_some(next)
    }

    /// Step 1 for the lower half.
    #[inline]
    pub(super) fn narrow_lo_by_tnum(&mut self) {
        let mut lo = self.lo();
        lo.narrow(&Span::from_tnum(self.tnum.low(S)));
        self.set_lo(lo);
    }

    /// Step 3: known bits from unsigned ranges, the whole first.
    #[inline]
    pub(super) fn narrow_tnum(&mut self, rules: &ScalarRules) {
        let whole = self.tnum.intersect(Tnum::range(self.umin, self.umax));
        let known = if rules.low_bits_from_whole {
            whole
        } else {
            self.tnum
        };
        let low = known
            .low(S)
            .intersect(Tnum::range(self.u32min.into(), self.u32max.into()));
        self.tnum = whole.with_low(S, low);
    }

    /// The low half from the whole, and from its own two readings.
    fn deduce_lo(&mut self, rules: &ScalarRules) {
        let (hi, mut lo) = (self.hi(), self.lo());
        let upper = |x: u64| x >> S;
        // Upper bits as a signed number, wrapped into its own width.
        let upper_of = |x: i64| Span::<W>::unsigned(x) >> S;
        let follows = |a: u64, b: u64| a.wrapping_add(1) & mask(W - S) == b;
        let (ulow, uhigh) = (hi.umin & mask(S), hi.umax & mask(S));
        let (slow, shigh) = (hi.smin as u64 & mask(S), hi.smax as u64 & mask(S));
        let s = |x: u64| sign_extend(x, S);

        if upper(hi.umin) == upper(hi.umax) {
            lo.narrow_unsigned(ulow, uhigh);
            if s(ulow) <= s(uhigh) {
                lo.narrow_signed(s(ulow), s(uhigh));
            }
        }
        if upper_of(hi.smin) == upper_of(hi.smax) {
            if slow <= shigh {
                lo.narrow_unsigned(slow, shigh);
            }
            if s(slow) <= s(shigh) {
                lo.narrow_signed(s(slow), s(shigh));
            }
        }
        // Upper bits that step once while the low half goes from negative to
        // positive leave a signed range without a gap.
        if follows(upper(hi.umin), upper(hi.umax)) && s(ulow) < 0 && s(uhigh) >= 0 {
            lo.narrow_signed(s(ulow), s(uhigh));
        }
        if follows(upper_of(hi.smin), upper_of(hi.smax)) && s(slow) < 0 && s(shigh) >= 0 {
            lo.narrow_signed(s(slow), s(shigh));
        }
        lo.exchange(rules.split_at_sign_32);
        self.set_lo(lo);
    }

    /// The whole from its own two readings.
    fn deduce_hi(&mut self, rules: &ScalarRules) {
        let mut hi = self.hi();
        hi.exchange(rules.split_at_sign_64);
        self.set_hi(hi);
    }

    /// The whole from the low half.
    fn deduce_mixed(&mut self, rules: &ScalarRules) {
        let lo = self.lo();
        self.replace_low(lo.umin, lo.umax);
        let (smin, smax) = (Span::<S>::unsigned(lo.smin), Span::<S>::unsigned(lo.smax));
        if rules.widen_from_s32 && smin <= smax {
            self.replace_low(smin, smax);
        }
        if rules.join_after_sign_extension
            && lo.smin >= 0
            && self.smin >= signed_min(S)
            && self.smax <= signed_max(S)
        {
            // A sign-extended low half that is not negative is the whole number. Where
            // the ends are replaced even by wider ones, later rounds narrow them again.
            let whole = Span {
                smin: lo.smin,
                smax: lo.smax,
                umin: lo.smin as u64,
                umax: Span::<W>::unsigned(lo.smax),
            };
            let mut hi = self.hi();
            hi.narrow(&whole);
            self.set_hi(if rules.join_overwrites { whole } else { hi });
            self.tnum = self.tnum.intersect(Tnum::range(self.umin, self.umax));
        }
    }

    /// Narrows the ends of the whole to the same ends with the given low halves.
    fn replace_low(&mut self, low_min: u64, low_max: u64) {
        let mut hi = self.hi();
        let put = |x: u64, low: u64| (x & !mask(S)) | low;
        hi.narrow_unsigned(put(hi.umin, low_min), put(hi.umax, low_max));
        hi.narrow_signed(
            put(hi.smin as u64, low_min) as i64,
            put(hi.smax as u64, low_max) as i64,
        );
        self.set_hi(hi);
    }
}

impl<const N: u32> Span<N> {
    /// The range of a tnum of this width.
    #[inline]
    pub fn from_tnum(tnum: Tnum) -> Self {
        let sign = 1 << (N - 1);
        Span {
            umin: tnum.min(),
            umax: tnum.max(),
            smin: sign_extend(tnum.value | (tnum.mask & sign), N),
            smax: sign_extend(tnum.value | (tnum.mask & !sign), N),
        }
    }

    /// Either reading narrows the other where it keeps one sign. `split`: a
    /// signed range across zero lies at the two ends of the unsigned line; an
    /// unsigned range that meets one of the ends only drops the other.
    #[inline]
    fn exchange(&mut self, split: bool) {
        let (low, high) = (Self::signed(self.umin), Self::signed(self.umax));
        if low <= high {
            self.narrow_signed(low, high);
        }
        let (first, last) = (Self::unsigned(self.smin), Self::unsigned(self.smax));
        if first <= last {
            self.narrow_unsigned(first, last);
        } else if split && self.umax < first {
            self.smin = Self::signed(self.umin);
            self.umax = self.umax.min(last);
        } else if split && last < self.umin {
            self.smax = Self::signed(self.umax);
            self.umin = self.umin.max(first);
        }
    }

    /// As before 6.8: a sign that is sure makes the two readings one.
    fn learn_sign(&mut self) {
        let (first, last) = (Self::unsigned(self.smin), Self::unsigned(self.smax));
        if self.smin >= 0 || self.smax < 0 {
            self.umin = self.umin.max(first);
            self.umax = self.umax.min(last);
        } else if Self::signed(self.umax) >= 0 {
            self.umax = self.umax.min(last);
        } else if Self::signed(self.umin) < 0 {
            self.umin = self.umin.max(first);
        } else {
            return;
        }
        (self.smin, self.smax) = (Self::signed(self.umin), Self::signed(self.umax));
    }
}
