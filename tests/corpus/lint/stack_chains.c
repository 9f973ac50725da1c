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

static __noinline int under(int x)
{
	__u8 scratch[230];

	bpf_probe_read_kernel(scratch, sizeof(scratch), NULL);
	return scratch[x & 127];
}

static int each(__u32 i, void *data)
{
	__u8 scratch[230];

	bpf_probe_read_kernel(scratch, sizeof(scratch), NULL);
	under(scratch[i & 127]);
	return 0;
}

SEC("tc") int large_callback(struct __sk_buff *skb)
{
	bpf_loop(3, each, NULL, 0);
	return 0;
}
