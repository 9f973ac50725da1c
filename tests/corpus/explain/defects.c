// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs that are sound, over which the verifier stumbles.
#include "corpus.h"
LICENSE("GPL");

static long (*const loop)(const void *count, const void *body, const void *data, __u64 flags) = (void *)181;
static int body(__u32 index, void *data) { return 0; }

SEC("tc")
int loop_count_pointer(struct __sk_buff *skb)
{
	// CAUSE verifier
	loop(skb, body, NULL, 0); // EDIT number of turns
	return 0;
}

static __noinline int used(struct __sk_buff *skb)
{
	return skb->len;
}

static __noinline int unused(__u32 index, void *data)
{
	return index;
}

SEC("tc")
int dead_callback(struct __sk_buff *skb)
{
	// CAUSE verifier
	int length = used(skb); // EDIT
	ASM("", "r"(unused)); // EDIT
	return length & 1; // EDIT
}
