//! No program that the audit dates after a kernel is accepted for that kernel.
//!
//! The audit knows when things appeared, the verifier's model what kernels have: two
//! sets of tables, made apart. Each object is audited once; its programs are then
//! verified for every series older than the audit states. Over the committed corpus,
//! and over recorded objects where they are at hand.

use std::path::{Path, PathBuf};

use bpfassay::check::{self, types};
use bpfassay::helpers_spec::Release;
use bpfassay::report::Outcome;
use bpfassay::target::{self, Target};
use bpfassay::{InputKind, Options, TargetChoice};
use rayon::prelude::*;

fn kind(path: &Path) -> InputKind {
    match path.extension().and_then(|e| e.to_str()) {
        Some("bpfasm") => InputKind::Asm,
        _ => InputKind::Elf,
    }
}

fn choice(target: &Target) -> TargetChoice<'_> {
    TargetChoice {
        target,
        kernel_btf: types::of_target(target),
    }
}

/// What measured stable releases have, though mainline has it since a later one; and a
/// pointer that a program reads as a number, which older kernels give it.
const BACKPORTED: [(&str, &str); 2] = [
    ("linux-6.1", "instruction gotol"),
    ("linux-5.15", "map field kptr_unref of lru_map"),
];

/// Functions of the kernel's own tests: they moved from the kernel to a module, which the
/// audit dates to no release.
const OWN_TESTS: &str = "kfunc bpf_kfunc_call_";

/// Verdicts asked for, and the accepted ones that should not be.
fn of_file(path: &Path, series: &[Target]) -> (usize, Vec<String>) {
    let bytes = std::fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    let newest = Target::default();
    let own = [choice(&newest)];
    let options = Options {
        kind: kind(path),
        lints: false,
        smoke: false,
        ..Options::new(&name, &own)
    };
    let audit = check::audit(&bytes, &options, 1);
    let dated = |t: &Target, program: &str, section: &str| {
        let found = audit
            .programs
            .iter()
            .find(|p| p.program == program && p.section == section)?;
        let (major, minor) = t.series();
        let before = found
            .oldest
            .release
            .is_none_or(|r| r > Release::new(major, minor));
        before.then_some(&found.oldest)
    };
    let older: Vec<TargetChoice<'_>> = series
        .iter()
        .filter(|t| {
            let mut all = audit.programs.iter();
            all.any(|p| dated(t, p.program.data(), p.section.data()).is_some())
        })
        .map(choice)
        .collect();
    if older.is_empty() {
        return (0, Vec::new());
    }
    let report = check::check(
        &bytes,
        &Options {
            targets: &older,
            ..options
        },
    );
    let (mut asked, mut wrong) = (0, Vec::new());
    for p in report.objects.iter().flat_map(|o| &o.programs) {
        let target = series.iter().find(|t| p.target == t.name).unwrap();
        let Some(oldest) = dated(target, p.program.data(), p.section.data()) else {
            continue;
        };
        asked += 1;
        if matches!(p.outcome, Outcome::Accept) {
            let reasons = oldest.reasons.iter().map(|r| r.what.data());
            let missing = oldest.missing.iter().map(|m| m.data());
            let why: Vec<&str> = reasons.chain(missing).collect();
            let known =
                |w: &&str| BACKPORTED.contains(&(p.target.data(), *w)) || w.starts_with(OWN_TESTS);
            if why.iter().all(known) {
                continue;
            }
            let since = oldest
                .release
                .map_or("no release".into(), |r| r.to_string());
            wrong.push(format!(
                "{name} {} accepted for {}, dated {since}: {}",
                p.program.data(),
                p.target.data(),
                why.join(", ")
            ));
        }
    }
    (asked, wrong)
}

fn hold(files: &[PathBuf]) -> usize {
    let series = target::all();
    let all: Vec<(usize, Vec<String>)> = files.par_iter().map(|f| of_file(f, &series)).collect();
    let asked = all.iter().map(|(n, _)| n).sum();
    let wrong: Vec<String> = all.into_iter().flat_map(|(_, wrong)| wrong).collect();
    assert!(
        wrong.is_empty(),
        "{} of {asked} verdicts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    asked
}

fn files(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut out = Vec::new();
    for path in entries.map(|e| e.unwrap().path()) {
        if path.is_dir() {
            out.extend(files(&path, ends));
        } else if path
            .extension()
            .is_some_and(|e| ends.iter().any(|w| e == *w))
        {
            out.push(path);
        }
    }
    out.sort();
    out
}

#[test]
fn the_corpus_is_not_accepted_before_its_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folders = ["accept", "imprecise", "lint", "reject"];
    let all = folders.map(|f| files(&root.join(f), &["o", "bpfasm"]));
    let asked = hold(&all.concat());
    assert!(asked > 100, "only {asked} verdicts were asked for");
}

#[test]
#[ignore = "needs recorded objects: cargo xtask oracle"]
fn recorded_objects_are_not_accepted_before_their_date() {
    let sets = std::env::var_os("BPFASSAY_SETS").expect("BPFASSAY_SETS names no folder");
    for set in files_of(Path::new(&sets)) {
        let asked = hold(&files(&set, &["o"]));
        println!("{}: {asked} verdicts of older kernels", set.display());
    }
}

/// The folders of a folder.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut out: Vec<PathBuf> = entries
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    out.sort();
    assert!(!out.is_empty(), "{} has no sets", folder.display());
    out
}
