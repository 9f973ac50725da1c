//! What exploration leaves out is covered: programs that are accepted are run, and
//! each register that an instruction reads must be among what some state that was
//! explored there holds possible. A follower (`tests/common/concrete.rs`) tests each
//! transfer along one path; this tests the pruning, widening and joining between
//! paths. Smoke and verifier share no code for it: each is the other's oracle.

#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/states.rs"]
mod states;

use std::collections::BTreeMap;
use std::sync::Arc;

use bpfassay::check::types;
use bpfassay::object::{Btf, Object};
use bpfassay::programs::{LinkOptions, Program, link, raw};
use bpfassay::target::{self, Target};
use rayon::prelude::*;
use serde_json::Value;
use states::{Compared, compare};

#[derive(Default)]
struct Tally {
    programs: usize,
    values: u64,
    skipped: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, name: &str, what: Compared) {
        match what {
            Compared::Skipped(why) => *self.skipped.entry(why).or_insert(0) += 1,
            Compared::Done(values, wrong) => {
                self.programs += 1;
                self.values += values;
                self.wrong
                    .extend(wrong.iter().map(|w| format!("{name}: {w}")));
            }
        }
    }
}

fn objects(dir: &str) -> Vec<(String, Vec<u8>)> {
    let dir = format!("{}/{dir}", env!("CARGO_MANIFEST_DIR"));
    let mut out: Vec<(String, Vec<u8>)> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "o" || e == "bpfasm"))
        .map(|p| {
            let name = p.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(&p).unwrap())
        })
        .collect();
    out.sort();
    out
}

fn programs(name: &str, bytes: &[u8], btf: Option<&Btf>, target: &Target) -> Vec<Arc<Program>> {
    if name.ends_with(".bpfasm") {
        let program = raw::program(raw::Input::Asm(bytes), name, None);
        return program.into_iter().map(Arc::new).collect();
    }
    let Ok(object) = Object::parse(bytes) else {
        return Vec::new();
    };
    let options = LinkOptions {
        kernel_btf: btf,
        release: target.release,
        ..LinkOptions::default()
    };
    let linked = link(&object, &options).programs;
    linked.into_iter().flatten().map(Arc::new).collect()
}

#[test]
fn concrete_values_lie_inside_their_abstract_values() {
    let target = target::by_name(target::DEFAULT).unwrap();
    let mut tally = Tally::default();
    for (name, bytes) in objects("tests/corpus/accept") {
        let programs = programs(&name, &bytes, None, &target);
        for program in &programs {
            let what = compare(program, &programs, &target, None, 8);
            tally.add(&format!("{name} {}", program.name), what);
        }
    }
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    assert!(
        tally.programs >= 60,
        "{} {:?}",
        tally.programs,
        tally.skipped
    );
    assert!(tally.values >= 100_000, "{}", tally.values);
}

/// What is checked can go wrong: a state that leaves out what happens is noticed.
#[test]
fn a_wrong_bound_is_noticed() {
    let target = target::by_name(target::DEFAULT).unwrap();
    let with = |limit: u32| {
        let text = format!(
            ".type xdp\n.license \"GPL\"\ncall bpf_get_prandom_u32\nr1 = r0\nr1 &= {limit}\n\
             r0 = 0\nif r1 > 7 goto out\nr0 = r1\nout:\nexit\n"
        );
        let program = raw::program(raw::Input::Asm(text.as_bytes()), "p", None).unwrap();
        Arc::new(program)
    };
    // Verified with a mask of 7, run with one of 15.
    let (verified, run) = (with(7), with(15));
    let mixed = Program {
        insns: run.insns.clone(),
        ..(*verified).clone()
    };
    let honest = compare(&verified, &[], &target, None, 64);
    assert!(matches!(honest, Compared::Done(n, ref wrong) if n > 0 && wrong.is_empty()));
    let wrong = states::compare_other(&verified, &Arc::new(mixed), &target, 64);
    assert!(matches!(wrong, Compared::Done(_, ref wrong) if !wrong.is_empty()));
}

/// Programs that the recorded kernel should not have accepted: it takes a packet
/// pointer that moved back from beyond the end for one that is still there, and
/// the branch that tells so for dead. See the list of known differences.
const HOLES: [&str; 2] = ["pkt_range_clear_after_sub", "pkt_range_clear_after_add"];

/// All that the recorded kernel accepted, of every set.
#[test]
#[ignore = "needs recorded objects and verdicts: cargo xtask oracle"]
fn recorded_programs_stay_inside_too() {
    let oracle = oracle::Oracle::open();
    let target = target::by_name("linux-6.18").unwrap();
    let btf = types::of_target(&target);
    let mut tally = Tally::default();
    for set in ["real", "samples", "selftests-6.12", "selftests-7.2"] {
        let mut accepted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let text =
            |l: &Value, key: &str| l.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        for line in oracle.lines("host-6.18.44", set) {
            if text(&line, "verdict") == "accept" {
                let programs = accepted.entry(text(&line, "object")).or_default();
                programs.push(text(&line, "program"));
            }
        }
        let accepted: Vec<(String, Vec<String>)> = accepted.into_iter().collect();
        let parts: Vec<Vec<(String, Compared)>> = accepted
            .par_iter()
            .map(|(name, wanted)| {
                let bytes = oracle.object(set, name).unwrap_or_default();
                let programs = programs(name, &bytes, btf, &target);
                let wanted = programs
                    .iter()
                    .filter(|p| wanted.contains(&p.name) && !HOLES.contains(&p.name.as_str()));
                wanted
                    .map(|program| {
                        let what = compare(program, &programs, &target, btf, 8);
                        (format!("{set} {name} {}", program.name), what)
                    })
                    .collect()
            })
            .collect();
        for (name, what) in parts.into_iter().flatten() {
            tally.add(&name, what);
        }
    }
    eprintln!(
        "{} programs, {} values; skipped: {:?}",
        tally.programs, tally.values, tally.skipped
    );
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    assert!(tally.programs > 1_000);
}
