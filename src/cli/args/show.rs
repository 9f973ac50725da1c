//! Arguments of `dump`, `cfg` and `extract`, which show what an object holds.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{LimitArgs, OpenArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExtractArgs {
    /// What holds objects, as for `check`.
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Write into this directory, which is made if it is not there.
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    pub(in crate::cli) output: PathBuf,
    /// Only say what there is.
    #[arg(long)]
    pub(in crate::cli) list: bool,
    /// Replace files that are there.
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DumpArgs {
    /// The object, or what holds some.
    #[arg(value_name = "OBJ")]
    pub(in crate::cli) object: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) open: OpenArgs,
    #[command(flatten)]
    pub(in crate::cli) limits: LimitArgs,
    /// Leave the source lines out.
    #[arg(long)]
    pub(in crate::cli) no_source: bool,
    /// Show what is known of registers and stack before each instruction, the first
    /// time that the verifier processes it: what differs from the line before.
    #[arg(long, value_name = "NOTATION", num_args = 0..=1, default_missing_value = "plain", require_equals = true, conflicts_with = "as_asm")]
    pub(in crate::cli) states: Option<StateNotation>,
    /// Print text that assembles again, instead of a listing.
    #[arg(long)]
    pub(in crate::cli) as_asm: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StateNotation {
    /// In words.
    Plain,
    /// As a verifier's log has them.
    Kernel,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CfgArgs {
    /// The object, or what holds some.
    #[arg(value_name = "OBJ")]
    pub(in crate::cli) object: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) open: OpenArgs,
    #[command(flatten)]
    pub(in crate::cli) limits: LimitArgs,
    /// Language of the drawing.
    #[arg(long, value_enum, default_value_t = CfgFormat::Dot)]
    pub(in crate::cli) format: CfgFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CfgFormat {
    /// Graphviz.
    Dot,
    /// Mermaid flowchart.
    Mermaid,
    /// A picture, laid out here.
    Svg,
}
