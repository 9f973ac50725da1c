//! What one target's verification found serves others only where it is what theirs would
//! have found: whole reports with and without sharing, and, switch by switch, that what was
//! not asked for decides nothing.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use bpfassay::abstract_interp::{Input, Verdict, Verification, verify, verify_asking};
use bpfassay::budget::Account;
use bpfassay::check::{Sharing, Tally, types};
use bpfassay::programs::{LinkOptions, Program, link, raw};
use bpfassay::report::{Outcome, ProgramReport, json};
use bpfassay::target::{self, Jit, Lockdown, Target};
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
    eprintln!("{shared} shared, {explored} explored");
    assert!(shared > explored / 4, "{shared} of {explored} were shared");
}

/// How often programs were shared and explored.
fn tallied(bytes: &[u8], choices: &[TargetChoice<'_>]) -> (usize, usize) {
    let tally = Tally::default();
    let options = Options {
        sharing: Sharing::Counted(&tally),
        smoke: false,
        ..Options::new("object", choices)
    };
    check(bytes, &options);
    let of = |n: &AtomicUsize| n.load(Ordering::Relaxed);
    (of(&tally.shared), of(&tally.explored))
}

/// What is explored, and so what is held, is the program's and the targets' matter only.
#[cfg(feature = "parallel")]
#[test]
fn sharing_does_not_depend_on_threads() {
    let targets = target::all();
    let choices = choices(&targets);
    let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let (one, many) = (on(1).unwrap(), on(8).unwrap());
    let mut shared = 0;
    for path in corpus()
        .iter()
        .filter(|p| p.extension().is_some_and(|e| e == "o"))
    {
        let bytes = std::fs::read(path).unwrap();
        let tallies = [&one, &many].map(|pool| pool.install(|| tallied(&bytes, &choices)));
        assert_eq!(tallies[0], tallies[1], "{path:?}");
        shared += tallies[0].0;
    }
    assert!(shared > 100, "{shared}");
}

/// What is not decided, but for a budget, is so on every target that answers alike.
#[test]
fn what_is_not_decided_is_shared() {
    let targets = target::all();
    let recent = targets.iter().rev().take(4);
    let untyped: Vec<TargetChoice<'_>> = recent
        .map(|target| TargetChoice {
            target,
            kernel_btf: None,
        })
        .collect();
    let text = ".type tracepoint\n.license \"GPL\"\ncall bpf_get_current_task_btf\n\
        r0 = *(u32 *)(r0 + 0)\nr0 = 0\nexit\n";
    let tally = Tally::default();
    let options = Options {
        sharing: Sharing::Counted(&tally),
        kind: InputKind::Asm,
        ..Options::new("object", &untyped)
    };
    let report = check(text.as_bytes(), &options);
    let programs = &report.objects[0].programs;
    let open = |p: &ProgramReport| matches!(p.outcome, Outcome::Unknown { .. });
    assert!(programs.len() == 4 && programs.iter().all(open));
    assert!(tally.shared.load(Ordering::Relaxed) > 0, "{tally:?}");
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

/// Targets that differ from one in one thing: a switch, as a neighbour has it; for some, a
/// limit or an option, otherwise than it is.
fn turned(own: &Target, other: &Target, all: bool) -> Vec<(&'static str, Target)> {
    let switches = own.behaviour.with_each_of(&other.behaviour).into_iter();
    let with = |behaviour| Target {
        behaviour,
        ..own.clone()
    };
    let mut out: Vec<_> = switches.map(|(s, b)| (s.name, with(b))).collect();
    let mut change = |name, change: &dyn Fn(&mut Target)| {
        let mut target = own.clone();
        change(&mut target);
        out.push((name, target));
    };
    macro_rules! change {
        ($($part:ident . $field:ident = $to:expr;)*) => {$(
            change(stringify!($field), &|t| t.$part.$field = $to(t.$part.$field));
        )*};
    }
    let (half, not) = (|n: u32| n / 2, |on: bool| !on);
    if all {
        change! {
            limits.max_insns = half;
            limits.complexity = half;
            limits.history = half;
            limits.jump_sequence = half;
            limits.stack = half;
            limits.tail_call_caller_stack = half;
            limits.frames = half;
            limits.subprogs = half;
            limits.used_maps = half;
            limits.percpu_alloc = half;
            limits.cpus = half;
            config.function_error_injection = not;
            config.kprobe_override = not;
            config.kprobes = not;
            config.mitigations = not;
            config.unprivileged_bpf = not;
            config.jit = |jit| if jit == Jit::Off { Jit::On } else { Jit::Off };
            config.lockdown = |_| Lockdown::Confidentiality;
        }
    }
    out
}

/// Each switch that differs between neighbours is turned by itself, limits and options of
/// some kernels, too: a verification that did not ask for it is the same with it.
#[test]
fn a_switch_that_was_not_asked_for_decides_nothing() {
    let targets = target::all();
    let choices = choices(&targets);
    let (mut unasked, mut asked) = (0, 0);
    for path in corpus() {
        for (at, (own, other)) in choices.iter().zip(&choices[1..]).enumerate() {
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
                for (name, turned) in turned(own.target, other.target, at % 4 == 0) {
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
                        "{path:?} {} {}: {name}",
                        program.name,
                        own.target.name
                    );
                }
            }
        }
    }
    assert!(unasked > 1_000 && asked > 1_000, "{unasked} {asked}");
}
