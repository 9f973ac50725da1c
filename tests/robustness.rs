//! Damaged objects, all the way: bytes in, a report out, whatever the bytes.
//!
//! Every truncation at a section's boundary, and seeded mutations, of objects of
//! the corpus. `BPFASSAY_DAMAGE=N` sets the mutations per object (1,000 over ten
//! objects is the full run; the default keeps the suite short).

mod common;

use bpfassay::report::Outcome;
use bpfassay::{Options, TargetChoice, check, target};
use common::{Random, damage, objects};
use std::path::{Path, PathBuf};
use std::time::Instant;

const OBJECTS: usize = 10;

fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut paths = Vec::new();
    for part in ["accept", "reject", "rust"] {
        objects(&root.join(part), &mut paths);
    }
    // Spread over the kinds, largest programs included.
    let step = (paths.len() / OBJECTS).max(1);
    paths.into_iter().step_by(step).take(OBJECTS).collect()
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
            } => Some(format!("{}: {text}", p.program)),
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
    let rounds: usize = std::env::var("BPFASSAY_DAMAGE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20);
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
