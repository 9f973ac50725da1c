//! Stack of a chain of calls, cut at tail calls, and through callbacks.

use bpfassay::check::types;
use bpfassay::{Options, TargetChoice, check, target};

use super::kernels;

#[test]
fn frames_above_a_tail_call_count_by_themselves_and_those_of_callbacks_too() {
    let kernels = kernels(&[target::DEFAULT]);
    let choices = [TargetChoice {
        target: &kernels[0],
        kernel_btf: types::of_target(&kernels[0]),
    }];
    let bytes = include_bytes!("../corpus/lint/stack_chains.o");
    let report = check(bytes, &Options::new("stack_chains.o", &choices));
    assert_eq!(report.totals().accept, 3);
    let findings = report.objects[0].findings.iter();
    let mut found: Vec<(&str, &str)> = findings
        .filter(|f| f.rule.name == "stack-near-limit")
        .map(|f| (f.program.as_ref().map_or("", |p| p.data()), f.what.data()))
        .collect();
    found.sort_unstable();
    let above = "240 of 256 bytes of stack are used by the callers of a function with tail calls (large_frame → go_on)";
    let deep = "480 of 512 bytes of stack are used (large_callback → each → under)";
    assert_eq!(found, [("large_callback", deep), ("large_frame", above)]);
}
