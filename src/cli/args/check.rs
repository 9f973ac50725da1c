//! Arguments of `check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{OpenArgs, SpendArgs};
use crate::cli::roots::Reach;

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// Objects, and what holds some: programs, libraries, `.a`, `.skel.h`, `.gz`, `.xz`, `.zst`;
    /// directories, patterns (`'build/**/*.o'`), `-` for standard input, one object of a
    /// file (`xdp-filter!prog.o`); `.bpfasm`, `.hex` and `.bin` are raw programs.
    #[arg(required = true, value_name = "OBJ")]
    pub(in crate::cli) objects: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) open: OpenArgs,
    /// One more way in which objects are loaded, with globals as this dump of a map has them
    /// (`bpftool --json map dump`), beside the object as it is (`baseline`); repeatable.
    #[arg(long, value_name = "NAME=FILE", value_parser = named)]
    pub(in crate::cli) variant_rodata: Vec<(String, PathBuf)>,
    /// Verifies only these variants of the configuration [default: all]; repeatable, and a
    /// comma-separated list.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(in crate::cli) variant: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) out: ReportArgs,
    #[command(flatten)]
    pub(in crate::cli) rules: RuleArgs,
    #[command(flatten)]
    pub(in crate::cli) spend: SpendArgs,
    /// What fails the run [default: error].
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(in crate::cli) fail_on: Option<FailOn>,
    /// A program that is not decided fails the run.
    #[arg(long)]
    pub(in crate::cli) strict: bool,
    /// Compare with what programs took when this file was written.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// Write what programs take to this file.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) write_baseline: Option<PathBuf>,
    /// Growth over the baseline that is let pass, in percent [default: 10].
    #[arg(long, value_name = "PERCENT")]
    pub(in crate::cli) max_growth: Option<String>,
    /// Tell what each verification cost.
    #[arg(long)]
    pub(in crate::cli) stats: bool,
    /// Tell where each verification's budget went: lines, functions, loops, and what kept
    /// states apart (text, JSON).
    #[arg(long)]
    pub(in crate::cli) costs: bool,
    /// Write the same as folded stacks, which flame graphs are drawn from.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) cost_stacks: Option<PathBuf>,
    /// After a refusal go on as if it were mended, and report what is refused then, too
    /// (up to 16 times; without it twice, if text or SARIF is among the reports).
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// Text: how much is told of a refusal.
    #[arg(long, value_enum, default_value = "normal")]
    pub(in crate::cli) explain: Explain,
    /// Don't run what is accepted.
    #[arg(long)]
    pub(in crate::cli) no_smoke: bool,
    /// Directory where the source files are looked for, and outside of which none is read;
    /// repeatable [default: the repository's root, else the object's folder].
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) source_root: Vec<PathBuf>,
    /// Text: leave accepted programs out; no progress on standard error.
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
    /// Text: as `--explain full --stats`; tells of each object on standard error.
    #[arg(long, short, conflicts_with = "quiet")]
    pub(in crate::cli) verbose: bool,
    /// Only this part of the objects (`1/4` to `4/4`), the same for the same names, so that
    /// a run can be split; `bpfassay merge` puts JSON reports of the parts together.
    #[arg(long, value_name = "I/N", value_parser = shard, conflicts_with = "write_baseline")]
    pub(in crate::cli) shard: Option<(u32, u32)>,
    /// Check again whenever an object, the configuration, or a file that the arguments name
    /// changes, until interrupted.
    #[arg(long)]
    pub(in crate::cli) watch: bool,
    #[command(flatten)]
    pub(in crate::cli) cache: CacheArgs,
    /// Where the files may lie that the configuration names: servers say so.
    #[arg(skip)]
    pub(in crate::cli) reach: Reach,
}

/// Where results are kept.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct CacheArgs {
    /// Neither use nor keep results of objects that were checked before; `BPFASSAY_NO_CACHE`
    /// says so too, where no `--cache-dir` is given.
    #[arg(long)]
    pub(in crate::cli) no_cache: bool,
    /// Where they are kept, in a directory that only you may write [default:
    /// $XDG_CACHE_HOME/bpfassay, or ~/.cache/bpfassay].
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
}

/// `NAME=FILE`.
fn named(text: &str) -> Result<(String, PathBuf), String> {
    let parts = text.split_once('=');
    let good = parts.filter(|(name, file)| !name.is_empty() && !file.is_empty());
    let (name, file) = good.ok_or("expected NAME=FILE")?;
    Ok((name.to_owned(), PathBuf::from(file)))
}

/// `I/N`.
fn shard(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('/');
    let parts = parts.and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    let good = |(part, of): &(u32, u32)| *part >= 1 && part <= of && *of <= 100_000;
    parts
        .filter(good)
        .ok_or_else(|| "expected I/N, with I from 1 to N".to_owned())
}

/// Where reports go, and what they name files relative to.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// Rendering.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(in crate::cli) format: Format,
    /// Write the report here instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Write a further report (`sarif=report.sarif`); repeatable.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_spec::<Format>)]
    pub(in crate::cli) report: Vec<(Format, PathBuf)>,
    /// Root of the repository, for formats that name files relative to it [default: the
    /// nearest directory with .git, or the current one].
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) repo_root: Option<PathBuf>,
    /// Replace a leading directory of source files in those formats (`/build/src=src`; without
    /// `=`: drop it); repeatable.
    #[arg(long, value_name = "FROM[=TO]")]
    pub(in crate::cli) path_prefix: Vec<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MergeArgs {
    /// JSON reports of `check`: of the parts of a run, or of several runs.
    #[arg(required = true, value_name = "REPORT")]
    pub(in crate::cli) reports: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) out: ReportArgs,
    /// What fails the run.
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "error")]
    pub(in crate::cli) fail_on: FailOn,
    /// A program that is not decided fails the run.
    #[arg(long)]
    pub(in crate::cli) strict: bool,
    /// Take parts of a run though others are missing.
    #[arg(long)]
    pub(in crate::cli) partial: bool,
    /// Tell what each verification cost.
    #[arg(long)]
    pub(in crate::cli) stats: bool,
    /// Text: how much is told of a refusal.
    #[arg(long, value_enum, default_value = "normal")]
    pub(in crate::cli) explain: Explain,
    /// Text: leave accepted programs out.
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
}

/// What holds for rules; the command line outranks the configuration.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RuleArgs {
    /// Configuration [default: the nearest `bpfassay.toml`, upward].
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Read no configuration.
    #[arg(long)]
    pub(in crate::cli) no_config: bool,
    /// Turn a rule off: a code, a name, a family, or `all`; repeatable. Of several that
    /// name a rule, the one that says most decides, then the strictest.
    #[arg(long, short = 'A', value_name = "CODE")]
    pub(in crate::cli) allow: Vec<String>,
    /// Make a rule a warning.
    #[arg(long, short = 'W', value_name = "CODE")]
    pub(in crate::cli) warn: Vec<String>,
    /// Make a rule an error.
    #[arg(long, short = 'D', value_name = "CODE")]
    pub(in crate::cli) deny: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people.
    Text,
    /// A line per complaint: `file:line:column: code what`.
    Short,
    /// A heading per code, with its places below.
    Grouped,
    /// One document, versioned schema.
    Json,
    /// One line per program and target, stable field names (`schemas/line.v1.json`); on
    /// standard output as soon as it is known.
    Jsonl,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a GitHub workflow.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
    /// JUnit XML.
    Junit,
    /// A comment on a pull request.
    Markdown,
    /// A page to look at: one file, which needs no network.
    Html,
}

/// `FORMAT=FILE`.
pub(super) fn report_spec<F: ValueEnum>(text: &str) -> Result<(F, PathBuf), String> {
    let (format, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or("expected FORMAT=FILE")?;
    Ok((F::from_str(format, false)?, PathBuf::from(file)))
}

/// How much is told of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Explain {
    /// The story, all branches, the instruction, registers, and the page of the code.
    Full,
    /// The story.
    Normal,
    /// One line: `file:line:column: code headline`.
    Short,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
    /// Any finding.
    Note,
    /// Warnings, and what is not decided.
    Warning,
    /// Rejected, not loadable, or a finding that is an error.
    Error,
    /// Rejected or not loadable, whatever the findings.
    Reject,
    /// As `error`, and what is not decided.
    Unknown,
    /// Nothing fails the run, but unreadable input and internal errors.
    Never,
}
