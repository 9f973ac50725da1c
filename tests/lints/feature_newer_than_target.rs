//! A call that a target lacks, where no path leads.

use super::findings;

#[test]
fn a_call_that_a_target_lacks_waits_behind_a_branch() {
    let text = ".type socket\nr6 = 0\nif r6 == 0 goto out\ncall bpf_ktime_get_coarse_ns\nout:\n\
        r0 = 0\nexit\n";
    let found = findings(text, &["linux-5.10", "linux-5.15", "linux-6.18"]);
    let wanted = (
        "feature-newer-than-target".to_owned(),
        vec!["linux-5.10".to_owned()],
    );
    assert_eq!(found, [wanted]);
}
