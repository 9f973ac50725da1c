//! Packets that are rewritten.

use super::{fires, says};

/// Bytes are stored, behind a comparison of the protocol with each of some numbers.
fn stores(protocols: &[u32], at: u32, flags: u32) -> String {
    stores_behind("r2 = *(u32 *)(r1 + 16)\n", protocols, at, flags)
}

/// The same, where the number is read in another way.
fn stores_behind(read: &str, numbers: &[u32], at: u32, flags: u32) -> String {
    let mut text = format!(".type sched_cls\n{read}");
    for number in numbers {
        text.push_str(&format!("if r2 == {number:#x} goto store\n"));
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

#[test]
fn a_number_that_is_no_protocol_says_nothing() {
    let rule = &["checksum-not-updated"];
    // Lengths, and the turned number as it is not on the wire.
    fires(
        &stores_behind("r2 = *(u32 *)(r1 + 0)\n", &[0x0008], 30, 0),
        &[],
    );
    fires(
        &stores_behind("r2 = *(u32 *)(r1 + 0)\n", &[0x0800], 30, 0),
        &[],
    );
    let turned = "r2 = *(u32 *)(r1 + 16)\nr2 = be16 r2\n";
    fires(&stores_behind(turned, &[0x0800], 30, 0), rule);
    fires(&stores_behind(turned, &[0x0008], 30, 0), &[]);
    // Another number beside the protocol.
    let both = "r2 = *(u32 *)(r1 + 0)\nif r2 == 0x8100 goto store\nr2 = *(u32 *)(r1 + 16)\n";
    fires(&stores_behind(both, &[0x0008], 30, 0), rule);
}

#[test]
fn what_is_told_lies_in_the_header() {
    let told = |at: u32, bytes: &str| {
        let words = format!("rewrites {bytes} of the packet, in its IPv4 header");
        says(&stores(&[0x0008], at, 0), &words);
    };
    told(26, "bytes 26 to 29");
    told(32, "bytes 32 to 33");
    told(33, "byte 33");
    told(12, "bytes 14 to 15");
    // Half of the sum.
    fires(&stores(&[0x0008], 25, 0), &[]);
}
