//! Results that come back: reports put together again, parts of a run, kept results.
//!
//! A report that was read back renders as it did: every format of what a cache holds or a
//! JSON report says is held against the same of the run itself.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bpfassay::report::read;
use common::{Random, damage};

/// A directory of its own, removed when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let path = std::env::temp_dir().join(format!("bpfassay-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run_in(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .current_dir(dir)
        .args(args)
        .output()
        .unwrap()
}

fn run(args: &[&str]) -> Output {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), args)
}

/// Standard output of a run that found what it found.
fn shown(args: &[&str]) -> String {
    let out = run(args);
    let err = String::from_utf8_lossy(&out.stderr);
    assert!(matches!(out.status.code(), Some(0..=2)), "{args:?}: {err}");
    String::from_utf8(out.stdout).unwrap()
}

fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// What is checked: refusals with edits and further refusals, lints, what runtimes lack,
/// objects that cannot be read, instructions without an object.
const INPUTS: [&str; 6] = [
    "tests/corpus/reject",
    "tests/corpus/lint",
    "tests/corpus/malformed",
    "tests/corpus/accept/xdp_l4lb.o",
    "tests/corpus/accept/xdp_router.o",
    "/nonexistent/x.o",
];

const TARGETS: &str = "linux-6.1,linux-6.18,rbpf";

fn check<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["check", "--all", "-t", TARGETS];
    [&fixed[..], &INPUTS, more].concat()
}

#[test]
fn every_format_of_what_is_read_back_is_that_of_the_run() {
    let dir = Dir::new("formats");
    let cache = dir.file("cache");
    let kept = ["--cache-dir", &cache];
    let json = dir.file("report.json");
    shown(&check(
        &[&kept[..], &["--format", "json", "-o", &json]].concat(),
    ));
    let formats = [
        &["json"][..],
        &["jsonl"],
        &["sarif"],
        &["github"],
        &["gitlab"],
        &["junit"],
        &["markdown"],
        &["short"],
        &["grouped"],
        &["text"],
        &["text", "--explain", "full"],
        &["text", "--explain", "short", "--quiet"],
    ];
    for format in formats {
        let asked = [&["--format"][..], format].concat();
        let known = shown(&check(&[&kept[..], &asked].concat()));
        let merged = shown(&[&["merge", &json], &asked[..]].concat());
        let same = known.lines().zip(merged.lines()).find(|(a, b)| a != b);
        assert!(known == merged, "{format:?}: {same:?}");
        assert!(known.len() > 1000, "{format:?}");
    }
    // And what was kept is what was found: all but the times.
    let times = regex::Regex::new("\"verify_us\": [0-9]+").unwrap();
    let fresh = shown(&check(&["--no-cache", "--format", "json"]));
    let known = fs::read_to_string(&json).unwrap();
    let bare = |text: &str| times.replace_all(text, "").into_owned();
    assert!(bare(&fresh) == bare(&known), "a kept result differs");
}

const CONFIG: &str = "[[suppress]]\ncode = \"BPF0108\"\nreason = \"known\"\n\
    [[suppress]]\ncode = \"BPF0101\"\nobject = \"*router*\"\nreason = \"never\"\n";

#[test]
fn parts_make_the_whole() {
    let dir = Dir::new("parts");
    let (cache, config) = (dir.file("cache"), dir.file("bpfassay.toml"));
    fs::write(&config, CONFIG).unwrap();
    let asked = [
        "--cache-dir",
        &cache,
        "--config",
        &config,
        "--format",
        "json",
    ];
    let whole = shown(&check(&asked));
    let mut parts = Vec::new();
    for part in 1..=4 {
        let (shard, file) = (format!("{part}/4"), dir.file(&format!("{part}.json")));
        shown(&check(
            &[&asked[..], &["--shard", &shard, "-o", &file]].concat(),
        ));
        parts.insert(0, file);
    }
    let files: Vec<&str> = parts.iter().map(String::as_str).collect();
    let merged = shown(&[&["merge", "--format", "json"], &files[..]].concat());
    let differs = whole.lines().zip(merged.lines()).find(|(a, b)| a != b);
    assert!(whole == merged, "{differs:?}");
    assert_eq!(whole.matches("Nothing needed the suppression").count(), 1);

    let refused = |files: &[&str], want: &str| {
        let out = run(&[&["merge"], files].concat());
        assert_eq!(out.status.code(), Some(2));
        assert!(stderr(&out).contains(want), "{}", stderr(&out));
    };
    refused(&files[1..], "of 4 parts there is no 4");
    refused(&[files[0], files[0]], "part 4 is there twice");
    refused(&["Cargo.toml"], "not a JSON report");
    let some = run(&[&["merge", "--partial"], &files[1..]].concat());
    assert_eq!(some.status.code(), Some(2), "an input cannot be read");
}

/// How many objects a run knew, and how many it kept, as it says.
fn known(cache: &str, more: &[&str]) -> (usize, usize) {
    let fixed = ["check", "--stats", "--cache-dir", cache];
    let text = shown(&[&fixed[..], more].concat());
    let line = text.lines().find(|l| l.starts_with("cache: ")).unwrap();
    let mut numbers = line.split(' ').filter_map(|w| w.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// All files of a cache but those about the tool.
fn entries(cache: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for folder in fs::read_dir(Path::new(cache).join("v1")).unwrap() {
        let folder = folder.unwrap().path();
        if folder.is_dir() {
            out.extend(fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()));
        }
    }
    out.sort();
    out
}

const REFUSED: &str = "tests/corpus/reject/memory.o";
const ACCEPTED: &str = "tests/corpus/accept/xdp_l4lb.o";

#[test]
fn a_result_is_known_for_what_it_was_made_of_only() {
    let dir = Dir::new("known");
    let cache = dir.file("cache");
    assert_eq!(known(&cache, &[REFUSED, ACCEPTED]), (0, 2));
    assert_eq!(known(&cache, &[REFUSED, ACCEPTED]), (2, 0));
    // Another name for the same object.
    let copy = dir.file("copy.o");
    fs::copy(ACCEPTED, &copy).unwrap();
    assert_eq!(known(&cache, &[&copy, "--repo-root", "."]), (1, 0));
    for asked in [
        &["-t", "linux-6.1"][..],
        &["--all"],
        &["--no-smoke"],
        &["--strict"],
        &["--kernel", "jit=off"],
        &["--caps", "bpf"],
        &["--loader", "libbpf"],
        &["--map", "none_such.max_entries=1"],
        &["--btf", "/nonexistent"],
    ] {
        let fixed = ["check", "--stats", "--cache-dir", &cache, ACCEPTED];
        let out = run(&[&fixed[..], asked].concat());
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(!text.contains("cache: 1 objects were known"), "{asked:?}");
    }
    // What the run cut short says nothing of the next.
    let few = ["--no-smoke", "tests/corpus/accept"];
    let (all, short) = (dir.file("all"), dir.file("short"));
    let (_, kept) = known(&all, &few);
    let (_, kept_short) = known(&short, &[&["--max-memory", "1"], &few[..]].concat());
    assert!(
        0 < kept_short && kept_short < kept,
        "{kept_short} of {kept}"
    );
}

#[test]
fn source_files_are_part_of_what_a_result_was_made_of() {
    let dir = Dir::new("source");
    let cache = dir.file("cache");
    fs::copy(REFUSED, dir.file("memory.o")).unwrap();
    let folder = dir.0.join("reject");
    fs::create_dir(&folder).unwrap();
    let source = fs::read_to_string("tests/corpus/reject/memory.c").unwrap();
    fs::write(folder.join("memory.c"), &source).unwrap();
    let object = dir.file("memory.o");
    let asked = [object.as_str(), "--source-root", dir.0.to_str().unwrap()];
    assert_eq!(known(&cache, &asked), (0, 1));
    assert_eq!(known(&cache, &asked), (1, 0));
    fs::write(folder.join("memory.c"), source.replace("\n\t", "\n\t\t\t")).unwrap();
    assert_eq!(known(&cache, &asked), (0, 1));
    fs::remove_file(folder.join("memory.c")).unwrap();
    assert_eq!(known(&cache, &asked), (0, 1));
}

#[test]
fn what_is_damaged_is_made_anew() {
    let dir = Dir::new("damaged");
    let cache = dir.file("cache");
    let asked = [REFUSED, ACCEPTED];
    let fresh = shown(&["check", "--no-cache", REFUSED, ACCEPTED]);
    assert_eq!(known(&cache, &asked), (0, 2));
    let files = entries(&cache);
    assert_eq!(files.len(), 2);
    let good: Vec<Vec<u8>> = files.iter().map(|f| fs::read(f).unwrap()).collect();
    let mut random = Random(7);
    for round in 0..24 {
        for (file, good) in files.iter().zip(&good) {
            let mut bytes = good.clone();
            match round {
                0 => bytes.clear(),
                1 => bytes.truncate(good.len() / 2),
                2 => bytes.truncate(64),
                _ => damage(&mut bytes, &mut random),
            }
            fs::write(file, &bytes).unwrap();
        }
        let text = shown(&["check", "--cache-dir", &cache, REFUSED, ACCEPTED]);
        assert_eq!(text, fresh, "round {round}");
    }
    // A result under another's key is not taken for it.
    fs::write(&files[0], &good[1]).unwrap();
    fs::write(&files[1], &good[0]).unwrap();
    assert_eq!(known(&cache, &asked), (0, 2));
    assert_eq!(known(&cache, &asked), (2, 0));
}

#[cfg(unix)]
#[test]
fn a_folder_of_somebody_else_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = Dir::new("trust");
    let cache = dir.file("cache");
    assert_eq!(known(&cache, &[ACCEPTED]), (0, 1));
    for mode in [0o777, 0o770, 0o722] {
        fs::set_permissions(&cache, fs::Permissions::from_mode(mode)).unwrap();
        let out = run(&["check", "--stats", "--cache-dir", &cache, ACCEPTED]);
        assert_eq!(out.status.code(), Some(0));
        assert!(
            stderr(&out).contains("others may write it"),
            "{}",
            stderr(&out)
        );
        assert!(!String::from_utf8_lossy(&out.stdout).contains("cache: "));
    }
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(known(&cache, &[ACCEPTED]), (1, 0));
    let file = dir.file("file");
    fs::write(&file, "").unwrap();
    assert_eq!(
        run(&["check", "--cache-dir", &file, ACCEPTED])
            .status
            .code(),
        Some(0)
    );
}

#[test]
fn runs_side_by_side_share_a_folder() {
    let dir = Dir::new("together");
    let cache = dir.file("cache");
    let fresh = shown(&["check", "--no-cache", "tests/corpus/reject"]);
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_bpfassay"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["check", "--cache-dir", &cache, "tests/corpus/reject"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let runs: Vec<_> = (0..4).map(|_| start()).collect();
    for run in runs {
        let out = run.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(out.stdout).unwrap(), fresh);
    }
    let (hits, kept) = known(&cache, &["tests/corpus/reject"]);
    assert!(hits > 5 && kept == 0, "{hits} {kept}");
}

#[test]
fn lines_come_as_they_are_known_and_are_those_of_a_file() {
    let dir = Dir::new("lines");
    let (cache, file) = (dir.file("cache"), dir.file("lines.jsonl"));
    let asked = ["--cache-dir", &cache, "--format", "jsonl"];
    shown(&check(&[&asked[..], &["-o", &file]].concat()));
    let streamed = shown(&check(&asked));
    assert_eq!(streamed, fs::read_to_string(&file).unwrap());
    let schema = fs::read_to_string("schemas/line.v1.json").unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let known = &bpfassay::report::jsonl::FIELDS;
    for line in streamed.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let wrong: Vec<String> = schema.iter_errors(&line).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}: {line}");
        let fields: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(fields, known);
    }
}

#[test]
fn a_damaged_report_is_an_error_or_another_report() {
    let whole = shown(&["check", "--format", "json", "--all", REFUSED]).into_bytes();
    let mut random = Random(11);
    let mut read_back = 0;
    for _ in 0..400 {
        let mut bytes = whole.clone();
        damage(&mut bytes, &mut random);
        if let Ok(report) = read::report(&bytes) {
            let text = bpfassay::report::text::render(&report, Default::default());
            assert!(!text.is_empty());
            read_back += 1;
        }
    }
    assert!(read_back > 5, "{read_back}");
}

/// Where the budget went is part of what is asked, of what is kept, and of a report.
#[test]
fn costs_come_back() {
    const WAYS: &str = "tests/corpus/profile/ways.o";
    let dir = Dir::new("costs");
    let (cache, json) = (dir.file("cache"), dir.file("costs.json"));
    let asked = ["check", "--no-smoke", "-t", "linux-6.18", WAYS];
    let kept = ["--cache-dir", &cache];
    // What was kept without is not taken for what is asked with.
    shown(&[&asked[..], &kept].concat());
    let costs = [&asked[..], &kept, &["--costs"]].concat();
    let fresh = shown(&costs);
    assert!(fresh.contains("where the budget went"), "{fresh}");
    assert_eq!(shown(&costs), fresh);
    shown(&[&costs[..], &["--format", "json", "-o", &json]].concat());
    assert_eq!(shown(&["merge", &json]), fresh);
    let stacks = |name: &str| {
        let file = dir.file(name);
        shown(&[&asked[..], &kept, &["--cost-stacks", &file]].concat());
        fs::read_to_string(file).unwrap()
    };
    let first = stacks("first");
    assert!(first.lines().count() > 5, "{first}");
    assert_eq!(stacks("second"), first);
}

#[test]
fn what_comments_suppress_stays_so() {
    let dir = Dir::new("comments");
    let folder = dir.0.join("lint");
    fs::create_dir(&folder).unwrap();
    let found = shown(&[
        "check",
        "--no-smoke",
        "--format",
        "json",
        "tests/corpus/lint",
    ]);
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    // A lint with a line of a source that is at hand.
    let objects = found["objects"].as_array().unwrap();
    let placed = objects.iter().find_map(|o| {
        let findings = o["findings"].as_array()?;
        let f = findings
            .iter()
            .find(|f| !f["primary"].is_null() && f["kind"] == "lint")?;
        let name = Path::new(f["file"].as_str()?)
            .file_name()?
            .to_str()?
            .to_owned();
        let source = Path::new("tests/corpus/lint").join(&name);
        let text = fs::read_to_string(source).ok()?;
        Some((o["object"].as_str()?.to_owned(), name, text, f.clone()))
    });
    let (object, name, text, finding) = placed.expect("a lint with its source");
    let at = finding["line"].as_u64().unwrap() as usize - 1;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // The line stays where it is: the comment takes the place of the one before.
    lines[at - 1] = format!(
        "// bpfassay: allow({}) measured",
        finding["code"].as_str().unwrap()
    );
    fs::write(folder.join(name), lines.join("\n")).unwrap();
    let copy = dir.file("lint.o");
    fs::copy(object, &copy).unwrap();
    let root = dir.0.to_str().unwrap();
    let asked = [
        "check",
        "--no-smoke",
        "--source-root",
        root,
        "--repo-root",
        root,
        &copy,
    ];
    let json = dir.file("report.json");
    shown(&[&asked[..], &["--format", "json", "-o", &json]].concat());
    let sarif = shown(&[&asked[..], &["--format", "sarif"]].concat());
    assert!(sarif.contains("inSource"), "{sarif}");
    let merged = shown(&["merge", &json, "--repo-root", root, "--format", "sarif"]);
    assert!(sarif == merged);
}

#[test]
fn parts_may_lack_what_others_have() {
    let dir = Dir::new("lacking");
    let asked = |name: &str, more: &[&str]| {
        let fixed = [
            "check",
            "--no-smoke",
            "--no-cache",
            "--prog",
            name,
            REFUSED,
            ACCEPTED,
        ];
        run(&[&fixed[..], more].concat())
    };
    let mut files = Vec::new();
    let mut programs = 0;
    for part in ["1/3", "2/3", "3/3"] {
        let file = dir.file(&part.replace('/', "-"));
        let out = asked(
            "balancer",
            &["--shard", part, "--format", "json", "-o", &file],
        );
        assert_eq!(out.status.code(), Some(0), "{part}: {}", stderr(&out));
        let text = fs::read_to_string(&file).unwrap();
        programs += text.matches("\"program\": \"balancer\"").count();
        files.push(file);
    }
    assert_eq!(programs, 1);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let merged = shown(&[&["merge"], &files[..]].concat());
    assert!(merged.contains("1 accepted"), "{merged}");
    // One that is nowhere is a mistake in each part.
    let out = asked("balancr", &["--shard", "1/3"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(
        stderr(&out).contains("did you mean balancer?"),
        "{}",
        stderr(&out)
    );
}

#[test]
fn a_result_is_known_whatever_it_is_judged_by() {
    let dir = Dir::new("judged");
    let (cache, config) = (dir.file("cache"), dir.file("bpfassay.toml"));
    let with = |text: &str| {
        fs::write(&config, text).unwrap();
        known(&cache, &["--no-smoke", "--config", &config, ACCEPTED])
    };
    assert_eq!(with("[severity]\nlint = \"off\"\n"), (0, 1));
    let judged =
        "# A comment.\nfail-on = \"note\"\n[budget]\nstack = 8\n[severity]\nlint = \"note\"\n";
    assert_eq!(with(judged), (1, 0));
    assert_eq!(with("[policy]\ndeny = [\"bpf_map_lookup_elem\"]\n"), (0, 1));
    assert_eq!(with("[policy]\ndeny = [\"bpf_map_update_elem\"]\n"), (0, 1));
    assert_eq!(
        with("[program.x.policy]\ndeny = [\"bpf_map_update_elem\"]\n"),
        (0, 1)
    );
}
