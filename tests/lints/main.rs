//! What each lint must say, and where it must stay silent. The pages' own
//! examples are run by `tests/rules.rs`; these are the cases beside them.
//! A file has the name of its lint.

mod address_in_host_order;
mod allocation_in_tracing;
mod argument_read_at_return;
mod checksum_not_updated;
mod counter_wraps;
mod dead_code;
mod feature_newer_than_target;
mod gpl_function_without_gpl_licence;
mod initial_value_races;
mod key_beyond_array;
mod network_order_ignored;
mod packet_change_unchecked;
mod perf_buffer_output;
mod port_in_host_order;
mod probe_read_wrong_space;
mod record_half_written;
mod redirect_not_returned;
mod result_ignored;
mod result_read_at_entry;
mod return_value_without_meaning;
mod shared_update_not_atomic;
mod stack_near_limit;
mod task_of_packet;
mod trace_printk_left_in;
mod unwritten_bytes_in_key;
mod unwritten_bytes_leave;

use std::collections::BTreeSet;
use std::path::Path;

use bpfassay::check::types;
use bpfassay::report::Report;
use bpfassay::target::{self, Target};
use bpfassay::{InputKind, Options, TargetChoice, check};

fn kernels(names: &[&str]) -> Vec<Target> {
    names
        .iter()
        .map(|n| target::by_name(n).unwrap_or_else(|| panic!("no target {n}")))
        .collect()
}

/// What is reported of a text that all targets take.
fn reported(text: &str, targets: &[&str]) -> Report {
    let kernels = kernels(targets);
    let choices: Vec<TargetChoice<'_>> = kernels
        .iter()
        .map(|target| TargetChoice {
            target,
            kernel_btf: types::of_target(target),
        })
        .collect();
    let options = Options {
        kind: InputKind::Asm,
        ..Options::new("case.bpfasm", &choices)
    };
    let report = check(text.as_bytes(), &options);
    let totals = report.totals();
    assert_eq!(
        (totals.accept, totals.unreadable),
        (targets.len(), 0),
        "not accepted everywhere:\n{text}\n{report:?}"
    );
    report
}

/// Names of the rules that fire on a text, with the targets that they name.
fn findings(text: &str, targets: &[&str]) -> Vec<(String, Vec<String>)> {
    let report = reported(text, targets);
    let object = report.objects.first().unwrap();
    let found = object.findings.iter();
    found
        .map(|f| {
            (
                f.rule.name.to_owned(),
                f.targets.iter().map(|t| t.data().to_owned()).collect(),
            )
        })
        .collect()
}

/// Checks which rules fire on a program for the default target.
#[track_caller]
fn fires(text: &str, rules: &[&str]) {
    fires_on(text, target::DEFAULT, rules);
}

#[track_caller]
fn fires_on(text: &str, target: &str, rules: &[&str]) {
    let found = findings(text, &[target]);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, rules, "\n{text}");
}

/// Checks that a finding on a program for the default target has these words.
#[track_caller]
fn says(text: &str, words: &str) {
    let report = reported(text, &[target::DEFAULT]);
    let found = report.objects.iter().flat_map(|o| &o.findings);
    let said: Vec<&str> = found.map(|f| f.what.data()).collect();
    assert!(said.iter().any(|s| s.contains(words)), "{said:?}\n{text}");
}

/// A lookup in `counts`, the value in r0, whose key is in `r10 - 8`.
const LOOKUP: &str = "r1 = map[counts] ll\nr2 = r10\nr2 += -8\ncall bpf_map_lookup_elem\n\
    if r0 == 0 goto out\n";

#[test]
fn findings_come_in_the_order_of_their_places() {
    let text = ".type kprobe\n.map left_over hash 8 8 1\nr1 = 9\ncall bpf_send_signal\n\
        *(u16 *)(r10 - 8) = 104\nr1 = r10\nr1 += -8\nr2 = 2\ncall bpf_trace_printk\n\
        *(u64 *)(r10 - 496) = 0\nr0 = 0\nexit\n";
    fires(
        text,
        &[
            "unused-map",
            "stack-near-limit",
            "dangerous-helper",
            "trace-printk-left-in",
        ],
    );
}

/// Names of the files in a folder that are not among `others`, with `-` for `_`.
fn stems(folder: &str, others: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(root).unwrap().map(|f| f.unwrap().path());
    files
        .map(|f| f.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|stem| !others.contains(&stem.as_str()))
        .map(|stem| stem.replace('_', "-"))
        .collect()
}

#[test]
fn lint_page_and_test_share_their_name() {
    // What several lints use.
    let shared = [
        "mod", "compared", "defs", "facts", "flow", "guard", "hook", "object", "settle", "written",
    ];
    let lints = stems("src/rules/lints", &shared);
    assert_eq!(lints, stems("rules/lint", &[]));
    assert!(stems("tests/lints", &["main"]).is_subset(&lints));
}
