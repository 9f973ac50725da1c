//! What verifiers say.

use super::{Object, Span, Target};
use crate::abstract_interp::{Code, Refusal, Stats};
use crate::check::{self, Options};
use crate::diagnostics::{Diagnostic, Finding};
use crate::report::{Outcome, ProgramReport};
use crate::rules::{Severity, why_undecided};
use crate::untrusted::Untrusted;

/// Asks for the verdict on an object's programs.
///
/// Nothing set, it asks the default target about all programs, lints what is accepted
/// and (with the feature `smoke`) runs it on a few inputs.
#[derive(Clone, Debug)]
pub struct Check {
    targets: Vec<Target>,
    program: Option<String>,
    lints: bool,
    #[cfg(feature = "smoke")]
    smoke: bool,
}

impl Default for Check {
    fn default() -> Check {
        Check {
            targets: Vec::new(),
            program: None,
            lints: true,
            #[cfg(feature = "smoke")]
            smoke: true,
        }
    }
}

impl Check {
    /// Nothing set.
    pub fn new() -> Check {
        Check::default()
    }

    /// Asks this target, too.
    #[must_use]
    pub fn target(mut self, target: Target) -> Check {
        self.targets.push(target);
        self
    }

    /// Asks about this program only.
    #[must_use]
    pub fn program(mut self, name: impl Into<String>) -> Check {
        self.program = Some(name.into());
        self
    }

    /// Whether what is accepted is linted.
    #[must_use]
    pub fn lints(mut self, lints: bool) -> Check {
        self.lints = lints;
        self
    }

    /// Whether what is accepted is run.
    #[cfg(feature = "smoke")]
    #[must_use]
    pub fn smoke(mut self, smoke: bool) -> Check {
        self.smoke = smoke;
        self
    }

    /// Asks.
    pub fn on(&self, object: &Object) -> CheckReport {
        let default = Target::default();
        let asked = match &self.targets[..] {
            [] => std::slice::from_ref(&default),
            targets => targets,
        };
        let choices: Vec<_> = asked.iter().map(Target::choice).collect();
        let report = check::check(
            object.bytes(),
            &Options {
                only: self.program.as_deref(),
                lints: self.lints,
                #[cfg(feature = "smoke")]
                smoke: self.smoke,
                ..Options::new(object.name(), &choices)
            },
        );
        let mut out = CheckReport::default();
        for object in report.objects {
            let failures = object.load_errors.into_iter().map(|e| LoadFailure {
                target: e.target.into_data(),
                stage: e.stage.to_owned(),
                reason: e.reason.into_data(),
            });
            out.load_failures.extend(failures);
            out.programs
                .extend(object.programs.into_iter().map(Checked::of));
            out.advice.extend(object.findings.iter().map(Advice::of));
        }
        out
    }
}

/// What [`Check`] found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CheckReport {
    /// Each program on each target: programs in the object's order, for each the
    /// targets as asked.
    pub programs: Vec<Checked>,
    /// Why loaders refuse the object as a whole.
    pub load_failures: Vec<LoadFailure>,
    /// What lints have to say.
    pub advice: Vec<Advice>,
}

impl CheckReport {
    /// Whether every program is accepted on every target, and the object loads.
    pub fn accepted(&self) -> bool {
        let accepted = |p: &Checked| matches!(p.verdict, Verdict::Accept);
        self.load_failures.is_empty() && self.programs.iter().all(accepted)
    }
}

/// A failure of the loader, before any verifier is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadFailure {
    /// On which target.
    pub target: String,
    /// The step that fails: `open`, `section`, `map`, `prepare` or `syscall`.
    pub stage: String,
    /// What the loader would say.
    pub reason: String,
}

/// One program on one target.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The program.
    pub program: String,
    /// Its section.
    pub section: String,
    /// Its type, as loaders name it.
    pub prog_type: String,
    /// The target.
    pub target: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Instructions that the verifier processed over all paths; none if it was not
    /// asked.
    pub processed: Option<u64>,
    /// A fault of a run after `accept`: the tool contradicts itself, or the target's
    /// verifier has a hole.
    #[cfg(feature = "smoke")]
    pub smoke_fault: Option<String>,
}

impl Checked {
    fn of(row: ProgramReport) -> Checked {
        Checked {
            processed: row.stats.map(|s: Stats| s.processed),
            verdict: Verdict::of(row.outcome, row.target.data()),
            program: row.program.into_data(),
            section: row.section.into_data(),
            prog_type: row.prog_type.to_owned(),
            target: row.target.into_data(),
            #[cfg(feature = "smoke")]
            smoke_fault: row.smoke.and_then(|s| s.fault).map(|f| f.what.into_data()),
        }
    }
}

/// The verdict on one program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The target loads it.
    Accept,
    /// The target's verifier refuses it.
    Reject(Box<Rejection>),
    /// The runtime lacks what it needs.
    Lacks(Vec<Advice>),
    /// The loader fails before the verifier is asked.
    LoadError(LoadFailure),
    /// Not decided: something isn't modelled, or a budget ended. Never to be taken for
    /// [`Verdict::Accept`].
    Unknown {
        /// The stable name of what isn't modelled.
        name: String,
        /// Why, in words.
        reason: String,
        /// Where it was met.
        span: Option<Span>,
    },
}

impl Verdict {
    fn of(outcome: Outcome, target: &str) -> Verdict {
        match outcome {
            Outcome::Accept => Verdict::Accept,
            Outcome::Reject(d) => Verdict::Reject(Box::new(Rejection::of(*d))),
            Outcome::Lacks(lacks) => Verdict::Lacks(lacks.iter().map(Advice::of).collect()),
            Outcome::LoadError { stage, reason, .. } => Verdict::LoadError(LoadFailure {
                target: target.to_owned(),
                stage: stage.to_owned(),
                reason: reason.into_data(),
            }),
            Outcome::Unknown {
                name,
                place,
                internal,
                ..
            } => Verdict::Unknown {
                reason: internal
                    .map_or_else(|| why_undecided(name.data(), target), Untrusted::into_data),
                span: place.as_ref().map(Span::bare),
                name: name.into_data(),
            },
        }
    }

    /// The stable word: `accept`, `reject`, `load-error` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Accept => "accept",
            Verdict::Reject(_) | Verdict::Lacks(_) => "reject",
            Verdict::LoadError(_) => "load-error",
            Verdict::Unknown { .. } => "unknown",
        }
    }
}

/// Why a verifier refuses a program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rejection {
    /// The rule that is broken; its number and name are stable.
    pub code: Code,
    /// What was refused, in one sentence.
    pub what: String,
    /// Why verifiers insist.
    pub why: String,
    /// How it is mended.
    pub remedy: String,
    /// Key words of the message that the target's kernel prints.
    pub kernel_words: String,
    /// Slot of the refused instruction.
    pub insn: usize,
    /// The refused place.
    pub span: Span,
    /// Where the value at fault came from, oldest first.
    pub story: Vec<Span>,
    /// The same as facts: the fault with its evidence, and what registers held.
    pub refusal: Refusal,
}

impl Rejection {
    fn of(d: Diagnostic) -> Rejection {
        let span = |label| Span::of(label, &d.sources);
        Rejection {
            code: d.code,
            span: span(&d.primary),
            story: d.secondary.iter().map(span).collect(),
            what: d.what.into_data(),
            why: d.why.into_data(),
            remedy: d.remedy.into_data(),
            kernel_words: d.kernel_words.into_data(),
            insn: d.insn,
            refusal: d.refusal,
        }
    }
}

/// What a lint, or a comparison with what a runtime has, finds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Advice {
    /// The rule's stable name.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, in one sentence.
    pub what: String,
    /// How it is mended.
    pub remedy: String,
    /// The program, unless it is about the object.
    pub program: Option<String>,
    /// The place.
    pub span: Option<Span>,
    /// The targets for which it holds; none if it doesn't depend on them.
    pub targets: Vec<String>,
}

impl Advice {
    fn of(finding: &Finding) -> Advice {
        let label = finding.primary.as_ref();
        let label = label.map(|l| Span::of(l, &finding.sources));
        Advice {
            rule: finding.rule.name,
            severity: finding.severity,
            what: finding.what.data().to_owned(),
            remedy: finding.remedy.clone(),
            program: finding.program.clone().map(Untrusted::into_data),
            span: label.or_else(|| finding.place.as_ref().map(Span::bare)),
            targets: finding
                .targets
                .iter()
                .map(|t| t.data().to_owned())
                .collect(),
        }
    }
}
