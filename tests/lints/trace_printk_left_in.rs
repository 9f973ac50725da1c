//! Prints that a run may reach.

use super::fires;

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
