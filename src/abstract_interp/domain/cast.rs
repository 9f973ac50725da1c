//! Truncation, sign extension, byte order.
//!
//! Truncating to `n` bits keeps an unsigned range whose upper bits do not change
//! within it; otherwise any `n`-bit number may result. Sign extension keeps a
//! signed range likewise, if its truncated ends have one sign; then both
//! readings are known. Otherwise the result is any sign-extended number, of which
//! the verifier keeps the signed range only.

use super::Model;
use super::bounds::Hole;
use super::span::Span;
use super::{Bounds, Scalar, ScalarRules, Tnum, mask, sign_extend, signed_max, signed_min};

impl<const W: u32, const S: u32> Scalar<W, S> {
    /// Its low `bits`, zero-extended: what a load narrower than a word gives, and
    /// what truncates a spilled register. Nothing for `bits` of a whole word.
    pub fn truncate(&mut self, bits: u32, rules: &ScalarRules) {
        if bits >= W {
            return;
        }
        let low = mask(bits);
        self.tnum = self.tnum.low(bits);
        let (umin, umax) = if self.umin & !low == self.umax & !low {
            (self.umin & low, self.umax & low)
        } else {
            (0, low)
        };
        (self.hole.at, self.hole.len) = (0, 0);
        self.set_hi(Span {
            umin,
            umax,
            smin: umin as i64,
            smax: umax as i64,
        });
        if bits < S {
            self.forget_lo();
        }
        if rules.model == Model::Constant {
            // Only a lower half that was cut is learnt anew.
            if bits < S {
                self.low_from_whole(rules);
            }
            return;
        }
        self.sync(rules);
    }

    /// The zero-extended low `bytes`.
    pub fn cast(&mut self, bytes: u32, rules: &ScalarRules) {
        self.truncate(bytes * 8, rules);
    }

    /// The zero-extended lower half: a 32-bit move.
    pub fn zext32(&mut self, rules: &ScalarRules) {
        self.zext_raw(rules);
        self.sync(rules);
    }

    /// Its low `bits`, sign-extended to the whole word, or to the lower half and
    /// zero-extended from there if `w32`.
    pub fn sext(&mut self, bits: u32, w32: bool, rules: &ScalarRules) {
        if w32 {
            if bits < S {
                self.sext_low(bits);
            }
            self.zext32(rules);
            self.check(rules);
        } else if bits < W {
            self.sext_whole(bits);
            self.check(rules);
        }
    }

    fn sext_whole(&mut self, bits: u32) {
        if self.tnum.is_const() {
            *self = Self::constant(sign_extend(self.tnum.value, bits) as u64);
            return;
        }
        let ends = extended_ends(self.smin, self.smax, bits);
        self.hole = Hole::NONE;
        if let Some((min, max)) = ends {
            let (umin, umax) = (Span::<W>::unsigned(min), Span::<W>::unsigned(max));
            self.set_hi(Span {
                umin,
                umax,
                smin: min,
                smax: max,
            });
            let (low_min, low_max) = (Span::<S>::wrap(umin), Span::<S>::wrap(umax));
            self.set_lo(Span {
                umin: low_min,
                umax: low_max,
                smin: Span::<S>::signed(low_min),
                smax: Span::<S>::signed(low_max),
            });
            self.tnum = Tnum::range(umin, umax);
        } else {
            let (min, max) = (signed_min(bits), signed_max(bits));
            *self = Self::UNKNOWN;
            (self.smin, self.smax) = (min, max);
            (self.s32min, self.s32max) = (min as i32, max as i32);
        }
    }

    fn sext_low(&mut self, bits: u32) {
        if self.tnum.is_const() {
            let value = sign_extend(self.tnum.value, bits);
            self.tnum = Tnum::constant(value as u64 & mask(W));
            self.set_lo(Span::constant(value as u64));
            (self.hole.at32, self.hole.len32) = (0, 0);
            return;
        }
        let ends = extended_ends(self.s32min.into(), self.s32max.into(), bits);
        (self.hole.at32, self.hole.len32) = (0, 0);
        if let Some((min, max)) = ends {
            let (umin, umax) = (Span::<S>::unsigned(min), Span::<S>::unsigned(max));
            self.set_lo(Span {
                umin,
                umax,
                smin: min,
                smax: max,
            });
            self.tnum = Tnum::range(umin, umax);
        } else {
            self.set_lo(Span {
                smin: signed_min(bits),
                smax: signed_max(bits),
                ..Span::FULL
            });
            self.tnum = Tnum {
                value: 0,
                mask: mask(S),
            };
        }
    }
}

/// Ends of a signed range after sign extension from `bits`, if that keeps it a
/// range of one sign.
fn extended_ends(min: i64, max: i64, bits: u32) -> Option<(i64, i64)> {
    if min >> bits != max >> bits {
        return None;
    }
    let (a, b) = (sign_extend(min as u64, bits), sign_extend(max as u64, bits));
    ((a < 0) == (b < 0)).then(|| (a.min(b), a.max(b)))
}

impl Bounds {
    /// A byte-order instruction of 16, 32 or 64 `bits`: the low ones in reverse
    /// if `swap`, else as they are, zero-extended.
    pub fn byte_swap(&mut self, bits: u32, swap: bool, rules: &ScalarRules) {
        if !rules.byte_swap {
            self.mark_unknown();
            return;
        }
        if swap {
            self.tnum = self.tnum.swap_bytes(bits / 8);
            self.forget_ranges();
        }
        self.truncate(bits, rules);
        self.settle(rules);
    }
}
