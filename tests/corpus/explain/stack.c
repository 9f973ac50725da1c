// SPDX-License-Identifier: MIT OR Apache-2.0
// What was never written, and stacks that are too large.
#include "corpus.h"
LICENSE("GPL");

struct key { __u8 proto; __u32 addr; __u16 port; };
struct event { __u64 ts; __u32 pid; char comm[16]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, struct key); __type(value, __u64); } flows SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u64); __type(value, struct event); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");

SEC("kprobe/do_unlinkat")
int second_parameter(struct pt_regs *ctx, void *name) // EDIT parameter, BPF_KPROBE
{
	__u64 key = (__u64)name;
	bpf_map_delete_elem(&events, &key);
	return 0;
}

SEC("xdp")
int second_of_xdp(struct xdp_md *ctx, __u32 mark) // EDIT parameter, context only
{
	return mark & 3;
}

SEC("raw_tp/sched_switch")
int second_of_raw(void *ctx, __u64 prev) // EDIT parameter
{
	bpf_map_delete_elem(&events, &prev);
	return 0;
}

SEC("tc")
int dynptr_bytes(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u64 key = 1;
	bpf_ringbuf_reserve_dynptr(&rb, 64, 0, &p);
	bpf_map_lookup_elem(&events, &p); // EDIT dynptr
	bpf_ringbuf_discard_dynptr(&p, 0);
	return 0;
}

static __noinline int fill(char *b, int n)
{
	b[n & 127] = 1;
	return bpf_get_prandom_u32();
}

static __noinline int inner(int x) // EDIT
{
	char b[300] = {}; // EDIT inner, bytes
	fill(b, x);
	return b[x & 63];
}

SEC("tc")
int combined(struct __sk_buff *skb)
{
	char b[260] = {}; // EDIT
	int r = inner(skb->len); // EDIT
	bpf_skb_load_bytes(skb, 0, b, sizeof(b));
	return b[r & 31];
}

SEC("tc")
int beyond_top(struct __sk_buff *skb)
{
	char b[8] = {};
	bpf_skb_load_bytes(skb, 0, b + 4, 8); // EDIT 8
	return b[0];
}
