//! What a report has to complain of, as one flat list: refusals, what doesn't
//! load, what isn't decided, findings. The formats for machines read this, so
//! that they agree on what counts, and on how targets are merged.

use super::paths::{Paths, RepoPath};
use super::{Outcome, ProgramReport, Report};
use crate::diagnostics::{Diagnostic, Finding, Label, Place, Source};
use crate::rules::{self, Rule, Severity, why_undecided};
use crate::untrusted::{Untrusted, joined, text};

/// What kind of complaint it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A verifier refuses the program.
    Refused,
    /// A runtime lacks something that the program needs.
    Lacks,
    /// A loader fails before the verifier.
    LoadError,
    /// Not decided.
    Undecided,
    /// A fault of ours: a panic, or a fault after `accept`.
    Internal,
    /// A lint, policy, budget or portability finding.
    Finding,
}

/// Complaints that have no page: id, title, text.
pub(crate) const UNPAGED: [(Kind, &str, &str, &str); 3] = [
    (
        Kind::LoadError,
        "load-error",
        "The loader fails before the verifier is asked",
        "The object, one of its maps or a section is refused by the loader or by a call that precedes \
         verification.",
    ),
    (
        Kind::Undecided,
        "not-decided",
        "The verdict is not decided",
        "The program uses something that isn't modelled, or a budget of the tool ended. It is neither accepted \
         nor rejected; `--strict` makes this a failure.",
    ),
    (
        Kind::Internal,
        "internal-error",
        "The tool contradicts itself or failed",
        "A fault of the tool, not of the program; please report it.",
    ),
];

/// One complaint, over all targets for which it is the same.
#[derive(Clone, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) kind: Kind,
    /// Index of the object in the report.
    pub(crate) index: usize,
    pub(crate) object: &'a Untrusted,
    pub(crate) program: Option<&'a Untrusted>,
    pub(crate) targets: Vec<&'a Untrusted>,
    /// Ways of loading, where there are several.
    pub(crate) variants: Vec<&'a Untrusted>,
    /// `BPF0108`, or an id of [`UNPAGED`].
    pub(crate) id: String,
    pub(crate) rule: Option<&'static Rule>,
    pub(crate) severity: Severity,
    pub(crate) what: Untrusted,
    pub(crate) remedy: Option<Untrusted>,
    pub(crate) insn: Option<usize>,
    pub(crate) place: Option<&'a Place>,
    pub(crate) sources: &'a [Source],
    pub(crate) primary: Option<&'a Label>,
    pub(crate) secondary: &'a [Label],
    pub(crate) diagnostic: Option<&'a Diagnostic>,
    pub(crate) suppressed: Option<&'a Untrusted>,
    /// By a comment in the source.
    pub(crate) in_source: bool,
}

/// A piece of a source file; columns count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) file: RepoPath,
    pub(crate) line: u32,
    pub(crate) column: Option<u32>,
    /// One past the last character, on the same line.
    pub(crate) end: Option<u32>,
    /// The line's text; empty if unknown.
    pub(crate) text: Untrusted,
}

impl<'a> Item<'a> {
    fn new(kind: Kind, index: usize, object: &'a Untrusted, what: Untrusted) -> Item<'a> {
        Item {
            kind,
            index,
            object,
            program: None,
            targets: Vec::new(),
            variants: Vec::new(),
            id: unpaged(kind).to_owned(),
            rule: None,
            severity: Severity::Error,
            what,
            remedy: None,
            insn: None,
            place: None,
            sources: &[],
            primary: None,
            secondary: &[],
            diagnostic: None,
            suppressed: None,
            in_source: false,
        }
    }

    /// The rule's name, or the id of what has no page.
    #[cfg(feature = "cli")]
    pub(crate) fn name(&self) -> &str {
        self.rule.map_or(&self.id, |r| r.name)
    }

    /// The targets, and the variants if there are several, as text.
    pub(crate) fn places(&self) -> Untrusted {
        let targets = joined(&self.targets, ", ");
        match (&self.variants[..], targets.is_empty()) {
            ([], _) => targets,
            (variants, true) => text!("({})", joined(variants, ", ")),
            (variants, false) => text!("{} ({})", targets, joined(variants, ", ")),
        }
    }

    /// Where it is in the source, if that is known.
    pub(crate) fn region(&self, paths: &Paths<'_>) -> Option<Region> {
        let labelled = self
            .primary
            .and_then(|l| region(self.sources, l, self.object, paths));
        labelled.or_else(|| self.place.map(|p| region_of(p, self.object, paths)))
    }

    /// What stays the same when lines move: the rule, the program, the text of
    /// the line (or what was found, where there is none).
    pub(crate) fn fingerprint(&self, paths: &Paths<'_>) -> String {
        let line = self.region(paths).map(|r| r.text).filter(|t| !t.is_empty());
        let text = match (&line, self.diagnostic) {
            (Some(line), _) => line,
            (None, Some(d)) => &d.insn_text,
            (None, None) => &self.what,
        };
        let mut hash = Fnv::default();
        hash.add(&self.id);
        hash.add(self.program.map_or("", Untrusted::data));
        for word in text.data().split_whitespace() {
            hash.add(word);
        }
        format!("{:016x}", hash.0)
    }

    fn same_as(&self, other: &Item<'_>) -> bool {
        self.index == other.index
            && self.id == other.id
            && self.program == other.program
            && self.insn == other.insn
            && self.what == other.what
            && self.suppressed == other.suppressed
    }
}

/// FNV-1a, 64 bits: stable over versions and machines.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Adds a word and its end.
    fn add(&mut self, word: &str) {
        for byte in word.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

fn unpaged(kind: Kind) -> &'static str {
    let row = UNPAGED.iter().find(|(k, ..)| *k == kind);
    row.map_or("", |(_, id, ..)| id)
}

/// The place of a label; none if it points into a disassembly.
pub(crate) fn region(
    sources: &[Source],
    label: &Label,
    object: &Untrusted,
    paths: &Paths<'_>,
) -> Option<Region> {
    let source = sources.get(label.source).filter(|s| !s.is_listing())?;
    let (start, text) = source.line(label.line)?;
    let from = label.offset.checked_sub(start)?.min(text.len());
    let to = (from + label.len).min(text.len());
    let characters = |at: usize| text.get(..at).map(|t| t.chars().count() as u32 + 1);
    Some(Region {
        file: paths.source(&source.name, object),
        line: label.line,
        column: characters(from),
        end: characters(to).filter(|_| to > from),
        text: text.trim_end().into(),
    })
}

/// A place without its text.
pub(crate) fn region_of(place: &Place, object: &Untrusted, paths: &Paths<'_>) -> Region {
    Region {
        file: paths.source(&place.file, object),
        line: place.line,
        column: (place.column > 0).then_some(place.column),
        end: None,
        text: Untrusted::new(),
    }
}

/// All complaints, in the order of the report.
pub(crate) fn items(report: &Report) -> Vec<Item<'_>> {
    let mut all: Vec<Item<'_>> = Vec::new();
    for (index, object) in report.objects.iter().enumerate() {
        let name = &object.object;
        let mut of_object: Vec<Item<'_>> = Vec::new();
        for e in &object.load_errors {
            let what = text!("{} does not load: {}: {}", name, e.stage, e.reason);
            let item = Item::new(Kind::LoadError, index, name, what);
            push(&mut of_object, item, &e.target, &e.variant);
        }
        for p in &object.programs {
            for item in of_program(index, name, p) {
                push(&mut of_object, item, &p.target, &p.variant);
            }
            if let Some(item) = of_run(index, name, p) {
                push(&mut of_object, item, &p.target, &p.variant);
            }
        }
        of_object.extend(object.findings.iter().map(|f| of_finding(index, name, f)));
        all.extend(of_object);
    }
    all
}

/// Adds a complaint about a target, to the same one about others if there is.
fn push<'a>(
    all: &mut Vec<Item<'a>>,
    item: Item<'a>,
    target: &'a Untrusted,
    variant: &'a Untrusted,
) {
    let variants = Some(variant).filter(|v| !v.is_empty());
    match all.iter_mut().find(|i| i.same_as(&item)) {
        Some(same) => {
            same.severity = same.severity.max(item.severity);
            if !same.targets.contains(&target) {
                same.targets.push(target);
            }
            let new = variants.filter(|v| !same.variants.contains(v));
            same.variants.extend(new);
        }
        None => all.push(Item {
            targets: vec![target],
            variants: variants.into_iter().collect(),
            ..item
        }),
    }
}

fn of_program<'a>(index: usize, object: &'a Untrusted, p: &'a ProgramReport) -> Vec<Item<'a>> {
    let common = |kind: Kind, what: Untrusted| Item {
        program: Some(&p.program).filter(|n| !n.is_empty()),
        suppressed: p.suppressed.as_ref(),
        in_source: p.in_source,
        ..Item::new(kind, index, object, what)
    };
    let item = match &p.outcome {
        Outcome::Accept => return Vec::new(),
        Outcome::Lacks(lacks) => {
            let of_lack = |f: &'a Finding| Item {
                kind: Kind::Lacks,
                program: Some(&p.program),
                targets: Vec::new(),
                variants: Vec::new(),
                suppressed: f.suppressed.as_ref().or(p.suppressed.as_ref()),
                ..of_finding(index, object, f)
            };
            return lacks.iter().map(of_lack).collect();
        }
        Outcome::Reject(d) => {
            let refused = |d: &'a Diagnostic, what: Untrusted| Item {
                id: d.number(),
                rule: rules::by_number(d.code.number()),
                severity: p.severity,
                remedy: Some(d.remedy.clone()),
                insn: Some(d.insn),
                place: d.place.as_ref(),
                sources: &d.sources,
                primary: Some(&d.primary),
                secondary: &d.secondary,
                diagnostic: Some(d),
                ..common(Kind::Refused, what)
            };
            let further = d.further.iter().map(|more| {
                refused(
                    more,
                    text!("Once what is refused before is mended: {}", more.what),
                )
            });
            return [refused(d, d.what.clone())]
                .into_iter()
                .chain(further)
                .collect();
        }
        Outcome::Unknown {
            name,
            insn,
            place,
            internal,
        } => {
            let (kind, what) = match internal {
                None => (
                    Kind::Undecided,
                    text!(
                        "{} is not decided: {}",
                        p.program,
                        why_undecided(name.data(), p.target.data())
                    ),
                ),
                Some(detail) => (
                    Kind::Internal,
                    text!(
                        "{}: internal error, please report it: {}",
                        p.program,
                        detail
                    ),
                ),
            };
            let severity = match kind {
                Kind::Undecided => Severity::Warning,
                _ => Severity::Error,
            };
            Item {
                severity,
                insn: *insn,
                place: place.as_ref(),
                ..common(kind, what)
            }
        }
        Outcome::LoadError {
            stage,
            reason,
            rule,
        } => {
            let what = text!("{} does not load: {stage}: {}", p.program, reason);
            Item {
                id: rule.map_or_else(|| unpaged(Kind::LoadError).to_owned(), |r| r.id()),
                rule: *rule,
                severity: p.severity,
                place: p.usage.place.as_ref(),
                ..common(Kind::LoadError, what)
            }
        }
    };
    vec![item]
}

/// Without runs nothing goes wrong in them.
#[cfg(not(feature = "smoke"))]
fn of_run<'a>(_index: usize, _object: &'a Untrusted, _p: &'a ProgramReport) -> Option<Item<'a>> {
    None
}

/// A fault after `accept`.
#[cfg(feature = "smoke")]
fn of_run<'a>(index: usize, object: &'a Untrusted, p: &'a ProgramReport) -> Option<Item<'a>> {
    let fault = p.smoke.as_ref()?.fault.as_ref()?;
    let what = text!(
        "{} was accepted, but its run failed: {}; please report it",
        p.program,
        fault.what
    );
    Some(Item {
        program: Some(&p.program),
        insn: fault.insn.map(|i| i as usize),
        place: p.usage.place.as_ref(),
        ..Item::new(Kind::Internal, index, object, what)
    })
}

fn of_finding<'a>(index: usize, object: &'a Untrusted, f: &'a Finding) -> Item<'a> {
    Item {
        program: f.program.as_ref(),
        targets: f.targets.iter().collect(),
        variants: f.variants.iter().collect(),
        id: f.rule.id(),
        rule: Some(f.rule),
        severity: f.severity,
        remedy: Some((&f.remedy).into()),
        insn: f.insn,
        place: f.place.as_ref(),
        sources: &f.sources,
        primary: f.primary.as_ref(),
        secondary: &f.secondary,
        suppressed: f.suppressed.as_ref(),
        in_source: f.in_source,
        ..Item::new(Kind::Finding, index, object, f.what.clone())
    }
}
