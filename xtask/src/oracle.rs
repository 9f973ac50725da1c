//! `cargo xtask oracle [TEST ...] [--sets DIR] [--verdicts DIR] [--facts DIR]
//! [--conformance DIR] [--profile P]`: the tests that need what lies outside the
//! package.
//!
//! They are `#[ignore]`d, so that `cargo test` counts what it did not run, and fail
//! without their data. The task runs those whose data is named and ends with an
//! error that lists the others: a test that was not run never looks passed. Naming
//! tests runs just these.

use std::path::Path;
use std::process::Command;

use crate::outside::{self, CONFORMANCE, FACTS, Named, Outside, SETS, VERDICTS};

const OUTSIDE: &[&Outside] = &[&SETS, &VERDICTS, &FACTS, &CONFORMANCE];

/// A file of tests, and what those of it that are ignored need.
struct Test {
    name: &'static str,
    needs: &'static [&'static Outside],
    /// Asks the running kernel.
    kernel: bool,
}

const RECORDINGS: &[&Outside] = &[&SETS, &VERDICTS];

const TESTS: &[Test] = &[
    needs("audit", RECORDINGS),
    needs("claims", &[&SETS]),
    needs("conformance", &[&CONFORMANCE]),
    needs("dated", &[&SETS]),
    needs("facts", &[&FACTS]),
    asks("hostile_output", &[]),
    asks("kernel_availability", &[]),
    asks("kernel_capabilities", &[&SETS]),
    asks("kernel_compare", &[]),
    asks("kernel_test_run", &[&SETS]),
    asks("kernel_verdicts", &[]),
    needs("log", RECORDINGS),
    needs("oldest_kernel", RECORDINGS),
    needs("pruning", RECORDINGS),
    needs("seeds", &[&FACTS]),
];

const fn needs(name: &'static str, needs: &'static [&'static Outside]) -> Test {
    Test {
        name,
        needs,
        kernel: false,
    }
}

const fn asks(name: &'static str, needs: &'static [&'static Outside]) -> Test {
    Test {
        name,
        needs,
        kernel: true,
    }
}

impl Test {
    /// What it needs and isn't named.
    fn lacks(&self, named: &[Named]) -> Option<String> {
        self.needs.iter().find_map(|o| o.required(named).err())
    }
}

struct Words {
    named: Vec<Named>,
    tests: Vec<&'static Test>,
    profile: String,
}

/// Runs the task.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let words = read(words)?;
    let mut left_out = Vec::new();
    let mut ready = Vec::new();
    for test in &words.tests {
        match test.lacks(&words.named) {
            Some(why) => left_out.push(format!("{}: {why}", test.name)),
            None => ready.push(*test),
        }
    }
    let root = outside::root()?;
    let mut failed = Vec::new();
    // The feature is a build of its own.
    for kernel in [false, true] {
        let tests: Vec<&Test> = ready
            .iter()
            .copied()
            .filter(|t| t.kernel == kernel)
            .collect();
        if !tests.is_empty() && !cargo(root, &words, &tests, kernel)? {
            failed.push(if kernel { "of the kernel" } else { "of data" });
        }
    }
    for line in &left_out {
        eprintln!("NOT RUN {line}");
    }
    match (failed.is_empty(), left_out.is_empty()) {
        (false, _) => Err(format!("tests {} failed", failed.join(" and "))),
        (true, false) => Err(format!("{} not run", left_out.len())),
        (true, true) => Ok(()),
    }
}

fn cargo(root: &Path, words: &Words, tests: &[&Test], kernel: bool) -> Result<bool, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(root)
        .args(["test", "--no-fail-fast", "--profile", &words.profile]);
    if kernel {
        command.args(["--features", "kernel"]);
    }
    for test in tests {
        command.args(["--test", test.name]);
    }
    for (outside, folder) in &words.named {
        command.env(outside.variable, folder);
    }
    let status = command.args(["--", "--ignored"]).status();
    Ok(status.map_err(|e| format!("cargo: {e}"))?.success())
}

fn read(words: &[String]) -> Result<Words, String> {
    let mut out = Words {
        named: outside::of_environment(OUTSIDE),
        tests: Vec::new(),
        profile: "release".into(),
    };
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if !word.starts_with("--") {
            let test = TESTS.iter().find(|t| t.name == word);
            out.tests.push(test.ok_or_else(|| {
                let names: Vec<&str> = TESTS.iter().map(|t| t.name).collect();
                format!("no test {word}; there are: {}", names.join(", "))
            })?);
            continue;
        }
        let value = rest.next().ok_or(format!("{word} wants a value"))?;
        if word == "--profile" {
            out.profile = value.clone();
        } else if !outside::take(word, value, OUTSIDE, &mut out.named)? {
            return Err(format!("unknown word {word}"));
        }
    }
    if out.tests.is_empty() {
        out.tests = TESTS.iter().collect();
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each file with a test that is ignored for what lies outside is a row of the
    /// table, and each row such a file.
    #[test]
    fn the_table_lists_every_such_test() {
        let tests = outside::root().unwrap().join("tests");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&tests).unwrap() {
            let path = entry.unwrap().path();
            let source = if path.is_dir() {
                path.join("main.rs")
            } else {
                path.clone()
            };
            let text = std::fs::read_to_string(source).unwrap_or_default();
            assert!(
                !text.contains("println!(\"skipped"),
                "{path:?} skips and passes"
            );
            if text.contains("#[ignore = \"needs ") || text.contains("#[ignore = \"asks ") {
                found.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
            }
        }
        found.sort();
        let listed: Vec<&str> = TESTS.iter().map(|t| t.name).collect();
        assert_eq!(found, listed);
    }
}
