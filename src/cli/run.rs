//! `run`: one program on chosen inputs, and what it did.

mod expect;
mod fuzz;
mod host;
mod inputs;
mod plugin;
mod witness;

use std::path::Path;
use std::sync::Arc;

use super::args::{EngineArg, OpenArgs, RunArgs, RunFormat};
use super::console::complain;
use super::nearest::nearest;
use super::walk::{self, Input};
use super::{Failure, exit, inputs as files, output, spend};
use crate::abstract_interp;
use crate::budget::Budget;
use crate::check::{Options, TargetChoice, programs_of};
use crate::programs::Program;
use crate::report::run::{InputFile, RunDocument, input_file, render};
use crate::report::run_differs::Differs;
use crate::report::{run_html, run_text};
use crate::smoke::run::Engines;
use crate::smoke::trace::Recorder;
use crate::smoke::{
    Input as SmokeInput, SmokeOptions, SmokeReport, SmokeVerdict, run as smoke_run, run_traced,
};

use crate::untrusted::{Untrusted, text};
pub(super) use fuzz::run as fuzz;
pub(super) use plugin::reorder;

/// Steps of a run that `--trace` keeps.
const TRACE_STEPS: usize = 100_000;

/// Runs the verb.
pub(super) fn run(args: &RunArgs) -> Result<u8, Failure> {
    if args.plugin {
        return plugin::run(args);
    }
    let budget = spend::budget(&args.spend.limits, 1);
    ran(args, &budget, &|document| {
        let rendered = |format: RunFormat, file: Option<&Path>| match format {
            RunFormat::Json => render(document),
            RunFormat::Text => run_text::render(document, output::style(file)),
            RunFormat::Html => run_html::render(document),
        };
        output::reports(Some((args.format, None)), &args.report, &rendered)
    })
}

/// Runs the program and shows what it did.
pub(super) fn ran(
    args: &RunArgs,
    budget: &Budget,
    show: &dyn Fn(&RunDocument<'_>) -> Result<(), Failure>,
) -> Result<u8, Failure> {
    let replay = inputs::replay(args)?;
    let object = match (&args.object, &replay) {
        (Some(object), _) => object.clone(),
        (None, Some(file)) => file.object.clone(),
        (None, None) => return Err(Failure::usage("no object given")),
    };
    let targets = files::Targets::open(&args.open)?;
    let choices = targets.choices();
    let wanted = args.open.prog.as_deref();
    let wanted = wanted.or(replay.as_ref().map(|r| r.program.as_str()));
    let (object, programs, at) = load(&args.open, &object, &choices, wanted)?;
    let program = programs
        .get(at)
        .ok_or_else(|| Failure::usage("no program to run"))?;
    let scenario = inputs::scenario(args)?;
    if args.witness {
        return witness::run(args, &object, program, &programs, &choices, budget);
    }
    if let Some(file) = &args.expect {
        let world = expect::World {
            siblings: &programs,
            choices: &choices,
            scenario,
        };
        return expect::run(args, file, program, &world, budget);
    }
    let chosen = inputs::chosen(args, program, replay.as_ref())?;
    let presets = inputs::presets(args, program)?;
    let kernel_btf = choices.first().and_then(|c| c.kernel_btf);
    let verified = choices
        .first()
        .and_then(|choice| verified(program, choice, budget));
    let smoke = SmokeOptions {
        steered: if chosen.is_empty() { args.steered } else { 0 },
        reachable: verified.as_ref().map(|v| &v.reached[..]),
        inputs: args.inputs,
        seed: args.seed,
        fuel: args.max_insns,
        engines: engines(args.engine),
        only: (!chosen.is_empty()).then_some(&chosen[..]),
        presets: &presets,
        budget: Some(budget),
        keep: true,
        siblings: &programs,
        kernel_btf,
        scenario: scenario.clone(),
        ..SmokeOptions::default()
    };
    let host = host::of(choices.first());
    // Inputs lead everywhere on Linux; what the runtime does on them is asked then.
    let there = host.as_ref().map(|_| smoke_run(program, &smoke));
    let same: Vec<SmokeInput> = there
        .iter()
        .flat_map(|t| &t.runs)
        .map(|r| r.input.clone())
        .collect();
    let smoke = SmokeOptions {
        only: match same.is_empty() {
            true => smoke.only,
            false => Some(&same),
        },
        host: host.clone(),
        ..smoke
    };
    let mut recorder = Recorder {
        limit: TRACE_STEPS,
        ..Recorder::default()
    };
    let report = if args.trace {
        run_traced(program, &smoke, &mut recorder)
    } else {
        smoke_run(program, &smoke)
    };
    let shown = show(&RunDocument {
        object: &object,
        program,
        target: choices.first().map_or("", |c| c.target.name.as_str()),
        engine: engine_word(args.engine),
        report: &report,
        processed: verified.as_ref().map(|v| v.processed),
        dump_maps: args.dump_maps,
        perf: args.perf,
        trace: &recorder.runs,
        scenario: scenario.as_deref(),
        differs: host
            .as_deref()
            .zip(there.as_ref())
            .map(|(profile, there)| Differs {
                base: host::base(choices.first()),
                runtime: &profile.name,
                date: &profile.date,
                things: host::things(program, profile, verified.as_ref().map(|v| &v.observed)),
                there,
            }),
    });
    let pcap = args.pcap_out.iter();
    let pcap = pcap.map(|file| inputs::write_pcap(file, program, &report));
    let saved = args.save.iter();
    let saved = saved.map(|file| save(file, &object, program, &report));
    Failure::first_of(std::iter::once(shown).chain(pcap).chain(saved))?;
    Ok(code(&report))
}

/// The programs of the object that is meant, and which of them is.
fn load(
    open: &OpenArgs,
    object: &str,
    choices: &[TargetChoice<'_>],
    wanted: Option<&str>,
) -> Result<(String, Vec<Arc<Program>>, usize), Failure> {
    let mut linked = Vec::new();
    for input in walk::expand(open, &[object.into()], &Budget::default()) {
        let programs = linked_programs(&input, open, choices)?;
        linked.push((input.name, programs));
    }
    let (object, programs) = holder(object, linked, wanted)?;
    let program = choose(&object, &programs, wanted)?;
    let at = programs.iter().position(|p| Arc::ptr_eq(p, program));
    Ok((object, programs, at.unwrap_or(0)))
}

fn linked_programs(
    input: &Input,
    args: &OpenArgs,
    choices: &[TargetChoice<'_>],
) -> Result<Vec<Arc<Program>>, Failure> {
    let name = &input.name;
    let fail = |why: Untrusted| Failure::usage(text!("{name}: {}", why));
    let bytes = input.read().map_err(|e| fail(e.about(name)))?;
    let manifest = super::stated::settings(args)?;
    let options = Options {
        kind: input.kind(args),
        prog_type: files::prog_type(args)?,
        loader: args.loader.into(),
        manifest: &manifest,
        ..Options::new(name, choices)
    };
    let linked = programs_of(&bytes, &options).map_err(|e| fail(e.text()))?;
    Ok(linked.into_iter().flatten().map(Arc::new).collect())
}

/// An object by its name, and its programs.
type Linked = (String, Vec<Arc<Program>>);

/// The object that holds the program: of several in a file only one may.
fn holder(file: &str, mut all: Vec<Linked>, wanted: Option<&str>) -> Result<Linked, Failure> {
    if all.len() > 1 {
        let all_names = names(&all);
        all.retain(|(_, programs)| {
            let mut programs = programs.iter();
            programs.any(|p| wanted.is_none_or(|name| p.name == name))
        });
        match (all.len(), wanted) {
            (1, _) => {}
            (0, Some(name)) => {
                let what = format!("{file}: no program named {name} in {all_names}");
                return Err(Failure::usage(what));
            }
            _ => {
                let what = format!("{file}: choose one of its objects: {}", names(&all));
                return Err(Failure::usage(what));
            }
        }
    }
    all.pop()
        .ok_or_else(|| Failure::usage(format!("{file}: no object is in it")))
}

fn names(all: &[Linked]) -> String {
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}

fn code(report: &SmokeReport) -> u8 {
    if report.disagreements().next().is_some() {
        complain!("the engines disagree; please report it");
        return exit::INTERNAL;
    }
    match &report.verdict {
        SmokeVerdict::Pass => exit::CLEAN,
        SmokeVerdict::Fault => exit::FINDINGS,
        SmokeVerdict::Skipped(why) => {
            complain!("nothing can be said: {why}");
            exit::FINDINGS
        }
    }
}

/// Writes the input that faulted, or the first.
fn save(file: &Path, object: &str, program: &Program, report: &SmokeReport) -> Result<(), Failure> {
    let fault = report.fault();
    let first = report.runs.first().map(|r| &r.input);
    let Some(input) = fault.map(|(input, _)| input).or(first) else {
        return Err(Failure::usage("nothing was run, so nothing is saved"));
    };
    let expect = fault.map(|(_, fault)| fault.to_string());
    let text = input_file(object, &program.name, input, expect.as_deref());
    output::write(&text, Some(file))
}

/// The program of that name, or the only one.
fn choose<'a>(
    object: &str,
    programs: &'a [Arc<Program>],
    name: Option<&str>,
) -> Result<&'a Arc<Program>, Failure> {
    let names = || -> Vec<&str> { programs.iter().map(|p| p.name.as_str()).collect() };
    match (name, programs) {
        (Some(name), _) => programs.iter().find(|p| p.name == name).ok_or_else(|| {
            let meant = nearest(name, names().into_iter());
            let names = names().join(", ");
            Failure::usage(format!(
                "{object}: no program named {name}{meant}; there are: {names}"
            ))
        }),
        (None, [only]) => Ok(only),
        (None, []) => Err(Failure::usage(format!("{object}: no program to run"))),
        (None, _) => Err(Failure::usage(format!(
            "{object}: choose one with --prog: {}",
            names().join(", ")
        ))),
    }
}

fn engines(arg: EngineArg) -> Engines {
    match arg {
        EngineArg::Both => Engines::Both,
        EngineArg::Reference => Engines::Reference,
        EngineArg::Rbpf => Engines::Rbpf,
    }
}

fn engine_word(arg: EngineArg) -> &'static str {
    match arg {
        EngineArg::Both => "both",
        EngineArg::Reference => "reference",
        EngineArg::Rbpf => "rbpf",
    }
}

/// What verification came to of what it accepts.
struct Verified {
    /// For each slot, whether it was reached.
    reached: Vec<bool>,
    /// Instructions that were processed.
    processed: u64,
    /// What else was seen.
    observed: abstract_interp::Observed,
}

fn verified(program: &Program, choice: &TargetChoice<'_>, budget: &Budget) -> Option<Verified> {
    let input = abstract_interp::Input {
        program,
        target: choice.target,
        kernel_btf: choice.kernel_btf,
    };
    let (verification, observed) = abstract_interp::verify_observing(&input, budget.open());
    let accepted = matches!(verification.verdict, abstract_interp::Verdict::Accept);
    let slots = 0..program.insns.len();
    let reached = slots.map(|at| observed.reached(at)).collect();
    accepted.then_some(Verified {
        reached,
        processed: verification.stats.processed,
        observed,
    })
}

/// A file that an earlier run saved.
type Replay = Option<InputFile>;
