// SPDX-License-Identifier: MIT OR Apache-2.0
// The sound object that scripts/corrupt-corpus.py damages; not a case itself.
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } table SEC(".maps");
const volatile __u32 limit = 7;

static __noinline int helper(__u32 key)
{
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	return value ? *value : 0;
}

SEC("xdp") int main_program(struct xdp_md *ctx)
{
	return ctx->rx_queue_index > limit ? helper(1) : XDP_PASS;
}
