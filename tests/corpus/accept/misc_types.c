// SPDX-License-Identifier: MIT OR Apache-2.0
// One program each of types that the other cases leave out.
// EXPECT prog=old_filter target=linux-6.18 verdict=accept insns=33 processed=49
// EXPECT prog=incoming target=linux-6.18 verdict=accept insns=13 processed=14
// EXPECT prog=outgoing target=linux-6.18 verdict=accept insns=5 processed=6
// EXPECT prog=transmit target=linux-6.18 verdict=accept insns=20 processed=21
// EXPECT prog=seg6 target=linux-6.18 verdict=accept insns=12 processed=13
// EXPECT prog=act target=linux-6.18 verdict=accept insns=19 processed=22
// EXPECT prog=devmap_hook target=linux-6.18 verdict=accept insns=6 processed=7
// EXPECT prog=cpumap_hook target=linux-6.18 verdict=accept insns=7 processed=6
// EXPECT prog=fragments target=linux-6.18 verdict=accept insns=22 processed=24
// EXPECT prog=tool target=linux-6.18 verdict=accept insns=19 processed=19
// EXPECT prog=hook target=linux-6.18 verdict=accept needs=btf insns=12 processed=15
// EXPECT prog=unix_connect target=linux-6.18 verdict=accept insns=5 processed=6
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 256); __type(key, __u32); __type(value, __u64); } protocols SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_XSKMAP); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } sockets SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } facts SEC(".maps");

unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long off) asm("llvm.bpf.load.word");

// Classic packet loads, with constant and variable offset.
SEC("socket") int old_filter(struct __sk_buff *skb)
{
	__u32 protocol = load_byte(skb, 14 + 9), ihl;
	__u64 *n;

	if (load_half(skb, 12) != ETH_P_IP)
		return 0;
	ihl = (load_byte(skb, 14) & 15) * 4;
	n = bpf_map_lookup_elem(&protocols, &protocol);
	if (n)
		__sync_fetch_and_add(n, skb->len);
	if (protocol == IPPROTO_TCP && load_half(skb, 14 + ihl + 2) == 443)
		return load_word(skb, 14 + 12) >> 24 == 10 ? 96 : 0;
	return protocol == IPPROTO_UDP ? skb->len : 0;
}

SEC("lwt_in") int incoming(struct __sk_buff *skb)
{
	struct iphdr *ip = (void *)(long)skb->data;

	if (ip + 1 > (struct iphdr *)(long)skb->data_end)
		return 2;
	skb->mark = ip->tos;
	skb->cb[0] = bpf_get_route_realm(skb);
	return 0;
}

SEC("lwt_out") int outgoing(struct __sk_buff *skb)
{
	return skb->priority > 6 ? 2 : 0;
}

SEC("lwt_xmit") int transmit(struct __sk_buff *skb)
{
	struct iphdr outer = { .version = 4, .ihl = 5, .ttl = 64, .protocol = 4 };

	outer.tot_len = htons((__u16)(skb->len + sizeof(outer)));
	outer.daddr = htonl(0x0a000001);
	if (bpf_lwt_push_encap(skb, 2, &outer, sizeof(outer)) < 0)
		return 2;
	return 128; // rerouted
}

SEC("lwt_seg6local") int seg6(struct __sk_buff *skb)
{
	__u32 tag = htonl(0x0102);

	if (bpf_lwt_seg6_store_bytes(skb, 46, &tag, 2))
		return 2;
	return 0;
}

SEC("action") int act(struct __sk_buff *skb)
{
	__u32 hash = bpf_get_hash_recalc(skb);

	if (skb->gso_segs > 1)
		return TC_ACT_OK;
	bpf_skb_vlan_push(skb, ETH_P_8021Q, hash & 0xfff);
	return hash & 1 ? bpf_redirect(skb->ifindex, 0) : TC_ACT_OK;
}

SEC("xdp/devmap") int devmap_hook(struct xdp_md *ctx)
{
	return ctx->egress_ifindex == ctx->ingress_ifindex ? XDP_DROP : XDP_PASS;
}

SEC("xdp/cpumap") int cpumap_hook(struct xdp_md *ctx)
{
	return bpf_redirect_map(&ports, ctx->rx_queue_index & 7, XDP_DROP);
}

SEC("xdp.frags") int fragments(struct xdp_md *ctx)
{
	__u8 head[34];
	__u64 size = bpf_xdp_get_buff_len(ctx);

	if (bpf_xdp_load_bytes(ctx, 0, head, sizeof(head)))
		return XDP_DROP;
	if (size > 9000 && head[23] == IPPROTO_UDP)
		return bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS);
	return XDP_PASS;
}

struct tool_args { __u32 map_type, entries; __u64 result; };

SEC("syscall") int tool(struct tool_args *args)
{
	__u64 value = args->entries;
	__u32 key = args->map_type;

	args->result = bpf_map_update_elem(&facts, &key, &value, BPF_ANY);
	return args->result ? -1 : 0;
}

SEC("netfilter") int hook(struct bpf_nf_ctx *ctx)
{
	struct sk_buff *skb = ctx->skb;

	if (ctx->state->pf == 2 && skb->len > 1500)
		return 0;
	return skb->mark != 7;
}

SEC("cgroup/connect_unix") int unix_connect(struct bpf_sock_addr *ctx)
{
	return ctx->family == 1;
}
