//! What one target's verification found serves others only where it is what theirs would
//! have found: whole reports with and without sharing, and, switch by switch, that what was
//! not asked for decides nothing.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use bpfassay::abstract_interp::{Input, Verdict, Verification, verify, verify_asking};
use bpfassay::budget::Account;
use bpfassay::check::{Sharing, Tally, types};
use bpfassay::programs::{LinkOptions, Program, link, raw};
use bpfassay::report::json;
use bpfassay::target::{self, Target};
use bpfassay::{InputKind, Options, TargetChoice, check, object::Object};

fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folders = ["accept", "reject"].map(|f| root.join(f));
    let mut out: Vec<PathBuf> = folders
        .iter()
        .flat_map(|f| std::fs::read_dir(f).unwrap())
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "o" || e == "bpfasm"))
        .collect();
    out.sort();
    assert!(out.len() > 20, "the corpus is not there");
    out
}

fn choices(targets: &[Target]) -> Vec<TargetChoice<'_>> {
    let choice = |target| TargetChoice {
        target,
        kernel_btf: types::of_target(target),
    };
    targets.iter().map(choice).collect()
}

#[test]
fn reports_are_the_same_with_and_without_sharing() {
    let mut targets = target::all();
    targets.extend(target::runtimes());
    let choices = choices(&targets);
    let tally = Tally::default();
    for path in corpus() {
        let bytes = std::fs::read(&path).unwrap();
        let asm = path.extension().is_some_and(|e| e == "bpfasm");
        let run = |sharing| {
            let options = Options {
                sharing,
                kind: if asm { InputKind::Asm } else { InputKind::Elf },
                smoke: false,
                ..Options::new("object", &choices)
            };
            json::render(&check(&bytes, &options))
        };
        let (with, without) = (run(Sharing::Counted(&tally)), run(Sharing::Off));
        assert!(with == without, "{path:?}");
    }
    let (shared, explored) = (
        tally.shared.load(Ordering::Relaxed),
        tally.explored.load(Ordering::Relaxed),
    );
    assert!(shared > explored / 4, "{shared} of {explored} were shared");
}

fn programs(path: &Path, choice: &TargetChoice<'_>) -> Vec<Program> {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|e| e == "bpfasm") {
        let program = raw::program(raw::Input::Asm(&bytes), "p", None);
        return program.into_iter().collect();
    }
    let Ok(object) = Object::parse(&bytes) else {
        return Vec::new();
    };
    let options = LinkOptions {
        kernel_btf: choice.kernel_btf,
        release: choice.target.release,
        ..LinkOptions::default()
    };
    link(&object, &options)
        .programs
        .into_iter()
        .flatten()
        .collect()
}

/// What a verification found, but for the words.
fn told(v: &Verification) -> String {
    let verdict = match &v.verdict {
        Verdict::Accept => "accept".to_owned(),
        Verdict::Reject(r) => format!("{r:?}"),
        Verdict::Unknown(u) => u.name.clone(),
    };
    format!("{verdict} {:?}", v.stats)
}

/// Each switch that differs between neighbours is turned by itself: a verification that
/// did not ask for it is the same with it.
#[test]
fn a_switch_that_was_not_asked_for_decides_nothing() {
    let targets = target::all();
    let choices = choices(&targets);
    let (mut unasked, mut asked) = (0, 0);
    for path in corpus() {
        for (own, other) in choices.iter().zip(&choices[1..]) {
            for program in programs(&path, own) {
                let input = Input {
                    program: &program,
                    target: own.target,
                    kernel_btf: own.kernel_btf,
                };
                let (verification, consulted) = verify_asking(&input, None, Account::FREE);
                if verification.stats.processed > 2_000 {
                    continue;
                }
                let differ = own.target.behaviour.with_each_of(&other.target.behaviour);
                for (switch, behaviour) in differ {
                    let turned = Target {
                        behaviour,
                        ..own.target.clone()
                    };
                    let (a, b) = ((own.target, own.kernel_btf), (&turned, own.kernel_btf));
                    if !consulted.answered_alike(&program, a, b) {
                        asked += 1;
                        continue;
                    }
                    unasked += 1;
                    let again = verify(&Input {
                        target: &turned,
                        ..input
                    });
                    assert_eq!(
                        told(&verification),
                        told(&again),
                        "{path:?} {} {}: {}",
                        program.name,
                        own.target.name,
                        switch.name
                    );
                }
            }
        }
    }
    assert!(unasked > 1_000 && asked > 1_000, "{unasked} {asked}");
}
