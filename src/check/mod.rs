//! The whole way from bytes to a report.
//!
//! Parsing is shared; linking is done once per target; verification runs in
//! parallel over programs and targets; what is accepted is linted and run. A panic
//! of one verification becomes an `internal-error` of that program and leaves the
//! others alone.

mod assumed;
mod attach;
mod audit;
mod capabilities;
mod changed;
mod document;
mod each;
mod findings;
#[cfg(feature = "smoke")]
mod holes;
mod outdated;
mod policy;
mod portability;
mod program;
mod remedies;
mod series;
mod shared;
mod sharing;
#[cfg(feature = "smoke")]
mod smoke;
pub mod types;
mod variants;
mod verify;
mod vmlinux;
#[cfg(feature = "smoke")]
mod witness;

pub use document::json;
pub use sharing::{Sharing, Tally};
pub use vmlinux::vmlinux_target;

pub use audit::{DEFAULT_CPUS, audit, unread};

use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "smoke")]
use std::sync::Arc;

use self::each::each;
use self::program::check_program;
use self::verify::{Looked, internal, panic_text, undecided};
use crate::budget::{Account, Budget, Ended};
use crate::config::Settings;
use crate::diagnostics::SourceText;
use crate::helpers_spec::{self, AttachType, ProgType};
use crate::object::{Btf, Object};
use crate::programs::link::MAX_LINKED_BYTES;
use crate::programs::{
    self, LineTable, LinkOptions, LoadError, Loader, Manifest, ManifestFault, Program, raw,
};
use crate::report::{InputError, LoadErrorReport, ObjectReport, ProgramReport, Report};
#[cfg(feature = "smoke")]
use crate::smoke::scenario::Scenario;
use crate::target::Target;
use crate::untrusted::Untrusted;

/// A kernel to predict for.
#[derive(Clone, Copy)]
pub struct TargetChoice<'a> {
    /// The kernel.
    pub target: &'a Target,
    /// Its types, if at hand: [`types::of_target`] gives those that come with the tool.
    pub kernel_btf: Option<&'a Btf>,
}

/// What an input's bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputKind {
    /// An ELF object.
    #[default]
    Elf,
    /// Assembler text.
    Asm,
    /// Instruction slots as hexadecimal digits.
    Hex,
    /// Instruction slots as little-endian bytes.
    Binary,
}

/// What to check, for whom.
pub struct Options<'a> {
    /// The input's name in the report.
    pub name: &'a str,
    /// What its bytes are.
    pub kind: InputKind,
    /// Kernels, in the order of the report.
    pub targets: &'a [TargetChoice<'a>],
    /// Program type that overrides what the sections say.
    pub prog_type: Option<(ProgType, Option<AttachType>)>,
    /// Who loads the object: whether what older loaders read is read (`maps` sections,
    /// section names that only begin like a known one, a single program in `.text`),
    /// what is mended of maps, and whether what they leave open is assumed.
    pub loader: Loader,
    /// Whether a lenient loader assumes what is left open.
    pub assume: bool,
    /// What user space sets before the load.
    pub manifest: &'a Manifest,
    /// Ways in which the object is loaded, each verified by itself with `manifest` and
    /// what it states; none: only with `manifest`.
    pub variants: &'a [Variant],
    /// Run the lints over the object and what is accepted of it.
    pub lints: bool,
    /// Only the program of this name.
    pub only: Option<&'a str>,
    /// Where source files are found.
    pub source_text: SourceText<'a>,
    /// Where what a page steps through is put, if one is made.
    #[cfg(feature = "cli")]
    pub views: Option<&'a crate::view::Shelf>,
    /// Whether it is told where the budget went.
    #[cfg(feature = "cli")]
    pub profile: bool,
    /// A clock in microseconds, if exploration is to be timed.
    pub clock: Option<fn() -> u64>,
    /// What the run that this input belongs to may spend.
    pub budget: Option<&'a Budget>,
    /// Whether what one target's verification found serves others that answer the same.
    pub sharing: Sharing<'a>,
    /// Further refusals that are sought behind the first, each assuming that those
    /// before are mended.
    pub further: usize,
    /// Run what is accepted.
    #[cfg(feature = "smoke")]
    pub smoke: bool,
    /// The world that it runs in; none: what seeds make.
    #[cfg(feature = "smoke")]
    pub world: Option<&'a World>,
    /// What the project's configuration and the command line say of rules.
    pub settings: Option<&'a Settings>,
}

/// A stated world of smoke runs.
#[cfg(feature = "smoke")]
#[derive(Clone, Debug)]
pub struct World {
    /// The name of its file, as commands name it.
    pub file: String,
    /// What it states.
    pub scenario: Arc<Scenario>,
}

/// A way in which an object is loaded.
#[derive(Clone, Debug, Default)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What user space sets then.
    pub manifest: Manifest,
}

static NOTHING_SET: Manifest = Manifest::new();

impl<'a> Options<'a> {
    /// Options for an ELF object, without files or clock.
    pub fn new(name: &'a str, targets: &'a [TargetChoice<'a>]) -> Options<'a> {
        Options {
            name,
            kind: InputKind::Elf,
            targets,
            prog_type: None,
            loader: Loader::Any,
            assume: true,
            manifest: &NOTHING_SET,
            variants: &[],
            lints: true,
            only: None,
            source_text: &|_| None,
            #[cfg(feature = "cli")]
            views: None,
            #[cfg(feature = "cli")]
            profile: false,
            clock: None,
            budget: None,
            sharing: Sharing::On,
            further: 0,
            #[cfg(feature = "smoke")]
            smoke: true,
            #[cfg(feature = "smoke")]
            world: None,
            settings: None,
        }
    }

    /// Whether explorations are shared: there is somebody to share with.
    fn shares(&self) -> bool {
        !self.sharing.is_off() && self.targets.len() > 1
    }

    /// An account for one piece of work.
    fn account(&self) -> Account<'a> {
        self.budget.map_or(Account::FREE, Budget::open)
    }
}

/// Checks one input for every target.
pub fn check(bytes: &[u8], options: &Options<'_>) -> Report {
    let object = catch_unwind(AssertUnwindSafe(|| variants::check(bytes, options)));
    let object = object.unwrap_or_else(|panic| {
        let mut report = empty(options);
        let detail = panic_text(&*panic);
        report.programs = options
            .targets
            .iter()
            .map(|t| internal(t.target, "", "", detail.clone()))
            .collect();
        report
    });
    Report {
        objects: vec![object],
        ..Report::default()
    }
}

/// The report of an input for which the run's budget has nothing left.
pub fn not_begun(options: &Options<'_>, ended: Ended) -> Report {
    let mut object = empty(options);
    let rows = options.targets.iter();
    object.programs = rows.map(|t| undecided(t.target, ended)).collect();
    Report {
        objects: vec![object],
        ..Report::default()
    }
}

fn empty(options: &Options<'_>) -> ObjectReport {
    ObjectReport {
        object: options.name.into(),
        error: None,
        unmet: Vec::new(),
        load_errors: Vec::new(),
        programs: Vec::new(),
        findings: Vec::new(),
    }
}

/// A report with the indices of its program and target.
type Job = (usize, usize, ProgramReport);

/// An input, read.
enum Opened {
    Object(Box<Object>),
    Raw(Box<Program>),
}

fn open(bytes: &[u8], options: &Options<'_>) -> Result<Opened, InputError> {
    if options.kind == InputKind::Elf {
        return match Object::parse(bytes) {
            Ok(object) => Ok(Opened::Object(Box::new(object))),
            Err(e) => Err(InputError {
                section: Some(e.section.into()),
                offset: Some(e.offset),
                reason: e.reason.into(),
            }),
        };
    }
    let input = match options.kind {
        InputKind::Elf | InputKind::Asm => raw::Input::Asm(bytes),
        InputKind::Hex => raw::Input::Hex(bytes),
        InputKind::Binary => raw::Input::Slots(bytes),
    };
    raw::program(input, options.name, options.prog_type)
        .map(|p| Opened::Raw(Box::new(p)))
        .map_err(|reason| InputError {
            section: None,
            offset: None,
            reason: reason.into(),
        })
}

/// Links the programs of an input for one target.
fn linked(opened: &Opened, choice: &TargetChoice<'_>, options: &Options<'_>) -> programs::Linked {
    linked_like(opened, choice, options, (None, None))
}

/// Links for all targets. What does not depend on the target is there once.
fn link_all(opened: &Opened, options: &Options<'_>) -> Vec<programs::Linked> {
    let Some((first, rest)) = options.targets.split_first() else {
        return Vec::new();
    };
    let lines = match opened {
        Opened::Object(object) => Some(LineTable::new(object)),
        Opened::Raw(_) => None,
    };
    let link = |choice, like| linked_like(opened, choice, options, (lines.as_ref(), like));
    let first = link(first, None);
    let rest = each(rest.iter().collect(), |choice| link(choice, Some(&first)));
    std::iter::once(first).chain(rest).collect()
}

/// The part of the run's memory that linked programs may take: one in so many.
const LINKED_SHARE: u64 = 4;

fn linked_like(
    opened: &Opened,
    choice: &TargetChoice<'_>,
    options: &Options<'_>,
    (lines, like): (Option<&LineTable>, Option<&programs::Linked>),
) -> programs::Linked {
    let memory = options.budget.map_or(u64::MAX, Budget::memory);
    let most = memory / LINKED_SHARE / options.targets.len().max(1) as u64;
    let legacy = options.loader.reads_legacy();
    // A runtime is asked what it lacks, which linking must not prevent.
    let runtime = choice.target.profile().is_some();
    let kfunc_exists = |name: &str| runtime || choice.target.has_kfunc(name);
    // Of a series the release tells; what a kernel lists decides over it.
    let listed = choice.target.offer().is_some();
    let map_type_exists = |ty: u32| listed.then(|| choice.target.map_type(ty).there());
    // Other loaders take the first part of a section name (`tc/tail`).
    let type_of = |section: &str, _program: &str| {
        let (first, _) = section.split_once('/').filter(|_| legacy)?;
        let info = helpers_spec::section(first, true)?;
        Some((info.prog_type, info.attach))
    };
    let link_options = LinkOptions {
        kernel_btf: choice.kernel_btf,
        force_type: options.prog_type,
        type_of: &type_of,
        kfunc_exists: &kfunc_exists,
        map_type_exists: &map_type_exists,
        release: choice.target.release,
        legacy_sections: legacy,
        legacy_maps: legacy,
        loader: options.loader,
        manifest: options.manifest,
        assume: options.assume,
        lines,
        like,
        most_bytes: usize::try_from(most)
            .map_or(MAX_LINKED_BYTES, |most| most.min(MAX_LINKED_BYTES)),
        ..LinkOptions::default()
    };
    match opened {
        Opened::Object(object) => programs::link(object, &link_options),
        Opened::Raw(program) => programs::link_raw(program, &link_options),
    }
}

/// The programs of an input, linked for the first target; for tools that show
/// programs rather than check them.
pub fn programs_of(
    bytes: &[u8],
    options: &Options<'_>,
) -> Result<Vec<Result<Program, LoadError>>, InputError> {
    let opened = open(bytes, options)?;
    if let Some(fault) = unmet(&opened, options).first() {
        return Err(InputError {
            section: None,
            offset: None,
            reason: fault.to_string().into(),
        });
    }
    Ok(options
        .targets
        .first()
        .map_or_else(Vec::new, |choice| linked(&opened, choice, options).programs))
}

/// What the manifest states and an input does not have.
fn unmet(opened: &Opened, options: &Options<'_>) -> Vec<ManifestFault> {
    match opened {
        Opened::Object(object) => options.manifest.faults(object),
        Opened::Raw(_) => Vec::new(),
    }
}

fn check_object(bytes: &[u8], options: &Options<'_>) -> ObjectReport {
    let mut report = empty(options);
    let source = match open(bytes, options) {
        Ok(opened) => opened,
        Err(e) => {
            report.error = Some(e);
            return report;
        }
    };
    report.unmet = unmet(&source, options);
    if report.unmet.iter().any(|fault| !fault.absent) {
        return report;
    }
    let links = link_all(&source, options);
    for (link, choice) in links.iter().zip(options.targets) {
        report
            .load_errors
            .extend(link.object_errors.iter().map(|e| LoadErrorReport {
                stage: e.kind.stage(),
                reason: (&e.reason).into(),
                target: (&choice.target.name).into(),
                variant: Untrusted::new(),
            }));
    }
    let count = links.iter().map(|l| l.programs.len()).max().unwrap_or(0);
    let checked = each((0..count).collect(), |p| check_program(p, &links, options));
    let (done, looked): (Vec<Job>, Vec<Option<Looked>>) = checked.into_iter().flatten().unzip();
    if options.lints {
        report.findings.extend(findings::of_object(
            &source, &links, &done, &looked, options,
        ));
    }
    let mut done = done;
    if links.len() > 1 {
        changed::tell(&mut done, &links, options);
    }
    #[cfg(feature = "smoke")]
    if options.smoke {
        witness::tell(&mut done, &links, options);
        let unsafe_there = smoke::run_accepted(&mut done, &looked, &links, options);
        report.findings.extend(unsafe_there);
    }
    report.programs = done.into_iter().map(|(_, _, report)| report).collect();
    let partial = report.programs.iter_mut().filter_map(|p| p.partial.take());
    report.findings.extend(partial.map(|f| *f));
    report.findings.extend(assumed::findings(&links, options));
    report.findings.extend(policy::denied(&links, options));
    report.findings.extend(shared::findings(&links, options));
    let object = match &source {
        Opened::Object(object) => Some(&**object),
        Opened::Raw(_) => None,
    };
    report
        .findings
        .extend(outdated::findings(object, &links, options));
    if options.lints {
        report.findings.extend(attach::findings(&links, options));
    }
    report.findings.sort_by(|a, b| a.order().cmp(&b.order()));
    report
}
