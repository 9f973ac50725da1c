// SPDX-License-Identifier: MIT OR Apache-2.0
// BUILD -mcpu=v2
// Indices as compilers without comparisons of 32 bits have them: the load has the place of
// the whole statement, the sum that of the element. Marks as in `places.c`.
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

__u32 table[40];
__u32 rest[8];
__u64 wide;
__u16 half;
__u32 out;

SEC("tc")
int plus(struct __sk_buff *skb)
{
	// HELP __u64 checked = slot + 8;
	// HELP if (checked > 39)
	__u64 slot = wide;
	return table[slot + 8]; // EDIT
}

SEC("tc")
int minus(struct __sk_buff *skb)
{
	// HELP __u64 checked = i - 2;
	// HELP if (checked > 39)
	__u64 i = wide;
	return table[i - 2]; // EDIT
}

SEC("tc")
int plain(struct __sk_buff *skb)
{
	// HELP if (i > 39)
	__u64 i = wide;
	return table[i]; // EDIT
}

SEC("tc")
int turned_bits(struct __sk_buff *skb)
{
	// HELP __u64 checked = i ^ 5;
	// HELP if (checked > 39)
	__u64 i = wide;
	return table[i ^ 5]; // EDIT
}

SEC("tc")
int threefold(struct __sk_buff *skb)
{
	// HELP __u64 checked = n * 3;
	// HELP if (checked > 39)
	__u64 n = wide;
	return table[n * 3]; // EDIT
}

SEC("tc")
int in_two_steps(struct __sk_buff *skb)
{
	// HELP if (i > 31)
	__u64 i = wide;
	__u32 *p = table + i;
	p += 8;
	out = *p; // EDIT
	return 0;
}

SEC("tc")
int half_plus(struct __sk_buff *skb)
{
	// HELP __u64 checked = slot + 8;
	// HELP if (checked > 39)
	__u64 slot = half;
	return table[slot + 8]; // EDIT
}

SEC("tc")
int half_minus(struct __sk_buff *skb)
{
	// HELP __u64 checked = i - 2;
	// HELP if (checked > 39)
	__u64 i = half;
	return table[i - 2]; // EDIT
}

SEC("tc")
int half_turned(struct __sk_buff *skb)
{
	// HELP __u64 checked = i ^ 5;
	// HELP if (checked > 39)
	__u64 i = half;
	return table[i ^ 5]; // EDIT
}

SEC("tc")
int half_threefold(struct __sk_buff *skb)
{
	// HELP __u64 checked = n * 3;
	// HELP if (checked > 39)
	__u64 n = half;
	return table[n * 3]; // EDIT
}

SEC("tc")
int half_declared(struct __sk_buff *skb)
{
	// NO EDIT
	// NEVER if (n >
	__u64 n = half + 8;
	__u32 *p = table + n;
	out = *p; // EDIT
	return 0;
}

SEC("tp_btf/task_newtask")
int released_first(__u64 *ctx)
{
	// NO EDIT
	struct task_struct *t = bpf_task_from_pid(1);
	int pid = t->pid; // EDIT
	bpf_task_release(t);
	return pid; // EDIT
}

struct val { __u64 hist[16]; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct val); } vals SEC(".maps");

SEC("tc")
int kept_already(struct __sk_buff *skb)
{
	// NEVER barrier_var
	__u32 zero = 0;
	struct val *v = bpf_map_lookup_elem(&vals, &zero);
	if (!v)
		return 0;
	__u32 i = bpf_get_prandom_u32();
	asm volatile("" : "+r"(i));
	if (i > 15)
		return 0;
	opaque(i);
	v->hist[i] = 1; // EDIT
	return 0;
}

SEC("tc")
int of_the_opposite(struct __sk_buff *skb)
{
	// NEVER barrier_var
	// NEVER is right
	__u32 zero = 0;
	struct val *v = bpf_map_lookup_elem(&vals, &zero);
	if (!v)
		return 0;
	__s64 i = skb->mark;
	if (i > 15)
		return 0;
	opaque(i);
	v->hist[-i] = 1; // EDIT
	return 0;
}

SEC("tc")
int zero_length(struct __sk_buff *skb)
{
	// HELP if (len == 0)
	// UNTESTED
	char buf[64];
	__u32 len = skb->len;
	if (len > sizeof(buf))
		return 0;
	return bpf_skb_load_bytes(skb, 0, buf, len); // EDIT
}
