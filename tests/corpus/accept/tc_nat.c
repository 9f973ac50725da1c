// SPDX-License-Identifier: MIT OR Apache-2.0
// tc programs that rewrite and inspect: a port-address translator with checksum
// repair, a TLS server-name filter, a TCP option writer, an HTTP matcher.
// EXPECT prog=translate_out target=linux-6.18 verdict=accept insns=187 processed=482
// EXPECT prog=translate_in target=linux-6.18 verdict=accept insns=128 processed=165
// EXPECT prog=server_name target=linux-6.18 verdict=accept insns=194 processed=630
// EXPECT prog=clamp_mss target=linux-6.18 verdict=accept insns=82 processed=1574
// EXPECT prog=http_match target=linux-6.18 verdict=accept insns=76 processed=266
#include "corpus.h"
LICENSE("GPL");

struct flow { __be32 src, dst; __be16 sport, dport; __u8 proto, pad[3]; };
struct binding { __be32 addr; __be16 port, pad; __u64 seen; };
struct host { char name[64]; };
struct prefix { __u32 bits; char text[16]; };

struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, struct flow); __type(value, struct binding); } outbound SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, struct flow); __type(value, struct binding); } inbound SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 128); __type(key, struct host); __type(value, __u32); } hosts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 128); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct prefix); __type(value, __u32); } paths SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct host); } scratch SEC(".maps");
const volatile __be32 public_address = 0x0100000a;
const volatile __u16 first_port = 20000;

#define IP_OFF sizeof(struct ethhdr)
#define L4_OFF (IP_OFF + sizeof(struct iphdr))

// Where an address and a port lie, in one argument.
#define PLACES(addr, port) (IP_OFF + offsetof(struct iphdr, addr) | (__u64)(L4_OFF + port) << 32)

static __always_inline int read_flow(struct __sk_buff *skb, struct flow *f)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + IP_OFF;
	__be16 *ports = data + L4_OFF;

	if (data + L4_OFF + 4 > end || eth->h_proto != htons(ETH_P_IP) || ip->ihl != 5)
		return -1;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return -1;
	f->src = ip->saddr;
	f->dst = ip->daddr;
	f->proto = ip->protocol;
	f->sport = ports[0];
	f->dport = ports[1];
	return 0;
}

static __noinline int rewrite(struct __sk_buff *skb, __u64 places, __u64 was, __u64 now, __u8 proto)
{
	__u32 addr_off = places, port_off = places >> 32;
	__u32 check = L4_OFF + (proto == IPPROTO_TCP ? offsetof(struct tcphdr, check) : offsetof(struct udphdr, check));
	__u64 flags = proto == IPPROTO_UDP ? 0x20 : 0;
	__be32 old_addr = was, new_addr = now;
	__be16 old_port = was >> 32, new_port = now >> 32;

	if (bpf_l4_csum_replace(skb, check, old_addr, new_addr, flags | 0x10 | 4))
		return -1;
	if (bpf_l4_csum_replace(skb, check, old_port, new_port, flags | 2))
		return -1;
	if (bpf_l3_csum_replace(skb, IP_OFF + offsetof(struct iphdr, check), old_addr, new_addr, 4))
		return -1;
	if (bpf_skb_store_bytes(skb, addr_off, &new_addr, sizeof(new_addr), 0))
		return -1;
	return bpf_skb_store_bytes(skb, port_off, &new_port, sizeof(new_port), 0);
}

SEC("tc") int translate_out(struct __sk_buff *skb)
{
	struct flow f = {}, back = {};
	struct binding *b, fresh = {}, origin = {};

	if (read_flow(skb, &f))
		return TC_ACT_OK;
	b = bpf_map_lookup_elem(&outbound, &f);
	if (!b) {
		back.src = f.dst;
		back.dst = public_address;
		back.sport = f.dport;
		back.proto = f.proto;
		origin.addr = f.src;
		origin.port = f.sport;
		origin.seen = bpf_ktime_get_ns();
#pragma clang loop unroll(disable)
		for (int i = 0; i < 8; i++) {
			back.dport = htons((__u16)(first_port + (bpf_get_prandom_u32() & 0x3fff)));
			if (!bpf_map_update_elem(&inbound, &back, &origin, BPF_NOEXIST))
				goto placed;
		}
		return TC_ACT_SHOT;
placed:
		fresh.addr = public_address;
		fresh.port = back.dport;
		fresh.seen = origin.seen;
		bpf_map_update_elem(&outbound, &f, &fresh, BPF_ANY);
		b = &fresh;
	}
	if (rewrite(skb, PLACES(saddr, 0), f.src | (__u64)f.sport << 32, b->addr | (__u64)b->port << 32, f.proto))
		return TC_ACT_SHOT;
	return bpf_redirect_neigh(skb->ifindex, NULL, 0, 0);
}

SEC("tc") int translate_in(struct __sk_buff *skb)
{
	struct flow f = {};
	struct binding *b;

	if (read_flow(skb, &f) || f.dst != public_address)
		return TC_ACT_OK;
	b = bpf_map_lookup_elem(&inbound, &f);
	if (!b)
		return TC_ACT_OK;
	b->seen = bpf_ktime_get_ns();
	if (rewrite(skb, PLACES(daddr, 2), f.dst | (__u64)f.dport << 32, b->addr | (__u64)b->port << 32, f.proto))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

// Finds the server name in a TLS client hello that lies in one segment.
SEC("tc") int server_name(struct __sk_buff *skb)
{
	struct { __u8 kind; __u8 version[2]; __be16 length; } __packed record;
	struct { __be16 kind, length; } extension;
	struct { __be16 list; __u8 kind; __be16 length; } __packed name;
	struct tcphdr tcp;
	struct host *h;
	__u32 at, zero = 0, *verdict;
	__be16 word;
	__u8 byte;
	__u32 size;

	if (skb->protocol != htons(ETH_P_IP) || bpf_skb_load_bytes(skb, L4_OFF, &tcp, sizeof(tcp)))
		return TC_ACT_OK;
	if (tcp.dest != htons(443))
		return TC_ACT_OK;
	at = L4_OFF + tcp.doff * 4;
	if (bpf_skb_load_bytes(skb, at, &record, sizeof(record)) || record.kind != 22)
		return TC_ACT_OK;
	at += sizeof(record);
	if (bpf_skb_load_bytes(skb, at, &byte, 1) || byte != 1)
		return TC_ACT_OK;
	at += 4 + 2 + 32;
	if (bpf_skb_load_bytes(skb, at, &byte, 1)) // session
		return TC_ACT_OK;
	at += 1 + byte;
	if (bpf_skb_load_bytes(skb, at, &word, 2)) // cipher suites
		return TC_ACT_OK;
	at += 2 + ntohs(word);
	if (bpf_skb_load_bytes(skb, at, &byte, 1)) // compression
		return TC_ACT_OK;
	at += 1 + byte + 2;
#pragma clang loop unroll(disable)
	for (int i = 0; i < 24; i++) {
		if (bpf_skb_load_bytes(skb, at, &extension, sizeof(extension)))
			return TC_ACT_OK;
		at += sizeof(extension);
		if (extension.kind == 0)
			goto found;
		at += ntohs(extension.length);
	}
	return TC_ACT_OK;
found:
	if (bpf_skb_load_bytes(skb, at, &name, sizeof(name)) || name.kind)
		return TC_ACT_OK;
	h = bpf_map_lookup_elem(&scratch, &zero);
	if (!h)
		return TC_ACT_OK;
	__builtin_memset(h, 0, sizeof(*h));
	size = ntohs(name.length);
	if (size > sizeof(h->name))
		return TC_ACT_OK;
	size = ((size - 1) & 63) + 1; // tells the verifier that it isn't zero
	if (bpf_skb_load_bytes(skb, at + sizeof(name), h->name, size))
		return TC_ACT_OK;
	verdict = bpf_map_lookup_elem(&hosts, h);
	return verdict && *verdict ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc") int clamp_mss(struct __sk_buff *skb)
{
	struct tcphdr tcp;
	__u32 at = L4_OFF + sizeof(tcp), last;
	__u8 option[4];
	__u16 mss;

	if (skb->protocol != htons(ETH_P_IP) || bpf_skb_load_bytes(skb, L4_OFF, &tcp, sizeof(tcp)) || !tcp.syn)
		return TC_ACT_OK;
	last = L4_OFF + tcp.doff * 4;
#pragma clang loop unroll(disable)
	for (int i = 0; i < 20 && at < last; i++) {
		if (bpf_skb_load_bytes(skb, at, option, 2))
			return TC_ACT_OK;
		if (option[0] == 0)
			break;
		if (option[0] == 1) {
			at++;
			continue;
		}
		if (option[0] == 2) {
			if (bpf_skb_load_bytes(skb, at, option, 4))
				return TC_ACT_OK;
			mss = option[2] << 8 | option[3];
			if (mss <= 1360)
				return TC_ACT_OK;
			option[2] = 1360 >> 8;
			option[3] = 1360 & 255;
			bpf_l4_csum_replace(skb, L4_OFF + offsetof(struct tcphdr, check), htons(mss), htons(1360), 2);
			bpf_skb_store_bytes(skb, at, option, 4, 0);
			return TC_ACT_OK;
		}
		if (option[1] < 2)
			return TC_ACT_SHOT;
		at += option[1];
	}
	return TC_ACT_OK;
}

SEC("tc") int http_match(struct __sk_buff *skb)
{
	struct prefix key = { .bits = sizeof(key.text) * 8 };
	struct tcphdr tcp;
	char method[8];
	__u32 at, *class;

	if (skb->protocol != htons(ETH_P_IP) || bpf_skb_load_bytes(skb, L4_OFF, &tcp, sizeof(tcp)))
		return TC_ACT_OK;
	at = L4_OFF + tcp.doff * 4;
	if (bpf_skb_load_bytes(skb, at, method, sizeof(method)))
		return TC_ACT_OK;
	if (method[0] == 'G' && method[1] == 'E' && method[2] == 'T' && method[3] == ' ')
		at += 4;
	else if (method[0] == 'P' && method[1] == 'O' && method[2] == 'S' && method[3] == 'T' && method[4] == ' ')
		at += 5;
	else if (method[0] == 'D' && method[1] == 'E' && method[2] == 'L' && method[6] == ' ')
		at += 7;
	else
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, at, key.text, sizeof(key.text)))
		return TC_ACT_OK;
#pragma clang loop unroll(disable)
	for (int i = 0; i < sizeof(key.text); i++)
		if (key.text[i] == ' ' || key.text[i] == '?') {
			key.bits = i * 8;
			break;
		}
	class = bpf_map_lookup_elem(&paths, &key);
	if (class)
		skb->priority = *class;
	return TC_ACT_OK;
}
