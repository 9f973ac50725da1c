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
	__u8 scratch[240];

	if (bpf_xdp_load_bytes(ctx, 0, scratch, sizeof(scratch)))
		return XDP_DROP;
	return go_on(ctx) + scratch[0];
}

SEC("xdp") int small_frame(struct xdp_md *ctx)
{
	__u8 scratch[32];

	if (bpf_xdp_load_bytes(ctx, 0, scratch, sizeof(scratch)))
		return XDP_DROP;
	return go_on(ctx) + scratch[0];
}
