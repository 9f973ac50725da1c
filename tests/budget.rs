//! What a run may spend: it ends in time and in its memory, and tells of all programs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A directory of programs, removed when dropped.
struct Programs(PathBuf);

impl Programs {
    fn new(name: &str) -> Programs {
        let dir = std::env::temp_dir().join(format!("bpfassay-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Programs(dir)
    }

    fn add(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const GOOD: &str = ".type socket_filter\n.license \"GPL\"\nr0 = 0\nexit\n";

/// Walks a million instructions, and keeps states on the way.
const GREEDY: &str = "\
.type socket_filter
.license \"GPL\"
r6 = 0
again:
r6 += 1
*(u64 *)(r10 - 8) = r6
if r6 < 10000000 goto again
r0 = 0
exit
";

/// Exit code, and verdict with its message of each program, in order.
fn check(files: &[String], args: &[&str]) -> (Option<i32>, Vec<(String, String)>) {
    let out = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(["check", "--no-config", "--format", "jsonl"])
        .args(args)
        .args(files)
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let word = |key: &str| row[key].as_str().unwrap_or("").to_owned();
        (word("verdict"), word("message"))
    };
    (out.status.code(), text.lines().map(row).collect())
}

#[test]
fn time_ends_what_is_not_done_and_all_is_told() {
    let dir = Programs::new("time");
    let mut files = vec![dir.add("a.bpfasm", GOOD)];
    files.extend((0..40).map(|i| dir.add(&format!("b{i}.bpfasm"), GREEDY)));
    let start = Instant::now();
    let args = ["--max-time", "1", "--jobs", "1", "--no-smoke"];
    let (code, rows) = check(&files, &[&args[..], &["--strict"]].concat());
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!((code, rows.len()), (Some(1), 41));
    assert_eq!(rows[0].0, "accept");
    let ended = rows.iter().filter(|r| r.0 == "unknown");
    assert!(ended.clone().count() > 0);
    for (_, message) in ended {
        assert!(message.contains("budget:time"), "{message}");
    }
}

#[test]
fn memory_ends_only_who_holds_much() {
    let dir = Programs::new("memory");
    let files = [
        dir.add("a.bpfasm", GREEDY),
        dir.add("b.bpfasm", GOOD),
        dir.add("c.bpfasm", GOOD),
    ];
    let (code, rows) = check(&files, &["--max-memory", "8", "--strict"]);
    assert_eq!(code, Some(1));
    let verdicts: Vec<&str> = rows.iter().map(|r| r.0.as_str()).collect();
    assert_eq!(verdicts, ["unknown", "accept", "accept"]);
    assert!(rows[0].1.contains("budget:memory"), "{}", rows[0].1);
    let (code, _) = check(&files[1..], &["--max-memory", "8", "--strict"]);
    assert_eq!(code, Some(0));
}

#[test]
fn stats_tell_the_budget() {
    let dir = Programs::new("stats");
    let file = dir.add("a.bpfasm", GOOD);
    let out = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(["check", "--no-config", "--stats", "--jobs", "100000", &file])
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let line = text.lines().last().unwrap();
    assert!(line.starts_with("budget: 300 s, 1024 MiB, "), "{line}");
    let threads = line.split(", ").nth(2).unwrap().split(' ').next().unwrap();
    assert!(threads.parse::<usize>().unwrap() <= 128, "{line}");
}

#[cfg(unix)]
#[test]
fn endless_inputs_are_errors_of_their_own() {
    let dir = Programs::new("endless");
    let good = dir.add("a.bpfasm", GOOD);
    assert!(Path::new("/dev/zero").exists());
    let (code, rows) = check(&["/dev/zero".to_owned(), good], &[]);
    assert_eq!(code, Some(2));
    assert!(rows.iter().any(|r| r.0 == "accept"), "{rows:?}");
}
