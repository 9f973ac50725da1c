// SPDX-License-Identifier: MIT OR Apache-2.0
// XDP at the edge: a router over the kernel's FIB for both families, VXLAN and GRE
// decapsulation, a SYN-cookie guard, a DNS rate limiter.
// EXPECT prog=route target=linux-6.18 verdict=accept insns=192 processed=329
// EXPECT prog=decapsulate target=linux-6.18 verdict=accept insns=169 processed=207
// EXPECT prog=syn_guard target=linux-6.18 verdict=accept insns=345 processed=616
// EXPECT prog=dns_limit target=linux-6.18 verdict=accept insns=124 processed=3090
#include "corpus.h"
LICENSE("GPL");

struct bpf_fib_lookup {
	__u8 family, l4_protocol;
	__be16 sport, dport;
	__u16 tot_len;
	__u32 ifindex;
	union { __u8 tos; __be32 flowinfo; __u32 rt_metric; };
	union { __be32 ipv4_src; __u32 ipv6_src[4]; };
	union { __be32 ipv4_dst; __u32 ipv6_dst[4]; };
	__u32 vlan;
	__u8 smac[6], dmac[6];
};
struct tunnel { __u32 vni, peer; __u64 packets; };
struct name { __u8 text[32]; };
struct rate { __u64 last; __u32 tokens, dropped; };

struct { __uint(type, BPF_MAP_TYPE_DEVMAP_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u32); } ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct tunnel); } tunnels SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, __u32); __type(value, struct rate); } clients SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, struct name); __type(value, __u32); } refused SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } counters SEC(".maps");
const volatile __u32 secret[4] = { 0x2f3a11d7, 0x51c0ffee, 0x0badcafe, 0x7e57ab1e };
const volatile __u32 per_second = 100;

static __always_inline void count(__u32 slot)
{
	__u64 *n = bpf_map_lookup_elem(&counters, &slot);

	if (n)
		*n += 1;
}

static __always_inline void less_ttl(struct iphdr *ip)
{
	__u32 sum = ip->check;

	sum += htons(0x0100);
	ip->check = sum + (sum >= 0xffff);
	ip->ttl--;
}

SEC("xdp") int route(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct bpf_fib_lookup fib = {};
	struct iphdr *ip = NULL;
	struct ipv6hdr *ip6 = NULL;
	long found;

	if (eth + 1 > (struct ethhdr *)end)
		return XDP_DROP;
	fib.ifindex = ctx->ingress_ifindex;
	if (eth->h_proto == htons(ETH_P_IP)) {
		ip = data + sizeof(*eth);
		if (ip + 1 > (struct iphdr *)end)
			return XDP_DROP;
		if (ip->ttl <= 1 || ip->ihl != 5)
			return XDP_PASS;
		fib.family = AF_INET;
		fib.tos = ip->tos;
		fib.l4_protocol = ip->protocol;
		fib.tot_len = ntohs(ip->tot_len);
		fib.ipv4_src = ip->saddr;
		fib.ipv4_dst = ip->daddr;
	} else if (eth->h_proto == htons(ETH_P_IPV6)) {
		ip6 = data + sizeof(*eth);
		if (ip6 + 1 > (struct ipv6hdr *)end)
			return XDP_DROP;
		if (ip6->hop_limit <= 1)
			return XDP_PASS;
		fib.family = AF_INET6;
		fib.flowinfo = *(__be32 *)ip6 & htonl(0x0fffffff);
		fib.l4_protocol = ip6->nexthdr;
		fib.tot_len = ntohs(ip6->payload_len);
		__builtin_memcpy(fib.ipv6_src, &ip6->saddr, 16);
		__builtin_memcpy(fib.ipv6_dst, &ip6->daddr, 16);
	} else {
		return XDP_PASS;
	}
	found = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	switch (found) {
	case 0:
		break;
	case 1: case 2: case 3: // blackhole, unreachable, prohibit
		count(1);
		return XDP_DROP;
	default:
		count(2);
		return XDP_PASS;
	}
	if (!bpf_map_lookup_elem(&ports, &fib.ifindex))
		return XDP_PASS;
	if (ip)
		less_ttl(ip);
	else if (ip6)
		ip6->hop_limit--;
	__builtin_memcpy(eth->h_dest, fib.dmac, 6);
	__builtin_memcpy(eth->h_source, fib.smac, 6);
	count(0);
	return bpf_redirect_map(&ports, fib.ifindex, 0);
}

SEC("xdp") int decapsulate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, kept;
	struct iphdr *ip = data + sizeof(*eth);
	struct tunnel *t;
	__u32 vni, shrink;

	if (ip + 1 > (struct iphdr *)end || eth->h_proto != htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol == IPPROTO_UDP) {
		struct udphdr *udp = (void *)(ip + 1);
		struct { __be32 flags, vni; } *vxlan = (void *)(udp + 1);

		if ((void *)(vxlan + 1) > end)
			return XDP_PASS;
		if (udp->dest != htons(4789) || !(vxlan->flags & htonl(0x08000000)))
			return XDP_PASS;
		vni = ntohl(vxlan->vni) >> 8;
		shrink = sizeof(*eth) + sizeof(*ip) + sizeof(*udp) + sizeof(*vxlan);
	} else if (ip->protocol == 47) {
		struct { __be16 flags, proto; __be32 key; } *gre = (void *)(ip + 1);

		if ((void *)(gre + 1) > end)
			return XDP_PASS;
		vni = 0;
		shrink = sizeof(*ip) + 4;
		if (gre->flags & htons(0x2000)) {
			vni = ntohl(gre->key);
			shrink += 4;
		}
		if (gre->proto != htons(ETH_P_IP) || gre->flags & htons(0xc000))
			return XDP_PASS;
		kept = *eth;
	} else {
		return XDP_PASS;
	}
	t = bpf_map_lookup_elem(&tunnels, &vni);
	if (!t || t->peer != ip->saddr) {
		count(3);
		return XDP_DROP;
	}
	t->packets++;
	if (ip->protocol == IPPROTO_UDP)
		return bpf_xdp_adjust_head(ctx, shrink) ? XDP_DROP : XDP_PASS;
	if (bpf_xdp_adjust_head(ctx, shrink))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	if (eth + 1 > (struct ethhdr *)end)
		return XDP_DROP;
	*eth = kept;
	return XDP_PASS;
}

static __always_inline __u32 rotate(__u32 x, int n)
{
	return x << n | x >> (32 - n);
}

static __noinline __u32 cookie(__u32 src, __u32 dst, __u32 ports, __u32 minute)
{
	__u32 a = secret[0] ^ src, b = secret[1] ^ dst, c = secret[2] ^ ports, d = secret[3] ^ minute;

#pragma unroll
	for (int i = 0; i < 4; i++) {
		a += b; d = rotate(d ^ a, 16);
		c += d; b = rotate(b ^ c, 12);
		a += b; d = rotate(d ^ a, 8);
		c += d; b = rotate(b ^ c, 7);
	}
	return a ^ c;
}

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("xdp") int syn_guard(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 minute = bpf_ktime_get_ns() / 60000000000ULL, seq, address;
	__u8 mac[6];
	__u16 port;
	__s64 sum;

	if (tcp + 1 > (struct tcphdr *)end || eth->h_proto != htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	if (tcp->ack && !tcp->syn) {
		__u32 ports = (__u32)tcp->source << 16 | tcp->dest;

		seq = ntohl(tcp->ack_seq) - 1;
		if (seq == cookie(ip->saddr, ip->daddr, ports, minute) || seq == cookie(ip->saddr, ip->daddr, ports, minute - 1))
			count(4);
		return XDP_PASS;
	}
	if (!tcp->syn || tcp->ack || tcp->rst)
		return XDP_PASS;
	seq = cookie(ip->saddr, ip->daddr, (__u32)tcp->source << 16 | tcp->dest, minute);
	__builtin_memcpy(mac, eth->h_source, 6);
	__builtin_memcpy(eth->h_source, eth->h_dest, 6);
	__builtin_memcpy(eth->h_dest, mac, 6);
	address = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = address;
	port = tcp->source;
	tcp->source = tcp->dest;
	tcp->dest = port;
	tcp->ack_seq = htonl(ntohl(tcp->seq) + 1);
	tcp->seq = htonl(seq);
	tcp->ack = 1;
	tcp->doff = 5;
	tcp->window = htons(65535);
	tcp->check = 0;
	ip->tot_len = htons(sizeof(*ip) + sizeof(*tcp));
	ip->check = 0;
	sum = bpf_csum_diff(0, 0, ip, sizeof(*ip), 0);
	if (sum < 0)
		return XDP_DROP;
	ip->check = fold(sum);
	sum = bpf_csum_diff(0, 0, tcp, sizeof(*tcp), 0);
	if (sum < 0)
		return XDP_DROP;
	sum += ip->saddr;
	sum += ip->daddr;
	sum += htons(IPPROTO_TCP) + htons(sizeof(*tcp));
	tcp->check = fold(sum);
	if (bpf_xdp_adjust_tail(ctx, (long)data + sizeof(*eth) + sizeof(*ip) + sizeof(*tcp) - (long)end))
		return XDP_DROP;
	return XDP_TX;
}

SEC("xdp") int dns_limit(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct udphdr *udp = (void *)(ip + 1);
	struct { __be16 id, flags, questions, answers, authorities, others; } *dns = (void *)(udp + 1);
	struct rate *r, fresh = { .tokens = per_second };
	struct name key = {};
	__u64 now = bpf_ktime_get_ns();
	__u8 *at = (void *)(dns + 1);
	__u32 source;

	if ((void *)(dns + 1) > end || eth->h_proto != htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	if (udp->dest != htons(53) || dns->flags & htons(0x8000) || dns->questions != htons(1))
		return XDP_PASS;
#pragma clang loop unroll(disable)
	for (int i = 0; i < sizeof(key.text); i++) {
		__u8 c;

		if (at + 1 > (__u8 *)end)
			return XDP_DROP;
		c = *at++;
		if (!c)
			break;
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		key.text[i] = c;
	}
	if (bpf_map_lookup_elem(&refused, &key)) {
		count(5);
		return XDP_DROP;
	}
	source = ip->saddr & htonl(0xffffff00);
	r = bpf_map_lookup_elem(&clients, &source);
	if (!r) {
		fresh.last = now;
		bpf_map_update_elem(&clients, &source, &fresh, BPF_NOEXIST);
		return XDP_PASS;
	}
	if (now - r->last > 1000000000) {
		r->last = now;
		r->tokens = per_second;
	}
	if (!r->tokens) {
		r->dropped++;
		return XDP_DROP;
	}
	r->tokens--;
	return XDP_PASS;
}
