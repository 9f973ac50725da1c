//! Redirections that are noted and not returned.

use super::fires;

fn redirect(kind: &str, rest: &str) -> String {
    format!(".type {kind}\nr1 = 3\nr2 = 0\ncall bpf_redirect\n{rest}exit\n")
}

#[test]
fn the_verdict_must_be_the_one_that_redirects() {
    let rule = &["redirect-not-returned"];
    fires(&redirect("xdp", "r0 = 2\n"), rule);
    fires(&redirect("sched_cls", "r0 = 0\n"), rule);
    fires(
        &redirect("xdp", "goto end\nr0 = 2\nend:\nr0 = 1\n").replace("goto end\nr0 = 2\n", ""),
        rule,
    );
    fires(&redirect("xdp", ""), &[]);
    fires(&redirect("xdp", "r0 = 4\n"), &[]);
    fires(&redirect("sched_cls", "r0 = 7\n"), &[]);
    // Whoever looks at the result may know why.
    fires(&redirect("xdp", "if r0 == 4 goto end\nr0 = 2\nend:\n"), &[]);
}
