//! The product at widths that can be enumerated.

use super::super::{Scalar, ScalarRules, mask, sign_extend};
use super::{Noise, RULES, conditions, each, execute, members, operations, pool, view};

/// For every pair of a pool: the concrete image lies within the abstract one.
fn alu_is_sound<const W: u32, const S: u32>(rules: &ScalarRules, name: &str, limit: usize) {
    let (left, right) = (
        pool::<W, S>(rules, limit, 7),
        pool::<W, S>(rules, limit, 11),
    );
    let of_right: Vec<u64> = right.iter().map(members).collect();
    for (op, w32) in operations() {
        // images[x][b]: what `x op y` gives for y in the b-th.
        let image = |x: u64, set: u64| {
            each(set).fold(0u64, |out, y| out | 1 << execute(op, w32, x, y, W, S))
        };
        let images: Vec<Vec<u64>> = (0..1 << W)
            .map(|x| of_right.iter().map(|set| image(x, *set)).collect())
            .collect();
        for a in &left {
            let of_a = members(a);
            for (index, b) in right.iter().enumerate() {
                let concrete = each(of_a).fold(0, |set, x| set | images[x as usize][index]);
                let out = Scalar::alu(op, w32, a, b, rules);
                assert_eq!(
                    concrete & !members(&out),
                    0,
                    "{name}: {op:?} w32={w32} of {a} and {b} gives {out}: {out:?}"
                );
            }
        }
    }
}

#[test]
fn alu_at_four_bits() {
    for (name, rules) in RULES {
        alu_is_sound::<4, 2>(&rules, name, 48);
    }
    alu_is_sound::<4, 2>(&ScalarRules::V6_18, "6.18", 90);
}

#[test]
fn alu_at_six_bits_over_three() {
    for (name, rules) in RULES {
        alu_is_sound::<6, 3>(&rules, name, 78);
    }
}

/// Every pair that satisfies a condition survives its refinement, and a
/// condition that is decided is decided right.
fn branches_are_sound<const W: u32, const S: u32>(rules: &ScalarRules, name: &str, limit: usize) {
    let (left, right) = (pool::<W, S>(rules, limit, 3), pool::<W, S>(rules, limit, 5));
    for (cond, w32) in conditions() {
        let bits = if w32 { S } else { W };
        let holds: Vec<u64> = (0..1 << W)
            .map(|x| {
                (0..1 << W)
                    .filter(|y| cond.holds(x, *y, bits))
                    .fold(0, |s, y| s | 1 << y)
            })
            .collect();
        for a in &left {
            let of_a = members(a);
            for b in &right {
                let of_b = members(b);
                let say = || format!("{name}: {a} {cond:?} {b} w32={w32}");
                let mut kept = (0, 0);
                let mut always = true;
                for x in each(of_a) {
                    let with = holds[x as usize] & of_b;
                    kept.0 |= u64::from(with != 0) << x;
                    kept.1 |= with;
                    always &= with == of_b;
                }
                match Scalar::branch_taken(cond, w32, a, b, rules) {
                    Some(true) => assert!(always, "{} is not always so", say()),
                    Some(false) => assert_eq!(kept, (0, 0), "{} may be so", say()),
                    None => {}
                }
                let (mut x, mut y) = (*a, *b);
                let alive = Scalar::refine(cond, true, w32, &mut x, &mut y, rules);
                assert!(alive || kept == (0, 0), "{} is not dead", say());
                assert_eq!(kept.0 & !members(&x), 0, "{} loses the left: {x:?}", say());
                assert_eq!(kept.1 & !members(&y), 0, "{} loses the right: {y:?}", say());
                let (mut p, mut q) = (*a, *b);
                Scalar::refine(cond.negate(), false, w32, &mut p, &mut q, rules);
                assert_eq!((x, y), (p, q), "not taking the opposite is the same");
            }
        }
    }
}

#[test]
fn branches_at_four_bits() {
    for (name, rules) in RULES {
        branches_are_sound::<4, 2>(&rules, name, 44);
    }
    branches_are_sound::<4, 2>(&ScalarRules::V6_6, "6.6", 40);
}

#[test]
fn branches_at_six_bits_over_three() {
    for (name, rules) in RULES {
        branches_are_sound::<6, 3>(&rules, name, 80);
    }
}

#[test]
fn a_register_against_itself() {
    for (name, rules) in RULES {
        for a in pool::<4, 2>(&rules, 300, 13) {
            for (cond, w32) in conditions() {
                let bits = if w32 { 2 } else { 4 };
                let kept: Vec<u64> = each(members(&a))
                    .filter(|x| cond.holds(*x, *x, bits))
                    .collect();
                match Scalar::branch_taken_self(cond, w32, &a, &rules) {
                    Some(true) => assert_eq!(kept.len() as u32, members(&a).count_ones()),
                    Some(false) => assert!(kept.is_empty(), "{name}: {a} {cond:?} itself"),
                    None => {}
                }
                let mut out = a;
                let alive = Scalar::refine_self(cond, true, w32, &mut out, &rules);
                assert!(alive || kept.is_empty());
                assert!(
                    kept.iter().all(|x| out.contains(*x)),
                    "{name}: {a} {cond:?} itself: {out}"
                );
            }
        }
    }
}

/// Deduction loses no member; and gains none, but for the rule for sign
/// extension, which replaces a range where it could intersect.
#[test]
fn sync_keeps_the_members() {
    fn check<const W: u32, const S: u32>(rules: &ScalarRules, name: &str) {
        let mut noise = Noise(17);
        for _ in 0..4_000 {
            let mut scalar = Scalar::<W, S>::UNKNOWN;
            for _ in 0..=noise.below(4) {
                view(&mut scalar, &mut noise);
            }
            let (before, was) = (members(&scalar), scalar);
            scalar.sync(rules);
            let after = members(&scalar);
            assert_eq!(before & !after, 0, "{name}: {was:?} became {scalar:?}");
            if before != 0 && !rules.join_after_sign_extension {
                assert_eq!(after, before, "{name}: {was:?} became {scalar:?}");
            }
        }
    }
    let intersecting = ScalarRules {
        join_after_sign_extension: false,
        ..ScalarRules::V6_12
    };
    for (name, rules) in RULES
        .into_iter()
        .chain([("6.12 but one rule", intersecting)])
    {
        // Two readings that meet in two arcs are not one arc: see below.
        if name != "7.3" {
            check::<4, 2>(&rules, name);
            check::<6, 3>(&rules, name);
        }
    }
}

#[test]
fn sync_of_arcs_loses_no_member() {
    let rules = ScalarRules::V7_3;
    for scalar in pool::<6, 3>(&rules, 400, 19) {
        let mut noise = Noise(23);
        for _ in 0..8 {
            let mut out = scalar;
            view(&mut out, &mut noise);
            let before = members(&out);
            out.sync(&rules);
            assert_eq!(before & !members(&out), 0, "{scalar:?} became {out:?}");
        }
    }
}

#[test]
fn pruning_order_is_inclusion() {
    for (name, rules) in RULES {
        let pool = pool::<4, 2>(&rules, 160, 29);
        for old in &pool {
            assert!(old.covers(old));
            for cur in &pool {
                if old.covers(cur) {
                    assert_eq!(
                        members(cur) & !members(old),
                        0,
                        "{name}: {old} covers {cur}"
                    );
                    assert!(!cur.covers(old) || old == cur, "{name}: antisymmetric");
                }
                let mut meet = *old;
                meet.intersect_with(cur);
                assert_eq!(
                    members(old) & members(cur) & !members(&meet),
                    0,
                    "{name}: meet"
                );
            }
        }
    }
}

#[test]
fn casts_are_sound() {
    fn check<const W: u32, const S: u32>(rules: &ScalarRules, name: &str) {
        for a in pool::<W, S>(rules, 300, 31) {
            let ask = |what: String, out: Scalar<W, S>, f: &dyn Fn(u64) -> u64| {
                for x in each(members(&a)) {
                    assert!(
                        out.contains(f(x)),
                        "{name}: {what} of {a} at {x} gives {out:?}"
                    );
                }
            };
            for bits in 1..W {
                let mut cut = a;
                cut.truncate(bits, rules);
                ask(format!("truncation to {bits}"), cut, &|x| x & mask(bits));
            }
            for bits in 1..=S {
                let (mut whole, mut half) = (a, a);
                whole.sext(bits, false, rules);
                ask(format!("sign extension from {bits}"), whole, &|x| {
                    sign_extend(x, bits) as u64 & mask(W)
                });
                if bits < S {
                    half.sext(bits, true, rules);
                    ask(format!("32-bit sign extension from {bits}"), half, &|x| {
                        sign_extend(x, bits) as u64 & mask(S)
                    });
                }
            }
            let mut zext = a;
            zext.zext32(rules);
            ask("zero extension".into(), zext, &|x| x & mask(S));
            for w32 in [false, true] {
                let out = Scalar::neg(w32, &a, rules);
                let bits = if w32 { S } else { W };
                ask("negation".into(), out, &|x| x.wrapping_neg() & mask(bits));
            }
        }
    }
    for (name, rules) in RULES {
        check::<4, 2>(&rules, name);
        check::<6, 3>(&rules, name);
    }
}

#[test]
fn links_and_pointers_are_sound() {
    for (name, rules) in RULES {
        let pool = pool::<4, 2>(&rules, 80, 37);
        for a in &pool {
            for delta in -8..8i64 {
                let out = Scalar::linked(a, delta, false, &rules);
                let moved = |x: u64| x.wrapping_add(delta as u64) & 15;
                assert!(
                    each(members(a)).all(|x| out.contains(moved(x))),
                    "{name}: {a} + {delta}"
                );
            }
            for b in &pool {
                for subtract in [false, true] {
                    let mut out = Scalar::pointer_add(a, b, subtract, &rules);
                    out.sync(&rules);
                    for x in each(members(a)) {
                        for y in each(members(b)) {
                            let y = if subtract { y.wrapping_neg() } else { y };
                            assert!(
                                out.contains(x.wrapping_add(y) & 15),
                                "{name}: {a}, {b}: {out}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn forks_are_the_two_values() {
    let rules = ScalarRules::V7_3;
    let mut sign = Scalar::<6, 3>::constant(0);
    (sign.smin, sign.tnum) = (-1, Scalar::<6, 3>::UNKNOWN.tnum);
    sign = Scalar::from_signed_range(sign.smin, 0, &rules);
    let mask = Scalar::constant(5);
    let (zero, ones) = Scalar::fork(super::super::ScalarOp::And, &sign, &mask, &rules).unwrap();
    assert_eq!((zero.is_const(), ones.is_const()), (Some(0), Some(63)));
    assert_eq!(
        Scalar::fork(super::super::ScalarOp::Add, &sign, &mask, &rules),
        None
    );
    let old = ScalarRules::V6_18;
    assert_eq!(
        Scalar::fork(super::super::ScalarOp::And, &sign, &mask, &old),
        None
    );
}
