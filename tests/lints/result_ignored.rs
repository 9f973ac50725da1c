//! An update that nobody knows to have failed.

use super::{LOOKUP, fires};

fn update(map: &str, flags: u32, after: &str) -> String {
    format!(
        ".type kprobe\n.map counts {map}\n*(u64 *)(r10 - 8) = 1\n*(u64 *)(r10 - 16) = 1\n\
         r1 = map[counts] ll\nr2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\nr4 = {flags}\n\
         call bpf_map_update_elem\n{after}out:\nr0 = 0\nexit\n"
    )
}

#[test]
fn a_full_hash_table_goes_unseen() {
    let rule = &["result-ignored"];
    fires(&update("hash 8 8 16", 0, ""), rule);
    fires(&update("percpu_hash 8 8 16", 0, ""), rule);
    // Looked at, cannot fail so, or checked in another way.
    fires(&update("hash 8 8 16", 0, "if r0 != 0 goto out\n"), &[]);
    fires(&update("lru_hash 8 8 16", 0, ""), &[]);
    fires(&update("array 4 8 2", 0, ""), &[]);
    fires(&update("hash 8 8 16", 1, ""), &[]);
    fires(&update("hash 8 8 16", 0, LOOKUP), &[]);
    let undone = "r1 = map[counts] ll\nr2 = r10\nr2 += -8\ncall bpf_map_delete_elem\n";
    fires(&update("hash 8 8 16", 0, undone), &[]);
}
