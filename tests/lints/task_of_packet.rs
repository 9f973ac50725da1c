//! Who runs while a packet passes.

use super::fires;

#[test]
fn only_packets_that_come_in_have_nobody() {
    let asks = |section: &str| {
        format!(".section \"{section}\"\ncall bpf_get_current_task_btf\nr0 = 0\nexit\n")
    };
    let rule = &["task-of-packet"];
    fires(&asks("tcx/ingress"), rule);
    for section in ["tcx/egress", "tc", "classifier"] {
        fires(&asks(section), &[]);
    }
}
