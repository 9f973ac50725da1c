//! Constant keys of arrays.

use super::fires;

fn lookup(map: &str, key: &str) -> String {
    format!(
        ".type xdp\n.map m {map}\n{key}\nr1 = map[m] ll\nr2 = r10\nr2 += -4\n\
         call bpf_map_lookup_elem\nif r0 == 0 goto out\nr1 = *(u64 *)(r0 + 0)\nout:\nr0 = 2\nexit\n"
    )
}

#[test]
fn keys_of_arrays_are_numbers_below_their_entries() {
    let rule = &["key-beyond-array"];
    fires(&lookup("array 4 8 4", "*(u32 *)(r10 - 4) = 4"), rule);
    fires(
        &lookup("percpu_array 4 8 4", "r6 = 7\n*(u32 *)(r10 - 4) = r6"),
        rule,
    );
    fires(&lookup("array 4 8 4", "*(u32 *)(r10 - 4) = 3"), &[]);
    fires(&lookup("hash 4 8 4", "*(u32 *)(r10 - 4) = 9"), &[]);
    let read = "r6 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = r6";
    fires(&lookup("array 4 8 4", read), &[]);
    let tail = |index: u32| {
        format!(
            ".type xdp\n.map m prog_array 4 4 2\nr2 = map[m] ll\nr3 = {index}\ncall bpf_tail_call\nr0 = 2\nexit\n"
        )
    };
    fires(&tail(2), rule);
    fires(&tail(1), &[]);
    // So many as user space says.
    fires(
        &lookup("array 4 8 0", "*(u32 *)(r10 - 4) = 4"),
        &["map-left-open"],
    );
}

#[test]
fn what_was_looked_up_has_keys_of_its_own() {
    let inner = "*(u32 *)(r10 - 4) = 0\nr1 = map[m] ll\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\n\
        if r0 == 0 goto out\n*(u32 *)(r10 - 4) = 9\nr1 = r0\nr2 = r10\nr2 += -4\n\
        call bpf_map_lookup_elem\nout:\nr0 = 2\nexit\n";
    let text = |map: &str| format!(".type xdp\n.map m {map}\n{inner}");
    fires(&text("array_of_maps 4 4 1"), &["map-left-open"]);
}
