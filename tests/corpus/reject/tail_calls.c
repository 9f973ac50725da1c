// SPDX-License-Identifier: MIT OR Apache-2.0
// A program array that the object fills with a program that is refused.
// EXPECT prog=refused target=linux-6.18 verdict=reject code=packet-access-unchecked class=pkt_oob insn=2
// EXPECT prog=caller target=linux-6.18 verdict=accept processed=5
#include "corpus.h"
LICENSE("GPL");

int refused(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&refused } };

SEC("xdp") int refused(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data;
	return data[100000]; // ERROR packet-access-unchecked
}

SEC("xdp") int caller(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 0);
	return 2;
}
