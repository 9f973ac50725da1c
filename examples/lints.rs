//! Counts what the lints say of every object in a folder: `lints FOLDER
//! [--btf FILE] [--target NAME] [--rule NAME] [--time]`. With `--rule` (or
//! `--rule all`) it prints each finding with its source line, to be read.

#![expect(clippy::print_stdout, reason = "an example's output is its purpose")]

#[path = "../tests/common/objects.rs"]
mod objects;

use bpfassay::object::Btf;
use bpfassay::{Options, TargetChoice, check, target};
use objects::objects;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |flag: &str| {
        args.iter()
            .position(|a| a == flag)
            .and_then(|i| args.get(i + 1))
            .map(String::as_str)
    };
    let Some(folder) = args.first() else {
        return Err(
            "usage: lints FOLDER [--btf FILE] [--target NAME] [--rule NAME] [--time]".into(),
        );
    };
    let btf = match value("--btf") {
        Some(path) => Some(Btf::parse(Arc::from(std::fs::read(path)?))?),
        None => None,
    };
    let name = value("--target").unwrap_or(target::DEFAULT);
    let target = target::by_name(name).ok_or("no such target")?;
    let choices = [TargetChoice {
        target: &target,
        kernel_btf: btf.as_ref(),
    }];
    let timed = args.iter().any(|a| a == "--time");
    let mut paths = Vec::new();
    objects(Path::new(folder), &mut paths)?;
    paths.sort();
    let mut counts: BTreeMap<(u16, &str), (usize, BTreeSet<String>)> = BTreeMap::new();
    let (mut accepted, mut with, mut without) = (0, Duration::ZERO, Duration::ZERO);
    for path in &paths {
        let short = path.strip_prefix(folder)?.display().to_string();
        let bytes = std::fs::read(path)?;
        let options = Options::new(&short, &choices);
        if timed {
            let start = Instant::now();
            let lints = false;
            check(
                &bytes,
                &Options {
                    lints,
                    ..Options::new(&short, &choices)
                },
            );
            without += start.elapsed();
        }
        let start = Instant::now();
        let report = check(&bytes, &options);
        with += start.elapsed();
        accepted += report.totals().accept;
        for finding in report.objects.iter().flat_map(|o| &o.findings) {
            let rule = finding.rule;
            let count = counts.entry((rule.number, rule.name)).or_default();
            count.0 += 1;
            count.1.insert(short.clone());
            if value("--rule").is_some_and(|r| r == "all" || r == rule.name) {
                let place = finding
                    .place
                    .as_ref()
                    .map_or(String::new(), |p| p.text().into_data());
                println!(
                    "{} {short}:{}:{} {place}: {}",
                    rule.name,
                    finding.program.as_ref().map_or("-", |p| p.data()),
                    finding.insn.map_or(String::new(), |i| i.to_string()),
                    finding.what.data()
                );
                for label in finding.primary.iter().chain(&finding.secondary) {
                    let line = finding
                        .sources
                        .get(label.source)
                        .and_then(|s| s.line(label.line));
                    if let Some((_, text)) = line {
                        println!(
                            "    {:>5} | {}    <- {}",
                            label.line,
                            text.trim(),
                            label.text.data()
                        );
                    }
                }
            }
        }
    }
    println!("{} objects, {accepted} programs accepted", paths.len());
    for ((number, name), (count, objects)) in counts {
        println!(
            "BPF{number:04} {name:<40} {count:>6} in {:>4} objects",
            objects.len()
        );
    }
    if timed {
        println!("without lints {without:.2?}, with {with:.2?}");
    }
    Ok(())
}
