//! Does a condition always, or never, hold?
//!
//! For ordered comparisons the ends decide: `a > b` always holds if the least a
//! exceeds the greatest b. Equality never holds if two views are disjoint, and
//! always if both are the same constant. `a & b` has a known bit in common with a
//! constant, or cannot have one. What is tried beyond that, and whether the
//! second operand has to be a constant, is the series': see [`BranchRule`].

use super::BranchRule;
use super::span::Span;
use super::{Scalar, ScalarRules, Tnum};
use crate::programs::insn::JmpOp;

/// The conditions of jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cond {
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
    /// `a > b`
    Gt,
    /// `a >= b`
    Ge,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a s> b`
    Sgt,
    /// `a s>= b`
    Sge,
    /// `a s< b`
    Slt,
    /// `a s<= b`
    Sle,
    /// `a & b != 0`
    Set,
    /// `a & b == 0`: no jump has it; it is what not jumping on `Set` means.
    Clear,
}

impl From<JmpOp> for Cond {
    fn from(op: JmpOp) -> Cond {
        match op {
            JmpOp::Eq => Cond::Eq,
            JmpOp::Ne => Cond::Ne,
            JmpOp::Gt => Cond::Gt,
            JmpOp::Ge => Cond::Ge,
            JmpOp::Lt => Cond::Lt,
            JmpOp::Le => Cond::Le,
            JmpOp::Sgt => Cond::Sgt,
            JmpOp::Sge => Cond::Sge,
            JmpOp::Slt => Cond::Slt,
            JmpOp::Sle => Cond::Sle,
            JmpOp::Set => Cond::Set,
        }
    }
}

impl Cond {
    /// Every condition.
    pub const ALL: [Cond; 12] = {
        use Cond::{Clear, Eq, Ge, Gt, Le, Lt, Ne, Set, Sge, Sgt, Sle, Slt};
        [Eq, Ne, Gt, Ge, Lt, Le, Sgt, Sge, Slt, Sle, Set, Clear]
    };

    /// What holds when it does not.
    #[must_use]
    pub const fn negate(self) -> Cond {
        match self {
            Cond::Eq => Cond::Ne,
            Cond::Ne => Cond::Eq,
            Cond::Gt => Cond::Le,
            Cond::Ge => Cond::Lt,
            Cond::Lt => Cond::Ge,
            Cond::Le => Cond::Gt,
            Cond::Sgt => Cond::Sle,
            Cond::Sge => Cond::Slt,
            Cond::Slt => Cond::Sge,
            Cond::Sle => Cond::Sgt,
            Cond::Set => Cond::Clear,
            Cond::Clear => Cond::Set,
        }
    }

    /// The same with its operands exchanged.
    #[must_use]
    pub const fn swap(self) -> Cond {
        match self {
            Cond::Gt => Cond::Lt,
            Cond::Ge => Cond::Le,
            Cond::Lt => Cond::Gt,
            Cond::Le => Cond::Ge,
            Cond::Sgt => Cond::Slt,
            Cond::Sge => Cond::Sle,
            Cond::Slt => Cond::Sgt,
            Cond::Sle => Cond::Sge,
            other => other,
        }
    }

    /// Whether it holds of two numbers of `bits`.
    pub const fn holds(self, a: u64, b: u64, bits: u32) -> bool {
        let (s, t) = (super::sign_extend(a, bits), super::sign_extend(b, bits));
        let (a, b) = (a & super::mask(bits), b & super::mask(bits));
        match self {
            Cond::Eq => a == b,
            Cond::Ne => a != b,
            Cond::Gt => a > b,
            Cond::Ge => a >= b,
            Cond::Lt => a < b,
            Cond::Le => a <= b,
            Cond::Sgt => s > t,
            Cond::Sge => s >= t,
            Cond::Slt => s < t,
            Cond::Sle => s <= t,
            Cond::Set => a & b != 0,
            Cond::Clear => a & b == 0,
        }
    }
}

impl<const W: u32, const S: u32> Scalar<W, S> {
    /// Whether the jump on `a cond b` is always (`Some(true)`) or never taken,
    /// as far as the verifier knows. In 32 bits if `w32`.
    pub fn branch_taken(
        cond: impl Into<Cond>,
        w32: bool,
        a: &Self,
        b: &Self,
        rules: &ScalarRules,
    ) -> Option<bool> {
        let cond = cond.into();
        match rules.branch {
            BranchRule::Constant | BranchRule::ConstantRanges => {
                let both = rules.branch == BranchRule::ConstantRanges;
                if b.const_of(w32).is_some() {
                    Self::against(cond, w32, a, b, both)
                } else if both && a.const_of(w32).is_some() {
                    Self::against(cond.swap(), w32, b, a, both)
                } else {
                    None
                }
            }
            rule => Self::by_views(cond, w32, a, b, rule).or_else(|| {
                if rule == BranchRule::Simulated {
                    Self::by_simulation(cond, w32, a, b, rules)
                } else {
                    None
                }
            }),
        }
    }

    /// `branch_taken` of a register with itself, which 7.3 knows more about.
    pub fn branch_taken_self(
        cond: impl Into<Cond>,
        w32: bool,
        a: &Self,
        rules: &ScalarRules,
    ) -> Option<bool> {
        let cond = cond.into();
        if rules.branch != BranchRule::Simulated {
            return Self::branch_taken(cond, w32, a, a, rules);
        }
        match cond {
            Cond::Eq | Cond::Ge | Cond::Le | Cond::Sge | Cond::Sle => Some(true),
            Cond::Ne | Cond::Gt | Cond::Lt | Cond::Sgt | Cond::Slt => Some(false),
            Cond::Set | Cond::Clear => {
                let (smin, smax) = if w32 {
                    (a.s32min.into(), a.s32max.into())
                } else {
                    (a.smin, a.smax)
                };
                let nonzero = match a.const_of(w32) {
                    Some(value) => Some(value != 0),
                    None if smin <= 0 && smax >= 0 => None,
                    None => Some(true),
                };
                nonzero.map(|set| set == (cond == Cond::Set))
            }
        }
    }

    /// Against a constant b (before 6.8). `ranges`: they also refute equality.
    fn against(cond: Cond, w32: bool, a: &Self, b: &Self, ranges: bool) -> Option<bool> {
        let (t, u) = (a.tnum_of(w32), b.tnum_of(w32));
        match cond {
            Cond::Eq | Cond::Ne => {
                let apart = ranges && !may_meet(w32, a, b);
                let equal = if t.is_const() {
                    Some(t.value == u.value)
                } else if apart {
                    Some(false)
                } else {
                    None
                };
                equal.map(|equal| equal == (cond == Cond::Eq))
            }
            Cond::Set | Cond::Clear => {
                bits_in_common(t, u.value).map(|set| set == (cond == Cond::Set))
            }
            _ => {
                // The constant's ends are the constant, whatever its other views say.
                let exact = Self::constant(u.value);
                ordered(cond, w32, a, &exact)
            }
        }
    }

    /// By ranges and known bits of both.
    fn by_views(cond: Cond, w32: bool, a: &Self, b: &Self, rule: BranchRule) -> Option<bool> {
        let (t, u) = (a.tnum_of(w32), b.tnum_of(w32));
        match cond {
            Cond::Eq | Cond::Ne => {
                let equal = if t.is_const() && u.is_const() {
                    Some(t.value == u.value)
                } else if (rule >= BranchRule::RangesAndBits && !t.overlaps(u))
                    || !may_meet(w32, a, b)
                    || (!w32 && !may_meet(true, a, b))
                {
                    Some(false)
                } else {
                    None
                };
                equal.map(|equal| equal == (cond == Cond::Eq))
            }
            Cond::Set | Cond::Clear => {
                let set = if u.is_const() {
                    bits_in_common(t, u.value)
                } else if t.is_const() {
                    bits_in_common(u, t.value)
                } else {
                    // Neither is a constant: not even a contradiction is looked for.
                    return None;
                };
                set.map(|set| set == (cond == Cond::Set))
            }
            _ => ordered(cond, w32, a, b),
        }
    }

    /// Refines both ways: the one that leads to a contradiction is not taken.
    fn by_simulation(
        cond: Cond,
        w32: bool,
        a: &Self,
        b: &Self,
        rules: &ScalarRules,
    ) -> Option<bool> {
        if matches!(cond, Cond::Set | Cond::Clear)
            && a.const_of(w32).is_none()
            && b.const_of(w32).is_none()
        {
            return None;
        }
        let dead = |taken: bool| {
            let (mut x, mut y) = (*a, *b);
            Self::refine_unchecked(cond, taken, w32, &mut x, &mut y, rules);
            x.has_empty_range() || y.has_empty_range()
        };
        if dead(false) {
            Some(true)
        } else if dead(true) {
            Some(false)
        } else {
            None
        }
    }
}

/// Whether the ranges of the chosen width leave a number to both.
#[inline]
fn may_meet<const W: u32, const S: u32>(w32: bool, a: &Scalar<W, S>, b: &Scalar<W, S>) -> bool {
    if w32 {
        a.lo().may_meet(&b.lo())
    } else {
        a.hi().may_meet(&b.hi())
    }
}

#[inline]
fn ordered<const W: u32, const S: u32>(
    cond: Cond,
    w32: bool,
    a: &Scalar<W, S>,
    b: &Scalar<W, S>,
) -> Option<bool> {
    if w32 {
        a.lo().compare(cond, &b.lo())
    } else {
        a.hi().compare(cond, &b.hi())
    }
}

/// Whether `x & constant` is nonzero, for every x of the tnum.
fn bits_in_common(t: Tnum, constant: u64) -> Option<bool> {
    if t.value & constant != 0 {
        Some(true)
    } else if t.max() & constant == 0 {
        Some(false)
    } else {
        None
    }
}

impl<const N: u32> Span<N> {
    /// Whether neither reading keeps the two apart.
    fn may_meet(&self, other: &Self) -> bool {
        self.umin <= other.umax
            && self.umax >= other.umin
            && self.smin <= other.smax
            && self.smax >= other.smin
    }

    /// An ordered comparison, by its ends.
    fn compare(&self, cond: Cond, other: &Self) -> Option<bool> {
        fn greater<T: Ord>(min: T, max: T, other_min: T, other_max: T) -> Option<bool> {
            if min > other_max {
                Some(true)
            } else if max <= other_min {
                Some(false)
            } else {
                None
            }
        }
        let unsigned = |a: &Self, b: &Self| greater(a.umin, a.umax, b.umin, b.umax);
        let signed = |a: &Self, b: &Self| greater(a.smin, a.smax, b.smin, b.smax);
        match cond {
            Cond::Gt => unsigned(self, other),
            Cond::Le => unsigned(self, other).map(|x| !x),
            Cond::Lt => unsigned(other, self),
            Cond::Ge => unsigned(other, self).map(|x| !x),
            Cond::Sgt => signed(self, other),
            Cond::Sle => signed(self, other).map(|x| !x),
            Cond::Slt => signed(other, self),
            Cond::Sge => signed(other, self).map(|x| !x),
            Cond::Eq | Cond::Ne | Cond::Set | Cond::Clear => None,
        }
    }
}
