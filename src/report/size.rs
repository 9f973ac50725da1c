//! What a report takes in memory, as far as inputs can make it grow.

use super::{ObjectReport, Outcome, ProgramReport, Report};
use crate::diagnostics::{Diagnostic, Finding, Help, Label, Source};

impl Report {
    /// Bytes, about.
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(|o| object(o) as u64).sum()
    }
}

fn object(o: &ObjectReport) -> usize {
    let programs = o.programs.iter().map(program);
    let findings = o.findings.iter().map(finding);
    let errors = o.load_errors.iter().map(|e| 128 + e.reason.len());
    o.object.len() + programs.chain(findings).chain(errors).sum::<usize>()
}

fn program(p: &ProgramReport) -> usize {
    let outcome = match &p.outcome {
        Outcome::Reject(d) => diagnostic(d),
        _ => 0,
    };
    #[cfg(feature = "cli")]
    let outcome = outcome + p.view.as_ref().map_or(0, |v| v.bytes());
    #[cfg(feature = "cli")]
    let outcome = outcome + p.profile.as_ref().map_or(0, |v| v.bytes());
    let callees: usize = p.usage.callees.iter().map(|c| 24 + c.len()).sum();
    size_of::<ProgramReport>() + p.program.len() + p.section.len() + outcome + callees
}

fn diagnostic(d: &Diagnostic) -> usize {
    let words = d.what.len() + d.why.len() + d.remedy.len() + d.kernel_words.len();
    let registers: usize = d.registers.iter().map(|(_, text)| 32 + text.len()).sum();
    let branches = d.branches.len() * 128;
    let helps = d.helps.iter().map(|h| {
        let edit = h.edit.as_ref();
        let lines = edit.map_or(0, |e| e.new.iter().map(|l| 24 + l.len()).sum());
        size_of::<Help>() + h.text.len() + lines
    });
    let further = d.further.iter().map(diagnostic);
    size_of::<Diagnostic>()
        + helps.chain(further).sum::<usize>()
        + words
        + registers
        + branches
        + sources(&d.sources)
        + labels(&d.secondary)
}

fn finding(f: &Finding) -> usize {
    let targets: usize = f.targets.iter().map(|t| 24 + t.len()).sum();
    let words = f.what.len() + f.remedy.len();
    size_of::<Finding>() + words + targets + sources(&f.sources) + labels(&f.secondary)
}

fn labels(list: &[Label]) -> usize {
    list.iter().map(|l| size_of::<Label>() + l.text.len()).sum()
}

fn sources(list: &[Source]) -> usize {
    list.iter().map(|s| size_of::<Source>() + s.bytes()).sum()
}
