//! What `run` saw: the document that both renderings read, and its JSON form,
//! described by `schemas/run.v1.json`. Fields are only ever added within a version.
#![warn(clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::run_differs::{self, Differs};
use super::values::{decode, encode, hex, unhex};
use crate::object::MapDef;
use crate::programs::Program;
use crate::smoke::maps::is_percpu;
use crate::smoke::scenario::{Interface, Scenario};
use crate::smoke::trace::Step;
use crate::smoke::{Fault, Input, MapState, RunReport, SmokeReport, Steer};
use crate::untrusted;

/// Version of the document's schema.
pub const SCHEMA_VERSION: u32 = 1;
/// Version of the files that hold one input.
pub const INPUT_VERSION: u32 = 1;

/// Everything that is to be shown.
pub struct RunDocument<'a> {
    /// The input file's name.
    pub object: &'a str,
    /// The program.
    pub program: &'a Program,
    /// The target it was linked for.
    pub target: &'a str,
    /// `both`, `reference` or `rbpf`.
    pub engine: &'a str,
    /// What was seen.
    pub report: &'a SmokeReport,
    /// What verification came to, if the program was accepted: what can be reached at
    /// all, and the worst case.
    pub processed: Option<u64>,
    /// Show the maps as each run leaves them.
    pub dump_maps: bool,
    /// Show what each input costs.
    pub perf: bool,
    /// Steps of each run, if they were recorded.
    pub trace: &'a [Vec<Step>],
    /// What was stated of the world.
    pub scenario: Option<&'a Scenario>,
    /// How the runtime compares with Linux, if the target is another.
    pub differs: Option<Differs<'a>>,
}

/// A change of the packet: where, what was there, what is there now.
pub type PacketChange = (usize, Vec<u8>, Vec<u8>);

/// The stretches in which two packets of equal length differ.
pub fn changes(before: &[u8], after: &[u8]) -> Vec<PacketChange> {
    let mut out: Vec<PacketChange> = Vec::new();
    for (i, (a, b)) in before.iter().zip(after).enumerate() {
        if a == b {
            continue;
        }
        match out.last_mut() {
            Some((at, old, new)) if at.saturating_add(old.len()) == i => {
                old.push(*a);
                new.push(*b);
            }
            _ => out.push((i, vec![*a], vec![*b])),
        }
    }
    out
}

/// Renders the document.
pub fn render(d: &RunDocument<'_>) -> String {
    untrusted::pretty(&document(d))
}

/// The document.
pub fn document(d: &RunDocument<'_>) -> Value {
    let r = d.report;
    json!({
        "schema": format!("bpfassay-run-v{SCHEMA_VERSION}"),
        "version": SCHEMA_VERSION,
        "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "object": d.object,
        "program": d.program.name,
        "section": d.program.section,
        "prog_type": d.program.prog_type.name(),
        "attach_type": d.program.attach_type.map(|a| a.name()),
        "target": d.target,
        "engine": d.engine,
        "verdict": r.verdict.to_string(),
        "coverage": {
            "insns_reached": r.coverage.insns.0,
            "insns": r.coverage.insns.1,
            "blocks_reached": (d.engine != "rbpf").then_some(r.coverage.blocks.0),
            "blocks": (d.engine != "rbpf").then_some(r.coverage.blocks.1),
            "of_verified": d.processed.is_some(),
            "unreached": unreached(d).iter().map(|(file, lines)| json!({
                "file": file,
                "lines": lines,
            })).collect::<Vec<_>>(),
        },
        "processed": d.processed,
        "differs": run_differs::value(d),
        "tried": r.tried,
        "helpers": r.called.iter().map(|(name, count)| json!({
            "name": name,
            "calls": count,
            "modelled": r.modelled.contains(name),
        })).collect::<Vec<_>>(),
        "runs": r.runs.iter().enumerate().map(|(i, run)| one(d, run, i)).collect::<Vec<_>>(),
    })
}

/// The lines none of whose instructions some run reached, by file.
pub(super) fn unreached(d: &RunDocument<'_>) -> Vec<(String, Vec<u32>)> {
    let mut missed: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    let line = |at: u32| d.program.line_at(at).filter(|l| l.line != 0);
    for at in &d.report.unreached {
        if let Some(l) = line(*at) {
            missed.entry(l.file.to_string()).or_default().insert(l.line);
        }
    }
    for (at, _) in d.report.seen.iter().enumerate().filter(|(_, seen)| **seen) {
        let Some(l) = u32::try_from(at).ok().and_then(line) else {
            continue;
        };
        if let Some(lines) = missed.get_mut(&*l.file) {
            lines.remove(&l.line);
        }
    }
    missed.retain(|_, lines| !lines.is_empty());
    let list = |(file, lines): (String, BTreeSet<u32>)| (file, lines.into_iter().collect());
    missed.into_iter().map(list).collect()
}

fn one(d: &RunDocument<'_>, run: &RunReport, index: usize) -> Value {
    let outcome = run.result.as_ref().ok();
    let after = run.after.as_ref();
    let map_name = |i: u32| map_name(run, d.program, i);
    let records = |list: &[(u32, Vec<u8>)]| -> Vec<Value> {
        list.iter()
            .map(|(map, bytes)| json!({ "map": map_name(*map), "bytes": hex(bytes) }))
            .collect()
    };
    let trace = d.trace.get(index).map(|steps| {
        steps
            .iter()
            .map(|s| {
                json!({
                    "program": s.site.program,
                    "insn": s.site.insn,
                    "depth": s.depth,
                    "regs": s.regs.map(|r| format!("{r:#x}")),
                })
            })
            .collect::<Vec<_>>()
    });
    json!({
        "input": input(&run.input),
        "ret": outcome.map(|o| format!("{:#x}", o.ret)),
        "ret32": outcome.map(|o| o.ret as i32),
        "meaning": run.meaning,
        "thrown": outcome.map(|o| o.thrown),
        "fault": run.result.as_ref().err().map(|f| fault(d.program, f)),
        "disagreement": run.disagreement,
        "insns": run.insns,
        "packet_out": run.packet.as_ref().map(|p| hex(p)),
        "packet_changes": run.packet.as_ref().map_or_else(Vec::new, |p| {
            changes(&run.input.packet, p)
                .iter()
                .map(|(at, old, new)| json!({ "offset": at, "before": hex(old), "after": hex(new) }))
                .collect()
        }),
        "maps_changed": run.maps_changed,
        "maps": after.filter(|_| d.dump_maps).map(|a| {
            a.maps.iter().map(|m| map(d.program, m)).collect::<Vec<_>>()
        }),
        "output": {
            "printk": run.output.printk,
            "perf": records(&run.output.perf),
            "ringbuf": records(&run.output.ringbuf),
            "seq": String::from_utf8_lossy(&run.output.seq),
            "stream": String::from_utf8_lossy(&run.output.stream),
            "redirects": run.output.redirects.iter().map(|(how, to)| json!({
                "how": how,
                "to": to,
                "name": interface(d, how, *to).map(|i| &i.name),
            })).collect::<Vec<_>>(),
            "signals": run.output.signals,
        },
        "trace": trace,
    })
}

/// The stated interface that a packet was sent to.
fn interface<'d>(d: &'d RunDocument<'_>, how: &str, to: u64) -> Option<&'d Interface> {
    let scenario = d.scenario.filter(|_| matches!(how, "device" | "clone"))?;
    scenario.interface(u32::try_from(to).ok()?)
}

/// What is known of where a packet was sent, to follow its number.
#[cfg(feature = "cli")]
pub(super) fn target_name(d: &RunDocument<'_>, how: &str, to: u64) -> String {
    let device = matches!(how, "device" | "clone");
    let stated = d.scenario.is_some_and(|s| s.interfaces.is_some());
    match interface(d, how, to) {
        Some(interface) => format!(" ({})", interface.name),
        None if device && stated => " (no such interface: the packet is dropped)".to_owned(),
        None => String::new(),
    }
}

/// The name of a map of a run.
pub(super) fn map_name(run: &RunReport, program: &Program, i: u32) -> String {
    let kept = run.after.as_ref().and_then(|a| a.maps.get(i as usize));
    let name = kept.map(|m| m.def.name.to_string());
    name.or_else(|| program.maps.get(i as usize).map(|m| m.name.to_string()))
        .unwrap_or_else(|| format!("map {i}"))
}

pub(super) fn fault(program: &Program, fault: &Fault) -> Value {
    let own = fault.site.program == 0;
    let line = program.line_at(fault.site.insn).filter(|_| own);
    json!({
        "what": fault.kind.to_string(),
        "insn": fault.site.insn,
        "inconclusive": fault.kind.is_inconclusive(),
        "file": line.map(|l| l.file.to_string()),
        "line": line.map(|l| l.line),
    })
}

/// A map with its entries, typed by BTF where there are types.
pub(super) fn map(program: &Program, m: &MapState) -> Value {
    let btf = program.btf.as_deref();
    let (key_size, value_size) = (m.def.key_size as usize, m.def.value_size as usize);
    let percpu = is_percpu(m.def.map_type);
    let entry = |(key, bytes): &(Vec<u8>, Vec<u8>)| {
        let value = if percpu && value_size > 0 {
            let each = bytes.chunks(value_size.next_multiple_of(8));
            let each =
                each.map(|v| decode(btf, m.def.value_type, v.get(..value_size).unwrap_or(v)));
            Value::Array(each.collect())
        } else {
            decode(btf, m.def.value_type, bytes)
        };
        match key.len() {
            0 => json!({ "value": value }),
            // Indices of arrays have no type of their own.
            4 if m.def.key_type == 0 && key_size == 4 => {
                let index = key.as_slice().try_into().map_or(0, u32::from_le_bytes);
                json!({ "key": index, "value": value })
            }
            _ => json!({ "key": decode(btf, m.def.key_type, key), "value": value }),
        }
    };
    json!({
        "name": &*m.def.name,
        "type": m.def.map_type,
        "percpu": percpu,
        "entries": m.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn input(input: &Input) -> Value {
    json!({
        "label": input.label,
        "seed": input.seed,
        "populated": input.populated,
        "packet": (!input.packet.is_empty()).then(|| hex(&input.packet)),
        "context": input.context.as_ref().map(|c| hex(c)),
        "steer": (!input.steer.is_empty()).then(|| input.steer.to_string()),
    })
}

/// A file that holds one input of one program, for `run --replay`.
pub fn input_file(object: &str, program: &str, what: &Input, expect: Option<&str>) -> String {
    let document = json!({
        "schema": format!("bpfassay-input-v{INPUT_VERSION}"),
        "version": INPUT_VERSION,
        "object": object,
        "program": program,
        "input": input(what),
        "expect": expect,
    });
    untrusted::pretty(&document)
}

/// An input file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// The object it is for.
    pub object: String,
    /// The program.
    pub program: String,
    /// The input.
    pub input: Input,
}

/// Reads what [`input_file`] wrote.
pub fn read_input_file(text: &str) -> Result<InputFile, String> {
    let v: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let schema = v.get("schema").and_then(Value::as_str).unwrap_or("");
    if schema != format!("bpfassay-input-v{INPUT_VERSION}") {
        return Err(format!(
            "schema {schema:?} is not bpfassay-input-v{INPUT_VERSION}"
        ));
    }
    let word = |key: &str| v.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let i = v.get("input").ok_or("no input")?;
    let bytes = |key: &str| match i.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) => match unhex(s) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(format!("{key} is not hexadecimal digits")),
        },
        Some(_) => Err(format!("{key} is not a string")),
    };
    Ok(InputFile {
        object: word("object"),
        program: word("program"),
        input: Input {
            label: i
                .get("label")
                .and_then(Value::as_str)
                .unwrap_or("replay")
                .to_owned(),
            seed: i.get("seed").and_then(Value::as_u64).ok_or("no seed")?,
            populated: i.get("populated").and_then(Value::as_bool).unwrap_or(false),
            packet: bytes("packet")?.unwrap_or_default(),
            context: bytes("context")?,
            steer: match i.get("steer").and_then(Value::as_str) {
                Some(text) => text.parse()?,
                None => Steer::default(),
            },
        },
    })
}

/// Keys (empty for queues and stacks) and values, as user space writes them.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads what a map is to hold: a list of entries, bare or below `entries`, each a
/// `key` and a `value` as the map's types say.
pub fn read_entries(program: &Program, map: &MapDef, bytes: &[u8]) -> Result<Entries, String> {
    let document: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    entries_of(program, map, &document)
}

/// The same, of a document that was read.
pub fn entries_of(program: &Program, map: &MapDef, document: &Value) -> Result<Entries, String> {
    let list = document.get("entries").unwrap_or(document);
    let list = list.as_array().ok_or("a list of entries is wanted")?;
    let btf = program.btf.as_deref();
    let one = |entry: &Value| -> Result<(Vec<u8>, Vec<u8>), String> {
        let key = match (map.key_size as usize, entry.get("key")) {
            (0, _) => Vec::new(),
            (size, Some(key)) => encode(btf, map.key_type, size, key)?,
            (_, None) => return Err("no key".into()),
        };
        let value = entry.get("value").ok_or("no value")?;
        let size = map.value_size as usize;
        Ok((key, encode(btf, map.value_type, size, value)?))
    };
    let named = |(i, entry)| one(entry).map_err(|e| format!("entry {i}: {e}"));
    list.iter().enumerate().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_stretches() {
        let found = changes(&[1, 2, 3, 4, 5], &[1, 9, 8, 4, 7]);
        assert_eq!(found, [(1, vec![2, 3], vec![9, 8]), (4, vec![5], vec![7])]);
    }

    #[test]
    fn input_files_are_read_back() {
        let input = Input {
            label: "cut in tcp".into(),
            seed: u64::MAX,
            packet: vec![1, 2, 3],
            context: None,
            populated: true,
            steer: "c+4=01,r:7.0=-2".parse().unwrap(),
        };
        let read = read_input_file(&input_file("a.o", "p", &input, Some("x"))).unwrap();
        assert_eq!((read.object.as_str(), read.program.as_str()), ("a.o", "p"));
        assert_eq!(read.input, input);
        assert!(read_input_file("{}").is_err());
        assert!(read_input_file("[").is_err());
    }
}
