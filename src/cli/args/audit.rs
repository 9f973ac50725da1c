//! Arguments of `audit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::check::report_spec;
use super::{OpenArgs, SpendArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct AuditArgs {
    /// Objects, and what holds some, as for `check`.
    #[arg(required = true, value_name = "OBJ")]
    pub(in crate::cli) objects: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) open: OpenArgs,
    /// Rendering.
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    pub(in crate::cli) format: AuditFormat,
    /// Write the report here instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Write a further report (`html=audit.html`); repeatable.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_spec::<AuditFormat>,
          conflicts_with_all = ["diff", "graph"])]
    pub(in crate::cli) report: Vec<(AuditFormat, PathBuf)>,
    #[command(flatten)]
    pub(in crate::cli) spend: SpendArgs,
    /// CPUs that per-CPU maps are counted for.
    #[arg(long, value_name = "N", default_value_t = crate::check::DEFAULT_CPUS,
          value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(in crate::cli) cpus: u32,
    /// Tell who uses what instead: programs, maps, functions, tail calls.
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with_all = ["diff", "format"])]
    pub(in crate::cli) graph: Option<GraphFormat>,
    /// Tell what changed between two builds, OLD and NEW.
    #[arg(long)]
    pub(in crate::cli) diff: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum AuditFormat {
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
pub(in crate::cli) enum GraphFormat {
    /// For people.
    Text,
    /// One document, versioned schema.
    Json,
    /// Graphviz.
    Dot,
}
