// SPDX-License-Identifier: MIT OR Apache-2.0
// What programs return, and loops.
#include "corpus.h"
LICENSE("GPL");

SEC("cgroup_skb/egress")
int returns_seven(struct __sk_buff *skb)
{
	if (skb->len > 100)
		return 7; // EDIT returns 7, 0 to 3
	return 1;
}

SEC("cgroup/connect4")
int returns_errno(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port == 0)
		return -1; // EDIT returns -1, 0 to 1
	return 1;
}

SEC("cgroup/connect4")
int returns_field(struct bpf_sock_addr *ctx)
{
	return ctx->user_port; // EDIT 0 to 1
}

SEC("cgroup/sock_create")
int returns_two(struct bpf_sock *sk)
{
	if (sk->family == 10)
		return 2; // EDIT returns 2, 0 to 1
	return 1;
}

SEC("cgroup/dev")
int returns_many(void *ctx)
{
	return bpf_get_prandom_u32() & 3; // EDIT 0 to 1
}

SEC("fentry/do_unlinkat")
int returns_one(void *ctx)
{
	return 1; // EDIT returns 1, 0
}

SEC("cgroup/sysctl")
int returns_helper(void *ctx)
{
	return bpf_ktime_get_ns() & 7; // EDIT 0 to 1
}

SEC("sk_lookup")
int returns_three(void *ctx)
{
	return 3; // EDIT returns 3, 0 to 1
}

SEC("tc")
int endless(struct __sk_buff *skb)
{
	while (skb->mark != 7) // EDIT turns
		barrier();
	return 0;
}

SEC("tc")
int too_many_turns(struct __sk_buff *skb)
{
	__u32 sum = 0;
	for (int i = 0; i < 3000000; i++) // EDIT
		sum ^= bpf_get_prandom_u32(); // EDIT turns
	return sum;
}
