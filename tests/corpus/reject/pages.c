// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults that the other sources don't have, for the pages of the catalogue.
// EXPECT prog=arena_for_map target=linux-6.18 verdict=reject code=map-pointer-access-invalid
// EXPECT prog=fills_read_only target=linux-6.18 verdict=reject code=helper-writes-read-only
// EXPECT prog=ctx_replaced target=linux-6.18 verdict=reject code=subprogram-arguments
// EXPECT prog=stack_for_struct target=linux-6.18 verdict=reject code=argument-size-unresolved
// EXPECT prog=odd_tags target=linux-6.18 verdict=reject code=subprogram-arguments
// EXPECT prog=handler_of_none target=linux-6.18 verdict=reject code=exception-misuse
// EXPECT prog=record_of_pointer target=linux-6.18 verdict=reject code=program-return-value
// EXPECT prog=sleeps_in_free target=linux-6.18 verdict=reject code=attach-target-not-sleepable needs=btf oracle=none
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_ARENA); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 4); } arena SEC(".maps");
__u64 sum;

SEC("syscall") int arena_for_map(void *ctx)
{
	__u64 local = 0;

	bpf_arena_alloc_pages(&local, NULL, 1, -1, 0); // ERROR map-pointer-access-invalid
	return 0;
}

SEC("raw_tp") int fills_read_only(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	bpf_get_current_comm(task, 16); // ERROR helper-writes-read-only
	return 0;
}

__noinline int length(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("tc") int ctx_replaced(struct __sk_buff *skb)
{
	struct __sk_buff copy = {};

	return length(&copy); // ERROR subprogram-arguments
}

SEC("syscall") int stack_for_struct(void *ctx)
{
	__u64 local[4] = {};
	struct task_struct *task = bpf_task_acquire((void *)local); // ERROR argument-size-unresolved

	if (task)
		bpf_task_release(task);
	return 0;
}

__noinline int twice(int x __arg_nonnull)
{
	return x * 2;
}

SEC("tc") int odd_tags(struct __sk_buff *skb)
{
	return twice(skb->len); // ERROR subprogram-arguments
}

__noinline int two_values(__u64 cookie, __u64 other)
{
	sum = cookie + other;
	return 0;
}

__attribute__((btf_decl_tag("exception_callback:two_values")))
SEC("tc") int handler_of_none(struct __sk_buff *skb)
{
	if (skb->len < 14)
		bpf_throw(7);
	return 0;
}

SEC("cgroup/sock_create") int record_of_pointer(struct bpf_sock *sk)
{
	return 2; // ERROR program-return-value
}

SEC("lsm.s/task_free") int sleeps_in_free(__u64 *ctx)
{
	return 0;
}
