//! What smoke runs come to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::coverage::Coverage;
use super::engine::{Fault, RunResult};
use super::image::Def;
use super::inputs::Input;
use super::runtime::Output;
use crate::budget::{Ended, is_budget};

/// What all runs come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmokeVerdict {
    /// Every run ended by `exit`, and the engines agree.
    Pass,
    /// A run did not.
    Fault,
    /// Nothing was run, or nothing can be said: why.
    Skipped(String),
}

impl SmokeVerdict {
    /// The budget of the whole run ended the smoke runs.
    pub fn is_ended(&self) -> bool {
        matches!(self, SmokeVerdict::Skipped(why) if is_budget(why))
    }
}

impl fmt::Display for SmokeVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SmokeVerdict::Pass => f.write_str("pass"),
            SmokeVerdict::Fault => f.write_str("fault"),
            SmokeVerdict::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}

/// A map at the end of a run.
#[derive(Clone, Debug)]
pub struct MapState {
    /// Its definition.
    pub def: Def,
    /// Keys and values as user space reads them (per-CPU values in a row, each
    /// padded to eight bytes). Of arrays only the elements that are not all zero.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What a run left behind, kept on demand.
#[derive(Clone, Debug, Default)]
pub struct After {
    /// The packet's bytes; `None` for types without one.
    pub packet: Option<Vec<u8>>,
    /// The maps, as the image numbers them.
    pub maps: Vec<MapState>,
}

/// One run.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// What it was fed with.
    pub input: Input,
    /// How it ended.
    pub result: RunResult,
    /// What its return value means to the hook, if that has a name.
    pub meaning: Option<&'static str>,
    /// Instructions executed.
    pub insns: u64,
    /// What it gave out.
    pub output: Output,
    /// The packet afterwards, if it changed.
    pub packet: Option<Vec<u8>>,
    /// Maps that changed, by name.
    pub maps_changed: BTreeSet<String>,
    /// What it left behind, if that was to be kept.
    pub after: Option<After>,
    /// How rbpf ended, if it disagrees.
    pub disagreement: Option<String>,
}

/// What a program did on its inputs.
#[derive(Clone, Debug)]
pub struct SmokeReport {
    /// In a word.
    pub verdict: SmokeVerdict,
    /// Every run.
    pub runs: Vec<RunReport>,
    /// Helpers and kfuncs called, by name, with counts over all runs.
    pub called: BTreeMap<String, u64>,
    /// Those that were only modelled.
    pub modelled: BTreeSet<String>,
    /// How much of the program some run reached.
    pub coverage: Coverage,
    /// The slots that no run reached, of those that can be.
    pub unreached: Vec<u32>,
    /// Inputs that were tried beside the runs, and reached nothing new.
    pub tried: usize,
    /// For each slot, whether some run reached it.
    pub seen: Vec<bool>,
}

impl SmokeReport {
    /// The report of a program that is not run.
    pub fn skipped(why: String) -> SmokeReport {
        SmokeReport {
            verdict: SmokeVerdict::Skipped(why),
            runs: Vec::new(),
            called: BTreeMap::new(),
            modelled: BTreeSet::new(),
            coverage: Coverage::default(),
            unreached: Vec::new(),
            tried: 0,
            seen: Vec::new(),
        }
    }

    /// The first fault, with the input that leads to it.
    pub fn fault(&self) -> Option<(&Input, &Fault)> {
        self.runs.iter().find_map(|r| match &r.result {
            Err(fault) if !fault.kind.is_inconclusive() => Some((&r.input, fault)),
            _ => None,
        })
    }

    /// Runs in which the engines disagree.
    pub fn disagreements(&self) -> impl Iterator<Item = &RunReport> {
        self.runs.iter().filter(|r| r.disagreement.is_some())
    }

    /// Instructions executed in all runs.
    pub fn insns(&self) -> u64 {
        self.runs.iter().map(|r| r.insns).sum()
    }

    /// The verdict that follows from the runs.
    pub(super) fn conclude(&self, ended: Option<Ended>) -> SmokeVerdict {
        if self.fault().is_some() || self.disagreements().next().is_some() {
            return SmokeVerdict::Fault;
        }
        if let Some(ended) = ended {
            return SmokeVerdict::Skipped(ended.name().to_owned());
        }
        let inconclusive = self.runs.iter().find_map(|r| r.result.as_ref().err());
        match inconclusive {
            // One run that ends well is worth a pass; none is worth nothing.
            Some(fault) if self.runs.iter().all(|r| r.result.is_err()) => {
                SmokeVerdict::Skipped(fault.kind.to_string())
            }
            _ => SmokeVerdict::Pass,
        }
    }
}
