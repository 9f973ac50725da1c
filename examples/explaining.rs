//! What explaining costs, beside what the refusal itself took: `explaining FOLDER` prints
//! the sums of the times over all rejections of the objects below it, for the default
//! kernel.

#![expect(clippy::print_stdout, reason = "an example's output is its purpose")]

#[path = "../tests/common/objects.rs"]
mod objects;

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use bpfassay::abstract_interp::{Input, Verdict, verify};
use bpfassay::budget::Account;
use bpfassay::check::types;
use bpfassay::diagnostics::{Context, describe, remedy};
use bpfassay::object::Object;
use bpfassay::programs::{LinkOptions, decode, link};
use bpfassay::target;
use objects::objects;

/// Time that a piece of work takes, with its result.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begin = Instant::now();
    let result = work();
    (begin.elapsed(), result)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("explaining FOLDER")?;
    let mut paths = Vec::new();
    objects(Path::new(&folder), &mut paths)?;
    let kernel = target::by_name(target::DEFAULT).ok_or("no default kernel")?;
    let btf = types::of_target(&kernel);
    let (mut verified, mut told, mut tested) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut rejections = 0;
    for path in &paths {
        let bytes = std::fs::read(path)?;
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
    println!(
        "{rejections} rejections: verified in {verified:?}, told in {told:?} ({:.2}), helps tested in {tested:?} ({:.2})",
        share(told),
        share(tested)
    );
    Ok(())
}
