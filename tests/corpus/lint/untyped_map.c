// SPDX-License-Identifier: MIT OR Apache-2.0
// A map that states sizes and no types.
#include "corpus.h"
LICENSE("GPL");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
	__uint(max_entries, 1);
} counts SEC(".maps");

SEC("xdp") int count(void *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&counts, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
	return 2;
}
