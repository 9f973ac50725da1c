//! Kernels' logs: what is read from each form, and the story on an object.

use std::path::{Path, PathBuf};
use std::process::Command;

use bpfassay::check::types;
use bpfassay::diagnostics::log::{LoggedRefusal, read};
use bpfassay::report::Outcome;
use bpfassay::{Options, TargetChoice, check, target};
use rayon::prelude::*;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn only(name: &str) -> LoggedRefusal {
    let path = root().join("tests/logs").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let mut found = read(&text).refusals;
    assert_eq!(found.len(), 1, "{name}");
    found.remove(0)
}

/// Rule, refused slot, register, path.
fn facts(refusal: &LoggedRefusal) -> (&'static str, usize, Option<u8>, Vec<u32>) {
    let found = refusal.refusal().unwrap();
    (
        refusal.rule().unwrap().name,
        found.insn,
        found.reg,
        found.path,
    )
}

#[test]
fn a_log_that_libbpf_printed() {
    let refusal = only("packet_one_short.log");
    assert_eq!(refusal.program.as_deref(), Some("packet_one_short"));
    let path = (0..=6).collect();
    let expected = ("packet-access-unchecked", 6, Some(2), path);
    assert_eq!(facts(&refusal), expected);
    assert!(refusal.regs.contains(&(4, "pkt(off=13,r=13)".into())));
    let source = refusal.source.unwrap();
    assert_eq!(source.place.as_deref(), Some("memory.c:171"));
    assert_eq!(refusal.words.len(), 2);
}

#[test]
fn the_end_of_a_log_indented_by_a_loader() {
    let refusal = only("leaked_on_one_path.log");
    let expected = ("reference-leak", 22, None, vec![17, 21, 22]);
    assert_eq!(facts(&refusal), expected);
    assert_eq!(refusal.shown[0].text, "if w2 != 0x2 goto pc+3");
    assert!(refusal.regs.contains(&(0, "2".into())));
}

#[test]
fn the_form_that_explains_itself() {
    let refusal = only("no_null_check-7.3.log");
    let expected = ("null-pointer-dereference", 7, Some(0), vec![4, 6, 7]);
    assert_eq!(facts(&refusal), expected);
    assert_eq!(refusal.words, ["R0 invalid mem access 'map_value_or_null'"]);
}

#[test]
fn a_second_path_begins_at_its_branch() {
    let refusal = only("two_paths-5.10.log");
    let expected = ("uninitialized-register-read", 5, Some(6), vec![0, 1, 5]);
    assert_eq!(facts(&refusal), expected);
}

/// What people read of each log that stands in the folder, without any object.
#[test]
fn every_log_is_told() {
    let folder = root().join("tests/logs");
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = names
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let told = names.iter().map(|name| {
        let said = explain(&format!("tests/logs/{name}"), None);
        format!("==== {name}\n{said}")
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"));
}

/// A log comes through a pipe, too.
#[test]
fn a_log_is_read_from_standard_input() {
    use std::io::Write as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .args(["explain", "--log", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(b"0: (bf) r0 = r2\nR2 !read_ok\n").unwrap();
    drop(pipe);
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.contains("BPF0001"), "{said}");
}

#[test]
fn what_is_no_refusal_is_left_out() {
    for text in [
        "",
        "nothing of a verifier\n",
        "0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns (limit 1000000)\n",
        "libbpf: prog 'a': -- BEGIN PROG LOAD LOG --\n-- END PROG LOAD LOG --\n",
    ] {
        let log = read(text);
        assert!(
            log.refusals.is_empty() && log.failures.is_empty(),
            "{text:?}"
        );
    }
}

/// Damaged logs are read without harm.
#[test]
fn any_text_is_read() {
    let path = root().join("tests/logs/no_null_check-7.3.log");
    let bytes = std::fs::read(path).unwrap();
    for end in 0..bytes.len() {
        let _ = read(&String::from_utf8_lossy(&bytes[..end]));
        let mut damaged = bytes.clone();
        damaged[end] = damaged[end].wrapping_mul(31).wrapping_add(7);
        let _ = read(&String::from_utf8_lossy(&damaged));
    }
}

fn explain(log: &str, object: Option<&str>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bpfassay"));
    command.current_dir(root()).args(["explain", "--log", log]);
    let output = command.args(object).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

/// The object is searched by name and by the instructions that the log shows.
#[test]
fn the_story_is_told_on_the_source() {
    for (log, object, code, line) in [
        ("packet_one_short", "memory", "BPF0108", "memory.c:171"),
        ("no_null_check-7.3", "memory", "BPF0129", "memory.c:93"),
        (
            "leaked_on_one_path",
            "references",
            "BPF0300",
            "references.c",
        ),
    ] {
        let log = format!("tests/logs/{log}.log");
        let said = explain(&log, Some(&format!("tests/corpus/reject/{object}.o")));
        for word in [code, line, "refused", "help"] {
            assert!(said.contains(word), "{log}: no {word} in\n{said}");
        }
        let said = explain(&log, None);
        for word in [code, "refused", "why:", "kernel:"] {
            assert!(said.contains(word), "{log}: no {word} in\n{said}");
        }
    }
}

#[test]
fn pages_and_lists_are_printed() {
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bpfassay"));
        let output = command.args(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text)
    };
    let (code, page) = run(&["explain", "packet-access-unchecked"]);
    assert_eq!((code, &page), (Some(0), &run(&["explain", "BPF0108"]).1));
    for word in [
        "What",
        "Bad",
        "Remedy",
        "invalid access to packet",
        "BPF0108",
    ] {
        assert!(page.contains(word), "{word}");
    }
    assert!(page.lines().all(|line| line.chars().count() <= 100));
    assert_eq!(run(&["explain", "no-such-rule"]).0, Some(2));
    let (_, json) = run(&["rules", "--format", "json", "--family", "memory"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let rules = json["rules"].as_array().unwrap();
    assert!(rules.iter().all(|r| r["family"] == "memory"));
    assert!(rules.iter().any(|r| r["id"] == "BPF0108"));
    assert_eq!(run(&["rules", "--family", "none"]).0, Some(2));
}

/// A recorded refusal: object, program, section, and what a person would paste.
struct Recorded {
    object: String,
    program: String,
    section: String,
    text: String,
}

/// The refusals of a recording.
fn refusals(file: &Path) -> Vec<Recorded> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|l| serde_json::from_str(l).unwrap());
    let refused = |l: &serde_json::Value| l["verdict"] == "reject" && l["stage"] == "verifier";
    let own = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
    lines
        .filter(refused)
        .filter(|l| l["error"] != "")
        .map(|l| {
            let tail = l["log_tail"].as_array().map_or(&[][..], |t| t);
            let tail: Vec<&str> = tail.iter().filter_map(|l| l.as_str()).collect();
            Recorded {
                object: own(&l["object"]),
                program: own(&l["program"]),
                section: own(&l["section"]),
                text: format!("{}\n{}\n", tail.join("\n"), own(&l["error"])),
            }
        })
        .collect()
}

/// What [`compare`] counts.
#[derive(Default)]
struct Counts {
    all: usize,
    paged: usize,
    /// Refused by `check`, too; at the instruction that the log shows.
    refused: usize,
    placed: usize,
    /// Of these, of the same class of messages.
    refused_same: usize,
    placed_same: usize,
    others: std::collections::BTreeMap<String, (usize, String)>,
}

/// Holds a recording's logs against what `check` says of the same programs.
fn compare(sets: &Path, file: &Path, kernel: &str, counts: &mut Counts) {
    let set = file.file_stem().unwrap();
    let target = target::by_name(&format!("linux-{kernel}")).unwrap();
    let choice = [TargetChoice {
        target: &target,
        kernel_btf: types::of_target(&target),
    }];
    let recorded = refusals(file);
    let objects: std::collections::BTreeSet<&str> =
        recorded.iter().map(|r| r.object.as_str()).collect();
    let ours: std::collections::BTreeMap<_, _> = objects
        .into_par_iter()
        .flat_map_iter(|object| {
            let Ok(bytes) = std::fs::read(sets.join(set).join(object)) else {
                return Vec::new();
            };
            let options = Options {
                smoke: false,
                lints: false,
                further: 0,
                ..Options::new("log.o", &choice)
            };
            let report = check(&bytes, &options);
            let programs = report.objects.into_iter().flat_map(|o| o.programs);
            let refused = programs.filter_map(|p| match p.outcome {
                Outcome::Reject(d) => {
                    let key = (
                        object,
                        p.program.data().to_owned(),
                        p.section.data().to_owned(),
                    );
                    Some((key, (d.refusal.code(), d.insn)))
                }
                _ => None,
            });
            refused.collect()
        })
        .collect();
    for line in &recorded {
        counts.all += 1;
        let log = read(&line.text);
        let found = log.refusals.first();
        let rule = found.and_then(LoggedRefusal::rule);
        counts.paged += usize::from(rule.is_some());
        let key = (
            line.object.as_str(),
            line.program.clone(),
            line.section.clone(),
        );
        let Some((code, insn)) = ours.get(&key) else {
            continue;
        };
        let class = rule.and_then(|r| bpfassay::diagnostics::find_code(r.name));
        let same = class.is_some_and(|c| c.class() == code.class());
        let slot = found.and_then(|f| Some(f.insn.as_ref()?.slot as usize));
        counts.refused += 1;
        counts.refused_same += usize::from(same);
        if slot == Some(*insn) {
            counts.placed += 1;
            counts.placed_same += usize::from(same);
        }
        if !same {
            let place = if slot == Some(*insn) {
                "same place"
            } else {
                "elsewhere"
            };
            let log = rule.map_or("no page", |r| r.name);
            let what = format!("{place}: log {log}, check {}", code.name());
            let example = format!("{kernel} {} {}", line.object, line.program);
            counts.others.entry(what).or_insert((0, example)).0 += 1;
        }
    }
}

/// Of the refusals that kernels were recorded to print, nearly all have a page, and
/// where `check` refuses the same instruction, it gives the same class.
#[test]
#[ignore = "needs recorded objects and verdicts: cargo xtask oracle"]
fn recorded_logs_are_classed_as_check_classes_them() {
    let folder = |name: &str| {
        let folder = std::env::var_os(name).unwrap_or_else(|| panic!("{name} names a folder"));
        PathBuf::from(folder)
    };
    let (sets, verdicts) = (folder("BPFASSAY_SETS"), folder("BPFASSAY_VERDICTS"));
    let mut counts = Counts::default();
    for kernel in std::fs::read_dir(verdicts).unwrap() {
        let kernel = kernel.unwrap().path();
        if !kernel.is_dir() {
            continue;
        }
        let name = kernel.file_name().unwrap().to_str().unwrap().to_owned();
        let series = name.strip_prefix("host-").unwrap_or(&name);
        let series: Vec<&str> = series.split('.').take(2).collect();
        for file in std::fs::read_dir(&kernel).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|e| e == "jsonl") {
                compare(&sets, &file, &series.join("."), &mut counts);
            }
        }
    }
    let Counts {
        all,
        paged,
        refused,
        refused_same,
        placed,
        placed_same,
        ..
    } = counts;
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    eprintln!(
        "{all} recorded refusals, {:.2} % with a page",
        share(paged, all)
    );
    eprintln!(
        "{placed} that check refuses at the same instruction, {:.2} % of the same class",
        share(placed_same, placed)
    );
    eprintln!(
        "{refused} that check refuses anywhere, {:.2} % of the same class; the others:",
        share(refused_same, refused)
    );
    let mut others: Vec<_> = counts.others.into_iter().collect();
    others.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (what, (count, example)) in others {
        eprintln!("{count:6} {what} ({example})");
    }
    assert!(all > 10_000, "{all} refusals");
    // A ratchet: raised as pages get more words.
    assert!(share(paged, all) >= 99.5);
    assert!(share(placed_same, placed) >= 99.0);
    assert!(share(refused_same, refused) >= 94.0);
}

#[test]
fn of_a_flood_of_lines_the_last_are_the_refusal() {
    let flood: String = (0..5000).map(|i| format!("something odd {i}\n")).collect();
    let text = format!("0: (b7) r0 = 0\n{flood}R2 !read_ok\n");
    let found = read(&text).refusals;
    assert_eq!(found.len(), 1);
    assert!(found[0].words.len() < 100, "{}", found[0].words.len());
    assert_eq!(found[0].rule().unwrap().name, "uninitialized-register-read");
}
