//! Sides of addresses.

use bpfassay::check::types;
use bpfassay::target;

use super::fires;

/// Where `struct task_struct` has a field, on the default target.
fn offset_in_task(field: &str) -> u32 {
    let kernel = target::by_name(target::DEFAULT).unwrap();
    let btf = types::of_target(&kernel).unwrap();
    let task = btf.ty(btf.find_struct("task_struct").unwrap()).unwrap();
    let composite = task.composite().unwrap();
    let mut members = composite.members.iter();
    members.find(|m| m.name == field).unwrap().bit_offset / 8
}

#[test]
fn a_field_may_be_a_pointer_to_user_memory() {
    let reads = |address: &str| {
        format!(
            ".type tracing\n.option attach_type trace_raw_tp\n.option attach_to sched_switch\n\
             .license \"GPL\"\ncall bpf_get_current_task_btf\n{address}r1 = r10\nr1 += -16\n\
             r2 = 16\ncall bpf_probe_read_user\nr0 = 0\nexit\n"
        )
    };
    fires(&reads("r3 = r0\n"), &["probe-read-wrong-space"]);
    fires(&reads("r3 = r0\nr3 += 64\n"), &["probe-read-wrong-space"]);
    let field = format!("r3 = *(u64 *)(r0 + {})\n", offset_in_task("mm"));
    // What is read is at a fixed offset, which is another matter.
    fires(&reads(&field), &["kernel-read-without-core"]);
}
