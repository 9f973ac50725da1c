// SPDX-License-Identifier: MIT OR Apache-2.0
// A tc classifier: VLAN stacks, IPv4 options, IPv6 extension headers, ports,
// an LPM allow list per family, a token bucket under a spin lock, and marks.
// EXPECT prog=classify target=linux-6.18 verdict=accept insns=533 processed=1539
#include "corpus.h"
LICENSE("GPL");

struct prefix4 { __u32 bits; __be32 addr; };
struct prefix6 { __u32 bits; struct in6 addr; };
struct rule { __u32 class, mark; };
struct bucket { struct bpf_spin_lock lock; __u32 rate; __u64 tokens, last; };
struct packet { struct in6 src; __u32 src4, ifindex; __u16 sport, dport, vlan; __u8 proto, v6; };

struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 256); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct prefix4); __type(value, struct rule); } allow4 SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 256); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct prefix6); __type(value, struct rule); } allow6 SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, __u32); __type(value, struct bucket); } buckets SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); } verdicts SEC(".maps");

const volatile __u32 default_rate = 1000000;
const volatile bool drop_fragments = true;

static __always_inline void count(__u32 slot)
{
	__u64 *n = bpf_map_lookup_elem(&verdicts, &slot);

	if (n)
		(*n)++;
}

static __noinline int ports(struct __sk_buff *skb, struct packet *p, __u32 off)
{
	__be16 pair[2];

	if (!p)
		return 0;
	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP)
		return 0;
	if (bpf_skb_load_bytes(skb, off, pair, sizeof(pair)))
		return -1;
	p->sport = ntohs(pair[0]);
	p->dport = ntohs(pair[1]);
	return 0;
}

static __noinline int extensions(struct __sk_buff *skb, struct packet *p, __u32 off)
{
	__u8 next = p->proto;

	for (int i = 0; i < 6; i++) {
		struct { __u8 next, len; } head;

		switch (next) {
		case 0: case 43: case 60: // hop-by-hop, routing, destination options
			if (bpf_skb_load_bytes(skb, off, &head, sizeof(head)))
				return -1;
			next = head.next;
			off += (head.len + 1) * 8;
			break;
		case 44:
			if (drop_fragments || bpf_skb_load_bytes(skb, off, &head, sizeof(head)))
				return -1;
			next = head.next;
			off += 8;
			break;
		default:
			p->proto = next;
			return off;
		}
	}
	return -1;
}

static __always_inline int spend(__u32 class, __u32 bytes)
{
	struct bucket *b = bpf_map_lookup_elem(&buckets, &class), fresh = {};
	__u64 now = bpf_ktime_get_ns(), gained;
	int pass;

	if (!b) {
		fresh.rate = default_rate;
		fresh.tokens = default_rate;
		fresh.last = now;
		bpf_map_update_elem(&buckets, &class, &fresh, BPF_NOEXIST);
		return 1;
	}
	bpf_spin_lock(&b->lock);
	gained = (now - b->last) / 1000 * b->rate / 1000000;
	b->tokens += gained;
	if (b->tokens > b->rate)
		b->tokens = b->rate;
	b->last = now;
	pass = b->tokens >= bytes;
	if (pass)
		b->tokens -= bytes;
	bpf_spin_unlock(&b->lock);
	return pass;
}

SEC("tc")
int classify(struct __sk_buff *skb)
{
	struct packet p = { .ifindex = skb->ifindex };
	struct rule *rule = NULL;
	__u32 off = sizeof(struct ethhdr);
	void *data, *end;
	struct ethhdr *eth;
	__u16 proto;
	int at;

	if (bpf_skb_pull_data(skb, sizeof(struct ethhdr) + 8 + sizeof(struct ipv6hdr)) && skb->len < 34)
		return TC_ACT_SHOT;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	eth = data;
	if (eth + 1 > (struct ethhdr *)end)
		return TC_ACT_SHOT;
	proto = eth->h_proto;
	if (skb->vlan_present)
		p.vlan = skb->vlan_tci & 0xfff;
	for (int i = 0; i < 2; i++) {
		struct vlan_hdr *tag = data + off;

		if (proto != htons(ETH_P_8021Q) && proto != htons(ETH_P_8021AD))
			break;
		if (tag + 1 > (struct vlan_hdr *)end)
			return TC_ACT_SHOT;
		p.vlan = ntohs(tag->tci) & 0xfff;
		proto = tag->proto;
		off += sizeof(*tag);
	}

	if (proto == htons(ETH_P_IP)) {
		struct iphdr *ip = data + off;
		struct prefix4 key = { .bits = 32 };

		if (ip + 1 > (struct iphdr *)end || ip->version != 4 || ip->ihl < 5)
			return TC_ACT_SHOT;
		if (drop_fragments && ip->frag_off & htons(0x1fff)) {
			count(1);
			return TC_ACT_SHOT;
		}
		p.proto = ip->protocol;
		p.src4 = key.addr = ip->saddr;
		off += ip->ihl * 4;
		rule = bpf_map_lookup_elem(&allow4, &key);
	} else if (proto == htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = data + off;
		struct prefix6 key = { .bits = 128 };

		if (ip6 + 1 > (struct ipv6hdr *)end)
			return TC_ACT_SHOT;
		p.proto = ip6->nexthdr;
		p.v6 = 1;
		p.src = key.addr = ip6->saddr;
		at = extensions(skb, &p, off + sizeof(*ip6));
		if (at < 0) {
			count(2);
			return TC_ACT_SHOT;
		}
		off = at;
		rule = bpf_map_lookup_elem(&allow6, &key);
	} else if (proto == htons(ETH_P_ARP)) {
		return TC_ACT_OK;
	}
	if (ports(skb, &p, off)) {
		count(3);
		return TC_ACT_SHOT;
	}
	if (!rule) {
		count(4);
		return p.dport == 53 || p.proto == IPPROTO_ICMPV6 ? TC_ACT_OK : TC_ACT_SHOT;
	}
	if (!spend(rule->class, skb->len)) {
		count(5);
		return TC_ACT_SHOT;
	}
	skb->mark = rule->mark | p.vlan << 16;
	skb->priority = rule->class;
	skb->tc_classid = rule->class;
	count(0);
	return TC_ACT_OK;
}
