// SPDX-License-Identifier: MIT OR Apache-2.0
// Stacks that are too large together, of chains that go by callbacks.
#include "corpus.h"
LICENSE("GPL");

struct work { struct bpf_timer timer; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct work); } works SEC(".maps");

// Small, and called directly.
static __noinline int beside(int x) { return x + 1; }

static __noinline int below(int x) // EDIT below, 592
{
	__u8 scratch[300];

	bpf_probe_read_kernel(scratch, sizeof(scratch), NULL);
	return scratch[x & 127];
}

static int later(void *map, __u32 *key, struct work *work)
{
	__u8 scratch[280];

	bpf_probe_read_kernel(scratch, sizeof(scratch), NULL);
	below(scratch[0]);
	return 0;
}

SEC("tc")
int by_timer(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct work *work = bpf_map_lookup_elem(&works, &key);

	if (!work)
		return 0;
	bpf_timer_init(&work->timer, &works, 1);
	bpf_timer_set_callback(&work->timer, later);
	return beside(skb->len);
}

static __noinline int under(int x)
{
	__u8 scratch[200];

	bpf_probe_read_kernel(scratch, sizeof(scratch), NULL);
	return scratch[x & 127];
}

static int each(__u32 i, void *data) // EDIT each, under
{
	__u8 scratch[330];

	bpf_probe_read_kernel(scratch, sizeof(scratch), NULL);
	under(scratch[i & 127]);
	return 0;
}

SEC("tc")
int by_loop(struct __sk_buff *skb)
{
	bpf_loop(3, each, NULL, 0);
	return beside(skb->len);
}

static __noinline int direct2(int x) // EDIT direct2
{
	__u8 scratch[290];

	bpf_probe_read_kernel(scratch, sizeof(scratch), NULL);
	return scratch[x & 127];
}

static __noinline int direct1(int x)
{
	__u8 scratch[240];

	bpf_probe_read_kernel(scratch, sizeof(scratch), NULL);
	return direct2(scratch[x & 127]);
}

SEC("tc")
int by_calls(struct __sk_buff *skb)
{
	return direct1(skb->len) + beside(skb->mark);
}
