//! `fuzz`: one program, inputs for as long as there is time.

use std::fmt::Write as _;
use std::path::Path;

use super::super::args::FuzzArgs;
use super::super::cache::sum;
use super::super::{Failure, exit, inputs as files, output, signals, spend};
use super::{load, verified};
use crate::programs::Program;
use crate::report::run::{input_file, read_input_file};
use crate::smoke::fuzz::{FuzzReport, fuzz};
use crate::smoke::{Input, SmokeOptions};
use crate::untrusted::terminal;

/// Inputs that are read of a corpus.
const MAX_CORPUS: usize = 1 << 14;

/// Runs the verb.
pub(in crate::cli) fn run(args: &FuzzArgs) -> Result<u8, Failure> {
    let targets = files::Targets::open(&args.open)?;
    let choices = targets.choices();
    let wanted = args.open.prog.as_deref();
    let (object, programs, at) = load(&args.open, &args.object, &choices, wanted)?;
    let program = programs
        .get(at)
        .ok_or_else(|| Failure::usage("no program to run"))?;
    let micros = duration(&args.time)
        .ok_or_else(|| Failure::usage("--time: a duration like 30s, 10m or 2h is wanted"))?;
    let budget = spend::alone(&args.limits);
    let checked = choices
        .first()
        .and_then(|choice| verified(program, choice, &budget));
    let corpus = match &args.corpus {
        Some(folder) => read(folder)?,
        None => Vec::new(),
    };
    let options = SmokeOptions {
        seed: args.seed,
        fuel: args.max_insns,
        total_bytes: u64::MAX,
        siblings: &programs,
        kernel_btf: choices.first().and_then(|c| c.kernel_btf),
        reachable: checked.as_ref().map(|v| &v.reached[..]),
        ..SmokeOptions::default()
    };
    let end = spend::micros().saturating_add(micros);
    let report = fuzz(program, &options, corpus, |runs| {
        spend::micros() < end
            && budget.ended().is_none()
            && args.runs.is_none_or(|most| runs < most)
            && signals::exit_code().is_none()
    });
    let corpus = args.corpus.iter();
    let kept = corpus.map(|folder| write(folder, &object, program, &report));
    let shown = output::write(&told(&object, program, &report), None);
    Failure::first_of(kept.chain([shown]))?;
    let bad = !report.faults.is_empty() || report.skipped.is_some();
    Ok(match (report.disagreements.is_empty(), bad) {
        (false, _) => exit::INTERNAL,
        (true, true) => exit::FINDINGS,
        (true, false) => exit::CLEAN,
    })
}

/// Microseconds of `30s`, `10m`, `2h`, `45`.
fn duration(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, text.get(number.len()..)?),
        None => (text, "s"),
    };
    let factor = match unit {
        "h" => 3_600,
        "m" => 60,
        _ => 1,
    };
    number.parse::<u64>().ok()?.checked_mul(factor * 1_000_000)
}

/// The inputs that a folder holds.
fn read(folder: &Path) -> Result<Vec<Input>, Failure> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let fail = |e: String| Failure::usage(format!("{}: {e}", folder.display()));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| fail(e.to_string()))? {
        let path = entry.map_err(|e| fail(e.to_string()))?.path();
        if path.extension().is_some_and(|e| e == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut out = Vec::new();
    for path in paths.iter().take(MAX_CORPUS) {
        let text = files::read(path)?;
        let read = read_input_file(&String::from_utf8_lossy(&text));
        let fail = |e: String| Failure::usage(format!("{}: {e}", path.display()));
        out.push(read.map_err(fail)?.input);
    }
    Ok(out)
}

/// Writes what reached something new, and what went wrong, for `run --replay`.
///
/// A file is named by what it holds, and one that is there is left alone: the folder may hold
/// inputs of other programs, and what somebody else put there.
fn write(folder: &Path, object: &str, program: &Program, r: &FuzzReport) -> Result<(), Failure> {
    let fail = |e: std::io::Error| Failure::usage(format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(fail)?;
    let put = |kind: &str, input: &Input, expect: Option<&str>| {
        let bare = Input {
            label: String::new(),
            ..input.clone()
        };
        let held = sum(input_file("", &program.name, &bare, None).as_bytes());
        let short = held.get(..16).unwrap_or(&held);
        let path = folder.join(format!("{kind}-{short}.json"));
        if path.symlink_metadata().is_ok() {
            return Ok(());
        }
        let text = input_file(object, &program.name, input, expect);
        output::write(&text, Some(&path))
    };
    let inputs = r.corpus.iter().map(|input| put("input", input, None));
    let faults = r.faults.iter();
    let faults = faults.map(|(input, fault)| put("fault", input, Some(&fault.to_string())));
    Failure::first_of(inputs.chain(faults))
}

/// The words of an input on the command line.
fn command(object: &str, program: &Program, input: &Input) -> String {
    let mut text = format!(
        "bpfassay run {} --prog {} --input-seed {}",
        terminal(object),
        terminal(&program.name),
        input.seed
    );
    if input.populated {
        text.push_str(" --populated");
    }
    if !input.packet.is_empty() {
        let _ = write!(
            text,
            " --packet {}",
            crate::report::values::hex(&input.packet)
        );
    }
    if !input.steer.is_empty() {
        let _ = write!(text, " --steer '{}'", input.steer);
    }
    text
}

fn told(object: &str, program: &Program, r: &FuzzReport) -> String {
    let mut out = String::new();
    if let Some(why) = &r.skipped {
        let _ = writeln!(out, "stopped: {}", terminal(why));
    }
    let (blocks, insns) = (r.coverage.blocks, r.coverage.insns);
    let _ = writeln!(
        out,
        "{} runs, {} instructions; reached {} of {} blocks, {} of {} instructions; {} inputs kept",
        r.runs,
        r.insns,
        blocks.0,
        blocks.1,
        insns.0,
        insns.1,
        r.corpus.len()
    );
    let command = |input: &Input| command(object, program, input);
    for (input, fault) in &r.faults {
        let _ = writeln!(
            out,
            "fault: {}\n    {}",
            terminal(&fault.to_string()),
            command(input)
        );
    }
    for (input, what) in &r.disagreements {
        let _ = writeln!(
            out,
            "the engines disagree: {}\n    {}",
            terminal(what),
            command(input)
        );
    }
    for (value, input) in &r.odd {
        let _ = writeln!(
            out,
            "returns {value}, which has no meaning\n    {}",
            command(input)
        );
    }
    for (insns, input) in &r.slowest {
        let _ = writeln!(out, "slow: {insns} instructions\n    {}", command(input));
    }
    out
}
