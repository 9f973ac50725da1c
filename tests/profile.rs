//! Where the budget goes: `check --costs`, folded stacks, and what a refusal and a lint
//! for size lead with.

use std::path::PathBuf;
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bpfassay"));
    command.current_dir(root()).args(args);
    command.args(["--no-smoke", "--no-config", "--target", "linux-6.18"]);
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() < Some(2), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

const WAYS: &str = "tests/corpus/profile/ways.o";

#[test]
fn lines_loops_and_what_differs_are_told() {
    let said = run(&["check", "--costs", "--prog", "few_ways", WAYS]);
    insta::assert_snapshot!(said);
}

/// The hot loop leads, with what keeps its states apart.
#[test]
fn a_program_that_is_too_large_leads_with_its_loop() {
    let said = run(&["check", "--prog", "many_ways", WAYS]);
    insta::assert_snapshot!(said);
}

#[test]
fn json_has_the_same() {
    let said = run(&["check", "--costs", "--format", "json", WAYS]);
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    let schema = std::fs::read_to_string(root().join("schemas/report.v1.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<_> = schema
        .iter_errors(&document)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    let programs = document["objects"][0]["programs"].as_array().unwrap();
    for program in programs {
        let profile = &program["profile"];
        assert_eq!(profile["processed"], program["processed"]);
        let turns = profile["loops"][0]["turns"].as_u64().unwrap();
        assert!(turns > 8, "{profile}");
        let differs = profile["loops"][0]["states"]["differs"].as_array().unwrap();
        assert!(differs.iter().any(|d| d["what"] == "r7"), "{differs:?}");
    }
}

/// Every processed instruction is in one stack, but those at which a path ended.
#[test]
fn folded_stacks_add_up() {
    let file = std::env::temp_dir().join(format!("bpfassay-stacks-{}", std::process::id()));
    let path = file.to_str().unwrap();
    let text = run(&[
        "check",
        "--cost-stacks",
        path,
        "--costs",
        "--prog",
        "few_ways",
        WAYS,
    ]);
    let stacks = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let mut sum = 0;
    for line in stacks.lines() {
        let (frames, count) = line.rsplit_once(' ').unwrap();
        assert!(frames.contains(";few_ways;"), "{line}");
        sum += count.parse::<u64>().unwrap();
    }
    let (_, rest) = text.split_once("where the budget went: ").unwrap();
    let processed: u64 = rest.split(' ').next().unwrap().parse().unwrap();
    assert!(
        sum <= processed && sum * 10 > processed * 8,
        "{sum} of {processed}"
    );
}

/// Without the option nothing is told of it.
#[test]
fn nothing_is_told_unless_asked() {
    let said = run(&["check", "--prog", "few_ways", "--format", "json", WAYS]);
    assert!(!said.contains("\"profile\""), "{said}");
}
