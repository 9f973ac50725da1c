// SPDX-License-Identifier: MIT OR Apache-2.0
// Kernel structures read with and without relocations, by number and by type.
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");

// As a header of one kernel has it: nothing relocates it.
struct task_of_one_kernel { __u64 flags; int priority, pid; };

__u64 last_task;

SEC("kprobe/do_exit") int task_by_number(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	int pid;

	bpf_probe_read_kernel(&pid, sizeof(pid), &task->tgid);
	return pid;
}

SEC("kprobe/do_exit") int task_counted(void *ctx)
{
	__u32 zero = 0;

	if (!bpf_map_lookup_elem(&counts, &zero))
		return 0;
	return bpf_get_current_task() == last_task;
}

SEC("kprobe/do_exit") int fixed_offset(void *ctx)
{
	struct task_of_one_kernel *task = (void *)bpf_get_current_task();
	int value;

	bpf_probe_read_kernel(&value, sizeof(value), &task->priority);
	return value;
}

SEC("kprobe/do_exit") int relocated(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	int value;

	bpf_probe_read_kernel(&value, sizeof(value), &task->tgid);
	return value;
}
