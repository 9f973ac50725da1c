//! Fuzzing: one program, inputs for as long as there is time.
//!
//! Inputs that reached something new make the corpus. What comes next is first what the
//! search offers ([`super::steer::search`]), then mutants of the corpus: other bytes and
//! lengths of the packet, the program's own constants, other seeds. A run goes through
//! the reference interpreter; what is kept goes through both. Reported is what a reviewer
//! looks for: faults, return values that their hook does not know, inputs that cost most.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::context::has_packet;
use super::coverage::Coverage;
use super::engine::{Fault, Site};
use super::image::Image;
use super::inputs::{self, Input};
use super::lowered::Prepared;
use super::meaning::has_names;
use super::options::SmokeOptions;
use super::packet::ETH_HLEN;
use super::reference::NoTrace;
use super::report::SmokeReport;
use super::run::Session;
use super::runtime::Rng;
use super::steer::search::{Search, Shadow};
use crate::helpers_spec::ProgType;
use crate::programs::Program;

/// Return values without a meaning that are kept.
const MAX_ODD: usize = 16;
/// Inputs that cost most.
const SLOWEST: usize = 3;
/// Longest packet that is made.
const MAX_PACKET: u64 = 1600;

/// What came of it.
#[derive(Debug, Default)]
pub struct FuzzReport {
    /// Runs.
    pub runs: u64,
    /// Instructions executed.
    pub insns: u64,
    /// How much was reached.
    pub coverage: Coverage,
    /// Inputs that reached something new, in order.
    pub corpus: Vec<Input>,
    /// Faults, the first of each instruction.
    pub faults: Vec<(Input, Fault)>,
    /// Inputs on which the engines disagree.
    pub disagreements: Vec<(Input, String)>,
    /// Return values that the hook does not know, each with an input.
    pub odd: BTreeMap<i32, Input>,
    /// The dearest inputs, dearest first.
    pub slowest: Vec<(u64, Input)>,
    /// Why nothing could be run.
    pub skipped: Option<String>,
}

/// Runs a program until `go_on`, which is told of the runs so far, says no.
pub fn fuzz(
    program: &Program,
    options: &SmokeOptions<'_>,
    corpus: Vec<Input>,
    mut go_on: impl FnMut(u64) -> bool,
) -> FuzzReport {
    let mut out = FuzzReport::default();
    let image = Arc::new(Image::lean(
        std::iter::once(Arc::new(program.clone())).chain(options.siblings.iter().cloned()),
    ));
    let prepared = Prepared::new(&image);
    let mut session = Session::new(&image, program, options, Some(prepared.engine()));
    let mut shadow = Shadow::new(Arc::clone(&image));
    let mut search = Search::default();
    let mut mutants = Mutants::new(program, options.seed);
    let mut first = corpus;
    first.extend(inputs::for_program(program, 8, usize::MAX, options.seed));
    first.reverse();
    let mut faults: BTreeSet<Site> = BTreeSet::new();
    while go_on(out.runs) {
        let input = match first.pop() {
            Some(input) => input,
            None => match search.next(|at| session.open(at)) {
                Some(input) => input,
                None => mutants.next(&out.corpus),
            },
        };
        let before = session.reached();
        let done = session.reference(&input, Some(&mut shadow), &mut NoTrace);
        let (one, state) = match done {
            Ok(done) => done,
            Err(why) => {
                out.skipped = Some(why.to_string());
                break;
            }
        };
        out.runs += 1;
        out.insns = out.insns.saturating_add(one.insns);
        search.harvest(&shadow, &input, |at| session.open(at));
        slow(&mut out.slowest, one.insns, &input);
        let fresh = session.reached() > before;
        match &one.result {
            Err(fault) if !fault.kind.is_inconclusive() => {
                if faults.insert(fault.site) {
                    out.faults.push((input.clone(), fault.clone()));
                }
            }
            Ok(outcome) if one.meaning.is_none() && has_names(program.prog_type) => {
                if out.odd.len() < MAX_ODD {
                    let odd = out.odd.entry(outcome.ret as i32);
                    odd.or_insert_with(|| input.clone());
                }
            }
            _ => {}
        }
        if fresh {
            session.keep(one, state);
            out.corpus.push(input);
        }
    }
    let report: &SmokeReport = session.report();
    for run in report.disagreements() {
        let what = run.disagreement.clone().unwrap_or_default();
        out.disagreements.push((run.input.clone(), what));
    }
    out.coverage = Coverage::of(program, session.seen(), options.reachable);
    out
}

fn slow(slowest: &mut Vec<(u64, Input)>, insns: u64, input: &Input) {
    let least = slowest.last().map_or(0, |s| s.0);
    let known = slowest.iter().any(|s| s.0 == insns);
    if !known && (slowest.len() < SLOWEST || insns > least) {
        slowest.push((insns, input.clone()));
        slowest.sort_by_key(|s| std::cmp::Reverse(s.0));
        slowest.truncate(SLOWEST);
    }
}

/// Makes inputs from others.
struct Mutants {
    rng: Rng,
    mined: Vec<u64>,
    shortest: usize,
    packets: bool,
}

impl Mutants {
    fn new(program: &Program, seed: u64) -> Mutants {
        Mutants {
            rng: Rng(seed ^ 0xf022),
            mined: inputs::constants(program),
            shortest: match program.prog_type {
                ProgType::Xdp => ETH_HLEN,
                _ => 0,
            },
            packets: has_packet(program.prog_type),
        }
    }

    fn next(&mut self, corpus: &[Input]) -> Input {
        let rng = &mut self.rng;
        let base = corpus.get(rng.below(corpus.len() as u64) as usize);
        let mut input = base.cloned().unwrap_or_default();
        input.label = "mutant".into();
        if !self.packets || rng.below(4) == 0 {
            input.seed = rng.draw();
            input.populated = rng.below(2) == 0;
            if rng.below(4) == 0 {
                input.steer = Default::default();
            }
        }
        for _ in 0..rng.below(4) {
            if !self.packets {
                break;
            }
            self.change(&mut input.packet);
        }
        input
    }

    fn change(&mut self, packet: &mut Vec<u8>) {
        let rng = &mut self.rng;
        let len = packet.len() as u64;
        let at = rng.below(len) as usize;
        match rng.below(4) {
            0 => {
                let len = self.shortest as u64 + rng.below(len.min(MAX_PACKET) + 32);
                packet.resize(len as usize, rng.draw() as u8);
            }
            1 if !self.mined.is_empty() => {
                let value = self.mined.get(rng.below(self.mined.len() as u64) as usize);
                let mut bytes = value.copied().unwrap_or(0).to_le_bytes();
                let width = 1usize << rng.below(3);
                if let Some(part) = bytes.get_mut(..width) {
                    if rng.below(2) == 0 {
                        part.reverse();
                    }
                    if let Some(place) = packet.get_mut(at..at.saturating_add(width)) {
                        place.copy_from_slice(part);
                    }
                }
            }
            _ => {
                if let Some(byte) = packet.get_mut(at) {
                    *byte = match rng.below(3) {
                        0 => rng.draw() as u8,
                        1 => byte.wrapping_add(1),
                        _ => *byte ^ (1 << rng.below(8)),
                    };
                }
            }
        }
    }
}
