// SPDX-License-Identifier: MIT OR Apache-2.0
// Maps that are told apart, sized and pinned badly.
#include "corpus.h"
LICENSE("GPL");

enum { LIBBPF_PIN_BY_NAME = 1 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} connections_of_v4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} connections_of_v6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} config SEC(".maps");

SEC("xdp")
int use_all(void *ctx)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&config, &key);
	if (!value)
		return 2;
	bpf_map_lookup_elem(&connections_of_v4, &key);
	bpf_map_lookup_elem(&connections_of_v6, &key);
	bpf_perf_event_output(ctx, &records, BPF_F_CURRENT_CPU, value, sizeof(*value));
	return 2;
}
