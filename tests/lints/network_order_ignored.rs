//! EtherTypes in the wrong byte order.

use super::fires;

fn packet(compare: &str) -> String {
    format!(
        ".type xdp\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 42\n\
         if r4 > r3 goto pass\n{compare}\nr0 = 1\nexit\npass:\nr0 = 2\nexit\n"
    )
}

#[test]
fn only_ether_types_are_sure() {
    let rule = &["network-order-ignored"];
    let at = |offset: u32, value: u32| {
        packet(&format!(
            "r5 = *(u16 *)(r2 + {offset})\nif r5 != {value} goto pass"
        ))
    };
    fires(&at(12, 0x0800), rule);
    fires(&at(12, 0x86dd), rule);
    fires(&at(16, 0x0806), rule);
    fires(&at(12, 0x0008), &[]);
    // A port may be any number.
    fires(&at(36, 0x0800), &[]);
    let turned = "r5 = *(u16 *)(r2 + 12)\nr5 = be16 r5\nif r5 != 2048 goto pass";
    fires(&packet(turned), &[]);
    let protocol = ".type tc\nr5 = *(u32 *)(r1 + 16)\nif r5 == 34525 goto v6\nv6:\nr0 = 0\nexit\n";
    fires(protocol, rule);
}
