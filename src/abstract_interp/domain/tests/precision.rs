//! How often a result is the best that the views can say.
//!
//! Not a goal: the verifier's own precision is. But a change here is a change of
//! behaviour, and has to be one that a kernel made.

use super::super::{Scalar, ScalarRules};
use super::{conditions, each, execute, members, operations, pool};
use std::fmt::Write;

type Narrow = Scalar<4, 2>;

/// Members of the best abstraction of a set: every view as narrow as it can be.
fn best(set: u64) -> u64 {
    let mut out = Narrow::UNKNOWN;
    let constants: Vec<Narrow> = each(set).map(Narrow::constant).collect();
    let ends = |f: fn(&Narrow) -> i64| {
        let all = constants.iter().map(f);
        (all.clone().min().unwrap_or(0), all.max().unwrap_or(0))
    };
    let (umin, umax) = ends(|c| c.umin as i64);
    (out.umin, out.umax) = (umin as u64, umax as u64);
    (out.smin, out.smax) = ends(|c| c.smin);
    let (min, max) = ends(|c| c.u32min.into());
    (out.u32min, out.u32max) = (min as u32, max as u32);
    let (min, max) = ends(|c| c.s32min.into());
    (out.s32min, out.s32max) = (min as i32, max as i32);
    out.tnum = constants
        .iter()
        .map(|c| c.tnum)
        .reduce(|a, b| a.union(b))
        .unwrap_or(out.tnum);
    members(&out)
}

fn percent(best: u32, all: u32) -> u32 {
    (best * 100).checked_div(all).unwrap_or(0)
}

fn alu(rules: &ScalarRules) -> String {
    let pool = pool::<4, 2>(rules, 60, 41);
    let sets: Vec<u64> = pool.iter().map(members).collect();
    let mut out = String::new();
    for (op, w32) in operations() {
        let (mut exact, mut all) = (0, 0);
        for (a, of_a) in pool.iter().zip(&sets) {
            for (b, of_b) in pool.iter().zip(&sets) {
                let mut image = 0u64;
                for x in each(*of_a) {
                    for y in each(*of_b) {
                        image |= 1 << execute(op, w32, x, y, 4, 2);
                    }
                }
                all += 1;
                let result = members(&Scalar::alu(op, w32, a, b, rules));
                exact += u32::from(result & !best(image) == 0);
            }
        }
        let name = format!("{op:?}{}", if w32 { "32" } else { "" });
        writeln!(out, "{name:8} {:3} %", percent(exact, all)).unwrap();
    }
    out
}

fn refinement(rules: &ScalarRules) -> String {
    let pool = pool::<4, 2>(rules, 50, 43);
    let sets: Vec<u64> = pool.iter().map(members).collect();
    let mut out = String::new();
    for (cond, w32) in conditions() {
        let bits = if w32 { 2 } else { 4 };
        let (mut exact, mut decided, mut could, mut all) = (0, 0, 0, 0);
        for (a, of_a) in pool.iter().zip(&sets) {
            for (b, of_b) in pool.iter().zip(&sets) {
                let (mut left, mut right, mut always) = (0u64, 0u64, true);
                for x in each(*of_a) {
                    for y in each(*of_b) {
                        let holds = cond.holds(x, y, bits);
                        left |= u64::from(holds) << x;
                        right |= u64::from(holds) << y;
                        always &= holds;
                    }
                }
                could += u32::from(always || left == 0);
                decided += u32::from(Scalar::branch_taken(cond, w32, a, b, rules).is_some());
                if left == 0 {
                    continue;
                }
                all += 1;
                let (mut x, mut y) = (*a, *b);
                Scalar::refine(cond, true, w32, &mut x, &mut y, rules);
                let narrow = members(&x) & !best(left) == 0 && members(&y) & !best(right) == 0;
                exact += u32::from(narrow);
            }
        }
        let name = format!("{cond:?}{}", if w32 { "32" } else { "" });
        let (refined, known) = (percent(exact, all), percent(decided, could));
        writeln!(
            out,
            "{name:8} refined best {refined:3} %, decided {known:3} %"
        )
        .unwrap();
    }
    out
}

#[test]
fn share_of_best_results() {
    insta::assert_snapshot!("alu_6_18", alu(&ScalarRules::V6_18));
    insta::assert_snapshot!("alu_7_3", alu(&ScalarRules::V7_3));
}

#[test]
fn share_of_best_refinements() {
    insta::assert_snapshot!("refine_6_1", refinement(&ScalarRules::V6_1));
    insta::assert_snapshot!("refine_6_18", refinement(&ScalarRules::V6_18));
    insta::assert_snapshot!("refine_7_3", refinement(&ScalarRules::V7_3));
}
