//! Code that no load reaches.

use super::fires;

/// A program that puts out a record only if `guard` jumps.
fn guarded(guard: &str) -> String {
    format!(
        ".type kprobe\n.map setting array 4 8 1\n.map hits ringbuf 0 0 4096\n\
         .option rdonly setting\ncall bpf_get_prandom_u32\nr6 = r0\nr1 = mapval[setting]+0 ll\nr7 = *(u64 *)(r1 + 0)\n\
         r8 = map[hits] ll\n{guard}goto out\n\
         act:\n*(u64 *)(r10 - 8) = 1\nr1 = map[hits] ll\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = 0\n\
         call bpf_ringbuf_output\nif r0 != 0 goto out\nout:\nr0 = 0\nexit\n"
    )
}

#[test]
fn dead_code_is_what_no_load_reaches() {
    fires(&guarded("if r6 == 7 goto act\n"), &[]);
    fires(&guarded("r6 &= 7\nif r6 > 9 goto act\n"), &["dead-code"]);
    // Settings of the build, and of the loader.
    fires(&guarded("if r7 == 7 goto act\n"), &[]);
    fires(&guarded("r5 = 0\nif r5 != 0 goto act\n"), &[]);
}
