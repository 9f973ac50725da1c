//! What each lint must say, and where it must stay silent. The pages' own
//! examples are run by `tests/rules.rs`; these are the cases beside them.

use bpfassay::object::Btf;
use bpfassay::target::{self, Target};
use bpfassay::{InputKind, Options, TargetChoice, check};

fn kernels(names: &[&str]) -> Vec<Target> {
    names
        .iter()
        .map(|n| target::by_name(n).unwrap_or_else(|| panic!("no target {n}")))
        .collect()
}

/// Names of the rules that fire on a text, with the targets that they name.
fn findings(text: &str, targets: &[&str]) -> Vec<(String, Vec<String>)> {
    let kernels = kernels(targets);
    let choices: Vec<TargetChoice<'_>> = kernels
        .iter()
        .map(|target| TargetChoice {
            target,
            kernel_btf: None::<&Btf>,
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
    let object = report.objects.first().unwrap();
    let found = object.findings.iter();
    found
        .map(|f| (f.rule.name.to_owned(), f.targets.clone()))
        .collect()
}

/// Checks which rules fire on a program for the default target.
#[track_caller]
fn fires(text: &str, rules: &[&str]) {
    let found = findings(text, &[target::DEFAULT]);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, rules, "\n{text}");
}

/// A lookup in `counts`, the value in r0, whose key is in `r10 - 8`.
const LOOKUP: &str = "r1 = map[counts] ll\nr2 = r10\nr2 += -8\ncall bpf_map_lookup_elem\n\
    if r0 == 0 goto out\n";

/// Counts up what r0 points to.
const COUNT: &str = "r1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 0) = r1\n";

fn counter(map: &str, key: &str, count: &str) -> String {
    format!(
        ".type kprobe\n.license \"GPL\"\n.map counts {map}\n{key}{LOOKUP}{count}out:\nr0 = 0\nexit\n"
    )
}

const ZERO_KEY: &str = "*(u64 *)(r10 - 8) = 0\n";

#[test]
fn a_count_in_a_shared_map_is_not_atomic() {
    let rule = &["shared-update-not-atomic"];
    for map in ["array 4 8 1", "hash 8 8 16", "lru_hash 8 8 16"] {
        fires(&counter(map, ZERO_KEY, COUNT), rule);
    }
    let through_a_copy = "r1 = *(u64 *)(r0 + 0)\nr3 = r1\nr3 += 4\n*(u64 *)(r0 + 0) = r3\n";
    fires(&counter("array 4 8 1", ZERO_KEY, through_a_copy), rule);
    let by_another_register = "r4 = 5\nr1 = *(u64 *)(r0 + 0)\nr1 -= r4\n*(u64 *)(r0 + 0) = r1\n";
    fires(&counter("array 4 8 1", ZERO_KEY, by_another_register), rule);
}

#[test]
fn what_one_cpu_has_to_itself_needs_no_atomics() {
    fires(&counter("percpu_array 4 8 1", ZERO_KEY, COUNT), &[]);
    let own_thread = "call bpf_get_current_pid_tgid\n*(u64 *)(r10 - 8) = r0\n";
    fires(&counter("hash 8 8 16", own_thread, COUNT), &[]);
    let own_cpu = "call bpf_get_smp_processor_id\n*(u64 *)(r10 - 8) = r0\n";
    fires(&counter("hash 8 8 16", own_cpu, COUNT), &[]);
}

#[test]
fn only_counting_is_judged() {
    let other_field = "r1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 8) = r1\n";
    fires(&counter("array 4 16 1", ZERO_KEY, other_field), &[]);
    let a_flag = "r1 = *(u64 *)(r0 + 0)\nr1 |= 1\n*(u64 *)(r0 + 0) = r1\n";
    fires(&counter("array 4 8 1", ZERO_KEY, a_flag), &[]);
    let atomic = "r1 = 1\nlock *(u64 *)(r0 + 0) += r1\n";
    fires(&counter("array 4 8 1", ZERO_KEY, atomic), &[]);
    // One in so many: a lost step does no harm.
    let sampling = "r1 = *(u64 *)(r0 + 0)\nr3 = r1\nr3 += 1\n*(u64 *)(r0 + 0) = r3\nr1 %= 10\n\
        if r1 != 0 goto out\n";
    fires(&counter("array 4 8 1", ZERO_KEY, sampling), &[]);
}

fn update(map: &str, flags: u32, after: &str) -> String {
    format!(
        ".type kprobe\n.map counts {map}\n*(u64 *)(r10 - 8) = 1\n*(u64 *)(r10 - 16) = 1\n\
         r1 = map[counts] ll\nr2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\nr4 = {flags}\n\
         call bpf_map_update_elem\n{after}out:\nr0 = 0\nexit\n"
    )
}

#[test]
fn a_full_hash_table_goes_unseen() {
    let rule = &["result-ignored"];
    fires(&update("hash 8 8 16", 0, ""), rule);
    fires(&update("percpu_hash 8 8 16", 0, ""), rule);
    // Looked at, cannot fail so, or checked in another way.
    fires(&update("hash 8 8 16", 0, "if r0 != 0 goto out\n"), &[]);
    fires(&update("lru_hash 8 8 16", 0, ""), &[]);
    fires(&update("array 4 8 1", 0, ""), &[]);
    fires(&update("hash 8 8 16", 1, ""), &[]);
    fires(&update("hash 8 8 16", 0, LOOKUP), &[]);
    let undone = "r1 = map[counts] ll\nr2 = r10\nr2 += -8\ncall bpf_map_delete_elem\n";
    fires(&update("hash 8 8 16", 0, undone), &[]);
}

/// A program that puts out a record only if `guard` jumps.
fn guarded(guard: &str) -> String {
    format!(
        ".type kprobe\n.map setting array 4 8 1\n.map hits ringbuf 0 0 4096\n\
         .option rdonly setting\ncall bpf_get_prandom_u32\nr6 = r0\nr1 = mapval[setting]+0 ll\nr7 = *(u64 *)(r1 + 0)\n\
         r8 = map[hits] ll\n{guard}goto out\n\
         act:\n*(u64 *)(r10 - 8) = 1\nr1 = map[hits] ll\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\n\
         call bpf_ringbuf_output\nif r0 != 0 goto out\nout:\nr0 = 0\nexit\n"
    )
}

#[test]
fn dead_code_is_what_no_load_reaches() {
    fires(&guarded("if r6 == 7 goto act\n"), &[]);
    fires(&guarded("r6 &= 7\nif r6 > 9 goto act\n"), &["dead-code"]);
    // Settings of the build, and of the loader.
    fires(&guarded("if r7 == 7 goto act\n"), &[]);
    fires(&guarded("r5 = 0\nif r5 != 0 goto act\n"), &[]);
}

#[test]
fn a_call_that_a_target_lacks_waits_behind_a_branch() {
    let text = ".type socket\nr6 = 0\nif r6 == 0 goto out\ncall bpf_ktime_get_coarse_ns\nout:\n\
        r0 = 0\nexit\n";
    let found = findings(text, &["linux-5.10", "linux-5.15", "linux-6.18"]);
    let wanted = (
        "feature-newer-than-target".to_owned(),
        vec!["linux-5.10".to_owned()],
    );
    assert_eq!(found, [wanted]);
}

const PERF: &str = ".type kprobe\n.map events perf_event_array 4 4 1\n*(u64 *)(r10 - 8) = 1\n\
    r2 = map[events] ll\nr3 = FLAGS ll\nr4 = r10\nr4 += -8\nr5 = 8\n\
    call bpf_perf_event_output\nr0 = 0\nexit\n";

#[test]
fn perf_buffers_are_named_where_every_target_has_better() {
    fires(
        &PERF.replace("FLAGS", "4294967295"),
        &["perf-buffer-output"],
    );
    // To another CPU's buffer.
    fires(&PERF.replace("FLAGS", "3"), &[]);
    let on = |targets: &[&str]| findings(&PERF.replace("FLAGS", "4294967295"), targets);
    assert_eq!(on(&["linux-5.10", "linux-6.18"]).len(), 1);
    let (_, targets) = on(&["linux-5.10", "linux-6.18"]).remove(0);
    assert_eq!(targets, ["linux-5.10", "linux-6.18"]);
}

#[test]
fn what_is_not_reached_prints_nothing() {
    let text = |guard: &str| {
        format!(
            ".type kprobe\n.map setting array 4 8 1\n.option rdonly setting\n\
             r1 = mapval[setting]+0 ll\nr7 = *(u64 *)(r1 + 0)\n{guard}\
             *(u16 *)(r10 - 8) = 104\nr1 = r10\nr1 += -8\nr2 = 2\ncall bpf_trace_printk\n\
             out:\nr0 = 0\nexit\n"
        )
    };
    fires(&text(""), &["trace-printk-left-in"]);
    // A constant that the loader may set keeps it off.
    fires(&text("if r7 == 0 goto out\n"), &[]);
}

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

#[test]
fn frames_above_a_tail_call_count_by_themselves() {
    let kernels = kernels(&[target::DEFAULT]);
    let choices = [TargetChoice {
        target: &kernels[0],
        kernel_btf: None,
    }];
    let bytes = include_bytes!("corpus/lint/stack_chains.o");
    let report = check(bytes, &Options::new("stack_chains.o", &choices));
    assert_eq!(report.totals().accept, 2);
    let found: Vec<(Option<&str>, &str)> = report.objects[0]
        .findings
        .iter()
        .map(|f| (f.program.as_deref(), f.rule.name))
        .collect();
    assert_eq!(found, [(Some("large_frame"), "stack-near-limit")]);
}

#[test]
fn a_gpl_function_waits_under_another_licence() {
    let text = |license: &str| {
        format!(
            ".type kprobe\n.license \"{license}\"\nr6 = 0\nif r6 == 0 goto out\n\
             call bpf_get_current_task\nout:\nr0 = 0\nexit\n"
        )
    };
    fires(&text("Apache-2.0"), &["gpl-function-without-gpl-licence"]);
    fires(&text("Dual MIT/GPL"), &[]);
}
