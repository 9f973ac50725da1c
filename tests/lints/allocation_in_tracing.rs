//! Tables that allocate as they grow.

use super::fires_on;

fn fills(section: &str) -> String {
    format!(
        ".section \"{section}\"\n.map starts hash 8 8 1024 1\n*(u64 *)(r10 - 8) = 1\n\
         *(u64 *)(r10 - 16) = 1\nr1 = map[starts] ll\nr2 = r10\nr2 += -8\nr3 = r10\nr3 += -16\n\
         r4 = 0\ncall bpf_map_update_elem\nif r0 != 0 goto out\nout:\nr0 = 0\nexit\n"
    )
}

#[test]
fn only_programs_that_may_interrupt_the_allocator_count() {
    let of = |section: &str, rules: &[&str]| fires_on(&fills(section), "linux-5.15", rules);
    let rule = &["allocation-in-tracing"];
    for section in ["kprobe/vfs_read", "tracepoint/sched/sched_switch"] {
        of(section, rule);
    }
    for section in [
        "uprobe/function",
        "uretprobe/function",
        "kprobe/__x64_sys_read",
        "kretprobe/__x64_sys_read",
        "tracepoint/syscalls/sys_enter_read",
        "tracepoint/raw_syscalls/sys_exit",
        "raw_tp/sys_enter",
    ] {
        of(section, &[]);
    }
}
