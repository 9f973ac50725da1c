//! The matrix over objects of the corpus, and what a fleet of targets says of one
//! program.

use std::path::Path;

use bpfassay::check::types;
use bpfassay::report::matrix::{self, Cell, Matrix};
use bpfassay::report::{Outcome, Report};
use bpfassay::{InputKind, Options, TargetChoice, check, target};

const FLEET: [&str; 6] = [
    "linux-5.10",
    "linux-6.18",
    "bpftime",
    "dragonos",
    "mimic",
    "rbpf",
];

fn checked(names: &[&str], targets: &[&str], inputs: &[(&str, InputKind, Vec<u8>)]) -> Report {
    let found: Vec<_> = targets
        .iter()
        .map(|n| target::by_name(n).unwrap_or_else(|| panic!("{n}")))
        .collect();
    let choices: Vec<TargetChoice<'_>> = found
        .iter()
        .map(|target| TargetChoice {
            target,
            kernel_btf: types::of_target(target),
        })
        .collect();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut all: Vec<(String, InputKind, Vec<u8>)> = names
        .iter()
        .map(|n| {
            let bytes = std::fs::read(corpus.join(n)).unwrap_or_else(|e| panic!("{n}: {e}"));
            ((*n).to_owned(), InputKind::Elf, bytes)
        })
        .collect();
    all.extend(
        inputs
            .iter()
            .map(|(n, k, b)| ((*n).to_owned(), *k, b.clone())),
    );
    let mut report = Report::default();
    for (name, kind, bytes) in &all {
        let options = Options {
            kind: *kind,
            smoke: false,
            lints: false,
            ..Options::new(name, &choices)
        };
        report.objects.extend(check(bytes, &options).objects);
    }
    report
}

fn asm(name: &str, body: &str) -> (String, Vec<u8>) {
    let text = format!(".type kprobe\n.license \"GPL\"\n{body}");
    (name.to_owned(), text.into_bytes())
}

#[test]
fn causes_are_told_once_for_all_the_programs_they_hit() {
    let (a, clock) = asm("a.bpfasm", "call bpf_ktime_get_tai_ns\nr0 = 0\nexit\n");
    let (b, twice) = asm(
        "b.bpfasm",
        "call bpf_ktime_get_tai_ns\ncall bpf_get_prandom_u32\nr0 = 0\nexit\n",
    );
    let (c, plain) = asm("c.bpfasm", "r0 = 0\nexit\n");
    let inputs = [
        (a.as_str(), InputKind::Asm, clock),
        (b.as_str(), InputKind::Asm, twice),
        (c.as_str(), InputKind::Asm, plain),
    ];
    let report = checked(&[], &["linux-5.10", "linux-6.18", "dragonos"], &inputs);
    let m = Matrix::of(&report).unwrap();
    use Cell::{Fails, Works};
    let cells: Vec<_> = m.rows.iter().map(|r| r.cells.clone()).collect();
    assert_eq!(
        cells,
        [
            vec![Fails, Works, Fails],
            vec![Fails, Works, Fails],
            vec![Works, Works, Works]
        ]
    );
    insta::assert_snapshot!("matrix_small", matrix::text(&report));
    // One target: no matrix.
    let one = checked(&[], &["linux-6.18"], &inputs);
    assert_eq!(matrix::text(&one), "");
    assert!(matrix::value(&one).is_null());
}

#[test]
fn corpus_objects_over_kernels_and_runtimes() {
    let names = [
        "accept/isa_v4.o",
        "accept/syscall_tracer.o",
        "accept/tc_nat.o",
        "accept/xdp_router.o",
    ];
    let report = checked(&names, &FLEET, &[]);
    insta::assert_snapshot!("matrix_text", matrix::text(&report));
    insta::assert_snapshot!("matrix_markdown", matrix::markdown(&report));
}

#[test]
fn every_refusal_of_a_runtime_names_what_is_missing_and_where() {
    let names = [
        "accept/isa_v2.o",
        "accept/isa_v4.o",
        "accept/misc_types.o",
        "accept/sockets.o",
        "accept/syscall_tracer.o",
        "accept/tc_nat.o",
        "accept/tracing.o",
        "accept/xdp_router.o",
    ];
    let report = checked(&names, &["bpftime", "dragonos", "mimic", "rbpf"], &[]);
    let (mut lacking, mut told) = (0, 0);
    for p in report.objects.iter().flat_map(|o| &o.programs) {
        let Outcome::Lacks(lacks) = &p.outcome else {
            continue;
        };
        lacking += 1;
        assert!(!lacks.is_empty());
        for f in lacks {
            told += 1;
            let verb = format!("{} lacks ", p.target.data());
            assert!(f.what.data().starts_with(&verb), "{:?}", f.what);
            assert!((701..=705).contains(&f.rule.number), "{}", f.rule.name);
            assert!(f.primary.is_some() && f.insn.is_some(), "{:?}", f.what);
            assert_eq!(f.targets, std::slice::from_ref(&p.target));
        }
    }
    // Many programs of a corpus made for Linux run on none of these.
    assert!(lacking > 40 && told >= lacking, "{lacking} {told}");
}
