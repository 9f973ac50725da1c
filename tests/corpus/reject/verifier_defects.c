// SPDX-License-Identifier: MIT OR Apache-2.0
// Sound programs over which the verifier stumbles.
// EXPECT prog=loop_count_pointer target=linux-6.18 verdict=reject code=verifier-defect-met class=verifier_bug insn=4
// EXPECT prog=loop_count target=linux-6.18 verdict=accept processed=10
// EXPECT prog=dead_callback target=linux-6.18 verdict=reject code=verifier-defect-met class=jit
// EXPECT prog=replaced_callback target=linux-6.18 verdict=accept processed=6
// EXPECT prog=throw_in_loop target=linux-6.18 verdict=reject code=verifier-defect-met class=verifier_bug insn=3 needs=btf
// EXPECT prog=throw_in_loop target=linux-6.12 verdict=accept needs=btf
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

static long (*const loop)(const void *count, const void *body, const void *data, __u64 flags) = (void *)181;

static int body(__u32 index, void *data)
{
	return 0;
}

SEC("tc") int loop_count_pointer(struct __sk_buff *skb)
{
	loop(skb, body, NULL, 0); // ERROR verifier-defect-met
	return 0;
}

SEC("tc") int loop_count(struct __sk_buff *skb)
{
	loop((void *)8, body, NULL, 0);
	return 0;
}

static __noinline int used(struct __sk_buff *skb)
{
	return skb->len;
}

static __noinline int unused(__u32 index, void *data)
{
	return index;
}

SEC("tc") int dead_callback(struct __sk_buff *skb)
{
	int length = used(skb);
	ASM("", "r"(unused));
	return length & 1;
}

SEC("tc") int replaced_callback(struct __sk_buff *skb)
{
	ASM("", "r"(unused));
	return used(skb) & 1;
}

SEC("tc") int throw_in_loop(struct __sk_buff *skb)
{
	while (bpf_get_prandom_u32() != 3)
		bpf_throw(0); // ERROR verifier-defect-met
	return 0;
}
