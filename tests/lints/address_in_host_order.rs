//! Addresses of private networks.

use super::fires;

#[test]
fn what_is_an_address_both_ways_says_nothing() {
    let asks = |number: u32| {
        format!(
            ".section \"cgroup/connect4\"\nr2 = *(u32 *)(r1 + 4)\nr0 = 1\n\
             if w2 != {number:#x} goto out\nr0 = 0\nout:\nexit\n"
        )
    };
    let rule = &["address-in-host-order"];
    // 127.0.0.1, 192.168.1.1, 10.0.0.1
    for number in [0x7f00_0001, 0xc0a8_0101, 0x0a00_0001] {
        fires(&asks(number), rule);
    }
    // 10.0.0.10 reads the same from both ends; 10.0.0.127 is of the loopback from the other.
    for number in [0x0a00_000a, 0x0a00_007f, 0xc0a8_a8c0] {
        fires(&asks(number), &[]);
    }
}
