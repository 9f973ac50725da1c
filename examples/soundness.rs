//! Holds the model against the interpreter: `soundness OBJECTS VERDICTS.jsonl
//! [--btf FILE] [--inputs N] [--show N] [--legacy]`. Every program that the
//! kernel accepted is run; every register of every step must lie inside its
//! abstract value.

#![expect(clippy::print_stdout, reason = "an example's output is its purpose")]

#[path = "../tests/common/concrete.rs"]
mod concrete;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use bpfassay::abstract_interp::{Input, Verdict, verify};
use bpfassay::helpers_spec::{self, ProgType};
use bpfassay::object::{Btf, Object};
use bpfassay::programs::{LinkOptions, link};
use bpfassay::smoke::{Engines, SmokeOptions};
use bpfassay::target::Target;
use serde_json::Value;

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line.get(key).and_then(Value::as_str).unwrap_or("")
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
        return Err("usage: soundness OBJECTS VERDICTS.jsonl".into());
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
    let target = Target::default();
    let (mut programs, mut runs, mut steps) = (0, 0, 0);
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    let mut unsound = Vec::new();
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
        let kfunc_exists = |name: &str| helpers_spec::kfunc(name, target.spec).is_some();
        let options = LinkOptions {
            kernel_btf: btf.as_ref(),
            legacy_maps: legacy,
            legacy_sections: legacy,
            type_of: &types,
            kfunc_exists: &kfunc_exists,
            release: target.release,
            ..LinkOptions::default()
        };
        let Ok(object) = Object::parse(&bytes) else {
            continue;
        };
        for program in link(&object, &options).programs.iter().flatten() {
            let accepted = lines.iter().any(|l| {
                text(l, "program") == program.name
                    && text(l, "verdict") == "accept"
                    && text(l, "section").trim_start_matches('?') == program.section
            });
            let input = Input {
                program,
                target: &target,
                kernel_btf: btf.as_ref(),
            };
            if !accepted || !matches!(verify(&input).verdict, Verdict::Accept) {
                continue;
            }
            let done = concrete::follow(
                &input,
                &SmokeOptions {
                    inputs: number("--inputs", 8),
                    engines: Engines::Reference,
                    kernel_btf: btf.as_ref(),
                    ..SmokeOptions::default()
                },
            );
            programs += 1;
            runs += done.runs;
            steps += done.steps;
            for why in done.left {
                let kind = why.split(": ").skip(1).collect::<Vec<_>>().join(": ");
                *left.entry(kind).or_insert(0) += 1;
            }
            if let Some(first) = done.unsound.first() {
                unsound.push(format!(
                    "{name} {} [{}] {first}",
                    program.name, program.section
                ));
            }
        }
    }
    println!(
        "{programs} programs, {runs} runs, {steps} steps; {} programs part from the model",
        unsound.len()
    );
    for line in unsound.iter().take(number("--show", 40)) {
        println!("  {line}");
    }
    for (why, count) in left {
        println!("left {count:6} {why}");
    }
    Ok(())
}
