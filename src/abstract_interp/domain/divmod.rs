//! Division and modulo by a constant (7.0).
//!
//! Division by zero gives zero, modulo zero gives the dividend. A quotient is
//! monotonic in the dividend, so that its ends are those of the ends, swapped by
//! a negative divisor; `MIN / -1` wraps to `MIN`, so that a range with `MIN` and
//! more has no useful quotient. A remainder is smaller than the divisor, has the
//! dividend's sign, and is the dividend if that is smaller already.

use super::arc::Arc;
use super::span::Span;
use super::{ScalarOp, mask, sign_extend, signed_max, signed_min};

/// What is known of a quotient or remainder.
pub(super) enum Quotient {
    /// It is the dividend.
    Dividend,
    /// It lies in this range, unsigned.
    Unsigned(u64, u64),
    /// It lies in this range, signed.
    Signed(i64, i64),
    /// Nothing.
    Any,
}

impl Quotient {
    /// As an arc; `None` if it is the dividend.
    pub(super) fn arc<const N: u32>(self) -> Option<Arc<N>> {
        Some(match self {
            Quotient::Dividend => return None,
            Quotient::Unsigned(min, max) => Arc::from_unsigned(min, max),
            Quotient::Signed(min, max) => Arc::from_signed(min, max),
            Quotient::Any => Arc::FULL,
        })
    }

    /// As a range of which only the reading that was divided is known.
    pub(super) fn span<const N: u32>(self) -> Option<Span<N>> {
        let mut out = Span::FULL;
        match self {
            Quotient::Dividend => return None,
            Quotient::Unsigned(min, max) => out.narrow_unsigned(min, max),
            Quotient::Signed(min, max) => out.narrow_signed(min, max),
            Quotient::Any => {}
        }
        Some(out)
    }
}

/// `a op divisor`, which is not zero.
pub(super) fn divide<const N: u32>(op: ScalarOp, a: Span<N>, divisor: u64) -> Quotient {
    let Span {
        umin,
        umax,
        smin,
        smax,
    } = a;
    let by = sign_extend(divisor, N);
    match op {
        ScalarOp::Div => Quotient::Unsigned(umin / divisor, umax / divisor),
        ScalarOp::SDiv if by == -1 && smin == signed_min(N) => {
            if smax == smin {
                Quotient::Signed(smin, smin)
            } else {
                Quotient::Any
            }
        }
        ScalarOp::SDiv => {
            let (x, y) = (smin / by, smax / by);
            Quotient::Signed(x.min(y), x.max(y))
        }
        ScalarOp::Mod => {
            let greatest = divisor - 1;
            if umax <= greatest {
                Quotient::Dividend
            } else {
                Quotient::Unsigned(0, greatest)
            }
        }
        _ => {
            // |MIN| - 1 is MAX: it fits.
            let greatest = ((by.unsigned_abs() & mask(N)) - 1).min(signed_max(N) as u64) as i64;
            if smin >= -greatest && smax <= greatest {
                Quotient::Dividend
            } else if smin >= 0 {
                Quotient::Signed(0, smax.min(greatest))
            } else if smax <= 0 {
                Quotient::Signed(smin.max(-greatest), 0)
            } else {
                Quotient::Signed(-greatest, greatest)
            }
        }
    }
}
