// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults of return values, packet loads, atomics, and of program attributes.
// EXPECT prog=verdict_two target=linux-6.18 verdict=reject code=program-return-value class=prog_ret insn=1
// EXPECT prog=verdict_unknown target=linux-6.18 verdict=reject code=program-return-value class=prog_ret insn=1
// EXPECT prog=ld_abs_without_ctx target=linux-6.18 verdict=reject code=uninitialized-register-read class=uninit_reg insn=0
// EXPECT prog=ld_abs_xdp target=linux-6.18 verdict=reject code=ld-abs-misuse class=ld_abs insn=1
// EXPECT prog=ld_abs_with_reference target=linux-6.18 verdict=reject code=reference-leak class=ref_leak insn=8
// EXPECT prog=atomic_packet target=linux-6.18 verdict=reject code=atomic-misuse class=atomic insn=6
// EXPECT prog=atomic_ctx target=linux-6.18 verdict=reject code=atomic-misuse class=atomic insn=1
// EXPECT prog=atomic_half target=linux-6.18 verdict=reject code=atomic-misuse class=atomic insn=2
// EXPECT prog=callback_stack target=linux-6.18 verdict=accept insns=17 processed=18
// EXPECT prog=global_bad_body target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=6
// EXPECT prog=global_returns_pointer target=linux-6.18 verdict=reject code=subprogram-return class=subprog_ret insn=7
// EXPECT prog=bind_returns_four target=linux-6.18 verdict=reject code=program-return-value class=prog_ret insn=1
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");

SEC("cgroup/sysctl") int verdict_two(struct bpf_sysctl *ctx)
{
	return 2; // ERROR program-return-value
}

SEC("cgroup/sysctl") int verdict_unknown(struct bpf_sysctl *ctx)
{
	return ctx->file_pos; // ERROR program-return-value
}

// The load takes the context from R6.
SEC("socket") __naked int ld_abs_without_ctx(void)
{
	ASM("r0 = *(u8 *)skb[0];"); // ERROR uninitialized-register-read
	ASM("exit;");
}

SEC("xdp") __naked int ld_abs_xdp(void)
{
	ASM("r6 = r1;");
	ASM("r0 = *(u8 *)skb[0];"); // ERROR ld-abs-misuse
	ASM("exit;");
}

SEC("tc") __naked int ld_abs_with_reference(void)
{
	ASM("r6 = r1;"
	    "r1 = %[events] ll;"
	    "r2 = 16; r3 = 0;"
	    "call %[bpf_ringbuf_reserve];"
	    "if r0 == 0 goto 1f;"
	    "r7 = r0;", IMM(bpf_ringbuf_reserve), ADDR(events));
	ASM("r0 = *(u8 *)skb[0];"); // leaves the program where the packet is too short // ERROR reference-leak
	ASM("r1 = r7; r2 = 0; call %[bpf_ringbuf_discard];"
	    "1: r0 = 0; exit;", IMM(bpf_ringbuf_discard));
}

SEC("xdp") __naked int atomic_packet(void)
{
	ASM("r2 = *(u32 *)(r1 + 0);"
	    "r3 = *(u32 *)(r1 + 4);"
	    "r4 = r2; r4 += 8;"
	    "r0 = 2;"
	    "if r4 > r3 goto 1f;");
	ASM("lock *(u32 *)(r2 + 0) += r0;"); // ERROR atomic-misuse
	ASM("1: exit;");
}

SEC("tc") __naked int atomic_ctx(void)
{
	ASM("r0 = 0;");
	ASM("lock *(u32 *)(r1 + 8) += r0;"); // ERROR atomic-misuse
	ASM("exit;");
}

SEC("tc") __naked int atomic_half(void)
{
	ASM("r0 = 0;"
	    "*(u64 *)(r10 - 8) = r0;");
	ASM(".8byte 0x00000000fff80acb;"); // atomic add of two bytes // ERROR atomic-misuse
	ASM("exit;");
}

static long fill(__u32 index, void *data)
{
	char *buffer = data;

	if (index < 16)
		buffer[index] = index;
	return 0;
}

SEC("tc") int callback_stack(struct __sk_buff *skb)
{
	char buffer[16];

	bpf_loop(16, fill, buffer, 0);
	return buffer[5];
}

// Checked on its own: nothing is known of the value behind the pointer.
__noinline int walk(__u64 *words)
{
	return *words; // ERROR not-a-pointer-dereference
}

SEC("tc") int global_bad_body(struct __sk_buff *skb)
{
	__u64 word = 0;

	return walk(&word);
}

__noinline long leak(struct __sk_buff *skb)
{
	return (long)skb; // ERROR subprogram-return
}

SEC("tc") int global_returns_pointer(struct __sk_buff *skb)
{
	return leak(skb) == 0;
}

SEC("cgroup/sendmsg4") int bind_returns_four(struct bpf_sock_addr *ctx)
{
	return 4; // ERROR program-return-value
}
