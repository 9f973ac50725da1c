//! Nothing grows faster than its input: bytes and allocations of a whole `check`, counted
//! by the allocator, over instructions, steps, programs, findings, structs and targets.
//! What takes no memory is timed: where it is quadratic, that outweighs a busy machine.

#![expect(unsafe_code, reason = "a counting allocator")]

#[path = "common/toy.rs"]
#[expect(dead_code, reason = "shared with tests that need other parts")]
mod toy;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bpfassay::report::{Outcome, Report};
use bpfassay::target::Target;
use bpfassay::{InputKind, Options, TargetChoice, check, target};
use toy::{EXIT, Toy, UNSET, ZERO};

/// The system's allocator, counting.
struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

impl Counting {
    fn took(size: usize) {
        CALLS.fetch_add(1, Relaxed);
        BYTES.fetch_add(size, Relaxed);
        let held = HELD.fetch_add(size, Relaxed) + size;
        PEAK.fetch_max(held, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Counting::took(layout.size());
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One thing is counted at a time.
static ONE: Mutex<()> = Mutex::new(());

/// What a run took.
#[derive(Clone, Copy, Debug)]
struct Cost {
    calls: usize,
    bytes: usize,
    peak: usize,
}

/// What a check of the object takes, and its report.
fn cost(object: &[u8], targets: &[&Target]) -> (Cost, Report) {
    let choices: Vec<TargetChoice<'_>> = targets
        .iter()
        .map(|&target| TargetChoice {
            target,
            kernel_btf: None,
        })
        .collect();
    let kind = match object.starts_with(b"\x7fELF") {
        true => InputKind::Elf,
        false => InputKind::Asm,
    };
    let options = Options {
        kind,
        ..Options::new("grown.o", &choices)
    };
    let before = (CALLS.load(Relaxed), BYTES.load(Relaxed), HELD.load(Relaxed));
    PEAK.store(before.2, Relaxed);
    let report = check(object, &options);
    let cost = Cost {
        calls: CALLS.load(Relaxed) - before.0,
        bytes: BYTES.load(Relaxed) - before.1,
        peak: PEAK.load(Relaxed) - before.2,
    };
    (cost, report)
}

/// Four times as much of something takes at most five times as much of everything.
fn check_grows(what: &str, few: usize, make: impl Fn(usize) -> Vec<u8>) -> Report {
    let _alone = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let kernel = target::by_name("linux-6.18").unwrap();
    let of = |n: usize| cost(&make(n), &[&kernel]);
    of(few); // what is made once is not counted
    let ((small, _), (large, report)) = (of(few), of(4 * few));
    eprintln!("{what}: {few} take {small:?}, {} take {large:?}", 4 * few);
    let linear = |a: usize, b: usize| b <= 5 * a;
    assert!(
        linear(small.calls, large.calls)
            && linear(small.bytes, large.bytes)
            && linear(small.peak, large.peak),
        "{what}: {few} take {small:?}, {} take {large:?}",
        4 * few
    );
    report
}

fn outcomes(report: &Report) -> impl Iterator<Item = &Outcome> {
    let programs = report.objects.iter().flat_map(|o| &o.programs);
    programs.map(|p| &p.outcome)
}

/// `r0 += 1`.
const COUNT: [u8; 8] = [0x07, 0, 0, 0, 1, 0, 0, 0];

/// `if r0 < n goto -2`.
fn while_less(n: u32) -> [u8; 8] {
    let [a, b, c, d] = n.to_le_bytes();
    [0xa5, 0, 0xfe, 0xff, a, b, c, d]
}

#[test]
fn instructions() {
    let report = check_grows("instructions", 200_000, |n| {
        let mut code = vec![ZERO];
        code.extend(vec![COUNT; n]);
        code.push(EXIT);
        Toy {
            code,
            ..Toy::default()
        }
        .build()
    });
    assert!(outcomes(&report).all(|o| matches!(o, Outcome::Accept)));
}

#[test]
fn steps() {
    let report = check_grows("steps", 80_000, |n| {
        let code = vec![ZERO, COUNT, while_less(n as u32), ZERO, EXIT];
        Toy {
            code,
            ..Toy::default()
        }
        .build()
    });
    assert!(outcomes(&report).all(|o| matches!(o, Outcome::Accept)));
}

#[test]
fn programs() {
    let report = check_grows("programs", 2_500, |copies| {
        let code = vec![ZERO, EXIT];
        Toy {
            code,
            copies,
            ..Toy::default()
        }
        .build()
    });
    assert_eq!(
        outcomes(&report)
            .filter(|o| matches!(o, Outcome::Accept))
            .count(),
        10_000
    );
}

#[test]
fn updates_for_one_lookup() {
    let update = "r1 = map[counts] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\n\
        call bpf_map_update_elem\n";
    let report = check_grows("updates", 60, |n| {
        format!(
            ".type xdp\n.map counts hash 4 8 1024\n*(u32 *)(r10 - 4) = 6\n*(u64 *)(r10 - 16) = 0\n\
             r1 = map[counts] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\n\
             if r0 == 0 goto missing\nr1 = 1\nlock *(u64 *)(r0 + 0) += r1\n{}goto out\n\
             missing:\n{}out:\nr0 = 2\nexit\n",
            "r1 += 1\n".repeat(4 * n),
            update.repeat(n)
        )
        .into_bytes()
    });
    let found = report.objects.iter().flat_map(|o| &o.findings);
    let races = found.filter(|f| f.rule.name == "initial-value-races");
    assert_eq!(races.count(), 240);
}

/// The shortest of three runs.
fn shortest(object: &[u8], kernel: &Target) -> Duration {
    let run = |_| {
        let begun = Instant::now();
        cost(object, &[kernel]);
        begun.elapsed()
    };
    (0..3).map(run).min().unwrap()
}

#[test]
fn changes_to_the_length_that_a_packet_has() {
    let _alone = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let kernel = target::by_name("linux-6.18").unwrap();
    let object = |calls: usize| {
        let one = "r1 = r6\nr2 = *(u32 *)(r6 + 0)\nr3 = 0\ncall bpf_skb_change_tail\n";
        format!(".type tc\nr6 = r1\n{}r0 = 0\nexit\n", one.repeat(calls)).into_bytes()
    };
    let (few, many) = (
        shortest(&object(5_000), &kernel),
        shortest(&object(40_000), &kernel),
    );
    eprintln!("5000 calls take {few:?}, 40000 take {many:?}");
    assert!(
        many < 18 * few,
        "5000 calls take {few:?}, 40000 take {many:?}"
    );
}

#[test]
fn refusals() {
    let report = check_grows("refusals", 2_500, |copies| {
        Toy {
            copies,
            ..Toy::default()
        }
        .build()
    });
    assert_eq!(
        outcomes(&report)
            .filter(|o| matches!(o, Outcome::Reject(_)))
            .count(),
        10_000
    );
}

#[test]
fn refusals_of_long_programs() {
    let report = check_grows("refusals in programs of 500", 50, |copies| {
        let mut code = vec![COUNT; 500];
        code.splice(0..1, [ZERO]);
        code.extend([UNSET, EXIT]);
        let lines = (0..500)
            .map(|n| (n, n + 1, 1, b"r0 += 1;".to_vec()))
            .collect();
        Toy {
            code,
            copies,
            lines,
            ..Toy::default()
        }
        .build()
    });
    assert_eq!(
        outcomes(&report)
            .filter(|o| matches!(o, Outcome::Reject(_)))
            .count(),
        200
    );
}

#[test]
fn structs() {
    check_grows("structs", 25_000, |structs| {
        let code = vec![ZERO, EXIT];
        Toy {
            code,
            structs,
            ..Toy::default()
        }
        .build()
    });
}

#[test]
fn targets() {
    let _alone = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let all = target::all();
    let kernels: Vec<&Target> = all.iter().filter(|t| t.profile().is_none()).collect();
    assert!(kernels.len() >= 11);
    let mut code = vec![ZERO];
    code.extend(vec![COUNT; 2_000]);
    code.push(EXIT);
    let object = Toy {
        code,
        copies: 20,
        ..Toy::default()
    }
    .build();
    cost(&object, &kernels);
    let ((one, _), (many, _)) = (cost(&object, &kernels[..1]), cost(&object, &kernels));
    let n = kernels.len();
    assert!(
        many.bytes <= one.bytes * n && many.peak <= one.peak * n && many.calls <= one.calls * n,
        "{n} targets take {many:?}, one takes {one:?}"
    );
}

/// One program is explored for a few targets at a time, however many threads there are.
#[cfg(feature = "parallel")]
#[test]
fn targets_of_one_program() {
    let _alone = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let all = target::all();
    let kernels: Vec<&Target> = all.iter().filter(|t| t.profile().is_none()).collect();
    let mut code = vec![ZERO; 200_000];
    code.push(EXIT);
    let object = Toy {
        code,
        ..Toy::default()
    }
    .build();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(8).build();
    let cost = |kernels: &[&Target]| pool.as_ref().unwrap().install(|| cost(&object, kernels).0);
    cost(&kernels);
    let (one, many) = (cost(&kernels[..1]), cost(&kernels));
    let n = kernels.len();
    eprintln!("one target takes {one:?}, {n} take {many:?}");
    assert!(
        many.peak < 5 * one.peak,
        "one target takes {one:?}, {n} take {many:?}"
    );
}
