// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults of helper calls: which helper, and its arguments.
// EXPECT prog=no_such_helper target=linux-6.18 verdict=reject code=unknown-function class=unknown_func insn=0
// EXPECT prog=foreign_helper target=linux-6.18 verdict=reject code=function-not-allowed class=func_not_allowed insn=1
// EXPECT prog=wrong_map target=linux-6.18 verdict=reject code=map-type-helper-mismatch class=map_func insn=7
// EXPECT prog=scalar_for_map target=linux-6.18 verdict=reject code=argument-type-mismatch class=type_expected insn=5
// EXPECT prog=null_key target=linux-6.18 verdict=reject code=argument-type-mismatch class=type_expected insn=3
// EXPECT prog=maybe_null_value target=linux-6.18 verdict=reject code=argument-type-mismatch class=type_expected insn=10
// EXPECT prog=size_unbounded target=linux-6.18 verdict=reject code=unbounded-access class=unbounded insn=6
// EXPECT prog=size_negative target=linux-6.18 verdict=reject code=possibly-negative-offset class=min_negative insn=8
// EXPECT prog=size_zero target=linux-6.18 verdict=reject code=memory-length-mismatch class=mem_len_pair insn=6
// EXPECT prog=reserve_unknown target=linux-6.18 verdict=reject code=argument-not-constant class=must_be_const insn=5
// EXPECT prog=string_writable target=linux-6.18 verdict=reject code=map-not-read-only class=readonly_map insn=7
// EXPECT prog=string_open target=linux-6.18 verdict=reject code=argument-not-constant-string class=const_str insn=7
// EXPECT prog=format_bad target=linux-6.18 verdict=reject code=argument-not-constant-string class=const_str insn=10
// EXPECT prog=key_short target=linux-6.18 verdict=reject code=stack-out-of-bounds class=stack_oob insn=5
// EXPECT prog=write_rodata target=linux-6.18 verdict=reject code=read-only-memory-write class=ro_write insn=4
// EXPECT prog=ctx_wanted target=linux-6.18 verdict=reject code=argument-type-mismatch class=type_expected insn=5
// EXPECT prog=socket_unowned target=linux-6.18 verdict=reject code=reference-not-acquired class=ref_not_acquired insn=3
// EXPECT prog=pointer_as_size target=linux-6.18 verdict=reject code=argument-type-mismatch class=type_expected insn=4
// EXPECT prog=packet_key_unchecked target=linux-6.18 verdict=reject code=packet-access-unchecked class=pkt_oob insn=3
// EXPECT prog=alloc_mem_offset target=linux-6.18 verdict=reject code=released-pointer-offset class=ref_state_generic insn=9
// EXPECT prog=mixed_memory target=linux-6.18 verdict=reject code=instruction-used-with-mixed-pointers class=same_insn insn=6
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64[8]); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u64); __type(value, __u64); } hash SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
const char not_closed[4] SEC(".rodata.open") = { 'o', 'p', 'e', 'n' };
const char percent_q[] = "%q";
char changing[] = "text";
const volatile __u64 constant[4] = { 1, 2, 3, 4 };

SEC("xdp") __naked int no_such_helper(void)
{
	ASM("call 60000;"); // ERROR unknown-function
	ASM("exit;");
}

SEC("xdp") int foreign_helper(struct xdp_md *ctx)
{
	return bpf_skb_pull_data(ctx, 10); // ERROR function-not-allowed
}

SEC("xdp") int wrong_map(struct xdp_md *ctx)
{
	__u64 key = 0;

	return bpf_map_push_elem(&hash, &key, 0); // ERROR map-type-helper-mismatch
}

SEC("xdp") int scalar_for_map(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_delete_elem((void *)(long)ctx->rx_queue_index, &key); // ERROR argument-type-mismatch
}

SEC("xdp") int null_key(struct xdp_md *ctx)
{
	return bpf_map_delete_elem(&hash, NULL); // ERROR argument-type-mismatch
}

// One lookup's value, unchecked, as another's key.
SEC("xdp") int maybe_null_value(struct xdp_md *ctx)
{
	__u64 key = ctx->rx_queue_index;
	void *value = bpf_map_lookup_elem(&hash, &key);

	return bpf_map_delete_elem(&hash, value); // ERROR argument-type-mismatch
}

SEC("tc") int size_unbounded(struct __sk_buff *skb)
{
	char buffer[64];
	__u64 size = skb->len;

	return size ? bpf_skb_load_bytes(skb, 0, buffer, size) : 0; // ERROR unbounded-access
}

SEC("tc") int size_negative(struct __sk_buff *skb)
{
	char buffer[64];
	__s64 size = (int)skb->len;

	opaque(size);
	if (size > 64)
		return 0;
	return bpf_skb_load_bytes(skb, 0, buffer, size); // ERROR possibly-negative-offset
}

SEC("tc") int size_zero(struct __sk_buff *skb)
{
	char buffer[64];
	__u64 size = skb->len;

	if (size > 64)
		return 0;
	opaque(size);
	return bpf_skb_load_bytes(skb, 0, buffer, size); // ERROR memory-length-mismatch
}

SEC("tc") int reserve_unknown(struct __sk_buff *skb)
{
	void *record = bpf_ringbuf_reserve(&events, skb->len & 63, 0); // ERROR argument-not-constant

	if (record)
		bpf_ringbuf_discard(record, 0);
	return 0;
}

SEC("tc") int string_writable(struct __sk_buff *skb)
{
	char name[8] = "text";

	return bpf_strncmp(name, sizeof(name), changing); // ERROR map-not-read-only
}

SEC("tc") int string_open(struct __sk_buff *skb)
{
	char name[8] = "text";

	return bpf_strncmp(name, sizeof(name), not_closed); // ERROR argument-not-constant-string
}

SEC("tc") int format_bad(struct __sk_buff *skb)
{
	char out[16];
	__u64 arg = skb->len;

	return bpf_snprintf(out, sizeof(out), percent_q, &arg, sizeof(arg)); // ERROR argument-not-constant-string
}

// The hash's key has eight bytes; only four lie above R10 - 4.
SEC("xdp") __naked int key_short(void)
{
	ASM("*(u32 *)(r10 - 4) = 0;"
	    "r1 = %[hash] ll;"
	    "r2 = r10; r2 += -4;", ADDR(hash));
	ASM("call %[bpf_map_lookup_elem];", IMM(bpf_map_lookup_elem)); // ERROR stack-out-of-bounds
	ASM("r0 = 0; exit;");
}

SEC("tc") int write_rodata(struct __sk_buff *skb)
{
	return bpf_skb_load_bytes(skb, 0, (void *)constant, sizeof(constant)); // ERROR read-only-memory-write
}

SEC("tc") int ctx_wanted(struct __sk_buff *skb)
{
	__u64 fake = 0;

	return bpf_skb_pull_data(&fake, 4); // ERROR argument-type-mismatch
}

// A socket read from the context is not one that may be released.
SEC("tc") int socket_unowned(struct __sk_buff *skb)
{
	return skb->sk ? bpf_sk_release(skb->sk) : 0; // ERROR reference-not-acquired
}

SEC("tc") int pointer_as_size(struct __sk_buff *skb)
{
	char buffer[8];

	return bpf_skb_load_bytes(skb, 0, buffer, (__u64)buffer); // ERROR argument-type-mismatch
}

SEC("xdp") int packet_key_unchecked(struct xdp_md *ctx)
{
	return bpf_map_lookup_elem(&hash, (void *)(long)ctx->data) ? XDP_PASS : XDP_DROP; // ERROR packet-access-unchecked
}

SEC("tc") int alloc_mem_offset(struct __sk_buff *skb)
{
	char *record = bpf_ringbuf_reserve(&events, 16, 0);

	if (record)
		bpf_ringbuf_submit(record + 8, 0); // ERROR released-pointer-offset
	return 0;
}

// One load through a context pointer on one path and a stack pointer on the other.
SEC("tc") __naked int mixed_memory(void)
{
	ASM("*(u64 *)(r10 - 8) = 0;"
	    "r6 = r1;"
	    "call %[bpf_get_prandom_u32];"
	    "if r0 == 0 goto 1f;"
	    "r6 = r10; r6 += -8;", IMM(bpf_get_prandom_u32));
	ASM("1: r0 = *(u32 *)(r6 + 0);"); // ERROR instruction-used-with-mixed-pointers
	ASM("exit;");
}
