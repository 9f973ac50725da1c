//! `check`: verify every program of the objects for every target.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use rayon::prelude::*;

use super::args::{CheckArgs, FailOn, Format, Loader};
use super::inputs::{self, SourceFiles, Targets};
use super::{Failure, exit, output};
use crate::check::{Options, check};
use crate::limits;
use crate::report::{self, InputError, ObjectReport, Report};

/// Runs the verb.
pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    let targets = Targets::open(&args.open)?;
    let choices = targets.choices();
    let prog_type = inputs::prog_type(&args.open)?;
    let sources = SourceFiles::new(&args.source_root);
    let source_text = |name: &str| sources.text(name);
    let one = |path: &Path| -> Report {
        let name = path.display().to_string();
        match inputs::read(path) {
            Err(failure) => unreadable(&name, &failure),
            Ok(bytes) => check(
                &bytes,
                &Options {
                    kind: inputs::kind(&args.open, path),
                    prog_type,
                    legacy: args.open.loader == Loader::Any,
                    only: args.open.prog.as_deref(),
                    source_text: &source_text,
                    clock: Some(micros),
                    smoke: !args.no_smoke,
                    ..Options::new(&name, &choices)
                },
            ),
        }
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(limits::WORKER_STACK_BYTES)
        .build()
        .map_err(|e| Failure::usage(e.to_string()))?;
    let parts: Vec<Report> = pool.install(|| args.objects.par_iter().map(|p| one(p)).collect());
    let report = Report {
        objects: parts.into_iter().flat_map(|r| r.objects).collect(),
    };
    if let Some(name) = &args.open.prog
        && report
            .objects
            .iter()
            .all(|o| o.programs.is_empty() && o.error.is_none() && o.load_errors.is_empty())
    {
        return Err(Failure::usage(format!("no program named {name}")));
    }
    let file = args.output.as_deref();
    let text = match args.format {
        Format::Json => report::json::render(&report),
        Format::Jsonl => report::jsonl::render(&report),
        Format::Text => {
            let mut style = output::style(file);
            style.stats = args.stats;
            style.all = !args.quiet;
            report::text::render(&report, style)
        }
    };
    output::write(&text, file)?;
    Ok(code(&report, args))
}

fn code(report: &Report, args: &CheckArgs) -> u8 {
    let t = report.totals();
    if t.internal > 0 {
        eprintln!(
            "bpfassay: {} program(s) ended in an internal error; please report it",
            t.internal
        );
        return exit::INTERNAL;
    }
    if smoke_faults(report) > 0 {
        return exit::INTERNAL;
    }
    if t.unreadable > 0 {
        for object in &report.objects {
            if let Some(error) = &object.error {
                eprintln!("bpfassay: {}: {error}", object.object);
            }
        }
        return exit::USAGE;
    }
    if t.unknown > 0 {
        eprintln!("bpfassay: {} program(s) not decided", t.unknown);
    }
    let refused = t.reject + t.load_error > 0;
    let failed = match args.fail_on {
        FailOn::Reject => refused || (args.strict && t.unknown > 0),
        FailOn::Unknown => refused || t.unknown > 0,
        FailOn::Never => args.strict && t.unknown > 0,
    };
    if failed { exit::FINDINGS } else { exit::CLEAN }
}

/// Complains of every fault after `accept`; how many there were.
fn smoke_faults(report: &Report) -> usize {
    let mut count = 0;
    for object in &report.objects {
        for p in &object.programs {
            let Some(fault) = p.smoke.as_ref().and_then(|s| s.fault.as_ref()) else {
                continue;
            };
            count += 1;
            eprintln!(
                "bpfassay: {} {} on {}: accepted, but its run failed: {}; please report it",
                object.object, p.program, p.target, fault.what
            );
            if let Some(command) = fault.reproducer(&object.object, &p.program) {
                eprintln!("bpfassay: reproduce with: {command}");
            }
        }
    }
    count
}

fn unreadable(name: &str, failure: &Failure) -> Report {
    let reason = failure
        .text
        .strip_prefix(&format!("{name}: "))
        .unwrap_or(&failure.text)
        .to_owned();
    Report {
        objects: vec![ObjectReport {
            object: name.to_owned(),
            error: Some(InputError {
                section: None,
                offset: None,
                reason,
            }),
            load_errors: Vec::new(),
            programs: Vec::new(),
            findings: Vec::new(),
        }],
    }
}

/// Microseconds since the first call.
fn micros() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_micros() as u64
}
