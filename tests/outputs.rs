//! What CI reads: SARIF against its schema, annotations, JUnit, Markdown; and
//! what `bpfassay.toml`, baselines and levels make of a run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn run_in(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(args)
        .current_dir(dir)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn run(args: &[&str]) -> Output {
    run_in(Path::new(ROOT), args)
}

fn stdout(o: &Output) -> String {
    String::from_utf8(o.stdout.clone()).unwrap()
}

fn stderr(o: &Output) -> String {
    String::from_utf8(o.stderr.clone()).unwrap()
}

fn code(o: &Output) -> i32 {
    o.status.code().unwrap()
}

/// A directory of its own, removed when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let name = format!("bpfassay-outputs-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Dir(path.canonicalize().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> &Dir {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn run(&self, args: &[&str]) -> Output {
        run_in(&self.0, args)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn schema(path: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    // SARIF's pattern of languages has a stray bracket; an erratum mends it so.
    let text = text.replace(
        "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$",
        "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$",
    );
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn complaints(schema: &jsonschema::Validator, document: &Value) -> Vec<String> {
    let errors = schema.iter_errors(document);
    errors
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

fn objects(folder: &str) -> Vec<String> {
    let mut paths: Vec<String> = std::fs::read_dir(Path::new(ROOT).join(folder))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.ends_with(".o") || n.ends_with(".bpfasm"))
        .map(|n| format!("{folder}/{n}"))
        .collect();
    paths.sort();
    paths
}

const MEMORY: &str = "tests/corpus/reject/memory.o";
const GOOD: &str = ".type socket_filter\n.license \"GPL\"\nr0 = 0\nexit\n";
const BAD: &str = ".type socket_filter\n.license \"GPL\"\nr0 = r3\nexit\n";
const CALLS: &str = ".type kprobe\n.license \"GPL\"\ncall 5\ncall 14\ncall 5\nr0 = 0\nexit\n";

/// The run of a SARIF document.
fn sarif(o: &Output) -> Value {
    let document: Value = serde_json::from_str(&stdout(o)).unwrap();
    document["runs"][0].clone()
}

#[test]
fn sarif_matches_the_official_schema() {
    let official = schema("tests/data/sarif-schema-2.1.0.json");
    let mut inputs = objects("tests/corpus/reject");
    // It runs into the limit of a million instructions, on purpose.
    inputs.retain(|i| !i.ends_with("control_flow.o"));
    inputs.extend(objects("tests/corpus/malformed").into_iter().take(8));
    inputs.push("tests/corpus/none.o".into());
    let mut args = vec!["check", "--no-config", "--no-smoke", "--format", "sarif"];
    args.extend(["--target", "linux-6.18,linux-5.10,dragonos", "-D", "lint"]);
    args.extend(inputs.iter().map(String::as_str));
    let o = run(&args);
    assert_eq!(code(&o), 2, "{}", stderr(&o));
    let mut document: Value = serde_json::from_str(&stdout(&o)).unwrap();
    let errors = complaints(&official, &document);
    assert!(errors.is_empty(), "{errors:#?}");
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 100, "{}", results.len());
    assert_eq!(run["invocations"][0]["exitCode"], 2);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let notes = run["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    assert!(
        notes
            .iter()
            .any(|n| n["message"]["text"].as_str().unwrap().contains("none.o"))
    );
    let mut prints = std::collections::BTreeSet::new();
    let (mut flows, mut related) = (0, 0);
    for r in results {
        let rule = &run["tool"]["driver"]["rules"][r["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], r["ruleId"]);
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty(), "{rule}");
        let place = &r["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(
            !uri.starts_with('/') && !uri.contains("..") && !uri.contains(' '),
            "{uri}"
        );
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%", "{uri}");
        assert!(Path::new(ROOT).join(uri).exists(), "{uri}");
        let print = r["partialFingerprints"]["ruleProgramLine/v1"]
            .as_str()
            .unwrap();
        assert!(prints.insert(print), "{print} twice");
        flows += usize::from(r["codeFlows"].is_array());
        related += usize::from(r["relatedLocations"].is_array());
    }
    assert!(flows > 10 && related > 10, "{flows} {related}");
    // The validator does see faults.
    document["runs"][0]["results"][0]["message"] = json!({});
    assert!(!official.is_valid(&document));
}

#[test]
fn fingerprints_stay_when_lines_move() {
    let dir = Dir::new("prints");
    let print = |text: &str| -> Value {
        dir.file("p.bpfasm", text);
        let o = dir.run(&["check", "--format", "sarif", "p.bpfasm"]);
        let run = sarif(&o);
        let result = &run["results"][0];
        assert_eq!(result["level"], "error", "{result}");
        result["partialFingerprints"].clone()
    };
    let first = print(BAD);
    let moved = BAD.replace("r0 = r3", "// more\n// lines\n    r0 = r3");
    assert_eq!(print(&moved), first);
    assert_ne!(print(&BAD.replace("r0 = r3", "r0 = r4")), first);
}

/// A report as a snapshot: without the machine and the clock.
fn steady(text: &str) -> String {
    let time = regex::Regex::new(r#"time="[0-9.]+""#).unwrap();
    let text = time.replace_all(text, "time=\"T\"");
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    text.replace(ROOT, "/ROOT").replace(&version, "\"VERSION\"")
}

fn snapshot(format: &str) -> String {
    let args = ["check", "--no-config", "--no-smoke", "--format", format];
    let mut args = args.to_vec();
    args.extend(["--repo-root", ROOT, "--source-root", "tests/corpus"]);
    args.extend(["--prog", "value_index_oob", MEMORY]);
    let o = run(&args);
    assert_eq!(code(&o), 1, "{}", stderr(&o));
    steady(&stdout(&o))
}

#[test]
fn sarif_looks_like_this() {
    let mut document: Value = serde_json::from_str(&snapshot("sarif")).unwrap();
    // The catalogue has its own tests.
    let rules = &mut document["runs"][0]["tool"]["driver"]["rules"];
    for rule in rules.as_array_mut().unwrap() {
        *rule = rule["id"].clone();
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
}

#[test]
fn annotations_look_like_this() {
    insta::assert_snapshot!(snapshot("github"));
}

#[test]
fn junit_looks_like_this() {
    insta::assert_snapshot!(snapshot("junit"));
}

#[test]
fn markdown_looks_like_this() {
    insta::assert_snapshot!(snapshot("markdown"));
}

#[test]
fn markdown_folds_what_is_long_and_tells_each_refusal_once() {
    let args = ["check", "--no-config", "--no-smoke", "--format", "markdown"];
    let mut args = args.to_vec();
    args.extend(["--target", "linux-6.18,linux-6.12", MEMORY]);
    let text = stdout(&run(&args));
    assert!(
        text.contains("<details><summary>33 programs</summary>"),
        "{text}"
    );
    let folds = text.matches("<details>").count();
    assert_eq!(folds, text.matches("</details>").count());
    let told = text.matches("<details><summary><code>value_index_oob</code>");
    assert_eq!(told.count(), 1);
    assert!(text.contains("on linux-6.18, linux-6.12"));
    let fences = text.lines().filter(|l| l.starts_with("```")).count();
    assert!(fences > 40 && fences.is_multiple_of(2), "{fences}");
}

#[test]
fn annotations_are_one_line_each_with_errors_first() {
    let o = run(&[
        "check",
        "--no-config",
        "--no-smoke",
        "--format",
        "github",
        MEMORY,
    ]);
    let text = stdout(&o);
    let levels: Vec<&str> = text.lines().map(|l| l.split(' ').next().unwrap()).collect();
    // Of more than ten of a level, the tenth counts the rest.
    assert_eq!(levels.iter().filter(|l| **l == "::error").count(), 10);
    assert!(text.contains("::error title=and 24 more::"), "{text}");
    let rank = |l: &str| {
        ["::error", "::warning", "::notice"]
            .iter()
            .position(|c| *c == l)
    };
    let ranks: Vec<usize> = levels
        .iter()
        .map(|l| rank(l).unwrap_or_else(|| panic!("{l}")))
        .collect();
    assert!(ranks.is_sorted());
    let about_lines = text.lines().filter(|l| !l.contains(" title=and "));
    for line in about_lines {
        let (properties, message) = line.split_once(' ').unwrap().1.split_once("::").unwrap();
        let file = properties
            .split(',')
            .next()
            .unwrap()
            .strip_prefix("file=")
            .unwrap();
        assert!(Path::new(ROOT).join(file).exists(), "{file}");
        assert!(!message.is_empty());
    }
}

#[test]
fn junit_is_well_formed_and_counts_right() {
    let args = ["check", "--no-config", "--no-smoke", "--format", "junit"];
    let mut args = args.to_vec();
    args.extend([
        "--target",
        "linux-6.18,linux-6.1",
        MEMORY,
        "tests/corpus/none.o",
    ]);
    let text = stdout(&run(&args));
    let mut reader = quick_xml::Reader::from_str(&text);
    let mut seen: std::collections::BTreeMap<String, usize> = Default::default();
    let mut stated = Vec::new();
    loop {
        use quick_xml::events::Event;
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(e) | Event::Empty(e) => {
                let name = e.name().as_ref().to_owned();
                if name == "testsuites" {
                    for key in ["tests", "failures", "errors", "skipped"] {
                        let value = e.try_get_attribute(key).unwrap().unwrap();
                        stated.push(value.value.parse::<usize>().unwrap());
                    }
                }
                *seen.entry(name).or_default() += 1;
            }
            _ => {}
        }
    }
    let of = |name: &str| seen.get(name).copied().unwrap_or(0);
    assert_eq!(of("testsuite"), 3);
    let counted = [of("testcase"), of("failure"), of("error"), of("skipped")];
    assert_eq!(stated, counted);
    assert!(of("testcase") > 60 && of("failure") > 50 && of("error") >= 1);
}

#[test]
fn threads_do_not_change_a_report() {
    let render = |threads: &str| {
        let args = ["check", "--no-config", "--no-smoke", "--format", "sarif"];
        let inputs = [
            MEMORY,
            "tests/corpus/reject/helpers.o",
            "tests/corpus/none.o",
        ];
        let o = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
            .args(args)
            .args(["--target", "linux-6.18,linux-6.1"])
            .args(inputs)
            .current_dir(ROOT)
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        stdout(&o)
    };
    let one = render("1");
    assert!(one.contains("BPF0107"));
    assert!(one == render("5"), "the report differs");
}

#[test]
fn one_run_writes_several_reports() {
    let dir = Dir::new("several");
    dir.file("bad.bpfasm", BAD);
    let o = dir.run(&[
        "check",
        "bad.bpfasm",
        "--report",
        "sarif=r.sarif",
        "--report",
        "junit=r.xml",
        "--format",
        "jsonl",
    ]);
    assert_eq!(code(&o), 1);
    assert!(stdout(&o).starts_with('{'));
    let report: Value = serde_json::from_str(&dir.read("r.sarif")).unwrap();
    assert_eq!(report["version"], "2.1.0");
    assert!(dir.read("r.xml").contains("<failure"));
    assert_eq!(
        code(&dir.run(&["check", "bad.bpfasm", "--report", "pdf=x"])),
        2
    );
}

#[test]
fn paths_follow_root_and_prefix() {
    let dir = Dir::new("paths");
    dir.file("src/bpf/bad.bpfasm", BAD);
    let uri = |from: &str, args: &[&str]| -> String {
        let mut all = vec!["check", "--format", "sarif"];
        all.extend(args);
        let o = run_in(&dir.0.join(from), &all);
        let run = sarif(&o);
        let place = &run["results"][0]["locations"][0]["physicalLocation"];
        place["artifactLocation"]["uri"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let root = dir.0.to_str().unwrap();
    let file = "src/bpf/bad.bpfasm";
    assert_eq!(uri("src/bpf", &["--repo-root", root, "bad.bpfasm"]), file);
    assert_eq!(uri("", &["--repo-root", ".", file]), file);
    let absolute = format!("{root}/{file}");
    assert_eq!(uri("src", &["--repo-root", "..", &absolute]), file);
    let prefix = format!("{root}/src=code");
    let mapped = uri(
        "",
        &["--repo-root", ".", "--path-prefix", &prefix, &absolute],
    );
    assert_eq!(mapped, "code/bpf/bad.bpfasm");
}

#[test]
fn the_configuration_is_found_upward() {
    let dir = Dir::new("upward");
    dir.file("a/b/good.bpfasm", GOOD);
    dir.file("bpfassay.toml", "[budget]\ninstructions = 1\n");
    let below = dir.0.join("a/b");
    let o = run_in(&below, &["check", "good.bpfasm"]);
    assert_eq!(code(&o), 1, "{}", stdout(&o));
    assert!(
        stdout(&o).contains("BPF0901 budget-exceeded"),
        "{}",
        stdout(&o)
    );
    assert!(stdout(&o).contains("takes 2 instructions; the budget is 1"));
    for args in [
        &["check", "--no-config", "good.bpfasm"][..],
        &["check", "-A", "BPF0901", "good.bpfasm"],
        &["check", "-W", "policy", "good.bpfasm"],
        &["check", "--fail-on", "reject", "good.bpfasm"],
        &["check", "--fail-on", "never", "good.bpfasm"],
    ] {
        assert_eq!(code(&run_in(&below, args)), 0, "{args:?}");
    }
    let warned = [
        "check",
        "-W",
        "policy",
        "--fail-on",
        "warning",
        "good.bpfasm",
    ];
    assert_eq!(code(&run_in(&below, &warned)), 1);
    let o = run_in(&below, &["check", "-A", "no-such-rule", "good.bpfasm"]);
    assert_eq!(code(&o), 2);
    assert!(stderr(&o).contains("no rule or family no-such-rule"));
}

#[test]
fn a_wrong_configuration_is_shown_where_it_is_wrong() {
    let dir = Dir::new("wrong");
    dir.file("good.bpfasm", GOOD);
    for (text, words) in [
        (
            "strict = true\n[budgets]\n",
            "bpfassay.toml:2: unknown field `budgets`",
        ),
        (
            "targets = [\"linux-0.1\"]\n",
            "bpfassay.toml:1: unknown target linux-0.1",
        ),
        (
            "[policy]\ndeny = [\"bpf_trase_printk\"]\n",
            "bpfassay.toml:2: no helper",
        ),
    ] {
        dir.file("bpfassay.toml", text);
        let o = dir.run(&["check", "good.bpfasm"]);
        assert_eq!(code(&o), 2);
        assert!(stderr(&o).contains(words), "{}", stderr(&o));
        assert!(
            stderr(&o).contains("bpfassay.toml:") && stderr(&o).contains("── here"),
            "{}",
            stderr(&o)
        );
    }
    let o = dir.run(&["check", "--config", "none.toml", "good.bpfasm"]);
    assert_eq!(code(&o), 2);
}

#[test]
fn configured_targets_give_way_to_the_command_line() {
    let dir = Dir::new("targets");
    dir.file("good.bpfasm", GOOD);
    dir.file(
        "bpfassay.toml",
        "targets = [\"linux-6.1\", \"linux-6.6\"]\n",
    );
    let targets = |args: &[&str]| -> Vec<String> {
        let mut all = vec!["check", "--format", "jsonl", "good.bpfasm"];
        all.extend(args);
        let text = stdout(&dir.run(&all));
        let lines = text
            .lines()
            .map(|l| serde_json::from_str::<Value>(l).unwrap());
        lines
            .map(|l| l["target"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(targets(&[]), ["linux-6.1", "linux-6.6"]);
    assert_eq!(targets(&["-t", "linux-6.12"]), ["linux-6.12"]);
}

#[test]
fn strict_runs_fail_by_what_is_not_decided() {
    let dir = Dir::new("strict");
    // It attaches to what so few types leave open.
    let object = format!("{ROOT}/tests/corpus/accept/fentry_lsm.o");
    let types = format!("{ROOT}/tests/corpus/btf/kernel.btf");
    let args = [
        "check",
        "--no-smoke",
        "--format",
        "junit",
        "--prog",
        "open_entry",
        "--btf",
        &types,
        &object,
    ];
    let o = dir.run(&args);
    assert_eq!(code(&o), 0, "{}", stdout(&o));
    assert!(
        stdout(&o).contains("<skipped message=\"not decided"),
        "{}",
        stdout(&o)
    );
    dir.file("bpfassay.toml", "strict = true\n");
    let o = dir.run(&args);
    assert_eq!(code(&o), 1);
    assert!(
        stdout(&o).contains("<failure type=\"not-decided\""),
        "{}",
        stdout(&o)
    );
}

#[test]
fn the_policy_shows_each_denied_call() {
    let dir = Dir::new("policy");
    dir.file("calls.bpfasm", CALLS);
    dir.file("bpfassay.toml", "[policy]\ndeny = [\"bpf_ktime_get_*\"]\n");
    let o = dir.run(&["check", "--format", "json", "calls.bpfasm"]);
    assert_eq!(code(&o), 1);
    let report: Value = serde_json::from_str(&stdout(&o)).unwrap();
    let findings = report["objects"][0]["findings"].as_array().unwrap();
    let denied: Vec<&Value> = findings.iter().filter(|f| f["code"] == "BPF0900").collect();
    assert_eq!(denied.len(), 1, "{findings:#?}");
    let text = denied[0].to_string();
    assert!(text.contains("bpf_ktime_get_ns"), "{text}");
    assert_eq!(denied[0]["primary"]["line"], 3, "{text}");
    assert_eq!(denied[0]["secondary"][0]["line"], 5, "{text}");
    let name = report["objects"][0]["programs"][0]["program"]
        .as_str()
        .unwrap();
    for allowed in [
        "[policy]\ndeny = [\"bpf_ktime_get_*\"]\nallow = [\"bpf_ktime_get_ns\"]\n".to_owned(),
        format!("[policy]\ndeny = [\"*\"]\n[program.\"{name}\".policy]\nallow = [\"bpf_*\"]\n"),
    ] {
        dir.file("bpfassay.toml", &allowed);
        let o = dir.run(&["check", "calls.bpfasm"]);
        assert_eq!(code(&o), 0, "{allowed}\n{}", stdout(&o));
    }
    dir.file("bpfassay.toml", "[policy]\ndeny = [\"signal\"]\n");
    dir.file(
        "kill.bpfasm",
        ".type kprobe\n.license \"GPL\"\nr1 = 9\ncall 109\nr0 = 0\nexit\n",
    );
    assert_eq!(code(&dir.run(&["check", "calls.bpfasm"])), 0);
    let o = dir.run(&["check", "kill.bpfasm"]);
    assert_eq!(code(&o), 1, "{}", stdout(&o));
    let text = stdout(&o).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("(`signal`: "), "{text}");
    let one = format!("[program.\"{name}\".policy]\ndeny = [\"bpf_get_current_pid_tgid\"]\n");
    dir.file("bpfassay.toml", &one);
    let o = dir.run(&["check", "calls.bpfasm"]);
    assert_eq!(code(&o), 1, "{}", stdout(&o));
    assert!(stdout(&o).contains("bpf_get_current_pid_tgid"));
}

#[test]
fn suppressed_refusals_do_not_fail_and_unused_suppressions_are_told() {
    let dir = Dir::new("suppress");
    dir.file("bad.bpfasm", BAD);
    let entry = |code: &str, object: &str| {
        format!(
            "[[suppress]]\ncode = \"{code}\"\nobject = \"{object}\"\nreason = \"kept: a demo\"\n"
        )
    };
    dir.file(
        "bpfassay.toml",
        &entry("uninitialized-register-read", "bad.*"),
    );
    let o = dir.run(&["check", "bad.bpfasm"]);
    assert_eq!(code(&o), 0, "{}", stdout(&o));
    assert!(
        stdout(&o).contains("(suppressed: kept: a demo)"),
        "{}",
        stdout(&o)
    );
    let run = sarif(&dir.run(&["check", "--format", "sarif", "bad.bpfasm"]));
    let suppression = &run["results"][0]["suppressions"][0];
    assert_eq!(suppression["justification"], "kept: a demo");
    let annotations = stdout(&dir.run(&["check", "--format", "github", "bad.bpfasm"]));
    assert_eq!(annotations, "");
    dir.file("bpfassay.toml", &entry("BPF0108", "bad.bpfasm"));
    let o = dir.run(&["check", "bad.bpfasm"]);
    assert_eq!(code(&o), 1);
    assert!(
        stdout(&o).contains("BPF0904 suppression-unused"),
        "{}",
        stdout(&o)
    );
    assert!(stdout(&o).contains("bpfassay.toml:2"), "{}", stdout(&o));
    // Lowered by level, a refusal is still shown but does not fail.
    let o = dir.run(&["check", "--no-config", "-W", "registers", "bad.bpfasm"]);
    assert_eq!(code(&o), 0);
    assert!(stdout(&o).contains("BPF0001"));
}

#[test]
fn baselines_catch_growth() {
    let dir = Dir::new("baseline");
    dir.file("p.bpfasm", GOOD);
    let write = ["check", "p.bpfasm", "--write-baseline", "base.json"];
    assert_eq!(code(&dir.run(&write)), 0);
    let text = dir.read("base.json");
    let document: Value = serde_json::from_str(&text).unwrap();
    let errors = complaints(&schema("schemas/baseline.v1.json"), &document);
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(document["programs"][0]["processed"], 2);
    let compare = ["check", "p.bpfasm", "--baseline", "base.json"];
    assert_eq!(code(&dir.run(&compare)), 0);
    dir.file("p.bpfasm", &GOOD.replace("r0 = 0", "r1 = 0\nr0 = 0"));
    let o = dir.run(&compare);
    assert_eq!(code(&o), 1, "{}", stdout(&o));
    let said =
        "3 instructions instead of 2 (+50.0 %), 3 processed instructions instead of 2 (+50.0 %)";
    let flat = stdout(&o)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("│ ", "");
    assert!(flat.contains(said), "{flat}");
    let more = [
        "check",
        "p.bpfasm",
        "--baseline",
        "base.json",
        "--max-growth",
        "50 %",
    ];
    assert_eq!(code(&dir.run(&more)), 0);
    // The same from a configuration, whose directory its paths are relative to.
    dir.file(
        "bpfassay.toml",
        "[baseline]\nfile = \"base.json\"\ngrowth = \"20 %\"\n",
    );
    dir.file("sub/x", "");
    let o = run_in(
        &dir.0.join("sub"),
        &["check", "--repo-root", "..", "../p.bpfasm"],
    );
    assert_eq!(code(&o), 1, "{}", stdout(&o));
    dir.file("new.bpfasm", GOOD);
    let o = dir.run(&["check", "new.bpfasm"]);
    assert_eq!(code(&o), 0, "{}", stdout(&o));
    assert!(
        stdout(&o).contains("BPF0903 baseline-missing"),
        "{}",
        stdout(&o)
    );
    dir.file("base.json", "[]");
    assert_eq!(code(&dir.run(&compare)), 2);
}

#[test]
fn the_books_configuration_is_taken_by_parser_and_schema() {
    let page = include_str!("../docs/src/configuration.md");
    let fence = page.split("```toml\n").nth(1).expect("a toml fence");
    let text = fence.split("```").next().unwrap();
    bpfassay::config::parse(text).unwrap_or_else(|e| panic!("{e}"));
    let published = schema("schemas/config.v1.json");
    let document = |text: &str| -> Value {
        serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
    };
    let errors = complaints(&published, &document(text));
    assert!(errors.is_empty(), "{errors:#?}");
    for wrong in [
        "budget = { insns = 1 }",
        "fail-on = \"often\"",
        "[severity]\nBPF0108 = \"fatal\"",
        "[[suppress]]\ncode = \"BPF0108\"",
        "[budget]\nstack = \"1 parsec\"",
        "[program.x]\ntargets = []",
    ] {
        assert!(!published.is_valid(&document(wrong)), "{wrong}");
        assert!(bpfassay::config::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        let o = run(&["completions", shell]);
        assert_eq!(code(&o), 0);
        assert!(stdout(&o).contains("bpfassay") && stdout(&o).contains("write-baseline"));
    }
    let o = run(&["man"]);
    assert!(stdout(&o).contains(".TH bpfassay 1"), "{}", stdout(&o));
    let dir = Dir::new("man");
    assert_eq!(code(&dir.run(&["man", "--output", "."])), 0);
    assert!(dir.read("bpfassay-check.1").contains("\\-\\-fail\\-on"));
}

/// What is told in a further report does not depend on what the main one is.
#[test]
fn a_further_report_is_what_it_would_be_alone() {
    let dir = Dir::new("further");
    let object = format!("{ROOT}/tests/corpus/reject/memory.o");
    let fixed = [
        "check",
        "--no-smoke",
        "--no-cache",
        "--repo-root",
        ROOT,
        &object,
    ];
    dir.run(&[&fixed[..], &["--format", "sarif", "-o", "alone"]].concat());
    dir.run(
        &[
            &fixed[..],
            &["--format", "json", "-o", "main", "--report", "sarif=beside"],
        ]
        .concat(),
    );
    assert!(dir.read("alone") == dir.read("beside"));
}

#[test]
fn words_for_several_targets_are_taken_wherever_targets_are() {
    let dir = Dir::new("groups");
    let object = format!("{ROOT}/tests/corpus/accept/xdp_l4lb.o");
    dir.file("bpfassay.toml", "targets = [\"lts\"]\n");
    let o = dir.run(&[
        "check",
        "--no-smoke",
        "--no-cache",
        "--format",
        "jsonl",
        &object,
    ]);
    let lines = stdout(&o).lines().count();
    assert!(code(&o) == 0 && lines > 3, "{}", stderr(&o));
    for args in [&["cfg"][..], &["dump"], &["audit"]] {
        let o = dir.run(&[args, &["-t", "lts", &object]].concat());
        assert_eq!(code(&o), 0, "{args:?}: {}", stderr(&o));
    }
    let btf = format!("lts={ROOT}/tests/corpus/btf/kernel.btf");
    let o = dir.run(&[
        "check",
        "--no-smoke",
        "--no-cache",
        "-t",
        "linux-6.1",
        "--btf",
        &btf,
        &object,
    ]);
    assert_eq!(code(&o), 0, "{}", stderr(&o));
    let refused = |args: &[&str], want: &str| {
        let o = dir.run(args);
        assert_eq!(code(&o), 2, "{args:?}");
        assert!(stderr(&o).contains(want), "{args:?}: {}", stderr(&o));
    };
    refused(&["check", "-t", "ltss", &object], "did you mean lts?");
    refused(
        &["targets", "--diff", "lts", "linux-6.1"],
        "lts stands for several targets",
    );
    refused(
        &["audit", "--prog", "balancr", &object],
        "did you mean balancer?",
    );
    refused(
        &["run", "--prog", "balancr", &object],
        "did you mean balancer?",
    );
}

/// A file that a configuration names is beside it, wherever the tool is started.
#[test]
fn paths_of_a_configuration_are_relative_to_it() {
    let dir = Dir::new("relative");
    let object = format!("{ROOT}/tests/corpus/accept/xdp_l4lb.o");
    dir.file("config", "CONFIG_BPF=y\n").file("below/x", "");
    let check = |config: &str| {
        dir.file("bpfassay.toml", config);
        run_in(
            &dir.0.join("below"),
            &["check", "--no-smoke", "--no-cache", &object],
        )
    };
    let o = check("[kernel]\nkconfig = \"config\"\n");
    assert_ne!(code(&o), 2, "{}", stderr(&o));
    // Found, though it is no kernel's.
    let btf = format!("{ROOT}/tests/corpus/btf/kernel.btf");
    std::fs::copy(btf, dir.0.join("kernel.btf")).unwrap();
    let o = check("targets = [\"kernel.btf\"]\n");
    assert!(stderr(&o).contains("no BTF of a kernel"), "{}", stderr(&o));
}
