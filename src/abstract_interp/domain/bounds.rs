//! The product of the views of one word: order, constructors, printing.
//!
//! `W` is the width of the word and `S` that of its lower half. Fields keep the
//! kernel's types whatever the width: unsigned ends zero-extended, signed ends
//! sign-extended.
//!
//! Where ranges are arcs (7.3), the four ranges are what the arcs show, and that
//! determines them except for an arc that crosses both zero and the sign: then
//! both readings are full, and [`Hole`] says which values are out.

use super::arc::Arc;
use super::span::Span;
use super::{ScalarRules, Tnum, mask, sign_extend, signed_max, signed_min};
use core::fmt;

/// The values that an arc across both borders leaves out, by width: `len` of
/// them from `at`. `len` 0 is no hole. Always empty where ranges are not arcs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hole {
    /// First 64-bit value out.
    pub at: u64,
    /// How many are out.
    pub len: u64,
    /// First 32-bit value out.
    pub at32: u32,
    /// How many are out.
    pub len32: u32,
}

impl Hole {
    /// Nothing is left out.
    pub const NONE: Hole = Hole {
        at: 0,
        len: 0,
        at32: 0,
        len32: 0,
    };
}

/// What is known of a number of `W` bits and of its low `S` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scalar<const W: u32, const S: u32> {
    /// Known bits.
    pub tnum: Tnum,
    /// Least, unsigned.
    pub umin: u64,
    /// Greatest, unsigned.
    pub umax: u64,
    /// Least, signed.
    pub smin: i64,
    /// Greatest, signed.
    pub smax: i64,
    /// Least lower half, unsigned.
    pub u32min: u32,
    /// Greatest lower half, unsigned.
    pub u32max: u32,
    /// Least lower half, signed.
    pub s32min: i32,
    /// Greatest lower half, signed.
    pub s32max: i32,
    /// What the arcs leave out that the ranges cannot say.
    pub hole: Hole,
}

/// What is known of a 64-bit number.
pub type Bounds = Scalar<64, 32>;

impl<const W: u32, const S: u32> Scalar<W, S> {
    /// Any number.
    pub const UNKNOWN: Self = Scalar {
        tnum: Tnum {
            value: 0,
            mask: mask(W),
        },
        umin: 0,
        umax: mask(W),
        smin: signed_min(W),
        smax: signed_max(W),
        u32min: 0,
        u32max: mask(S) as u32,
        s32min: signed_min(S) as i32,
        s32max: signed_max(S) as i32,
        hole: Hole::NONE,
    };
    /// Zero.
    pub const ZERO: Self = Self::constant(0);

    /// Exactly `x`.
    pub const fn constant(x: u64) -> Self {
        let (u, s) = (x & mask(W), sign_extend(x, W));
        let (u32, s32) = ((x & mask(S)) as u32, sign_extend(x, S) as i32);
        Scalar {
            tnum: Tnum::constant(u),
            umin: u,
            umax: u,
            smin: s,
            smax: s,
            u32min: u32,
            u32max: u32,
            s32min: s32,
            s32max: s32,
            hole: Hole::NONE,
        }
    }

    /// `min..=max`, unsigned.
    pub fn from_unsigned_range(min: u64, max: u64, rules: &ScalarRules) -> Self {
        let mut this = Self::UNKNOWN;
        this.umin = min;
        this.umax = max;
        this.sync(rules);
        this
    }

    /// `min..=max`, signed.
    pub fn from_signed_range(min: i64, max: i64, rules: &ScalarRules) -> Self {
        let mut this = Self::UNKNOWN;
        this.smin = min;
        this.smax = max;
        this.sync(rules);
        this
    }

    /// A 32-bit signed range that is also that of the whole number: what a
    /// function that returns `int` may give.
    pub fn from_s32_range(min: i32, max: i32, rules: &ScalarRules) -> Self {
        let mut this = Self::UNKNOWN;
        this.clamp_s32(min, max, rules);
        this
    }

    /// Narrows both signed ranges to `min..=max`.
    pub fn clamp_s32(&mut self, min: i32, max: i32, rules: &ScalarRules) {
        self.smin = self.smin.max(min.into());
        self.smax = self.smax.min(max.into());
        self.s32min = self.s32min.max(min);
        self.s32max = self.s32max.min(max);
        self.hole = Hole::NONE;
        self.sync(rules);
    }

    /// Replaces both signed ranges (a length returned by a helper, or an error).
    pub fn assume_signed(&mut self, min: i64, max: i64, rules: &ScalarRules) {
        (self.smin, self.smax) = (min, max);
        (self.s32min, self.s32max) = (
            sign_extend(min as u64, S) as i32,
            sign_extend(max as u64, S) as i32,
        );
        if matches!(rules.model, super::Model::Circular) {
            (self.umin, self.umax) = (0, mask(W));
            (self.u32min, self.u32max) = (0, mask(S) as u32);
        }
        self.hole = Hole::NONE;
        self.sync(rules);
    }

    /// Sets it to `x`.
    pub fn set_const(&mut self, x: u64) {
        *self = Self::constant(x);
    }
    /// Sets the lower half to `x` and keeps what is known above it.
    pub fn set_const32(&mut self, x: u32) {
        self.tnum = self.tnum.with_low(S, Tnum::constant(x.into()));
        self.set_lo(Span::constant(x.into()));
        (self.hole.at32, self.hole.len32) = (0, 0);
    }
    /// Forgets everything.
    pub fn mark_unknown(&mut self) {
        *self = Self::UNKNOWN;
    }
    /// Forgets the ranges and keeps the known bits.
    pub fn forget_ranges(&mut self) {
        *self = Scalar {
            tnum: self.tnum,
            ..Self::UNKNOWN
        };
    }
    /// Forgets the ranges of the lower half.
    pub fn forget_lo(&mut self) {
        self.set_lo(Span::FULL);
        (self.hole.at32, self.hole.len32) = (0, 0);
    }

    /// The one value it can have, by its known bits.
    pub const fn is_const(&self) -> Option<u64> {
        if self.tnum.is_const() {
            Some(self.tnum.value)
        } else {
            None
        }
    }
    /// The one value its lower half can have, by its known bits.
    pub const fn is_const32(&self) -> Option<u32> {
        let low = self.tnum.low(S);
        if low.is_const() {
            Some(low.value as u32)
        } else {
            None
        }
    }
    /// The constant of the operation's width.
    pub const fn const_of(&self, w32: bool) -> Option<u64> {
        let tnum = self.tnum_of(w32);
        if tnum.is_const() {
            Some(tnum.value)
        } else {
            None
        }
    }
    /// The known bits of the operation's width.
    pub const fn tnum_of(&self, w32: bool) -> Tnum {
        if w32 { self.tnum.low(S) } else { self.tnum }
    }
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::UNKNOWN
    }
    /// Bits that the greatest value takes: at most 32 for a zero-extended half.
    pub const fn width(&self) -> u32 {
        64 - self.umax.leading_zeros()
    }
    /// Whether it can never be negative.
    pub const fn is_non_negative(&self) -> bool {
        self.smin >= 0
    }
    /// Whether a view is empty, or a known value is not what the ranges say.
    pub fn is_contradictory(&self) -> bool {
        let (hi, lo) = (self.hi(), self.lo());
        hi.is_empty()
            || lo.is_empty()
            || (self.tnum.is_const() && hi != Span::constant(self.tnum.value))
            || (self.tnum.low(S).is_const() && lo != Span::constant(self.tnum.value))
    }
    /// Whether a range is empty: no value is left.
    pub fn has_empty_range(&self) -> bool {
        self.hi().is_empty() || self.lo().is_empty()
    }

    /// Whether `x` is among the values.
    pub fn contains(&self, x: u64) -> bool {
        let (hi, lo) = (Span::<W>::constant(x), Span::<S>::constant(x));
        self.tnum.contains(x & mask(W))
            && self.hi().covers(&hi)
            && self.lo().covers(&lo)
            && self.arc().contains(x & mask(W))
            && self.arc_lo().contains(x & mask(S))
    }

    /// Whether every view of `self` includes that of `cur`: the ranges lie
    /// within and the known bits agree. What pruning asks of two states.
    pub fn covers(&self, cur: &Self) -> bool {
        self.covers_range(cur) && self.tnum.includes(cur.tnum)
    }
    /// `covers` without the known bits.
    #[inline]
    pub fn covers_range(&self, cur: &Self) -> bool {
        self.hi().covers(&cur.hi())
            && self.lo().covers(&cur.lo())
            && (self.hole == Hole::NONE
                || (self.arc().includes(cur.arc()) && self.arc_lo().includes(cur.arc_lo())))
    }

    /// Keeps what both allow, view by view, without deducing more.
    pub fn intersect_with(&mut self, other: &Self) {
        let (mut hi, mut lo) = (self.hi(), self.lo());
        if self.hole == Hole::NONE && other.hole == Hole::NONE {
            hi.narrow(&other.hi());
            lo.narrow(&other.lo());
            self.set_hi(hi);
            self.set_lo(lo);
        } else {
            self.set_arc(self.arc().intersect(other.arc()));
            self.set_arc_lo(self.arc_lo().intersect(other.arc_lo()));
        }
        self.tnum = self.tnum.intersect(other.tnum);
    }

    #[inline(always)]
    pub(super) const fn hi(&self) -> Span<W> {
        Span {
            umin: self.umin,
            umax: self.umax,
            smin: self.smin,
            smax: self.smax,
        }
    }
    #[inline(always)]
    pub(super) const fn lo(&self) -> Span<S> {
        Span {
            umin: self.u32min as u64,
            umax: self.u32max as u64,
            smin: self.s32min as i64,
            smax: self.s32max as i64,
        }
    }
    #[inline(always)]
    pub(super) fn set_hi(&mut self, hi: Span<W>) {
        (self.umin, self.umax, self.smin, self.smax) = (hi.umin, hi.umax, hi.smin, hi.smax);
    }
    #[inline(always)]
    pub(super) fn set_lo(&mut self, lo: Span<S>) {
        (self.u32min, self.u32max) = (lo.umin as u32, lo.umax as u32);
        (self.s32min, self.s32max) = (lo.smin as i32, lo.smax as i32);
    }
    #[inline(always)]
    pub(super) fn from_parts(tnum: Tnum, hi: Span<W>, lo: Span<S>) -> Self {
        let mut this = Scalar {
            tnum,
            ..Self::UNKNOWN
        };
        this.set_hi(hi);
        this.set_lo(lo);
        this
    }

    /// The whole word's range as an arc.
    pub(super) fn arc(&self) -> Arc<W> {
        arc_of(&self.hi(), self.hole.at, self.hole.len)
    }
    /// The lower half's range as an arc.
    pub(super) fn arc_lo(&self) -> Arc<S> {
        arc_of(&self.lo(), self.hole.at32.into(), self.hole.len32.into())
    }
    pub(super) fn set_arc(&mut self, arc: Arc<W>) {
        let (span, at, len) = of_arc(arc);
        self.set_hi(span);
        (self.hole.at, self.hole.len) = (at, len);
    }
    pub(super) fn set_arc_lo(&mut self, arc: Arc<S>) {
        let (span, at, len) = of_arc(arc);
        self.set_lo(span);
        (self.hole.at32, self.hole.len32) = (at as u32, len as u32);
    }
}

fn arc_of<const N: u32>(span: &Span<N>, at: u64, len: u64) -> Arc<N> {
    if span.is_empty() {
        Arc::EMPTY
    } else if len != 0 {
        Arc::new(at.wrapping_add(len), mask(N) - len)
    } else if span.is_unsigned_full() {
        Arc::from_signed(span.smin, span.smax)
    } else if span.is_signed_full() {
        Arc::from_unsigned(span.umin, span.umax)
    } else {
        let unsigned = Arc::from_unsigned(span.umin, span.umax);
        unsigned.intersect(Arc::from_signed(span.smin, span.smax))
    }
}

fn of_arc<const N: u32>(arc: Arc<N>) -> (Span<N>, u64, u64) {
    if arc.is_empty() {
        return (
            Span {
                umin: mask(N),
                umax: 0,
                smin: signed_max(N),
                smax: signed_min(N),
            },
            0,
            0,
        );
    }
    let ((umin, umax), (smin, smax)) = (arc.unsigned(), arc.signed());
    let span = Span {
        umin,
        umax,
        smin,
        smax,
    };
    if arc.is_full() || !arc.crosses_both() {
        return (span, 0, 0);
    }
    let len = mask(N) - arc.size;
    (span, Span::<N>::wrap(arc.base.wrapping_sub(len)), len)
}

/// As a verifier log prints it: `scalar(smin=..,umax=..,var_off=(0x0; 0xff))`,
/// equal ends joined, or the number if it is known.
impl<const W: u32, const S: u32> fmt::Display for Scalar<W, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(value) = self.is_const() {
            return signed(f, sign_extend(value, W), value);
        }
        f.write_str("scalar(")?;
        self.fmt_pieces(f)?;
        f.write_str(")")
    }
}

/// The bounds without the name, as they follow a pointer's offset.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a, const W: u32, const S: u32>(&'a Scalar<W, S>);

impl<const W: u32, const S: u32> fmt::Display for Pieces<'_, W, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_pieces(f)
    }
}

impl<const W: u32, const S: u32> Scalar<W, S> {
    /// The bounds without the name.
    pub const fn pieces(&self) -> Pieces<'_, W, S> {
        Pieces(self)
    }

    fn fmt_pieces(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // (name, value, printed value, is signed, says something)
        let s32 = |x: i32| {
            (
                i64::from(x),
                if is_decimal(x.into()) {
                    i64::from(x) as u64
                } else {
                    u64::from(x as u32)
                },
            )
        };
        let (s32min, s32max) = (s32(self.s32min), s32(self.s32max));
        let mut ends = [
            (
                "smin",
                self.smin,
                self.smin as u64,
                true,
                self.smin != signed_min(W),
            ),
            (
                "smax",
                self.smax,
                self.smax as u64,
                true,
                self.smax != signed_max(W),
            ),
            ("umin", self.umin as i64, self.umin, false, self.umin != 0),
            (
                "umax",
                self.umax as i64,
                self.umax,
                false,
                self.umax != mask(W),
            ),
            (
                "smin32",
                s32min.0,
                s32min.1,
                true,
                i64::from(self.s32min) != signed_min(S),
            ),
            (
                "smax32",
                s32max.0,
                s32max.1,
                true,
                i64::from(self.s32max) != signed_max(S),
            ),
            (
                "umin32",
                self.u32min.into(),
                self.u32min.into(),
                false,
                self.u32min != 0,
            ),
            (
                "umax32",
                self.u32max.into(),
                self.u32max.into(),
                false,
                u64::from(self.u32max) != mask(S),
            ),
        ];
        let mut separator = "";
        for first in 0..ends.len() {
            let (name, _, value, is_signed, shown) = ends[first];
            if !shown {
                continue;
            }
            write!(f, "{separator}{name}=")?;
            separator = ",";
            let negative = is_signed && (value as i64) < 0;
            for other in ends[first + 1..].iter_mut().skip(1).step_by(2) {
                let other_negative = other.3 && (other.2 as i64) < 0;
                if other.4 && other.2 == value && other_negative == negative {
                    other.4 = false;
                    write!(f, "{}=", other.0)?;
                }
            }
            if is_signed {
                signed(f, value as i64, value)?
            } else {
                unsigned(f, value)?
            }
        }
        if self.tnum.mask != mask(W) || self.tnum.value != 0 {
            write!(f, "{separator}var_off={}", self.tnum)?;
        }
        Ok(())
    }
}

fn is_decimal(x: i64) -> bool {
    i16::try_from(x).is_ok()
}

fn signed(f: &mut fmt::Formatter<'_>, x: i64, raw: u64) -> fmt::Result {
    if is_decimal(x) {
        write!(f, "{x}")
    } else {
        write!(f, "{raw:#x}")
    }
}

fn unsigned(f: &mut fmt::Formatter<'_>, x: u64) -> fmt::Result {
    if u16::try_from(x).is_ok() {
        write!(f, "{x}")
    } else {
        write!(f, "{x:#x}")
    }
}
