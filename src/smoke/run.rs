//! Smoke runs: a program, its inputs, both engines, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::context;
use super::engine::{Engine, Fault, FaultKind, Invoke, Outcome, RunResult, Site, Stop};
use super::image::{Image, code_site};
use super::inputs::{self, Input};
use super::lowered::Prepared;
use super::maps::Body;
use super::reference::{Reference, Tracer};
use super::runtime::{Called, Config, Output, Runtime};
use crate::helpers_spec::{ProgType, helper_name};
use crate::object::Btf;
use crate::programs::Program;
use crate::programs::insn::Op;

/// Timers that are run after a program, so that one that arms itself ends.
const MAX_TIMERS: usize = 8;

/// What to run, and how.
#[derive(Clone)]
pub struct SmokeOptions<'a> {
    /// The least number of inputs; packet types have about thirty anyway.
    pub inputs: usize,
    /// Seed of the inputs.
    pub seed: u64,
    /// Instructions that one run may take.
    pub fuel: u64,
    /// Replay in rbpf, and compare.
    pub both_engines: bool,
    /// These inputs in place of made ones.
    pub only: Option<&'a [Input]>,
    /// Other programs of the object, for tail calls.
    pub siblings: &'a [Arc<Program>],
    /// The kernel's BTF, for the arguments of tracing programs.
    pub kernel_btf: Option<&'a Btf>,
}

impl Default for SmokeOptions<'_> {
    fn default() -> Self {
        SmokeOptions {
            inputs: 8,
            seed: 1,
            fuel: 1 << 20,
            both_engines: true,
            only: None,
            siblings: &[],
            kernel_btf: None,
        }
    }
}

/// What all runs come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmokeVerdict {
    /// Every run ended by `exit`, and the engines agree.
    Pass,
    /// A run did not.
    Fault,
    /// Nothing was run, or nothing can be said: why.
    Skipped(String),
}

impl fmt::Display for SmokeVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SmokeVerdict::Pass => f.write_str("pass"),
            SmokeVerdict::Fault => f.write_str("fault"),
            SmokeVerdict::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}

/// One run.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// What it was fed with.
    pub input: Input,
    /// How it ended.
    pub result: RunResult,
    /// What its return value means to the hook, if that has a name.
    pub meaning: Option<&'static str>,
    /// Instructions executed.
    pub insns: u64,
    /// What it gave out.
    pub output: Output,
    /// The packet afterwards, if it changed.
    pub packet: Option<Vec<u8>>,
    /// Maps that changed, by name.
    pub maps_changed: BTreeSet<String>,
    /// How rbpf ended, if it disagrees.
    pub disagreement: Option<String>,
}

/// What a program did on its inputs.
#[derive(Clone, Debug)]
pub struct SmokeReport {
    /// In a word.
    pub verdict: SmokeVerdict,
    /// Every run.
    pub runs: Vec<RunReport>,
    /// Helpers and kfuncs called, by name, with counts over all runs.
    pub called: BTreeMap<String, u64>,
    /// Those that were only modelled.
    pub modelled: BTreeSet<String>,
    /// Instructions that some run reached, and all instructions.
    pub reached: (usize, usize),
}

impl SmokeReport {
    fn skipped(why: String) -> SmokeReport {
        SmokeReport {
            verdict: SmokeVerdict::Skipped(why),
            runs: Vec::new(),
            called: BTreeMap::new(),
            modelled: BTreeSet::new(),
            reached: (0, 0),
        }
    }

    /// The first fault, with the input that leads to it.
    pub fn fault(&self) -> Option<(&Input, &Fault)> {
        self.runs.iter().find_map(|r| match &r.result {
            Err(fault) if !fault.kind.is_inconclusive() => Some((&r.input, fault)),
            _ => None,
        })
    }

    /// Runs in which the engines disagree.
    pub fn disagreements(&self) -> impl Iterator<Item = &RunReport> {
        self.runs.iter().filter(|r| r.disagreement.is_some())
    }
}

/// Marks the instructions of one program that are reached.
struct Coverage<'a, T> {
    seen: &'a mut Vec<bool>,
    inner: &'a mut T,
}

impl<T: Tracer> Tracer for Coverage<'_, T> {
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
    let others = options
        .siblings
        .iter()
        .filter(|p| tail && p.name != program.name)
        .cloned();
    let image = Arc::new(Image::new(
        [Arc::new(program.clone())].into_iter().chain(others),
    ));
    let made;
    let inputs = match options.only {
        Some(inputs) => inputs,
        None => {
            made = inputs::for_program(program, options.inputs, options.seed);
            &made
        }
    };
    let ops = image.programs.first().map_or(&[][..], |c| &c.ops);
    let mut seen = vec![false; ops.len()];
    let mut report = SmokeReport::skipped(String::new());
    let prepared = Prepared::new(&image);
    let mut rbpf = prepared.engine();
    for input in inputs {
        let mut reference = Reference {
            tracer: Coverage {
                seen: &mut seen,
                inner: tracer,
            },
        };
        let first = one(&image, input, options, &mut reference);
        let (mut one_report, state) = match first {
            Ok(done) => done,
            Err(why) => return SmokeReport::skipped(why.to_string()),
        };
        if options.both_engines {
            let second = one(&image, input, options, &mut rbpf);
            one_report.disagreement = disagreement(&one_report, &state, second);
        }
        for (called, count) in &state.called {
            *report.called.entry(name_of(called)).or_insert(0) += count;
        }
        report.modelled.extend(state.modelled.iter().map(name_of));
        report.runs.push(one_report);
    }
    let slots = ops.iter().filter(|op| **op != Op::Second).count();
    report.reached = (seen.iter().filter(|s| **s).count(), slots);
    report.verdict = verdict(&report);
    report
}

fn verdict(report: &SmokeReport) -> SmokeVerdict {
    if report.fault().is_some() || report.disagreements().next().is_some() {
        return SmokeVerdict::Fault;
    }
    let inconclusive = report.runs.iter().find_map(|r| r.result.as_ref().err());
    match inconclusive {
        // One run that ends well is worth a pass; none is worth nothing.
        Some(fault) if report.runs.iter().all(|r| r.result.is_err()) => {
            SmokeVerdict::Skipped(fault.kind.to_string())
        }
        _ => SmokeVerdict::Pass,
    }
}

fn name_of(called: &Called) -> String {
    match called {
        Called::Helper(id) => helper_name(*id).map_or_else(|| format!("helper {id}"), Into::into),
        Called::Kfunc(name) => name.clone(),
    }
}

/// Runs once: the program, then the timers it armed.
fn one(
    image: &Arc<Image>,
    input: &Input,
    options: &SmokeOptions<'_>,
    engine: &mut dyn Engine,
) -> Result<(RunReport, Runtime), FaultKind> {
    let config = Config {
        seed: input.seed,
        fuel: options.fuel,
        ..Config::default()
    };
    let mut rt = Runtime::new(image, config)?;
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
        disagreement: None,
    };
    Ok((report, rt))
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

/// What a return value means to the program's hook.
pub fn meaning(prog_type: ProgType, outcome: &Outcome) -> Option<&'static str> {
    use ProgType as P;
    let names: &[(i32, &str)] = match prog_type {
        P::Xdp => &[
            (0, "XDP_ABORTED"),
            (1, "XDP_DROP"),
            (2, "XDP_PASS"),
            (3, "XDP_TX"),
            (4, "XDP_REDIRECT"),
        ],
        P::SchedCls | P::SchedAct => &[
            (-1, "TC_ACT_UNSPEC"),
            (0, "TC_ACT_OK"),
            (1, "TC_ACT_RECLASSIFY"),
            (2, "TC_ACT_SHOT"),
            (3, "TC_ACT_PIPE"),
            (4, "TC_ACT_STOLEN"),
            (5, "TC_ACT_QUEUED"),
            (6, "TC_ACT_REPEAT"),
            (7, "TC_ACT_REDIRECT"),
            (8, "TC_ACT_TRAP"),
        ],
        P::SkSkb | P::SkMsg | P::SkLookup | P::SkReuseport => &[(0, "SK_DROP"), (1, "SK_PASS")],
        P::Netfilter => &[(0, "NF_DROP"), (1, "NF_ACCEPT")],
        P::FlowDissector => &[
            (0, "BPF_OK"),
            (2, "BPF_DROP"),
            (129, "BPF_FLOW_DISSECTOR_CONTINUE"),
        ],
        P::LwtIn | P::LwtOut | P::LwtXmit | P::LwtSeg6local => &[
            (0, "BPF_OK"),
            (2, "BPF_DROP"),
            (7, "BPF_REDIRECT"),
            (128, "BPF_LWT_REROUTE"),
        ],
        P::CgroupSkb
        | P::CgroupSock
        | P::CgroupSockAddr
        | P::CgroupDevice
        | P::CgroupSysctl
        | P::CgroupSockopt => &[(0, "reject"), (1, "allow")],
        _ => return None,
    };
    names
        .iter()
        .find(|(value, _)| *value == outcome.ret as i32)
        .map(|(_, name)| *name)
}

/// Nothing to call back into, for user-side operations.
pub struct NoProgram;

impl Invoke for NoProgram {
    fn invoke(&mut self, _: &mut Runtime, function: u64, _: [u64; 5]) -> Result<u64, Stop> {
        Err(FaultKind::BadCodeAddress(function).into())
    }
}
