//! A GPL function behind a branch of a program under another licence.

use super::fires;

#[test]
fn a_gpl_function_waits_under_another_licence() {
    let text = |license: &str| {
        format!(
            ".type kprobe\n.license \"{license}\"\nr6 = 0\nif r6 == 0 goto out\n\
             call bpf_get_current_task\nout:\nr0 = 0\nexit\n"
        )
    };
    fires(&text("Apache-2.0"), &["gpl-function-without-gpl-licence"]);
    fires(&text("Dual MIT/GPL"), &[]);
}
