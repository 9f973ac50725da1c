//! The command line: one file per verb.
//!
//! The only room that touches files, terminal and environment. Standard output
//! carries the report, standard error the progress and the complaints.

mod args;
mod audit;
mod bytes;
mod cache;
mod cargo;
mod cfg;
mod check;
#[cfg(feature = "kernel")]
mod compare;
mod config;
mod console;
mod dress;
mod dump;
mod explain;
mod explain_log;
mod explain_name;
mod extract;
mod inputs;
mod ledger;
mod lsp;
mod manual;
mod mcp;
mod merge;
mod nearest;
mod output;
mod repo;
mod roots;
mod rules;
mod run;
mod seen;
mod serving;
mod signals;
mod sources;
mod spend;
mod stated;
mod targets;
mod veristat;
mod walk;
mod watch;

pub use cargo::main as cargo_main;

use clap::Parser as _;

use crate::untrusted::Untrusted;

/// Exit codes, stable.
pub mod exit {
    /// Nothing found.
    pub const CLEAN: u8 = 0;
    /// Findings at or above `--fail-on`.
    pub const FINDINGS: u8 = 1;
    /// Wrong usage, or an input that could not be read.
    pub const USAGE: u8 = 2;
    /// A fault of ours. By a signal it is 128 and the signal's number: 130, 143.
    pub const INTERNAL: u8 = 3;
}

/// Why a verb could not do its work.
pub(crate) struct Failure {
    code: u8,
    text: Untrusted,
    /// The place in a file that is wrong, drawn.
    drawing: Option<String>,
}

impl Failure {
    /// What is wrong with an input, without its name in front.
    fn about(&self, name: &str) -> Untrusted {
        let text = self.text.data();
        let rest = text.strip_prefix(name).and_then(|t| t.strip_prefix(": "));
        rest.unwrap_or(text).into()
    }

    /// All that is said of it, as it may be shown.
    fn told(&self) -> String {
        let drawing = self.drawing.iter().map(|d| format!("\n{d}"));
        let text = crate::untrusted::terminal(&self.text).into_owned();
        drawing.fold(text, |text, more| text + &more)
    }

    /// This failure and another one, which is complained of now.
    fn and(self, other: &Failure) -> Failure {
        console::say(&other.text);
        self
    }

    /// What came of several pieces of work, each of which was done whatever came of the
    /// others: the first failure, the rest is complained of.
    fn first_of(results: impl IntoIterator<Item = Result<(), Failure>>) -> Result<(), Failure> {
        let failures = results.into_iter().filter_map(Result::err);
        match failures.reduce(|first, next| first.and(&next)) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Wrong usage or unreadable input.
    pub(crate) fn usage(text: impl Into<Untrusted>) -> Failure {
        Failure {
            code: exit::USAGE,
            text: text.into(),
            drawing: None,
        }
    }
}

/// Runs the command line and gives the exit code.
pub fn main(argv: impl IntoIterator<Item = std::ffi::OsString>) -> u8 {
    let argv = run::reorder(argv.into_iter().collect());
    let cli = match args::Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(e) => {
            console::usage(&e);
            return if e.use_stderr() {
                exit::USAGE
            } else {
                exit::CLEAN
            };
        }
    };
    output::set_color(cli.color);
    let result = match &cli.verb {
        args::Verb::Check(a) => check::run(a),
        args::Verb::Merge(a) => merge::run(a),
        args::Verb::Audit(a) => audit::run(a),
        #[cfg(feature = "kernel")]
        args::Verb::Compare(a) => compare::run(a),
        args::Verb::Dump(a) => dump::run(a),
        args::Verb::Extract(a) => extract::run(a),
        args::Verb::Cfg(a) => cfg::run(a),
        args::Verb::Explain(a) => explain::run(a),
        args::Verb::Rules(a) => rules::run(a),
        args::Verb::Run(a) => run::run(a),
        args::Verb::Fuzz(a) => run::fuzz(a),
        args::Verb::Targets(a) => targets::run(a),
        args::Verb::Veristat(a) => veristat::run(a),
        args::Verb::Completions(a) => manual::completions(a),
        args::Verb::Man(a) => manual::man(a),
        args::Verb::Lsp(a) => lsp::run(a),
        args::Verb::Mcp(a) => mcp::run(a),
    };
    ended(result)
}

/// The exit code of what came of a command; complains of a failure.
fn ended(result: Result<u8, Failure>) -> u8 {
    let result = match (result, signals::exit_code()) {
        (Ok(_), Some(code)) => Ok(code),
        (result, _) => result,
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            console::say(&failure.text);
            if let Some(drawing) = &failure.drawing {
                console::raw(drawing);
            }
            failure.code
        }
    }
}
