// SPDX-License-Identifier: MIT OR Apache-2.0
// Elements of arrays in arrays and structures of globals, indices that do more than name a
// variable, statements that set what would be compared; what is no NULL, and what does not
// sleep. Marks as in `places.c`.
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct glob { __u32 n; __u32 tail[8]; };
__u32 grid[4][10];
struct glob globs[3];
__u32 table[40];
__u64 wide;

static __noinline __u64 asked(struct __sk_buff *skb)
{
	return skb->mark;
}

SEC("tc")
int inner(struct __sk_buff *skb)
{
	// NO EDIT
	// NEVER i > 163
	__u64 i = wide;
	return grid[1][i]; // EDIT
}

SEC("tc")
int outer(struct __sk_buff *skb)
{
	// NO EDIT
	// NEVER i > 17
	__u64 i = wide;
	return grid[i][2]; // EDIT
}

SEC("tc")
int in_structure(struct __sk_buff *skb)
{
	// NO EDIT
	// NEVER i > 57
	__u64 i = wide;
	return globs[1].tail[i]; // EDIT
}

SEC("tc")
int in_condition(struct __sk_buff *skb)
{
	// NO EDIT
	__u64 i;
	if ((i = asked(skb)) != 7)
		table[i] = 1; // EDIT
	return 0;
}

SEC("tc")
int stepped(struct __sk_buff *skb)
{
	// NO EDIT
	__u64 i = wide;
	table[i++] = 1; // EDIT
	return i;
}

SEC("tc")
int stepped_before(struct __sk_buff *skb)
{
	// NO EDIT
	__u64 i = wide;
	table[++i] = 1; // EDIT
	return i;
}

SEC("tc")
int narrow_spelling(struct __sk_buff *skb)
{
	// HELP __u64 checked = slot+8;
	// HELP if (checked > 39)
	__u64 slot = wide;
	return table[slot+8]; // EDIT
}

SEC("tc")
int scaled_spelling(struct __sk_buff *skb)
{
	// HELP __u64 checked = i*3;
	// HELP if (checked > 39)
	__u64 i = wide;
	return table[i*3]; // EDIT
}

struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } next SEC(".maps");

SEC("tc")
int leaves_in_section(struct __sk_buff *skb)
{
	// SAYS the section would not end
	// NEVER may sleep
	bpf_rcu_read_lock(); // EDIT
	bpf_tail_call(skb, &next, 0); // EDIT
	bpf_rcu_read_unlock();
	return 0;
}

struct val { __u64 hist[16]; __u64 n; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct val); } vals SEC(".maps");

SEC("tc")
int member_of_null(struct __sk_buff *skb)
{
	// SAYS is NULL
	__u32 key = skb->mark;
	struct val *v = bpf_map_lookup_elem(&vals, &key);
	if (v)
		return 0;
	return *(volatile __u64 *)&v->n; // EDIT
}

SEC("tc")
int low_address(struct __sk_buff *skb)
{
	// NEVER NULL
	return *(volatile int *)1024; // EDIT
}

struct counted { __u64 n; __u64 hist[16]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, struct counted); } counts SEC(".maps");

SEC("tc")
int behind_its_check(struct __sk_buff *skb)
{
	// NO EDIT
	__u32 key = skb->mark;
	struct counted *v = bpf_map_lookup_elem(&counts, &key);
	if (v)
		table[v->n] = 1; // EDIT
	return 0;
}

SEC("tc")
int sum_behind_its_check(struct __sk_buff *skb)
{
	// NO EDIT
	__u32 key = skb->mark;
	struct counted *v = bpf_map_lookup_elem(&counts, &key);
	if (v && table[v->n - 3] == 1) // EDIT
		return 1;
	return 0;
}

SEC("tc")
int in_a_loop(struct __sk_buff *skb)
{
	// NO EDIT
	__u64 i = wide;
	while (table[i - 3] == 1) // EDIT
		i = asked(skb);
	return 0;
}

SEC("tc")
int in_memory(struct __sk_buff *skb)
{
	// HELP __u64 checked = v->n;
	// HELP if (checked > 39)
	__u32 key = skb->mark;
	struct counted *v = bpf_map_lookup_elem(&counts, &key);
	if (!v)
		return 0;
	table[v->n] = 1; // EDIT
	return 0;
}

SEC("tc")
int computed_before(struct __sk_buff *skb)
{
	// HELP if (i > 39)
	__u64 a = wide & 0xff, b = skb->mark & 0xff;
	__u64 i = a + b;
	return table[i]; // EDIT
}
