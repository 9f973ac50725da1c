//! What `check` does with programs that it accepts: it runs them.

use bpfassay::check::types;
use bpfassay::check::{InputKind, Options, TargetChoice, check};
use bpfassay::helpers_spec::ProgType;
use bpfassay::programs::raw;
use bpfassay::report::smoke::Smoke;
use bpfassay::report::{Outcome, Report, json, jsonl, text};
use bpfassay::smoke::{SmokeOptions, SmokeVerdict, run};
use bpfassay::target;

fn checked(name: &str, smoke: bool) -> Report {
    checked_for(&format!("accept/{name}"), target::DEFAULT, smoke)
}

fn checked_for(name: &str, target: &str, smoke: bool) -> Report {
    let path = format!("{}/tests/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let target = target::by_name(target).unwrap();
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: types::of_target(&target),
    }];
    let kind = match name.rsplit_once('.') {
        Some((_, "bpfasm")) => InputKind::Asm,
        _ => InputKind::Elf,
    };
    check(
        &bytes,
        &Options {
            kind,
            smoke,
            ..Options::new(name, &targets)
        },
    )
}

/// Every program of the corpus that is accepted runs without a fault, in both
/// engines.
#[test]
fn accepted_programs_of_the_corpus_pass() {
    let dir = format!("{}/tests/corpus/accept", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.ends_with(".o"))
        .collect();
    names.sort();
    let (mut passed, mut reached, mut slots) = (0, 0, 0);
    for name in &names {
        for p in checked(name, true).objects.iter().flat_map(|o| &o.programs) {
            let accepted = matches!(p.outcome, Outcome::Accept);
            assert_eq!(p.smoke.is_some(), accepted, "{name} {:?}", p.program);
            let Some(smoke) = &p.smoke else { continue };
            assert!(smoke.fault.is_none(), "{name} {:?}: {smoke:?}", p.program);
            assert_eq!(smoke.verdict, SmokeVerdict::Pass, "{name} {:?}", p.program);
            // Long loops spend the budget before all inputs are tried.
            assert!(
                smoke.runs >= 8 || smoke.insns > 10_000,
                "{name} {:?}",
                p.program
            );
            passed += 1;
            reached += smoke.coverage.insns.0;
            slots += smoke.coverage.insns.1;
        }
    }
    assert!(passed >= 60, "{passed}");
    // Inputs must get past the first lookup and the first bounds check.
    assert!(reached * 2 > slots, "{reached} of {slots}");
}

#[test]
fn without_smoke_the_field_is_null() {
    let line = |smoke| jsonl::render(&checked("collections.o", smoke));
    assert!(line(false).contains("\"smoke\":null"));
    assert!(!line(false).contains("\"smoke\":\"pass"));
    assert!(line(true).contains("\"smoke\":\"pass ("));
}

/// A fault after `accept` is told with the way to see it again. The program here
/// was never accepted by anybody: the verdict is put into the report by hand.
#[test]
fn a_fault_is_told_with_its_reproducer() {
    let text = "r1 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r1 + 4000)\nexit";
    let program = raw::program(
        raw::Input::Asm(text.as_bytes()),
        "bad",
        Some((ProgType::Xdp, None)),
    )
    .unwrap();
    let ran = run(&program, &SmokeOptions::default());
    assert_eq!(ran.verdict, SmokeVerdict::Fault);
    let mut report = checked("linked_scalars.bpfasm", false);
    let entry = &mut report.objects[0].programs[0];
    let mut smoke = Smoke::of(&program, &ran);
    smoke.fault.as_mut().unwrap().scenario = Some("world.toml".into());
    entry.smoke = Some(smoke);
    let shown = text::render(&report, text::Style::default());
    assert!(shown.contains("smoke fault after accept"), "{shown}");
    assert!(
        shown.contains("instruction 1: read of byte 4000 of a packet"),
        "{shown}"
    );
    let seed = format!(
        "--scenario world.toml --input-seed {} --packet 02",
        ran.fault().unwrap().0.seed
    );
    assert!(shown.contains(&seed), "{shown}");
    let document = json::document(&report);
    let fault = document
        .pointer("/objects/0/programs/0/smoke_fault")
        .unwrap();
    assert_eq!(fault.get("insn").and_then(|v| v.as_u64()), Some(1));
    assert!(jsonl::render(&report).contains("\"smoke\":\"fault\""));
}

/// How the run of one accepted program ended, and the findings of its object.
fn ran(name: &str, target: &str, program: &str) -> (SmokeVerdict, Vec<&'static str>) {
    let report = checked_for(name, target, true);
    let object = &report.objects[0];
    let program = object.programs.iter().find(|p| p.program == program);
    let smoke = program.and_then(|p| p.smoke.clone()).expect("accepted");
    assert!(smoke.fault.is_none(), "{smoke:?}");
    let found = object.findings.iter().map(|f| f.rule.name).collect();
    (smoke.verdict, found)
}

#[test]
fn what_is_refused_is_not_tail_called() {
    let (verdict, _) = ran("reject/tail_calls.o", target::DEFAULT, "caller");
    assert_eq!(verdict, SmokeVerdict::Pass);
}

#[test]
fn a_jump_table_is_read_entry_by_entry() {
    let (verdict, _) = ran("reject/jump_tables.o", "linux-7.3", "whole_entry");
    assert_eq!(verdict, SmokeVerdict::Pass);
}

/// What a target lacks is its fault, and no contradiction of ours.
#[test]
fn a_hole_of_the_kernel_is_a_finding() {
    let (verdict, found) = ran("reject/helpers.o", "linux-5.10", "alloc_mem_offset");
    assert_eq!(verdict, SmokeVerdict::Fault);
    assert!(found.contains(&"accepted-unsafe"), "{found:?}");
}
