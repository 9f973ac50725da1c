//! Packets that are rewritten.

use super::fires;

fn stores(at: u32, flags: u32) -> String {
    format!(
        ".type sched_cls\n*(u32 *)(r10 - 4) = 1\nr2 = {at}\nr3 = r10\nr3 += -4\nr4 = 4\nr5 = {flags}\n\
         call bpf_skb_store_bytes\nr0 = 0\nexit\n"
    )
}

#[test]
fn bytes_behind_the_link_header_are_summed() {
    let rule = &["checksum-not-updated"];
    fires(&stores(30, 0), rule);
    fires(&stores(30, 1), &[]);
    fires(&stores(6, 0), &[]);
    // The sum itself.
    fires(&stores(22, 0), &[]);
}
