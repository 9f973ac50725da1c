//! A report in the format that is asked for, and the exit code that it stands for; of one
//! run or of several put together.

use std::path::{Path, PathBuf};

use super::args::{Explain, FailOn, Format};
use super::console::complain;
use super::repo::Repo;
use super::{Failure, exit, output};
use crate::config::{self as judging};
use crate::report::text::Detail;
use crate::report::{self, Report};

/// How reports are written.
pub(super) struct Dress<'a> {
    /// The main one, and further ones.
    pub(super) format: Format,
    pub(super) output: Option<&'a Path>,
    pub(super) more: &'a [(Format, PathBuf)],
    /// The main one is on standard output already.
    pub(super) streamed: bool,
    pub(super) repo: &'a Repo,
    pub(super) stats: bool,
    pub(super) explain: Explain,
    pub(super) quiet: bool,
    pub(super) strict: bool,
}

impl Dress<'_> {
    /// Writes all of them. `last` is what the text of a run with statistics ends with.
    pub(super) fn write(&self, report: &Report, code: u8, last: &str) -> Result<(), Failure> {
        let main = (!self.streamed).then_some((self.format, self.output));
        output::reports(main, self.more, &|format, file| {
            let mut text = self.rendered(report, format, file, code);
            if self.stats && format == Format::Text {
                text.push_str(last);
            }
            text
        })
    }

    /// The report in one format.
    fn rendered(&self, report: &Report, format: Format, file: Option<&Path>, code: u8) -> String {
        let exists = |path: &str| self.repo.holds(path);
        let paths = self.repo.paths(&exists);
        match format {
            Format::Json => report::json::render(report),
            Format::Jsonl => report::jsonl::render(report),
            Format::Sarif => report::sarif::render(report, &paths, code),
            Format::Github => report::github::render(report, &paths),
            Format::Gitlab => report::gitlab::render(report, &paths),
            Format::Junit => report::junit::render(report, self.strict),
            Format::Markdown => report::markdown::render(report, &paths),
            Format::Html => report::html::render(report),
            Format::Short => report::brief::short(report, output::style(file)),
            Format::Grouped => report::brief::grouped(report, output::style(file)),
            Format::Text => {
                let mut style = output::style(file);
                style.stats = self.stats;
                style.all = !self.quiet;
                style.detail = match self.explain {
                    Explain::Full => Detail::Full,
                    Explain::Normal => Detail::Normal,
                    Explain::Short => Detail::Short,
                };
                report::text::render(report, style)
            }
        }
    }
}

impl From<FailOn> for judging::FailOn {
    fn from(on: FailOn) -> Self {
        match on {
            FailOn::Note => Self::Note,
            FailOn::Warning => Self::Warning,
            FailOn::Error => Self::Error,
            FailOn::Reject => Self::Reject,
            FailOn::Unknown => Self::Unknown,
            FailOn::Never => Self::Never,
        }
    }
}

/// The exit code of a report. Complains of what standard output, if a report is there,
/// does not show to people.
pub(super) fn code(
    report: &Report,
    on: judging::FailOn,
    strict: bool,
    format: Option<Format>,
) -> u8 {
    let shown = format.is_some_and(|f| matches!(f, Format::Text | Format::Short | Format::Grouped));
    let t = report.totals();
    if t.internal > 0 {
        complain!(
            "{} program(s) ended in an internal error; please report it",
            t.internal
        );
        return exit::INTERNAL;
    }
    if smoke_faults(report) > 0 {
        return exit::INTERNAL;
    }
    if t.unreadable > 0 {
        for object in report.objects.iter().filter(|_| !shown) {
            if let Some(error) = &object.error {
                complain!("{}: {}", object.object, error.text());
            }
        }
        return exit::USAGE;
    }
    if t.unknown > 0 && !shown {
        complain!("{} program(s) not decided", t.unknown);
    }
    if judging::fails(report, on, strict) {
        exit::FINDINGS
    } else {
        exit::CLEAN
    }
}

/// Complains of every fault after `accept`; how many there were.
fn smoke_faults(report: &Report) -> usize {
    let mut count = 0;
    for object in &report.objects {
        for p in &object.programs {
            let Some(fault) = p.smoke.as_ref().and_then(|s| s.fault.as_ref()) else {
                continue;
            };
            count += 1;
            complain!(
                "{} {} on {}: accepted, but its run failed: {}; please report it",
                object.object,
                p.program,
                p.target,
                fault.what
            );
            if let Some(command) = fault.reproducer(&object.object, &p.program) {
                complain!("reproduce with: {}", command);
            }
        }
    }
    count
}
