//! Tnums and arcs, enumerated.

use super::super::arc::Arc;
use super::super::{MulAlgorithm, ScalarOp, Tnum, mask};
use super::{each, execute};

const BITS: u32 = 5;

fn tnums(bits: u32) -> Vec<Tnum> {
    let all = 1u64 << bits;
    (0..all)
        .flat_map(|unknown| {
            (0..all).map(move |value| Tnum {
                value,
                mask: unknown,
            })
        })
        .filter(|t| t.value & t.mask == 0)
        .collect()
}

fn of_tnum(t: Tnum, bits: u32) -> u64 {
    (0..1 << bits)
        .filter(|x| t.contains(*x))
        .fold(0, |set, x| set | 1 << x)
}

fn of_arc<const N: u32>(arc: Arc<N>) -> u64 {
    (0..1 << N)
        .filter(|x| arc.contains(*x))
        .fold(0, |set, x| set | 1 << x)
}

fn arcs<const N: u32>() -> Vec<Arc<N>> {
    let mut all = vec![Arc::EMPTY, Arc::FULL];
    for base in 0..1 << N {
        all.extend((0..mask(N)).map(|size| Arc::new(base, size)));
    }
    all
}

/// Laws of an order that claims to be inclusion of members.
fn is_inclusion<T: Copy + PartialEq>(
    all: &[T],
    includes: impl Fn(T, T) -> bool,
    set: impl Fn(T) -> u64,
) {
    for &a in all {
        assert!(includes(a, a));
        for &b in all {
            let claimed = includes(a, b);
            assert_eq!(claimed, set(b) & !set(a) == 0);
            assert!(!(claimed && includes(b, a)) || a == b, "antisymmetric");
        }
    }
}

/// Image of a binary operation on two sets of narrow numbers.
fn image(op: ScalarOp, a: u64, b: u64, bits: u32) -> u64 {
    let mut out = 0;
    for x in each(a) {
        for y in each(b) {
            out |= 1 << execute(op, false, x, y, bits, bits);
        }
    }
    out
}

fn sound(name: &str, op: ScalarOp, f: impl Fn(Tnum, Tnum) -> Tnum) {
    let all: Vec<(Tnum, u64)> = tnums(BITS)
        .into_iter()
        .map(|t| (t, of_tnum(t, BITS)))
        .collect();
    for &(a, of_a) in &all {
        for &(b, of_b) in &all {
            let out = f(a, b).low(BITS);
            assert_eq!(out.value & out.mask, 0);
            assert_eq!(
                image(op, of_a, of_b, BITS) & !of_tnum(out, BITS),
                0,
                "{name} of {a} and {b} is not within {out}"
            );
        }
    }
}

#[test]
fn tnum_sums_are_sound() {
    sound("add", ScalarOp::Add, Tnum::add);
    sound("sub", ScalarOp::Sub, Tnum::sub);
}

#[test]
fn tnum_bitwise_operations_are_sound() {
    sound("and", ScalarOp::And, Tnum::and);
    sound("or", ScalarOp::Or, Tnum::or);
    sound("xor", ScalarOp::Xor, Tnum::xor);
}

#[test]
fn tnum_products_are_sound() {
    for algorithm in [
        MulAlgorithm::HalfMultiply,
        MulAlgorithm::PartialProducts,
        MulAlgorithm::Union,
    ] {
        sound("mul", ScalarOp::Mul, |a, b| a.mul(b, algorithm));
    }
}

#[test]
fn tnum_shifts_are_exact_or_sound() {
    for t in tnums(BITS) {
        for shift in 0..BITS {
            for (op, out) in [
                (ScalarOp::Lsh, t.shl(shift).low(BITS)),
                (ScalarOp::Rsh, t.shr(shift)),
                (ScalarOp::Arsh, t.sar(shift, BITS)),
            ] {
                let by = Tnum::constant(shift.into());
                let image = image(op, of_tnum(t, BITS), of_tnum(by, BITS), BITS);
                assert_eq!(
                    image & !of_tnum(out, BITS),
                    0,
                    "{op:?} of {t} by {shift}: {out}"
                );
            }
        }
        let negated = each(of_tnum(t, BITS)).map(|x| x.wrapping_neg() & mask(BITS));
        assert!({ negated }.all(|x| t.neg().low(BITS).contains(x)), "-{t}");
    }
}

#[test]
fn tnum_order_is_inclusion_with_join_and_meet() {
    let all = tnums(3);
    is_inclusion(&all, Tnum::includes, |t| of_tnum(t, 3));
    for &a in &all {
        for &b in &all {
            let (of_a, of_b) = (of_tnum(a, 3), of_tnum(b, 3));
            let join = a.union(b);
            assert!(join.includes(a) && join.includes(b));
            assert!(
                all.iter()
                    .all(|c| !(c.includes(a) && c.includes(b)) || c.includes(join)),
                "{join} is the least above {a} and {b}"
            );
            assert_eq!(a.overlaps(b), of_a & of_b != 0);
            if a.overlaps(b) {
                assert_eq!(of_tnum(a.intersect(b), 3), of_a & of_b);
            }
        }
    }
}

#[test]
fn tnum_of_a_range_is_the_best() {
    for min in 0..1u64 << BITS {
        for max in min..1 << BITS {
            let best = (min..=max).map(Tnum::constant).reduce(Tnum::union).unwrap();
            assert_eq!(Tnum::range(min, max), best);
        }
    }
    assert_eq!(Tnum::range(0, u64::MAX), Tnum::UNKNOWN);
    assert_eq!(Tnum::range(1, 1 << 63), Tnum::UNKNOWN);
}

#[test]
fn the_next_member_is_the_least_above() {
    for t in tnums(BITS) {
        for x in 0..1 << BITS {
            let next = each(of_tnum(t, BITS)).find(|m| *m > x).unwrap_or(t.max());
            assert_eq!(t.next_above(x), next, "of {t} above {x}");
        }
    }
    assert_eq!(Tnum::UNKNOWN.next_above(u64::MAX - 1), u64::MAX);
    assert_eq!(
        Tnum {
            value: 1 << 63,
            mask: 1
        }
        .next_above(5),
        1 << 63
    );
}

#[test]
fn bytes_are_swapped_in_both_parts() {
    let t = Tnum {
        value: 0x1122_0000_0000_3344,
        mask: 0x00ff,
    };
    assert_eq!(
        t.swap_bytes(2),
        Tnum {
            value: 0x4433,
            mask: 0xff00
        }
    );
    assert_eq!(
        t.swap_bytes(8),
        Tnum {
            value: 0x4433_0000_0000_2211,
            mask: 0xff << 56
        }
    );
}

#[test]
fn arc_order_is_inclusion() {
    is_inclusion(&arcs::<3>(), Arc::includes, of_arc);
    is_inclusion(&arcs::<4>(), Arc::includes, of_arc);
}

#[test]
fn arc_sums_are_exact() {
    for a in arcs::<4>() {
        let negated = each(of_arc(a)).fold(0, |set, x| set | 1 << (x.wrapping_neg() & 15));
        assert_eq!(of_arc(a.neg()), negated, "-{a:?}");
        for b in arcs::<4>() {
            let (of_a, of_b) = (of_arc(a), of_arc(b));
            assert_eq!(
                of_arc(a.add(b)),
                image(ScalarOp::Add, of_a, of_b, 4),
                "{a:?} + {b:?}"
            );
            assert_eq!(
                of_arc(a.sub(b)),
                image(ScalarOp::Sub, of_a, of_b, 4),
                "{a:?} - {b:?}"
            );
        }
    }
}

#[test]
fn arc_meets_are_exact_unless_in_two_pieces() {
    for a in arcs::<4>() {
        for b in arcs::<4>() {
            let (meet, both) = (a.intersect(b), of_arc(a) & of_arc(b));
            assert_eq!(both & !of_arc(meet), 0, "{a:?} with {b:?} loses values");
            let pieces = (both & !both.rotate_left(1) & 0xffff).count_ones();
            let ends = both & 1 != 0 && both >> 15 & 1 != 0;
            if pieces + u32::from(both == 0xffff) - u32::from(ends && pieces > 1) <= 1 {
                assert_eq!(of_arc(meet), both, "{a:?} with {b:?}");
            } else {
                assert!(meet == a || meet == b);
                assert_eq!(meet.size, a.size.min(b.size));
            }
        }
    }
}

#[test]
fn arc_readings_are_the_least_ranges() {
    for a in arcs::<4>().into_iter().filter(|a| !a.is_empty()) {
        let set = of_arc(a);
        let ((umin, umax), (smin, smax)) = (a.unsigned(), a.signed());
        assert!(each(set).all(|x| umin <= x && x <= umax));
        assert!(
            each(set)
                .map(|x| (x as i64) << 60 >> 60)
                .all(|x| smin <= x && x <= smax)
        );
        assert_eq!(
            (umin, umax),
            (each(set).min().unwrap(), each(set).max().unwrap())
        );
    }
}

#[test]
fn arcs_across_the_seam_are_sound() {
    fn check<const N: u32, const S: u32>() {
        for a in arcs::<N>() {
            let of_a = of_arc(a);
            let low = each(of_a).fold(0, |set, x| set | 1 << (x & mask(S)));
            assert_eq!(low & !of_arc(a.low::<S>()), 0, "low half of {a:?}");
            for b in arcs::<S>() {
                let kept = of_arc(a.with_low(b));
                let both = each(of_a)
                    .filter(|x| b.contains(x & mask(S)))
                    .fold(0, |s, x| s | 1 << x);
                assert_eq!(both & !kept, 0, "{a:?} with low half in {b:?} loses values");
                assert_eq!(kept & !of_a, 0, "{a:?} with low half in {b:?} grows");
            }
        }
    }
    check::<5, 2>();
    check::<5, 3>();
    check::<4, 2>();
}
