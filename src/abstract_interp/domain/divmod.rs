//! Division and modulo by a constant (7.3).
//!
//! Division by zero gives zero, modulo zero gives the dividend. A quotient is
//! monotonic in the dividend, so that its ends are those of the ends, swapped by
//! a negative divisor; `MIN / -1` wraps to `MIN`, so that a range with `MIN` and
//! more has no useful quotient. A remainder is smaller than the divisor, has the
//! dividend's sign, and is the dividend if that is smaller already.

use super::arc::Arc;
use super::{ScalarOp, mask, sign_extend, signed_max, signed_min};

/// The range of `a op divisor`; `None` if the dividend is unchanged.
pub(super) fn divide<const N: u32>(op: ScalarOp, a: Arc<N>, divisor: u64) -> Option<Arc<N>> {
    let (umin, umax) = a.unsigned();
    let (smin, smax) = a.signed();
    let by = sign_extend(divisor, N);
    match op {
        ScalarOp::Div => Some(Arc::from_unsigned(umin / divisor, umax / divisor)),
        ScalarOp::SDiv if by == -1 && smin == signed_min(N) => Some(if smax == smin {
            Arc::from_signed(smin, smin)
        } else {
            Arc::FULL
        }),
        ScalarOp::SDiv => {
            let (x, y) = (smin / by, smax / by);
            Some(Arc::from_signed(x.min(y), x.max(y)))
        }
        ScalarOp::Mod => {
            let greatest = divisor - 1;
            (umax > greatest).then(|| Arc::from_unsigned(0, greatest))
        }
        _ => {
            // |MIN| - 1 is MAX: it fits.
            let greatest = ((by.unsigned_abs() & mask(N)) - 1).min(signed_max(N) as u64) as i64;
            if smin >= -greatest && smax <= greatest {
                None
            } else if smin >= 0 {
                Some(Arc::from_signed(0, smax.min(greatest)))
            } else if smax <= 0 {
                Some(Arc::from_signed(smin.max(-greatest), 0))
            } else {
                Some(Arc::from_signed(-greatest, greatest))
            }
        }
    }
}
