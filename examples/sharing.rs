//! Checks objects for several targets with explorations shared and without, and compares
//! the whole reports: `sharing [FOLDER|OBJECT]... [-t TARGETS] [--smoke]`. Says how many
//! explorations were taken over, and what that saves; ends with an error where reports
//! differ.

#![expect(clippy::print_stdout, reason = "an example's output is its purpose")]

#[path = "../tests/common/objects.rs"]
mod objects;

use std::error::Error;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bpfassay::check::{Sharing, Tally, types};
use bpfassay::report::json;
use bpfassay::target::{self, Target};
use bpfassay::{Options, TargetChoice, check};
use objects::objects;

fn targets(list: &str) -> Result<Vec<Target>, String> {
    let one = |name: &str| {
        target::group(name)
            .or_else(|| Some(vec![target::by_name(name)?]))
            .ok_or_else(|| format!("no target {name}"))
    };
    let all: Result<Vec<_>, _> = list.split(',').map(one).collect();
    Ok(all?.into_iter().flatten().collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = Vec::new();
    let (mut list, mut smoke) = ("all".to_owned(), false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match &*arg {
            "-t" => list = args.next().ok_or("-t takes targets")?,
            "--smoke" => smoke = true,
            path => objects(Path::new(path), &mut paths)?,
        }
    }
    paths.sort();
    let targets = targets(&list)?;
    let choices: Vec<TargetChoice<'_>> = targets
        .iter()
        .map(|target| TargetChoice {
            target,
            kernel_btf: types::of_target(target),
        })
        .collect();
    let tally = Tally::default();
    let (mut shared, mut alone, mut different) = (Duration::ZERO, Duration::ZERO, 0);
    for path in &paths {
        let bytes = std::fs::read(path)?;
        let name = path.display().to_string();
        let run = |sharing, spent: &mut Duration| {
            let start = Instant::now();
            let options = Options {
                sharing,
                smoke,
                ..Options::new(&name, &choices)
            };
            let report = check(&bytes, &options);
            *spent += start.elapsed();
            json::render(&report)
        };
        let with = run(Sharing::Counted(&tally), &mut shared);
        let without = run(Sharing::Off, &mut alone);
        if with != without {
            different += 1;
            println!("{name}: reports differ");
            let mut pairs = with.lines().zip(without.lines());
            if let Some((a, b)) = pairs.find(|(a, b)| a != b) {
                println!("  shared: {a}\n  alone:  {b}");
            }
        }
    }
    let (taken, made) = (
        tally.shared.load(Ordering::Relaxed),
        tally.explored.load(Ordering::Relaxed),
    );
    println!(
        "{} objects, {} targets: {taken} of {} explorations taken over; {shared:.2?} shared, {alone:.2?} alone",
        paths.len(),
        targets.len(),
        taken + made,
    );
    match different {
        0 => Ok(()),
        n => Err(format!("{n} reports differ").into()),
    }
}
