// SPDX-License-Identifier: MIT OR Apache-2.0
// A header walker with many states: Ethernet, VLAN, MPLS, PPPoE, both IP versions
// inside one another, extension headers, ICMP, SCTP; unrolled by hand over a small
// stack of layers. Its worth is the count of processed instructions.
// EXPECT prog=walk target=linux-6.18 verdict=accept insns=429 processed=1873
// EXPECT prog=walk_loop target=linux-6.18 verdict=accept insns=236 processed=15259
#include "corpus.h"
LICENSE("GPL");

enum layer { ETHER, VLAN, MPLS, PPPOE, IP4, IP6, EXT, TCP, UDP, ICMP, SCTP, DONE, BAD, LAYERS };
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, LAYERS); __type(key, __u32); __type(value, __u64[2]); } seen SEC(".maps");

struct cursor { void *at, *end; __u32 layer, next; };

static __always_inline __u32 by_ethertype(__be16 type)
{
	switch (type) {
	case htons(ETH_P_8021Q): case htons(ETH_P_8021AD): return VLAN;
	case htons(0x8847): case htons(0x8848): return MPLS;
	case htons(0x8864): return PPPOE;
	case htons(ETH_P_IP): return IP4;
	case htons(ETH_P_IPV6): return IP6;
	}
	return DONE;
}

static __always_inline __u32 by_protocol(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP: return TCP;
	case IPPROTO_UDP: return UDP;
	case IPPROTO_ICMP: case IPPROTO_ICMPV6: return ICMP;
	case 4: return IP4;
	case 41: return IP6;
	case 0: case 43: case 60: return EXT;
	case 132: return SCTP;
	}
	return DONE;
}

static __always_inline __u32 step(struct cursor *c)
{
	__u8 *p = c->at;

	switch (c->layer) {
	case ETHER:
		if (p + 14 > (__u8 *)c->end)
			return BAD;
		c->at += 14;
		return by_ethertype(*(__be16 *)(p + 12));
	case VLAN:
		if (p + 4 > (__u8 *)c->end)
			return BAD;
		c->at += 4;
		return by_ethertype(*(__be16 *)(p + 2));
	case MPLS:
		if (p + 5 > (__u8 *)c->end)
			return BAD;
		c->at += 4;
		if (!(p[2] & 1))
			return MPLS;
		return p[4] >> 4 == 6 ? IP6 : IP4;
	case PPPOE:
		if (p + 8 > (__u8 *)c->end)
			return BAD;
		c->at += 8;
		return *(__be16 *)(p + 6) == htons(0x57) ? IP6 : IP4;
	case IP4:
		if (p + 20 > (__u8 *)c->end || (p[0] & 15) < 5)
			return BAD;
		c->at += (p[0] & 15) * 4;
		return by_protocol(p[9]);
	case IP6:
		if (p + 40 > (__u8 *)c->end)
			return BAD;
		c->at += 40;
		return by_protocol(p[6]);
	case EXT:
		if (p + 8 > (__u8 *)c->end)
			return BAD;
		c->at += (p[1] & 31) * 8 + 8;
		return by_protocol(p[0]);
	case TCP:
		return p + 20 > (__u8 *)c->end || p[12] >> 4 < 5 ? BAD : DONE;
	case UDP:
	case ICMP:
		return p + 8 > (__u8 *)c->end ? BAD : DONE;
	case SCTP:
		return p + 12 > (__u8 *)c->end ? BAD : DONE;
	}
	return DONE;
}

static __always_inline void note(struct xdp_md *ctx, __u32 layer)
{
	__u64 *n = bpf_map_lookup_elem(&seen, &layer);

	if (n) {
		n[0]++;
		n[1] += ctx->data_end - ctx->data;
	}
}

SEC("xdp") int walk(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end, ETHER };

#pragma unroll
	for (int i = 0; i < 4; i++) {
		c.layer = step(&c);
		if (c.layer >= DONE)
			break;
	}
	note(ctx, c.layer);
	return c.layer == BAD ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int walk_loop(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end, ETHER };

#pragma clang loop unroll(disable)
	for (int i = 0; i < 5; i++) {
		c.layer = step(&c);
		if (c.layer >= DONE)
			break;
	}
	note(ctx, c.layer);
	return c.layer == BAD ? XDP_DROP : XDP_PASS;
}
