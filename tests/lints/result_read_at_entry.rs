//! Registers at a function's entry.

use super::fires;

fn reads(section: &str) -> String {
    format!(".section \"{section}\"\nr3 = *(u64 *)(r1 + 80)\nr0 = 0\nexit\n")
}

#[test]
fn only_kernel_functions_by_name_are_entered() {
    fires(&reads("kprobe/vfs_read"), &["result-read-at-entry"]);
    // On an instruction that returns, maybe.
    fires(&reads("uprobe/function"), &[]);
    fires(&reads("kprobe/vfs_read+0x10"), &[]);
    fires(&reads("kprobe"), &[]);
}
