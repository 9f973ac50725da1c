// SPDX-License-Identifier: MIT OR Apache-2.0
// What some releases refuse and others take.
// EXPECT prog=later_tail_call target=linux-6.1 verdict=reject code=verifier-defect-met class=verifier_bug oracle=none
// EXPECT prog=later_tail_call target=linux-6.18 verdict=reject code=verifier-defect-met class=verifier_bug oracle=none
// EXPECT prog=first_byte target=linux-6.12 verdict=reject code=not-a-pointer-dereference needs=btf oracle=none
// EXPECT prog=first_byte target=linux-6.16 verdict=reject code=not-a-pointer-dereference needs=btf oracle=none
// EXPECT prog=first_byte target=linux-6.17 verdict=accept needs=btf oracle=none
// EXPECT prog=result_held target=linux-6.12 verdict=reject code=uninitialized-register-read needs=btf oracle=none
// EXPECT prog=result_held target=linux-6.17 verdict=accept needs=btf oracle=none
// EXPECT prog=result_held target=linux-7.0 verdict=accept needs=btf oracle=none
// EXPECT prog=result_held target=linux-7.1 verdict=reject code=uninitialized-register-read needs=btf oracle=none
// EXPECT prog=sleeps_elsewhere target=linux-6.18 verdict=reject code=function-not-allowed oracle=none
#include "corpus.h"
LICENSE("GPL");

struct alarm { struct bpf_timer timer; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct alarm); } alarms SEC(".maps");

// The call stands where no path leads; a verifier looks at the text.
static int ring(void *map, __u32 *key, struct alarm *a)
{
	ASM("r1 = 1\n if r1 != 0 goto +1\n call 12", "r"(key));
	return 0;
}

SEC("tc") int later_tail_call(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct alarm *a = bpf_map_lookup_elem(&alarms, &key);

	if (a)
		bpf_timer_set_callback(&a->timer, ring);
	return 0;
}

// A field that points to bytes is a number before 6.17, then a pointer to read by.
SEC("tp_btf/consume_skb") int first_byte(unsigned long long *ctx)
{
	struct sk_buff *skb = (struct sk_buff *)ctx[0];

	ASM("", "r"(*skb->head));
	return 0;
}

// What the hook has returned so far narrows what the register held: some releases take it
// for zero.
SEC("lsm/file_open") int result_held(void *ctx)
{
	asm volatile("r1 = %0\n r6 = 0\n r6 = *(u64 *)(r1 + 8)\n if r6 == 0 goto +1\n r1 = r9" :: "r"(ctx) : "r1", "r6");
	return 0;
}

// A helper that other programs sleep in is none for this one.
__noinline int inode_hash(int n)
{
	ASM("call 161", "r"(n));
	return n;
}

SEC("cgroup/dev") int sleeps_elsewhere(void *ctx)
{
	return inode_hash(1) & 1;
}
