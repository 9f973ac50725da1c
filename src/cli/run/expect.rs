//! `run --expect FILE`: runs as tests of a program's behaviour.
//!
//! A file holds cases, in TOML (`[[case]]`) or JSON (`{"case": [...]}`): an input (packet,
//! context, seed, contents of maps) and what is to come of it (return value, packet,
//! contents of maps). What a case does not state is not compared. The exit code tells
//! whether all came to what they state.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::super::args::RunArgs;
use super::super::{Failure, exit, inputs as files, output};
use super::engines;
use crate::budget::Budget;
use crate::check::TargetChoice;
use crate::helpers_spec::MapType;
use crate::object::MapDef;
use crate::programs::{Manifest, Program};
use crate::report::run::{Entries, changes, entries_of};
use crate::report::values::{decode, hex, unhex};
use crate::smoke::context::has_packet;
use crate::smoke::maps::{is_percpu, user::stride};
use crate::smoke::scenario::Scenario;
use crate::smoke::world::Config;
use crate::smoke::{Input, Preset, RunReport, SmokeOptions, run as smoke_run};
use crate::untrusted::terminal;

/// A case, read.
struct Case {
    name: String,
    input: Input,
    presets: Vec<Preset>,
    returns: Option<Returns>,
    packet: Option<Vec<u8>>,
    maps: Vec<(String, Entries)>,
}

/// What is to be returned.
enum Returns {
    Number(i64),
    Word(String),
}

/// What the cases of a file have in common.
pub(super) struct World<'a> {
    /// Programs of the object.
    pub(super) siblings: &'a [Arc<Program>],
    /// The targets.
    pub(super) choices: &'a [TargetChoice<'a>],
    /// What a file states.
    pub(super) scenario: Option<Arc<Scenario>>,
}

impl World<'_> {
    /// The CPU that runs the programs.
    fn cpu(&self) -> u32 {
        Config::of(self.scenario.clone()).cpu
    }
}

/// Runs the cases of a file.
pub(super) fn run(
    args: &RunArgs,
    file: &Path,
    program: &Arc<Program>,
    world: &World<'_>,
    budget: &Budget,
) -> Result<u8, Failure> {
    let entries = |word: &&String| !Manifest::is_setting(word);
    if let Some(word) = args.open.stated.map.iter().find(entries) {
        let what = format!("--map {word}: with --expect a case tells what maps hold (`maps`)");
        return Err(Failure::usage(what));
    }
    let bytes = files::read(file)?;
    let fail = |why: String| Failure::usage(format!("{}: {why}", file.display()));
    let cases = read(&bytes, program).map_err(fail)?;
    let mut text = String::new();
    let (mut failed, mut disagree) = (0, false);
    for case in &cases {
        let only = [case.input.clone()];
        let options = SmokeOptions {
            fuel: args.max_insns,
            engines: engines(args.engine),
            only: Some(&only),
            presets: &case.presets,
            budget: Some(budget),
            keep: true,
            siblings: world.siblings,
            kernel_btf: world.choices.first().and_then(|c| c.kernel_btf),
            host: super::host::of(world.choices.first()),
            scenario: world.scenario.clone(),
            ..SmokeOptions::default()
        };
        let report = smoke_run(program, &options);
        let mut differs = match report.runs.first() {
            Some(run) => compare(case, program, run, world.cpu()),
            None => vec![format!("nothing was run: {}", report.verdict)],
        };
        for run in report.disagreements() {
            disagree = true;
            let why = run.disagreement.as_deref().unwrap_or("");
            differs.push(format!("the engines disagree; please report it: {why}"));
        }
        let word = if differs.is_empty() { "ok" } else { "FAILED" };
        let _ = writeln!(text, "{word:<6} {}", terminal(&case.name));
        for line in &differs {
            let _ = writeln!(text, "       {}", terminal(line));
        }
        failed += usize::from(!differs.is_empty());
    }
    let passed = cases.len() - failed;
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    output::write(&text, None)?;
    Ok(match failed {
        _ if disagree => exit::INTERNAL,
        0 => exit::CLEAN,
        _ => exit::FINDINGS,
    })
}

fn read(bytes: &[u8], program: &Program) -> Result<Vec<Case>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    let document: Value =
        match text.trim_start().starts_with(['{', '[']) && !text.trim_start().starts_with("[[") {
            true => serde_json::from_str(text).map_err(|e| e.to_string())?,
            false => toml::from_str(text).map_err(|e| e.to_string())?,
        };
    let list = document.get("case").unwrap_or(&document);
    let list = list
        .as_array()
        .ok_or("a list of cases is wanted: [[case]]")?;
    if list.is_empty() {
        return Err("no case is in it".into());
    }
    let one = |(at, case): (usize, &Value)| {
        let fallback = format!("case {}", at + 1);
        let name = match case.get("name") {
            None => fallback,
            Some(Value::String(name)) => name.clone(),
            Some(_) => return Err(format!("{fallback}: name: a text is wanted")),
        };
        read_case(&name, case, program).map_err(|e| format!("{name}: {e}"))
    };
    list.iter().enumerate().map(one).collect()
}

const KEYS: [&str; 10] = [
    "name",
    "packet",
    "ctx",
    "seed",
    "populated",
    "steer",
    "maps",
    "return",
    "packet-out",
    "maps-out",
];

fn read_case(name: &str, case: &Value, program: &Program) -> Result<Case, String> {
    let table = case.as_object().ok_or("a case is a table")?;
    if let Some(key) = table.keys().find(|k| !KEYS.contains(&k.as_str())) {
        return Err(format!(
            "unknown key `{key}`; there are: {}",
            KEYS.join(", ")
        ));
    }
    // A value of another kind than a key takes is a mistake, never as if it were not there.
    fn value<'a, T>(
        case: &'a Value,
        key: &str,
        read: impl Fn(&'a Value) -> Option<T>,
        wanted: &str,
    ) -> Result<Option<T>, String> {
        let wrong = || format!("{key}: {wanted} is wanted");
        let of = |value| read(value).ok_or_else(wrong);
        case.get(key).map(of).transpose()
    }
    let bytes = |key: &str| match case.get(key) {
        None => Ok(None),
        Some(Value::String(digits)) => match unhex(digits) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(format!("{key}: not hexadecimal digits")),
        },
        Some(_) => Err(format!("{key}: hexadecimal digits in quotes are wanted")),
    };
    let input = Input {
        label: name.to_owned(),
        seed: value(case, "seed", Value::as_u64, "a whole number from 0")?.unwrap_or(1),
        packet: bytes("packet")?.unwrap_or_default(),
        context: bytes("ctx")?,
        populated: value(case, "populated", Value::as_bool, "true or false")?.unwrap_or(false),
        steer: match value(case, "steer", Value::as_str, "a text")? {
            Some(text) => text.parse().map_err(|e| format!("steer: {e}"))?,
            None => Default::default(),
        },
    };
    if !has_packet(program.prog_type)
        && let Some(key) = ["packet", "packet-out"]
            .into_iter()
            .find(|key| case.get(key).is_some())
    {
        let kind = program.prog_type.name();
        return Err(format!("{key}: a {kind} program has no packet"));
    }
    let packet = match case.get("packet-out").and_then(Value::as_str) {
        Some("unchanged") => Some(input.packet.clone()),
        _ => bytes("packet-out")?,
    };
    let presets = maps("maps", case, program)?;
    let presets = presets
        .into_iter()
        .map(|(map, entries)| Preset { map, entries });
    Ok(Case {
        name: name.to_owned(),
        presets: presets.collect(),
        returns: match case.get("return") {
            None => None,
            Some(Value::String(word)) => Some(Returns::Word(word.clone())),
            Some(number) => Some(Returns::Number(
                number
                    .as_i64()
                    .or_else(|| number.as_u64().map(|n| n as i64))
                    .ok_or("return: a whole number or a name is wanted")?,
            )),
        },
        packet,
        maps: maps("maps-out", case, program)?,
        input,
    })
}

/// Contents of maps, by name.
fn maps(key: &str, case: &Value, program: &Program) -> Result<Vec<(String, Entries)>, String> {
    let Some(value) = case.get(key) else {
        return Ok(Vec::new());
    };
    let table = value
        .as_object()
        .ok_or_else(|| format!("{key}: a table by names is wanted"))?;
    let one = |(name, list): (&String, &Value)| {
        let def = program.maps.iter().find(|m| *m.name == **name);
        let def = def.ok_or_else(|| format!("{key}: no map named {name}"))?;
        let fail = |why: String| format!("{key}: map {name}: {why}");
        let words = list.as_array().into_iter().flatten();
        let mut words = words.filter_map(Value::as_object).flat_map(|e| e.keys());
        if let Some(word) = words.find(|word| !matches!(word.as_str(), "key" | "value")) {
            return Err(fail(format!("unknown key `{word}`; there are: key, value")));
        }
        let entries = entries_of(program, def, list).map_err(fail)?;
        if is_array(def.map_type) {
            let index = |key: &[u8]| key.try_into().map_or(u32::MAX, u32::from_le_bytes);
            let beyond = |(key, _): &&(Vec<u8>, Vec<u8>)| index(key) >= def.max_entries;
            if let Some((key, _)) = entries.iter().find(beyond) {
                let (at, all) = (index(key), def.max_entries);
                return Err(fail(format!("no element {at}: it has {all}")));
            }
        }
        Ok((name.clone(), entries))
    };
    table.iter().map(one).collect()
}

/// Whether a map has all its elements from the beginning.
fn is_array(map_type: u32) -> bool {
    use MapType as T;
    matches!(T::from_id(map_type), Some(T::Array | T::PercpuArray))
}

/// Of values per CPU, which stand one behind the other, that of the CPU that runs the
/// program, but where all are stated; else the value.
fn own<'v>(def: &MapDef, all: &'v [u8], len: usize, cpu: u32) -> &'v [u8] {
    let at = match is_percpu(def.map_type) && len < all.len() {
        true => stride(def.value_size).saturating_mul(cpu as usize),
        false => 0,
    };
    all.get(at..at.saturating_add(len)).unwrap_or(all)
}

/// What differs from what a case states; nothing if it holds.
fn compare(case: &Case, program: &Program, run: &RunReport, cpu: u32) -> Vec<String> {
    let mut out = Vec::new();
    let outcome = match &run.result {
        Ok(outcome) => outcome,
        Err(fault) => return vec![format!("the run ends badly: {fault}")],
    };
    let (value, word) = (outcome.ret as i32, run.meaning.unwrap_or(""));
    let got = match word {
        "" => value.to_string(),
        word => format!("{word} ({value})"),
    };
    match &case.returns {
        Some(Returns::Number(wanted))
            if *wanted != i64::from(value) && *wanted as u64 != outcome.ret =>
        {
            out.push(format!("return: {wanted} expected, {got} returned"));
        }
        Some(Returns::Word(wanted)) if wanted != word => {
            out.push(format!("return: {wanted} expected, {got} returned"));
        }
        _ => {}
    }
    let after = run.after.as_ref();
    if let Some(wanted) = &case.packet {
        let got = after.and_then(|a| a.packet.as_deref()).unwrap_or(&[]);
        if got.len() != wanted.len() {
            let (got, wanted) = (got.len(), wanted.len());
            out.push(format!("packet: {wanted} bytes expected, {got} there"));
        }
        for (at, wanted, got) in changes(wanted, got) {
            out.push(format!(
                "packet at {at}: {} expected, {} there",
                hex(&wanted),
                hex(&got)
            ));
        }
    }
    for (name, entries) in &case.maps {
        let state = after.and_then(|a| a.maps.iter().find(|m| *m.def.name == **name));
        let Some(state) = state else {
            out.push(format!("map {name}: nothing is known of it"));
            continue;
        };
        let btf = program.btf.as_deref();
        // Of arrays only what is not zero is kept.
        let zero = vec![0; state.def.value_size as usize];
        for (at, (key, wanted)) in entries.iter().enumerate() {
            let found = match key.is_empty() {
                // Queues and stacks: in their order.
                true => state.entries.get(at),
                false => state.entries.iter().find(|(k, _)| k == key),
            };
            let got = match found {
                Some((_, got)) => Some(own(&state.def, got, wanted.len(), cpu)),
                None => Some(&zero[..]).filter(|_| is_array(state.def.map_type)),
            };
            if got == Some(wanted) {
                continue;
            }
            let show = |v: &[u8]| decode(btf, state.def.value_type, v).to_string();
            let got = got.map_or("nothing".to_owned(), show);
            let place = match key.is_empty() {
                true => format!("element {at}"),
                false => format!("key {}", decode(btf, state.def.key_type, key)),
            };
            out.push(format!(
                "map {name}, {place}: {} expected, {got} there",
                show(wanted)
            ));
        }
    }
    out
}
