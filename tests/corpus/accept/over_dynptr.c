// SPDX-License-Identifier: MIT OR Apache-2.0
// What is made over a slot of a dynptr destroys all of it: a store to the other slot
// touches nothing but data.
// EXPECT prog=flags target=linux-6.18 verdict=accept insns=17 processed=16 needs=btf
// EXPECT prog=iterator target=linux-6.18 verdict=accept insns=19 processed=18 needs=btf
#include "corpus.h"
#include "kfuncs.h"

LICENSE("GPL");

__u64 place[2];

struct slots {
	__u64 lower;
	__u64 upper;
} __attribute__((aligned(8)));

SEC("tc") int flags(struct __sk_buff *skb)
{
	struct slots slots;

	bpf_dynptr_from_mem(place, 8, 0, &slots);
	bpf_local_irq_save((unsigned long *)&slots.upper);
	*(volatile __u64 *)&slots.lower = 0;
	bpf_local_irq_restore((unsigned long *)&slots.upper);
	return 0;
}

SEC("tc") int iterator(struct __sk_buff *skb)
{
	struct slots slots;

	bpf_dynptr_from_mem(place, 8, 0, &slots);
	bpf_iter_num_new((struct bpf_iter_num *)&slots.upper, 0, 1);
	*(volatile __u64 *)&slots.lower = 0;
	bpf_iter_num_destroy((struct bpf_iter_num *)&slots.upper);
	return 0;
}
