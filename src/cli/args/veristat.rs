//! Arguments of `veristat`: the options of the tool of that name, and a few of ours for
//! what it asks of the running kernel.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::SpendArgs;

#[derive(Debug, Args)]
pub(in crate::cli) struct VeristatArgs {
    /// Objects, and what holds some, as for `check`; with --compare two CSV files, with
    /// --replay one.
    #[arg(required = true, value_name = "OBJ|CSV")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Columns, in this order: `file`, `prog`, `verdict`, `duration`, `insns`, `states`,
    /// `peak_states`, `prog_size`, `prog_type`, `attach_type`, `stack`, …; repeatable, and a
    /// comma-separated list.
    #[arg(long, short, value_name = "STAT,…", value_delimiter = ',')]
    pub(in crate::cli) emit: Vec<String>,
    /// Columns to sort by; `insns<` from the least, `insns>` from the greatest; with
    /// --compare also `insns_a`, `insns_b`, `insns_diff`, `insns_pct`, `|insns_diff|`.
    #[arg(long, short, value_name = "STAT,…", value_delimiter = ',')]
    pub(in crate::cli) sort: Vec<String>,
    /// Only what matches one of these: `GLOB`, `FILE/PROG`, `insns>=1000`,
    /// `verdict=failure`; a `!` in front leaves out what matches; `@FILE` holds one a line;
    /// repeatable.
    #[arg(long, short, value_name = "FILTER", allow_hyphen_values = true)]
    pub(in crate::cli) filter: Vec<String>,
    /// Rendering.
    #[arg(long, short, value_enum, default_value_t = VeristatFormat::Table)]
    pub(in crate::cli) output_format: VeristatFormat,
    /// Compare two CSV files of this tool or of veristat: OLD and NEW.
    #[arg(long, short = 'C', conflicts_with = "replay")]
    pub(in crate::cli) compare: bool,
    /// Show a CSV file again, filtered, sorted, with other columns.
    #[arg(long, short = 'R')]
    pub(in crate::cli) replay: bool,
    /// Only the first rows.
    #[arg(long, short = 'n', value_name = "N")]
    pub(in crate::cli) top_n: Option<usize>,
    /// Of each program the lines of source that were processed most often.
    #[arg(long, short = 'S', value_name = "N", num_args = 0..=1, default_missing_value = "5")]
    pub(in crate::cli) top_src_lines: Option<usize>,
    /// Sets a global variable before the load, as for `check`; repeatable.
    #[arg(long, short = 'G', value_name = "NAME=VALUE")]
    pub(in crate::cli) set_global_vars: Vec<String>,
    /// Tell refusals on standard error.
    #[arg(long, short)]
    pub(in crate::cli) verbose: bool,
    /// Say what was assumed of the load, on standard error.
    #[arg(long, short)]
    pub(in crate::cli) debug: bool,
    /// Print nothing but the rows.
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
    /// Taken for compatibility; there is no log of a verifier here.
    #[arg(long, short, value_name = "LEVEL")]
    pub(in crate::cli) log_level: Option<u32>,
    /// As --log-level.
    #[arg(long, value_name = "BYTES")]
    pub(in crate::cli) log_size: Option<u64>,
    /// As --log-level.
    #[arg(long)]
    pub(in crate::cli) log_fixed: bool,
    /// Taken for compatibility; states are not tested here.
    #[arg(long, short = 't')]
    pub(in crate::cli) test_states: bool,
    /// As --test-states.
    #[arg(long, short = 'r')]
    pub(in crate::cli) test_reg_invariants: bool,
    /// Kernel to predict for, in place of the running one, as for `check`.
    #[arg(long, value_name = "TARGET", default_value = "linux-6.18")]
    pub(in crate::cli) target: String,
    /// vmlinux BTF of that kernel, as for `check`.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) btf: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) spend: SpendArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum VeristatFormat {
    /// For people.
    Table,
    /// A line per program, names of columns first.
    Csv,
}
