// SPDX-License-Identifier: MIT OR Apache-2.0
// BUILD -mcpu=v4
// Instructions of the newest ISA: sign-extending loads and moves, signed
// division, byte swaps, long jumps, store-release and load-acquire; atomics of v3.
// EXPECT prog=arithmetic target=linux-6.18 verdict=accept insns=21 processed=20
// EXPECT prog=signed_loads target=linux-6.18 verdict=accept insns=17 processed=15
// EXPECT prog=atomics target=linux-6.18 verdict=accept insns=42 processed=42
// EXPECT prog=ordered target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=far target=linux-6.18 verdict=accept insns=6 processed=7
// EXPECT prog=may target=linux-6.18 verdict=accept insns=16 processed=56
// EXPECT prog=halves target=linux-6.18 verdict=accept insns=12 processed=14
#include "corpus.h"
LICENSE("GPL");

struct shared { __u64 a, b; __u32 c, d; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, struct shared); } shared SEC(".maps");
__s8 bytes[16] = { -1, 2, -3 };
__s16 words[16];
__s64 out;

SEC("tc") int arithmetic(struct __sk_buff *skb)
{
	__s32 a = skb->mark, b = skb->hash;
	__s64 c = skb->tstamp;
	__s8 narrow = a;

	out = (a / (b | 1)) + (c % 7) + narrow;
	out += __builtin_bswap64(c) ^ __builtin_bswap16(b);
	return out >> 3;
}

SEC("tc") int signed_loads(struct __sk_buff *skb)
{
	__u32 at = skb->len & 15;
	int index = bytes[at];

	if (index < 0)
		index = -index;
	return words[index & 15];
}

SEC("tc") int atomics(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct shared *s = bpf_map_lookup_elem(&shared, &key);
	__u64 old = 0, local = 5;

	if (!s)
		return 0;
	__sync_fetch_and_add(&s->a, 3);
	old += __sync_fetch_and_add(&s->b, skb->len);
	old += __sync_fetch_and_or(&s->a, 0xf0);
	old += __sync_fetch_and_and(&s->c, 0xff);
	old += __sync_fetch_and_xor(&s->d, 1);
	old += __sync_lock_test_and_set(&s->c, 9);
	old += __sync_val_compare_and_swap(&s->b, old, 1);
	old += __sync_val_compare_and_swap(&s->d, 2, 3);
	old += __sync_fetch_and_add(&local, 1);
	return old + local;
}

SEC("tc") int ordered(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct shared *s = bpf_map_lookup_elem(&shared, &key);
	__u64 seen;

	if (!s)
		return 0;
	seen = __atomic_load_n(&s->a, __ATOMIC_ACQUIRE);
	__atomic_store_n(&s->b, seen + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&s->c, skb->len, __ATOMIC_RELEASE);
	return __atomic_load_n(&s->d, __ATOMIC_ACQUIRE);
}

SEC("tc") __naked int far(void)
{
	ASM("r0 = 1;"
	    "r2 = *(u32 *)(r1 + 0);"
	    "if r2 == 0 goto 1f;"
	    "gotol 2f;"
	    "1: r0 = 2;"
	    "2: exit;");
}

// may_goto bounds a loop that nothing else does.
SEC("tc") int may(struct __sk_buff *skb)
{
	__u32 x = skb->hash, n = 0;

	while (x != 1) {
		asm volatile goto("may_goto %l[done]" :::: done);
		x = x & 1 ? 3 * x + 1 : x / 2;
		n++;
	}
done:
	return n;
}

// 32-bit compares teach 64-bit bounds after zero extension.
SEC("tc") __naked int halves(void)
{
	ASM("*(u64 *)(r10 - 8) = 0;"
	    "r2 = *(u32 *)(r1 + 8);"
	    "r3 = r2;"
	    "r0 = 0;"
	    "if w2 s> 7 goto 1f;"
	    "if w2 s< 0 goto 1f;"
	    "w3 = w2;"
	    "r4 = r10; r4 += -8; r4 += r3;"
	    "r0 = *(u8 *)(r4 + 0);"
	    "1: exit;");
}
