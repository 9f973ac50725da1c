//! Runs every program that a kernel accepted: `smoke OBJECTS VERDICTS.jsonl
//! [--btf FILE] [--inputs N] [--show N] [--one ENGINE]`. Faults and disagreements
//! of the engines are bugs, of the runtime if not of the verifier.

#![expect(clippy::print_stdout, reason = "an example's output is its purpose")]

use bpfassay::helpers_spec::ProgType;
use bpfassay::object::{Btf, Object};
use bpfassay::programs::{LinkOptions, Program, link};
use bpfassay::smoke::{SmokeOptions, SmokeVerdict, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line.get(key).and_then(Value::as_str).unwrap_or("")
}

#[derive(Default)]
struct Tally {
    programs: usize,
    runs: usize,
    insns: u64,
    groups: BTreeMap<String, Vec<String>>,
    modelled: BTreeMap<String, usize>,
    reached: (usize, usize),
    time: Duration,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |flag: &str| {
        args.iter()
            .position(|a| a == flag)
            .and_then(|i| args.get(i + 1))
    };
    let number =
        |flag: &str, usual: usize| value(flag).and_then(|n| n.parse().ok()).unwrap_or(usual);
    let [objects, verdicts, ..] = &args[..] else {
        return Err("usage: smoke OBJECTS VERDICTS.jsonl".into());
    };
    let btf = match value("--btf") {
        Some(path) => Some(Btf::parse(Arc::from(std::fs::read(path)?))?),
        None => None,
    };
    let legacy = args.iter().any(|a| a == "--legacy");
    let mut by_object: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in std::fs::read_to_string(verdicts)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let object = text(&line, "object").to_owned();
        by_object.entry(object).or_default().push(line);
    }
    let mut tally = Tally::default();
    let inputs = number("--inputs", 8);
    for (name, lines) in &by_object {
        let Ok(bytes) = std::fs::read(format!("{objects}/{name}")) else {
            continue;
        };
        let types = |section: &str, program: &str| {
            let line = lines
                .iter()
                .find(|l| text(l, "section") == section && text(l, "program") == program)?;
            ProgType::from_name(text(line, "prog_type"))
                .filter(|_| legacy)
                .map(|t| (t, None))
        };
        let options = LinkOptions {
            kernel_btf: btf.as_ref(),
            legacy_maps: legacy,
            legacy_sections: legacy,
            type_of: &types,
            ..LinkOptions::default()
        };
        let Ok(object) = Object::parse(&bytes) else {
            continue;
        };
        let programs: Vec<Arc<Program>> = link(&object, &options)
            .programs
            .into_iter()
            .flatten()
            .map(Arc::new)
            .collect();
        for program in &programs {
            let accepted = lines.iter().any(|l| {
                text(l, "program") == program.name
                    && text(l, "verdict") == "accept"
                    && text(l, "section").trim_start_matches('?') == program.section
            });
            if accepted {
                one(name, program, &programs, btf.as_ref(), inputs, &mut tally);
            }
        }
    }
    println!(
        "{} programs, {} runs, {} instructions, {:?}; {} of {} instructions reached",
        tally.programs, tally.runs, tally.insns, tally.time, tally.reached.0, tally.reached.1
    );
    for (what, cases) in &tally.groups {
        println!("{:5} {what}", cases.len());
        for case in cases.iter().take(number("--show", 3)) {
            println!("        {case}");
        }
    }
    if args.iter().any(|a| a == "--modelled") {
        for (name, count) in &tally.modelled {
            println!("{count:5} {name}");
        }
    }
    Ok(())
}

fn one(
    object: &str,
    program: &Arc<Program>,
    siblings: &[Arc<Program>],
    btf: Option<&Btf>,
    inputs: usize,
    tally: &mut Tally,
) {
    let options = SmokeOptions {
        inputs,
        siblings,
        kernel_btf: btf,
        ..SmokeOptions::default()
    };
    let start = Instant::now();
    let report = run(program, &options);
    tally.time += start.elapsed();
    tally.programs += 1;
    tally.runs += report.runs.len();
    tally.insns += report.runs.iter().map(|r| r.insns).sum::<u64>();
    tally.reached.0 += report.coverage.insns.0;
    tally.reached.1 += report.coverage.insns.1;
    for name in &report.modelled {
        *tally.modelled.entry(name.clone()).or_insert(0) += 1;
    }
    let mut what = report.verdict.to_string();
    let mut detail = String::new();
    if report.verdict == SmokeVerdict::Fault {
        if let Some(run) = report.disagreements().next() {
            what = "disagreement".into();
            detail = format!(
                "[{}] {}",
                run.input.label,
                run.disagreement.clone().unwrap_or_default()
            );
        } else if let Some((input, fault)) = report.fault() {
            what = format!(
                "fault: {}",
                fault.kind.to_string().split(" at ").next().unwrap_or("")
            );
            detail = format!("[{}] {fault}", input.label);
        }
    }
    let case = format!("{object} {} [{}] {detail}", program.name, program.section);
    tally.groups.entry(what).or_default().push(case);
}
