//! Refinement as kernels before 6.8 did it.
//!
//! A jump is understood only against a constant (or, for 64-bit equality, as the
//! meet of two registers), and refines only the other operand. It changes one
//! width; what is known of the other is then rebuilt from it rather than
//! intersected with it, so that some knowledge is lost:
//!
//! - after a 64-bit jump the lower half is forgotten and learnt from the whole,
//!   where that fits 32 bits;
//! - after a 32-bit jump the whole becomes the lower half if its upper bits are
//!   known zero, and is forgotten but for the tnum otherwise.

use super::span::Span;
use super::{Cond, Scalar, ScalarRules, Tnum, mask, signed_max, signed_min};

impl<const W: u32, const S: u32> Scalar<W, S> {
    pub(super) fn refine_by_constant(
        cond: Cond,
        w32: bool,
        a: &mut Self,
        b: &mut Self,
        rules: &ScalarRules,
    ) {
        if b.const_of(w32).is_some() || b.tnum.is_const() {
            let constant = b.tnum;
            a.learn(cond, w32, constant, rules);
        } else if a.const_of(w32).is_some() || a.tnum.is_const() {
            let constant = a.tnum;
            b.learn(cond.swap(), w32, constant, rules);
        } else if !w32 && cond == Cond::Eq {
            let mut both = a.hi();
            both.narrow(&b.hi());
            let tnum = a.tnum.intersect(b.tnum);
            for x in [a, b] {
                x.set_hi(both);
                x.tnum = tnum;
                x.sync(rules);
            }
        }
    }

    /// Learns that it stands in `cond` to a constant.
    fn learn(&mut self, cond: Cond, w32: bool, constant: Tnum, rules: &ScalarRules) {
        let value = if w32 {
            constant.low(S).value
        } else {
            constant.value
        };
        match cond {
            Cond::Eq if w32 => self.set_const32(value as u32),
            Cond::Eq => self.set_const(value),
            Cond::Ne => {}
            Cond::Set | Cond::Clear => self.refine_bits(cond == Cond::Set, w32, value),
            _ if w32 => {
                let mut lo = self.lo();
                lo.bound(cond, value);
                self.set_lo(lo);
            }
            _ => {
                let mut hi = self.hi();
                hi.bound(cond, value);
                self.set_hi(hi);
            }
        }
        if w32 {
            self.whole_from_low(rules);
        } else {
            self.low_from_whole(rules);
        }
    }

    /// After a 32-bit jump.
    fn whole_from_low(&mut self, rules: &ScalarRules) {
        if self.tnum.high(S) == Tnum::constant(0) {
            self.assign_low();
        } else {
            self.set_hi(Span::FULL);
        }
        self.sync(rules);
    }

    /// After a 64-bit jump, and after truncation below the lower half.
    pub(super) fn low_from_whole(&mut self, rules: &ScalarRules) {
        let (hi, mut lo) = (self.hi(), Span::<S>::FULL);
        let signed = signed_min(S)..=signed_max(S);
        if signed.contains(&hi.smin) && signed.contains(&hi.smax) {
            (lo.smin, lo.smax) = (hi.smin, hi.smax);
        }
        if hi.umin <= mask(S) && hi.umax <= mask(S) {
            (lo.umin, lo.umax) = (hi.umin, hi.umax);
        }
        self.set_lo(lo);
        self.sync(rules);
    }
}

impl<const N: u32> Span<N> {
    /// Narrows it by an ordered comparison with a constant.
    fn bound(&mut self, cond: Cond, x: u64) {
        let (above, below) = (x.wrapping_add(1), x.wrapping_sub(1));
        let (u, s) = (Self::wrap, Self::signed);
        match cond {
            Cond::Gt => self.umin = self.umin.max(u(above)),
            Cond::Ge => self.umin = self.umin.max(u(x)),
            Cond::Lt => self.umax = self.umax.min(u(below)),
            Cond::Le => self.umax = self.umax.min(u(x)),
            Cond::Sgt => self.smin = self.smin.max(s(above)),
            Cond::Sge => self.smin = self.smin.max(s(x)),
            Cond::Slt => self.smax = self.smax.min(s(below)),
            Cond::Sle => self.smax = self.smax.min(s(x)),
            Cond::Eq | Cond::Ne | Cond::Set | Cond::Clear => {}
        }
    }
}
