//! Whole checks, from bytes to report: objects of the corpus, and programs that
//! press on one part of exploration.

use std::path::Path;

use bpfassay::{InputKind, Options, TargetChoice, check, target};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn bench(bencher: Bencher, name: &str, bytes: &[u8], kind: InputKind) {
    let target = target::Target::default();
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: None,
    }];
    let options = Options {
        kind,
        ..Options::new(name, &targets)
    };
    bencher.bench_local(|| check(black_box(bytes), &options));
}

#[divan::bench(args = [
    "accept/collections.o",
    "accept/xdp_router.o",
    "accept/loops_and_calls.o",
    "accept/tc_nat.o",
])]
fn object(bencher: Bencher, name: &str) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    match std::fs::read(corpus.join(name)) {
        Ok(bytes) => bench(bencher, name, &bytes, InputKind::Elf),
        Err(e) => panic!("{name}: {e}"),
    }
}

const HEAD: &str = ".section \"socket\"\n.license \"GPL\"\n";

/// A loop that is walked round by round: states on the path, marks going back.
#[divan::bench(args = [1_000, 100_000], sample_count = 20)]
fn counted_loop(bencher: Bencher, rounds: u32) {
    let text =
        format!("{HEAD}r0 = 0\nagain:\nr0 += 1\nif r0 < {rounds} goto again\nr0 = 0\nexit\n");
    bench(bencher, "loop.bpfasm", text.as_bytes(), InputKind::Asm);
}

/// Diamonds in a row: as many paths as pruning leaves, up to the complexity limit.
#[divan::bench(args = [16, 256], sample_count = 10)]
fn pruned_diamonds(bencher: Bencher, count: u32) {
    let mut text = format!("{HEAD}r6 = *(u32 *)(r1 + 8)\nr7 = 0\n");
    for i in 0..count {
        let bit = 1u32 << (i % 16);
        text += &format!("if r6 & {bit} goto l{i}\nr7 += 1\nl{i}:\n");
    }
    text += "r0 = 0\nexit\n";
    bench(bencher, "diamonds.bpfasm", text.as_bytes(), InputKind::Asm);
}
