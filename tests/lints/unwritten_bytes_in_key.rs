//! Keys on the stack.

use super::fires;

fn lookup(map: &str, body: &str) -> String {
    format!(
        ".type kprobe\n.map keys {map}\n{body}r1 = map[keys] ll\nr2 = r10\nr2 += -16\n\
         call bpf_map_lookup_elem\nr0 = 0\nexit\n"
    )
}

#[test]
fn a_key_with_a_hole_is_told() {
    let rule = &["unwritten-bytes-in-key"];
    let half = "*(u32 *)(r10 - 16) = 1\n";
    fires(&lookup("hash 8 8 16", half), rule);
    let both = format!("{half}*(u32 *)(r10 - 12) = 1\n");
    fires(&lookup("hash 8 8 16", &both), &[]);
    // Nothing behind the prefix is compared.
    fires(&lookup("lpm_trie 8 8 16 1", half), &[]);
}

#[test]
fn a_stack_that_others_write_is_left_alone() {
    let half = "*(u32 *)(r10 - 16) = 1\n";
    let lent = "r2 = r10\nr2 += -12\n*(u64 *)(r10 - 32) = r2\nr1 = r10\nr1 += -32\ncall fill\n";
    let fill = "func fill:\nr1 = *(u64 *)(r1 + 0)\n*(u32 *)(r1 + 0) = 1\nr0 = 0\nexit\n";
    fires(
        &(lookup("hash 8 8 16", &format!("{half}{lent}")) + fill),
        &[],
    );
    // The address of a place below is handed on: what is above it may be written.
    let kept = "r1 = r10\nr1 += -40\nr2 = 8\ncall bpf_get_current_comm\n";
    fires(
        &lookup("hash 8 8 16", &format!("{half}{kept}")),
        &["task-name-cut"],
    );
}
