//! Suppressions in the source: `// bpfassay: allow(CODE) reason`.

#[expect(dead_code, reason = "what other tests need of it")]
#[path = "common/toy.rs"]
mod toy;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use toy::Toy;

/// A directory that is removed when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let name = format!("bpfassay-in-source-{}-{name}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Dir(dir.canonicalize().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }

    /// Exit code and JSON report of an object; everything that any format says besides.
    fn check(&self, object: &str) -> (i32, Value, String) {
        let run = |format: &str| {
            Command::new(env!("CARGO_BIN_EXE_bpfassay"))
                .current_dir(&self.0)
                .args([
                    "check",
                    "--source-root",
                    ".",
                    "--no-smoke",
                    "--fail-on",
                    "note",
                ])
                .args(["--format", format, object])
                .output()
                .unwrap()
        };
        let json = run("json");
        let mut all = String::new();
        for format in [
            "text", "json", "sarif", "github", "junit", "markdown", "html",
        ] {
            let out = run(format);
            all.push_str(&String::from_utf8(out.stdout).unwrap());
            all.push_str(&String::from_utf8(out.stderr).unwrap());
        }
        let report = serde_json::from_slice(&json.stdout).unwrap();
        (json.status.code().unwrap(), report, all)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that is refused at line 2 of `toy.c`: why it is suppressed, if it is.
fn toy(
    dir: &Dir,
    config: &str,
    carried: &str,
    source: Option<&str>,
) -> (i32, Option<String>, String) {
    let toy = Toy {
        file: b"toy.c".to_vec(),
        lines: vec![(0, 2, 1, carried.as_bytes().to_vec())],
        ..Toy::default()
    };
    dir.write("toy.o", toy.build());
    dir.write("bpfassay.toml", config);
    let _ = std::fs::remove_file(dir.0.join("toy.c"));
    if let Some(source) = source {
        dir.write("toy.c", source);
    }
    let (code, report, all) = dir.check("toy.o");
    let program = &report["objects"][0]["programs"][0];
    assert_eq!(program["verdict"], "reject", "{report}");
    (code, program["suppressed"].as_str().map(str::to_owned), all)
}

const ALLOWED: &str = "in-source = [\"rejection\"]\n";
const LINE: &str = "return r3;";

/// The code by which the toy is refused.
fn code_of(dir: &Dir) -> String {
    toy(dir, "", LINE, None);
    let (_, report, _) = dir.check("toy.o");
    report["objects"][0]["programs"][0]["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_refusal_is_suppressed_only_if_the_configuration_says_so() {
    let dir = Dir::new("refusal");
    let code = code_of(&dir);
    let above = format!("// bpfassay: allow({code}) SECRET reason\n  {LINE}\n");
    let (exit, why, _) = toy(&dir, "", LINE, Some(&above));
    assert_eq!((exit, why), (1, None));
    let (exit, why, all) = toy(&dir, ALLOWED, LINE, Some(&above));
    assert_eq!((exit, why.as_deref()), (0, Some("a comment at toy.c:1")));
    // What the object does not carry is not shown, but where it stands.
    assert!(!all.contains("SECRET"), "{all}");
    assert!(all.contains("inSource"));
    let own = format!("in-source = [\"{code}\"]\n");
    assert_eq!(toy(&dir, &own, LINE, Some(&above)).0, 0);
    assert_eq!(
        toy(&dir, "in-source = [\"policy\"]\n", LINE, Some(&above)).0,
        1
    );
}

#[test]
fn a_comment_behind_the_line_gives_its_reason() {
    let dir = Dir::new("behind");
    let line = format!("{LINE} // bpfassay: allow({}) to show it", code_of(&dir));
    let (exit, why, all) = toy(&dir, ALLOWED, &line, Some(&format!("\n{line}\n")));
    assert_eq!((exit, why.as_deref()), (0, Some("to show it")));
    assert!(all.contains("to show it"));
    // An object does not excuse itself: its source must be at hand, and read alike.
    assert_eq!(toy(&dir, ALLOWED, &line, None).0, 1);
    assert_eq!(toy(&dir, ALLOWED, &line, Some(&format!("\n{LINE}\n"))).0, 1);
}

#[test]
fn a_mark_needs_a_reason_and_the_right_code() {
    let dir = Dir::new("reason");
    let code = code_of(&dir);
    let above = format!("// bpfassay: allow({code})\n{LINE}\n");
    let (exit, why, all) = toy(&dir, ALLOWED, LINE, Some(&above));
    assert_eq!((exit, why), (1, None));
    assert!(
        all.contains("suppresses nothing: it gives no reason"),
        "{all}"
    );
    for marks in [
        "allow(all) x",
        "allow(rejection) x",
        "allow(BPF0108) x",
        "allow(BPF9999) x",
        "allow() x",
    ] {
        let above = format!("// bpfassay: {marks}\n{LINE}\n");
        assert_eq!(toy(&dir, ALLOWED, LINE, Some(&above)).0, 1, "{marks}");
    }
}

#[test]
fn a_lint_is_suppressed_on_its_line() {
    let dir = Dir::new("lint");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/lint");
    std::fs::create_dir(dir.0.join("lint")).unwrap();
    dir.write(
        "stack_chains.o",
        std::fs::read(corpus.join("stack_chains.o")).unwrap(),
    );
    let source = std::fs::read_to_string(corpus.join("stack_chains.c")).unwrap();
    dir.write("lint/stack_chains.c", &source);
    let (_, report, _) = dir.check("stack_chains.o");
    let findings = report["objects"][0]["findings"].as_array().unwrap().clone();
    let first = findings
        .iter()
        .find(|f| f["line"].as_u64() > Some(1))
        .unwrap();
    assert_eq!(first["suppressed"], Value::Null);
    let line = first["line"].as_u64().unwrap() as usize;
    let mut lines: Vec<&str> = source.lines().collect();
    let mark = format!(
        "\t/* bpfassay: allow({}) measured */",
        first["name"].as_str().unwrap()
    );
    lines[line - 2] = &mark;
    dir.write("lint/stack_chains.c", lines.join("\n"));
    let (_, report, _) = dir.check("stack_chains.o");
    let again = report["objects"][0]["findings"].as_array().unwrap();
    let of = |f: &&Value| f["code"] == first["code"] && f["line"] == first["line"];
    let suppressed = again.iter().find(of).unwrap()["suppressed"]
        .as_str()
        .unwrap();
    assert!(
        suppressed.starts_with("a comment at ./lint/stack_chains.c:"),
        "{suppressed}"
    );
    dir.write("bpfassay.toml", "in-source = []\n");
    let (_, report, _) = dir.check("stack_chains.o");
    let off = report["objects"][0]["findings"].as_array().unwrap();
    assert_eq!(off.iter().find(of).unwrap()["suppressed"], Value::Null);
}
