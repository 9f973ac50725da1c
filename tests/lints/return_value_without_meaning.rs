//! Numbers that a hook does not know.

use super::fires;

#[test]
fn only_constants_that_reach_the_end_count() {
    let rule = &["return-value-without-meaning"];
    fires(".type xdp\nr0 = 5\nexit\n", rule);
    fires(".type xdp\nw0 = -1\nexit\n", rule);
    fires(".type tc\nr0 = 9\nexit\n", rule);
    fires(".type tc\nr0 = -1\nexit\n", &[]);
    fires(".type xdp\nr0 = 4\nexit\n", &[]);
    fires(".type xdp\nr0 = *(u32 *)(r1 + 12)\nexit\n", &[]);
    // Of a function of its own nobody knows what it stands for.
    let called = ".type xdp\ncall inner\nr0 = 2\nexit\nfunc inner:\nr0 = 77\nexit\n";
    fires(called, &[]);
    fires(".type kprobe\nr0 = 99\nexit\n", &[]);
    // An error's code, which a branch tells from verdicts.
    let told = |test: &str| {
        format!(
            ".type tc\nr6 = *(u32 *)(r1 + 0)\nw0 = -134\nif r6 > 100 goto done\nr0 = 0\ndone:\n\
             {test}\nexit\nerror:\nr0 = 2\nexit\n"
        )
    };
    fires(&told("if w0 s< 0 goto error"), &[]);
    fires(&told("if w0 s> 0 goto error"), rule);
}
