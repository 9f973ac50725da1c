//! First values.

use super::fires;

/// A count where the key is found, and what comes besides: there, and where it is missing.
fn counted(found: &str, missing: &str) -> String {
    format!(
        ".type xdp\n.map counts hash 4 16 1024\n*(u32 *)(r10 - 4) = 6\n*(u64 *)(r10 - 16) = 0\n\
         *(u64 *)(r10 - 24) = 0\nr1 = map[counts] ll\nr2 = r10\nr2 += -4\n\
         call bpf_map_lookup_elem\nif r0 == 0 goto missing\n{found}r1 = 1\n\
         lock *(u64 *)(r0 + 0) += r1\ngoto out\nmissing:\n{missing}out:\nr0 = 2\nexit\n"
    )
}

const STORE: &str = "r1 = map[counts] ll\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -24\nr4 = 0\n\
    call bpf_map_update_elem\nr0 = 2\nexit\n";

#[test]
fn only_what_is_stored_for_a_missing_key_races() {
    fires(&counted("", STORE), &["initial-value-races"]);
    // A window begins anew: the value is there, and is replaced on purpose.
    let old = format!("r1 = *(u64 *)(r0 + 8)\nif r1 > 100 goto more\n{STORE}more:\n");
    fires(&counted(&old, ""), &[]);
    let both = "r1 = *(u64 *)(r0 + 8)\nif r1 > 100 goto missing\n";
    fires(&counted(both, STORE), &[]);
}
