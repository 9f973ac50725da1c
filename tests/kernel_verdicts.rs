//! Holds the committed corpus's expectations against the running kernel, where a
//! target of its series is expected of: the corpus says what kernels say.
//!
//! Verdict, refused instruction and processed instructions are compared where an
//! expectation names them. What the running kernel refuses for reasons of its own
//! (before its verifier, or a helper that it was built without) is counted.

mod kernel_common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bpfassay::check::programs_of;
use bpfassay::kernel::{self, Stage};
use bpfassay::{InputKind, Options, TargetChoice};

/// An `// EXPECT` line of a source.
struct Expect {
    program: String,
    target: String,
    fields: BTreeMap<String, String>,
}

fn expectations(source: &Path) -> (Vec<PathBuf>, Vec<Expect>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let text = std::fs::read_to_string(source).unwrap();
    let mut objects: Vec<PathBuf> = text
        .lines()
        .filter_map(|l| l.strip_prefix("// OBJECT "))
        .map(|o| root.join(o.trim()))
        .collect();
    if objects.is_empty() {
        let asm = source.extension().is_some_and(|e| e == "bpfasm");
        objects.push(if asm {
            source.to_owned()
        } else {
            source.with_extension("o")
        });
    }
    let lines = text.lines().filter_map(|l| l.strip_prefix("// EXPECT "));
    let expects = lines.map(|line| {
        let mut fields: BTreeMap<String, String> = line
            .split_whitespace()
            .filter_map(|w| w.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        Expect {
            program: fields.remove("prog").expect("prog="),
            target: fields.remove("target").expect("target="),
            fields,
        }
    });
    (objects, expects.collect())
}

fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut out = vec![root.join("rust/aya_xdp/src/main.rs")];
    for folder in ["accept", "reject", "imprecise"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "c" || e == "bpfasm") {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

/// What the kernel says, in the words of expectations.
fn said(outcome: &kernel::Outcome) -> BTreeMap<&'static str, String> {
    let mut out = BTreeMap::new();
    match outcome {
        Ok(loaded) => {
            out.insert("verdict", "accept".to_owned());
            if let Some(n) = loaded.processed {
                out.insert("processed", n.to_string());
            }
        }
        Err(refusal) => {
            out.insert("verdict", "reject".to_owned());
            if let Some(insn) = refusal.insn {
                out.insert("insn", insn.to_string());
            }
        }
    }
    out
}

#[test]
#[ignore = "asks the running kernel: cargo xtask oracle"]
fn the_corpus_says_what_the_running_kernel_says() {
    let (kernel, target) = kernel_common::kernel();
    let choices = [TargetChoice {
        target: &target,
        kernel_btf: kernel.btf.as_deref(),
    }];
    let (mut met, mut own, mut other, mut wrong) = (0, BTreeMap::new(), 0, Vec::new());
    for source in sources() {
        let (objects, expects) = expectations(&source);
        for object in &objects {
            let name = object.file_name().unwrap().to_string_lossy().into_owned();
            let options = Options {
                kind: if name.ends_with(".bpfasm") {
                    InputKind::Asm
                } else {
                    InputKind::Elf
                },
                ..Options::new(&name, &choices)
            };
            let linked = programs_of(&std::fs::read(object).unwrap(), &options);
            let linked = linked.unwrap_or_else(|e| panic!("{name}: {e:?}"));
            for expect in &expects {
                if expect.target != target.name {
                    other += 1;
                    continue;
                }
                let id = format!("{name}:{}", expect.program);
                let found = linked.iter().flatten().find(|p| p.name == expect.program);
                let Some(program) = found else {
                    // What cannot be linked, a loader refuses: nothing to ask.
                    other += 1;
                    continue;
                };
                let outcome = kernel::load(&kernel, program);
                if let Err(refusal) = &outcome
                    && (refusal.stage != Stage::Verifier
                        || refusal
                            .message
                            .contains("cannot use helper bpf_probe_write_user")
                        || refusal
                            .message
                            .contains("cannot use helper bpf_override_return"))
                {
                    let last = refusal.message.lines().last().unwrap_or("").to_owned();
                    *own.entry(format!("{}: {last}", refusal.stage.name()))
                        .or_insert(0) += 1;
                    continue;
                }
                let live = said(&outcome);
                let differ: Vec<String> = ["verdict", "insn", "processed"]
                    .into_iter()
                    .filter_map(|key| {
                        let (want, have) = (expect.fields.get(key)?, live.get(key)?);
                        (want != have).then(|| format!("{key} {want}, the kernel says {have}"))
                    })
                    .collect();
                if differ.is_empty() {
                    met += 1;
                } else {
                    wrong.push(format!("{id}: expected {}", differ.join("; ")));
                }
            }
        }
    }
    eprintln!(
        "{}: {met} expectations of {} hold, {} differ; {other} are of other targets or not linked",
        kernel.release,
        target.name,
        wrong.len()
    );
    for (why, count) in &own {
        eprintln!("{count} programs refused for reasons of this kernel's own: {why}");
    }
    assert!(met > 0, "nothing was compared");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
