//! A step of a count that another CPU may lose.

use super::{LOOKUP, fires};

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
