//! `check`: verify every program of the objects for every target.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::args::{CheckArgs, Explain, Format, OpenArgs};
use super::cache::Cache;
use super::dress::{self, Dress};
use super::inputs::{self, Targets};
use super::nearest::nearest;
use super::repo::Repo;
use super::seen::Seen;
use super::sources::SourceFiles;
use super::spend::{Spending, micros};
use super::walk::{self, Input};
use super::{Failure, config, output, stated, watch};
use crate::budget::Budget;
use crate::check::{Options, TargetChoice, check, not_begun, programs_of};
use crate::config::{self as judging, Baseline};
use crate::diagnostics::group;
use crate::limits;
use crate::report::{InputError, ObjectReport, Report, Shard};
use crate::view::Shelf;

/// What was found of the inputs, and by what it is judged.
pub(super) struct Checked {
    pub(super) report: Report,
    pub(super) loaded: config::Loaded,
    pub(super) repo: Repo,
    /// The source files of all objects; none if each has its own.
    common: Option<SourceFiles>,
    strict: bool,
    /// Names of inputs that other parts of the run look at.
    others: Vec<String>,
    /// What became of the cache, in a line.
    cached: String,
    /// No input has the program that is asked for.
    lacking: Option<Failure>,
}

/// Checks all inputs; nothing is judged or written yet.
pub(super) fn checked(args: &CheckArgs, spending: &Spending) -> Result<Checked, Failure> {
    checked_by(args, spending, &Seen::nobody())?.settled()
}

/// The same, while somebody looks on; what is asked for and not there is not looked at yet.
pub(super) fn checked_by(
    args: &CheckArgs,
    spending: &Spending,
    seen: &Seen,
) -> Result<Checked, Failure> {
    let loaded = config::load(args)?;
    let targets = Targets::open(&loaded.open(&args.open)?)?;
    let choices = targets.choices();
    let prog_type = inputs::prog_type(&args.open)?;
    let world = match args.no_smoke {
        true => None,
        false => config::world(&loaded)?,
    };
    let strict = args.strict || loaded.settings.config.strict;
    let (manifest, variants) = stated::of_check(args, &loaded)?;
    let beside = loaded.file.as_ref().map(|_| &*loaded.directory);
    let repo = Repo::of(args.out.repo_root.as_deref(), beside, &args.out.path_prefix);
    let common = common_sources(args, &repo);
    let budget = &spending.budget;
    let all = walk::expand(&args.open, &args.objects, budget);
    let (objects, shard, others) = part_of(all, args.shard);
    seen.expect(objects.len());
    let shelf = asked_as(args, &[Format::Html])
        .then(|| Shelf::new(limits::PAGE_VIEW_BYTES, limits::PAGE_STEPS));
    let further = match args.all {
        true => 16,
        false if asked_as(args, &[Format::Text, Format::Sarif]) => 2,
        false => 0,
    };
    let profile = args.costs || args.cost_stacks.is_some();
    // What is on a page or in stacks is not kept. All that is asked, but what a run may spend.
    let cache = (shelf.is_none() && args.cost_stacks.is_none()).then(|| {
        let targets = targets.identity();
        let loader = args.open.loader;
        let only = &args.open.prog;
        let asked = format!(
            "{targets} {prog_type:?} {loader:?} {strict} {manifest:?} {variants:?} {only:?} \
             {further} {profile} {} {world:?} {}",
            args.no_smoke,
            loaded.settings.while_checking(),
        );
        Cache::open(&args.cache, &asked)
    });
    let cache = cache.flatten();
    let one = |input: &Input| -> Report {
        let path = &*input.path;
        let name = &input.name;
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
            profile,
            clock: Some(micros),
            budget: Some(budget),
            further,
            smoke: !args.no_smoke,
            world: world.as_ref(),
            settings: Some(&loaded.settings),
            ..Options::new(name, &choices)
        };
        within(budget, input, &options, &|bytes| match &cache {
            Some(cache) => cache.check(bytes, &options, sources),
            None => check(bytes, &options),
        })
    };
    let pool = &spending.pool;
    let told = |(at, input): (usize, &Input)| {
        let report = one(input);
        seen.saw(at, &report);
        report
    };
    let parts: Vec<Report> = pool.install(|| objects.par_iter().enumerate().map(told).collect());
    let cached = cache.map_or_else(String::new, |cache| cache.close());
    let report = Report {
        objects: parts.into_iter().flat_map(|r| r.objects).collect(),
        shard,
    };
    let nothing =
        |o: &ObjectReport| o.programs.is_empty() && o.error.is_none() && o.load_errors.is_empty();
    let mut lacking = None;
    if let Some(name) = &args.open.prog
        && report.objects.iter().all(nothing)
        // Another part of the run may have it.
        && !program_names(&others, &args.open, &choices).contains(name)
    {
        let all = objects.iter().chain(&others);
        lacking = Some(no_program(name, all, &args.open, &choices));
    }
    Ok(Checked {
        report,
        loaded,
        repo,
        common,
        strict,
        others: others.into_iter().map(|input| input.name).collect(),
        cached,
        lacking,
    })
}

/// What is found of one input, if there is room for it.
pub(super) fn within(
    budget: &Budget,
    input: &Input,
    options: &Options<'_>,
    check: &dyn Fn(&[u8]) -> Report,
) -> Report {
    if let Some(ended) = budget.ended().filter(|_| !input.is_refused()) {
        return not_begun(options, ended);
    }
    // Its bytes, and those of the sections read from it: known before they are there.
    let mut account = budget.open();
    let held = account.hold(input.size().saturating_mul(2));
    let report = match (held, input.read_if(held.is_ok())) {
        (_, Err(failure)) => unreadable(&input.name, &failure),
        (Err(ended), _) => not_begun(options, ended),
        (Ok(()), Ok(bytes)) => check(&bytes),
    };
    budget.keep(report.bytes());
    report
}

/// Whether a report is written in one of these formats.
fn asked_as(args: &CheckArgs, formats: &[Format]) -> bool {
    let more = args.out.report.iter().map(|(format, _)| *format);
    let mut all = std::iter::once(args.out.format).chain(more);
    all.any(|format| formats.contains(&format))
}

/// What is wrong with the name of a program that no input has.
pub(super) fn no_program<'a>(
    name: &str,
    inputs: impl IntoIterator<Item = &'a Input>,
    open: &OpenArgs,
    choices: &[TargetChoice<'_>],
) -> Failure {
    let names = program_names(inputs, open, choices);
    let meant = nearest(name, names.iter().map(String::as_str));
    Failure::usage(format!("no program named {name}{meant}"))
}

/// The programs that there are.
fn program_names<'a>(
    inputs: impl IntoIterator<Item = &'a Input>,
    open: &OpenArgs,
    choices: &[TargetChoice<'_>],
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for input in inputs {
        let options = Options {
            kind: input.kind(open),
            ..Options::new(&input.name, choices)
        };
        let programs = input.read().ok().map(|b| programs_of(&b, &options));
        for program in programs.and_then(Result::ok).into_iter().flatten() {
            names.insert(match program {
                Ok(program) => program.name.to_string(),
                Err(e) => e.program.map_or_else(String::new, |name| name.to_string()),
            });
        }
    }
    names
}

/// The inputs of one part of a run, where they stand among all, and the others.
///
/// The name decides, so that parts are the same for the same arguments on any machine.
fn part_of(all: Vec<Input>, shard: Option<(u32, u32)>) -> (Vec<Input>, Option<Shard>, Vec<Input>) {
    let Some((part, of)) = shard else {
        return (all, None, Vec::new());
    };
    let mut shard = Shard {
        part,
        of,
        positions: Vec::new(),
    };
    let (mut inputs, mut others) = (Vec::new(), Vec::new());
    for (at, input) in all.into_iter().enumerate() {
        if spread(&input.name) % of == part - 1 {
            shard.positions.push(at);
            inputs.push(input);
        } else {
            others.push(input);
        }
    }
    (inputs, Some(shard), others)
}

/// A number that a name stands for, spread evenly.
fn spread(name: &str) -> u32 {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::digest(name.as_bytes());
    hash.iter().take(4).fold(0, |n, b| n << 8 | u32::from(*b))
}

impl Checked {
    /// These results and those of other inputs that were asked the same.
    pub(super) fn and(self, other: Checked) -> Checked {
        let mut whole = self;
        whole.report.objects.extend(other.report.objects);
        whole.lacking = whole.lacking.and(other.lacking);
        whole
    }

    /// Fails if what is asked for is nowhere: a program, a variable that is set.
    pub(super) fn settled(self) -> Result<Checked, Failure> {
        stated::unmet(&self.report)?;
        match self.lacking {
            Some(failure) => Err(failure),
            None => Ok(self),
        }
    }

    /// Judges the report by the configuration and the command line.
    pub(super) fn judge(&mut self, args: &CheckArgs) -> Result<(), Failure> {
        let baseline = config::baseline(args, &self.loaded)?;
        let file = self.loaded.file.as_ref();
        let name = |given: &str| self.repo.name(given);
        // What is asked comes object by object.
        let own: RefCell<Option<(String, SourceFiles)>> = RefCell::default();
        let judged = judging::Run {
            file: file.map(|(name, text)| (name.as_str(), text.as_str())),
            baseline: baseline.as_ref(),
            name: &name,
            only: args.open.prog.as_deref(),
            others: &self.others,
            source: &|object, file| match &self.common {
                Some(files) => files.text(file),
                None => {
                    let mut own = own.borrow_mut();
                    let (_, files) = match own.take().filter(|(of, _)| of == object) {
                        Some(known) => own.insert(known),
                        None => {
                            let files = SourceFiles::new(Some(folder(Path::new(object))));
                            own.insert((object.to_owned(), files))
                        }
                    };
                    files.text(file)
                }
            },
        };
        judging::judge(&mut self.report, &self.loaded.settings, &judged);
        Ok(())
    }
}

/// Runs the verb.
pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    match args.watch {
        true => watch::run(args),
        false => once(args),
    }
}

/// Runs it once.
pub(super) fn once(args: &CheckArgs) -> Result<u8, Failure> {
    let spending = Spending::new(&args.spend)?;
    let mut seen = Seen::progress(args.quiet, args.verbose);
    if args.out.format == Format::Jsonl && args.out.output.is_none() {
        seen = seen.lines();
    }
    let done = checked_by(args, &spending, &seen);
    seen.end();
    let mut done = done?.settled()?;
    let kept = args.write_baseline.as_ref().map(|path| {
        let cpus = done.loaded.settings.config.cpus;
        let name = |given: &str| done.repo.name(given);
        (path, Baseline::of(&done.report, cpus, &name).render())
    });
    done.judge(args)?;
    let kept = kept.iter();
    let kept = kept.map(|(path, text)| output::write(text, Some(path)));
    let kept = Failure::first_of(kept);
    all_written(args, done, &spending, seen.streams(), kept)
}

/// Writes the reports of what was judged.
pub(super) fn written(args: &CheckArgs, done: Checked, spending: &Spending) -> Result<u8, Failure> {
    all_written(args, done, spending, false, Ok(()))
}

fn all_written(
    args: &CheckArgs,
    mut done: Checked,
    spending: &Spending,
    streamed: bool,
    kept: Result<(), Failure>,
) -> Result<u8, Failure> {
    for object in &mut done.report.objects {
        group(&mut object.findings);
    }
    let asked = args.fail_on.map(judging::FailOn::from);
    let on = asked.or(done.loaded.settings.config.fail_on);
    let shown = args.out.output.is_none().then_some(args.out.format);
    let code = dress::code(&done.report, on.unwrap_or_default(), done.strict, shown);
    let dress = Dress {
        format: args.out.format,
        output: args.out.output.as_deref(),
        more: &args.out.report,
        streamed,
        repo: &done.repo,
        stats: args.stats || args.verbose,
        explain: match args.verbose && args.explain == Explain::Normal {
            true => Explain::Full,
            false => args.explain,
        },
        quiet: args.quiet,
        strict: done.strict,
    };
    let last = format!("{}{}", spending.line(), done.cached);
    let stacks = args.cost_stacks.iter().map(|path| {
        let text = crate::report::profile::folded(&done.report);
        output::write(&text, Some(path))
    });
    let written = dress.write(&done.report, code, &last);
    Failure::first_of([kept].into_iter().chain(stacks).chain([written]))?;
    Ok(code)
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

/// The report of an input that could not be read.
fn unreadable(name: &str, failure: &Failure) -> Report {
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
        ..Report::default()
    }
}
