//! How much of accepted programs their smoke runs reach: `coverage FOLDER...
//! [--target NAME] [--btf FILE] [--below PERCENT]`. Prints the distribution over all
//! programs and by program type, of the blocks that verification reached, and what the
//! runs cost beside verification. With `--below` each program that reaches less.

#![expect(clippy::print_stdout, reason = "an example's output is its purpose")]

#[path = "../tests/common/objects.rs"]
mod objects;

use bpfassay::object::Btf;
use bpfassay::report::{Outcome, ProgramReport};
use bpfassay::{Options, TargetChoice, check, target};
use objects::objects;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

/// Processor time of this process in hundredths of a second, where the system tells.
fn processor_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or("");
    let fields: Vec<&str> = after.split_whitespace().collect();
    let number = |at: usize| -> u64 { fields.get(at).and_then(|n| n.parse().ok()).unwrap_or(0) };
    number(11) + number(12)
}

/// Blocks reached, of a hundred.
fn share(p: &ProgramReport) -> Option<f64> {
    let (reached, all) = p.smoke.as_ref()?.coverage.blocks;
    (all > 0).then(|| reached as f64 * 100.0 / all as f64)
}

fn row(name: &str, shares: &mut [f64]) {
    shares.sort_by(f64::total_cmp);
    let at = |part: usize| {
        shares
            .get(shares.len() * part / 100)
            .copied()
            .unwrap_or(0.0)
    };
    let all = shares.iter().filter(|s| **s >= 100.0).count();
    println!(
        "{name:<24} {:>6} {:>7.0} {:>7.0} {:>7.0} {:>7.0} {:>7}",
        shares.len(),
        at(10),
        at(25),
        at(50),
        at(75),
        all
    );
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |flag: &str| {
        let at = args.iter().position(|a| a == flag)?;
        args.get(at + 1).map(String::as_str)
    };
    let folders = args.iter().take_while(|a| !a.starts_with("--"));
    let name = value("--target").unwrap_or(target::DEFAULT);
    let target = target::by_name(name).ok_or("no such target")?;
    let own;
    let kernel_btf = match value("--btf") {
        Some(path) => {
            own = Btf::parse(Arc::from(std::fs::read(path)?))?;
            Some(&own)
        }
        None => bpfassay::check::types::of_target(&target),
    };
    let choices = [TargetChoice {
        target: &target,
        kernel_btf,
    }];
    let below: f64 = value("--below").map_or(Ok(-1.0), str::parse)?;
    let mut paths = Vec::new();
    for folder in folders {
        objects(Path::new(folder), &mut paths)?;
    }
    paths.sort();
    let mut all: Vec<f64> = Vec::new();
    let mut by_type: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let (mut with, mut without, mut runs) = (0, 0, 0);
    let mut other: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        let short = path.display().to_string();
        let bytes = std::fs::read(path)?;
        let start = processor_time();
        let options = Options {
            lints: false,
            ..Options::new(&short, &choices)
        };
        let report = check(&bytes, &options);
        let half = processor_time();
        let bare = check(
            &bytes,
            &Options {
                smoke: false,
                ..options
            },
        );
        (with, without) = (with + half - start, without + processor_time() - half);
        drop(bare);
        for p in report.objects.iter().flat_map(|o| &o.programs) {
            let (true, Some(smoke)) = (matches!(p.outcome, Outcome::Accept), &p.smoke) else {
                continue;
            };
            runs += smoke.runs;
            let verdict = smoke.verdict.to_string();
            if verdict != "pass" {
                *other.entry(verdict.clone()).or_default() += 1;
                if let Some(fault) = &smoke.fault {
                    let again = fault.reproducer(&short.as_str().into(), &p.program);
                    let again = again.map_or(String::new(), |a| a.into_data());
                    println!("{verdict}: {}\n    {again}", fault.what.data());
                }
            }
            let Some(share) = share(p) else { continue };
            if share < below {
                println!("{share:>4.0} {} {short} {}", p.prog_type, p.program.data());
            }
            all.push(share);
            by_type.entry(p.prog_type).or_default().push(share);
        }
    }
    println!(
        "{:<24} programs     10%     25%  median     75%    full",
        ""
    );
    row("all", &mut all);
    for (name, shares) in &mut by_type {
        row(name, shares);
    }
    println!("{runs} runs reported; verification {without}0 ms, with runs {with}0 ms");
    for (verdict, count) in other {
        println!("{count:>6} {verdict}");
    }
    Ok(())
}
