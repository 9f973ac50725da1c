// SPDX-License-Identifier: MIT OR Apache-2.0
// Frames above a function that makes tail calls.
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 4); } next SEC(".maps");

static __noinline int go_on(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &next, 0);
	return XDP_PASS;
}

SEC("xdp") int large_frame(struct xdp_md *ctx)
{
	volatile __u64 scratch[30];

	scratch[0] = ctx->rx_queue_index;
	return go_on(ctx) + (int)scratch[0];
}

SEC("xdp") int small_frame(struct xdp_md *ctx)
{
	volatile __u64 scratch[4];

	scratch[0] = ctx->rx_queue_index;
	return go_on(ctx) + (int)scratch[0];
}
