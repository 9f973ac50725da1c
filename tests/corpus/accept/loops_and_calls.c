// SPDX-License-Identifier: MIT OR Apache-2.0
// Control flow: static and global functions, bpf_loop, for_each callbacks, tail
// calls, bounded loops, large stacks, precision over spills, map-in-map.
// EXPECT prog=checksum target=linux-6.18 verdict=accept insns=42 processed=74
// EXPECT prog=count_elements target=linux-6.18 verdict=accept insns=34 processed=70
// EXPECT prog=dispatcher target=linux-6.18 verdict=accept insns=20 processed=17
// EXPECT prog=stage_one target=linux-6.18 verdict=accept insns=26 processed=37
// EXPECT prog=globals target=linux-6.18 verdict=accept insns=42 processed=210
// EXPECT prog=matrix target=linux-6.18 verdict=accept insns=31 processed=5975
// EXPECT prog=big_stack target=linux-6.18 verdict=accept insns=96 processed=159
// EXPECT prog=nested_maps target=linux-6.18 verdict=accept insns=28 processed=37
// EXPECT prog=options target=linux-6.18 verdict=accept insns=49 processed=6831
// EXPECT prog=sort target=linux-6.18 verdict=accept insns=36 processed=1311
// EXPECT prog=frozen target=linux-6.18 verdict=accept insns=8 processed=5
// EXPECT prog=eight_frames target=linux-6.18 verdict=accept insns=36 processed=36
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } hash SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } percpu SEC(".maps");

int stage_one(struct __sk_buff *skb);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__array(values, int(void *));
} stages SEC(".maps") = { .values = { [1] = (void *)&stage_one } };

struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); } first SEC(".maps"), second SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { &first, &second } };
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} by_name SEC(".maps");

const volatile __u32 mode = 2;
const volatile bool debug = false;
const __u8 weights[16] = { 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3 };
__u64 results[64];

struct sum { struct __sk_buff *skb; __u32 total, bytes; };

static long add_word(__u32 index, struct sum *s)
{
	__u16 word = 0;

	if (bpf_skb_load_bytes(s->skb, index * 2, &word, sizeof(word)))
		return 1;
	s->total += word;
	s->bytes += 2;
	return 0;
}

SEC("tc") int checksum(struct __sk_buff *skb)
{
	struct sum s = { .skb = skb };

	bpf_loop(skb->len / 2, add_word, &s, 0);
	s.total = (s.total & 0xffff) + (s.total >> 16);
	return s.bytes ? s.total & 0xff : 0;
}

struct visit { __u64 sum, seen; };

static long each(void *map, __u32 *key, __u64 *value, struct visit *v)
{
	v->sum += *value;
	v->seen++;
	return 0;
}

SEC("tc") int count_elements(struct __sk_buff *skb)
{
	struct visit v = {};

	bpf_for_each_map_elem(&hash, each, &v, 0);
	bpf_for_each_map_elem(&percpu, each, &v, 0);
	results[1] = v.sum;
	return 0;
}

SEC("tc") int dispatcher(struct __sk_buff *skb)
{
	skb->cb[0] = 1;
	if (debug)
		return TC_ACT_SHOT;
	bpf_tail_call(skb, &stages, 1);
	bpf_tail_call(skb, &stages, skb->mark & 7);
	return TC_ACT_OK;
}

SEC("tc") int stage_one(struct __sk_buff *skb)
{
	switch (skb->cb[0]) {
	case 1: return TC_ACT_OK;
	case 2: return TC_ACT_SHOT;
	case 3: skb->cb[1] = 4; break;
	case 4: skb->cb[2] = 5; break;
	case 5: skb->cb[3] = 6; break;
	}
	bpf_tail_call(skb, &stages, 2);
	return TC_ACT_UNSPEC;
}

struct request { __u32 kind, length; __u64 value; };

__noinline __u64 weigh(const struct request *r)
{
	__u64 sum = 0;

	if (!r)
		return 0;
	for (__u32 i = 0; i < r->length && i < 16; i++)
		sum += weights[i] * r->value;
	return sum;
}

__noinline int length_of(struct __sk_buff *skb __arg_ctx)
{
	return skb->len;
}

__noinline int first_byte(void *data __arg_nonnull, __u32 size)
{
	return size;
}

SEC("tc") int globals(struct __sk_buff *skb)
{
	struct request r = { .kind = mode, .length = skb->len, .value = skb->hash };
	__u64 w = weigh(&r);
	int n = length_of(skb);

	if (n < 64)
		return TC_ACT_SHOT;
	return w > 1000 ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc") int matrix(struct __sk_buff *skb)
{
	__u32 seed = skb->hash, sum = 0;

#pragma clang loop unroll(disable)
	for (int i = 0; i < 12; i++) {
#pragma clang loop unroll(disable)
		for (int j = 0; j < 10; j++) {
			seed = seed * 1664525 + 1013904223;
			results[(i * 5 + j) & 63] += seed;
			if (seed & 0x10000)
				sum += j;
		}
	}
	return sum;
}

static __noinline int deeper(struct __sk_buff *skb, __u32 at)
{
	__u8 window[128] = {};

	if (bpf_skb_load_bytes(skb, at, window, sizeof(window)))
		return -1;
	return window[at & 127];
}

SEC("tc") int big_stack(struct __sk_buff *skb)
{
	__u64 table[32] = {};
	__u32 i = skb->mark & 31, j = skb->hash;

	if (j > 30)
		j = 30;
	table[i] = deeper(skb, j);
	table[j + 1] += table[i] + 1;
	return table[(i + j) & 31];
}

SEC("tc") int nested_maps(struct __sk_buff *skb)
{
	__u32 which = skb->ifindex & 3, slot = skb->hash & 15;
	void *inner = bpf_map_lookup_elem(&outer, &which);
	__u64 *value;

	if (!inner)
		inner = bpf_map_lookup_elem(&by_name, &which);
	if (!inner)
		return 0;
	value = bpf_map_lookup_elem(inner, &slot);
	if (value)
		__sync_fetch_and_add(value, skb->len);
	return 0;
}

// TCP options: a loop over data of unknown length, by pointer.
SEC("xdp") int options(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct tcphdr *tcp = data + sizeof(struct ethhdr) + sizeof(struct iphdr);
	__u8 *at = (void *)(tcp + 1), *last;
	__u32 length;

	if (tcp + 1 > (struct tcphdr *)end)
		return XDP_DROP;
	length = tcp->doff * 4;
	if (length < sizeof(*tcp))
		return XDP_DROP;
#pragma clang loop unroll(disable)
	for (int i = 0; i < 10; i++) {
		__u8 kind, size;

		if (at + 1 > (__u8 *)end || at >= (__u8 *)tcp + length)
			break;
		kind = *at;
		if (kind == 0)
			break;
		if (kind == 1) {
			at++;
			continue;
		}
		if (at + 2 > (__u8 *)end)
			return XDP_DROP;
		size = at[1];
		if (size < 2)
			return XDP_DROP;
		if (kind == 2 && size == 4) {
			if (at + 4 > (__u8 *)end)
				return XDP_DROP;
			results[2] = at[2] << 8 | at[3];
			return XDP_PASS;
		}
		at += size;
	}
	return XDP_PASS;
}

SEC("socket") int sort(struct __sk_buff *skb)
{
	__u32 values[6];

#pragma unroll
	for (int i = 0; i < 6; i++)
		values[i] = bpf_get_prandom_u32();
#pragma clang loop unroll(disable)
	for (int i = 0; i < 5; i++)
#pragma clang loop unroll(disable)
		for (int j = 0; j < 5; j++)
			if (values[j] > values[j + 1]) {
				__u32 t = values[j];

				values[j] = values[j + 1];
				values[j + 1] = t;
			}
	return values[2];
}

// The value of a frozen map decides which branch is dead.
SEC("socket") int frozen(struct __sk_buff *skb)
{
	if (mode == 1)
		return *(volatile int *)8;
	return 0;
}

#define FRAME(n, next) static __noinline int frame##n(int x) { opaque(x); x = next(x + n); opaque(x); return x; }
static __noinline int frame7(int x) { opaque(x); return x * 2; }
FRAME(6, frame7) FRAME(5, frame6) FRAME(4, frame5) FRAME(3, frame4) FRAME(2, frame3) FRAME(1, frame2)

SEC("socket") int eight_frames(struct __sk_buff *skb)
{
	return frame1(skb->len);
}
