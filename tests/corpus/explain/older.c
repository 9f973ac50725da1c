// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs that are right, on a kernel that is too old for them, or whose compiler or
// verifier loses what they show.
// TARGET linux-5.10
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct event { __u32 pid, len; char comm[16]; char data[256]; };
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct event); } heap SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
struct task_struct___gone { int no_such_member; } __core;

SEC("tc")
int one_of_sixteen(struct __sk_buff *skb)
{
	// CAUSE verifier
	__u32 zero = 0, n = skb->mark;
	struct event *e = bpf_map_lookup_elem(&heap, &zero);
	if (!e)
		return 0;
	if (n < 1 || n > 16) // EDIT
		return 0;
	return e->comm[n - 1]; // EDIT checked > 15
}

SEC("xdp")
int exchanged(struct xdp_md *ctx)
{
	// CAUSE compiler
	__u32 zero = 0;
	__u64 *v = bpf_map_lookup_elem(&seen, &zero);
	if (!v)
		return XDP_PASS;
	return __sync_lock_test_and_set(v, 1) ? XDP_DROP : XDP_PASS; // EDIT -mcpu=v2
}

SEC("xdp")
int newer_helper(struct xdp_md *ctx)
{
	// CAUSE environment
	return bpf_xdp_get_buff_len(ctx) > 1500 ? XDP_DROP : XDP_PASS; // EDIT bpf_xdp_get_buff_len, 5.18
}

SEC("tc")
int newer_loop(struct __sk_buff *skb)
{
	// CAUSE environment
	return bpf_ktime_get_tai_ns() & 1; // EDIT bpf_ktime_get_tai_ns, 6.1
}

SEC("xdp")
int newer_kfunc(struct xdp_md *ctx)
{
	// CAUSE environment
	struct bpf_iter_num it;
	bpf_iter_num_new(&it, 0, 10); // EDIT bpf_iter_num_new, bpf_ksym_exists
	bpf_iter_num_destroy(&it);
	return XDP_PASS;
}

SEC("raw_tp/sched_switch")
int gone_member(struct bpf_raw_tracepoint_args *ctx)
{
	// CAUSE environment
	struct task_struct___gone *t = (void *)bpf_get_current_task(); // EDIT
	int v = 0; // EDIT
	bpf_probe_read_kernel(&v, sizeof(v), &t->no_such_member); // EDIT no_such_member, bpf_core_field_exists
	return v;
}
