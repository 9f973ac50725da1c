//! Perf buffers where every target has ring buffers.

use super::{findings, fires};

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
    fires(&PERF.replace("FLAGS", "3"), &["perf-output-to-one-cpu"]);
    let on = |targets: &[&str]| findings(&PERF.replace("FLAGS", "4294967295"), targets);
    assert_eq!(on(&["linux-5.10", "linux-6.18"]).len(), 1);
    let (_, targets) = on(&["linux-5.10", "linux-6.18"]).remove(0);
    assert_eq!(targets, ["linux-5.10", "linux-6.18"]);
}
