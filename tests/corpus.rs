//! Holds our verdicts against the corpus's: `tests/corpus/README.md` explains the
//! layout and the expectations.
//!
//! An expectation that is not met is one line, `file: expected .., got ..`, unless
//! `tests/corpus/GAPS` names it. `BPFASSAY_CORPUS=FILTER` picks cases.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bpfassay::check::types;
use bpfassay::object::Object;
use bpfassay::report::{Outcome, ProgramReport};
use bpfassay::{InputKind, Options, TargetChoice, check, target};

/// One `// EXPECT` line: what a target's kernel says of one program.
#[derive(Clone, Debug)]
struct Expect {
    program: String,
    target: String,
    fields: BTreeMap<String, String>,
}

impl Expect {
    fn parse(text: &str) -> Result<Expect, String> {
        let mut fields = BTreeMap::new();
        for word in text.split_whitespace() {
            let (key, value) = word
                .split_once('=')
                .ok_or(format!("{word}: not KEY=VALUE"))?;
            fields.insert(key.to_owned(), value.to_owned());
        }
        let mut take = |key: &str| fields.remove(key).ok_or(format!("no {key}= in: {text}"));
        Ok(Expect {
            program: take("prog")?,
            target: take("target")?,
            fields,
        })
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str)
    }
}

/// A source with its objects and what it expects of them.
struct Case {
    source: PathBuf,
    objects: Vec<PathBuf>,
    expects: Vec<Expect>,
    /// Code names of `// ERROR` comments by line, from 1.
    errors: BTreeMap<u32, Vec<String>>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn files(dir: &str, extension: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join(dir))
        .unwrap_or_else(|e| panic!("{dir}: {e}"))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    found.sort();
    found
}

fn is_asm(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "bpfasm")
}

fn read_case(source: PathBuf) -> Case {
    let text = std::fs::read_to_string(&source).unwrap_or_else(|e| panic!("{source:?}: {e}"));
    let mut case = Case {
        objects: Vec::new(),
        expects: Vec::new(),
        errors: BTreeMap::new(),
        source,
    };
    for (line, number) in text.lines().zip(1u32..) {
        if let Some(expect) = line.strip_prefix("// EXPECT ") {
            let expect = Expect::parse(expect);
            case.expects
                .push(expect.unwrap_or_else(|e| panic!("{:?}:{number}: {e}", case.source)));
        } else if let Some(object) = line.strip_prefix("// OBJECT ") {
            case.objects.push(root().join(object.trim()));
        }
        for error in line.split("// ERROR ").skip(1) {
            case.errors
                .entry(number)
                .or_default()
                .push(error.trim().to_owned());
        }
    }
    if case.objects.is_empty() {
        let object = if is_asm(&case.source) {
            case.source.clone()
        } else {
            case.source.with_extension("o")
        };
        case.objects.push(object);
    }
    assert!(
        !case.expects.is_empty(),
        "{:?} expects nothing",
        case.source
    );
    case
}

fn cases() -> Vec<Case> {
    let folders = ["accept", "reject", "imprecise"].iter();
    let sources = folders.flat_map(|dir| [files(dir, "c"), files(dir, "bpfasm")].concat());
    sources
        .chain([root().join("rust/aya_xdp/src/main.rs")])
        .map(read_case)
        .collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// How an outcome differs from what is expected of it; `None` if it doesn't.
fn difference(case: &Case, expect: &Expect, got: &ProgramReport) -> Option<String> {
    let (mut want, mut have) = (String::new(), String::new());
    let mut compare = |what: &str, expected: &str, found: &str| {
        if expected != found {
            let _ = write!(want, " {what}={expected}");
            let _ = write!(have, " {what}={found}");
        }
    };
    let verdict = expect.get("verdict").unwrap_or("");
    if verdict != got.outcome.word() {
        let detail = match &got.outcome {
            Outcome::Reject(d) => format!(
                "reject {} insn={} ({})",
                d.refusal.code().name(),
                d.insn,
                d.kernel_words.data()
            ),
            Outcome::Unknown { name, internal, .. } => {
                let internal = internal.as_ref().map_or("", |i| i.data());
                format!("unknown {} {internal}", name.data())
            }
            Outcome::LoadError { stage, reason, .. } => {
                format!("load-error {stage}: {}", reason.data())
            }
            Outcome::Lacks(lacks) => format!("lacks {}", lacks.len()),
            Outcome::Accept => "accept".to_owned(),
        };
        return Some(format!("expected {verdict}, got {}", detail.trim_end()));
    }
    let number = |n: Option<u64>| n.map_or("?".to_owned(), |n| n.to_string());
    for (key, value) in &expect.fields {
        match (key.as_str(), &got.outcome) {
            ("insns", _) => compare(key, value, &got.insns.to_string()),
            ("processed", _) => compare(key, value, &number(got.stats.map(|s| s.processed))),
            ("code", Outcome::Reject(d)) => compare(key, value, d.refusal.code().name()),
            ("class", Outcome::Reject(d)) => compare(key, value, &d.class),
            ("insn", Outcome::Reject(d)) => compare(key, value, &d.insn.to_string()),
            ("stage", Outcome::LoadError { stage, .. }) => compare(key, value, stage),
            _ => {}
        }
    }
    if let Outcome::Reject(d) = &got.outcome {
        let marked: Vec<u32> = (case.errors.iter())
            .filter(|(_, codes)| codes.iter().any(|c| Some(c.as_str()) == expect.get("code")))
            .map(|(line, _)| *line)
            .collect();
        // Only a refusal that a kernel places on an instruction has a line.
        if let Some(place) = d.place.as_ref().filter(|_| expect.get("insn").is_some())
            && !marked.is_empty()
            && !marked.contains(&place.line)
        {
            compare("line", &format!("{marked:?}"), &place.line.to_string());
        }
    }
    (!want.is_empty()).then(|| format!("expected{want}, got{have}"))
}

/// Cases that aren't met yet: `FILE:PROGRAM`, a blank, the reason.
fn gaps() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("GAPS")).unwrap_or_default();
    let lines = text
        .lines()
        .filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
    lines
        .map(|l| l.split_once(' ').unwrap_or((l, "")))
        .map(|(case, why)| (case.to_owned(), why.trim().to_owned()))
        .collect()
}

#[test]
fn verdicts_are_those_of_kernels() {
    let filter = std::env::var("BPFASSAY_CORPUS").unwrap_or_default();
    let gaps = gaps();
    let (mut failures, mut met, mut known, mut mended) = (Vec::new(), 0, 0, Vec::new());
    for case in cases() {
        for object in &case.objects {
            let bytes = std::fs::read(object)
                .unwrap_or_else(|e| panic!("{object:?}: {e}; scripts/build-corpus.sh"));
            let name = relative(object);
            for expect in &case.expects {
                let id = format!("{name}:{}", expect.program);
                if !id.contains(&filter) {
                    continue;
                }
                let kernel = target::by_name(&expect.target).expect("a known target");
                let choice = [TargetChoice {
                    target: &kernel,
                    kernel_btf: types::of_target(&kernel),
                }];
                let options = Options {
                    only: Some(&expect.program),
                    kind: if is_asm(object) {
                        InputKind::Asm
                    } else {
                        InputKind::Elf
                    },
                    ..Options::new(&name, &choice)
                };
                let report = check(&bytes, &options);
                let found = report
                    .objects
                    .iter()
                    .flat_map(|o| &o.programs)
                    .find(|p| p.program == expect.program);
                let different = match found {
                    Some(program) => difference(&case, expect, program),
                    None => Some(format!(
                        "expected a program, got {:?}",
                        report.objects[0].error
                    )),
                };
                match (different, gaps.contains_key(&id)) {
                    (None, false) => met += 1,
                    (None, true) => mended.push(id),
                    (Some(_), true) => known += 1,
                    (Some(text), false) => failures.push(format!("{id}: {text}")),
                }
            }
        }
    }
    for id in &mended {
        eprintln!("{id}: met, though GAPS names it");
    }
    eprintln!("{met} met, {known} known gaps, {} failed", failures.len());
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The sources say of each program in their objects what is expected.
#[test]
fn every_program_has_an_expectation() {
    let mut missing = Vec::new();
    for case in cases() {
        for object in case.objects.iter().filter(|o| !is_asm(o)) {
            let parsed = Object::parse(&std::fs::read(object).unwrap());
            let parsed = parsed.unwrap_or_else(|e| panic!("{object:?}: {e}"));
            for function in &parsed.functions {
                let outside_text = function.section != parsed.text;
                if outside_text && !case.expects.iter().any(|e| e.program == *function.name) {
                    missing.push(format!(
                        "{}: no expectation of {}",
                        relative(object),
                        function.name
                    ));
                }
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

/// Damaged objects: an error that names section and reason, or a load error; and
/// never a panic. `malformed/CASES` lists FILE, then `section=`, `reason=` words
/// that the error must hold (`_` for a blank), or `opens` where loaders don't mind.
#[test]
fn malformed_objects_are_refused() {
    let text = std::fs::read_to_string(root().join("malformed/CASES")).unwrap();
    let kernel = target::by_name("linux-6.18").unwrap();
    let choice = [TargetChoice {
        target: &kernel,
        kernel_btf: None,
    }];
    let (mut failures, mut listed) = (Vec::new(), Vec::new());
    for line in text
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        let (file, want) = line.split_once(' ').unwrap_or((line, ""));
        listed.push(file.to_owned());
        let bytes = std::fs::read(root().join("malformed").join(file)).unwrap();
        let report = check(&bytes, &Options::new(file, &choice));
        let object = &report.objects[0];
        let mut said: Vec<String> = object.error.iter().map(|e| e.text().into_data()).collect();
        said.extend(
            object
                .load_errors
                .iter()
                .map(|e| format!("{}: {}", e.stage, e.reason.data())),
        );
        for program in &object.programs {
            match &program.outcome {
                Outcome::LoadError { stage, reason, .. } => {
                    said.push(format!("{stage}: {}", reason.data()))
                }
                Outcome::Reject(d) => said.push(format!("reject: {}", d.refusal.code().name())),
                Outcome::Unknown {
                    internal: Some(text),
                    ..
                } => failures.push(format!("{file}: {}", text.data())),
                _ => {}
            }
        }
        let said = said.join("; ");
        for word in want.split_whitespace() {
            let met = match word {
                "opens" => said.is_empty(),
                _ => said.contains(&word.replace('_', " ")),
            };
            if !met {
                failures.push(format!("{file}: expected {word}, got {said:?}"));
            }
        }
    }
    let mut files: Vec<String> = (files("malformed", "o").iter())
        .map(|f| f.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    listed.sort();
    assert_eq!(files, listed, "malformed/CASES and the files beside it");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
