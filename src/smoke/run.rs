//! Smoke runs: a program, its inputs, both engines, and what came of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context;
use super::engine::{Engine, FaultKind, Invoke, Outcome, RunResult, Site, Stop};
use super::image::{Image, code_site};
use super::inputs::{self, Input};
use super::lowered::Prepared;
use super::maps::{Body, Map};
use super::meaning::meaning;
pub use super::options::{Engines, Preset, SmokeOptions};
use super::reference::{Reference, Tracer};
use super::report::{After, MapState, RunReport, SmokeReport};
use super::runtime::{Called, Config, Runtime};
use crate::budget::{Account, Budget, Deadline};
use crate::helpers_spec::{ProgType, helper_name};
use crate::object::SlotTarget;
use crate::programs::Program;
use crate::programs::insn::Op;

/// Timers that are run after a program, so that one that arms itself ends.
const MAX_TIMERS: usize = 8;

/// Marks the instructions of one program that are reached.
struct Coverage<'a, T> {
    seen: &'a mut Vec<bool>,
    inner: &'a mut T,
}

impl<T: Tracer> Tracer for Coverage<'_, T> {
    fn begin(&mut self, input: &Input) {
        self.inner.begin(input);
    }

    fn step(&mut self, site: Site, regs: &[u64; 11], depth: usize, rt: &Runtime) {
        if site.program == 0
            && let Some(seen) = self.seen.get_mut(site.insn as usize)
        {
            *seen = true;
        }
        if T::ACTIVE {
            self.inner.step(site, regs, depth, rt);
        }
    }
}

/// Runs a program on its inputs.
pub fn run(program: &Program, options: &SmokeOptions<'_>) -> SmokeReport {
    run_traced(program, options, &mut super::reference::NoTrace)
}

/// The same, with a tracer that sees every instruction of the reference runs.
pub fn run_traced<T: Tracer>(
    program: &Program,
    options: &SmokeOptions<'_>,
    tracer: &mut T,
) -> SmokeReport {
    if program.prog_type == ProgType::Ext {
        return SmokeReport::skipped("an extension's arguments are its target's".into());
    }
    let mut account = options.budget.map_or(Account::FREE, Budget::open);
    let mut ended = None;
    if let Err(ended) = account.go_on() {
        return SmokeReport::skipped(ended.name().to_owned());
    }
    let image = Arc::new(image_of(program, options));
    let made;
    let inputs = match options.only {
        Some(inputs) => inputs,
        None => {
            made = inputs::for_program(program, options.inputs, options.most, options.seed);
            &made
        }
    };
    let ops = image.programs.first().map_or(&[][..], |c| &c.ops);
    let mut seen = vec![false; ops.len()];
    let mut report = SmokeReport::skipped(String::new());
    let mined: Arc<[u64]> = inputs::constants(program).into();
    let prepared = (options.engines != Engines::Reference).then(|| Prepared::new(&image));
    let mut rbpf = prepared.as_ref().map(Prepared::engine);
    let (mut left, mut bytes) = (options.total_fuel, options.total_bytes);
    for input in inputs {
        let run = Run {
            image: &image,
            input,
            mined: &mined,
            options,
            deadline: account.deadline(),
        };
        let mut reference = Reference {
            tracer: Coverage {
                seen: &mut seen,
                inner: tracer,
            },
        };
        reference.tracer.begin(input);
        let first = match &mut rbpf {
            Some(rbpf) if options.engines == Engines::Rbpf => run.once(rbpf),
            _ => run.once(&mut reference),
        };
        let (mut one, mut state) = match first {
            Ok(done) => done,
            Err(why) => return SmokeReport::skipped(why.to_string()),
        };
        if let Some(rbpf) = rbpf.as_mut().filter(|_| options.engines == Engines::Both) {
            one.disagreement = disagreement(&one, &state, run.once(rbpf));
        }
        if options.keep {
            one.after = Some(after(&mut state));
        }
        for (called, count) in &state.called {
            *report.called.entry(name_of(called)).or_insert(0) += count;
        }
        report.modelled.extend(state.modelled.iter().map(name_of));
        left = left.saturating_sub(one.insns);
        bytes = bytes.saturating_sub(state.config.bytes - state.mem.room());
        report.runs.push(one);
        ended = account.hold(options.total_bytes - bytes).err();
        if left == 0 || bytes == 0 || ended.is_some() {
            break;
        }
    }
    let slots = ops.iter().filter(|op| **op != Op::Second).count();
    report.reached = (seen.iter().filter(|s| **s).count(), slots);
    report.seen = seen;
    report.verdict = report.conclude(ended);
    report
}

/// The program with those that it may tail-call. Program arrays hold what the object
/// puts into them: only that can be reached.
fn image_of(program: &Program, options: &SmokeOptions<'_>) -> Image {
    let tail = program
        .insns
        .iter()
        .any(|i| i.opcode == 0x85 && i.src == 0 && i.imm == 12);
    let named = match tail {
        true => tail_call_names([program]),
        false => BTreeSet::new(),
    };
    let others = options
        .siblings
        .iter()
        .filter(|p| p.name != program.name && named.contains(p.name.as_str()))
        .cloned();
    let all = [Arc::new(program.clone())].into_iter().chain(others);
    // Who looks at the maps afterwards, or fills them, looks at all.
    if options.keep || !options.presets.is_empty() {
        Image::new(all)
    } else {
        Image::lean(all)
    }
}

/// Names of the programs that the programs' maps hold for tail calls.
pub fn tail_call_names<'a>(programs: impl IntoIterator<Item = &'a Program>) -> BTreeSet<&'a str> {
    let maps = programs.into_iter().flat_map(|p| p.maps.iter());
    maps.flat_map(|m| &m.slots)
        .filter_map(|(_, target)| match target {
            SlotTarget::Program(name) => Some(name.as_ref()),
            SlotTarget::Map(_) => None,
        })
        .collect()
}

/// Packet and maps at the end of a run.
fn after(rt: &mut Runtime) -> After {
    let packet = rt.packet.as_ref().map(|p| p.bytes(&rt.mem).to_vec());
    let mut maps = Vec::new();
    for map in 0..rt.maps.len() as u32 {
        let Some(m) = rt.maps.get(map as usize) else {
            continue;
        };
        let (def, keys) = (m.def.clone(), m.written_keys(&rt.mem));
        let sparse = matches!(m.body, Body::Array { .. } | Body::PercpuArray { .. });
        let mut entries = Vec::new();
        for key in keys {
            if let Ok(value) = rt.user_lookup(map, &key)
                && !(sparse && value.iter().all(|b| *b == 0))
            {
                entries.push((key, value));
            }
        }
        if let Some(Map {
            body: Body::Fifo(fifo),
            ..
        }) = rt.maps.get(map as usize)
        {
            entries.extend(fifo.items().map(|value| (Vec::new(), value.clone())));
        }
        maps.push(MapState { def, entries });
    }
    After { packet, maps }
}

fn name_of(called: &Called) -> String {
    match called {
        Called::Helper(id) => helper_name(*id).map_or_else(|| format!("helper {id}"), Into::into),
        Called::Kfunc(name) => name.clone(),
    }
}

/// One input of one program.
struct Run<'a> {
    image: &'a Arc<Image>,
    input: &'a Input,
    mined: &'a Arc<[u64]>,
    options: &'a SmokeOptions<'a>,
    deadline: Option<Deadline>,
}

impl Run<'_> {
    /// Runs once: the program, then the timers it armed.
    fn once(&self, engine: &mut dyn Engine) -> Result<(RunReport, Runtime), FaultKind> {
        let (image, input, options) = (self.image, self.input, self.options);
        let config = Config {
            seed: input.seed,
            fuel: options.fuel,
            bytes: options.bytes,
            populate: input.populated,
            mined: Arc::clone(self.mined),
            ..Config::default()
        };
        let mut rt = Runtime::new(image, config)?;
        for preset in options.presets {
            preset.put(&mut rt)?;
        }
        rt.deadline.clone_from(&self.deadline);
        rt.attach(image, 0);
        let ctx = context::build(&mut rt, image, 0, input, options.kernel_btf)?;
        let before: Vec<u64> = rt.maps.iter().map(|m| map_digest(&rt, m.id)).collect();
        let mut result = engine.run(image, 0, ctx, &mut rt);
        for _ in 0..MAX_TIMERS {
            if result.is_err() {
                break;
            }
            let Some((at, timer)) = rt.next_timer() else {
                break;
            };
            if let Err(fault) = timer_run(image, engine, &mut rt, at, timer.map, timer.callback) {
                result = Err(fault);
            }
        }
        let changed = |(i, digest): (usize, &u64)| {
            let m = rt.maps.get(i)?;
            (map_digest(&rt, m.id) != *digest).then(|| m.def.name.to_string())
        };
        let maps_changed = before.iter().enumerate().filter_map(changed).collect();
        let packet = rt.packet.as_ref().map(|p| p.bytes(&rt.mem).to_vec());
        let report = RunReport {
            input: input.clone(),
            meaning: result.as_ref().ok().and_then(|o| meaning(rt.prog_type, o)),
            result,
            insns: options.fuel.saturating_sub(rt.fuel),
            output: rt.output.clone(),
            packet: packet.filter(|p| *p != input.packet),
            maps_changed,
            after: None,
            disagreement: None,
        };
        Ok((report, rt))
    }
}

/// A timer's callback gets the map, the key and the value.
fn timer_run(
    image: &Arc<Image>,
    engine: &mut dyn Engine,
    rt: &mut Runtime,
    at: u64,
    map: u32,
    callback: u64,
) -> RunResult {
    let Some(site) = code_site(callback) else {
        return Ok(Outcome {
            ret: 0,
            thrown: false,
        });
    };
    let value = match rt.mem.cell_of(at) {
        Some((region, cell)) => rt.mem.cell(region, cell),
        None => at,
    };
    let size = rt
        .maps
        .get(map as usize)
        .map_or(8, |m| m.def.key_size.max(1));
    let kind = super::memory::Kind::MapKey;
    let key = rt.mem.alloc_zeroed(kind, u64::from(size));
    let key = key.map_or(0, |id| rt.mem.base(id));
    let args = [super::image::map_handle(map), key, value, 0, 0];
    engine.call(image, site, args, rt)
}

fn map_digest(rt: &Runtime, map: u32) -> u64 {
    let mut hash = super::memory::Digest::default();
    if let Some(m) = rt.maps.get(map as usize) {
        m.digest(&mut hash);
        if let Some(region) = m.region() {
            rt.mem.digest_of(region, &mut hash);
        }
        if let Body::Ringbuf(ring) = &m.body {
            hash.word(ring.open() as u64);
        }
    }
    hash.0
}

fn disagreement(
    first: &RunReport,
    state: &Runtime,
    second: Result<(RunReport, Runtime), FaultKind>,
) -> Option<String> {
    let (other, other_state) = match second {
        Ok(done) => done,
        Err(why) => return Some(format!("rbpf could not start: {why}")),
    };
    match (&first.result, &other.result) {
        // Budgets are counted differently: nothing follows.
        (Err(a), _) if a.kind.is_inconclusive() => None,
        (_, Err(b)) if b.kind.is_budget() => None,
        (a, b) if a != b => Some(format!("reference {}, rbpf {}", tell(a), tell(b))),
        (Ok(_), Ok(_)) if state.digest() != other_state.digest() => {
            Some("the engines leave different states".into())
        }
        _ => None,
    }
}

fn tell(result: &RunResult) -> String {
    match result {
        Ok(outcome) => format!("returns {:#x}", outcome.ret),
        Err(fault) => fault.to_string(),
    }
}

/// Nothing to call back into, for user-side operations.
pub struct NoProgram;

impl Invoke for NoProgram {
    fn invoke(&mut self, _: &mut Runtime, function: u64, _: [u64; 5]) -> Result<u64, Stop> {
        Err(FaultKind::BadCodeAddress(function).into())
    }
}
