//! Kernels' logs: what is read from each form, and the story on an object.

use std::path::{Path, PathBuf};
use std::process::Command;

use bpfassay::diagnostics::log::{LoggedRefusal, read};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn only(name: &str) -> LoggedRefusal {
    let path = root().join("tests/logs").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let mut found = read(&text);
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

#[test]
fn what_is_no_refusal_is_left_out() {
    for text in [
        "",
        "nothing of a verifier\n",
        "0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns (limit 1000000)\n",
        "libbpf: prog 'a': -- BEGIN PROG LOAD LOG --\n-- END PROG LOAD LOG --\n",
    ] {
        assert!(read(text).is_empty(), "{text:?}");
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

/// Of the refusals that kernels were recorded to print, nearly all have a page, and
/// it is of the class that the whole of the classes' expressions gives.
#[test]
#[ignore = "needs recorded objects and verdicts: cargo xtask oracle"]
fn recorded_messages_have_their_pages() {
    let oracle = std::env::var_os("BPFASSAY_VERDICTS").expect("BPFASSAY_VERDICTS names a folder");
    let classes: Vec<(&str, regex::Regex)> = bpfassay::helpers_spec::message_classes()
        .iter()
        .map(|c| (c.id, regex::Regex::new(c.regex).unwrap()))
        .collect();
    let (mut all, mut paged, mut same) = (0, 0, 0);
    let mut files: Vec<PathBuf> = Vec::new();
    for kernel in std::fs::read_dir(Path::new(&oracle)).unwrap() {
        let kernel = kernel.unwrap().path();
        if kernel.is_dir() {
            let sets = std::fs::read_dir(kernel).unwrap();
            files.extend(sets.map(|s| s.unwrap().path()));
        }
    }
    for file in files
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "jsonl"))
    {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let refused = line["verdict"] == "reject" && line["stage"] == "verifier";
            let error = line["error"].as_str().unwrap_or("");
            if !refused || error.is_empty() {
                continue;
            }
            let tail = line["log_tail"]
                .as_array()
                .map_or(Vec::new(), |t| t.to_vec());
            let tail: Vec<&str> = tail.iter().filter_map(|l| l.as_str()).collect();
            all += 1;
            let found = read(&format!("{}\n{error}\n", tail.join("\n")));
            let Some((refusal, rule)) = found
                .first()
                .and_then(|refusal| Some((refusal, refusal.rule()?)))
            else {
                continue;
            };
            paged += 1;
            let class = classes
                .iter()
                .find(|(_, r)| refusal.words.iter().any(|w| r.is_match(w)));
            let code = bpfassay::diagnostics::find_code(rule.name).unwrap();
            same += usize::from(class.is_some_and(|(id, _)| *id == code.class()));
        }
    }
    eprintln!("{all} recorded refusals, {paged} with a page, {same} of the same class");
    assert!(paged * 100 >= all * 98 && same * 100 >= all * 95);
}

#[test]
fn of_a_flood_of_lines_the_last_are_the_refusal() {
    let flood: String = (0..5000).map(|i| format!("something odd {i}\n")).collect();
    let text = format!("0: (b7) r0 = 0\n{flood}R2 !read_ok\n");
    let found = read(&text);
    assert_eq!(found.len(), 1);
    assert!(found[0].words.len() < 100, "{}", found[0].words.len());
    assert_eq!(found[0].rule().unwrap().name, "uninitialized-register-read");
}
