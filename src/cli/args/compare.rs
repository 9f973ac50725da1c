//! Arguments of `compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{OpenArgs, SpendArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct CompareArgs {
    /// Objects, and what holds some, as for `check`.
    #[arg(required = true, value_name = "OBJ")]
    pub(in crate::cli) objects: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) open: OpenArgs,
    /// Rendering.
    #[arg(long, value_enum, default_value_t = CompareFormat::Text)]
    pub(in crate::cli) format: CompareFormat,
    /// Write the report here instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) spend: SpendArgs,
    /// Text: only programs whose verdicts differ.
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CompareFormat {
    /// For people.
    Text,
    /// One document.
    Json,
}
