//! `compare` over the committed corpus: its verdicts are those of the running
//! kernel, and its two formats tell the same.

mod kernel_common;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn objects() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut out = Vec::new();
    for folder in ["accept", "reject"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "o") {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

fn compare(format: &str) -> (String, Option<i32>) {
    let out = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(["compare", "--format", format])
        .args(objects())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(errors.is_empty(), "{errors}");
    (String::from_utf8(out.stdout).unwrap(), out.status.code())
}

/// Helpers that a kernel may be built or locked without.
const OWN: [&str; 2] = ["bpf_probe_write_user#36", "bpf_override_return#58"];

#[test]
#[ignore = "asks the running kernel: cargo xtask oracle"]
fn the_corpus_compares_without_a_difference() {
    let (kernel, target) = kernel_common::kernel();
    let (text, code) = compare("json");
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "bpfassay-compare-v1");
    assert_eq!(document["kernel"], kernel.release.as_str());
    assert_eq!(document["target"], target.name.as_str());
    let mut counted = [0u64; 4];
    let mut wrong = Vec::new();
    for object in document["objects"].as_array().unwrap() {
        for program in object["programs"].as_array().unwrap() {
            let words = ["agree", "differ", "undecided", "not-compared"];
            let at = words.iter().position(|w| program["relation"] == *w);
            counted[at.expect("a relation")] += 1;
            let message = program["kernel"]["message"].as_str().unwrap_or("");
            if program["relation"] == "differ" && !OWN.iter().any(|h| message.contains(h)) {
                wrong.push(format!("{}: {program:#}", object["object"]));
            }
        }
    }
    let totals = &document["totals"];
    let [agree, differ, undecided, not_compared] = counted;
    assert_eq!(totals["agree"], agree);
    assert_eq!(totals["differ"], differ);
    assert_eq!(totals["undecided"], undecided);
    assert_eq!(totals["not_compared"], not_compared);
    assert_eq!(code, Some(i32::from(differ > 0)));
    assert!(agree > 0, "{totals}");
    eprintln!("{}: {totals}", kernel.release);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (text, text_code) = compare("text");
    assert_eq!(text_code, code);
    let line = format!(
        "{} programs: {agree} agree, {differ} differ, {undecided} undecided, {not_compared} not compared",
        totals["programs"]
    );
    assert!(text.contains(&line), "{line}\n{text}");
}
