//! `check`: verify every program of the objects for every target.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::args::{CheckArgs, Explain, FailOn, Format};
use super::console::complain;
use super::inputs::{self, Targets};
use super::repo::Repo;
use super::sources::SourceFiles;
use super::spend::{Spending, micros};
use super::walk::{self, Input};
use super::{Failure, config, exit, output, stated};
use crate::check::{Options, check, not_begun};
use crate::config::{self as judging, Baseline};
use crate::limits;
use crate::report::text::Detail;
use crate::report::{self, InputError, ObjectReport, Report};
use crate::view::Shelf;

/// What was found of the inputs, and by what it is judged.
pub(super) struct Checked {
    pub(super) report: Report,
    pub(super) loaded: config::Loaded,
    pub(super) repo: Repo,
    strict: bool,
}

/// Checks all inputs; nothing is judged or written yet.
pub(super) fn checked(args: &CheckArgs, spending: &Spending) -> Result<Checked, Failure> {
    let loaded = config::load(args)?;
    let mut open = args.open.clone();
    if open.target.is_empty() && open.profile.is_empty() {
        let configured = loaded.settings.config.targets.iter();
        open.target = configured.map(|(name, _)| name.clone()).collect();
    }
    inputs::configured(&mut open, &loaded.settings.config.kernel);
    let targets = Targets::open(&open)?;
    let choices = targets.choices();
    let prog_type = inputs::prog_type(&args.open)?;
    let strict = args.strict || loaded.settings.config.strict;
    let (manifest, variants) = stated::of_check(args, &loaded)?;
    let repo = Repo::new(args);
    let common = common_sources(args, &repo);
    let budget = &spending.budget;
    let objects = walk::expand(&args.open, &args.objects, budget);
    let page = args.format == Format::Html || args.report.iter().any(|(f, _)| *f == Format::Html);
    let shelf = page.then(|| Shelf::new(limits::PAGE_VIEW_BYTES, limits::PAGE_STEPS));
    let one = |input: &Input| -> Report {
        let path = &*input.path;
        let name = &input.name;
        if let Some(ended) = budget.ended().filter(|_| !input.is_refused()) {
            return not_begun(&Options::new(name, &choices), ended);
        }
        let beside = match &common {
            Some(_) => None,
            None => Some(SourceFiles::new(Some(folder(path)))),
        };
        let sources = common.as_ref().or(beside.as_ref());
        let source_text = |name: &str| sources?.text(name);
        let options = Options {
            kind: input.kind(&args.open),
            prog_type,
            loader: args.open.loader.into(),
            assume: !strict,
            manifest: &manifest,
            variants: &variants,
            only: args.open.prog.as_deref(),
            source_text: &source_text,
            views: shelf.as_ref(),
            clock: Some(micros),
            budget: Some(budget),
            further: match (args.all, args.format) {
                (true, _) => 16,
                (false, Format::Text | Format::Sarif) => 2,
                (false, _) => 0,
            },
            smoke: !args.no_smoke,
            settings: Some(&loaded.settings),
            ..Options::new(name, &choices)
        };
        // Its bytes, and those of the sections read from it: known before they are there.
        let mut account = budget.open();
        let held = account.hold(input.size().saturating_mul(2));
        let report = match (held, input.read_if(held.is_ok())) {
            (_, Err(failure)) => unreadable(name, &failure),
            (Err(ended), _) => not_begun(&options, ended),
            (Ok(()), Ok(bytes)) => check(&bytes, &options),
        };
        budget.keep(report.bytes());
        report
    };
    let pool = &spending.pool;
    let parts: Vec<Report> = pool.install(|| objects.par_iter().map(one).collect());
    let report = Report {
        objects: parts.into_iter().flat_map(|r| r.objects).collect(),
    };
    stated::unmet(&report)?;
    if let Some(name) = &args.open.prog
        && report
            .objects
            .iter()
            .all(|o| o.programs.is_empty() && o.error.is_none() && o.load_errors.is_empty())
    {
        return Err(Failure::usage(format!("no program named {name}")));
    }
    Ok(Checked {
        report,
        loaded,
        repo,
        strict,
    })
}

impl Checked {
    /// Judges the report by the configuration and the command line.
    pub(super) fn judge(&mut self, args: &CheckArgs) -> Result<(), Failure> {
        let baseline = config::baseline(args, &self.loaded)?;
        let file = self.loaded.file.as_ref();
        let name = |given: &str| self.repo.name(given);
        let judged = judging::Run {
            file: file.map(|(name, text)| (name.as_str(), text.as_str())),
            baseline: baseline.as_ref(),
            name: &name,
            only: args.open.prog.as_deref(),
        };
        judging::judge(&mut self.report, &self.loaded.settings, &judged);
        Ok(())
    }
}

/// Runs the verb.
pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    let spending = Spending::new(&args.spend)?;
    let mut done = checked(args, &spending)?;
    let kept = args.write_baseline.as_ref().map(|path| {
        let cpus = done.loaded.settings.config.cpus;
        let name = |given: &str| done.repo.name(given);
        (path, Baseline::of(&done.report, cpus, &name).render())
    });
    done.judge(args)?;
    // A file that cannot be written does not keep the others from being written.
    let kept = kept.iter();
    let mut written: Vec<Result<(), Failure>> = kept
        .map(|(path, text)| output::write(text, Some(path)))
        .collect();
    let Checked {
        report,
        loaded,
        repo,
        strict,
    } = done;
    let code = code(&report, args, &loaded.settings, strict);
    let main = [(args.format, args.output.as_ref())];
    let more = args
        .report
        .iter()
        .map(|(format, file)| (*format, Some(file)));
    for (format, file) in main.into_iter().chain(more) {
        let file = file.map(PathBuf::as_path);
        let mut text = rendered(&report, format, file, args, &repo, (code, strict));
        if args.stats && format == Format::Text {
            text.push_str(&spending.line());
        }
        written.push(output::write(&text, file));
    }
    let failures = written.into_iter().filter_map(Result::err);
    match failures.reduce(|first, next| first.and(&next)) {
        Some(failure) => Err(failure),
        None => Ok(code),
    }
}

/// The source files of all objects: below the roots that are asked for, or in the
/// repository; none if each object has its own, in its folder.
fn common_sources(args: &CheckArgs, repo: &Repo) -> Option<SourceFiles> {
    if args.source_root.is_empty() {
        return repo.known_root().map(|root| SourceFiles::new(Some(root)));
    }
    let roots = args.source_root.iter().map(PathBuf::as_path);
    Some(SourceFiles::new(roots))
}

/// The folder of an object.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The report in one format.
fn rendered(
    report: &Report,
    format: Format,
    file: Option<&Path>,
    args: &CheckArgs,
    repo: &Repo,
    (code, strict): (u8, bool),
) -> String {
    let exists = |path: &str| repo.holds(path);
    let paths = repo.paths(&exists);
    match format {
        Format::Json => report::json::render(report),
        Format::Jsonl => report::jsonl::render(report),
        Format::Sarif => report::sarif::render(report, &paths, code),
        Format::Github => report::github::render(report, &paths),
        Format::Gitlab => report::gitlab::render(report, &paths),
        Format::Junit => report::junit::render(report, strict),
        Format::Markdown => report::markdown::render(report, &paths),
        Format::Html => report::html::render(report),
        Format::Text => {
            let mut style = output::style(file);
            style.stats = args.stats;
            style.all = !args.quiet;
            style.detail = match args.explain {
                Explain::Full => Detail::Full,
                Explain::Normal => Detail::Normal,
                Explain::Short => Detail::Short,
            };
            report::text::render(report, style)
        }
    }
}

fn code(report: &Report, args: &CheckArgs, settings: &judging::Settings, strict: bool) -> u8 {
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
        for object in &report.objects {
            if let Some(error) = &object.error {
                complain!("{}: {}", object.object, error.text());
            }
        }
        return exit::USAGE;
    }
    if t.unknown > 0 {
        complain!("{} program(s) not decided", t.unknown);
    }
    let asked = args.fail_on.map(|on| match on {
        FailOn::Note => judging::FailOn::Note,
        FailOn::Warning => judging::FailOn::Warning,
        FailOn::Error => judging::FailOn::Error,
        FailOn::Reject => judging::FailOn::Reject,
        FailOn::Unknown => judging::FailOn::Unknown,
        FailOn::Never => judging::FailOn::Never,
    });
    let on = asked.or(settings.config.fail_on).unwrap_or_default();
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

/// The report of an input that could not be read.
pub(super) fn unreadable(name: &str, failure: &Failure) -> Report {
    let reason = failure.about(name);
    Report {
        objects: vec![ObjectReport {
            object: name.into(),
            unmet: Vec::new(),
            error: Some(InputError {
                section: None,
                offset: None,
                reason,
            }),
            load_errors: Vec::new(),
            programs: Vec::new(),
            findings: Vec::new(),
        }],
    }
}
