//! Packets that are rewritten.

use super::fires;

/// Bytes are stored, behind a comparison of the protocol with each of some numbers.
fn stores(protocols: &[u32], at: u32, flags: u32) -> String {
    let mut text = String::from(".type sched_cls\nr2 = *(u32 *)(r1 + 16)\n");
    for protocol in protocols {
        text.push_str(&format!("if r2 == {protocol:#x} goto store\n"));
    }
    text + &format!(
        "r0 = 0\nexit\nstore:\n*(u32 *)(r10 - 4) = 1\nr2 = {at}\nr3 = r10\nr3 += -4\nr4 = 4\n\
         r5 = {flags}\ncall bpf_skb_store_bytes\nr0 = 0\nexit\n"
    )
}

#[test]
fn an_ipv4_header_is_summed() {
    let rule = &["checksum-not-updated"];
    let ipv4 = &[0x0008];
    fires(&stores(ipv4, 30, 0), rule);
    fires(&stores(ipv4, 30, 1), &[]);
    fires(&stores(ipv4, 6, 0), &[]);
    // The sum itself.
    fires(&stores(ipv4, 22, 0), &[]);
    // Behind the header: a datagram may do without.
    fires(&stores(ipv4, 40, 0), &[]);
}

#[test]
fn headers_without_a_sum_are_left_alone() {
    // ARP, IPv6, MPLS, whatever it is.
    for protocol in [0x0608, 0xdd86, 0x4788, 0x1234] {
        fires(&stores(&[protocol], 30, 0), &[]);
    }
    fires(&stores(&[0x0008, 0xdd86], 30, 0), &[]);
}
