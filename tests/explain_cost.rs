//! What explaining costs, beside what the refusal itself took: over all rejections of
//! recorded objects the sums of the times. `BPFASSAY_SETS` names the folder of sets.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bpfassay::abstract_interp::{Input, Verdict, verify};
use bpfassay::budget::Account;
use bpfassay::check::types;
use bpfassay::diagnostics::{Context, describe, remedy};
use bpfassay::object::Object;
use bpfassay::programs::{LinkOptions, decode, link};
use bpfassay::target;

fn find(dir: &Path, out: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find(&path, out);
        } else if path.extension().is_some_and(|e| e == "o") {
            out.push(path);
        }
    }
}

/// Time that a piece of work takes, with its result.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begin = Instant::now();
    let result = work();
    (begin.elapsed(), result)
}

#[test]
#[ignore = "needs recorded objects: BPFASSAY_SETS"]
fn explaining_costs_less_than_verifying() {
    let sets = std::env::var_os("BPFASSAY_SETS").map(PathBuf::from);
    let sets = sets.expect("BPFASSAY_SETS names no folder");
    let mut objects = Vec::new();
    find(&sets, &mut objects);
    let kernel = target::by_name("linux-6.18").unwrap();
    let btf = types::of_target(&kernel);
    let (mut verified, mut told, mut tested) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut rejections = 0;
    for path in &objects {
        let bytes = std::fs::read(path).unwrap();
        let Ok(object) = Object::parse(&bytes) else {
            continue;
        };
        let options = LinkOptions {
            kernel_btf: btf,
            release: kernel.release,
            ..LinkOptions::default()
        };
        for program in link(&object, &options).programs.iter().flatten() {
            let input = Input {
                program,
                target: &kernel,
                kernel_btf: btf,
            };
            let (time, result) = timed(|| verify(&input));
            let Verdict::Reject(refusal) = result.verdict else {
                continue;
            };
            rejections += 1;
            verified += time;
            let ops = decode(&program.insns);
            let context = Context {
                program,
                ops: &ops,
                target: &kernel.name,
                kernel: Some(&kernel),
                source_text: &|_| None,
            };
            let (time, mut d) = timed(|| describe(&context, &refusal, kernel.series()));
            told += time;
            let processed = result.stats.processed;
            let (time, _) = timed(|| {
                remedy::test_all(&input, &refusal, &mut d.helps, processed, &|| Account::FREE)
            });
            tested += time;
        }
    }
    let share = |t: Duration| t.as_secs_f64() / verified.as_secs_f64();
    eprintln!(
        "{rejections} rejections: verified in {verified:?}, told in {told:?} ({:.2}), helps tested in {tested:?} ({:.2})",
        share(told),
        share(tested)
    );
    assert!(rejections > 100, "{rejections}");
    // The work of both is bounded by that of the refusal; times vary with the machine.
    assert!(share(told) < 1.0 && share(tested) < 2.0);
}
