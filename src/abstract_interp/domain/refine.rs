//! What a branch taken teaches about both operands.
//!
//! `a cond b` is turned so that one of six relations remains, whose effect is an
//! intersection (so that every pair that satisfies it stays within):
//!
//! | relation | a | b |
//! |---|---|---|
//! | `==` | both become their meet | |
//! | `!=` K | an end that is K moves one inwards | |
//! | `<`, `<=` | max below b's max | min above a's min |
//! | `s<`, `s<=` | the same, signed | |
//! | `& K` set | the bit is one, if K is a single bit | |
//! | `& K` clear | the bits are zero; ranges are forgotten | |
//!
//! Both are synchronised. Views that then contradict one another mean that no
//! execution comes this way; before 7.3 the verifier goes on all the same, with
//! the ranges forgotten.

use super::Model;
use super::arc::Arc;
use super::span::Span;
use super::{Cond, Scalar, ScalarRules, Tnum, signed_max, signed_min};

impl<const W: u32, const S: u32> Scalar<W, S> {
    /// Narrows a and b to what is known once the jump on `a cond b` was `taken`
    /// or not. False if nothing can come that way; a and b are then what the
    /// verifier goes on with.
    pub fn refine(
        cond: impl Into<Cond>,
        taken: bool,
        w32: bool,
        a: &mut Self,
        b: &mut Self,
        rules: &ScalarRules,
    ) -> bool {
        Self::refine_unchecked(cond.into(), taken, w32, a, b, rules);
        let (a_holds, b_holds) = (a.check(rules), b.check(rules));
        a_holds && b_holds
    }

    /// `refine` of a register compared with itself.
    pub fn refine_self(
        cond: impl Into<Cond>,
        taken: bool,
        w32: bool,
        a: &mut Self,
        rules: &ScalarRules,
    ) -> bool {
        let cond = cond.into();
        let cond = if taken { cond } else { cond.negate() };
        match rules.model {
            Model::Circular => return true,
            Model::Constant if w32 || cond != Cond::Eq => return true,
            Model::Constant => {}
            Model::Paired => {
                // Both operands are one register: it gets the effects on both.
                let (mut x, mut y) = (*a, *a);
                relate_spans(cond, w32, &mut x, &mut y);
                x.intersect_with(&y);
                *a = x;
            }
        }
        a.sync(rules);
        a.settle(rules)
    }

    /// `refine` that leaves contradictions in place.
    pub(super) fn refine_unchecked(
        cond: Cond,
        taken: bool,
        w32: bool,
        a: &mut Self,
        b: &mut Self,
        rules: &ScalarRules,
    ) {
        let cond = if taken { cond } else { cond.negate() };
        match rules.model {
            Model::Constant => return Self::refine_by_constant(cond, w32, a, b, rules),
            Model::Paired => relate_spans(cond, w32, a, b),
            Model::Circular => relate_arcs(cond, w32, a, b),
        }
        a.sync(rules);
        b.sync(rules);
    }

    /// The tnum of the chosen width.
    pub(super) fn set_tnum_of(&mut self, w32: bool, tnum: Tnum) {
        self.tnum = if w32 {
            self.tnum.with_low(S, tnum)
        } else {
            tnum.low(W)
        };
    }

    /// What `& constant` being nonzero, or zero, tells of the tnum.
    pub(super) fn refine_bits(&mut self, set: bool, w32: bool, constant: u64) {
        let tnum = self.tnum_of(w32);
        if !set {
            // The ranges go too, lest they contradict on a dead branch.
            self.forget_ranges();
            self.set_tnum_of(w32, tnum.and(Tnum::constant(!constant)));
        } else if constant.is_power_of_two() {
            self.set_tnum_of(w32, tnum.or(Tnum::constant(constant)));
        }
    }
}

/// Turns `a cond b` into one of the relations that point to the right.
fn forward<'a, T>(cond: Cond, a: &'a mut T, b: &'a mut T) -> (Cond, &'a mut T, &'a mut T) {
    match cond {
        Cond::Gt | Cond::Ge | Cond::Sgt | Cond::Sge => (cond.swap(), b, a),
        _ => (cond, a, b),
    }
}

/// The one to refine and the constant to refine it by, if either is a constant.
fn by_constant<'a, const W: u32, const S: u32>(
    w32: bool,
    a: &'a mut Scalar<W, S>,
    b: &'a mut Scalar<W, S>,
) -> Option<(&'a mut Scalar<W, S>, u64)> {
    if let Some(constant) = b.const_of(w32) {
        return Some((a, constant));
    }
    a.const_of(w32).map(|constant| (b, constant))
}

fn relate_spans<const W: u32, const S: u32>(
    cond: Cond,
    w32: bool,
    a: &mut Scalar<W, S>,
    b: &mut Scalar<W, S>,
) {
    let (cond, a, b) = forward(cond, a, b);
    match cond {
        Cond::Set | Cond::Clear => {
            if let Some((x, constant)) = by_constant(w32, a, b) {
                x.refine_bits(cond == Cond::Set, w32, constant);
            }
        }
        Cond::Ne => {
            if let Some((x, constant)) = by_constant(w32, a, b) {
                if w32 {
                    let mut lo = x.lo();
                    lo.exclude(constant);
                    x.set_lo(lo);
                } else {
                    let mut hi = x.hi();
                    hi.exclude(constant);
                    x.set_hi(hi);
                }
            }
        }
        _ => {
            if cond == Cond::Eq {
                let both = a.tnum_of(w32).intersect(b.tnum_of(w32));
                a.set_tnum_of(w32, both);
                b.set_tnum_of(w32, both);
            }
            if w32 {
                let (mut x, mut y) = (a.lo(), b.lo());
                x.relate(cond, &mut y);
                a.set_lo(x);
                b.set_lo(y);
            } else {
                let (mut x, mut y) = (a.hi(), b.hi());
                x.relate(cond, &mut y);
                a.set_hi(x);
                b.set_hi(y);
            }
        }
    }
}

fn relate_arcs<const W: u32, const S: u32>(
    cond: Cond,
    w32: bool,
    a: &mut Scalar<W, S>,
    b: &mut Scalar<W, S>,
) {
    let (cond, a, b) = forward(cond, a, b);
    match cond {
        Cond::Set | Cond::Clear => {
            if let Some((x, constant)) = by_constant(w32, a, b) {
                x.refine_bits(cond == Cond::Set, w32, constant);
            }
        }
        Cond::Ne => {
            if let Some((x, constant)) = by_constant(w32, a, b) {
                if w32 {
                    x.set_arc_lo(x.arc_lo().intersect(Arc::except(constant)));
                } else {
                    x.set_arc(x.arc().intersect(Arc::except(constant)));
                }
            }
        }
        _ => {
            if cond == Cond::Eq {
                let both = a.tnum_of(w32).intersect(b.tnum_of(w32));
                a.set_tnum_of(w32, both);
                b.set_tnum_of(w32, both);
            }
            if w32 {
                let (x, y) = a.arc_lo().relate(cond, b.arc_lo());
                a.set_arc_lo(x);
                b.set_arc_lo(y);
            } else {
                let (x, y) = a.arc().relate(cond, b.arc());
                a.set_arc(x);
                b.set_arc(y);
            }
        }
    }
}

impl<const N: u32> Span<N> {
    /// Moves each end that is `x` one inwards.
    fn exclude(&mut self, x: u64) {
        let s = Self::signed(x);
        if self.umin == x {
            self.umin = Self::wrap(x.wrapping_add(1));
        }
        if self.umax == x {
            self.umax = Self::wrap(x.wrapping_sub(1));
        }
        if self.smin == s {
            self.smin = Self::signed(x.wrapping_add(1));
        }
        if self.smax == s {
            self.smax = Self::signed(x.wrapping_sub(1));
        }
    }

    /// Narrows both by `self cond other`, one of `==`, `<`, `<=`, signed or not.
    fn relate(&mut self, cond: Cond, other: &mut Self) {
        let up = |x: u64| Self::wrap(x.wrapping_add(1));
        let down = |x: u64| Self::wrap(x.wrapping_sub(1));
        let (sup, sdown) = (
            |x: i64| Self::signed((x as u64).wrapping_add(1)),
            |x: i64| Self::signed((x as u64).wrapping_sub(1)),
        );
        match cond {
            Cond::Eq => {
                self.narrow(other);
                *other = *self;
            }
            Cond::Le => {
                self.umax = self.umax.min(other.umax);
                other.umin = other.umin.max(self.umin);
            }
            Cond::Lt => {
                self.umax = self.umax.min(down(other.umax));
                other.umin = other.umin.max(up(self.umin));
            }
            Cond::Sle => {
                self.smax = self.smax.min(other.smax);
                other.smin = other.smin.max(self.smin);
            }
            Cond::Slt => {
                self.smax = self.smax.min(sdown(other.smax));
                other.smin = other.smin.max(sup(self.smin));
            }
            _ => {}
        }
    }
}

impl<const N: u32> Arc<N> {
    /// Both narrowed by `self cond other`, one of `==`, `<`, `<=`, signed or not.
    /// The second learns from what the first became.
    fn relate(self, cond: Cond, other: Self) -> (Self, Self) {
        let greatest = super::mask(N);
        let strict = u64::from(matches!(cond, Cond::Lt | Cond::Slt));
        match cond {
            Cond::Eq => {
                let both = self.intersect(other);
                (both, both)
            }
            Cond::Lt | Cond::Le => {
                let top = other.unsigned().1.wrapping_sub(strict) & greatest;
                let below = self.intersect(Arc::from_unsigned(0, top));
                let bottom = below.unsigned().0.wrapping_add(strict) & greatest;
                (below, other.intersect(Arc::from_unsigned(bottom, greatest)))
            }
            _ => {
                let step = |x: i64, by: u64| Span::<N>::signed((x as u64).wrapping_add(by));
                let top = step(other.signed().1, strict.wrapping_neg());
                let below = self.intersect(Arc::from_signed(signed_min(N), top));
                let bottom = step(below.signed().0, strict);
                (
                    below,
                    other.intersect(Arc::from_signed(bottom, signed_max(N))),
                )
            }
        }
    }
}
