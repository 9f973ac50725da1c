//! Concrete runs held against abstract states.
//!
//! The reference interpreter runs an accepted program and writes down every
//! register before every instruction. A follower then walks the model along the
//! same instructions. Each concrete register must lie inside its abstract value,
//! and the model must have a successor for every step that was taken.

use bpfassay::abstract_interp::state::State;
use bpfassay::abstract_interp::value::{Flags, Kind, Reg};
use bpfassay::abstract_interp::vm::Halt;
use bpfassay::abstract_interp::{Candidate, Follower, Input, Prepared};
use bpfassay::programs::Program;
use bpfassay::programs::insn::Op;
use bpfassay::smoke::image::is_map_handle;
use bpfassay::smoke::memory::{Kind as Object, RegionId};
use bpfassay::smoke::reference::Tracer;
use bpfassay::smoke::runtime::Runtime;
use bpfassay::smoke::{Site, SmokeOptions, run_traced};

/// Steps of one run that are written down.
const MAX_STEPS: usize = 4000;
/// Instructions carried out without a concrete counterpart: a call that ends a
/// loop over a callback, or arithmetic that parts two values, is looked at once
/// more.
const MAX_SILENT: usize = 3;

/// A register's value, and where it points.
#[derive(Clone, Copy, Debug)]
struct Value {
    bits: u64,
    /// The object near the address, and the offset in it.
    at: Option<(Object, i64)>,
}

/// One step of a run.
#[derive(Clone, Debug)]
struct Step {
    insn: usize,
    depth: usize,
    regs: [Value; 11],
    /// Bytes of the packet.
    packet: i64,
}

/// Writes down the steps of every run.
#[derive(Default)]
struct Recorder {
    runs: Vec<Vec<Step>>,
}

impl Tracer for Recorder {
    fn step(&mut self, site: Site, regs: &[u64; 11], depth: usize, rt: &Runtime) {
        let first = depth == 1 && site.insn == 0;
        if first {
            self.runs.push(Vec::new());
        }
        let Some(run) = self.runs.last_mut() else {
            return;
        };
        if site.program != 0 || run.len() >= MAX_STEPS {
            return;
        }
        let packet = rt.packet.as_ref().map(|p| (p.region, p.data, p.end));
        run.push(Step {
            insn: site.insn as usize,
            depth,
            regs: regs.map(|bits| Value {
                bits,
                at: locate(rt, bits, packet.map(|p| (p.0, p.1))),
            }),
            packet: packet.map_or(0, |p| p.2 as i64 - p.1 as i64),
        });
    }
}

fn locate(rt: &Runtime, addr: u64, packet: Option<(RegionId, usize)>) -> Option<(Object, i64)> {
    let region = rt.mem.find(addr)?;
    let kind = rt.mem.kind(region)?;
    let base = match (kind, packet) {
        (Object::Stack, _) => rt.mem.base(region) + 512,
        (Object::Packet, Some((id, data))) if id == region => rt.mem.base(region) + data as u64,
        _ => match rt.mem.cell_of(addr) {
            Some((region, cell)) => rt.mem.cell(region, cell),
            None => rt.mem.base(region),
        },
    };
    Some((kind, addr.wrapping_sub(base) as i64))
}

/// What came of following all runs of a program.
#[derive(Debug, Default)]
pub struct Followed {
    /// Runs written down.
    pub runs: usize,
    /// Steps that the model was held against.
    pub steps: usize,
    /// Runs that could not be followed to the end, and why.
    pub left: Vec<String>,
    /// Where model and run part: soundness bugs of one of them.
    pub unsound: Vec<String>,
}

/// Runs an accepted program and follows every run.
pub fn follow(input: &Input<'_>, options: &SmokeOptions<'_>) -> Followed {
    let mut recorder = Recorder::default();
    run_traced(input.program, options, &mut recorder);
    let mut done = Followed::default();
    let Ok(prepared) = Prepared::new(input) else {
        done.unsound.push("not even prepared".into());
        return done;
    };
    for run in &recorder.runs {
        done.runs += 1;
        path(input, &prepared, run, 0, &mut done);
    }
    done
}

/// Follows one path that begins at the entry of a function.
fn path(input: &Input<'_>, prepared: &Prepared, run: &[Step], subprog: usize, done: &mut Followed) {
    let Some(first) = run.first() else { return };
    let outer = first.depth;
    let mut follower = match Follower::new(input, prepared, subprog) {
        Ok(follower) => follower,
        Err(halt) => return done.left.push(format!("no entry state: {}", tell(&halt))),
    };
    let wrong = faults(input.program, follower.state(), first);
    if !wrong.is_empty() {
        return done.unsound.push(place(input.program, first, &wrong));
    }
    let mut at = 0;
    while let Some(step) = run.get(at) {
        done.steps += 1;
        let global = follower.calls_global();
        let mut candidates = match follower.step() {
            Ok(candidates) => candidates,
            Err(halt) => return halted(&halt, step, done),
        };
        at += 1;
        if let Some(callee) = global {
            let from = at;
            while run.get(at).is_some_and(|s| s.depth > step.depth) {
                at += 1;
            }
            path(input, prepared, &run[from..at], callee, done);
        }
        let Some(next) = run.get(at) else { return };
        let mut wrong = Vec::new();
        let mut silent = 0;
        loop {
            match pick(input.program, candidates, next, outer, &mut wrong) {
                Pick::Sound(candidate) => break follower.take(*candidate),
                Pick::Again(candidate) if silent < MAX_SILENT => {
                    silent += 1;
                    follower.take(*candidate);
                    candidates = match follower.step() {
                        Ok(candidates) => candidates,
                        Err(halt) => return halted(&halt, step, done),
                    };
                }
                _ if wrong.is_empty() => return parted(prepared, step, next, outer, done),
                _ => return done.unsound.push(place(input.program, next, &wrong)),
            }
        }
    }
}

fn halted(halt: &Halt, step: &Step, done: &mut Followed) {
    let text = format!("insn {}: {}", step.insn, tell(halt));
    match halt {
        Halt::Refusal(_) => done.unsound.push(text),
        Halt::Unknown(_) => done.left.push(text),
    }
}

/// The run went where the model has no state.
fn parted(prepared: &Prepared, step: &Step, next: &Step, outer: usize, done: &mut Followed) {
    let op = prepared.ops.get(step.insn);
    let text = format!("insn {} to {}: {op:?}", step.insn, next.insn);
    // A throw unwinds, a timer's callback begins anew after the program's end.
    let calls = matches!(op, Some(Op::Call(_)));
    if calls || next.depth < outer || matches!(op, Some(Op::Exit)) && step.depth == outer {
        done.left.push(text);
    } else {
        done.unsound.push(format!("no state for this step: {text}"));
    }
}

enum Pick {
    Sound(Box<Candidate>),
    Again(Box<Candidate>),
    Nothing,
}

/// The candidate that a concrete step is in, or one to look at further; why those
/// that are at the step's instruction don't hold it.
fn pick(
    program: &Program,
    candidates: Vec<Candidate>,
    step: &Step,
    outer: usize,
    wrong: &mut Vec<String>,
) -> Pick {
    let mut again = None;
    for candidate in candidates {
        let frames = candidate.state().frames.len();
        if candidate.insn() == step.insn && outer + frames == step.depth + 1 {
            let faults = faults(program, candidate.state(), step);
            if faults.is_empty() {
                return Pick::Sound(Box::new(candidate));
            }
            wrong.extend(faults);
        } else {
            again.get_or_insert(candidate);
        }
    }
    again.map_or(Pick::Nothing, |c| Pick::Again(Box::new(c)))
}

/// The registers that lie outside their abstract values.
fn faults(program: &Program, state: &State, step: &Step) -> Vec<String> {
    let regs = &state.frame().regs;
    (0..11)
        .filter_map(|r| {
            let (abstract_, concrete) = (regs.get(r)?, step.regs.get(r)?);
            let why = outside(program, abstract_, concrete, step)?;
            Some(format!("R{r}={abstract_:?} but {why}"))
        })
        .collect()
}

/// Why a value is outside a register's abstract value.
fn outside(program: &Program, reg: &Reg, value: &Value, step: &Step) -> Option<String> {
    if reg.kind == Kind::Uninit {
        return None;
    }
    if reg.is_scalar() {
        let inside = reg.bounds.contains(value.bits);
        return (!inside).then(|| format!("holds {:#x}", value.bits));
    }
    let offset_of = |wanted: fn(Object) -> bool| match value.at {
        Some((object, off)) if wanted(object) => Ok(off),
        other => Err(format!("holds {:#x} ({other:?})", value.bits)),
    };
    if reg.flags.has(Flags::MAYBE_NULL) && value.bits == 0 {
        return None;
    }
    let off = match reg.kind {
        Kind::Stack { .. } => offset_of(|o| o == Object::Stack),
        Kind::Packet => offset_of(|o| o == Object::Packet),
        Kind::Ctx => offset_of(|o| o == Object::Context),
        Kind::MapValue { map, .. } => {
            let known = program.maps.get(map.index()).is_some() && !map.is_inner();
            let same =
                |o: Object| matches!(o, Object::MapValue(m) if !known || m as usize == map.index());
            match value.at {
                // An inner map that was looked up and is not tested yet.
                None if is_map_handle(value.bits) => return None,
                Some((object, off)) if same(object) => Ok(off),
                // Values of some maps live in kernel objects: sockets, storages.
                Some((Object::Kernel | Object::Object | Object::Buffer, _)) => return None,
                other => Err(format!("holds {:#x} ({other:?})", value.bits)),
            }
        }
        _ => return None,
    };
    let off = match off {
        Ok(off) => off,
        Err(why) => return Some(why),
    };
    let variable = off - i64::from(reg.off);
    if !reg.bounds.contains(variable as u64) {
        return Some(format!("points to offset {off}"));
    }
    if reg.kind == Kind::Packet && reg.range > 0 && variable + i64::from(reg.range) > step.packet {
        return Some(format!("the packet ends at {}", step.packet));
    }
    None
}

fn place(program: &Program, step: &Step, wrong: &[String]) -> String {
    let line = program
        .place(step.insn as u32)
        .map_or_else(String::new, |p| format!(" ({})", p.text().data()));
    format!("before insn {}{line}: {}", step.insn, wrong.join("; "))
}

fn tell(halt: &Halt) -> String {
    match halt {
        Halt::Refusal(v) => format!("refused: {:?}", v.fact),
        Halt::Unknown(u) => format!("unknown: {}", u.name),
    }
}
