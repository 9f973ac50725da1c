//! `cargo xtask NAME`: every task of a contributor that is not a test.
//!
//! One row of [`TASKS`] and one file a task.

mod corpus;
mod fuzz;
mod mutants;
mod oracle;
mod outside;
mod scoreboard;
mod tables;
mod types;

use std::process::ExitCode;

/// A task: its name, what it does in one line, and how it is run. It gets the
/// words after its name; an error is one sentence for the terminal.
type Task = (
    &'static str,
    &'static str,
    fn(&[String]) -> Result<(), String>,
);

const TASKS: &[Task] = &[
    (
        "corpus",
        "rebuild the objects of tests/corpus from their sources (needs clang)",
        corpus::run,
    ),
    (
        "fuzz",
        "feed the harnesses of fuzz/ for --time T (--target NAME, --jobs N, --minimise)",
        fuzz::run,
    ),
    (
        "mutants",
        "check damaged objects of 100 KB under ulimits (PROGRAM, --count N, --from DIR, ...)",
        mutants::run,
    ),
    (
        "oracle",
        "run the tests that need data or a kernel from outside ([TEST ...], --sets DIR, ...)",
        oracle::run,
    ),
    (
        "scoreboard",
        "ask all recorded verdicts again and write SCOREBOARD.md (--sets, --verdicts, --btf DIR)",
        scoreboard::run,
    ),
    (
        "tables",
        "make the generated tables of their data; --check: fail if they differ",
        tables::run,
    ),
    (
        "types",
        "pack kernels' BTF into kernel-types (SERIES=FILE ...)",
        types::run,
    ),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let name = words.first().map_or("", String::as_str);
    let Some((_, _, run)) = TASKS.iter().find(|t| t.0 == name) else {
        eprintln!("usage: cargo xtask NAME [ARGUMENTS]\n");
        for (name, about, _) in TASKS {
            eprintln!("    {name:<12} {about}");
        }
        return ExitCode::from(2);
    };
    match run(&words[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask {name}: {why}");
            ExitCode::FAILURE
        }
    }
}
