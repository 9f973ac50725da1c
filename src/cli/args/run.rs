//! Arguments of `run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::check::report_spec;
use super::{LimitArgs, OpenArgs, SpendArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct RunArgs {
    /// The object; with --plugin the memory, in hexadecimal digits.
    #[arg(value_name = "OBJ")]
    pub(in crate::cli) object: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) open: OpenArgs,
    /// A packet: a file's bytes, or hexadecimal digits; repeatable.
    #[arg(long, value_name = "FILE|HEX")]
    pub(in crate::cli) packet: Vec<String>,
    /// Packets of a capture (pcap or pcapng).
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) pcap: Option<PathBuf>,
    /// Write the packets as the runs leave them (pcap).
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) pcap_out: Option<PathBuf>,
    /// Bytes of the context, in hexadecimal digits, in place of a made one.
    #[arg(long, value_name = "HEX")]
    pub(in crate::cli) ctx: Option<String>,
    /// Print the maps as each run leaves them.
    #[arg(long)]
    pub(in crate::cli) dump_maps: bool,
    /// Begin with filled maps; lookups of missing keys make entries.
    #[arg(long)]
    pub(in crate::cli) populated: bool,
    /// What else is stated of the world, as reports name it: bytes, entries, results.
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) steer: Option<crate::smoke::Steer>,
    /// The world of the runs: interfaces, routes, sockets, task, cgroups, time, CPUs (TOML).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["witness", "plugin"])]
    pub(in crate::cli) scenario: Option<PathBuf>,
    /// Inputs beside the made ones that lead branches where none went.
    #[arg(long, default_value_t = 256, value_name = "N")]
    pub(in crate::cli) steered: usize,
    /// Seed of the made inputs.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(in crate::cli) seed: u64,
    /// The seed of one run, as reports name it.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) input_seed: Option<u64>,
    /// The least number of inputs that are made.
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub(in crate::cli) inputs: usize,
    /// Instructions that one run may take.
    #[arg(long, default_value_t = 1 << 20, value_name = "N")]
    pub(in crate::cli) max_insns: u64,
    #[command(flatten)]
    pub(in crate::cli) spend: SpendArgs,
    /// Which interpreter runs; both must agree.
    #[arg(long, value_enum, default_value_t = EngineArg::Both)]
    pub(in crate::cli) engine: EngineArg,
    /// Print each instruction with the registers that changed.
    #[arg(long)]
    pub(in crate::cli) trace: bool,
    /// Print what each input costs, beside what the verifier went through.
    #[arg(long)]
    pub(in crate::cli) perf: bool,
    /// Run the cases of a file (TOML or JSON), and tell where they come to something else.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "packet", "pcap", "pcap_out", "ctx", "dump_maps", "populated", "steer", "steered", "seed",
        "input_seed", "inputs", "trace", "perf", "format", "report", "replay", "save", "witness",
        "budget", "plugin",
    ])]
    pub(in crate::cli) expect: Option<PathBuf>,
    /// Rendering.
    #[arg(long, value_enum, default_value_t = RunFormat::Text)]
    pub(in crate::cli) format: RunFormat,
    /// Write a further report (`html=run.html`); repeatable.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_spec::<RunFormat>)]
    pub(in crate::cli) report: Vec<(RunFormat, PathBuf)>,
    /// Run the input that this file holds.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) replay: Option<PathBuf>,
    /// Save the input that faulted (or the first) for --replay.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) save: Option<PathBuf>,
    /// Search for an input on which a refused program really faults.
    #[arg(long)]
    pub(in crate::cli) witness: bool,
    /// Runs that --witness may spend.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    pub(in crate::cli) budget: usize,
    /// Speak the plugin protocol of bpf_conformance: program on standard input.
    #[arg(long)]
    pub(in crate::cli) plugin: bool,
    /// With --plugin: standard input is an ELF object.
    #[arg(long, requires = "plugin")]
    pub(in crate::cli) elf: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FuzzArgs {
    /// The object.
    #[arg(value_name = "OBJ")]
    pub(in crate::cli) object: String,
    #[command(flatten)]
    pub(in crate::cli) open: OpenArgs,
    /// How long: `30s`, `10m`, `2h`.
    #[arg(long, default_value = "30s", value_name = "T")]
    pub(in crate::cli) time: String,
    /// The greatest number of runs.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) runs: Option<u64>,
    /// A folder of inputs to begin with, to which those that reach something new are
    /// written, and those that go wrong.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) corpus: Option<PathBuf>,
    /// Seed of the made inputs.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(in crate::cli) seed: u64,
    /// Instructions that one run may take.
    #[arg(long, default_value_t = 1 << 18, value_name = "N")]
    pub(in crate::cli) max_insns: u64,
    #[command(flatten)]
    pub(in crate::cli) limits: LimitArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum EngineArg {
    /// The reference interpreter, then rbpf.
    Both,
    /// The reference interpreter alone.
    Reference,
    /// rbpf alone.
    Rbpf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RunFormat {
    /// For people.
    Text,
    /// One document, versioned schema.
    Json,
    /// A page to look at: one file, which needs no network.
    Html,
}
