//! Results of calls that change packets.

use super::fires;

#[test]
fn room_for_metadata_is_shown_by_the_bounds() {
    let calls = |helper: &str| format!(".type xdp\nr2 = -8\ncall {helper}\nr0 = 2\nexit\n");
    fires(&calls("bpf_xdp_adjust_head"), &["packet-change-unchecked"]);
    fires(&calls("bpf_xdp_adjust_tail"), &["packet-change-unchecked"]);
    fires(&calls("bpf_xdp_adjust_meta"), &[]);
}
