// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults of memory access by kind of memory.
// EXPECT prog=past_ctx target=linux-6.18 verdict=reject code=context-access-invalid class=ctx_access insn=0
// EXPECT prog=write_len target=linux-6.18 verdict=reject code=context-access-invalid class=ctx_access insn=1
// EXPECT prog=moved_ctx target=linux-6.18 verdict=reject code=modified-pointer-dereference class=ctx_modified_ptr insn=1
// EXPECT prog=ctx_by_index target=linux-6.18 verdict=reject code=context-variable-offset class=ctx_var_off insn=3
// EXPECT prog=before_ctx target=linux-6.18 verdict=reject code=negative-offset-pointer class=neg_off_ptr insn=1
// EXPECT prog=scalar_deref target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=1
// EXPECT prog=no_null_check target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=7
// EXPECT prog=value_oob target=linux-6.18 verdict=reject code=map-value-out-of-bounds class=map_value_oob insn=10
// EXPECT prog=value_index_oob target=linux-6.18 verdict=reject code=map-value-out-of-bounds class=map_value_oob insn=13
// EXPECT prog=value_negative target=linux-6.18 verdict=reject code=unbounded-access class=unbounded insn=14
// EXPECT prog=value_maybe_negative target=linux-6.18 verdict=reject code=possibly-negative-offset class=min_negative insn=11
// EXPECT prog=value_unbounded target=linux-6.18 verdict=reject code=unbounded-access class=unbounded insn=11
// EXPECT prog=packet_unchecked target=linux-6.18 verdict=reject code=packet-access-unchecked class=pkt_oob insn=1
// EXPECT prog=packet_one_short target=linux-6.18 verdict=reject code=packet-access-unchecked class=pkt_oob insn=6
// EXPECT prog=packet_stale target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=8
// EXPECT prog=ringbuf_oob target=linux-6.18 verdict=reject code=memory-out-of-bounds class=mem_region_oob insn=6
// EXPECT prog=stack_above target=linux-6.18 verdict=reject code=stack-out-of-bounds class=stack_oob insn=1
// EXPECT prog=stack_below target=linux-6.18 verdict=reject code=stack-out-of-bounds class=stack_oob insn=1
// EXPECT prog=stack_indexed target=linux-6.18 verdict=reject code=stack-out-of-bounds class=stack_oob insn=6
// EXPECT prog=half_spill target=linux-6.18 verdict=reject code=spill-corrupted class=stack_spill insn=1
// EXPECT prog=misaligned target=linux-6.18 verdict=reject code=misaligned-access class=align insn=1
// EXPECT prog=packet_write target=linux-6.18 verdict=reject code=packet-write-forbidden class=pkt_write insn=7
// EXPECT prog=rodata_write target=linux-6.18 verdict=reject code=read-only-memory-write class=ro_write insn=3
// EXPECT prog=multiplied target=linux-6.18 verdict=reject code=pointer-arithmetic-forbidden class=ptr_arith insn=1
// EXPECT prog=two_pointers target=linux-6.18 verdict=reject code=pointer-arithmetic-forbidden class=ptr_arith insn=1
// EXPECT prog=ctx_end_moved target=linux-6.18 verdict=reject code=pointer-arithmetic-forbidden class=ptr_arith insn=2
// EXPECT prog=lock_read target=linux-6.18 verdict=reject code=spin-lock-misuse class=spin_lock insn=8
// EXPECT prog=sock_oob target=linux-6.18 verdict=reject code=socket-access-invalid class=sock_access insn=2
// EXPECT prog=sock_unchecked target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=1
// EXPECT prog=frame_escape target=linux-6.18 verdict=reject code=stack-pointer-escapes-frame class=cross_frame insn=6
// EXPECT prog=frame_spill target=linux-6.18 verdict=reject code=stack-pointer-escapes-frame class=cross_frame insn=8
// EXPECT prog=map_struct_write target=linux-6.18 verdict=reject code=read-only-memory-write class=ro_write insn=3 needs=btf
// EXPECT prog=dynptr_slot_read target=linux-6.18 verdict=reject code=stack-out-of-bounds class=stack_oob insn=7
#include "corpus.h"
LICENSE("GPL");

struct locked { struct bpf_spin_lock lock; __u32 count; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64[8]); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct locked); } locks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
const volatile __u32 constant = 7;

SEC("xdp") __naked int past_ctx(void)
{
	ASM("r0 = *(u32 *)(r1 + 24);"); // ERROR context-access-invalid
	ASM("exit;");
}

SEC("tc") __naked int write_len(void)
{
	ASM("r0 = 0;");
	ASM("*(u32 *)(r1 + 0) = r0;"); // __sk_buff.len // ERROR context-access-invalid
	ASM("exit;");
}

SEC("tc") __naked int moved_ctx(void)
{
	ASM("r1 += 8;");
	ASM("r0 = *(u32 *)(r1 + 0);"); // ERROR modified-pointer-dereference
	ASM("exit;");
}

SEC("tc") __naked int ctx_by_index(void)
{
	ASM("r2 = *(u32 *)(r1 + 8);");
	ASM("r2 &= 4;");
	ASM("r1 += r2;");
	ASM("r0 = *(u32 *)(r1 + 0);"); // ERROR context-variable-offset
	ASM("exit;");
}

SEC("tc") __naked int before_ctx(void)
{
	ASM("r1 += -8;");
	ASM("r0 = *(u32 *)(r1 + 8);"); // ERROR negative-offset-pointer
	ASM("exit;");
}

SEC("xdp") __naked int scalar_deref(void)
{
	ASM("r2 = *(u32 *)(r1 + 12);");
	ASM("r0 = *(u64 *)(r2 + 0);"); // ERROR not-a-pointer-dereference
	ASM("exit;");
}

SEC("xdp") int no_null_check(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	return value[0]; // ERROR not-a-pointer-dereference
}

SEC("xdp") int value_oob(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	if (!value)
		return XDP_DROP;
	return value[8]; // ERROR map-value-out-of-bounds
}

SEC("xdp") int value_index_oob(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	if (!value || key > 8)
		return XDP_DROP;
	return value[key]; // ERROR map-value-out-of-bounds
}

SEC("xdp") int value_negative(struct xdp_md *ctx)
{
	int index = ctx->rx_queue_index;
	__u64 *value = bpf_map_lookup_elem(&table, &index);

	if (!value || index > 7)
		return XDP_DROP;
	return value[index]; // ERROR unbounded-access
}

// Signed bounds are known but reach below zero.
SEC("xdp") __naked int value_maybe_negative(void)
{
	ASM("*(u32 *)(r10 - 4) = 0;"
	    "r6 = *(u32 *)(r1 + 12);"
	    "r6 &= 7;"
	    "r6 += -4;"
	    "r1 = %[table] ll;"
	    "r2 = r10; r2 += -4;"
	    "call %[bpf_map_lookup_elem];"
	    "if r0 == 0 goto 1f;"
	    "r0 += r6;", IMM(bpf_map_lookup_elem), ADDR(table));
	ASM("r0 = *(u8 *)(r0 + 0);"); // ERROR possibly-negative-offset
	ASM("1: r0 = 0; exit;");
}

SEC("xdp") __naked int value_unbounded(void)
{
	ASM("*(u32 *)(r10 - 4) = 0;"
	    "r1 = %[table] ll;"
	    "r2 = r10; r2 += -4;"
	    "call %[bpf_map_lookup_elem];"
	    "if r0 == 0 goto 1f;"
	    "r6 = r0;"
	    "call %[bpf_ktime_get_ns];"
	    "r0 &= 0x7fffffff;"
	    "r6 += r0;", IMM(bpf_map_lookup_elem), IMM(bpf_ktime_get_ns), ADDR(table));
	ASM("r0 = *(u8 *)(r6 + 0);"); // ERROR unbounded-access
	ASM("1: r0 = 0; exit;");
}

SEC("xdp") int packet_unchecked(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	return eth->h_proto == htons(ETH_P_IP) ? XDP_PASS : XDP_DROP; // ERROR packet-access-unchecked
}

SEC("xdp") __naked int packet_one_short(void)
{
	ASM("r2 = *(u32 *)(r1 + 0);"
	    "r3 = *(u32 *)(r1 + 4);"
	    "r4 = r2; r4 += 13;"
	    "r0 = 1;"
	    "if r4 > r3 goto 1f;");
	ASM("r0 = *(u16 *)(r2 + 12);"); // ERROR packet-access-unchecked
	ASM("1: exit;");
}

// Pulling data may move the packet: the earlier check is void.
SEC("tc") int packet_stale(struct __sk_buff *skb)
{
	struct ethhdr *eth = (void *)(long)skb->data;

	if (eth + 1 > (struct ethhdr *)(long)skb->data_end)
		return TC_ACT_SHOT;
	bpf_skb_pull_data(skb, 64);
	return eth->h_proto; // ERROR not-a-pointer-dereference
}

SEC("tc") __naked int ringbuf_oob(void)
{
	ASM("r1 = %[events] ll;"
	    "r2 = 16; r3 = 0;"
	    "call %[bpf_ringbuf_reserve];"
	    "if r0 == 0 goto 1f;", IMM(bpf_ringbuf_reserve), ADDR(events));
	ASM("*(u64 *)(r0 + 16) = 1;"); // ERROR memory-out-of-bounds
	ASM("r1 = r0; r2 = 0; call %[bpf_ringbuf_submit];"
	    "1: r0 = 0; exit;", IMM(bpf_ringbuf_submit));
}

SEC("socket") __naked int stack_above(void)
{
	ASM("r0 = 0;");
	ASM("*(u64 *)(r10 + 0) = r0;"); // ERROR stack-out-of-bounds
	ASM("exit;");
}

SEC("socket") __naked int stack_below(void)
{
	ASM("r0 = 0;");
	ASM("*(u64 *)(r10 - 520) = r0;"); // ERROR stack-out-of-bounds
	ASM("exit;");
}

SEC("socket") __naked int stack_indexed(void)
{
	ASM("r2 = *(u32 *)(r1 + 0);"
	    "r2 &= 63;"
	    "r3 = r10; r3 += -32; r3 += r2;"
	    "r0 = 0;");
	ASM("*(u8 *)(r3 + 0) = r0;"); // ERROR stack-out-of-bounds
	ASM("exit;");
}

SEC("socket") __naked int half_spill(void)
{
	ASM("r0 = 0;");
	ASM("*(u32 *)(r10 - 8) = r1;"); // ERROR spill-corrupted
	ASM("exit;");
}

SEC("socket") __naked int misaligned(void)
{
	ASM("r0 = 0;");
	ASM("*(u64 *)(r10 - 12) = r0;"); // ERROR misaligned-access
	ASM("exit;");
}

SEC("cgroup_skb/ingress") int packet_write(struct __sk_buff *skb)
{
	struct iphdr *ip = (void *)(long)skb->data;

	if (ip + 1 > (struct iphdr *)(long)skb->data_end)
		return 0;
	ip->ttl = 1; // ERROR packet-write-forbidden
	return 1;
}

SEC("xdp") int rodata_write(struct xdp_md *ctx)
{
	*(volatile __u32 *)&constant = ctx->rx_queue_index; // ERROR read-only-memory-write
	return XDP_PASS;
}

SEC("xdp") __naked int multiplied(void)
{
	ASM("r0 = 0;");
	ASM("r1 *= 2;"); // ERROR pointer-arithmetic-forbidden
	ASM("exit;");
}

SEC("xdp") __naked int two_pointers(void)
{
	ASM("r0 = 0;");
	ASM("r1 += r10;"); // ERROR pointer-arithmetic-forbidden
	ASM("exit;");
}

SEC("xdp") __naked int ctx_end_moved(void)
{
	ASM("r0 = 0;"
	    "r3 = *(u32 *)(r1 + 4);");
	ASM("r3 += -8;"); // ERROR pointer-arithmetic-forbidden
	ASM("exit;");
}

SEC("tc") int lock_read(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct locked *value = bpf_map_lookup_elem(&locks, &key);

	return value ? *(volatile __u32 *)&value->lock.val : 0; // ERROR spin-lock-misuse
}

SEC("cgroup_skb/egress") __naked int sock_oob(void)
{
	ASM("r1 = *(u64 *)(r1 + 168);" // sk
	    "if r1 == 0 goto 1f;");
	ASM("r0 = *(u32 *)(r1 + 80);"); // ERROR socket-access-invalid
	ASM("1: r0 = 1; exit;");
}

SEC("cgroup_skb/egress") int sock_unchecked(struct __sk_buff *skb)
{
	return skb->sk->family == AF_INET; // ERROR not-a-pointer-dereference
}

static __noinline __naked void *give_stack(void)
{
	ASM("*(u64 *)(r10 - 8) = 0;");
	ASM("r0 = r10; r0 += -8;" // ERROR stack-pointer-escapes-frame
	    "exit;");
}

SEC("socket") int frame_escape(struct __sk_buff *skb)
{
	__u64 *value = give_stack();

	return *value;
}

static __noinline int store_own(void *volatile *to)
{
	char local[8];

	barrier();
	*to = local; // ERROR stack-pointer-escapes-frame
	barrier();
	return local[0];
}

SEC("socket") int frame_spill(struct __sk_buff *skb)
{
	void *volatile slot = NULL;

	return store_own(&slot);
}

SEC("socket") __naked int map_struct_write(void)
{
	ASM("r1 = %[table] ll;"
	    "r0 = 0;", ADDR(table));
	ASM("*(u64 *)(r1 + 0) = r0;"); // ERROR read-only-memory-write
	ASM("exit;");
}

SEC("tc") __naked int dynptr_slot_read(void)
{
	ASM("r1 = %[events] ll;"
	    "r2 = 16; r3 = 0;"
	    "r4 = r10; r4 += -16;"
	    "call %[bpf_ringbuf_reserve_dynptr];", IMM(bpf_ringbuf_reserve_dynptr), ADDR(events));
	ASM("r6 = *(u64 *)(r10 - 16);"); // ERROR stack-out-of-bounds
	ASM("r1 = r10; r1 += -16; r2 = 0;"
	    "call %[bpf_ringbuf_discard_dynptr];"
	    "r0 = 0; exit;", IMM(bpf_ringbuf_discard_dynptr));
}
