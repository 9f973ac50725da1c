//! Asks the library and the running kernel about programs that nobody wrote.
//!
//! ```text
//! cargo run --release --features kernel --example differential -- generate
//!     [--seed N] [--count N] [--from N] [--out DIR] [--reduce N]
//! ... -- mutate [as above] OBJECTS...
//! ... -- show SEED:INDEX [generate|mutate OBJECTS...]
//! ```
//!
//! `generate` makes programs of every kind that the kernel lets us load, `mutate`
//! changes instructions of objects. Both sides read the same linked program; programs
//! are loaded and dropped, nothing is attached or run. A program that the kernel's
//! verifier doesn't get to see (no permission, no such hook) isn't counted; the summary
//! says why. A program is its seed and index. The first programs of each difference
//! are made small, and written to `DIR/differences.jsonl` with both answers.
//!
//! `stock.c` is what generated programs draw on.

#![expect(clippy::print_stdout, reason = "an example's output is its purpose")]

mod ask;
mod code;
mod generate;
mod mutate;
mod reduce;
mod rng;
mod stock;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use bpfassay::diagnostics::ProgramNames;
use bpfassay::kernel::{Kernel, Supplies};
use bpfassay::object::Object;
use bpfassay::programs::{LinkOptions, Program, disasm, link};
use bpfassay::target;

use ask::{Asker, Word, differences};
use rng::Rng;
use stock::Stock;
use tally::Tally;

/// Instructions beyond which the kernel is asked of one program in [`SELDOM`] only.
const MANY: u64 = 20_000;
const SELDOM: usize = 50;
/// Of refusals alike in words and count, the instruction is asked for of one in so many.
const TRACED: usize = 4;

struct Args {
    verb: String,
    seed: u64,
    count: u64,
    from: u64,
    out: Option<PathBuf>,
    reduce: usize,
    rest: Vec<String>,
}

fn parse() -> Result<Args, String> {
    let mut it = std::env::args().skip(1);
    let mut args = Args {
        verb: it.next().ok_or("generate, mutate or show?")?,
        seed: 1,
        count: 10_000,
        from: 0,
        out: None,
        reduce: 2,
        rest: Vec::new(),
    };
    while let Some(arg) = it.next() {
        let mut value = || it.next().ok_or(format!("{arg} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|e| format!("{text}: {e}"));
        match arg.as_str() {
            "--seed" => args.seed = number(value()?)?,
            "--count" => args.count = number(value()?)?,
            "--from" => args.from = number(value()?)?,
            "--out" => args.out = Some(value()?.into()),
            "--reduce" => args.reduce = number(value()?)? as usize,
            _ => args.rest.push(arg),
        }
    }
    Ok(args)
}

/// One program to ask about.
struct Case {
    program: Program,
    supplies: Arc<Supplies>,
}

fn listing(program: &Program) -> String {
    disasm::listing(&program.insns, &ProgramNames(program))
}

/// Asks both and counts; makes small what differs.
fn consider(asker: &Asker, case: &Case, name: &str, args: &Args, rng: &mut Rng, tally: &mut Tally) {
    let start = Instant::now();
    let ours = asker.ours(&case.program);
    tally.times[0] += start.elapsed();
    if ours.spare {
        tally.spared += 1;
        return;
    }
    if ours.processed.is_some_and(|n| n > MANY) && rng.below(SELDOM) != 0 {
        tally.long += 1;
        return;
    }
    let start = Instant::now();
    let mut theirs = asker.theirs_briefly(&case.program, &case.supplies);
    let mut differ = differences(&ours, &theirs);
    // Where all else is the same, so is the instruction, nearly always.
    if theirs.word == Word::Reject && (!differ.is_empty() || rng.below(TRACED) == 0) {
        theirs = asker.theirs(&case.program, &case.supplies);
        differ = differences(&ours, &theirs);
    }
    tally.times[1] += start.elapsed();
    tally.count(&ours, &theirs, &differ);
    for (kind, key) in differ {
        let seen = tally.seen(kind, &key);
        if seen > args.reduce {
            continue;
        }
        let small = reduce::reduce(&case.program, |p| {
            let ours = asker.ours(p);
            // What takes long here takes long there.
            !ours.spare
                && ours.processed.is_none_or(|n| n <= MANY)
                && differences(&ours, &asker.theirs(p, &case.supplies))
                    .contains(&(kind, key.clone()))
        });
        let (ours, theirs) = (asker.ours(&small), asker.theirs(&small, &case.supplies));
        tally.write(name, kind, &key, &small, &ours, &theirs, &listing(&small));
    }
}

fn generated(asker: &Asker, stock: &Stock, seed: u64, index: u64) -> Case {
    let (stub, mut program) = generate::program(stock, &asker.target, seed, index);
    let mut rng = Rng::of(seed ^ 0x6d75, index);
    if rng.chance(25) {
        program = mutate::mutate(&program, &mut rng);
    }
    Case {
        program,
        supplies: Arc::clone(&stock.stubs[stub].supplies),
    }
}

fn generate(args: &Args, asker: &Asker, tally: &mut Tally) -> Result<(), String> {
    let stock = Stock::new(&asker.kernel, &asker.target)?;
    for (name, why) in &stock.skipped {
        println!("skipped {name}: {why}");
    }
    for index in args.from..args.from + args.count {
        let case = generated(asker, &stock, args.seed, index);
        let mut rng = Rng::of(args.seed ^ 0x6173, index);
        consider(
            asker,
            &case,
            &format!("{}:{index}", args.seed),
            args,
            &mut rng,
            tally,
        );
        tally.progress(index + 1 - args.from, args.count);
    }
    Ok(())
}

/// The programs of an object that both sides take alike as they are.
fn bases(path: &str, asker: &Asker, tally: &mut Tally) -> Vec<Case> {
    let Ok(bytes) = std::fs::read(path) else {
        return Vec::new();
    };
    let Ok(object) = Object::parse(&bytes) else {
        return Vec::new();
    };
    let linked = link(
        &object,
        &LinkOptions {
            kernel_btf: asker.kernel.btf.as_deref(),
            release: asker.target.release,
            ..LinkOptions::default()
        },
    );
    if !linked.object_errors.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::new();
    for program in linked.programs.into_iter().flatten() {
        let Ok(supplies) = Supplies::of(&asker.kernel, &program) else {
            continue;
        };
        let supplies = Arc::new(supplies);
        let ours = asker.ours(&program);
        if ours.spare || ours.processed.is_some_and(|n| n > MANY) {
            continue;
        }
        let theirs = asker.theirs(&program, &supplies);
        if matches!(theirs.word, Word::Unreached(_)) {
            continue;
        }
        if differences(&ours, &theirs).is_empty() {
            out.push(Case { program, supplies });
        } else {
            tally.base_differs += 1;
        }
    }
    out
}

fn mutate(args: &Args, asker: &Asker, tally: &mut Tally) -> Result<(), String> {
    let objects = args.rest.len().max(1) as u64;
    let each = args.count.div_ceil(objects);
    for (n, path) in (0u64..).zip(&args.rest) {
        let cases = bases(path, asker, tally);
        if cases.is_empty() {
            continue;
        }
        for index in args.from + n * each..args.from + (n + 1) * each {
            let mut rng = Rng::of(args.seed, index);
            let base = &cases[rng.below(cases.len())];
            let case = Case {
                program: mutate::mutate(&base.program, &mut rng),
                supplies: Arc::clone(&base.supplies),
            };
            let name = format!("{}:{index} {path}:{}", args.seed, case.program.name);
            consider(asker, &case, &name, args, &mut rng, tally);
        }
        tally.progress((n + 1) * each, args.count);
    }
    Ok(())
}

/// One generated program with both answers.
fn show(args: &Args, asker: &Asker) -> Result<(), String> {
    let stock = Stock::new(&asker.kernel, &asker.target)?;
    for name in &args.rest {
        let (seed, index) = name.split_once(':').ok_or("show SEED:INDEX")?;
        let number = |t: &str| t.parse::<u64>().map_err(|e| format!("{t}: {e}"));
        let case = generated(asker, &stock, number(seed)?, number(index)?);
        println!(
            "// {name} {}\n{}",
            case.program.section,
            listing(&case.program)
        );
        let ours = asker.ours(&case.program);
        println!("// ours   {}", ours.json());
        if ours.spare {
            continue;
        }
        println!(
            "// kernel {}",
            asker.theirs(&case.program, &case.supplies).json()
        );
    }
    Ok(())
}

fn run() -> Result<(), String> {
    let args = parse()?;
    let kernel = match Kernel::open() {
        Ok(kernel) => kernel,
        Err(why) => {
            println!("skipped: the running kernel cannot be asked: {why}");
            return Ok(());
        }
    };
    let mut target = target::by_name(&kernel.series())
        .ok_or_else(|| format!("no target is of the series of {}", kernel.release))?;
    target.release = kernel.version;
    let asker = Asker::new(kernel, target)?;
    let mut tally = Tally::new(args.out.as_deref())?;
    match args.verb.as_str() {
        "generate" => generate(&args, &asker, &mut tally)?,
        "mutate" => mutate(&args, &asker, &mut tally)?,
        "show" => return show(&args, &asker),
        other => return Err(format!("{other}: generate, mutate or show?")),
    }
    tally.finish(&asker.kernel.release, &args.verb, args.seed)
}

fn main() -> ExitCode {
    // Deep programs take a deep stack.
    let done = std::thread::Builder::new().stack_size(64 << 20).spawn(run);
    match done.map(|t| t.join()) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(e))) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
        _ => ExitCode::from(3),
    }
}
