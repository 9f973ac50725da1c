//! Compares our verdicts with those that kernels were recorded to give.
//!
//! ```text
//! cargo run --release --example agreement -- OBJECTS_DIR VERDICTS.jsonl
//!     [--target T] [--btf FILE] [--json] [--only OBJ[:PROG]] [--dump FILE]
//!     [--jobs N] [--timeout-s N] [--memory-mb N] [--examples N]
//! cargo run --release --example agreement -- --known NAME...
//! ```
//!
//! Each line of VERDICTS is one program of one object, as a real kernel answered
//! (`stage` tells whether the verifier was reached at all). The same program goes
//! through our whole pipeline in a worker process, so that a hang, a crash or a
//! flood of memory costs one program, not the run; those count as `unknown`.
//!
//! `cargo xtask scoreboard` runs it over all recordings that are at hand; it asks
//! with `--known` which of some names are targets. `--target linux-6.18@bpf,net_admin`
//! stands for a loader that has these capabilities only.
//!
//! Only lines of stage `verifier` count for agreement; the others compare the
//! stage at which loading failed.

mod compare;
mod print;
mod record;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

/// What the command line asks for.
pub struct Args {
    objects: PathBuf,
    verdicts: PathBuf,
    target: Option<String>,
    btf: Option<PathBuf>,
    json: bool,
    only: Option<String>,
    dump: Option<PathBuf>,
    jobs: usize,
    timeout_s: u64,
    memory_mb: u64,
    examples: usize,
}

const USAGE: &str = "usage: agreement OBJECTS_DIR VERDICTS.jsonl [--target T] [--btf FILE] [--json] \
[--only OBJ[:PROG]] [--dump FILE] [--jobs N] [--timeout-s N] [--memory-mb N] [--examples N]";

fn parse() -> Result<Args, String> {
    let mut args = Args {
        objects: PathBuf::new(),
        verdicts: PathBuf::new(),
        target: None,
        btf: None,
        json: false,
        only: None,
        dump: None,
        jobs: std::thread::available_parallelism().map_or(2, |n| n.get()),
        timeout_s: 20,
        memory_mb: 3000,
        examples: 6,
    };
    let mut places = Vec::new();
    let mut it = std::env::args().skip(1);
    while let Some(arg) = it.next() {
        let mut value = || it.next().ok_or(format!("{arg} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|e| format!("{text}: {e}"));
        match arg.as_str() {
            "--target" => args.target = Some(value()?),
            "--btf" => args.btf = Some(value()?.into()),
            "--json" => args.json = true,
            "--only" => args.only = Some(value()?),
            "--dump" => args.dump = Some(value()?.into()),
            "--jobs" => args.jobs = number(value()?)?.max(1) as usize,
            "--timeout-s" => args.timeout_s = number(value()?)?,
            "--memory-mb" => args.memory_mb = number(value()?)?,
            "--examples" => args.examples = number(value()?)? as usize,
            _ if arg.starts_with("--") => return Err(format!("unknown option {arg}\n{USAGE}")),
            _ => places.push(arg),
        }
    }
    let [objects, verdicts] = <[String; 2]>::try_from(places).map_err(|_| USAGE.to_owned())?;
    args.objects = objects.into();
    args.verdicts = verdicts.into();
    Ok(args)
}

fn run() -> Result<(), String> {
    let mut argv = std::env::args().skip(1);
    match argv.next().as_deref() {
        Some(worker::FLAG) => return worker::serve(argv.collect()),
        Some("--known") => {
            for name in argv.filter(|name| bpfassay::target::by_name(name).is_some()) {
                println!("{name}");
            }
            return Ok(());
        }
        _ => {}
    }
    let mut args = parse()?;
    let lines = record::read(&args.verdicts, args.only.as_deref())?;
    if lines.is_empty() {
        return Err("no recorded line matches".into());
    }
    if args.target.is_none() {
        args.target = Some(record::target_of(&lines));
    }
    let started = std::time::Instant::now();
    let ours = worker::run_all(&args, &lines)?;
    let wall = started.elapsed();
    let pairs = compare::pair(lines, ours)?;
    if let Some(path) = &args.dump {
        compare::dump(path, &pairs)?;
    }
    let summary = compare::summarize(&pairs);
    if args.json {
        println!("{}", print::json(&summary, &pairs, wall));
    } else {
        print!("{}", print::text(&summary, &pairs, wall, &args));
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}
