// SPDX-License-Identifier: MIT OR Apache-2.0
// A comparison that is right, of a copy that the compiler keeps apart.
// BUILD -mcpu=v2
#include "corpus.h"
LICENSE("GPL");

struct val { __u64 hist[16]; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct val); } vals SEC(".maps");

SEC("tc")
int one_copy(struct __sk_buff *skb)
{
	// CAUSE compiler
	__u32 zero = 0;
	struct val *v = bpf_map_lookup_elem(&vals, &zero);
	if (!v)
		return 0;
	__u32 i = bpf_get_prandom_u32();
	if (i > 15) // EDIT barrier_var(i)
		return 0;
	opaque(i);
	v->hist[i] = 1; // EDIT
	return 0;
}
