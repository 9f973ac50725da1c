//! Arguments of every verb: a file for those of like use.

mod audit;
mod check;
#[cfg(feature = "kernel")]
mod compare;
mod manual;
mod open;
mod reference;
mod run;
mod show;
mod veristat;

use clap::{Parser, Subcommand, ValueEnum};

pub(super) use audit::*;
pub(super) use check::*;
#[cfg(feature = "kernel")]
pub(super) use compare::*;
pub(super) use manual::*;
pub(super) use open::*;
pub(super) use reference::*;
pub(super) use run::*;
pub(super) use show::*;
pub(super) use veristat::*;

/// Predicts the Linux verifier's verdict on eBPF objects, offline, and explains
/// every rejection.
#[derive(Debug, Parser)]
#[command(name = "bpfassay", version, max_term_width = 100)]
pub(super) struct Cli {
    /// When to colour text.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// When text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set; anywhere if `CLICOLOR_FORCE` is.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Verify every program of the objects for every target.
    Check(CheckArgs),
    /// Hold verdicts here beside those of the running kernel (needs privilege).
    #[cfg(feature = "kernel")]
    Compare(CompareArgs),
    /// Put JSON reports together: the parts of a run, or several runs.
    Merge(MergeArgs),
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
    /// Run one program on new inputs for as long as there is time.
    Fuzz(FuzzArgs),
    /// List the targets, or one target's behaviours.
    Targets(TargetsArgs),
    /// Verify as veristat is asked to, without a kernel: its options, its columns.
    Veristat(VeristatArgs),
    /// Serve an editor: the Language Server Protocol on standard input and output.
    Lsp(super::lsp::LspArgs),
    /// Serve agents: the Model Context Protocol on standard input and output.
    Mcp(super::mcp::McpArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them.
    Man(ManArgs),
}
