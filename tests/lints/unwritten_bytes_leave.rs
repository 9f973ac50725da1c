//! Bytes that were never written.

use super::fires;

fn output(before: &str) -> String {
    format!(
        ".type kprobe\n.map m ringbuf 0 0 4096\nr7 = r1\n{before}\nr1 = map[m] ll\nr2 = r10\nr2 += -24\nr3 = 24\n\
         r4 = 0\ncall bpf_ringbuf_output\nif r0 != 0 goto out\nout:\nr0 = 0\nexit\n"
    )
}

#[test]
fn every_byte_needs_a_writer() {
    let rule = &["unwritten-bytes-leave"];
    let ends = "r6 = 1\n*(u64 *)(r10 - 24) = r6\n*(u64 *)(r10 - 8) = r6";
    fires(&output(ends), rule);
    let padding = "r6 = 1\n*(u8 *)(r10 - 24) = r6\n*(u64 *)(r10 - 16) = r6\n*(u32 *)(r10 - 8) = r6";
    fires(&output(padding), rule);
    let whole = "r6 = 1\n*(u64 *)(r10 - 24) = r6\n*(u64 *)(r10 - 16) = r6\n*(u64 *)(r10 - 8) = r6";
    fires(&output(whole), &[]);
    // By another pointer, and by a call.
    let moved = "r6 = r10\nr6 += -24\nr5 = 1\n*(u64 *)(r6 + 0) = r5\n*(u64 *)(r6 + 8) = r5\n\
        *(u64 *)(r6 + 16) = r5";
    fires(&output(moved), &[]);
    let called = "r6 = 1\n*(u64 *)(r10 - 24) = r6\nr1 = r10\nr1 += -16\nr2 = 16\n\
        call bpf_get_current_comm";
    fires(&output(called), &[]);
}
