// SPDX-License-Identifier: MIT OR Apache-2.0
// Which index of the source a number comes to: constants in it, elements, signs, loops.
#include "corpus.h"
LICENSE("GPL");

struct pair { __u32 x, y; };
struct val { __u32 n; __u64 hist[16]; __u32 tail[8]; };
struct pairs { struct pair p[10]; __u8 rest[40]; };
struct slots { __u32 a[32]; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct val); } vals SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct pairs); } prs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct slots); } sls SEC(".maps");
__u32 table[40];
__u32 rest[8];
__u64 wide;
__u32 count;

#define LOOK(v, map) __u32 zero = 0; v = bpf_map_lookup_elem(&map, &zero); if (!v) return 0

SEC("tc")
int folded(struct __sk_buff *skb)
{
	struct val *v; LOOK(v, vals);
	__u64 b = skb->mark;
	if (b > 31)
		return 0;
	v->hist[b - 16] = 1; // EDIT checked > 15, b - 16
	return 0;
}

SEC("tc")
int folded_narrow(struct __sk_buff *skb)
{
	struct val *v; LOOK(v, vals);
	__u32 b = skb->mark;
	if (b > 31)
		return 0;
	v->hist[b - 16] = 1; // EDIT checked > 15, 0 to 4294967295
	return 0;
}

SEC("tc")
int plus(struct __sk_buff *skb)
{
	__u64 slot = skb->mark;
	return table[slot + 8]; // EDIT checked > 39, slot + 8
}

SEC("tc")
int plus_narrow(struct __sk_buff *skb)
{
	__u32 slot = skb->mark;
	if (slot > 100)
		return 0;
	return table[slot + 8]; // EDIT checked > 39
}

SEC("tc")
int own_length(struct __sk_buff *skb)
{
	struct val *v; LOOK(v, vals);
	__u32 i = skb->mark;
	v->hist[i] = 1; // EDIT if (i > 15), 0 to 4294967295
	return 0;
}

SEC("tc")
int with_sign(struct __sk_buff *skb)
{
	struct val *v; LOOK(v, vals);
	int i = skb->mark;
	v->hist[i] = 1; // EDIT i < 0 || i > 15, negative or greater than 15
	return 0;
}

SEC("tc")
int member(struct __sk_buff *skb)
{
	struct pairs *v; LOOK(v, prs);
	__u32 i = skb->mark;
	v->p[i].y = 1; // EDIT if (i > 9)
	return 0;
}

SEC("tc")
int masked(struct __sk_buff *skb)
{
	struct val *v; LOOK(v, vals);
	v->hist[skb->mark & 31] = 1; // EDIT checked > 15
	return 0;
}

SEC("tc")
int without_sign(struct __sk_buff *skb)
{
	__u64 i = wide;
	return table[i]; // EDIT if (i > 39), greater than 39
}

SEC("tc")
int length_without_sign(struct __sk_buff *skb)
{
	char buf[16] = {};
	__u64 n = wide;
	bpf_skb_load_bytes(skb, 0, buf, n); // EDIT n == 0 || n > 16, nothing bounds it
	return buf[0];
}

SEC("tc")
int below_another(struct __sk_buff *skb)
{
	char low[16] = {};
	char high[64] = {};
	__u32 n = skb->len;
	if (n == 0)
		return 0;
	bpf_skb_load_bytes(skb, 0, low, n); // EDIT n > 16
	bpf_skb_load_bytes(skb, 0, high, 64);
	return low[0] + high[1];
}

SEC("tc")
int unrolled(struct __sk_buff *skb)
{
	struct slots *v; LOOK(v, sls);
	__u32 sum = 0;
	for (int i = 0; i <= 32; i++) // EDIT
		sum += v->a[i]; // EDIT `i` is 32 on this way, last index of `v->a` is 31
	return sum;
}

SEC("tc")
int rolled(struct __sk_buff *skb)
{
	struct slots *v; LOOK(v, sls);
	__u32 sum = 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i <= 32; i++) // EDIT
		sum += v->a[i] * i; // EDIT `i` is 32 on this way
	return sum;
}

SEC("tc")
int too_high(struct __sk_buff *skb)
{
	__u64 *v; LOOK(v, vals);
	return v[25]; // EDIT the last index is 20, v[20]
}

SEC("tc")
int counted_in_memory(struct __sk_buff *skb)
{
	while (*(volatile __u32 *)&count < 7) // EDIT
		(*(volatile __u32 *)&count)++; // EDIT not followed
	return 0;
}
