//! Stack of a chain of calls, cut at tail calls.

use bpfassay::check::types;
use bpfassay::{Options, TargetChoice, check, target};

use super::kernels;

#[test]
fn frames_above_a_tail_call_count_by_themselves() {
    let kernels = kernels(&[target::DEFAULT]);
    let choices = [TargetChoice {
        target: &kernels[0],
        kernel_btf: types::of_target(&kernels[0]),
    }];
    let bytes = include_bytes!("../corpus/lint/stack_chains.o");
    let report = check(bytes, &Options::new("stack_chains.o", &choices));
    assert_eq!(report.totals().accept, 2);
    let found: Vec<(Option<&str>, &str)> = report.objects[0]
        .findings
        .iter()
        .map(|f| (f.program.as_ref().map(|p| p.data()), f.rule.name))
        .collect();
    assert_eq!(found, [(Some("large_frame"), "stack-near-limit")]);
}
