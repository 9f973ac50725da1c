//! Records of ring buffers.

use super::fires;

fn record(size: u32, body: &str) -> String {
    format!(
        ".type kprobe\n.map events ringbuf 0 0 4096\nr1 = map[events] ll\nr2 = {size}\nr3 = 0\n\
         call bpf_ringbuf_reserve\nif r0 == 0 goto out\nr6 = r0\n{body}r1 = r6\nr2 = 0\n\
         call bpf_ringbuf_submit\nout:\nr0 = 0\nexit\n"
    )
}

#[test]
fn every_byte_must_be_written_somewhere() {
    let rule = &["record-half-written"];
    let word = "*(u64 *)(r6 + 0) = 1\n";
    fires(&record(16, word), rule);
    fires(&record(16, &format!("{word}*(u32 *)(r6 + 8) = 1\n")), rule);
    fires(&record(16, &format!("{word}*(u64 *)(r6 + 8) = 1\n")), &[]);
    // On one of two ways is enough.
    let one_way = format!("{word}if r6 == 0 goto skip\n*(u64 *)(r6 + 8) = 1\nskip:\n");
    fires(&record(16, &one_way), &[]);
    // A helper writes the rest.
    let comm = format!("{word}r1 = r6\nr1 += 8\nr2 = 16\ncall bpf_get_current_comm\n");
    fires(&record(24, &comm), &[]);
    // Through the stack.
    let spilled = format!(
        "*(u64 *)(r10 - 8) = r6\nr7 = *(u64 *)(r10 - 8)\n{}",
        "*(u64 *)(r7 + 0) = 1\n"
    );
    fires(&record(8, &spilled), &[]);
    fires(&record(16, &spilled), rule);
}

#[test]
fn a_record_that_is_lent_is_left_alone() {
    let fill = "*(u64 *)(r1 + 0) = 1\nr0 = 0\nexit\n";
    // Handed over, and in what is handed over.
    let direct = "r1 = r6\ncall fill\n";
    let text = record(16, direct) + "func fill:\n" + fill;
    fires(&text, &[]);
    let inside = "*(u64 *)(r10 - 8) = r6\nr1 = r10\nr1 += -8\ncall fill\n";
    let text = record(16, inside) + "func fill:\nr1 = *(u64 *)(r1 + 0)\n" + fill;
    fires(&text, &[]);
}
