//! `cargo bpfassay`, on workspaces made here: one whose build script leaves an object in
//! `OUT_DIR`, one that only embeds it, one that is disabled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A workspace, removed when dropped.
struct Workspace(PathBuf);

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Workspace {
    fn new(name: &str, members: &[&str]) -> Workspace {
        let root =
            std::env::temp_dir().join(format!("bpfassay-cargo-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        let members: Vec<String> = members.iter().map(|m| format!("\"{m}\"")).collect();
        let text = format!(
            "[workspace]\nresolver = \"2\"\nmembers = [{}]\n",
            members.join(", ")
        );
        fs::write(root.join("Cargo.toml"), text).unwrap();
        Workspace(root)
    }

    /// A package with files besides its manifest.
    fn package(&self, name: &str, more: &str, files: &[(&str, &str)]) {
        let folder = self.0.join(name);
        fs::create_dir_all(folder.join("src")).unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}"
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_cargo-bpfassay"))
            .current_dir(&self.0)
            .env("CARGO", env!("CARGO"))
            .env_remove("CARGO_TARGET_DIR")
            .arg("bpfassay")
            .args(args)
            .output()
            .unwrap()
    }
}

fn object(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(name);
    path.to_str().unwrap().to_owned()
}

/// A build script that copies an object, and a program that embeds it.
fn made(name: &str) -> [(&'static str, String); 2] {
    let from = object(name);
    [
        (
            "build.rs",
            format!(
                "fn main() {{ let out = std::env::var(\"OUT_DIR\").unwrap();\n\
                 std::fs::copy({from:?}, out + \"/prog.bpf.o\").unwrap(); }}"
            ),
        ),
        (
            "src/main.rs",
            "static PROG: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/prog.bpf.o\"));\n\
             fn main() { println!(\"{}\", std::hint::black_box(PROG).len()); }"
                .to_owned(),
        ),
    ]
}

fn shown(out: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[test]
fn objects_of_packages_are_found_and_checked() {
    let w = Workspace::new("found", &["keeps", "embeds", "off"]);
    let files = made("accept/xdp_l4lb.o");
    w.package(
        "keeps",
        "",
        &files.each_ref().map(|(p, t)| (*p, t.as_str())),
    );
    let embedded = object("reject/memory.o");
    let main = format!(
        "static PROG: &[u8] = include_bytes!({embedded:?});\n\
         fn main() {{ println!(\"{{}}\", std::hint::black_box(PROG).len()); }}"
    );
    w.package("embeds", "", &[("src/main.rs", &main)]);
    let off = "[package.metadata.veristat]\ndisable = true\n";
    w.package("off", off, &files.each_ref().map(|(p, t)| (*p, t.as_str())));

    let (code, out, err) = shown(&w.run(&["--offline", "--", "--format", "jsonl", "--no-smoke"]));
    assert_eq!(code, Some(1), "{err}");
    let count = |what: &str| out.lines().filter(|l| l.contains(what)).count();
    assert_eq!(count("prog.bpf.o"), 1, "found once: {out}");
    assert!(count("/embeds!") > 10, "{out}");
    assert_eq!(count("/off"), 0);
    assert!(err.contains("keeps: 1 object(s), 0 variant(s)"), "{err}");

    // One package, in a format of its own; a disabled one by its name.
    let (code, out, err) = shown(&w.run(&["--offline", "keeps", "--", "-q", "-t", "lts"]));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("6 accepted, 0 rejected"), "{out}");
    let (code, out, _) = shown(&w.run(&["--offline", "-p", "off", "--", "--no-smoke"]));
    assert_eq!((code, out.contains("1 accepted")), (Some(0), true), "{out}");

    let (code, _, err) = shown(&w.run(&["--offline", "kees"]));
    assert_eq!(code, Some(2));
    assert!(err.contains("did you mean keeps?"), "{err}");
    let (code, _, err) = shown(&w.run(&["--", "x.o"]));
    assert_eq!(code, Some(2));
    assert!(
        err.contains("the objects are those of the packages"),
        "{err}"
    );
}

#[test]
fn dumps_of_a_package_are_its_variants() {
    let w = Workspace::new("dumps", &["sig"]);
    let files = made("accept/syscall_tracer.o");
    w.package("sig", "", &files.each_ref().map(|(p, t)| (*p, t.as_str())));
    fs::create_dir(w.0.join("sig/veristat")).unwrap();
    let dump = "[{\"value\":{\".rodata\":[{\"only_pid\":7}]}}]";
    fs::write(w.0.join("sig/veristat/one.json"), dump).unwrap();
    let (code, out, err) = shown(&w.run(&["--offline", "--", "--format", "jsonl", "--no-smoke"]));
    assert_eq!(code, Some(0), "{err}");
    for variant in ["\"variant\":\"baseline\"", "\"variant\":\"one\""] {
        assert!(out.contains(variant), "{variant}: {out}");
    }
}

#[test]
fn what_is_asked_is_asked_of_all_packages_together() {
    let w = Workspace::new("together", &["one", "two"]);
    for (name, from) in [("one", "accept/xdp_l4lb.o"), ("two", "reject/memory.o")] {
        let files = made(from);
        w.package(name, "", &files.each_ref().map(|(p, t)| (*p, t.as_str())));
    }
    // A suppression that one package needs is needed, though the other does not.
    let config = "[[suppress]]\ncode = \"BPF0108\"\nreason = \"known\"\n\
        [[suppress]]\ncode = \"BPF0999\"\nreason = \"never\"\n"
        .replace("BPF0999", "BPF0401");
    fs::write(w.0.join("bpfassay.toml"), config).unwrap();
    let (_, out, err) = shown(&w.run(&["--offline", "--", "--no-smoke"]));
    assert!(!out.contains("suppression of `BPF0108`"), "{out}{err}");
    // A program of one package.
    let stacks = w.0.join("stacks");
    let stacks = stacks.to_str().unwrap();
    let dump = w.0.join("mine.json");
    fs::write(&dump, "[]").unwrap();
    let (code, out, err) = shown(&w.run(&[
        "--offline",
        "--",
        "--no-smoke",
        "--prog",
        "balancer",
        "--cost-stacks",
        stacks,
    ]));
    assert_eq!(
        (code, out.contains("1 accepted")),
        (Some(0), true),
        "{out}{err}"
    );
    assert!(fs::read_to_string(stacks).unwrap().contains(";balancer;"));
    let (code, _, err) = shown(&w.run(&["--offline", "--", "--prog", "none_such"]));
    assert_eq!(code, Some(2));
    assert!(err.contains("no program named none_such"), "{err}");
    // A variant by hand is not lost.
    let word = format!("mine={}", dump.display());
    let (code, _, err) = shown(&w.run(&["--offline", "--", "--variant-rodata", &word]));
    assert_eq!(code, Some(2));
    assert!(err.contains("--variant-rodata mine="), "{err}");
}
