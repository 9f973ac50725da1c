//! Arguments of `explain`, `rules` and `targets`: what can be looked up.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{LimitArgs, OpenArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExplainArgs {
    /// Code (`BPF0108`, `108`) or name (`packet-access-unchecked`); none lists all.
    /// With `--log`, the object that the log is of.
    #[arg(value_name = "CODE|OBJECT")]
    pub(in crate::cli) code: Option<String>,
    /// Tell what a kernel's verifier log, or its loader, says; `-` reads it from
    /// standard input.
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) log: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) open: OpenArgs,
    #[command(flatten)]
    pub(in crate::cli) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RulesArgs {
    /// Rendering.
    #[arg(long, value_enum, default_value_t = RulesFormat::Text)]
    pub(in crate::cli) format: RulesFormat,
    /// Only the rules of one family (`memory`, `lint`, ...).
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) family: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RulesFormat {
    /// For people.
    Text,
    /// One document.
    Json,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct TargetsArgs {
    /// What this target has and how its verifier behaves.
    #[arg(value_name = "TARGET")]
    pub(in crate::cli) target: Option<String>,
    /// What changes from one target to another.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "target")]
    pub(in crate::cli) diff: Vec<String>,
    /// Profile of a runtime to list too, as a file; repeatable.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) profile: Vec<PathBuf>,
    /// Rendering.
    #[arg(long, value_enum, default_value_t = TargetsFormat::Text)]
    pub(in crate::cli) format: TargetsFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TargetsFormat {
    /// For people.
    Text,
    /// One document.
    Json,
}
