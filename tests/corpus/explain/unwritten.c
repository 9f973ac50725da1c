// SPDX-License-Identifier: MIT OR Apache-2.0
// Stack bytes that were never written, on a target that insists.
// TARGET linux-5.10
#include "corpus.h"
LICENSE("GPL");

struct key { __u8 proto; __u32 addr; __u16 port; };
struct event { __u64 ts; __u32 pid; char comm[16]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, struct key); __type(value, __u64); } flows SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u64); __type(value, struct event); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");

SEC("tc")
int unset_key(struct __sk_buff *skb)
{
	__u64 key; // EDIT
	__u64 *v = bpf_map_lookup_elem(&events, &key); // EDIT `key`, nothing was written
	return v ? 1 : 0;
}

SEC("tc")
int one_way(struct __sk_buff *skb)
{
	__u64 key; // EDIT
	if (skb->mark)
		key = 1;
	barrier();
	__u64 *v = bpf_map_lookup_elem(&events, &key); // EDIT `key`
	return v ? 1 : 0;
}

