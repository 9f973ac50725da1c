//! Ports that are compared without being turned.

use super::fires;

fn port(load: &str, turn: &str, number: u32) -> String {
    format!(
        ".type xdp\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 40\n\
         if r4 > r3 goto out\nr5 = {load}\n{turn}if r5 == {number} goto drop\nout:\nr0 = 2\nexit\n\
         drop:\nr0 = 1\nexit\n"
    )
}

#[test]
fn well_known_ports_of_packets() {
    let rule = &["port-in-host-order"];
    fires(&port("*(u16 *)(r2 + 36)", "", 443), rule);
    fires(&port("*(u16 *)(r2 + 36)", "r5 = be16 r5\n", 443), &[]);
    fires(&port("*(u16 *)(r2 + 36)", "", 0xbb01), &[]);
    fires(&port("*(u16 *)(r2 + 36)", "", 6), &[]);
    fires(&port("*(u8 *)(r2 + 36)", "", 53), &[]);
    // From the ports' own header, and what else a header of TCP has.
    fires(&port("*(u16 *)(r2 + 2)", "", 123), rule);
    fires(&port("*(u16 *)(r2 + 18)", "", 123), &[]);
}

#[test]
fn what_is_jumped_over_is_not_compared() {
    // Read again for another end, between the turn and the comparison.
    let over = "r5 = be16 r5\nr6 = *(u8 *)(r2 + 23)\nif r6 == 17 goto other\ngoto on\nother:\n\
        r5 = *(u16 *)(r2 + 36)\nr0 = r5\nr0 &= 1\nexit\non:\n";
    fires(&port("*(u16 *)(r2 + 36)", over, 443), &[]);
}
