//! What people see at a terminal: brief formats, colour, names that were meant, runs that
//! go on.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A directory of its own, removed when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let path =
            std::env::temp_dir().join(format!("bpfassay-terminal-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Dir(path)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bpfassay"));
    command.current_dir(dir);
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn out(o: &Output) -> String {
    String::from_utf8(o.stdout.clone()).unwrap()
}

fn shown(args: &[&str]) -> String {
    out(&command(root()).args(args).output().unwrap())
}

fn refused(args: &[&str]) -> String {
    let o = command(root()).args(args).output().unwrap();
    assert_eq!(o.status.code(), Some(2), "{args:?}");
    String::from_utf8(o.stderr).unwrap()
}

const REFUSED: &str = "tests/corpus/reject/memory.o";
const LINTS: &str = "tests/corpus/lint/kernel_reads.o";

#[test]
fn complaints_fit_a_line_each() {
    let args = [
        "check",
        REFUSED,
        LINTS,
        "-t",
        "linux-6.1,linux-6.18",
        "--format",
    ];
    let short = shown(&[&args[..], &["short"]].concat());
    let complaint = regex::Regex::new(r"^\S+:\d+:\d+: BPF\d{4} [a-z0-9-]+ .+ \[\w+.*\]$").unwrap();
    let lines: Vec<&str> = short.lines().collect();
    let (summary, complaints) = lines.split_last().unwrap();
    assert!(summary.contains("accepted"), "{summary}");
    assert!(complaints.len() > 30);
    for line in complaints {
        assert!(complaint.is_match(line), "{line}");
    }
    let grouped = shown(&[&args[..], &["grouped"]].concat());
    let places = grouped.lines().filter(|l| l.starts_with("    ")).count();
    assert_eq!(places, complaints.len(), "as many places as complaints");
    insta::assert_snapshot!(grouped.lines().take(14).collect::<Vec<_>>().join("\n"));
}

#[test]
fn colour_is_asked_for_or_seen() {
    let colored = |args: &[&str], set: &[(&str, &str)]| {
        let mut command = command(root());
        command
            .args(["check", REFUSED, "--prog", "packet_unchecked"])
            .args(args);
        command.envs(set.iter().copied());
        out(&command.output().unwrap()).contains('\u{1b}')
    };
    assert!(!colored(&[], &[]));
    assert!(colored(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(colored(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&[], &[("CLICOLOR_FORCE", "0")]));
    assert!(!colored(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!colored(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn text_is_as_wide_as_asked_within_reason() {
    let widest = |columns: &str| {
        let mut command = command(root());
        command
            .args(["check", REFUSED, "--explain", "full"])
            .env("COLUMNS", columns);
        let text = out(&command.output().unwrap());
        let heads = ["because:", "help:", "page:", "remedy:"];
        let words = text.lines().filter(|l| heads.iter().any(|h| l.contains(h)));
        words.map(|l| l.chars().count()).max().unwrap()
    };
    assert!(widest("80") <= 82, "{}", widest("80"));
    assert!(
        widest("150") > 120 && widest("150") <= 152,
        "{}",
        widest("150")
    );
    assert_eq!(widest("20"), widest("80"));
    assert_eq!(widest("900"), widest("200"));
}

#[test]
fn long_words_are_told_once() {
    let text = shown(&["check", LINTS, "tests/corpus/accept", "--no-smoke"]);
    let heads = text.lines().filter(|l| l.starts_with("BPF08")).count();
    let mut codes: Vec<&str> = text
        .lines()
        .filter_map(|l| l.strip_prefix("BPF08"))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let whys = text
        .lines()
        .filter(|l| l.trim_start().starts_with("why:"))
        .count();
    assert!(
        heads > codes.len(),
        "{heads} findings of {} rules",
        codes.len()
    );
    assert_eq!(whys, codes.len());
}

#[test]
fn likely_names_are_offered() {
    let check = |args: &[&str], meant: &str| {
        let err = refused(args);
        assert!(
            err.contains(&format!("did you mean {meant}")),
            "{args:?}: {err}"
        );
    };
    check(&["check", "-t", "linux-6.2", REFUSED], "linux-");
    check(
        &["check", "-D", "packet-acces-unchecked", REFUSED],
        "packet-access-unchecked?",
    );
    check(
        &["check", "--prog", "packet_uncheckd", REFUSED],
        "packet_unchecked?",
    );
    check(&["explain", "stack-out-of-bouds"], "stack-out-of-bounds?");
    check(&["rules", "--family", "memry"], "memory?");
    let dir = Dir::new("keys");
    fs::write(dir.0.join("bpfassay.toml"), "[lint]\nselct = []\n").unwrap();
    let o = command(&dir.0).args(["check", "x.o"]).output().unwrap();
    let err = String::from_utf8(o.stderr).unwrap();
    assert!(err.contains("did you mean `select`?"), "{err}");
}

#[test]
fn words_stand_for_several_kernels() {
    let targets = |word: &str| {
        let text = shown(&[
            "check",
            "-t",
            word,
            "--format",
            "jsonl",
            "tests/corpus/accept/xdp_l4lb.o",
        ]);
        text.lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["target"].to_string())
            .collect::<Vec<_>>()
    };
    let lts = targets("lts");
    assert_eq!(lts.first().map(String::as_str), Some("\"linux-5.10\""));
    assert!(lts.len() >= 6 && lts.iter().all(|t| targets("all").contains(t)));
    assert_eq!(targets("lts,linux-6.1"), lts, "the same twice counts once");
}

#[test]
fn pages_go_into_a_new_folder() {
    let dir = Dir::new("man");
    let to = dir.0.join("share/man");
    let o = command(&dir.0)
        .args(["man", "--output", to.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(o.status.code(), Some(0));
    assert!(to.join("bpfassay-merge.1").is_file());
}

#[test]
fn a_baseline_is_found_from_any_directory() {
    let dir = Dir::new("baseline");
    let below = dir.0.join("a/b");
    fs::create_dir_all(&below).unwrap();
    fs::copy(
        root().join("tests/corpus/accept/xdp_l4lb.o"),
        below.join("x.o"),
    )
    .unwrap();
    fs::write(
        dir.0.join("bpfassay.toml"),
        "[baseline]\nfile = \"base.json\"\n",
    )
    .unwrap();
    let run = |at: &Path, args: &[&str]| {
        let o = command(at)
            .args(["check", "--no-smoke"])
            .args(args)
            .output()
            .unwrap();
        (o.status.code(), out(&o))
    };
    let (code, _) = run(&dir.0, &["a/b/x.o", "--write-baseline", "base.json"]);
    assert_eq!(code, Some(0));
    let text = fs::read_to_string(dir.0.join("base.json")).unwrap();
    assert!(text.contains("\"a/b/x.o\""), "{text}");
    // Half of what it takes, so that it has grown wherever it is looked at from.
    let halved = regex::Regex::new("\"processed\": [0-9]+").unwrap();
    let text = halved.replace_all(&text, "\"processed\": 7").into_owned();
    fs::write(dir.0.join("base.json"), text).unwrap();
    for (at, name) in [(&dir.0, "a/b/x.o"), (&below, "x.o")] {
        let (_, text) = run(at, &[name]);
        assert!(
            text.contains("grown") || text.contains("growth") || text.contains("more than"),
            "{text}"
        );
    }
}

#[test]
fn a_watched_run_begins_anew() {
    let dir = Dir::new("watch");
    let path = dir.0.join("p.bpfasm");
    fs::write(&path, ".type xdp\nr0 = 2\nexit\n").unwrap();
    let mut child = command(&dir.0)
        .args(["check", "--watch", "--no-config", "--no-smoke", "p.bpfasm"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |word: &str| {
        let start = Instant::now();
        lines
            .by_ref()
            .map_while(Result::ok)
            .any(|l| l.contains(word) || start.elapsed() > Duration::from_secs(30))
    };
    assert!(until("1 accepted"));
    fs::write(&path, ".type xdp\nr0 = r5\nexit\n").unwrap();
    assert!(until("1 rejected"));
    child.kill().unwrap();
    let _ = child.wait();
}

/// The ends of a watched run's rounds.
fn rounds(child: &mut Child) -> Receiver<()> {
    let (send, rounds) = channel();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if line.contains("waiting for a change") {
                let _ = send.send(());
            }
        }
    });
    rounds
}

#[test]
fn a_watched_run_waits_for_every_file_that_is_named() {
    let variant = "[variant.one]\nrodata = [\"named\"]\n";
    let cases: [(&[&str], &str); 11] = [
        (&["--target", "./named"], ""),
        (&["--btf", "named"], ""),
        (&["--profile", "named"], ""),
        (&["--kconfig", "named"], ""),
        (&["--map", "m.pinned=named"], ""),
        (&["--set", "@named"], ""),
        (&["--rodata", "named"], ""),
        (&["--attach", "p=./named:f"], ""),
        (&["--variant-rodata", "v=named"], ""),
        (&["--baseline", "named"], ""),
        (&[], variant),
    ];
    let start = |(at, (options, configuration)): (usize, &(&[&str], &str))| {
        let dir = Dir::new(&format!("named-{at}"));
        fs::write(dir.0.join("p.bpfasm"), ".type xdp\nr0 = 2\nexit\n").unwrap();
        fs::write(dir.0.join("bpfassay.toml"), configuration).unwrap();
        let mut child = command(&dir.0)
            .args(["check", "--watch", "--no-smoke", "p.bpfasm"])
            .args(*options)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let rounds = rounds(&mut child);
        (dir, child, rounds)
    };
    let all: Vec<_> = cases.iter().enumerate().map(start).collect();
    let round = |at: usize, rounds: &Receiver<()>| {
        let ended = rounds.recv_timeout(Duration::from_secs(60));
        assert!(ended.is_ok(), "{:?}", cases[at]);
    };
    // It is missed, it comes, it changes.
    for text in [None, Some("{"), Some("{}\n")] {
        for (at, (dir, _, rounds)) in all.iter().enumerate() {
            if let Some(text) = text {
                fs::write(dir.0.join("named"), text).unwrap();
            }
            round(at, rounds);
        }
    }
    for (_, mut child, _) in all {
        child.kill().unwrap();
        let _ = child.wait();
    }
}

#[test]
fn a_watched_run_does_not_wake_itself() {
    let dir = Dir::new("awake");
    let below = dir.0.join("below");
    fs::create_dir_all(below.join("objects")).unwrap();
    let object = format!(
        "{}/tests/corpus/accept/xdp_l4lb.o",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::copy(object, below.join("objects/x.o")).unwrap();
    let mut child = command(&below)
        .args(["check", "--watch", "--no-smoke", "objects"])
        .args(["-o", "objects/report.txt", "--cache-dir", "objects/cache"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let rounds = rounds(&mut child);
    rounds.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(rounds.recv_timeout(Duration::from_secs(3)).is_err());
    // A configuration above counts, too.
    fs::write(dir.0.join("bpfassay.toml"), "fail-on = \"never\"\n").unwrap();
    rounds.recv_timeout(Duration::from_secs(60)).unwrap();
    child.kill().unwrap();
    let _ = child.wait();
    let o = command(&below)
        .args(["check", "--watch", "-"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(o.status.code(), Some(2));
}
