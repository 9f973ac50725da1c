//! Sums of lengths.

use super::fires;

fn adds(turn: &str) -> String {
    format!(
        ".type socket_filter\n.map bytes array 4 4 1\nr6 = r1\n*(u32 *)(r10 - 4) = 0\n\
         r1 = map[bytes] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\n\
         if r0 == 0 goto out\nr1 = *(u32 *)(r6 + 0)\n{turn}lock *(u32 *)(r0 + 0) += r1\nout:\n\
         r0 = 0\nexit\n"
    )
}

#[test]
fn only_whole_lengths_are_bytes() {
    let rule = &["counter-wraps"];
    for same in [
        "",
        "r1 += 24\n",
        "r1 -= 14\n",
        "r1 <<= 32\nr1 >>= 32\n",
        "r2 = r1\nr1 = r2\n",
    ] {
        fires(&adds(same), rule);
    }
    for part in ["r1 >>= 10\n", "r1 &= 255\n", "r1 /= 64\n"] {
        fires(&adds(part), &[]);
    }
}
