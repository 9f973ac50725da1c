//! Arithmetic over arcs (7.3), and what synchronisation is there.
//!
//! With one arc per width, unsigned and signed knowledge cannot drift apart:
//! sums and differences are exact, and the deductions between readings are gone.
//! What an operation knows of the readings it gives as two arcs that are
//! intersected.
//!
//! Synchronisation: the tnum is an arc (through the sign if its sign bit may be
//! set); the lower half is cut to the low bits of the whole, and the whole to
//! those of the lower half; and if only one member of the tnum lies within the
//! unsigned range, that is the number.

use super::alu::bitwise_ends;
use super::arc::Arc;
use super::divmod::divide;
use super::span::Span;
use super::{Scalar, ScalarOp, ScalarRules, Tnum};

impl<const N: u32> Arc<N> {
    /// Its ends in both readings.
    fn span(self) -> Span<N> {
        let (umin, umax) = self.unsigned();
        let (smin, smax) = self.signed();
        Span {
            umin,
            umax,
            smin,
            smax,
        }
    }
    pub(super) fn from_tnum(tnum: Tnum) -> Self {
        let span = Span::<N>::from_tnum(tnum);
        if tnum.max() >> (N - 1) != 0 {
            Arc::from_signed(span.smin, span.smax)
        } else {
            Arc::from_unsigned(span.umin, span.umax)
        }
    }
}

impl<const W: u32, const S: u32> Scalar<W, S> {
    fn of_arcs(tnum: Tnum, arc: Arc<W>, low: Arc<S>) -> Self {
        let mut out = Scalar {
            tnum,
            ..Self::UNKNOWN
        };
        out.set_arc(arc);
        out.set_arc_lo(low);
        out
    }

    pub(super) fn sync_arcs(&mut self, rules: &ScalarRules) {
        if self.has_empty_range() {
            return;
        }
        self.narrow_arcs();
        let (mut arc, mut low) = (self.arc(), self.arc_lo());
        for _ in 0..rules.sync_rounds {
            low = low.intersect(arc.low());
            arc = arc.with_low(low);
        }
        // The empty arc reads as everything: it teaches the tnum nothing.
        let ((umin, umax), (low_min, low_max)) = (arc.unsigned(), low.unsigned());
        let whole = self.tnum.intersect(Tnum::range(umin, umax));
        let half = whole.low(S).intersect(Tnum::range(low_min, low_max));
        *self = Self::of_arcs(whole.with_low(S, half), arc, low);
        self.narrow_arcs();
    }

    /// Arcs from known bits; the whole number where only one is left.
    fn narrow_arcs(&mut self) {
        self.narrow_arc_lo();
        self.set_arc(self.arc().intersect(Arc::from_tnum(self.tnum)));
        let (umin, umax) = self.arc().unsigned();
        if let Some(only) = self.only_member(umin, umax) {
            *self = Self::constant(only);
        }
    }

    fn narrow_arc_lo(&mut self) {
        self.set_arc_lo(self.arc_lo().intersect(Arc::from_tnum(self.tnum.low(S))));
    }

    pub(super) fn alu_arcs(
        op: ScalarOp,
        w32: bool,
        a: &Self,
        b: &Self,
        rules: &ScalarRules,
    ) -> Self {
        let mut out = Self::arcs(op, w32, a, b, rules);
        if w32 {
            out.zext_raw(rules);
        }
        out.settle(rules);
        out
    }

    fn arcs(op: ScalarOp, w32: bool, a: &Self, b: &Self, rules: &ScalarRules) -> Self {
        let (t, u) = (a.tnum, b.tnum);
        match op {
            ScalarOp::Add => Self::of_arcs(
                t.add(u).low(W),
                a.arc().add(b.arc()),
                a.arc_lo().add(b.arc_lo()),
            ),
            ScalarOp::Sub => Self::of_arcs(
                t.sub(u).low(W),
                a.arc().sub(b.arc()),
                a.arc_lo().sub(b.arc_lo()),
            ),
            ScalarOp::Mul => Self::of_arcs(
                t.mul(u, rules.mul).low(W),
                both_readings(a.hi().mul(&b.hi())),
                both_readings(a.lo().mul(&b.lo())),
            ),
            ScalarOp::And => Self::bitwise_arcs(op, t.and(u), a, b),
            ScalarOp::Or => Self::bitwise_arcs(op, t.or(u), a, b),
            ScalarOp::Xor => Self::bitwise_arcs(op, t.xor(u), a, b),
            ScalarOp::Lsh | ScalarOp::Rsh | ScalarOp::Arsh if w32 => {
                Self::shift_low_arc(op, a, b.u32min)
            }
            ScalarOp::Lsh | ScalarOp::Rsh | ScalarOp::Arsh => Self::shift_arc(op, a, b.umin as u32),
            _ if w32 => match b.u32min {
                0 => Self::by_zero(op, a),
                by => divide(op, a.arc_lo().span(), by.into())
                    .arc()
                    .map_or(*a, |low| Self::of_arcs(Self::UNKNOWN.tnum, Arc::FULL, low)),
            },
            _ => match b.umin {
                0 => Self::by_zero(op, a),
                by => divide(op, a.arc().span(), by)
                    .arc()
                    .map_or(*a, |arc| Self::of_arcs(Self::UNKNOWN.tnum, arc, Arc::FULL)),
            },
        }
    }

    pub(super) fn by_zero(op: ScalarOp, a: &Self) -> Self {
        match op {
            ScalarOp::Div | ScalarOp::SDiv => Self::ZERO,
            _ => *a,
        }
    }

    fn bitwise_arcs(op: ScalarOp, tnum: Tnum, a: &Self, b: &Self) -> Self {
        if a.tnum.is_const() && b.tnum.is_const() {
            return Self::constant(tnum.value);
        }
        let low = if a.tnum.low(S).is_const() && b.tnum.low(S).is_const() {
            Arc::constant(tnum.value)
        } else {
            let (min, max) = bitwise_ends(op, tnum.low(S), &a.lo(), &b.lo());
            Arc::from_unsigned(min, max)
        };
        let (min, max) = bitwise_ends(op, tnum, &a.hi(), &b.hi());
        let mut out = Self::of_arcs(tnum, Arc::from_unsigned(min, max), low);
        if op != ScalarOp::Xor {
            out.narrow_arcs();
        }
        out
    }

    fn shift_arc(op: ScalarOp, a: &Self, shift: u32) -> Self {
        let hi = a.hi();
        let mut low = Arc::FULL;
        let (tnum, arc) = match op {
            ScalarOp::Lsh => {
                let (min, max) = hi.shl_unsigned(shift);
                let mut arc = Arc::from_unsigned(min, max);
                if shift == S {
                    let end = |x: i32| Span::<W>::signed((x as u64) << S);
                    arc = arc.intersect(Arc::from_signed(end(a.s32min), end(a.s32max)));
                }
                let (min, max) = a.lo().shl_unsigned(shift);
                low = Arc::from_unsigned(min, max);
                (a.tnum.shl(shift).low(W), arc)
            }
            ScalarOp::Rsh => (
                a.tnum.shr(shift),
                Arc::from_unsigned(hi.umin >> shift, hi.umax >> shift),
            ),
            _ => (
                a.tnum.sar(shift, W),
                Arc::from_signed(hi.smin >> shift, hi.smax >> shift),
            ),
        };
        let mut out = Self::of_arcs(tnum, arc, low);
        out.narrow_arcs();
        out
    }

    fn shift_low_arc(op: ScalarOp, a: &Self, shift: u32) -> Self {
        let (lo, half) = (a.lo(), a.tnum.low(S));
        let (tnum, low) = match op {
            ScalarOp::Lsh => {
                let (min, max) = lo.shl_unsigned(shift);
                (half.shl(shift).low(S), Arc::from_unsigned(min, max))
            }
            ScalarOp::Rsh => (
                half.shr(shift),
                Arc::from_unsigned(lo.umin >> shift, lo.umax >> shift),
            ),
            _ => (
                half.sar(shift, S),
                Arc::from_signed(lo.smin >> shift, lo.smax >> shift),
            ),
        };
        let mut out = Self::of_arcs(tnum, Arc::FULL, low);
        out.narrow_arc_lo();
        out
    }
}

/// The arc of an unsigned and a signed range of the same number.
fn both_readings<const N: u32>(span: Span<N>) -> Arc<N> {
    Arc::from_unsigned(span.umin, span.umax).intersect(Arc::from_signed(span.smin, span.smax))
}
