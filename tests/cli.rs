//! The command as users call it: exit codes, streams, formats.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn bpfassay(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(args)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn stdout(o: &Output) -> String {
    String::from_utf8(o.stdout.clone()).unwrap()
}

fn stderr(o: &Output) -> String {
    String::from_utf8(o.stderr.clone()).unwrap()
}

/// A file in a directory of its own, removed when dropped.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, bytes: &[u8]) -> TempFile {
        let dir = std::env::temp_dir().join(format!("bpfassay-test-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join(name);
        std::fs::write(&path, bytes).unwrap();
        TempFile(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap_or(Path::new("/nonexistent")));
    }
}

const GOOD: &str = ".type socket_filter\n.license \"GPL\"\nr0 = 0\nexit\n";
const BAD: &str = ".type socket_filter\n.license \"GPL\"\nr0 = r3\nexit\n";

#[test]
fn usage_errors_exit_2() {
    assert_eq!(bpfassay(&[]).status.code(), Some(2));
    assert_eq!(bpfassay(&["check"]).status.code(), Some(2));
    assert_eq!(bpfassay(&["frobnicate"]).status.code(), Some(2));
    let o = bpfassay(&["check", "--target", "linux-0.1", "x.o"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(
        stderr(&o).contains("unknown target linux-0.1"),
        "{}",
        stderr(&o)
    );
}

#[test]
fn help_and_version_exit_0() {
    for args in [&["--help"][..], &["--version"], &["check", "--help"]] {
        let o = bpfassay(args);
        assert_eq!(o.status.code(), Some(0));
        assert!(!o.stdout.is_empty() && o.stderr.is_empty());
    }
}

#[test]
fn an_unreadable_input_exits_2_and_is_in_the_report() {
    let o = bpfassay(&["check", "--format", "jsonl", "/nonexistent/x.o"]);
    assert_eq!(o.status.code(), Some(2));
    let line: serde_json::Value = serde_json::from_str(stdout(&o).trim()).unwrap();
    assert_eq!(line["verdict"], "load-error");
    assert_eq!(line["object"], "/nonexistent/x.o");
    assert!(stderr(&o).contains("/nonexistent/x.o"));
}

#[test]
fn a_bad_input_does_not_lose_the_others() {
    let good = TempFile::new("keeps.bpfasm", GOOD.as_bytes());
    let junk = TempFile::new("junk.o", b"\x7fELFjunk");
    let o = bpfassay(&["check", "--format", "jsonl", junk.path(), good.path()]);
    assert_eq!(o.status.code(), Some(2));
    let lines: Vec<serde_json::Value> = stdout(&o)
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["object"], junk.path());
    assert_eq!(lines[1]["object"], good.path());
}

#[test]
fn jsonl_fields_are_the_stable_ones() {
    let good = TempFile::new("fields.bpfasm", GOOD.as_bytes());
    let o = bpfassay(&["check", "--format", "jsonl", good.path()]);
    let text = stdout(&o);
    let line: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text.trim()).unwrap();
    let names: Vec<&str> = line.keys().map(String::as_str).collect();
    assert_eq!(names, bpfassay::report::jsonl::FIELDS);
}

#[test]
fn verdicts_decide_the_exit_code() {
    let good = TempFile::new("good.bpfasm", GOOD.as_bytes());
    let bad = TempFile::new("bad.bpfasm", BAD.as_bytes());
    let o = bpfassay(&["check", good.path()]);
    assert_eq!(o.status.code(), Some(0), "{}{}", stdout(&o), stderr(&o));
    let o = bpfassay(&["check", bad.path()]);
    assert_eq!(o.status.code(), Some(1), "{}{}", stdout(&o), stderr(&o));
    assert!(
        stdout(&o).contains("BPF0001 uninitialized-register-read"),
        "{}",
        stdout(&o)
    );
    assert_eq!(
        bpfassay(&["check", "--fail-on", "never", bad.path()])
            .status
            .code(),
        Some(0)
    );
}

#[test]
fn the_report_can_go_to_a_file() {
    let good = TempFile::new("tofile.bpfasm", GOOD.as_bytes());
    let out = TempFile::new("report.json", b"");
    let o = bpfassay(&["check", "--format", "json", "-o", out.path(), good.path()]);
    assert!(o.stdout.is_empty());
    let text = std::fs::read_to_string(out.path()).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["schema"], "bpfassay-report-v1");
}

#[test]
fn no_colour_reaches_a_pipe() {
    let bad = TempFile::new("plain.bpfasm", BAD.as_bytes());
    let o = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(["check", bad.path()])
        .output()
        .unwrap();
    assert!(!stdout(&o).contains('\u{1b}'));
}

#[test]
fn output_is_the_same_whatever_the_thread_count() {
    let a = TempFile::new("threads-a.bpfasm", GOOD.as_bytes());
    let b = TempFile::new("threads-b.bpfasm", BAD.as_bytes());
    let run = |threads: &str| {
        let o = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
            .args(["check", a.path(), b.path(), a.path()])
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        stdout(&o)
    };
    assert_eq!(run("1"), run("4"));
}

#[test]
fn explain_knows_every_code_by_number_and_name() {
    let o = bpfassay(&["explain", "BPF0108"]);
    assert_eq!(o.status.code(), Some(0));
    assert!(stdout(&o).contains("packet-access-unchecked"));
    assert_eq!(
        stdout(&bpfassay(&["explain", "packet-access-unchecked"])),
        stdout(&o)
    );
    assert_eq!(bpfassay(&["explain", "BPF9999"]).status.code(), Some(2));
    let by_alias = stdout(&bpfassay(&["explain", "bpf_lookup_element"]));
    assert!(by_alias.starts_with("bpf_map_lookup_elem\n"), "{by_alias}");
    assert!(by_alias.contains("bpf_lookup_element: former name"));
    assert!(by_alias.contains("rex           yes: a wrapper"));
    for (name, says) in [
        ("bpf_get_prandom_u32", "helper 7, since Linux 4.1\n"),
        ("BPF_MAP_TYPE_RINGBUF", "map type 27, since Linux 5.8"),
        ("bpf_rcu_read_lock", "kernel function, since Linux 6.2"),
        ("atomic_xchg", "instructions: atomic exchange"),
        ("tail_calls", "mechanism: tail calls"),
        ("BPF_LINK_CREATE", "dragonos      no: ENOSYS"),
    ] {
        let page = stdout(&bpfassay(&["explain", name]));
        assert!(page.contains(says), "{name}: {page}");
    }
    assert!(stdout(&bpfassay(&["explain"])).lines().count() > 100);
}

#[test]
fn targets_are_listed_with_their_behaviours() {
    let o = bpfassay(&["targets"]);
    assert!(stdout(&o).contains("linux-6.18"), "{}", stdout(&o));
    let o = bpfassay(&["targets", "linux-6.18"]);
    assert!(stdout(&o).lines().count() > 3, "{}", stdout(&o));
}

#[test]
fn dump_and_cfg_show_a_program() {
    let bad = TempFile::new("show.bpfasm", BAD.as_bytes());
    assert!(stdout(&bpfassay(&["dump", bad.path()])).contains("r0 = r3"));
    assert!(stdout(&bpfassay(&["cfg", bad.path()])).starts_with("digraph"));
    assert!(
        stdout(&bpfassay(&["cfg", "--format", "mermaid", bad.path()])).contains("flowchart TD")
    );
}

#[test]
fn the_readme_names_every_verb() {
    let readme = include_str!("../README.md");
    let help = stdout(&bpfassay(&["--help"]));
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|l| *l != "Commands:")
        .skip(1)
        .take_while(|l| !l.is_empty())
        .filter_map(|l| l.split_whitespace().next())
        .filter(|v| *v != "help")
        .collect();
    assert!(verbs.len() >= 5, "{help}");
    for verb in verbs {
        assert!(
            readme.contains(&format!("bpfassay {verb}")),
            "{verb} is not in the README"
        );
    }
}

#[test]
fn one_truth_is_one_finding_with_its_places() {
    const PRINT: &str = "r1 = r10\nr1 += -8\nr2 = 8\ncall bpf_trace_printk\n";
    let check = |times: usize| {
        let body = format!(
            ".type kprobe\n.license \"GPL\"\nr6 = 10\n*(u64 *)(r10 - 8) = r6\n{}r0 = 0\nexit\n",
            PRINT.repeat(times)
        );
        let file = TempFile::new(&format!("prints{times}.bpfasm"), body.as_bytes());
        let json = bpfassay(&["check", "--format", "json", file.path()]);
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        let findings = json["objects"][0]["findings"].as_array().unwrap().clone();
        let prints = findings.into_iter();
        let prints: Vec<_> = prints
            .filter(|f| f["name"] == "trace-printk-left-in")
            .collect();
        let [one] = &prints[..] else {
            panic!("{} findings: {json:#}", prints.len());
        };
        let texts = one["secondary"].as_array().unwrap().iter();
        let texts = texts.map(|l| l["label"].as_str().unwrap().to_owned());
        texts.collect::<Vec<_>>()
    };
    assert_eq!(check(1), Vec::<String>::new());
    assert_eq!(check(3), ["and here", "and here"]);
    let many = check(12);
    assert_eq!(many.len(), 8);
    assert_eq!(many[7], "and here, and at 3 more places");
}
