//! What the interpreter does lies inside what the model says, over the corpus:
//! every register of every step of every run of every accepted program.
//!
//! `cargo run --release --example soundness` does the same over other objects.

#[path = "common/concrete.rs"]
mod concrete;

use bpfassay::abstract_interp::{Input, Verdict, verify};
use bpfassay::check::types;
use bpfassay::check::{InputKind, programs_of};
use bpfassay::smoke::{Engines, SmokeOptions};
use bpfassay::{Options, TargetChoice, target};

#[test]
fn concrete_registers_lie_inside_abstract_values() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut paths = Vec::new();
    for dir in ["accept", "reject", "rust"] {
        let entries = std::fs::read_dir(root.join(dir)).unwrap();
        paths.extend(entries.map(|e| e.unwrap().path()));
    }
    paths.retain(|p| p.extension().is_some_and(|e| e == "o"));
    paths.sort();
    let target = target::Target::default();
    let choices = [TargetChoice {
        target: &target,
        kernel_btf: types::of_target(&target),
    }];
    let (mut programs, mut steps, mut unsound) = (0, 0, Vec::new());
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&path).unwrap();
        let options = Options {
            kind: InputKind::Elf,
            ..Options::new(&name, &choices)
        };
        for program in programs_of(&bytes, &options).unwrap().iter().flatten() {
            let input = Input {
                program,
                target: &target,
                kernel_btf: types::of_target(&target),
            };
            if !matches!(verify(&input).verdict, Verdict::Accept) {
                continue;
            }
            let done = concrete::follow(
                &input,
                &SmokeOptions {
                    engines: Engines::Reference,
                    ..SmokeOptions::default()
                },
            );
            programs += 1;
            steps += done.steps;
            unsound.extend(
                done.unsound
                    .iter()
                    .take(1)
                    .map(|w| format!("{name} {}: {w}", program.name)),
            );
        }
    }
    assert!(unsound.is_empty(), "{}", unsound.join("\n"));
    assert!(
        programs > 50 && steps > 10_000,
        "{programs} programs, {steps} steps"
    );
}
