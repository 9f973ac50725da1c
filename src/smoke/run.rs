//! Smoke runs: a program, its inputs, both engines, and what came of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context;
use super::engine::{Engine, FaultKind, Invoke, Outcome, RunResult, Site, Stop};
use super::image::{Image, code_site};
use super::inputs::{self, Input};
use super::lowered::Prepared;
use super::maps::{ANY, Body, Map, is_percpu};
use super::meaning::meaning;
use super::reference::{Reference, Tracer};
use super::report::{After, MapState, RunReport, SmokeReport};
use super::runtime::{Called, Config, Runtime};
use crate::helpers_spec::{ProgType, helper_name};
use crate::object::{Btf, SlotTarget};
use crate::programs::Program;
use crate::programs::insn::Op;

/// Timers that are run after a program, so that one that arms itself ends.
const MAX_TIMERS: usize = 8;

/// Which engines run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engines {
    /// The reference interpreter, then rbpf, which must agree.
    #[default]
    Both,
    /// The reference interpreter alone.
    Reference,
    /// rbpf alone; nobody sees which instructions it reaches.
    Rbpf,
}

/// What a map holds before the program runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preset {
    /// The map's name.
    pub map: String,
    /// Keys (empty for queues and stacks) and values, as user space writes them.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What to run, and how.
#[derive(Clone)]
pub struct SmokeOptions<'a> {
    /// The least number of inputs; packet types have about thirty anyway.
    pub inputs: usize,
    /// The greatest number of inputs.
    pub most: usize,
    /// Seed of the inputs.
    pub seed: u64,
    /// Instructions that one run may take.
    pub fuel: u64,
    /// Instructions after which no further input is tried.
    pub total_fuel: u64,
    /// Who runs.
    pub engines: Engines,
    /// These inputs in place of made ones.
    pub only: Option<&'a [Input]>,
    /// Contents of maps.
    pub presets: &'a [Preset],
    /// Keep packet and maps as each run leaves them ([`RunReport::after`]).
    pub keep: bool,
    /// Other programs of the object, for tail calls.
    pub siblings: &'a [Arc<Program>],
    /// The kernel's BTF, for the arguments of tracing programs.
    pub kernel_btf: Option<&'a Btf>,
}

impl Default for SmokeOptions<'_> {
    fn default() -> Self {
        SmokeOptions {
            inputs: 8,
            most: usize::MAX,
            seed: 1,
            fuel: 1 << 20,
            total_fuel: u64::MAX,
            engines: Engines::Both,
            only: None,
            presets: &[],
            keep: false,
            siblings: &[],
            kernel_btf: None,
        }
    }
}

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
    let tail = program
        .insns
        .iter()
        .any(|i| i.opcode == 0x85 && i.src == 0 && i.imm == 12);
    // Program arrays hold what the object puts into them: only that can be reached.
    let named = tail_call_names([program]);
    let others = options
        .siblings
        .iter()
        .filter(|p| tail && p.name != program.name && named.contains(p.name.as_str()))
        .cloned();
    let image = Arc::new(Image::new(
        [Arc::new(program.clone())].into_iter().chain(others),
    ));
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
    let mut left = options.total_fuel;
    for input in inputs {
        let run = Run {
            image: &image,
            input,
            mined: &mined,
            options,
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
        report.runs.push(one);
        if left == 0 {
            break;
        }
    }
    let slots = ops.iter().filter(|op| **op != Op::Second).count();
    report.reached = (seen.iter().filter(|s| **s).count(), slots);
    report.seen = seen;
    report.verdict = report.conclude();
    report
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
        let (def, keys) = (m.def.clone(), m.keys());
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
}

impl Run<'_> {
    /// Runs once: the program, then the timers it armed.
    fn once(&self, engine: &mut dyn Engine) -> Result<(RunReport, Runtime), FaultKind> {
        let (image, input, options) = (self.image, self.input, self.options);
        let config = Config {
            seed: input.seed,
            fuel: options.fuel,
            populate: input.populated,
            mined: Arc::clone(self.mined),
            ..Config::default()
        };
        let mut rt = Runtime::new(image, config)?;
        for preset in options.presets {
            preset.put(&mut rt)?;
        }
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
            insns: options.fuel - rt.fuel,
            output: rt.output.clone(),
            packet: packet.filter(|p| *p != input.packet),
            maps_changed,
            after: None,
            disagreement: None,
        };
        Ok((report, rt))
    }
}

impl Preset {
    fn put(&self, rt: &mut Runtime) -> Result<(), FaultKind> {
        let map = rt.maps.iter().find(|m| *m.def.name == *self.map);
        let fail = |why: String| FaultKind::NotModelled(format!("preset of {}: {why}", self.map));
        let found = map.ok_or_else(|| fail("no such map".into()))?;
        let (map, def) = (found.id, &found.def);
        let (key_size, size) = (def.key_size as usize, def.value_size as usize);
        let wide = size.next_multiple_of(8) * rt.config.cpus as usize;
        let percpu = is_percpu(def.map_type);
        let fits = |(key, value): &(Vec<u8>, Vec<u8>)| {
            (key.is_empty() || key.len() == key_size)
                && (value.len() == size || percpu && value.len() == wide)
        };
        if !self.entries.iter().all(fits) {
            return Err(fail("a key or value of another size".into()));
        }
        for (key, value) in &self.entries {
            let error = if key.is_empty() {
                rt.map_push(map, value, ANY)
            } else {
                rt.user_update(map, key, value, ANY)
            };
            if error != 0 {
                return Err(fail(format!("error {error}")));
            }
        }
        Ok(())
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
    let key = rt
        .mem
        .alloc(super::memory::Kind::MapKey, vec![0; size as usize]);
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
        (_, Err(b)) if b.kind == FaultKind::Budget => None,
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
