//! Arguments of every verb.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::limits;
use crate::target::Rights;

/// Predicts the Linux verifier's verdict on eBPF objects, offline, and explains
/// every rejection.
#[derive(Debug, Parser)]
#[command(name = "bpfassay", version, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Verify every program of the objects for every target.
    Check(CheckArgs),
    /// Hold verdicts here beside those of the running kernel (needs privilege).
    #[cfg(feature = "kernel")]
    Compare(CompareArgs),
    /// Tell what objects need, what they can do and where they run.
    Audit(AuditArgs),
    /// Disassemble, with source lines.
    Dump(DumpArgs),
    /// Draw control flow graphs.
    Cfg(CfgArgs),
    /// Write the objects that programs, libraries, archives and headers hold to files.
    Extract(ExtractArgs),
    /// Explain a rule: what, why, examples, remedy.
    Explain(ExplainArgs),
    /// List the rules.
    Rules(RulesArgs),
    /// Run one program on made or given inputs, in the embedded interpreters.
    Run(RunArgs),
    /// List the targets, or one target's behaviours.
    Targets(TargetsArgs),
    /// Serve agents: the Model Context Protocol on standard input and output.
    Mcp(super::mcp::McpArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them.
    Man(ManArgs),
}

/// What a run may spend.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct LimitArgs {
    /// Seconds of the whole run; what is not done by then is not decided.
    #[arg(long, value_name = "SECONDS", default_value_t = limits::RUN_SECONDS,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) max_time: u64,
    /// MiB held at one time, by our own count; a program that needs more is not
    /// decided.
    #[arg(long, value_name = "MIB", default_value_t = limits::RUN_BYTES >> 20,
          value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub(super) max_memory: u64,
}

/// What a run may spend, and on how many threads.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct SpendArgs {
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    /// Worker threads [default: one per processor].
    #[arg(long, short, value_name = "N")]
    pub(super) jobs: Option<usize>,
}

/// How an input is opened.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct OpenArgs {
    /// Kernel or runtime to predict for: `linux-6.18`, `dragonos`, `host`, a file
    /// with a kernel's BTF; repeatable, and a comma-separated list.
    #[arg(long, short, value_name = "TARGET", value_delimiter = ',')]
    pub(super) target: Vec<String>,
    /// vmlinux BTF of the target (raw BTF, or an ELF file with a .BTF section), in
    /// place of the types that come with the tool; `TARGET=FILE` gives it to one
    /// target only.
    #[arg(long, value_name = "[TARGET=]FILE")]
    pub(super) btf: Vec<String>,
    /// Profile of a runtime to predict for, as a file; repeatable.
    #[arg(long, value_name = "FILE")]
    pub(super) profile: Vec<PathBuf>,
    /// Program type as libbpf names it, or a section name (`xdp`, `tracepoint`,
    /// `cgroup/connect4`): overrides the object's sections; needed for raw inputs.
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) prog_type: Option<String>,
    /// Which loader's rules on the object itself apply.
    #[arg(long, value_enum, default_value_t = Loader::Any)]
    pub(super) loader: Loader,
    /// Options that the kernel was built with: a `.config`, `/boot/config-*` or
    /// `/proc/config.gz` [default: those of the measured build].
    #[arg(long, value_name = "FILE")]
    pub(super) kconfig: Option<PathBuf>,
    /// One setting of the kernel: `CONFIG_BPF_LSM=off`, `jit=off`, `mitigations=off`,
    /// `lockdown=integrity` or `confidentiality`; repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) kernel: Vec<String>,
    /// Only these capabilities of the loader (`bpf,net_admin`; `none`) [default: all].
    #[arg(long, value_name = "LIST", value_parser = rights, conflicts_with = "unprivileged")]
    pub(super) caps: Option<Rights>,
    /// A loader without capabilities, where `kernel.unprivileged_bpf_disabled` is 0.
    #[arg(long)]
    pub(super) unprivileged: bool,
    #[command(flatten)]
    pub(super) stated: StatedArgs,
    /// Only the program of this name.
    #[arg(long, value_name = "NAME")]
    pub(super) prog: Option<String>,
    /// Read inputs as assembler text, whatever their extension (`.bpfasm`, `.s`).
    #[arg(long, conflicts_with_all = ["hex", "raw"])]
    pub(super) asm: bool,
    /// Read inputs as hexadecimal instruction slots (`.hex`).
    #[arg(long, conflicts_with = "raw")]
    pub(super) hex: bool,
    /// Read inputs as binary instruction slots, little endian (`.bin`).
    #[arg(long)]
    pub(super) raw: bool,
}

/// Heading of what is stated of a load.
const BEFORE_LOAD: &str = "What user space does before the load";

/// What user space does between opening the object and loading it.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct StatedArgs {
    /// What it sets of a map (`events.max_entries=64K`, `stacks.value_size=1016`,
    /// `outer.inner=array:4:8`, an inner map like that of another name, or
    /// `"struct NAME"`); also `key_size`, `flags`, `type`, and `pinned=FILE` for a map that
    /// is there already (what `bpftool map show --json` says of it); for `run` also its
    /// entries (`NAME=FILE`, a JSON list of {"key": …, "value": …}); repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "NAME.KEY=VALUE")]
    pub(super) map: Vec<String>,
    /// Sets a global variable of .rodata, .data, .bss or .kconfig, or a part of it
    /// (`cfg.ports[2]=80`, `mode=MODE_FAST`), as `veristat -G` does; `@FILE` holds one a
    /// line; repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, short = 'G', value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    /// Sets the globals as a dump of their map has them, made with
    /// `bpftool --json map dump`; repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "FILE")]
    pub(super) rodata: Vec<PathBuf>,
    /// Loads these programs only, those of SEC("?…") among them; repeatable, and a
    /// comma-separated list.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "PROG", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Does not load these programs; repeatable, and a comma-separated list.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "PROG", value_delimiter = ',')]
    pub(super) skip: Vec<String>,
    /// What a program attaches to, in place of what its section says; for freplace the
    /// function of another object (`OBJ:FUNC`); repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "PROG=FUNC")]
    pub(super) attach: Vec<String>,
    /// Flags of a program's load besides those of its section (`sleepable`,
    /// `xdp_has_frags`, `0x40`); repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "PROG=FLAG,…")]
    pub(super) prog_flags: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Loader {
    /// Whatever some loader reads: legacy map records, old section names too; what maps
    /// leave to user space is assumed, and said.
    #[default]
    Any,
    /// libbpf 1.x, which refuses those, with nothing set by user space.
    #[value(alias = "plain", alias = "bpftool")]
    Libbpf,
    /// libbpf before 1.0.
    Libbpf0,
    /// cilium/ebpf.
    Cilium,
    /// Aya.
    Aya,
}

impl From<Loader> for crate::programs::Loader {
    fn from(loader: Loader) -> Self {
        match loader {
            Loader::Any => Self::Any,
            Loader::Libbpf => Self::Libbpf,
            Loader::Libbpf0 => Self::Libbpf0,
            Loader::Cilium => Self::Cilium,
            Loader::Aya => Self::Aya,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Objects, and what holds some: programs, libraries, `.a`, `.skel.h`, `.gz`, `.xz`, `.zst`;
    /// directories, patterns (`'build/**/*.o'`), `-` for standard input, one object of a
    /// file (`xdp-filter!prog.o`); `.bpfasm`, `.hex` and `.bin` are raw programs.
    #[arg(required = true, value_name = "OBJ")]
    pub(super) objects: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) open: OpenArgs,
    /// Verifies only these variants of the configuration [default: all]; repeatable, and a
    /// comma-separated list.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) variant: Vec<String>,
    /// Rendering.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Write the report here instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write a further report (`sarif=report.sarif`); repeatable.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_spec)]
    pub(super) report: Vec<(Format, PathBuf)>,
    /// Root of the repository, for formats that name files relative to it [default: the
    /// nearest directory with .git, or the current one].
    #[arg(long, value_name = "DIR")]
    pub(super) repo_root: Option<PathBuf>,
    /// Replace a leading directory of source files in those formats (`/build/src=src`; without
    /// `=`: drop it); repeatable.
    #[arg(long, value_name = "FROM[=TO]")]
    pub(super) path_prefix: Vec<String>,
    #[command(flatten)]
    pub(super) rules: RuleArgs,
    #[command(flatten)]
    pub(super) spend: SpendArgs,
    /// What fails the run [default: error].
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) fail_on: Option<FailOn>,
    /// A program that is not decided fails the run.
    #[arg(long)]
    pub(super) strict: bool,
    /// Compare with what programs took when this file was written.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Write what programs take to this file.
    #[arg(long, value_name = "FILE")]
    pub(super) write_baseline: Option<PathBuf>,
    /// Growth over the baseline that is let pass, in percent [default: 10].
    #[arg(long, value_name = "PERCENT")]
    pub(super) max_growth: Option<String>,
    /// Tell what each verification cost.
    #[arg(long)]
    pub(super) stats: bool,
    /// After a refusal go on as if it were mended, and report what is refused then, too
    /// (up to 16 times; text and SARIF: twice without it).
    #[arg(long)]
    pub(super) all: bool,
    /// Text: how much is told of a refusal.
    #[arg(long, value_enum, default_value = "normal")]
    pub(super) explain: Explain,
    /// Don't run what is accepted.
    #[arg(long)]
    pub(super) no_smoke: bool,
    /// Directory where the source files are looked for, and outside of which none is read;
    /// repeatable [default: the repository's root, else the object's folder].
    #[arg(long, value_name = "DIR")]
    pub(super) source_root: Vec<PathBuf>,
    /// Text: leave accepted programs out.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// What holds for rules; the command line outranks the configuration.
#[derive(Debug, Args)]
pub(super) struct RuleArgs {
    /// Configuration [default: the nearest `bpfassay.toml`, upward].
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub(super) config: Option<PathBuf>,
    /// Read no configuration.
    #[arg(long)]
    pub(super) no_config: bool,
    /// Turn a rule off: a code, a name, a family, or `all`; repeatable. Of several that
    /// name a rule, the one that says most decides, then the strictest.
    #[arg(long, short = 'A', value_name = "CODE")]
    pub(super) allow: Vec<String>,
    /// Make a rule a warning.
    #[arg(long, short = 'W', value_name = "CODE")]
    pub(super) warn: Vec<String>,
    /// Make a rule an error.
    #[arg(long, short = 'D', value_name = "CODE")]
    pub(super) deny: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// One document, versioned schema.
    Json,
    /// One line per program and target, stable field names.
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

/// A list of capabilities.
fn rights(text: &str) -> Result<Rights, String> {
    Rights::parse(text).map_err(|word| format!("{word} is no capability"))
}

/// `FORMAT=FILE`.
fn report_spec(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or("expected FORMAT=FILE")?;
    Ok((Format::from_str(format, false)?, PathBuf::from(file)))
}

/// How much is told of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Explain {
    /// The story, all branches, the instruction, registers, and the page of the code.
    Full,
    /// The story.
    Normal,
    /// One line: `file:line:column: code headline`.
    Short,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
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

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write a page for each verb into this directory.
    #[arg(long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
}

#[cfg(feature = "kernel")]
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// Objects, and what holds some, as for `check`.
    #[arg(required = true, value_name = "OBJ")]
    pub(super) objects: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) open: OpenArgs,
    /// Rendering.
    #[arg(long, value_enum, default_value_t = CompareFormat::Text)]
    pub(super) format: CompareFormat,
    /// Write the report here instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) spend: SpendArgs,
    /// Text: only programs whose verdicts differ.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

#[cfg(feature = "kernel")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CompareFormat {
    /// For people.
    Text,
    /// One document.
    Json,
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Objects, and what holds some, as for `check`.
    #[arg(required = true, value_name = "OBJ")]
    pub(super) objects: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) open: OpenArgs,
    /// Rendering.
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    pub(super) format: AuditFormat,
    /// Write the report here instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) spend: SpendArgs,
    /// CPUs that per-CPU maps are counted for.
    #[arg(long, value_name = "N", default_value_t = crate::check::DEFAULT_CPUS,
          value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(super) cpus: u32,
    /// Tell who uses what instead: programs, maps, functions, tail calls.
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with_all = ["diff", "format"])]
    pub(super) graph: Option<GraphFormat>,
    /// Tell what changed between two builds, OLD and NEW.
    #[arg(long)]
    pub(super) diff: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AuditFormat {
    /// For people.
    Text,
    /// One document, versioned schema.
    Json,
    /// Tables for a review.
    Markdown,
    /// One page for a browser.
    Html,
    /// A bill of materials, CycloneDX 1.6.
    Cyclonedx,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// For people.
    Text,
    /// One document, versioned schema.
    Json,
    /// Graphviz.
    Dot,
}

#[derive(Debug, Args)]
pub(super) struct ExtractArgs {
    /// What holds objects, as for `check`.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Write into this directory, which is made if it is not there.
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    pub(super) output: PathBuf,
    /// Only say what there is.
    #[arg(long)]
    pub(super) list: bool,
    /// Replace files that are there.
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct DumpArgs {
    /// The object, or what holds some.
    #[arg(value_name = "OBJ")]
    pub(super) object: PathBuf,
    #[command(flatten)]
    pub(super) open: OpenArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    /// Leave the source lines out.
    #[arg(long)]
    pub(super) no_source: bool,
    /// Show what is known of registers and stack before each instruction, the first
    /// time that the verifier processes it: what differs from the line before.
    #[arg(long, value_name = "NOTATION", num_args = 0..=1, default_missing_value = "plain", require_equals = true, conflicts_with = "as_asm")]
    pub(super) states: Option<StateNotation>,
    /// Print text that assembles again, instead of a listing.
    #[arg(long)]
    pub(super) as_asm: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum StateNotation {
    /// In words.
    Plain,
    /// As a verifier's log has them.
    Kernel,
}

#[derive(Debug, Args)]
pub(super) struct CfgArgs {
    /// The object, or what holds some.
    #[arg(value_name = "OBJ")]
    pub(super) object: PathBuf,
    #[command(flatten)]
    pub(super) open: OpenArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    /// Language of the drawing.
    #[arg(long, value_enum, default_value_t = CfgFormat::Dot)]
    pub(super) format: CfgFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CfgFormat {
    /// Graphviz.
    Dot,
    /// Mermaid flowchart.
    Mermaid,
    /// A picture, laid out here.
    Svg,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Code (`BPF0108`, `108`) or name (`packet-access-unchecked`); none lists all.
    /// With `--log`, the object that the log is of.
    #[arg(value_name = "CODE|OBJECT")]
    pub(super) code: Option<String>,
    /// Tell what a kernel's verifier log says.
    #[arg(long, value_name = "FILE")]
    pub(super) log: Option<PathBuf>,
    #[command(flatten)]
    pub(super) open: OpenArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// Rendering.
    #[arg(long, value_enum, default_value_t = RulesFormat::Text)]
    pub(super) format: RulesFormat,
    /// Only the rules of one family (`memory`, `lint`, ...).
    #[arg(long, value_name = "NAME")]
    pub(super) family: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RulesFormat {
    /// For people.
    Text,
    /// One document.
    Json,
}

#[derive(Debug, Args)]
pub(super) struct TargetsArgs {
    /// What this target has and how its verifier behaves.
    #[arg(value_name = "TARGET")]
    pub(super) target: Option<String>,
    /// What changes from one target to another.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "target")]
    pub(super) diff: Vec<String>,
    /// Profile of a runtime to list too, as a file; repeatable.
    #[arg(long, value_name = "FILE")]
    pub(super) profile: Vec<PathBuf>,
    /// Rendering.
    #[arg(long, value_enum, default_value_t = TargetsFormat::Text)]
    pub(super) format: TargetsFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TargetsFormat {
    /// For people.
    Text,
    /// One document.
    Json,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The object; with --plugin the memory, in hexadecimal digits.
    #[arg(value_name = "OBJ")]
    pub(super) object: Option<String>,
    #[command(flatten)]
    pub(super) open: OpenArgs,
    /// A packet: a file's bytes, or hexadecimal digits; repeatable.
    #[arg(long, value_name = "FILE|HEX")]
    pub(super) packet: Vec<String>,
    /// Packets of a capture (pcap or pcapng).
    #[arg(long, value_name = "FILE")]
    pub(super) pcap: Option<PathBuf>,
    /// Write the packets as the runs leave them (pcap).
    #[arg(long, value_name = "FILE")]
    pub(super) pcap_out: Option<PathBuf>,
    /// Bytes of the context, in hexadecimal digits, in place of a made one.
    #[arg(long, value_name = "HEX")]
    pub(super) ctx: Option<String>,
    /// Print the maps as each run leaves them.
    #[arg(long)]
    pub(super) dump_maps: bool,
    /// Begin with filled maps; lookups of missing keys make entries.
    #[arg(long)]
    pub(super) populated: bool,
    /// Seed of the made inputs.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) seed: u64,
    /// The seed of one run, as reports name it.
    #[arg(long, value_name = "N")]
    pub(super) input_seed: Option<u64>,
    /// The least number of inputs that are made.
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub(super) inputs: usize,
    /// Instructions that one run may take.
    #[arg(long, default_value_t = 1 << 20, value_name = "N")]
    pub(super) max_insns: u64,
    #[command(flatten)]
    pub(super) spend: SpendArgs,
    /// Which interpreter runs; both must agree.
    #[arg(long, value_enum, default_value_t = EngineArg::Both)]
    pub(super) engine: EngineArg,
    /// Print each instruction with the registers that changed.
    #[arg(long)]
    pub(super) trace: bool,
    /// Rendering.
    #[arg(long, value_enum, default_value_t = RunFormat::Text)]
    pub(super) format: RunFormat,
    /// Run the input that this file holds.
    #[arg(long, value_name = "FILE")]
    pub(super) replay: Option<PathBuf>,
    /// Save the input that faulted (or the first) for --replay.
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<PathBuf>,
    /// Search for an input on which a refused program really faults.
    #[arg(long)]
    pub(super) witness: bool,
    /// Runs that --witness may spend.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    pub(super) budget: usize,
    /// Speak the plugin protocol of bpf_conformance: program on standard input.
    #[arg(long)]
    pub(super) plugin: bool,
    /// With --plugin: standard input is an ELF object.
    #[arg(long, requires = "plugin")]
    pub(super) elf: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EngineArg {
    /// The reference interpreter, then rbpf.
    Both,
    /// The reference interpreter alone.
    Reference,
    /// rbpf alone.
    Rbpf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RunFormat {
    /// For people.
    Text,
    /// One document, versioned schema.
    Json,
}
