//! Holds the audit's capability sets against the running kernel: a program loads with
//! exactly those that the audit states, and with none of them taken away.
//!
//! Programs are those of the objects in `BPFASSAY_SETS` (`SET/*.o`, a share of each set)
//! that both sides take from root. `BPFASSAY_PROGRAMS=N` says how many at most.

#![cfg(feature = "kernel")]

mod kernel_common;
#[path = "common/objects.rs"]
mod objects;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bpfassay::check::{self, programs_of};
use bpfassay::kernel::{self, Kernel};
use bpfassay::programs::Program;
use bpfassay::target::{Capability, Rights, Target};
use bpfassay::{Options, TargetChoice};
use objects::objects;

/// How many programs are asked for unless told otherwise.
const PROGRAMS: usize = 240;

#[derive(Default)]
struct Tally {
    programs: usize,
    loads: usize,
    by_set: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

/// Whether the kernel takes the program from a loader with these capabilities.
fn loads(kernel: &Kernel, program: &Program, rights: Rights) -> Result<(), String> {
    let loaded = || kernel::load(kernel, program).map(drop);
    let answer =
        kernel::confined(&rights.numbers(), loaded).unwrap_or_else(|e| panic!("capset: {e}"));
    answer.map_err(|e| e.to_string())
}

fn ask(kernel: &Kernel, choice: TargetChoice<'_>, path: &Path, most: usize, tally: &mut Tally) {
    let Ok(bytes) = std::fs::read(path) else {
        return;
    };
    let name = path.display().to_string();
    let choices = [choice];
    let options = Options {
        lints: false,
        ..Options::new(&name, &choices)
    };
    let audit = check::audit(&bytes, &options, 1);
    let linked = programs_of(&bytes, &options).unwrap_or_default();
    for needs in audit.programs.iter().take(most) {
        let same = |p: &&Program| &*p.name == needs.program.data();
        let program = linked.iter().filter_map(|p| p.as_ref().ok()).find(same);
        let Some(program) = program.filter(|_| needs.verified.verdict == "accept") else {
            continue;
        };
        if loads(kernel, program, Rights::ALL).is_err() {
            continue;
        }
        let named = |name: &str| Capability::ALL.into_iter().find(|c| c.name() == name);
        let all: Vec<Capability> = needs
            .capabilities
            .iter()
            .filter_map(|c| named(c.name))
            .collect();
        let exact = all.iter().fold(Rights::NONE, |r, c| r.with(*c));
        let told = format!("{name} {} [{exact}]", needs.program.data());
        tally.programs += 1;
        tally.loads += 1 + all.len();
        *tally.by_set.entry(exact.to_string()).or_default() += 1;
        if let Err(why) = loads(kernel, program, exact) {
            tally.wrong.push(format!("{told} does not load: {why}"));
        }
        for less in &all {
            if loads(kernel, program, exact.without(*less)).is_ok() {
                tally.wrong.push(format!("{told} loads without {less}"));
            }
        }
    }
}

#[test]
#[ignore = "asks the running kernel, needs the recorded sets"]
fn programs_load_with_the_stated_capabilities_and_with_none_less() {
    let sets = std::env::var_os("BPFASSAY_SETS").expect("BPFASSAY_SETS names the recorded sets");
    let most = std::env::var("BPFASSAY_PROGRAMS").ok();
    let most = most.and_then(|n| n.parse().ok()).unwrap_or(PROGRAMS);
    let (kernel, target): (Kernel, Target) = kernel_common::kernel();
    let choice = TargetChoice {
        target: &target,
        kernel_btf: kernel.btf.as_deref(),
    };
    let folders = std::fs::read_dir(&sets).expect("the sets can be listed");
    let mut folders: Vec<PathBuf> = folders.filter_map(Result::ok).map(|e| e.path()).collect();
    folders.retain(|f| f.is_dir());
    folders.sort();
    let mut tally = Tally::default();
    let share = most / folders.len().max(1);
    for folder in &folders {
        let mut files = Vec::new();
        objects(folder, &mut files).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        // Spread over the set; a few programs of each object.
        let step = (files.len() * 2 / share.max(1)).max(1);
        let end = tally.programs + share;
        for path in files.iter().step_by(step) {
            if tally.programs < end {
                ask(&kernel, choice, path, 6, &mut tally);
            }
        }
    }
    println!(
        "{} programs, {} loads on {}: {:?}",
        tally.programs, tally.loads, kernel.release, tally.by_set
    );
    assert!(
        tally.programs >= 60.min(most),
        "too few programs were found"
    );
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
}
