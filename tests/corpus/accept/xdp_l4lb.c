// SPDX-License-Identifier: MIT OR Apache-2.0
// An XDP layer-4 load balancer: parses VLANs, IPv4, IPv6, TCP and UDP, finds the
// virtual service, keeps flows on their server with an LRU table, hashes new flows
// onto a ring, encapsulates in IP-in-IP and counts.
// EXPECT prog=balancer target=linux-6.18 verdict=accept insns=388 processed=1464
#include "corpus.h"
LICENSE("Dual MIT/GPL");

#define RING_SIZE 65537
#define MAX_VIPS 64
#define MAX_REALS 256
#define F_HASH_DPORT 1
#define F_LOCAL 2

struct flow { struct in6 src, dst; __u16 sport, dport; __u8 proto, pad[3]; };
struct vip { struct in6 addr; __u16 port; __u8 proto, pad; };
struct vip_meta { __u32 flags, num; };
struct real { struct in6 addr; __u32 flags; };
struct placed { __u32 real; __u64 when; };
struct counters { __u64 packets, bytes; };
struct control { __u8 mac[6]; __u16 pad; __u32 source; };

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, MAX_VIPS); __type(key, struct vip); __type(value, struct vip_meta); } vips SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 4096); __type(key, struct flow); __type(value, struct placed); } flows SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, MAX_VIPS * 64); __type(key, __u32); __type(value, __u32); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, MAX_REALS); __type(key, __u32); __type(value, struct real); } reals SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, MAX_VIPS); __type(key, __u32); __type(value, struct counters); } stats SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct control); } control SEC(".maps");

const volatile __u64 flow_lifetime_ns = 30000000000ULL;

static __always_inline __u32 mix(__u32 h, __u32 v)
{
	h ^= v * 0xcc9e2d51;
	h = h << 13 | h >> 19;
	return h * 5 + 0xe6546b64;
}

static __noinline __u32 hash_flow(const struct flow *f, __u32 flags)
{
	__u32 h = 0x9747b28c;

	for (int i = 0; i < 4; i++)
		h = mix(h, f->src.w[i]);
	h = mix(h, flags & F_HASH_DPORT ? f->dport : (__u32)f->sport << 16 | f->dport);
	return h ^ h >> 15;
}

static __always_inline bool parse_ports(void *at, void *end, struct flow *f, bool *syn)
{
	if (f->proto == IPPROTO_TCP) {
		struct tcphdr *tcp = at;

		if (tcp + 1 > (struct tcphdr *)end)
			return false;
		f->sport = tcp->source;
		f->dport = tcp->dest;
		*syn = tcp->syn;
	} else if (f->proto == IPPROTO_UDP) {
		struct udphdr *udp = at;

		if (udp + 1 > (struct udphdr *)end)
			return false;
		f->sport = udp->source;
		f->dport = udp->dest;
	} else {
		return false;
	}
	return true;
}

static __always_inline __u32 place(struct flow *f, __u32 flags, __u32 vip_num, bool syn)
{
	struct placed *known, fresh = {};
	__u32 slot, *real;
	__u64 now = bpf_ktime_get_ns();

	if (!syn) {
		known = bpf_map_lookup_elem(&flows, f);
		if (known && now - known->when < flow_lifetime_ns) {
			known->when = now;
			return known->real;
		}
	}
	slot = vip_num * 64 + hash_flow(f, flags) % 64;
	real = bpf_map_lookup_elem(&ring, &slot);
	if (!real)
		return 0;
	fresh.real = *real;
	fresh.when = now;
	bpf_map_update_elem(&flows, f, &fresh, BPF_ANY);
	return fresh.real;
}

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline int encapsulate4(struct xdp_md *ctx, struct control *ctl, struct real *to, __u16 inner_len, __u32 seed)
{
	void *data, *end;
	struct ethhdr *eth, *old;
	struct iphdr *ip;
	__u32 sum = 0;

	if (bpf_xdp_adjust_head(ctx, 0 - (int)sizeof(*ip)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	old = data + sizeof(*ip);
	ip = data + sizeof(*eth);
	if ((void *)(old + 1) > end || (void *)(ip + 1) > end)
		return XDP_DROP;
	__builtin_memcpy(eth->h_source, old->h_dest, 6);
	__builtin_memcpy(eth->h_dest, ctl->mac, 6);
	eth->h_proto = htons(ETH_P_IP);
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = 0;
	ip->tot_len = htons((__u16)(inner_len + sizeof(*ip)));
	ip->id = 0;
	ip->frag_off = 0;
	ip->ttl = 64;
	ip->protocol = 4;
	ip->check = 0;
	ip->saddr = ctl->source ^ (seed & 0xffff0000);
	ip->daddr = to->addr.w[0];
#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += ((__u16 *)ip)[i];
	ip->check = fold(sum);
	return XDP_TX;
}

SEC("xdp")
int balancer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *at;
	struct ethhdr *eth = data;
	struct flow f = {};
	struct vip v = {};
	struct vip_meta *meta;
	struct counters *count;
	struct control *ctl;
	struct real *to;
	__u32 zero = 0, number;
	__u16 proto, inner_len;
	bool syn = false;

	if (eth + 1 > (struct ethhdr *)end)
		return XDP_DROP;
	at = eth + 1;
	proto = eth->h_proto;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		struct vlan_hdr *vlan = at;

		if (proto != htons(ETH_P_8021Q) && proto != htons(ETH_P_8021AD))
			break;
		if (vlan + 1 > (struct vlan_hdr *)end)
			return XDP_DROP;
		proto = vlan->proto;
		at = vlan + 1;
	}
	if (proto == htons(ETH_P_IP)) {
		struct iphdr *ip = at;

		if (ip + 1 > (struct iphdr *)end)
			return XDP_DROP;
		if (ip->ihl != 5 || ip->frag_off & htons(0x3fff))
			return XDP_PASS;
		f.proto = ip->protocol;
		f.src.w[0] = ip->saddr;
		f.dst.w[0] = ip->daddr;
		inner_len = ntohs(ip->tot_len);
		at = ip + 1;
	} else if (proto == htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = at;

		if (ip6 + 1 > (struct ipv6hdr *)end)
			return XDP_DROP;
		f.proto = ip6->nexthdr;
		f.src = ip6->saddr;
		f.dst = ip6->daddr;
		inner_len = ntohs(ip6->payload_len) + sizeof(*ip6);
		at = ip6 + 1;
	} else {
		return XDP_PASS;
	}
	if (!parse_ports(at, end, &f, &syn))
		return XDP_PASS;

	v.addr = f.dst;
	v.port = f.dport;
	v.proto = f.proto;
	meta = bpf_map_lookup_elem(&vips, &v);
	if (!meta) {
		v.port = 0;
		meta = bpf_map_lookup_elem(&vips, &v);
		if (!meta || meta->flags & F_LOCAL)
			return XDP_PASS;
	}
	number = place(&f, meta->flags, meta->num, syn);
	to = bpf_map_lookup_elem(&reals, &number);
	ctl = bpf_map_lookup_elem(&control, &zero);
	if (!to || !ctl)
		return XDP_DROP;
	number = meta->num;
	count = bpf_map_lookup_elem(&stats, &number);
	if (count) {
		count->packets++;
		count->bytes += end - data;
	}
	return encapsulate4(ctx, ctl, to, inner_len, f.src.w[0]);
}
