//! Registers at a function's return.

use super::fires;

fn reads(section: &str, off: u32) -> String {
    format!(".section \"{section}\"\nr3 = *(u64 *)(r1 + {off})\nr0 = 0\nexit\n")
}

#[test]
fn the_second_half_of_a_result_is_no_argument() {
    let rule = &["argument-read-at-return"];
    for off in [112, 104, 96, 88, 72, 64] {
        fires(&reads("kretprobe/vfs_read", off), rule);
    }
    fires(&reads("kretprobe/vfs_read", 80), &[]);
    fires(&reads("uretprobe/function", 112), rule);
    fires(&reads("uretprobe/function", 96), &[]);
    let copied =
        reads("kretprobe/vfs_read", 112).replace("r0 = 0", "r3 = *(u64 *)(r1 + 144)\nr0 = 0");
    fires(&copied, &[]);
}
