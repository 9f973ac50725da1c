//! `code-behind-constant`: code that was not verified for the value of a constant alone.
//!
//! A constant of `.rodata` that no manifest sets is taken as it stands in the object.
//! What only another value lets control reach was dropped, as a kernel drops it, and
//! nothing is known of it: the next user who sets the constant finds out. Each variable,
//! with the condition that its branches ask of it, is told once for a program.
//!
//! Code is followed from the edges that were never taken; what such an edge leads to and
//! no path reaches counts, however much else it depends on. Left out: constants that are
//! compared after arithmetic are told without the condition; those in sections without
//! types, not at all.

use alloc::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::flow::Flow;
use super::guard::{Guard, edge};
use super::{Hit, Lint, Scope, flow::Root, rule};
use crate::prelude::*;
use crate::programs::insn::{Callee, ImmRef, Op, Src};
use crate::programs::isa::jmp_symbol;
use crate::programs::part_at;

pub(super) const LINT: Lint = Lint {
    rule: rule(module_path!()),
    scope: Scope::Any,
    run,
};

/// Variables of one program that are told.
const MAX_TOLD: usize = 16;

/// A variable that keeps paths away.
struct Constant {
    name: String,
    /// The slot that reads it.
    read: usize,
    /// Its width as it is read.
    bits: u32,
    signed: bool,
    /// What it is now, if it is a number.
    value: Option<u64>,
}

impl Constant {
    /// A number that it is compared with, as the source would write it.
    fn shown(&self, number: i64) -> i64 {
        let unused = 64u32.saturating_sub(self.bits);
        match self.signed {
            true => number.wrapping_shl(unused).wrapping_shr(unused),
            false => number,
        }
    }
}

fn run(facts: &Facts<'_>, hits: &mut Vec<Hit>) {
    let Some(flow) = facts.flow() else { return };
    // By variable and condition: the first branch, and the slots where dead code begins.
    let mut found: BTreeMap<(String, String), (usize, Vec<usize>)> = BTreeMap::new();
    for (from, op) in facts.ops.iter().enumerate() {
        let Op::Jmp { off, .. } = *op else { continue };
        if !facts.observed.reached(from) {
            continue;
        }
        let next = from + 1;
        let jump = next.checked_add_signed(isize::from(off));
        let ends = [(Some(next), false), (jump, true)];
        let dead = ends
            .into_iter()
            .find_map(|(to, taken)| Some((to.filter(|to| !facts.observed.reached(*to))?, taken)));
        let Some((to, taken)) = dead else { continue };
        if edge(facts, flow, from) != Guard::Constant {
            continue;
        }
        for constant in constants(facts, flow, from) {
            let words = condition(flow, op, from, taken, &constant);
            let entry = found.entry((constant.name, words));
            let entry = entry.or_insert_with(|| (from, Vec::new()));
            entry.1.push(to);
        }
    }
    for ((variable, words), (branch, starts)) in found.into_iter().take(MAX_TOLD) {
        let blocks = blocks(facts, flow, &starts);
        if blocks == 0 {
            continue;
        }
        let many = match blocks {
            1 => "One block is".to_owned(),
            n => format!("{n} blocks are"),
        };
        let what = format!("{many} verified only {words}");
        let mut hit = Hit::at(LINT.rule, branch, what);
        hit.variable = Some(variable);
        hits.push(hit);
    }
}

/// The variables that a branch depends on.
fn constants(facts: &Facts<'_>, flow: &Flow<'_>, branch: usize) -> Vec<Constant> {
    let Some(Op::Jmp { dst, src, .. }) = facts.ops.get(branch) else {
        return Vec::new();
    };
    let mut roots = flow.roots(branch, *dst);
    if let Src::Reg(src) = src {
        roots.extend(flow.roots(branch, *src));
    }
    let reads = roots.into_iter().filter_map(|root| match root {
        Root::Load(at) => variable(facts, flow, at as usize),
        _ => None,
    });
    reads.collect()
}

/// The variable that a slot reads.
fn variable(facts: &Facts<'_>, flow: &Flow<'_>, at: usize) -> Option<Constant> {
    let (_, map) = facts.value_of(at).filter(|(_, m)| m.is_constant())?;
    let Op::Load {
        base, off, size, ..
    } = *facts.ops.get(at)?
    else {
        return None;
    };
    let Op::LdImm64 {
        src: ImmRef::MapIdxValue { off: start, .. },
        ..
    } = *facts.ops.get(flow.def(at, base)?)?
    else {
        return None;
    };
    let place = start.checked_add_signed(off.into())?;
    let btf = facts.program.btf.as_deref()?;
    let part = part_at(btf, map, place, size.bytes())?;
    let from = place as usize;
    let value = map.initial.as_deref();
    let value = value.and_then(|v| v.get(from..from.checked_add(size.bytes() as usize)?));
    let number = value.map(|v| {
        let mut word = [0u8; 8];
        word.iter_mut().zip(v).for_each(|(to, from)| *to = *from);
        u64::from_le_bytes(word)
    });
    Some(Constant {
        name: part.place,
        read: at,
        bits: size.bytes() * 8,
        signed: part.signed,
        value: number,
    })
}

/// `if x ≠ 0`, or what can be said of it.
fn condition(flow: &Flow<'_>, op: &Op, branch: usize, taken: bool, constant: &Constant) -> String {
    let name = &constant.name;
    let Op::Jmp {
        op: asked,
        dst,
        src: Src::Imm(number),
        ..
    } = *op
    else {
        return other_value(constant);
    };
    let needed = if taken { Some(asked) } else { asked.negate() };
    let direct = flow.def(branch, dst) == Some(constant.read);
    match needed.map(jmp_symbol) {
        Some(symbol) if direct && symbol != "&" => {
            let symbol = match symbol {
                "==" => "=",
                "!=" => "≠",
                "<=" | "s<=" => "≤",
                ">=" | "s>=" => "≥",
                "s<" => "<",
                "s>" => ">",
                other => other,
            };
            format!("if `{name}` {symbol} {}", constant.shown(number.into()))
        }
        _ => other_value(constant),
    }
}

fn other_value(constant: &Constant) -> String {
    let name = &constant.name;
    match constant.value {
        Some(value) => {
            let value = constant.shown(value as i64);
            format!("with another value of `{name}` than {value}")
        }
        None => format!("with another value of `{name}`"),
    }
}

/// How many blocks that no path reaches some slots lead to.
fn blocks(facts: &Facts<'_>, flow: &Flow<'_>, starts: &[usize]) -> usize {
    let first: BTreeSet<usize> = starts.iter().copied().collect();
    let mut seen = first.clone();
    let mut work: Vec<usize> = starts.to_vec();
    while let Some(at) = work.pop() {
        let mut to: Vec<usize> = facts.cfg.map_or_else(Vec::new, |cfg| {
            cfg.successors(at).iter().map(|s| *s as usize).collect()
        });
        if let Some(Op::Call(Callee::Local(rel))) = facts.ops.get(at) {
            to.extend((at + 1).checked_add_signed(*rel as isize));
        }
        for next in to {
            if !facts.observed.reached(next) && seen.insert(next) {
                work.push(next);
            }
        }
    }
    // A block begins where control comes from elsewhere than the slot before.
    let begins = |at: &&usize| {
        let preds = flow.preds(**at);
        let falls = |p: &u32| {
            facts
                .cfg
                .is_some_and(|c| c.successors(*p as usize).len() == 1)
        };
        let through = matches!(preds, [one] if (*one as usize) < **at && falls(one));
        !through || first.contains(*at)
    };
    seen.iter().filter(begins).count()
}
