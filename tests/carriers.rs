//! Objects as they lie about: in programs, archives, compressed files, on standard input.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const OBJECT: &[u8] = include_bytes!("corpus/accept/xdp_l4lb.o");
const XZ: &[u8] = include_bytes!("corpus/carriers/xdp_l4lb.o.xz");

/// A directory that is removed when dropped.
struct Dir(PathBuf);

impl Dir {
    /// With a tool that holds the object twice, an archive of it, a compressed object in
    /// a folder, and programs that hold nothing.
    fn new(name: &str) -> Dir {
        let dir =
            std::env::temp_dir().join(format!("bpfassay-carriers-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("below")).unwrap();
        let other = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 60]].concat();
        let mut changed = OBJECT.to_vec();
        // The padding of the identification, which nothing reads.
        changed[12] = 1;
        let tool = [&other, OBJECT, b"between", &changed].concat();
        let head = format!("{:<16}{:<32}{:<10}`\n", "tool/", "0", tool.len());
        let archive = [b"!<arch>\n", head.as_bytes(), &tool].concat();
        for (name, bytes) in [
            ("tool", &*tool),
            ("below/lib.a", &archive),
            ("below/x.o.xz", XZ),
            ("below/foreign.so", &other),
            ("below/foreign.o", &other),
            ("below/notes.txt", b"nothing"),
        ] {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
        Dir(dir)
    }

    fn run(&self, args: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
            .current_dir(&self.0)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Who reads no input closes it.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    /// The objects that a report names, and what was said beside it.
    fn objects(&self, args: &[&str], input: &[u8]) -> (Vec<String>, String) {
        let o = self.run(&[&["audit", "--format", "json"], args].concat(), input);
        let document: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
        let objects = document["objects"].as_array().unwrap().iter();
        let names = objects.map(|o| o["object"].as_str().unwrap().to_owned());
        (names.collect(), text(&o.stderr))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_kind_of_carrier_gives_its_objects() {
    let dir = Dir::new("kinds");
    let both = ["tool!xdp_l4lb.o", "tool!xdp_l4lb.o#2"];
    assert_eq!(dir.objects(&["tool"], b"").0, both);
    assert_eq!(dir.objects(&["tool!xdp_l4lb.o#2"], b"").0, [both[1]]);
    assert_eq!(dir.objects(&["-"], OBJECT).0, ["-"]);
    let tool = std::fs::read(dir.0.join("tool")).unwrap();
    assert_eq!(dir.objects(&["-"], &tool).0.len(), 2);
    let lib = [
        "below/lib.a!tool!xdp_l4lb.o",
        "below/lib.a!tool!xdp_l4lb.o#2",
    ];
    assert_eq!(dir.objects(&["below/lib.a!tool"], b"").0, lib);
    let (names, told) = dir.objects(&["below"], b"");
    assert_eq!(names, lib, "x.o.xz holds what lib.a holds");
    assert!(told.contains("skipped 2 ELF files without"), "{told}");
    assert!(told.contains("skipped 1 embedded object"), "{told}");
    assert_eq!(dir.objects(&["**/*.xz"], b"").0, ["below/x.o.xz"]);
    assert_eq!(dir.objects(&["*o?l"], b"").0, both);
}

#[test]
fn what_holds_nothing_is_an_error_where_it_is_asked_for() {
    let dir = Dir::new("nothing");
    for (asked, why) in [
        ("below/foreign.so", "no BPF object is in it"),
        ("tool!gone.o", "there are: xdp_l4lb.o, xdp_l4lb.o#2"),
        ("*.none", "no object matches"),
    ] {
        let o = dir.run(&["check", asked], b"");
        assert_eq!(o.status.code(), Some(2), "{asked}");
        assert!(text(&o.stdout).contains(why), "{}", text(&o.stdout));
    }
}

#[test]
fn verbs_on_one_object_look_into_carriers() {
    let dir = Dir::new("verbs");
    let dump = dir.run(&["dump", "below/x.o.xz"], b"");
    assert_eq!(dump.status.code(), Some(0));
    let plain = dir.run(&["dump", "-"], OBJECT);
    assert_eq!(text(&dump.stdout), text(&plain.stdout));
    let cfg = dir.run(&["cfg", "tool!xdp_l4lb.o"], b"");
    assert!(text(&cfg.stdout).starts_with("digraph"));
    let run = dir.run(&["run", "tool", "--prog", "balancer"], b"");
    let told = text(&run.stderr);
    assert_eq!(run.status.code(), Some(2));
    assert!(
        told.contains("choose one of its objects: tool!xdp"),
        "{told}"
    );
    let run = dir.run(&["run", "tool!xdp_l4lb.o", "--prog", "balancer"], b"");
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let check = dir.run(&["check", "--format", "jsonl", "tool"], b"");
    let lines = text(&check.stdout);
    assert_eq!(
        lines.matches("\"verdict\":\"accept\"").count(),
        2,
        "{lines}"
    );
}

#[test]
fn extract_writes_what_is_there() {
    let dir = Dir::new("extract");
    let o = dir.run(&["extract", "tool", "-o", "out"], b"");
    assert_eq!(o.status.code(), Some(0), "{}", text(&o.stderr));
    let told = text(&o.stdout);
    let line = format!("tool!xdp_l4lb.o  {} bytes at 0x43  -> out/", OBJECT.len());
    assert!(told.starts_with(&line), "{told}");
    let written = std::fs::read(dir.0.join("out/tool.xdp_l4lb.o")).unwrap();
    assert_eq!(written, OBJECT);
    let again = dir.run(&["extract", "tool", "-o", "out"], b"");
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("is there already"));
    let nothing = dir.run(&["extract", "--list", "below/notes.txt"], b"");
    assert_eq!(nothing.status.code(), Some(2));
    let listed = dir.run(&["extract", "--list", "tool"], b"");
    assert_eq!(listed.status.code(), Some(0));
    assert_eq!(text(&listed.stdout).lines().count(), 2);
}
