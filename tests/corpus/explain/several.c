// SPDX-License-Identifier: MIT OR Apache-2.0
// Several mistakes that do not depend on each other: only the first is marked, for it
// is the one that a kernel tells of.
#include "corpus.h"
LICENSE("GPL");

struct stat { __u64 packets, bytes; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, struct stat); } stats SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } marks SEC(".maps");

SEC("xdp")
int three_mistakes(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u32 k = 0;
	struct stat *s = bpf_map_lookup_elem(&stats, &k);
	if (s->packets > 100) // EDIT `s`, NULL, !s
		return XDP_DROP;
	struct ethhdr *eth = data;
	if (data + sizeof(*eth) > data_end)
		return XDP_PASS;
	struct iphdr *ip = (void *)(eth + 1);
	k = ip->protocol;
	__u64 *m = bpf_map_lookup_elem(&marks, &k);
	return *m & 1;
}
