//! The two interpreters: sixteen million instructions of a loop without memory or calls.

use std::sync::Arc;

use bpfassay::programs::raw;
use bpfassay::smoke::engine::Engine;
use bpfassay::smoke::image::Image;
use bpfassay::smoke::lowered::Rbpf;
use bpfassay::smoke::reference::{NoTrace, Reference};
use bpfassay::smoke::runtime::{Config, Runtime};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const ROUNDS: u64 = 2_000_000;

fn bench(bencher: Bencher, engine: impl Fn() -> Box<dyn Engine>) {
    let text = format!(
        ".type xdp\nr0 = 0\nr1 = {ROUNDS}\nagain:\nr0 += r1\nr0 ^= 5\nr0 *= 3\nr2 = r0\n\
         r2 >>= 7\nr0 += r2\nr1 += -1\nif r1 != 0 goto again\nexit\n"
    );
    let program = raw::program(raw::Input::Asm(text.as_bytes()), "loop", None);
    let image = Arc::new(Image::single(Arc::new(program.expect("a program"))));
    let config = Config {
        fuel: 1 << 40,
        ..Config::default()
    };
    bencher
        .counter(ItemsCount::new(8 * ROUNDS))
        .with_inputs(|| Runtime::new(&image, config.clone()).expect("a runtime"))
        .bench_local_refs(|rt| black_box(engine().run(&image, 0, 0, rt)));
}

#[divan::bench(sample_count = 10)]
fn reference(bencher: Bencher) {
    bench(bencher, || Box::new(Reference::<NoTrace>::default()));
}

#[divan::bench(sample_count = 10)]
fn lowered(bencher: Bencher) {
    bench(bencher, || Box::new(Rbpf));
}
