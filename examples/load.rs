//! Compares loading, without verification, with recorded lines of a kernel:
//! `load OBJECTS VERDICTS.jsonl [--btf FILE] [--legacy]`.
//!
//! For every object of the lines: are the same programs found, of the same
//! section, type and attach type, with as many instructions, and do they fail
//! at the same stage before the verifier?

#![expect(clippy::print_stdout, reason = "an example's output is its purpose")]

use bpfassay::helpers_spec::ProgType;
use bpfassay::object::{Btf, Object};
use bpfassay::programs::{LinkOptions, link};
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Tally {
    lines: usize,
    same: usize,
    differ: BTreeMap<String, Vec<String>>,
    time: Duration,
}

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
    let [objects, verdicts, ..] = &args[..] else {
        return Err("usage: load OBJECTS VERDICTS.jsonl".into());
    };
    let btf = match value("--btf") {
        Some(path) => Some(Btf::parse(Arc::from(std::fs::read(path)?))?),
        None => None,
    };
    let show: usize = value("--show").and_then(|n| n.parse().ok()).unwrap_or(4);
    let legacy = args.iter().any(|a| a == "--legacy");
    let mut by_object: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in std::fs::read_to_string(verdicts)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        by_object
            .entry(text(&line, "object").to_owned())
            .or_default()
            .push(line);
    }
    let mut tally = Tally::default();
    for (name, lines) in &by_object {
        compare(
            &format!("{objects}/{name}"),
            lines,
            btf.as_ref(),
            legacy,
            &mut tally,
        );
    }
    println!(
        "{} lines, {} agree, {:?}",
        tally.lines, tally.same, tally.time
    );
    for (what, cases) in &tally.differ {
        println!("{:5} {what}", cases.len());
        for case in cases.iter().take(show) {
            println!("        {case}");
        }
    }
    Ok(())
}

fn compare(path: &str, lines: &[Value], btf: Option<&Btf>, legacy: bool, tally: &mut Tally) {
    let Ok(bytes) = std::fs::read(path) else {
        return;
    };
    tally.lines += lines.len();
    let types = |section: &str, program: &str| {
        let line = lines
            .iter()
            .find(|l| text(l, "section") == section && text(l, "program") == program)?;
        ProgType::from_name(text(line, "prog_type"))
            .filter(|_| legacy)
            .map(|t| (t, None))
    };
    let config = |name: &str| std::env::var(name).ok();
    let options = LinkOptions {
        kernel_btf: btf,
        release: (6, 18, 44),
        legacy_maps: legacy,
        legacy_sections: legacy,
        type_of: &types,
        kconfig: &config,
        ..LinkOptions::default()
    };
    let start = Instant::now();
    let linked = Object::parse(&bytes).map(|object| link(&object, &options));
    tally.time += start.elapsed();
    let mut differ = |line: &Value, what: String, detail: String| {
        let case = format!(
            "{path} {} [{}] {detail} | {}",
            text(line, "program"),
            text(line, "section"),
            text(line, "libbpf").lines().next().unwrap_or("")
        );
        tally.differ.entry(what).or_default().push(case);
    };
    let (programs, whole) = match &linked {
        Ok(linked) => (
            &linked.programs[..],
            linked
                .object_errors
                .first()
                .map(|e| (e.kind.stage(), e.reason.clone())),
        ),
        Err(e) => (&[][..], Some(("open", e.to_string()))),
    };
    if let Some((stage, reason)) = whole {
        for line in lines {
            let theirs = text(line, "stage");
            if theirs == stage {
                tally.same += 1
            } else {
                differ(
                    line,
                    format!("ours {stage}, theirs {theirs}"),
                    reason.clone(),
                )
            }
        }
        return;
    }
    for (i, line) in lines.iter().enumerate() {
        let theirs = text(line, "stage");
        let Some(ours) = programs.get(i) else {
            differ(
                line,
                format!("theirs {theirs}, no such program of ours"),
                String::new(),
            );
            continue;
        };
        let offered = matches!(theirs, "verifier" | "syscall" | "limit");
        match ours {
            Ok(p) => {
                let attach = p
                    .attach_type
                    .filter(|a| a.id() != 0 && !p.section.starts_with("usdt"))
                    .map_or("", |a| a.name());
                let insns = p.insns.len() as u64;
                if p.name != text(line, "program") || p.section != text(line, "section") {
                    differ(
                        line,
                        "name or section".into(),
                        format!("{} {}", p.name, p.section),
                    );
                } else if p.prog_type.name() != text(line, "prog_type") {
                    differ(
                        line,
                        "type".into(),
                        format!("{} {}", p.prog_type, text(line, "prog_type")),
                    );
                } else if attach != text(line, "attach_type") && !legacy {
                    differ(
                        line,
                        "attach type".into(),
                        format!("{attach} {}", text(line, "attach_type")),
                    );
                } else if !offered {
                    differ(line, format!("ours linked, theirs {theirs}"), String::new());
                } else if line.get("insns").and_then(Value::as_u64) != Some(insns) {
                    differ(
                        line,
                        "instructions".into(),
                        format!("{insns} {:?}", line.get("insns")),
                    );
                } else {
                    let poison = text(line, "error").contains("unknown#195896080");
                    if poison && p.poisoned.is_empty() {
                        differ(line, "theirs poisoned, ours not".into(), String::new());
                    } else {
                        tally.same += 1;
                    }
                }
            }
            Err(e) if e.kind.stage() == theirs => tally.same += 1,
            Err(e) => differ(
                line,
                format!("ours {}, theirs {theirs}", e.kind.stage()),
                e.reason.clone(),
            ),
        }
    }
}
