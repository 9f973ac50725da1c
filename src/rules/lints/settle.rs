//! Puts together what the lints say of one object's programs on all targets.
//!
//! A function that several programs contain, or a line that a compiler inlined
//! many times, is one place in the source: it gets one finding.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;

use super::{Hit, Scope, dead_code, scope};
use crate::abstract_interp::Reach;
use crate::prelude::*;
use crate::programs::{MAX_LINE, Program};

/// What the lints said of one accepted program on one target.
pub struct Linted<'a> {
    /// The program.
    pub program: &'a Program,
    /// The target's name.
    pub target: &'a str,
    /// What its verification reached.
    pub reached: &'a Reach,
    /// What the lints said.
    pub hits: &'a [Hit],
}

/// One finding, for the targets that it holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Which of the [`Linted`] it was first found in.
    pub first: usize,
    /// What was found there.
    pub hit: Hit,
    /// Names of targets, in the order given.
    pub targets: Vec<String>,
}

/// A place in the source, or in the object if the source isn't known.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Line(Arc<str>, u32),
    Origin(Arc<str>, u64),
    Program(String),
}

fn spot(program: &Program, insn: u32) -> Spot {
    let line = program.line_at(insn);
    if let Some(line) = line.filter(|l| (1..=MAX_LINE).contains(&l.line)) {
        return Spot::Line(line.file.clone(), line.line);
    }
    let subprog = program
        .subprog_at(insn)
        .and_then(|s| program.subprogs.get(s));
    match subprog {
        Some(s) if !s.section.is_empty() => {
            let offset = s.section_offset + u64::from(insn - s.start) * 8;
            Spot::Origin(s.section.clone(), offset)
        }
        _ => Spot::Origin(program.name.as_str().into(), u64::from(insn) * 8),
    }
}

/// Findings about a program as a whole stand at its first slot.
fn spot_of(program: &Program, hit: &Hit) -> Spot {
    match hit.insn {
        None | Some(0) => Spot::Program(program.name.clone()),
        Some(insn) => spot(program, insn),
    }
}

/// Puts the findings together, in the order of programs, then of instructions.
/// `others` are programs that weren't accepted: what they reach isn't known.
pub fn settle(all: &[Linted<'_>], others: &[&Program]) -> Vec<Settled> {
    let spots = Spots::of(all, others);
    let mut found: BTreeMap<(Spot, u16, String), Settled> = BTreeMap::new();
    for (i, linted) in all.iter().enumerate() {
        for hit in linted.hits {
            let spot = spot_of(linted.program, hit);
            if is_dead(hit) && spots.alive.contains(&spot) {
                continue;
            }
            // How many slots a dead line has differs from copy to copy.
            let words = match is_dead(hit) {
                true => String::new(),
                false => hit.what.clone(),
            };
            let settled = found
                .entry((spot, hit.rule.number, words))
                .or_insert_with(|| Settled {
                    first: i,
                    hit: hit.clone(),
                    targets: Vec::new(),
                });
            if !settled.targets.iter().any(|t| t == linted.target) {
                settled.targets.push(linted.target.to_owned());
            }
        }
    }
    let everywhere = |spot: &Spot, settled: &Settled| {
        let asked = spots.asked.get(spot).into_iter().flatten();
        asked
            .into_iter()
            .all(|t| settled.targets.iter().any(|s| s == t))
    };
    let mut settled: Vec<Settled> = found
        .into_iter()
        .filter(|((spot, ..), s)| scope(s.hit.rule) == Scope::Any || everywhere(spot, s))
        .map(|(_, s)| s)
        .collect();
    settled.sort_by_key(|s| (s.first, s.hit.insn, s.hit.rule.number));
    settled
}

fn is_dead(hit: &Hit) -> bool {
    hit.rule.number == dead_code::LINT.rule.number
}

/// What is known of the spots of findings that must hold everywhere.
#[derive(Default)]
struct Spots<'a> {
    /// Targets that took a program with the spot.
    asked: BTreeMap<Spot, BTreeSet<&'a str>>,
    /// Spots that a program reaches, or may reach.
    alive: BTreeSet<Spot>,
}

impl<'a> Spots<'a> {
    /// One pass over the programs, whatever the number of findings.
    fn of(all: &[Linted<'a>], others: &[&Program]) -> Spots<'a> {
        let mut spots = Spots::default();
        for linted in all {
            for hit in linted.hits {
                if scope(hit.rule) == Scope::Every {
                    spots
                        .asked
                        .entry(spot_of(linted.program, hit))
                        .or_default()
                        .insert(linted.target);
                }
            }
        }
        if spots.asked.is_empty() {
            return spots;
        }
        let dead = all.iter().any(|l| l.hits.iter().any(is_dead));
        for linted in all {
            spots.walk(linted.program, |asked, alive, spot, insn| {
                if let Some(targets) = asked.get_mut(&spot) {
                    targets.insert(linted.target);
                    if dead && linted.reached.reached(insn) {
                        alive.insert(spot);
                    }
                }
            });
        }
        for program in others.iter().filter(|_| dead) {
            spots.walk(program, |asked, alive, spot, _| {
                if asked.contains_key(&spot) {
                    alive.insert(spot);
                }
            });
        }
        spots
    }

    /// Shows every slot's spot.
    fn walk(
        &mut self,
        program: &Program,
        mut show: impl FnMut(&mut BTreeMap<Spot, BTreeSet<&'a str>>, &mut BTreeSet<Spot>, Spot, usize),
    ) {
        for insn in 0..program.insns.len() {
            show(
                &mut self.asked,
                &mut self.alive,
                spot(program, insn as u32),
                insn,
            );
        }
    }
}
