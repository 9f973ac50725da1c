// SPDX-License-Identifier: MIT OR Apache-2.0
// BUILD -mcpu=v4
// Arena memory and exceptions.
// EXPECT prog=fill_arena target=linux-6.18 verdict=accept insns=31 processed=722 needs=btf
// EXPECT prog=arena_list target=linux-6.18 verdict=accept insns=45 processed=65 needs=btf
// EXPECT prog=thrower target=linux-6.18 verdict=accept insns=6 processed=6 needs=btf
// EXPECT prog=asserting target=linux-6.18 verdict=accept insns=19 processed=17 needs=btf
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} arena SEC(".maps");
struct cell { struct cell __arena *next; __u64 value; };
struct cell __arena *head;
__u64 sum;
static const volatile __u8 weights[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

SEC("syscall") int fill_arena(void *ctx)
{
	__u32 __arena *page = bpf_arena_alloc_pages(&arena, NULL, 2, -1, 0);

	if (!page)
		return 1;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < 100; i++)
		page[i] = i * i;
	sum = page[7];
	bpf_arena_free_pages(&arena, page, 2);
	return 0;
}

SEC("syscall") int arena_list(void *ctx)
{
	struct cell __arena *c = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	struct bpf_iter_num it;

	if (!c)
		return 1;
	c->value = 7;
	c->next = head;
	head = c;
	bpf_iter_num_new(&it, 0, 1000);
	while (bpf_iter_num_next(&it)) {
		if (!c)
			break;
		sum += c->value;
		c = c->next;
	}
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("tc") int thrower(struct __sk_buff *skb)
{
	if (skb->len < 14)
		bpf_throw(0);
	return TC_ACT_OK;
}

__noinline static int checked_index(__u64 i)
{
	if (i >= 8)
		bpf_throw(i);
	return i;
}

__noinline int handler(__u64 cookie)
{
	sum = cookie;
	return TC_ACT_SHOT;
}

__attribute__((btf_decl_tag("exception_callback:handler")))
SEC("tc") int asserting(struct __sk_buff *skb)
{
	return weights[checked_index(skb->hash) & 7];
}
