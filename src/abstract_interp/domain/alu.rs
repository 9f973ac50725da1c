//! Arithmetic over four ranges.
//!
//! An operation on the whole word also tells something of the lower half where
//! low bits depend on low bits alone: sums, products and bitwise operations
//! compute both widths side by side. Shifts move bits across the seam, so that
//! one width is computed and the other is forgotten and learnt back from the
//! tnum. A 32-bit operation computes the lower half and zero-extends it.
//!
//! | op | unsigned range | signed range |
//! |---|---|---|
//! | add, sub, mul | ends by ends, unknown on overflow | the same |
//! | and | `[ones of tnum, min of maxima]` | from unsigned |
//! | or | `[max of minima, ones of tnum]` | from unsigned |
//! | xor | that of the tnum | from unsigned |
//! | `<<` K | ends shifted, unknown if a one may leave | unknown, but see `<< 32` |
//! | `>>` K | ends shifted | unknown |
//! | `s>>` K | unknown | ends shifted |
//!
//! What is not computable (a shift by an unknown, a division) is unknown, in all
//! 64 bits even if the operation has 32.

use super::Model;
use super::bounds::Hole;
use super::divmod::divide;
use super::span::Span;
use super::{Scalar, ScalarRules, Tnum, mask};
use crate::programs::insn::AluOp;

/// The operations of two operands. Negation has its own function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarOp {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`, unsigned
    Div,
    /// `a / b`, signed
    SDiv,
    /// `a | b`
    Or,
    /// `a & b`
    And,
    /// `a << b`
    Lsh,
    /// `a >> b`
    Rsh,
    /// `a % b`, unsigned
    Mod,
    /// `a % b`, signed
    SMod,
    /// `a ^ b`
    Xor,
    /// `a s>> b`
    Arsh,
    /// `b`
    Mov,
}

impl From<AluOp> for ScalarOp {
    fn from(op: AluOp) -> ScalarOp {
        match op {
            AluOp::Add => ScalarOp::Add,
            AluOp::Sub => ScalarOp::Sub,
            AluOp::Mul => ScalarOp::Mul,
            AluOp::Div => ScalarOp::Div,
            AluOp::SDiv => ScalarOp::SDiv,
            AluOp::Or => ScalarOp::Or,
            AluOp::And => ScalarOp::And,
            AluOp::Lsh => ScalarOp::Lsh,
            AluOp::Rsh => ScalarOp::Rsh,
            AluOp::Mod => ScalarOp::Mod,
            AluOp::SMod => ScalarOp::SMod,
            AluOp::Xor => ScalarOp::Xor,
            AluOp::Mov => ScalarOp::Mov,
            AluOp::Arsh => ScalarOp::Arsh,
        }
    }
}

impl ScalarOp {
    /// Every operation.
    pub const ALL: [ScalarOp; 14] = {
        use ScalarOp::{Add, And, Arsh, Div, Lsh, Mod, Mov, Mul, Or, Rsh, SDiv, SMod, Sub, Xor};
        [
            Add, Sub, Mul, Div, SDiv, Or, And, Lsh, Rsh, Mod, SMod, Xor, Arsh, Mov,
        ]
    };

    pub(super) const fn is_shift(self) -> bool {
        matches!(self, ScalarOp::Lsh | ScalarOp::Rsh | ScalarOp::Arsh)
    }
    pub(super) const fn is_division(self) -> bool {
        matches!(
            self,
            ScalarOp::Div | ScalarOp::SDiv | ScalarOp::Mod | ScalarOp::SMod
        )
    }
    const fn is_bitwise(self) -> bool {
        matches!(self, ScalarOp::And | ScalarOp::Or | ScalarOp::Xor)
    }
}

/// What an operation's second operand permits.
enum Plan {
    Compute,
    /// Unknown in all bits.
    Unknown,
    /// Unknown in the bits of the operation; zero above.
    UnknownHalf,
}

impl<const W: u32, const S: u32> Scalar<W, S> {
    /// `a op b`, as the verifier knows it: in 32 bits (zero-extended) if `w32`.
    /// An immediate is a `constant` of it, sign-extended, in either width.
    pub fn alu(
        op: impl Into<ScalarOp>,
        w32: bool,
        a: &Self,
        b: &Self,
        rules: &ScalarRules,
    ) -> Self {
        let op = op.into();
        if op == ScalarOp::Mov {
            let mut out = *b;
            if w32 {
                out.zext32(rules);
                out.check(rules);
            }
            return out;
        }
        match plan(op, w32, b, rules) {
            Plan::Unknown => return Self::UNKNOWN,
            Plan::UnknownHalf => {
                let mut out = Self::UNKNOWN;
                if w32 {
                    out.zext32(rules);
                }
                return out;
            }
            Plan::Compute => {}
        }
        if rules.model == Model::Circular {
            return Self::alu_arcs(op, w32, a, b, rules);
        }
        let mut out = Self::ranges(op, w32, a, b, rules);
        if w32 {
            out.assign_low();
        }
        out.settle(rules);
        out
    }

    /// `-a`.
    pub fn neg(w32: bool, a: &Self, rules: &ScalarRules) -> Self {
        if !rules.neg {
            return Self::UNKNOWN;
        }
        Self::alu(ScalarOp::Sub, w32, &Self::ZERO, a, rules)
    }

    /// Where `x &= K` or `x |= K` meets an x in `-1..=0` (a sign spread over a
    /// word), the verifier goes on with -1 and explores 0 apart, from the same
    /// instruction: `Some((zero, minus_one))` are the two values of x.
    pub fn fork(
        op: impl Into<ScalarOp>,
        a: &Self,
        b: &Self,
        rules: &ScalarRules,
    ) -> Option<(Self, Self)> {
        let op = op.into();
        if !rules.fork_sign_masks
            || !matches!(op, ScalarOp::And | ScalarOp::Or)
            || !b.tnum.is_const()
        {
            return None;
        }
        if (a.smin, a.smax) == (-1, 0) {
            return Some((Self::ZERO, Self::constant(u64::MAX)));
        }
        if (a.s32min, a.s32max) == (-1, 0) {
            let (mut zero, mut ones) = (*a, *a);
            zero.set_const32(0);
            ones.set_const32(mask(S) as u32);
            return Some((zero, ones));
        }
        None
    }

    /// `known + delta`, for a register that is linked to `known` at that
    /// distance: what `known` learnt, moved. `w32` if the link is of the halves.
    pub fn linked(known: &Self, delta: i64, w32: bool, rules: &ScalarRules) -> Self {
        let delta = Self::constant(delta as u64);
        let mut out = if rules.model == Model::Circular {
            let mut out = *known;
            out.set_arc(known.arc().add(delta.arc()));
            out.set_arc_lo(known.arc_lo().add(delta.arc_lo()));
            out.tnum = known.tnum.add(delta.tnum).low(W);
            out
        } else {
            Self::ranges(ScalarOp::Add, false, known, &delta, rules)
        };
        if rules.sync_linked {
            if w32 {
                out.zext_raw(rules);
            }
            out.sync(rules);
        }
        out
    }

    /// A pointer's variable offset plus (or minus) an unknown number: 64 bits
    /// only, the lower half forgotten, not yet synchronised: the verifier looks
    /// at the result's ends first. Call `sync` after.
    pub fn pointer_add(ptr: &Self, off: &Self, subtract: bool, rules: &ScalarRules) -> Self {
        let mut out = Self::UNKNOWN;
        if rules.model == Model::Circular {
            let moved = if subtract { off.arc().neg() } else { off.arc() };
            out.set_arc(ptr.arc().add(moved));
        } else if subtract {
            out.set_hi(ptr.hi().sub(&off.hi(), false));
        } else {
            out.set_hi(ptr.hi().add(&off.hi(), false));
        }
        let tnum = if subtract {
            ptr.tnum.sub(off.tnum)
        } else {
            ptr.tnum.add(off.tnum)
        };
        out.tnum = tnum.low(W);
        out
    }

    /// Each view by its own rule; for `w32` the whole is left to `assign_low`.
    #[inline]
    fn ranges(op: ScalarOp, w32: bool, a: &Self, b: &Self, rules: &ScalarRules) -> Self {
        let tnum = Self::tnum_alu(op, a.tnum, b.tnum, rules);
        match op {
            ScalarOp::Add | ScalarOp::Sub | ScalarOp::Mul => Self::from_parts(
                tnum,
                if w32 {
                    Span::FULL
                } else {
                    arithmetic(op, &a.hi(), &b.hi(), rules)
                },
                arithmetic(op, &a.lo(), &b.lo(), rules),
            ),
            ScalarOp::Lsh | ScalarOp::Rsh | ScalarOp::Arsh => {
                let shift = if w32 { b.u32min } else { b.umin as u32 };
                if w32 {
                    Self::shift_low(op, a, shift)
                } else {
                    Self::shift(op, a, shift, rules)
                }
            }
            _ if op.is_division() => Self::quotient(op, w32, a, b),
            _ => Self::bitwise(op, w32, tnum, a, b, rules),
        }
    }

    /// By a constant; of the other width and of single bits nothing is known after.
    fn quotient(op: ScalarOp, w32: bool, a: &Self, b: &Self) -> Self {
        let mut out = Self::UNKNOWN;
        if w32 {
            return match b.u32min {
                0 => Self::by_zero(op, a),
                by => divide(op, a.lo(), by.into()).span().map_or(*a, |low| {
                    out.set_lo(low);
                    out
                }),
            };
        }
        match b.umin {
            0 => Self::by_zero(op, a),
            by => divide(op, a.hi(), by).span().map_or(*a, |whole| {
                out.set_hi(whole);
                out
            }),
        }
    }

    fn tnum_alu(op: ScalarOp, a: Tnum, b: Tnum, rules: &ScalarRules) -> Tnum {
        match op {
            ScalarOp::Add => a.add(b).low(W),
            ScalarOp::Sub => a.sub(b).low(W),
            ScalarOp::Mul => a.mul(b, rules.mul).low(W),
            ScalarOp::And => a.and(b),
            ScalarOp::Or => a.or(b),
            ScalarOp::Xor => a.xor(b),
            _ => a,
        }
    }

    fn bitwise(
        op: ScalarOp,
        w32: bool,
        tnum: Tnum,
        a: &Self,
        b: &Self,
        rules: &ScalarRules,
    ) -> Self {
        if !w32 && a.tnum.is_const() && b.tnum.is_const() {
            return Self::constant(tnum.value);
        }
        let sign = rules.bitwise_sign_of_result;
        let lo = if a.tnum.low(S).is_const() && b.tnum.low(S).is_const() {
            Span::constant(tnum.value)
        } else {
            bitwise(op, tnum.low(S), &a.lo(), &b.lo(), sign)
        };
        let hi = if w32 {
            Span::FULL
        } else {
            bitwise(op, tnum, &a.hi(), &b.hi(), sign)
        };
        let mut out = Self::from_parts(tnum, hi, lo);
        out.narrow_lo_by_tnum();
        out
    }

    /// Shifts of the whole word.
    fn shift(op: ScalarOp, a: &Self, shift: u32, rules: &ScalarRules) -> Self {
        let (mut hi, mut lo) = (a.hi(), Span::FULL);
        let tnum = match op {
            ScalarOp::Lsh => {
                hi = Span {
                    smin: Span::<W>::FULL.smin,
                    smax: Span::<W>::FULL.smax,
                    ..hi
                };
                (hi.umin, hi.umax) = hi.shl_unsigned(shift);
                if shift == S {
                    // Half of a sign extension by `<< 32` and `s>> 32`.
                    if rules.shl_half_negative || a.s32max >= 0 {
                        hi.smax = Span::<W>::signed((a.s32max as u64) << S);
                    }
                    if rules.shl_half_negative || a.s32min >= 0 {
                        hi.smin = Span::<W>::signed((a.s32min as u64) << S);
                    }
                }
                (lo.umin, lo.umax) = a.lo().shl_unsigned(shift);
                a.tnum.shl(shift).low(W)
            }
            ScalarOp::Rsh => {
                hi = Span {
                    umin: hi.umin >> shift,
                    umax: hi.umax >> shift,
                    ..Span::FULL
                };
                a.tnum.shr(shift)
            }
            _ => {
                hi = Span {
                    smin: hi.smin >> shift,
                    smax: hi.smax >> shift,
                    ..Span::FULL
                };
                a.tnum.sar(shift, W)
            }
        };
        Self::from_parts(tnum, hi, lo)
    }

    /// Shifts of the lower half.
    fn shift_low(op: ScalarOp, a: &Self, shift: u32) -> Self {
        let (mut lo, low) = (a.lo(), a.tnum.low(S));
        let tnum = match op {
            ScalarOp::Lsh => {
                let (umin, umax) = lo.shl_unsigned(shift);
                lo = Span {
                    umin,
                    umax,
                    ..Span::FULL
                };
                low.shl(shift).low(S)
            }
            ScalarOp::Rsh => {
                lo = Span {
                    umin: lo.umin >> shift,
                    umax: lo.umax >> shift,
                    ..Span::FULL
                };
                low.shr(shift)
            }
            _ => {
                lo = Span {
                    smin: lo.smin >> shift,
                    smax: lo.smax >> shift,
                    ..Span::FULL
                };
                low.sar(shift, S)
            }
        };
        let mut out = Self::from_parts(tnum, Span::FULL, lo);
        out.narrow_lo_by_tnum();
        out
    }

    /// The whole becomes the lower half: upper bits zero. Ranges, not yet synchronised.
    pub(super) fn assign_low(&mut self) {
        self.tnum = self.tnum.low(S);
        let lo = self.lo();
        let (smin, smax) = if lo.smin >= 0 && lo.smax >= 0 {
            (lo.smin, lo.smax)
        } else {
            (0, mask(S) as i64)
        };
        self.set_hi(Span {
            umin: lo.umin,
            umax: lo.umax,
            smin,
            smax,
        });
        (self.hole.at, self.hole.len) = (0, 0);
    }

    /// `assign_low` in the model at hand.
    pub(super) fn zext_raw(&mut self, rules: &ScalarRules) {
        if rules.model == Model::Circular {
            let (umin, umax) = self.arc_lo().unsigned();
            self.tnum = self.tnum.low(S);
            self.set_arc(super::arc::Arc::from_unsigned(umin, umax));
        } else {
            self.hole = Hole::NONE;
            self.assign_low();
        }
    }
}

/// Whether the result can be computed from what is known of `b`.
fn plan<const W: u32, const S: u32>(
    op: ScalarOp,
    w32: bool,
    b: &Scalar<W, S>,
    rules: &ScalarRules,
) -> Plan {
    let known = b.const_of(w32).is_some();
    let bits = if w32 { S } else { W };
    if !rules.any_second_operand {
        let empty = if w32 {
            b.lo().is_empty()
        } else {
            b.hi().is_empty()
        };
        let stale = known
            && if w32 {
                !b.lo().is_const()
            } else {
                !b.hi().is_const()
            };
        let tracked = matches!(op, ScalarOp::Add | ScalarOp::Sub | ScalarOp::And);
        return if empty || stale || !(known || tracked) {
            Plan::Unknown
        } else if op.is_division() || (op.is_shift() && b.umax >= u64::from(bits)) {
            Plan::UnknownHalf
        } else {
            Plan::Compute
        };
    }
    let known = known
        && if w32 {
            b.lo().is_const()
        } else {
            b.hi().is_const()
        };
    let computable = if op.is_division() {
        known && rules.const_divmod
    } else {
        !op.is_shift() || (known && b.umax < u64::from(bits))
    };
    if computable {
        Plan::Compute
    } else {
        Plan::Unknown
    }
}

#[inline]
fn arithmetic<const N: u32>(
    op: ScalarOp,
    a: &Span<N>,
    b: &Span<N>,
    rules: &ScalarRules,
) -> Span<N> {
    match op {
        ScalarOp::Add => a.add(b, rules.add_both_overflow),
        ScalarOp::Sub => a.sub(b, rules.add_both_overflow),
        _ if rules.mul_signed => a.mul(b),
        _ => a.mul_small(b),
    }
}

/// Unsigned ends of a bitwise operation whose known bits are `tnum`.
#[inline]
pub(super) fn bitwise_ends<const N: u32>(
    op: ScalarOp,
    tnum: Tnum,
    a: &Span<N>,
    b: &Span<N>,
) -> (u64, u64) {
    debug_assert!(op.is_bitwise());
    match op {
        ScalarOp::And => (tnum.min(), a.umax.min(b.umax)),
        ScalarOp::Or => (a.umin.max(b.umin), tnum.max()),
        _ => (tnum.min(), tnum.max()),
    }
}

#[inline]
fn bitwise<const N: u32>(
    op: ScalarOp,
    tnum: Tnum,
    a: &Span<N>,
    b: &Span<N>,
    sign_of_result: bool,
) -> Span<N> {
    let (umin, umax) = bitwise_ends(op, tnum, a, b);
    Span::bitwise(a, b, umin, umax, sign_of_result)
}
