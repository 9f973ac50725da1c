//! Compares loading, without verification, with recorded lines of a kernel:
//! `load OBJECTS VERDICTS.jsonl [--btf FILE] [--config FILE] [--release X.Y.Z] [--legacy] [--dump FILE]`.
//!
//! For every object of the lines: are the same programs found, of the same
//! section, type and attach type, with as many instructions, and do they fail
//! at the same stage before the verifier?

#![expect(clippy::print_stdout, reason = "an example's output is its purpose")]

use bpfassay::helpers_spec::ProgType;
use bpfassay::object::{Btf, Object};
use bpfassay::programs::{Endian, Insn, LinkOptions, Program, link, usual_kconfig};
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
    /// Instructions as a kernel got them, and attributes: by object, program, section.
    dump: BTreeMap<(String, String, String), Dumped>,
}

type Dumped = (Vec<u8>, [String; 3]);

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .filter_map(|i| u8::from_str_radix(text.get(i * 2..i * 2 + 2)?, 16).ok())
        .collect()
}

/// The first difference from what a kernel was given; references that only it
/// numbers aside.
fn difference(p: &Program, (bytes, [attributes, funcs, lines]): &Dumped) -> Option<String> {
    let mut wide = None;
    for (i, (ours, theirs)) in p.insns.iter().zip(bytes.chunks_exact(8)).enumerate() {
        let t = Insn::from_bytes(theirs.try_into().ok()?, Endian::Little);
        let same = match (wide.take(), ours.opcode, ours.src) {
            (Some(5 | 3), ..) => true,
            (Some(_), ..) => *ours == t,
            (None, 0x18, src @ (5 | 6)) => {
                wide = Some(src);
                t.opcode == 0x18 && t.src == src - 4 && t.dst == ours.dst
            }
            (None, 0x18, 3) => {
                wide = Some(3);
                let id = p.ksyms.get(ours.imm as usize).and_then(|k| k.kernel_id);
                t.opcode == 0x18 && t.src == 3 && id == Some(t.imm as u32)
            }
            (None, 0x18, 0) if ours.imm as u32 >> 28 == 8 => {
                wide = Some(5);
                true
            }
            (None, 0x85, 2) => {
                p.kfuncs.get(ours.imm as usize).and_then(|k| k.kernel_id) == Some(t.imm as u32)
                    && t.src == 2
            }
            _ => *ours == t,
        };
        if !same {
            return Some(format!("insn {i}: {ours:?} theirs {t:?}"));
        }
    }
    let member = p.struct_ops.as_ref().and_then(|s| s.kernel_member);
    let attach = member.or(p.attach_type.map(|a| a.id())).unwrap_or(0);
    let id = p
        .struct_ops
        .as_ref()
        .and_then(|s| s.kernel_type)
        .or(p.attach_btf_id)
        .unwrap_or(0);
    let ours = format!("{attach} {id} {}", p.prog_flags);
    let infos: String = p
        .func_info
        .iter()
        .map(|(i, t)| format!("{i}:{t} "))
        .collect();
    if ours != *attributes {
        return Some(format!("attributes {ours} theirs {attributes}"));
    }
    if p.btf_refused.is_some() && *lines == "0" {
        return (infos != *funcs).then(|| format!("info {infos} theirs {funcs}"));
    }
    if infos != *funcs || p.line_info.len().to_string() != *lines {
        return Some(format!(
            "info {infos} {} theirs {funcs} {lines}",
            p.line_info.len()
        ));
    }
    None
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
    if let Some(btf) = &btf {
        let start = Instant::now();
        let copy = Btf::parse(btf.bytes().clone())?;
        let parsed = start.elapsed();
        copy.find_struct("task_struct");
        println!(
            "BTF: {} types, parsed in {parsed:?}, indexed in {:?}",
            btf.type_count(),
            start.elapsed() - parsed
        );
    }
    let show: usize = value("--show").and_then(|n| n.parse().ok()).unwrap_or(4);
    let legacy = args.iter().any(|a| a == "--legacy");
    let config = value("--config")
        .map(std::fs::read_to_string)
        .transpose()?
        .unwrap_or_default();
    let config: BTreeMap<String, String> = config
        .lines()
        .filter_map(|l| l.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
    let release = value("--release").map_or((6, 18, 44), |r| {
        let mut parts = r.split('.').map(|p| p.parse().unwrap_or(0));
        (
            parts.next().unwrap_or(0),
            parts.next().unwrap_or(0),
            parts.next().unwrap_or(0),
        )
    });
    let mut by_object: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in std::fs::read_to_string(verdicts)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        by_object
            .entry(text(&line, "object").to_owned())
            .or_default()
            .push(line);
    }
    let mut tally = Tally::default();
    if let Some(path) = value("--dump") {
        for line in std::fs::read_to_string(path)?.lines() {
            let f: Vec<&str> = line.split('\t').collect();
            if let [object, program, section, code, attributes, funcs, lines, ..] = f[..] {
                let rest = [attributes, funcs, lines].map(str::to_owned);
                let key = (object.to_owned(), program.to_owned(), section.to_owned());
                tally.dump.insert(key, (unhex(code), rest));
            }
        }
    }
    for (name, lines) in &by_object {
        compare(
            &format!("{objects}/{name}"),
            lines,
            btf.as_ref(),
            &config,
            (release, legacy),
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

fn compare(
    path: &str,
    lines: &[Value],
    btf: Option<&Btf>,
    config: &BTreeMap<String, String>,
    (release, legacy): ((u16, u16, u16), bool),
    tally: &mut Tally,
) {
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
    let config = |name: &str| config.get(name).cloned().or_else(|| usual_kconfig(name));
    let options = LinkOptions {
        kernel_btf: btf,
        release,
        legacy_maps: legacy,
        legacy_sections: legacy,
        type_of: &types,
        kconfig: &config,
        ..LinkOptions::default()
    };
    let start = Instant::now();
    let linked = Object::parse(&bytes).map(|object| link(&object, &options));
    tally.time += start.elapsed();
    let differ_in = &mut tally.differ;
    let mut differ = |line: &Value, what: String, detail: String| {
        let case = format!(
            "{path} {} [{}] {detail} | {}",
            text(line, "program"),
            text(line, "section"),
            text(line, "libbpf").lines().next().unwrap_or("")
        );
        differ_in.entry(what).or_default().push(case);
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
                        let key = (
                            text(line, "object"),
                            text(line, "program"),
                            text(line, "section"),
                        );
                        let key = (key.0.to_owned(), key.1.to_owned(), key.2.to_owned());
                        match tally.dump.get(&key).and_then(|d| difference(p, d)) {
                            Some(what) => differ(line, "code".into(), what),
                            None => tally.same += 1,
                        }
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
