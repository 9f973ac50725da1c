//! Sixty-four bits, sampled: an abstract value is built around a number, so that
//! every result must hold what a machine makes of it.

use super::super::{Bounds, Cond, ScalarOp, ScalarRules, Tnum};
use super::{RULES, execute};
use proptest::prelude::*;

/// Numbers near the borders of every width, and any.
fn number() -> impl Strategy<Value = u64> {
    let near = |centre: u64| (-3i64..=3).prop_map(move |d| centre.wrapping_add(d as u64));
    prop_oneof![
        any::<u64>(),
        near(0),
        near(1 << 31),
        near(1 << 32),
        near(1 << 63),
        near(0xffff_ffff_8000_0000),
        (0u64..300),
        any::<u32>().prop_map(u64::from),
        any::<i32>().prop_map(|x| x as u64),
        (0u32..64, any::<u64>()).prop_map(|(shift, x)| x >> shift),
    ]
}

/// A number, and distances and a mask by which to blur each view of it.
fn blurred() -> impl Strategy<Value = (u64, [u64; 8], u64, u8)> {
    let distances = [
        number(),
        number(),
        number(),
        number(),
        number(),
        number(),
        number(),
        number(),
    ];
    (number(), distances, any::<u64>(), any::<u8>())
}

fn around((x, by, unknown, views): (u64, [u64; 8], u64, u8), rules: &ScalarRules) -> (u64, Bounds) {
    let mut b = Bounds::UNKNOWN;
    let (low, s, t) = (x as u32, x as i64, x as u32 as i32);
    if views & 1 != 0 {
        (b.umin, b.umax) = (x.saturating_sub(by[0]), x.saturating_add(by[1]));
    }
    if views & 2 != 0 {
        let (down, up) = (by[2] as i64 & i64::MAX, by[3] as i64 & i64::MAX);
        (b.smin, b.smax) = (s.saturating_sub(down), s.saturating_add(up));
    }
    if views & 4 != 0 {
        (b.u32min, b.u32max) = (
            low.saturating_sub(by[4] as u32),
            low.saturating_add(by[5] as u32),
        );
    }
    if views & 8 != 0 {
        let (down, up) = (by[6] as i32 & i32::MAX, by[7] as i32 & i32::MAX);
        (b.s32min, b.s32max) = (t.saturating_sub(down), t.saturating_add(up));
    }
    if views & 16 != 0 {
        b.tnum = Tnum {
            value: x & !unknown,
            mask: unknown,
        };
    }
    if views & 0xe0 == 0 {
        b = Bounds::constant(x);
    }
    b.sync(rules);
    (x, b)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn results_hold_what_a_machine_computes(p in blurred(), q in blurred()) {
        for (name, rules) in RULES {
            let ((x, a), (y, b)) = (around(p, &rules), around(q, &rules));
            prop_assert!(a.contains(x) && b.contains(y), "{name}: {x:#x} left {a:?}");
            for op in ScalarOp::ALL {
                for w32 in [false, true] {
                    // A shift by the width or more is not the machine's business here.
                    let out = Bounds::alu(op, w32, &a, &b, &rules);
                    let z = execute(op, w32, x, y, 64, 32);
                    prop_assert!(out.contains(z), "{name}: {op:?} w32={w32} {x:#x} {y:#x} of {a} {b}: {out}");
                }
            }
            let swapped = |bits: u32| x.swap_bytes() >> (64 - bits);
            for bits in [16, 32, 64] {
                let (mut s, mut k) = (a, a);
                s.byte_swap(bits, true, &rules);
                k.byte_swap(bits, false, &rules);
                prop_assert!(s.contains(swapped(bits)) && k.contains(x & (u64::MAX >> (64 - bits))));
            }
        }
    }

    #[test]
    fn branches_keep_what_satisfies_them(p in blurred(), q in blurred()) {
        for (name, rules) in RULES {
            let ((x, a), (y, b)) = (around(p, &rules), around(q, &rules));
            for cond in Cond::ALL {
                for w32 in [false, true] {
                    let holds = cond.holds(x, y, if w32 { 32 } else { 64 });
                    let decided = Bounds::branch_taken(cond, w32, &a, &b, &rules);
                    prop_assert!(decided.is_none_or(|d| d == holds), "{name}: {a} {cond:?} {b} w32={w32}");
                    let (mut c, mut d) = (a, b);
                    let alive = Bounds::refine(cond, holds, w32, &mut c, &mut d, &rules);
                    prop_assert!(alive, "{name}: {a} {cond:?} {b} w32={w32}: dead");
                    prop_assert!(c.contains(x), "{name}: {a} {cond:?} {b} w32={w32}: {x:#x} left {c}");
                    prop_assert!(d.contains(y), "{name}: {a} {cond:?} {b} w32={w32}: {y:#x} left {d}");
                }
            }
        }
    }
}

fn shown(b: Bounds) -> String {
    b.to_string()
}

#[test]
fn values_print_as_a_log_prints_them() {
    let rules = ScalarRules::V6_18;
    let mut byte = Bounds::UNKNOWN;
    assert_eq!(shown(byte), "scalar()");
    byte.cast(1, &rules);
    assert_eq!(
        shown(byte),
        "scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))"
    );
    assert_eq!(shown(Bounds::constant(u64::MAX)), "-1");
    assert_eq!(shown(Bounds::constant(0x1234_5678)), "0x12345678");
    let mut word = Bounds::UNKNOWN;
    word.cast(4, &rules);
    assert_eq!(
        shown(word),
        "scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))"
    );
    let error = Bounds::from_s32_range(-4095, 64, &rules);
    assert_eq!(shown(error), "scalar(smin=smin32=-4095,smax=smax32=64)");
    let ordered = Bounds::from_unsigned_range(1, 70000, &rules);
    assert_eq!(
        shown(ordered),
        "scalar(smin=umin=smin32=umin32=1,smax=umax=smax32=umax32=0x11170,var_off=(0x0; 0x1ffff))"
    );
}

#[test]
fn series_differ_where_they_should() {
    let byte = |rules: &ScalarRules| {
        let mut b = Bounds::UNKNOWN;
        b.cast(1, rules);
        b
    };
    for (name, rules) in RULES {
        let old = matches!(name, "5.10" | "6.1");
        let (b, ten) = (byte(&rules), Bounds::constant(10));
        // Division is tracked since 7.0.
        let third = Bounds::alu(ScalarOp::Div, false, &b, &Bounds::constant(3), &rules);
        assert_eq!(
            third.umax,
            if rules.const_divmod { 85 } else { u64::MAX },
            "{name}"
        );
        // Products of two unknowns are known since 6.10.
        let square = Bounds::alu(ScalarOp::Mul, false, &b, &b, &rules);
        assert_eq!(square.umax, if old { u64::MAX } else { 65025 }, "{name}");
        // Against an unknown, only newer kernels refine.
        let (mut x, mut y) = (Bounds::UNKNOWN, b);
        Bounds::refine(Cond::Lt, true, false, &mut x, &mut y, &rules);
        assert_eq!(x.umax, if old { u64::MAX } else { 254 }, "{name}");
        // Not equal to an end moves it; in the middle only an arc can say so.
        let (mut x, mut zero) = (b, Bounds::ZERO);
        Bounds::refine(Cond::Ne, true, false, &mut x, &mut zero, &rules);
        assert_eq!(x.umin, u64::from(!old), "{name}");
        let (mut x, mut k) = (Bounds::UNKNOWN, ten);
        Bounds::refine(Cond::Ne, true, false, &mut x, &mut k, &rules);
        assert_eq!(x.contains(10), name != "7.3", "{name}");
        assert_eq!(
            Bounds::branch_taken(Cond::Eq, false, &x, &ten, &rules),
            if name == "7.3" { Some(false) } else { None },
            "{name}"
        );
        assert!(Bounds::UNKNOWN.covers(&x));
        assert_eq!(x.covers(&Bounds::UNKNOWN), name != "7.3", "{name}");
    }
}

#[test]
fn a_value_is_small() {
    assert!(size_of::<Bounds>() <= 88);
}
