//! Results of calls that change packets.

use super::fires;

#[test]
fn room_for_metadata_is_shown_by_the_bounds() {
    let calls = |helper: &str| format!(".type xdp\nr2 = -8\ncall {helper}\nr0 = 2\nexit\n");
    fires(&calls("bpf_xdp_adjust_head"), &["packet-change-unchecked"]);
    fires(&calls("bpf_xdp_adjust_tail"), &["packet-change-unchecked"]);
    fires(&calls("bpf_xdp_adjust_meta"), &[]);
}

#[test]
fn the_length_that_a_packet_has_changes_nothing() {
    let to = |more: &str| {
        format!(
            ".type tc\nr2 = *(u32 *)(r1 + 0)\n{more}r3 = 0\ncall bpf_skb_change_tail\nr0 = 0\nexit\n"
        )
    };
    fires(&to(""), &[]);
    fires(&to("w2 += 4\n"), &["packet-change-unchecked"]);
    // It had it before another change.
    let before = "r6 = r1\nr7 = r2\nw2 += -1\nr3 = 0\ncall bpf_skb_change_tail\nif r0 != 0 goto +4\nr1 = r6\nr2 = r7\n";
    fires(&to(before), &["packet-change-unchecked"]);
}
