//! What programs took when the baseline was written, and whether they grew.
//!
//! A baseline is a sorted JSON file (`schemas/baseline.v1.json`): one entry for
//! each accepted program, target and variant, found again by object, section, program,
//! target and variant. Programs that got smaller are not mentioned; those that aren't in it
//! get a note.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::budget::of_program;
use super::{ConfigError, Resource, number};
use crate::diagnostics::Finding;
use crate::report::{ObjectReport, Outcome, ProgramReport, Report};
use crate::untrusted::text;

/// Growth that is let pass where nothing else is said, in percent.
pub const GROWTH: f64 = 10.0;

/// The schema's name, in every file.
const SCHEMA: &str = "bpfassay-baseline-v1";

/// What the baseline compares: helpers are a matter of policy.
const COMPARED: [Resource; 5] = [
    Resource::Instructions,
    Resource::Processed,
    Resource::States,
    Resource::Stack,
    Resource::MapMemory,
];

/// Where an entry belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    object: String,
    section: String,
    program: String,
    target: String,
    variant: String,
}

impl Key {
    fn new(object: &str, p: &ProgramReport) -> Key {
        Key {
            object: object.to_owned(),
            section: p.section.data().to_owned(),
            program: p.program.data().to_owned(),
            target: p.target.data().to_owned(),
            variant: p.variant.data().to_owned(),
        }
    }
}

/// An entry as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    object: String,
    section: String,
    program: String,
    target: String,
    /// The way in which the object is loaded; absent if there is but one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    variant: String,
    instructions: u64,
    processed: u64,
    states: u64,
    stack: u64,
    map_memory: u64,
}

impl Entry {
    fn get(&self, resource: Resource) -> Option<u64> {
        match resource {
            Resource::Instructions => Some(self.instructions),
            Resource::Processed => Some(self.processed),
            Resource::States => Some(self.states),
            Resource::Stack => Some(self.stack),
            Resource::MapMemory => Some(self.map_memory),
            Resource::Helpers | Resource::Unreached => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    programs: Vec<Entry>,
}

/// What programs took.
#[derive(Default)]
pub struct Baseline(BTreeMap<Key, Entry>);

impl Baseline {
    /// Reads a baseline.
    pub fn parse(text: &str) -> Result<Baseline, ConfigError> {
        let file: File = serde_json::from_str(text).map_err(|e| {
            // Its own words quote what the file holds, which may be any file.
            let (line, column) = (e.line(), e.column());
            ConfigError::whole(format!("not a baseline: line {line}, column {column}"))
        })?;
        if file.schema != SCHEMA {
            return Err(ConfigError::whole(format!("its schema is not {SCHEMA}")));
        }
        let key = |e: &Entry| Key {
            object: e.object.clone(),
            section: e.section.clone(),
            program: e.program.clone(),
            target: e.target.clone(),
            variant: e.variant.clone(),
        };
        Ok(Baseline(
            file.programs.into_iter().map(|e| (key(&e), e)).collect(),
        ))
    }

    /// What the accepted programs of a report take. `name` gives an object's
    /// path as the file shall name it.
    pub fn of(report: &Report, cpus: u32, name: &dyn Fn(&str) -> String) -> Baseline {
        let mut entries = BTreeMap::new();
        for object in &report.objects {
            let named = name(object.object.data());
            for p in &object.programs {
                if !matches!(p.outcome, Outcome::Accept) {
                    continue;
                }
                let of = |r: Resource| r.of(p, cpus).unwrap_or(0);
                let key = Key::new(&named, p);
                let entry = Entry {
                    object: key.object.clone(),
                    section: key.section.clone(),
                    program: key.program.clone(),
                    target: key.target.clone(),
                    variant: key.variant.clone(),
                    instructions: of(Resource::Instructions),
                    processed: of(Resource::Processed),
                    states: of(Resource::States),
                    stack: of(Resource::Stack),
                    map_memory: of(Resource::MapMemory),
                };
                entries.insert(key, entry);
            }
        }
        Baseline(entries)
    }

    /// The file's text: sorted, the same for the same programs.
    pub fn render(&self) -> String {
        let file = File {
            schema: SCHEMA.to_owned(),
            programs: Vec::new(),
        };
        let Ok(serde_json::Value::Object(mut document)) = serde_json::to_value(file) else {
            return String::new();
        };
        let entries = self.0.values().map(serde_json::to_value);
        document.insert("programs".into(), entries.filter_map(Result::ok).collect());
        crate::untrusted::pretty(&serde_json::Value::Object(document))
    }

    /// How many programs it knows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What grew beyond `growth` percent in an object, and what is new.
    pub(super) fn findings(
        &self,
        object: &ObjectReport,
        named: &str,
        growth: f64,
        cpus: u32,
    ) -> Vec<Finding> {
        let accepted = object
            .programs
            .iter()
            .filter(|p| matches!(p.outcome, Outcome::Accept));
        accepted
            .filter_map(|p| match self.0.get(&Key::new(named, p)) {
                Some(entry) => grown(entry, p, growth, cpus),
                None => Some(missing(p)),
            })
            .collect()
    }
}

fn missing(p: &ProgramReport) -> Finding {
    of_program(
        number::BASELINE_MISSING,
        p,
        text!("{} is not in the baseline for {}", p.program, p.column()),
    )
}

fn grown(entry: &Entry, p: &ProgramReport, growth: f64, cpus: u32) -> Option<Finding> {
    let more: Vec<String> = COMPARED
        .into_iter()
        .filter_map(|r| {
            let (before, now) = (entry.get(r)?, r.of(p, cpus)?);
            let limit = before as f64 * (1.0 + growth / 100.0);
            if now <= before || now as f64 <= limit {
                return None;
            }
            let share = match before {
                0 => String::new(),
                _ => format!(
                    " (+{:.1} %)",
                    now.saturating_sub(before) as f64 * 100.0 / before as f64
                ),
            };
            Some(format!("{} instead of {before}{share}", r.words(now)))
        })
        .collect();
    if more.is_empty() {
        return None;
    }
    let what = text!(
        "{} grew beyond the baseline and {growth} %: {}",
        p.program,
        more.join(", ")
    );
    Some(of_program(number::BASELINE_GROWTH, p, what))
}
