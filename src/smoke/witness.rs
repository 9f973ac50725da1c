//! A search for an input on which a fault really happens.
//!
//! A verifier refuses what it cannot prove; most such programs fault on some
//! input, and seeing one says more than a proof that is missing. The reference
//! interpreter runs the program on the boundary packets, on every length of the
//! commonest ones, and then on mutants of those inputs that reached something
//! new. Mutants are aimed: where a comparison saw a value that stands in the
//! packet, the mutant has the value it was compared with, or its neighbours.
//! Finding nothing proves nothing.

use super::engine::{Fault, Site};
use super::image::Image;
use super::inputs::{self, Input};
use super::memory::Kind;
use super::packet::{ETH_HLEN, bytes_at};
use super::reference::Tracer;
use super::run::{Engines, SmokeOptions, run_traced};
use super::runtime::{Rng, Runtime};
use super::{FaultKind, context};
use crate::budget::Budget;
use crate::helpers_spec::ProgType;
use crate::object::Btf;
use crate::programs::Program;
use crate::programs::insn::{Op, Src};
use std::sync::Arc;

/// Inputs run at once.
const BATCH: usize = 64;
/// Frames that are tried at every length.
const SWEPT: usize = 7;
/// Longest length of these.
const MAX_SWEEP: usize = 160;
/// Comparisons remembered of one run.
const MAX_PAIRS: usize = 48;
/// Inputs kept for mutation.
const MAX_POOL: usize = 256;

/// What to look for, and how long.
#[derive(Clone, Copy)]
pub struct SearchOptions<'a> {
    /// Whether a fault is the wanted one: one of what was refused.
    pub wanted: &'a (dyn Fn(&Fault) -> bool + Sync),
    /// Runs to spend.
    pub budget: usize,
    /// What the whole run may spend.
    pub spending: Option<&'a Budget>,
    /// Seed of the search.
    pub seed: u64,
    /// Instructions that one run may take.
    pub fuel: u64,
    /// The kernel's BTF.
    pub kernel_btf: Option<&'a Btf>,
    /// Other programs of the object, for tail calls.
    pub siblings: &'a [Arc<Program>],
}

/// An input and what happens on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The input.
    pub input: Input,
    /// The fault.
    pub fault: Fault,
}

/// What came of a search.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// A wanted fault, or, if none was found, another.
    pub witness: Option<Witness>,
    /// Whether it is a wanted one.
    pub wanted: bool,
    /// Runs spent.
    pub runs: usize,
    /// Instructions that were reached, by slot.
    pub seen: Vec<bool>,
    /// Why nothing could be run.
    pub skipped: Option<String>,
}

/// What one run compared, and whether it reached anything new.
#[derive(Default)]
struct Notes {
    fresh: bool,
    pairs: Vec<(u64, u64)>,
}

struct Watch<'a> {
    ops: &'a [Op],
    seen: Vec<bool>,
    notes: Vec<Notes>,
}

impl Tracer for Watch<'_> {
    fn begin(&mut self, _: &Input) {
        self.notes.push(Notes::default());
    }

    fn step(&mut self, site: Site, regs: &[u64; 11], _: usize, _: &Runtime) {
        if site.program != 0 {
            return;
        }
        let at = site.insn as usize;
        let Some(notes) = self.notes.last_mut() else {
            return;
        };
        if let Some(seen) = self.seen.get_mut(at)
            && !*seen
        {
            *seen = true;
            notes.fresh = true;
        }
        if let Some(Op::Jmp { dst, src, .. }) = self.ops.get(at)
            && notes.pairs.len() < MAX_PAIRS
        {
            let get = |r: u8| regs.get(usize::from(r)).copied().unwrap_or(0);
            let other = match *src {
                Src::Reg(r) => get(r),
                Src::Imm(imm) => imm as i64 as u64,
            };
            let pair = (get(*dst), other);
            if pair.0 != pair.1 && !notes.pairs.contains(&pair) {
                notes.pairs.push(pair);
            }
        }
    }
}

/// Searches.
pub fn search(program: &Program, options: &SearchOptions<'_>) -> Search {
    let image = Image::single(Arc::new(program.clone()));
    let ops = image.programs.first().map_or(&[][..], |c| &c.ops);
    let mut watch = Watch {
        ops,
        seen: vec![false; ops.len()],
        notes: Vec::new(),
    };
    let mut rng = Rng(options.seed ^ 0x5ea4);
    let mut out = Search::default();
    let mut pool: Vec<(Input, Vec<(u64, u64)>)> = Vec::new();
    let mut queue = first_inputs(program, options, &mut rng);
    queue.reverse();
    let mined = inputs::constants(program);
    let about_packets = context::has_packet(program.prog_type);
    while out.runs < options.budget && out.skipped.is_none() {
        let room = BATCH.min(options.budget - out.runs);
        let mut batch = Vec::with_capacity(room);
        while batch.len() < room {
            let next = queue.pop();
            batch.push(
                next.unwrap_or_else(|| mutant(program, &pool, &mined, about_packets, &mut rng)),
            );
        }
        watch.notes.clear();
        let smoke = SmokeOptions {
            engines: Engines::Reference,
            fuel: options.fuel,
            budget: options.spending,
            only: Some(&batch),
            siblings: options.siblings,
            kernel_btf: options.kernel_btf,
            ..SmokeOptions::default()
        };
        let report = run_traced(program, &smoke, &mut watch);
        out.runs += batch.len();
        if report.runs.is_empty() {
            out.skipped = Some(report.verdict.to_string());
            break;
        }
        if report.verdict.is_ended() {
            out.skipped = Some(report.verdict.to_string());
        }
        for (run, notes) in report.runs.into_iter().zip(&mut watch.notes) {
            match run.result {
                Err(fault) if !fault.kind.is_inconclusive() => {
                    let wanted = (options.wanted)(&fault);
                    if wanted || out.witness.is_none() {
                        let input = run.input;
                        out.witness = Some(Witness { input, fault });
                    }
                    if wanted {
                        out.wanted = true;
                        out.seen = watch.seen;
                        return out;
                    }
                }
                _ if notes.fresh || (pool.len() < 16 && !notes.pairs.is_empty()) => {
                    let entry = (run.input, std::mem::take(&mut notes.pairs));
                    if pool.len() < MAX_POOL {
                        pool.push(entry);
                    } else if let Some(old) = pool.get_mut(rng.below(MAX_POOL as u64) as usize) {
                        *old = entry;
                    }
                }
                _ => {}
            }
        }
    }
    out.seen = watch.seen;
    out
}

fn first_inputs(program: &Program, options: &SearchOptions<'_>, rng: &mut Rng) -> Vec<Input> {
    let mut out = inputs::for_program(program, BATCH, usize::MAX, options.seed);
    if !context::has_packet(program.prog_type) {
        return out;
    }
    let shortest = shortest(program);
    let swept: Vec<Input> = out.iter().take(SWEPT).cloned().collect();
    for input in swept {
        for len in shortest..input.packet.len().min(MAX_SWEEP) {
            let packet = input.packet.get(..len).unwrap_or(&[]).to_vec();
            out.push(Input {
                label: format!("{}, cut to {len} bytes", input.label),
                seed: rng.draw(),
                packet,
                ..input.clone()
            });
        }
    }
    out
}

fn shortest(program: &Program) -> usize {
    if program.prog_type == ProgType::Xdp {
        ETH_HLEN
    } else {
        0
    }
}

/// Another input, made from one that reached something.
fn mutant(
    program: &Program,
    pool: &[(Input, Vec<(u64, u64)>)],
    mined: &[u64],
    about_packets: bool,
    rng: &mut Rng,
) -> Input {
    let base = pool.get(rng.below(pool.len() as u64) as usize);
    let mut input = base.map(|(input, _)| input.clone()).unwrap_or_default();
    input.label = "found by search".into();
    if rng.below(3) == 0 || !about_packets {
        input.seed = rng.draw();
        input.populated = rng.below(2) == 0;
    }
    if !about_packets {
        return input;
    }
    for _ in 0..1 + rng.below(3) {
        let pairs = base.map_or(&[][..], |(_, pairs)| pairs);
        let pair = pairs.get(rng.below(pairs.len() as u64) as usize);
        let len = input.packet.len();
        match (rng.below(6), pair) {
            (0..=2, Some(&(saw, other))) => {
                let to = other.wrapping_add(rng.below(3)).wrapping_sub(1);
                replace(&mut input.packet, saw, to, rng);
            }
            (3, _) if len > 0 => {
                let at = rng.below(len as u64) as usize;
                if let Some(byte) = input.packet.get_mut(at) {
                    *byte = rng.draw() as u8;
                }
            }
            (4, _) if !mined.is_empty() && len > 0 => {
                let value = mined.get(rng.below(mined.len() as u64) as usize);
                let at = rng.below(len as u64) as usize;
                let width = 1usize << rng.below(3);
                let value = value.copied().unwrap_or(0);
                write(&mut input.packet, at, value, width, rng.below(2) == 0);
            }
            _ => {
                let shortest = shortest(program);
                let new = shortest + rng.below(len as u64 + 32) as usize;
                input.packet.resize(new, rng.draw() as u8);
            }
        }
    }
    input
}

fn write(packet: &mut [u8], at: usize, value: u64, width: usize, big: bool) {
    let mut bytes = value.to_le_bytes();
    if let Some(bytes) = bytes.get_mut(..width) {
        if big {
            bytes.reverse();
        }
        if let Some(place) = packet.get_mut(at..at + width) {
            place.copy_from_slice(bytes);
        }
    }
}

/// Replaces an occurrence of a value, in either byte order, by another.
fn replace(packet: &mut [u8], from: u64, to: u64, rng: &mut Rng) {
    let mut places = Vec::new();
    for width in [1usize, 2, 4, 8] {
        if width < 8 && from >> (8 * width) != 0 {
            continue;
        }
        for big in [false, true] {
            let mut bytes = from.to_le_bytes();
            let Some(wanted) = bytes.get_mut(..width) else {
                continue;
            };
            if big {
                wanted.reverse();
            }
            let hits = packet.windows(width).enumerate();
            places.extend(
                hits.filter(|(_, w)| *w == wanted)
                    .map(|(at, _)| (at, width, big)),
            );
        }
    }
    let chosen = places.get(rng.below(places.len() as u64) as usize);
    if let Some(&(at, width, big)) = chosen {
        write(packet, at, to, width, big);
    }
}

/// What happens, in the words of the input: which byte of how many.
pub fn describe(witness: &Witness) -> String {
    let input = &witness.input;
    let FaultKind::Memory(error) = &witness.fault.kind else {
        return witness.fault.kind.to_string();
    };
    let verb = if error.write { "writes" } else { "reads" };
    match error.object {
        Some((Kind::Packet, off)) => {
            let bytes = bytes_at(off, error.size);
            format!(
                "this packet of {} bytes: it {verb} {bytes}",
                input.packet.len()
            )
        }
        _ => error.to_string(),
    }
}
