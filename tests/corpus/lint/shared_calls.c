// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs of several types, and maps of programs that they share.
#include "corpus.h"
LICENSE("GPL");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} xdp_calls SEC(".maps");

SEC("tc") int tc_next(struct __sk_buff *ctx)
{
	bpf_tail_call(ctx, &calls, 1);
	return 0;
}

SEC("xdp") int xdp_next(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &calls, 1);
	return 2;
}

SEC("xdp") int xdp_own(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &xdp_calls, 1);
	return 2;
}
