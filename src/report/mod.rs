//! Reports: what `check` found, and its renderings.
//!
//! A [`Report`] holds everything a rendering needs; renderings read it and
//! nothing else. Order is the order of objects, programs and targets as given.

pub mod audit;
#[cfg(feature = "cli")]
pub mod brief;
#[cfg(feature = "cli")]
mod draw;
pub mod github;
#[cfg(feature = "cli")]
pub mod gitlab;
#[cfg(feature = "cli")]
pub mod html;
pub(crate) mod items;
pub mod json;
pub mod jsonl;
#[cfg(feature = "cli")]
pub mod junit;
#[cfg(feature = "cli")]
pub mod markdown;
pub mod matrix;
pub mod paths;
#[cfg(feature = "cli")]
pub mod profile;
#[cfg(feature = "cli")]
pub mod read;
#[cfg(feature = "smoke")]
pub mod run;
#[cfg(feature = "smoke")]
pub mod run_differs;
#[cfg(feature = "cli")]
pub mod run_html;
#[cfg(feature = "cli")]
pub mod run_text;
pub mod sarif;
mod size;
#[cfg(feature = "smoke")]
pub mod smoke;
#[cfg(feature = "cli")]
pub mod text;
pub mod values;

use crate::abstract_interp::Stats;
use crate::budget::Ended;
use crate::diagnostics::{Diagnostic, Finding, Place};
use crate::programs::ManifestFault;
use crate::rules::{Rule, Severity, why_undecided};
use crate::untrusted::{Untrusted, joined, text};

/// What `check` found in all objects.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One entry per input, in order.
    pub objects: Vec<ObjectReport>,
    /// Which part of a run it is, if it is a part.
    pub shard: Option<Shard>,
}

/// A part of a run that is split over processes or machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 1.
    pub part: u32,
    /// How many parts there are.
    pub of: u32,
    /// Where its objects stand among all, in order. What follows them concerns no
    /// object.
    pub positions: Vec<usize>,
}

/// What was found in one input.
#[derive(Clone, Debug)]
pub struct ObjectReport {
    /// The input's name as given.
    pub object: Untrusted,
    /// Why it could not be read at all.
    pub error: Option<InputError>,
    /// What was stated of its load and does not fit it.
    pub unmet: Vec<ManifestFault>,
    /// What the loader would say of the object as a whole, per target.
    pub load_errors: Vec<LoadErrorReport>,
    /// One entry per program and target.
    pub programs: Vec<ProgramReport>,
    /// What lints, policy, budgets and portability have to say, by program,
    /// instruction and rule; the suppressed ones too.
    pub findings: Vec<Finding>,
}

impl ObjectReport {
    /// The findings that aren't suppressed.
    pub fn shown(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.suppressed.is_none())
    }
}

/// An input that is not a BPF object, or is damaged.
#[derive(Clone, Debug)]
pub struct InputError {
    /// Section, where known.
    pub section: Option<Untrusted>,
    /// Byte offset, where known.
    pub offset: Option<u64>,
    /// What is wrong.
    pub reason: Untrusted,
}

impl InputError {
    /// All of it in a sentence.
    pub fn text(&self) -> Untrusted {
        let mut out = Untrusted::new();
        if let Some(section) = self.section.as_ref().filter(|s| !s.is_empty()) {
            out.push(&text!("section {}: ", section));
        }
        if let Some(offset) = self.offset {
            out.push(&text!("at offset {offset:#x}: "));
        }
        out.push(&self.reason);
        out
    }
}

/// A failure before the verifier, in the loader's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadErrorReport {
    /// The stage that failed: `open`, `section`, `map`, `prepare`, `syscall`.
    pub stage: &'static str,
    /// What the loader would say.
    pub reason: Untrusted,
    /// The target.
    pub target: Untrusted,
    /// The way in which the object is loaded; empty if there is but one.
    pub variant: Untrusted,
}

/// The column of a target and a variant: `linux-6.18`, `linux-6.18 (big)`.
pub(crate) fn column(target: &Untrusted, variant: &Untrusted) -> Untrusted {
    match variant.is_empty() {
        true => target.clone(),
        false => text!("{} ({})", target, variant),
    }
}

impl LoadErrorReport {
    /// Its column in tables.
    pub fn column(&self) -> Untrusted {
        column(&self.target, &self.variant)
    }
}

/// What was found of one program on one target.
#[derive(Clone, Debug)]
pub struct ProgramReport {
    /// The program's name.
    pub program: Untrusted,
    /// Its section.
    pub section: Untrusted,
    /// Its type as the loader names it.
    pub prog_type: &'static str,
    /// Its attach type, or empty.
    pub attach_type: &'static str,
    /// The target's name.
    pub target: Untrusted,
    /// The way in which the object is loaded; empty if there is but one.
    pub variant: Untrusted,
    /// The verdict.
    pub outcome: Outcome,
    /// Instruction slots, functions included.
    pub insns: usize,
    /// What the exploration cost; absent if there was none.
    pub stats: Option<Stats>,
    /// How long it took, if somebody measured.
    pub verify_us: Option<u64>,
    /// What the runtime has in part only of what the program needs.
    pub partial: Option<Box<Finding>>,
    /// What came of running it; `None` if it was not accepted, or not to be run.
    #[cfg(feature = "smoke")]
    pub smoke: Option<smoke::Smoke>,
    /// What was assumed of its maps, as a manifest would state it.
    pub assumes: Vec<Untrusted>,
    /// What it uses, whatever the verdict.
    pub usage: Usage,
    /// What a page steps through, if one is made.
    #[cfg(feature = "cli")]
    pub view: Option<std::sync::Arc<crate::view::View>>,
    /// Where its verification spent its budget, if that was asked for.
    #[cfg(feature = "cli")]
    pub profile: Option<std::sync::Arc<crate::view::profile::ProfileView>>,
    /// How a refusal counts.
    pub severity: Severity,
    /// Why a verdict other than `accept` doesn't count, if it doesn't.
    pub suppressed: Option<Untrusted>,
    /// By a comment in the source.
    pub in_source: bool,
}

impl ProgramReport {
    /// The row of a program of which no more is known than what came of it.
    pub fn blank(target: &Untrusted, outcome: Outcome) -> ProgramReport {
        ProgramReport {
            program: Untrusted::new(),
            section: Untrusted::new(),
            prog_type: "",
            attach_type: "",
            target: target.clone(),
            variant: Untrusted::new(),
            outcome,
            insns: 0,
            stats: None,
            verify_us: None,
            partial: None,
            #[cfg(feature = "smoke")]
            smoke: None,
            assumes: Vec::new(),
            usage: Usage::default(),
            #[cfg(feature = "cli")]
            view: None,
            #[cfg(feature = "cli")]
            profile: None,
            severity: Severity::Error,
            suppressed: None,
            in_source: false,
        }
    }

    /// Its column in tables.
    pub fn column(&self) -> Untrusted {
        column(&self.target, &self.variant)
    }

    /// Blocks of a hundred that no run reached, if it was run.
    pub fn unreached_percent(&self) -> Option<u64> {
        #[cfg(feature = "smoke")]
        {
            let known = self.smoke.as_ref().map(|s| s.coverage);
            let known = known.filter(crate::smoke::Coverage::is_known)?;
            Some(100u64.saturating_sub(known.percent() as u64))
        }
        #[cfg(not(feature = "smoke"))]
        None
    }

    /// What came of running it, in words.
    fn ran(&self) -> Option<String> {
        #[cfg(feature = "smoke")]
        return self.smoke.as_ref().map(smoke::Smoke::words);
        #[cfg(not(feature = "smoke"))]
        None
    }
}

/// What a program uses; known without a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Where the program begins in the source.
    pub place: Option<Place>,
    /// Bytes of its maps when full, on a machine of one CPU.
    pub map_bytes: u64,
    /// Of these, bytes that each further CPU takes again.
    pub map_bytes_per_cpu: u64,
    /// The helpers and kfuncs that it calls, each once, by name.
    pub callees: Vec<Untrusted>,
}

impl Usage {
    /// Bytes of its maps when full.
    pub fn map_memory(&self, cpus: u32) -> u64 {
        let more = self
            .map_bytes_per_cpu
            .saturating_mul(u64::from(cpus.saturating_sub(1)));
        self.map_bytes.saturating_add(more)
    }
}

/// The verdict on one program.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The kernel loads it.
    Accept,
    /// The kernel refuses it.
    Reject(Box<Diagnostic>),
    /// Not decided.
    Unknown {
        /// The construct that isn't modelled, or the budget that ended.
        name: Untrusted,
        /// Slot at which it was met.
        insn: Option<usize>,
        /// Where that is in the source.
        place: Option<Place>,
        /// Not a limit but a fault of ours: what it said.
        internal: Option<Untrusted>,
    },
    /// A runtime lacks things that the program needs: at least one.
    Lacks(Vec<Finding>),
    /// The loader fails before the verifier.
    LoadError {
        /// The stage that failed.
        stage: &'static str,
        /// What the loader would say.
        reason: Untrusted,
        /// The page about it, where there is one.
        rule: Option<&'static Rule>,
    },
}

impl Outcome {
    /// The stable word.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Accept => "accept",
            Outcome::Reject(_) | Outcome::Lacks(_) => "reject",
            Outcome::Unknown { .. } => "unknown",
            Outcome::LoadError { .. } => "load-error",
        }
    }
}

/// How many programs came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Accepted.
    pub accept: usize,
    /// Refused.
    pub reject: usize,
    /// Not decided.
    pub unknown: usize,
    /// Never offered to the verifier.
    pub load_error: usize,
    /// Inputs that could not be read.
    pub unreadable: usize,
    /// Faults of ours among the unknown.
    pub internal: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are notes.
    pub notes: usize,
    /// Findings that are suppressed.
    pub suppressed: usize,
}

impl Report {
    /// Whether somebody stopped the run before it was done.
    pub fn partial(&self) -> bool {
        let stopped = Ended::Stopped.name();
        let mut programs = self.objects.iter().flat_map(|o| &o.programs);
        programs.any(|p| matches!(&p.outcome, Outcome::Unknown { name, .. } if name == stopped))
    }

    /// Counts verdicts.
    pub fn totals(&self) -> Totals {
        let mut t = Totals::default();
        for object in &self.objects {
            t.unreadable += usize::from(object.error.is_some());
            t.load_error += object.load_errors.len();
            for f in &object.findings {
                match f.severity {
                    _ if f.suppressed.is_some() => t.suppressed += 1,
                    Severity::Error => t.errors += 1,
                    Severity::Warning => t.warnings += 1,
                    Severity::Note => t.notes += 1,
                }
            }
            for p in &object.programs {
                match &p.outcome {
                    Outcome::Accept => t.accept += 1,
                    Outcome::Reject(_) | Outcome::Lacks(_) => t.reject += 1,
                    Outcome::LoadError { .. } => t.load_error += 1,
                    Outcome::Unknown { internal, .. } => {
                        t.unknown += 1;
                        t.internal += usize::from(internal.is_some());
                    }
                }
            }
        }
        t
    }
}

/// The flat record of one program: the fields of a `jsonl` line, shared with the
/// JSON report.
pub(crate) fn flat(
    object: &Untrusted,
    p: &ProgramReport,
) -> serde_json::Map<String, serde_json::Value> {
    use serde_json::{Value, json};
    let (mut code, mut class, mut message, mut insn, mut place) = (None, None, None, None, None);
    match &p.outcome {
        Outcome::Accept => {}
        Outcome::Reject(d) => {
            code = Some(d.number());
            class = Some(d.class.clone().into());
            message = Some(d.what.clone());
            insn = Some(d.insn);
            place = d.place.clone();
        }
        Outcome::Lacks(lacks) => {
            if let Some(first) = lacks.first() {
                code = Some(first.rule.id());
                class = Some(first.rule.name.into());
                insn = first.insn;
                place = first.place.clone();
            }
            message = Some(joined(lacks.iter().map(|f| &f.what), "; "));
        }
        Outcome::Unknown {
            name,
            insn: at,
            place: here,
            internal,
        } => {
            class = Some(name.clone());
            message = Some(match internal {
                Some(detail) => text!("internal error: {}", detail),
                None => text!(
                    "not decided: {}",
                    why_undecided(name.data(), p.target.data())
                ),
            });
            insn = *at;
            place = here.clone();
        }
        Outcome::LoadError {
            stage,
            reason,
            rule,
        } => {
            code = rule.map(|r| r.id());
            class = Some(Untrusted::from(*stage));
            message = Some(reason.clone());
        }
    }
    let stats = p.stats;
    let mut map = serde_json::Map::new();
    let mut put = |key: &str, value: Value| {
        map.insert(key.to_owned(), value);
    };
    put("object", json!(object));
    put("program", json!(p.program));
    put("section", json!(p.section));
    put("prog_type", json!(p.prog_type));
    put("attach_type", json!(p.attach_type));
    put("target", json!(p.target));
    put("verdict", json!(p.outcome.word()));
    put("code", json!(code));
    put("class", json!(class));
    put("message", json!(message));
    put("insn", json!(insn));
    put("file", json!(place.as_ref().map(|p| &p.file)));
    put("line", json!(place.as_ref().map(|p| p.line)));
    put("insns", json!(p.insns));
    put("processed", json!(stats.map(|s| s.processed)));
    put("total_states", json!(stats.map(|s| s.total_states)));
    put("peak_states", json!(stats.map(|s| s.peak_states)));
    put("stack_depth", json!(stats.map(|s| s.stack_depth)));
    put("verify_us", json!(p.verify_us));
    put("smoke", json!(p.ran()));
    put("smoke_coverage", coverage(p));
    put("assumes", json!(p.assumes));
    let variant = Some(&p.variant).filter(|v| !v.is_empty());
    put("variant", json!(variant));
    put("column", json!(place.as_ref().map(|p| p.column)));
    put("callees", json!(p.usage.callees));
    put("map_bytes", json!(p.usage.map_bytes));
    put("map_bytes_per_cpu", json!(p.usage.map_bytes_per_cpu));
    map
}

/// How much of a program its runs reached, of what verification reached.
#[cfg(feature = "smoke")]
fn coverage(p: &ProgramReport) -> serde_json::Value {
    let known = p.smoke.as_ref().map(|s| s.coverage);
    let known = known.filter(crate::smoke::Coverage::is_known);
    known.map_or(serde_json::Value::Null, |c| {
        serde_json::json!({
            "insns_reached": c.insns.0,
            "insns": c.insns.1,
            "blocks_reached": c.blocks.0,
            "blocks": c.blocks.1,
        })
    })
}

#[cfg(not(feature = "smoke"))]
fn coverage(_: &ProgramReport) -> serde_json::Value {
    serde_json::Value::Null
}
