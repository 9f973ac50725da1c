//! What the harnesses of `fuzz_targets` share.
//!
//! [`harness`] says what each does with its bytes, and is replayed by the tests of
//! the tool; [`mutate`] damages objects without breaking their outer form; [`memory`]
//! bounds what a harness may allocate.

pub mod harness;
pub mod memory;
pub mod mutate;

pub use libfuzzer_sys;

/// Readies the process: everything runs on the calling thread.
pub fn ready() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
        pool.use_current_thread()
            .build_global()
            .expect("no pool yet");
    });
}

/// Mutates an object: mostly by its form, else as libFuzzer does.
pub fn object(bytes: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    mutated(bytes, (size, most, seed), &mutate::object)
}

/// Mutates a blob of types in the same way.
pub fn types(bytes: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    mutated(bytes, (size, most, seed), &|copy, _, dice| {
        mutate::types(copy, dice);
    })
}

fn mutated(
    bytes: &mut [u8],
    (size, most, seed): (usize, usize, u32),
    by: &dyn Fn(&mut Vec<u8>, usize, &mut mutate::Dice<'_>),
) -> usize {
    if seed % 8 == 0 {
        return libfuzzer_sys::fuzzer_mutate(bytes, size, most);
    }
    let most = most.min(bytes.len());
    let mut copy = bytes[..size.min(most)].to_vec();
    let mut state = u64::from(seed) << 1 | 1;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state ^ state >> 29
    };
    by(&mut copy, most, &mut mutate::Dice(&mut draw));
    let length = copy.len().min(most);
    bytes[..length].copy_from_slice(&copy[..length]);
    length
}

/// The target of a harness, with a mutator of this crate if one is named.
#[macro_export]
macro_rules! harness {
    ($name:literal, $mutator:ident) => {
        $crate::harness!($name);
        $crate::libfuzzer_sys::fuzz_mutator!(|bytes: &mut [u8],
                                              size: usize,
                                              most: usize,
                                              seed: u32| {
            $crate::$mutator(bytes, size, most, seed)
        });
    };
    ($name:literal) => {
        #[global_allocator]
        static MEMORY: $crate::memory::Bounded = $crate::memory::Bounded::new();

        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            static HARNESS: std::sync::LazyLock<fn(&[u8])> = std::sync::LazyLock::new(|| {
                $crate::ready();
                $crate::harness::find($name).expect("in the table")
            });
            HARNESS(bytes);
        });
    };
}
