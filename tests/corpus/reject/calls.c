// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults of subprogram calls, their stack, and program-wide limits.
// EXPECT prog=nine_frames target=linux-6.18 verdict=reject code=call-depth-exceeded class=call_depth insn=35
// EXPECT prog=recursion target=linux-6.18 verdict=reject code=call-depth-exceeded class=call_depth insn=7
// EXPECT prog=deep_stack target=linux-6.18 verdict=reject code=combined-stack-too-big class=stack_too_big
// EXPECT prog=tail_call_below_stack target=linux-6.18 verdict=reject code=tail-call-misuse class=tailcall_stack
// EXPECT prog=global_needs_nonnull target=linux-6.18 verdict=reject code=subprogram-arguments class=subprog_args insn=8
// EXPECT prog=wild_callback target=linux-6.18 verdict=reject code=argument-type-mismatch class=type_expected insn=4
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 4); } jumps SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } table SEC(".maps");

#define FRAME(n, next) static __noinline int frame##n(int x) { opaque(x); x = next(x + n); opaque(x); return x; }
static __noinline int frame8(int x) { opaque(x); return x; }
FRAME(7, frame8) FRAME(6, frame7) FRAME(5, frame6) FRAME(4, frame5) // ERROR call-depth-exceeded
FRAME(3, frame4) FRAME(2, frame3) FRAME(1, frame2)

SEC("tc") int nine_frames(struct __sk_buff *skb)
{
	return frame1(skb->len);
}

static __noinline int ping(int x);
static __noinline int pong(int x)
{
	opaque(x);
	x = x ? ping(x - 1) : 0;
	opaque(x);
	return x;
}
static __noinline int ping(int x)
{
	opaque(x);
	x = x ? pong(x - 1) : 0; // ERROR call-depth-exceeded
	opaque(x);
	return x;
}

SEC("tc") int recursion(struct __sk_buff *skb)
{
	return ping(skb->len);
}

static __noinline int hungry(struct __sk_buff *skb)
{
	char buffer[320];

	bpf_skb_load_bytes(skb, 0, buffer, sizeof(buffer));
	barrier();
	return buffer[7];
}

SEC("tc") int deep_stack(struct __sk_buff *skb)
{
	char buffer[256];

	bpf_skb_load_bytes(skb, 0, buffer, sizeof(buffer));
	return hungry(skb) + buffer[3];
}

static __noinline int jumper(struct __sk_buff *skb)
{
	barrier();
	bpf_tail_call(skb, &jumps, 1);
	return 0;
}

SEC("tc") int tail_call_below_stack(struct __sk_buff *skb)
{
	char buffer[300];
	int ret;

	bpf_skb_load_bytes(skb, 0, buffer, sizeof(buffer));
	ret = jumper(skb);
	barrier();
	return ret + buffer[3];
}

__noinline int read_first(__u64 *value __arg_nonnull)
{
	return *value;
}

// The lookup's result may be NULL where the global function wants a value.
SEC("tc") int global_needs_nonnull(struct __sk_buff *skb)
{
	__u32 key = skb->len;

	return read_first(bpf_map_lookup_elem(&table, &key)); // ERROR subprogram-arguments
}

// bpf_loop's second argument must be a function of this program.
SEC("tc") int wild_callback(struct __sk_buff *skb)
{
	return bpf_loop(4, skb, NULL, 0); // ERROR argument-type-mismatch
}
