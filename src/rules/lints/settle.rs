//! Puts together what the lints say of one object's programs on all targets.
//!
//! A function that several programs contain, or a line that a compiler inlined
//! many times, is one place in the source: it gets one finding.

use std::collections::{BTreeMap, BTreeSet};

use super::{Hit, Scope, dead_code, scope};
use crate::abstract_interp::Observed;
use crate::programs::Program;

/// What the lints said of one accepted program on one target.
pub struct Linted<'a> {
    /// The program.
    pub program: &'a Program,
    /// The target's name.
    pub target: &'a str,
    /// What its verification saw.
    pub observed: &'a Observed,
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
    Line(String, u32),
    Origin(String, u64),
    Program(String),
}

fn spot(program: &Program, insn: u32) -> Spot {
    if let Some(place) = program.place(insn) {
        return Spot::Line(place.file, place.line);
    }
    match program.origin(insn) {
        Some((section, offset)) if !section.is_empty() => Spot::Origin(section.to_owned(), offset),
        _ => Spot::Origin(program.name.clone(), u64::from(insn) * 8),
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
    let lines = lines(all);
    let mut found: BTreeMap<(Spot, u16, String), Settled> = BTreeMap::new();
    for (i, linted) in all.iter().enumerate() {
        for hit in linted.hits {
            let dead = hit.rule.number == dead_code::LINT.rule.number;
            let spot = spot_of(linted.program, hit);
            if dead && (lines.reached.contains(&spot) || others.iter().any(|p| holds(p, &spot))) {
                continue;
            }
            // How many slots a dead line has differs from copy to copy.
            let words = if dead {
                String::new()
            } else {
                hit.what.clone()
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
        let asked = lines.asked(spot, all);
        asked.iter().all(|t| settled.targets.iter().any(|s| s == t))
    };
    let mut settled: Vec<Settled> = found
        .into_iter()
        .filter(|((spot, ..), s)| scope(s.hit.rule) == Scope::Any || everywhere(spot, s))
        .map(|(_, s)| s)
        .collect();
    settled.sort_by_key(|s| (s.first, s.hit.insn, s.hit.rule.number));
    settled
}

/// Which spots are in the programs, and which are reached.
struct Lines {
    /// Filled only if some finding asks.
    reached: BTreeSet<Spot>,
}

fn lines(all: &[Linted<'_>]) -> Lines {
    let mut reached = BTreeSet::new();
    let dead = |h: &Hit| h.rule.number == dead_code::LINT.rule.number;
    if all.iter().any(|l| l.hits.iter().any(dead)) {
        for linted in all {
            let mut last = None;
            for insn in 0..linted.program.insns.len() {
                if !linted.observed.reached(insn) {
                    continue;
                }
                let line = linted.program.line_at(insn as u32);
                let key = line.map(|l| (l.file.clone(), l.line));
                if key.is_some() && key != last {
                    reached.insert(spot(linted.program, insn as u32));
                }
                last = key;
            }
        }
    }
    Lines { reached }
}

impl Lines {
    /// Targets that took a program with that spot.
    fn asked<'t>(&self, spot: &Spot, all: &[Linted<'t>]) -> BTreeSet<&'t str> {
        all.iter()
            .filter(|l| holds(l.program, spot))
            .map(|l| l.target)
            .collect()
    }
}

fn holds(program: &Program, spot: &Spot) -> bool {
    match spot {
        Spot::Line(file, line) => program
            .line_info
            .iter()
            .any(|l| l.line == *line && &*l.file == file.as_str()),
        Spot::Origin(section, offset) => program.subprogs.iter().any(|s| {
            let size = u64::from(s.end - s.start) * 8;
            &*s.section == section.as_str()
                && (s.section_offset..s.section_offset + size).contains(offset)
        }),
        Spot::Program(name) => program.name == *name,
    }
}
