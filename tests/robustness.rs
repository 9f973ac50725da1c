//! Damaged inputs, all the way: bytes in, a report out, whatever the bytes.
//!
//! Every truncation at a section's boundary, and seeded mutations, of objects of
//! the corpus; damage that keeps their outer form; the corpus of the fuzzer, and
//! what it once found. `BPFASSAY_DAMAGE=N` sets the mutations per object (1,000
//! over ten objects is the full run; the default keeps the suite short).

mod common;
#[path = "../fuzz/src/harness/mod.rs"]
mod harness;
#[path = "../fuzz/src/mutate/mod.rs"]
mod mutate;

use bpfassay::report::Outcome;
use bpfassay::{Options, TargetChoice, check, target};
use common::{Random, damage, objects};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Instant;

const OBJECTS: usize = 10;

fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut paths = Vec::new();
    for part in ["accept", "reject", "rust"] {
        objects(&root.join(part), &mut paths).unwrap();
    }
    // Spread over the kinds, largest programs included.
    let step = (paths.len() / OBJECTS).max(1);
    paths.into_iter().step_by(step).take(OBJECTS).collect()
}

fn rounds(usual: usize) -> usize {
    let asked = std::env::var("BPFASSAY_DAMAGE").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Checks bytes; gives how long it took, and what was our own fault.
fn run(bytes: &[u8], target: &target::Target) -> (f64, Option<String>) {
    let targets = [TargetChoice {
        target,
        kernel_btf: None,
    }];
    let begun = Instant::now();
    let report = check(bytes, &Options::new("damaged.o", &targets));
    let took = begun.elapsed().as_secs_f64();
    let ours = report
        .objects
        .iter()
        .flat_map(|o| &o.programs)
        .find_map(|p| match &p.outcome {
            Outcome::Unknown {
                internal: Some(text),
                ..
            } => Some(format!("{:?}: {text:?}", p.program)),
            _ => None,
        });
    (took, ours)
}

/// Where sections begin and end, as the headers say.
fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let elf = goblin::elf::Elf::parse(bytes).expect("the corpus is whole");
    let mut at: Vec<usize> = elf
        .section_headers
        .iter()
        .flat_map(|s| [s.sh_offset, s.sh_offset + s.sh_size])
        .map(|o| o as usize)
        .filter(|o| *o < bytes.len())
        .collect();
    at.sort_unstable();
    at.dedup();
    at
}

#[test]
fn damaged_objects_end_in_an_error_or_a_verdict() {
    let target = target::by_name(target::DEFAULT).expect("the default target exists");
    let rounds = rounds(20);
    let (mut slowest, mut cases) = (0.0_f64, 0);
    for (seed, path) in (1_u64..).zip(corpus()) {
        let bytes = std::fs::read(&path).expect("the corpus is readable");
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut inputs: Vec<Vec<u8>> = boundaries(&bytes)
            .into_iter()
            .map(|end| bytes[..end].to_vec())
            .collect();
        for _ in 0..rounds {
            let mut copy = bytes.clone();
            damage(&mut copy, &mut random);
            inputs.push(copy);
        }
        for (n, input) in inputs.iter().enumerate() {
            let (took, ours) = run(input, &target);
            assert_eq!(ours, None, "{} case {n}", path.display());
            assert!(took < 120.0, "{} case {n} took {took:.0} s", path.display());
            slowest = slowest.max(took);
            cases += 1;
        }
    }
    println!("{cases} damaged objects, the slowest took {slowest:.2} s");
}

/// What one input may take, on a busy machine and without optimisation.
const SLOW: f64 = 60.0;

/// Feeds a harness as the command line would be fed: on threads with its stack.
/// Its panic is the test's, with the name of the input.
fn feed(name: &str, input: &str, bytes: &[u8]) {
    static POOL: LazyLock<rayon::ThreadPool> = LazyLock::new(|| {
        let pool = rayon::ThreadPoolBuilder::new();
        let pool = pool.stack_size(bpfassay::limits::WORKER_STACK_BYTES);
        pool.build().expect("threads can be started")
    });
    let run = harness::find(name).unwrap_or_else(|| panic!("no harness {name}"));
    let begun = Instant::now();
    let done = catch_unwind(|| POOL.install(|| run(bytes)));
    let took = begun.elapsed().as_secs_f64();
    assert!(done.is_ok(), "{name}: {input}");
    assert!(took < SLOW, "{name}: {input} took {took:.0} s");
}

#[test]
fn damage_inside_the_form_of_an_object_ends_in_an_answer() {
    let rounds = rounds(8);
    for (seed, path) in (1_u64..).zip(corpus()) {
        let bytes = std::fs::read(&path).expect("the corpus is readable");
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut draw = || random.next();
        for round in 0..rounds {
            let mut copy = bytes.clone();
            mutate::object(&mut copy, 48 << 10, &mut mutate::Dice(&mut draw));
            assert_ne!(copy.len(), 0);
            for name in ["parse", "check", "audit", "run"] {
                let input = format!("{} round {round}", path.display());
                feed(name, &input, &copy);
            }
        }
    }
}

#[test]
fn damaged_types_end_in_an_answer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(root.join("tests/corpus/btf/kernel.btf")).expect("it is there");
    let mut random = Random(7);
    let mut draw = || random.next();
    for round in 0..rounds(100) {
        let mut copy = bytes.clone();
        mutate::types(&mut copy, &mut mutate::Dice(&mut draw));
        feed("btf", &format!("round {round}"), &copy);
    }
}

/// Every input below `fuzz/` of a kind; how many there are.
fn replay(kind: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(kind);
    let mut count = 0;
    for (name, _) in harness::HARNESSES {
        let Ok(entries) = std::fs::read_dir(root.join(name)) else {
            continue;
        };
        let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("it is listed").path()).collect();
        paths.sort();
        for path in paths {
            let bytes = std::fs::read(&path).expect("it is readable");
            feed(name, &path.display().to_string(), &bytes);
            count += 1;
        }
    }
    count
}

#[test]
fn what_the_fuzzer_found_stays_mended() {
    assert!(replay("regressions") > 0);
}

#[test]
fn the_corpus_of_the_fuzzer_ends_in_answers() {
    assert!(replay("corpus") > 0);
}

#[test]
fn every_harness_has_its_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let listed = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root.join(folder)).expect("it is there");
        let stem = |e: std::io::Result<std::fs::DirEntry>| {
            let path = e.expect("it is listed").path();
            path.file_stem().map(|s| s.to_string_lossy().into_owned())
        };
        let mut names: Vec<String> = entries.filter_map(stem).collect();
        names.sort();
        names
    };
    let mut names: Vec<&str> = harness::HARNESSES.iter().map(|h| h.0).collect();
    names.sort_unstable();
    assert_eq!(listed("fuzz_targets"), names);
    for folder in ["corpus", "regressions"] {
        for name in listed(folder) {
            assert!(names.contains(&&*name), "{folder}/{name} is of no harness");
        }
    }
}
