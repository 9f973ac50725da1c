//! Smoke runs: a program, its inputs, both engines, and what came of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context;
use super::coverage::can_reach;
use super::engine::{Engine, FaultKind, Invoke, Outcome, RunResult, Site, Stop, alike};
use super::image::{Image, code_site};
use super::inputs::{self, Input};
use super::lowered::Prepared;
use super::maps::{Body, Map};
use super::meaning::meaning;
pub use super::options::{Engines, Preset, SmokeOptions};
use super::reference::{NoTrace, Reference, Tracer};
use super::report::{After, MapState, RunReport, SmokeReport};
use super::runtime::{Called, Config, Runtime};
use super::steer::search::{Search, Shadow};
use crate::budget::{Account, Budget, Deadline, Ended};
use crate::helpers_spec::{ProgType, helper_name};
use crate::object::SlotTarget;
use crate::programs::Program;
use crate::programs::insn::Op;

/// Timers that are run after a program, so that one that arms itself ends.
const MAX_TIMERS: usize = 8;

/// Marks the instructions of one program that are reached.
struct Coverage<'a, T> {
    seen: &'a mut Vec<bool>,
    shadow: Option<&'a mut Shadow>,
    inner: &'a mut T,
}

impl<T: Tracer> Tracer for Coverage<'_, T> {
    fn begin(&mut self, input: &Input) {
        self.inner.begin(input);
        if let Some(shadow) = &mut self.shadow {
            shadow.begin(input);
        }
    }

    fn step(&mut self, site: Site, regs: &[u64; 11], depth: usize, rt: &Runtime) {
        if site.program == 0
            && let Some(seen) = self.seen.get_mut(site.insn as usize)
        {
            *seen = true;
        }
        if let Some(shadow) = &mut self.shadow {
            shadow.step(site, regs, depth, rt);
        }
        if T::ACTIVE {
            self.inner.step(site, regs, depth, rt);
        }
    }
}

/// Runs a program on its inputs.
pub fn run(program: &Program, options: &SmokeOptions<'_>) -> SmokeReport {
    run_traced(program, options, &mut NoTrace)
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
    let account = options.budget.map_or(Account::FREE, Budget::open);
    if let Err(ended) = account.go_on() {
        return SmokeReport::skipped(ended.name().to_owned());
    }
    let mut image = image_of(program, options);
    if let Some(profile) = &options.host {
        image.host(profile);
    }
    let image = Arc::new(image);
    let made;
    let inputs = match options.only {
        Some(inputs) => inputs,
        None => {
            made = inputs::for_program(program, options.inputs, options.most, options.seed);
            &made
        }
    };
    let slots = image.programs.first().map_or(0, |c| c.ops.len());
    let prepared = (options.engines != Engines::Reference).then(|| Prepared::new(&image));
    let rbpf = prepared.as_ref().map(Prepared::engine);
    let mut session = Session {
        account,
        ..Session::new(&image, program, options, rbpf)
    };
    // Who is not seen by the reference interpreter cannot be steered.
    let steered = match options.engines {
        Engines::Rbpf => 0,
        _ => options.steered,
    };
    let done = session.all(inputs, steered, tracer);
    let Session {
        seen,
        ended,
        mut report,
        ..
    } = session;
    if let Err(why) = done {
        return SmokeReport::skipped(why.to_string());
    }
    report.coverage = super::Coverage::of(program, &seen, options.reachable);
    let missed = |at: &usize| seen.get(*at) == Some(&false) && can_reach(options.reachable, *at);
    let first = image.programs.first();
    let real = |at: &usize| first.is_some_and(|c| c.ops.get(*at) != Some(&Op::Second));
    let missed = (0..slots).filter(missed).filter(real);
    report.unreached = missed.map(|at| at as u32).collect();
    report.seen = seen;
    report.verdict = report.conclude(ended);
    report
}

/// The runs of one program.
pub(super) struct Session<'a, 'p> {
    image: &'a Arc<Image>,
    mined: Arc<[u64]>,
    options: &'a SmokeOptions<'a>,
    account: Account<'a>,
    rbpf: Option<super::lowered::Bound<'p>>,
    seen: Vec<bool>,
    /// Instructions and bytes that may still be spent.
    left: (u64, u64),
    /// Bytes held to follow the last run.
    followed: u64,
    ended: Option<Ended>,
    report: SmokeReport,
}

impl<'a, 'p> Session<'a, 'p> {
    /// Before the first run.
    pub(super) fn new(
        image: &'a Arc<Image>,
        program: &Program,
        options: &'a SmokeOptions<'a>,
        rbpf: Option<super::lowered::Bound<'p>>,
    ) -> Session<'a, 'p> {
        let slots = image.programs.first().map_or(0, |c| c.ops.len());
        Session {
            image,
            mined: inputs::constants(program).into(),
            options,
            account: Account::FREE,
            rbpf,
            seen: vec![false; slots],
            left: (options.total_fuel, options.total_bytes),
            followed: 0,
            ended: None,
            report: SmokeReport::skipped(String::new()),
        }
    }

    /// The slots that were reached.
    pub(super) fn seen(&self) -> &[bool] {
        &self.seen
    }

    /// How many slots were reached.
    pub(super) fn reached(&self) -> usize {
        self.seen.iter().filter(|s| **s).count()
    }

    /// What was kept.
    pub(super) fn report(&self) -> &SmokeReport {
        &self.report
    }

    /// The inputs, then those that lead elsewhere.
    fn all<T: Tracer>(
        &mut self,
        inputs: &[Input],
        steered: usize,
        tracer: &mut T,
    ) -> Result<(), FaultKind> {
        let mut shadow = (steered > 0).then(|| Shadow::new(Arc::clone(self.image)));
        let mut search = Search::default();
        for (n, input) in inputs.iter().enumerate() {
            // Many programs are through after their first input: none need follow it.
            let follow = n + 1 == inputs.len() || n > 0;
            let mut shadow = shadow.as_mut().filter(|_| follow && self.is_open());
            self.one(input, shadow.as_deref_mut(), tracer)?;
            if self.is_spent() {
                return Ok(());
            }
            if let Some(shadow) = shadow {
                search.harvest(shadow, input, |at| self.open(at));
            }
        }
        let Some(mut shadow) = shadow else {
            return Ok(());
        };
        for _ in 0..steered {
            let Some(input) = search.next(|at| self.open(at)).filter(|_| self.is_open()) else {
                break;
            };
            self.try_one(&input, &mut shadow, tracer)?;
            if self.is_spent() {
                break;
            }
            search.harvest(&shadow, &input, |at| self.open(at));
        }
        Ok(())
    }

    /// Whether an instruction is worth reaching.
    pub(super) fn open(&self, at: u32) -> bool {
        let at = at as usize;
        self.seen.get(at) == Some(&false) && can_reach(self.options.reachable, at)
    }

    /// Whether anything is left to reach.
    fn is_open(&self) -> bool {
        (0..self.seen.len() as u32).any(|at| self.open(at) && self.is_real(at))
    }

    /// The second slot of a wide instruction is none by itself.
    fn is_real(&self, at: u32) -> bool {
        let first = self.image.programs.first();
        first.is_some_and(|c| c.ops.get(at as usize) != Some(&Op::Second))
    }

    fn is_spent(&self) -> bool {
        self.left.0 == 0 || self.left.1 == 0 || self.ended.is_some()
    }

    fn run<'i>(&'i self, input: &'i Input) -> Run<'i> {
        Run {
            image: self.image,
            input,
            mined: &self.mined,
            options: self.options,
            deadline: self.account.deadline(),
        }
    }

    /// Runs the reference interpreter.
    pub(super) fn reference<T: Tracer>(
        &mut self,
        input: &Input,
        shadow: Option<&mut Shadow>,
        inner: &mut T,
    ) -> Result<(RunReport, Runtime), FaultKind> {
        let mut seen = std::mem::take(&mut self.seen);
        let mut reference = Reference {
            tracer: Coverage {
                seen: &mut seen,
                shadow,
                inner,
            },
        };
        reference.tracer.begin(input);
        let done = self.run(input).once(&mut reference);
        let shadow = reference.tracer.shadow;
        self.followed = shadow.map_or(0, |shadow| shadow.bytes());
        self.seen = seen;
        done
    }

    /// An input that is to be reported.
    fn one<T: Tracer>(
        &mut self,
        input: &Input,
        shadow: Option<&mut Shadow>,
        tracer: &mut T,
    ) -> Result<(), FaultKind> {
        let first = match self.rbpf.take() {
            Some(mut rbpf) if self.options.engines == Engines::Rbpf => {
                tracer.begin(input);
                let done = self.run(input).once(&mut rbpf);
                self.rbpf = Some(rbpf);
                done
            }
            rbpf => {
                self.rbpf = rbpf;
                self.reference(input, shadow, tracer)
            }
        };
        let (one, state) = first?;
        self.keep(one, state);
        Ok(())
    }

    /// An input that is to be reported only if it reaches something new, or goes wrong.
    fn try_one<T: Tracer>(
        &mut self,
        input: &Input,
        shadow: &mut Shadow,
        tracer: &mut T,
    ) -> Result<(), FaultKind> {
        let before = self.seen.clone();
        let (one, state) = self.reference(input, Some(shadow), &mut NoTrace)?;
        let fault = one.result.as_ref().err();
        let wrong = fault.is_some_and(|f| !f.kind.is_inconclusive());
        if before == self.seen && !wrong {
            self.report.tried += 1;
            self.pay(&one, &state);
            return Ok(());
        }
        if T::ACTIVE {
            let (one, state) = self.reference(input, None, tracer)?;
            self.keep(one, state);
        } else {
            self.keep(one, state);
        }
        Ok(())
    }

    fn pay(&mut self, one: &RunReport, state: &Runtime) {
        let (insns, bytes) = &mut self.left;
        *insns = insns.saturating_sub(one.insns);
        *bytes = bytes.saturating_sub(state.config.bytes - state.mem.room());
        let spent = self.options.total_bytes - *bytes;
        let held = spent.saturating_add(self.followed);
        self.ended = self.account.hold(held).err();
    }

    /// Takes a run into the report, once the other engine has done the same.
    pub(super) fn keep(&mut self, mut one: RunReport, mut state: Runtime) {
        if let Some(mut rbpf) = self.rbpf.take() {
            if self.options.engines == Engines::Both {
                let again = self.run(&one.input).once(&mut rbpf);
                one.disagreement = disagreement(&one, &state, again);
            }
            self.rbpf = Some(rbpf);
        }
        if self.options.keep {
            one.after = Some(after(&mut state));
        }
        for (called, count) in &state.called {
            *self.report.called.entry(name_of(called)).or_insert(0) += count;
        }
        let modelled = state.modelled.iter().map(name_of);
        self.report.modelled.extend(modelled);
        self.pay(&one, &state);
        self.report.runs.push(one);
    }
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
            steer: Arc::new(input.steer.clone()),
            host: options.host.clone(),
            ..Config::of(options.scenario.clone())
        };
        let mut rt = Runtime::new(image, config)?;
        for preset in options.presets {
            preset.put(&mut rt)?;
        }
        rt.steer_maps()?;
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
        (a, b) if !alike(a, b) => Some(format!("reference {}, rbpf {}", tell(a), tell(b))),
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
