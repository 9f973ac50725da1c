// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs that never do wrong and that the kernel refuses all the same: its
// domains cannot follow the proof. A verdict of `accept` here would be a fault.
// EXPECT prog=or_as_add target=linux-6.18 verdict=reject code=pointer-arithmetic-forbidden class=ptr_arith insn=5
// EXPECT prog=sum_of_two target=linux-6.18 verdict=reject code=map-value-out-of-bounds class=map_value_oob insn=14
// EXPECT prog=check_on_copy target=linux-6.18 verdict=reject code=map-value-out-of-bounds class=map_value_oob insn=13
// EXPECT prog=multiplied_bound target=linux-6.18 verdict=reject code=map-value-out-of-bounds class=map_value_oob insn=13
// EXPECT prog=far_offset target=linux-6.18 verdict=reject code=packet-access-unchecked class=pkt_oob insn=11
// EXPECT prog=length_by_difference target=linux-6.18 verdict=reject code=packet-access-unchecked class=pkt_oob insn=5
// EXPECT prog=counting_callback target=linux-6.18 verdict=reject code=program-too-large class=too_large
// EXPECT prog=masked_key target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=8
// EXPECT prog=division_remainder target=linux-6.18 verdict=reject code=memory-out-of-bounds class=mem_region_oob insn=13
// EXPECT prog=variable_spill target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=11
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u8[64]); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } hash SEC(".maps");

static __always_inline __u8 *value_of(__u32 key)
{
	return bpf_map_lookup_elem(&table, &key);
}

// The slot is aligned, so OR equals ADD; the verifier forbids it on a pointer.
SEC("tc") __naked int or_as_add(void)
{
	ASM("*(u64 *)(r10 - 8) = 0;"
	    "r2 = *(u32 *)(r1 + 0);"
	    "r2 &= 7;"
	    "r3 = r10; r3 += -8;");
	ASM("r3 |= r2;"); // ERROR pointer-arithmetic-forbidden
	ASM("r0 = *(u8 *)(r3 + 0);"
	    "exit;");
}

// i + j <= 63 was checked, not i and j.
SEC("tc") __naked int sum_of_two(void)
{
	ASM("r6 = *(u32 *)(r1 + 8);"
	    "r7 = *(u32 *)(r1 + 4);"
	    "r8 = r6;"
	    "r8 += r7;"
	    "*(u32 *)(r10 - 4) = 0;"
	    "r1 = %[table] ll;"
	    "r2 = r10; r2 += -4;"
	    "call %[bpf_map_lookup_elem];"
	    "if r0 == 0 goto 1f;"
	    "if r8 > 63 goto 1f;"
	    "r6 &= 127;"
	    "r0 += r6;", IMM(bpf_map_lookup_elem), ADDR(table));
	ASM("r0 = *(u8 *)(r0 + 0);"); // ERROR map-value-out-of-bounds
	ASM("1: r0 = 0; exit;");
}

// The check is on a value that was made from the index by a bijection.
SEC("tc") __naked int check_on_copy(void)
{
	ASM("r6 = *(u32 *)(r1 + 8);"
	    "r6 &= 127;"
	    "r7 = r6;"
	    "r7 ^= 1;"
	    "*(u32 *)(r10 - 4) = 0;"
	    "r1 = %[table] ll;"
	    "r2 = r10; r2 += -4;"
	    "call %[bpf_map_lookup_elem];"
	    "if r0 == 0 goto 1f;"
	    "if r7 > 63 goto 1f;"
	    "r0 += r6;", IMM(bpf_map_lookup_elem), ADDR(table));
	ASM("r0 = *(u8 *)(r0 + 0);"); // ERROR map-value-out-of-bounds
	ASM("1: r0 = 0; exit;");
}

// 3 * i <= 189 bounds i; the verifier does not divide.
SEC("tc") __naked int multiplied_bound(void)
{
	ASM("r6 = *(u32 *)(r1 + 8);"
	    "r6 &= 255;"
	    "r7 = r6;"
	    "r7 *= 3;"
	    "*(u32 *)(r10 - 4) = 0;"
	    "r1 = %[table] ll;"
	    "r2 = r10; r2 += -4;"
	    "call %[bpf_map_lookup_elem];"
	    "if r0 == 0 goto 1f;"
	    "if r7 > 189 goto 1f;"
	    "r0 += r6;", IMM(bpf_map_lookup_elem), ADDR(table));
	ASM("r0 = *(u8 *)(r0 + 0);"); // ERROR map-value-out-of-bounds
	ASM("1: r0 = 0; exit;");
}

// The offset may come near 65,535, from where no range is believed.
SEC("xdp") int far_offset(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u16 *at = data;
	__u8 *byte;

	if (at + 1 > (__u16 *)end)
		return XDP_DROP;
	byte = data + *at;
	if (byte + 4 > (__u8 *)end)
		return XDP_DROP;
	return byte[0] ? XDP_PASS : XDP_DROP; // ERROR packet-access-unchecked
}

// end - data is a plain number: a check on it proves nothing of the packet.
SEC("xdp") int length_by_difference(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u64 length = (long)ctx->data_end - (long)ctx->data;

	opaque(length);
	if (length < 14)
		return XDP_DROP;
	return data[13] ? XDP_PASS : XDP_DROP; // ERROR packet-access-unchecked
}

struct visit { __u64 sum, seen; };

static long each(void *map, __u32 *key, __u64 *value, struct visit *v)
{
	v->sum += *value;
	v->seen++;
	return v->seen > 32;
}

// The counter makes each round of the callback a new state.
SEC("tc") int counting_callback(struct __sk_buff *skb)
{
	struct visit v = {};

	bpf_for_each_map_elem(&hash, each, &v, 0);
	return v.seen & 1;
}

// Elements 0 to 3 of an array always exist; only a constant key tells the verifier.
SEC("tc") int masked_key(struct __sk_buff *skb)
{
	return *value_of(skb->len & 3); // ERROR not-a-pointer-dereference
}

// x - (x / 8) * 8 is below 8.
SEC("tc") int division_remainder(struct __sk_buff *skb)
{
	__u8 *value = value_of(0);
	__u64 x = skb->len, q;

	if (!value)
		return 0;
	q = x;
	opaque(q);
	q = q / 8 * 8;
	opaque(q);
	return value[x - q]; // ERROR memory-out-of-bounds
}

// A store at offset 0 or 16 forgets the spill at offset 8 between them.
SEC("tc") __naked int variable_spill(void)
{
	ASM("*(u64 *)(r10 - 32) = 0;"
	    "*(u64 *)(r10 - 24) = r1;"
	    "*(u64 *)(r10 - 16) = 0;"
	    "r2 = *(u32 *)(r1 + 0);"
	    "r2 &= 16;"
	    "r3 = r10; r3 += -32; r3 += r2;"
	    "r4 = 1;"
	    "*(u8 *)(r3 + 0) = r4;"
	    "r1 = *(u64 *)(r10 - 24);");
	ASM("r0 = *(u32 *)(r1 + 0);"); // ERROR not-a-pointer-dereference
	ASM("exit;");
}
