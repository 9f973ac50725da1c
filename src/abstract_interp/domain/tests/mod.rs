//! Every operation against what machines do.
//!
//! Narrow words are enumerated: a set of members is a bit mask, so that an
//! abstract result is right when the concrete image is a subset of its mask.
//! `narrow` does so for the product, `parts` for tnums and arcs, `wide` samples
//! 64 bits, `precision` says how often the result is the best one.

mod narrow;
mod parts;
mod precision;
mod wide;

use super::{Cond, Scalar, ScalarOp, ScalarRules, mask, sign_extend};

/// The rules that differ in what they compute.
const RULES: [(&str, ScalarRules); 8] = [
    ("5.10", ScalarRules::V5_10),
    ("6.1", ScalarRules::V6_1),
    ("6.12", ScalarRules::V6_12),
    ("6.18", ScalarRules::V6_18),
    ("6.18.44", ScalarRules::V6_18_44),
    ("7.0", ScalarRules::V7_0),
    ("7.1", ScalarRules::V7_1),
    ("7.3", ScalarRules::V7_3),
];

/// What a machine computes; shifts are modulo the width.
fn execute(op: ScalarOp, w32: bool, x: u64, y: u64, word: u32, half: u32) -> u64 {
    let bits = if w32 { half } else { word };
    let (x, y) = (x & mask(bits), y & mask(bits));
    let (s, t) = (sign_extend(x, bits), sign_extend(y, bits));
    let shift = (y % u64::from(bits)) as u32;
    let out = match op {
        ScalarOp::Add => x.wrapping_add(y),
        ScalarOp::Sub => x.wrapping_sub(y),
        ScalarOp::Mul => x.wrapping_mul(y),
        ScalarOp::Div => x.checked_div(y).unwrap_or(0),
        ScalarOp::SDiv if t == 0 => 0,
        ScalarOp::SDiv => s.wrapping_div(t) as u64,
        ScalarOp::Or => x | y,
        ScalarOp::And => x & y,
        ScalarOp::Lsh => x << shift,
        ScalarOp::Rsh => x >> shift,
        ScalarOp::Mod => x.checked_rem(y).unwrap_or(x),
        ScalarOp::SMod if t == 0 => x,
        ScalarOp::SMod => s.wrapping_rem(t) as u64,
        ScalarOp::Xor => x ^ y,
        ScalarOp::Arsh => (s >> shift) as u64,
        ScalarOp::Mov => y,
    };
    out & mask(bits)
}

/// The members of a narrow scalar, as a bit mask.
fn members<const W: u32, const S: u32>(scalar: &Scalar<W, S>) -> u64 {
    (0..1 << W)
        .filter(|x| scalar.contains(*x))
        .fold(0, |set, x| set | 1 << x)
}

/// The elements of a bit mask.
fn each(set: u64) -> impl Iterator<Item = u64> {
    (0..64).filter(move |x| set >> x & 1 != 0)
}

/// A deterministic source of numbers.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Distinct synchronised scalars of a narrow word: every constant, ranges of
/// each reading and tnums, and meets of two such.
fn pool<const W: u32, const S: u32>(
    rules: &ScalarRules,
    limit: usize,
    seed: u64,
) -> Vec<Scalar<W, S>> {
    let mut noise = Noise(seed);
    let mut found: Vec<Scalar<W, S>> = (0..1 << W).map(Scalar::constant).collect();
    found.push(Scalar::UNKNOWN);
    while found.len() < limit {
        let mut scalar = Scalar::<W, S>::UNKNOWN;
        for _ in 0..=noise.below(2) {
            view(&mut scalar, &mut noise);
        }
        scalar.sync(rules);
        if !scalar.is_contradictory() && members(&scalar) != 0 && !found.contains(&scalar) {
            found.push(scalar);
        }
    }
    found
}

/// Narrows one view, not synchronised.
fn view<const W: u32, const S: u32>(scalar: &mut Scalar<W, S>, noise: &mut Noise) {
    let (x, y) = (noise.below(1 << W), noise.below(1 << W));
    let (low, high) = (x.min(y), x.max(y));
    let (a, b) = (sign_extend(x, W), sign_extend(y, W));
    let (h, k) = (x & mask(S), y & mask(S));
    let (i, j) = (sign_extend(h, S) as i32, sign_extend(k, S) as i32);
    let mut other = Scalar::<W, S>::UNKNOWN;
    match noise.below(5) {
        0 => (other.umin, other.umax) = (low, high),
        1 => (other.smin, other.smax) = (a.min(b), a.max(b)),
        2 => (other.u32min, other.u32max) = (h.min(k) as u32, h.max(k) as u32),
        3 => (other.s32min, other.s32max) = (i.min(j), i.max(j)),
        _ => {
            other.tnum = super::Tnum {
                value: x & !y,
                mask: y,
            }
        }
    }
    scalar.intersect_with(&other);
}

/// Every condition in both widths.
fn conditions() -> impl Iterator<Item = (Cond, bool)> {
    Cond::ALL
        .into_iter()
        .flat_map(|cond| [(cond, false), (cond, true)])
}

/// Every operation in both widths.
fn operations() -> impl Iterator<Item = (ScalarOp, bool)> {
    ScalarOp::ALL
        .into_iter()
        .flat_map(|op| [(op, false), (op, true)])
}
