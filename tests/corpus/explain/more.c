// SPDX-License-Identifier: MIT OR Apache-2.0
// More of the same kinds, as they come up in programs that do something.
#include "corpus.h"
LICENSE("GPL");

struct flow { __u32 src, dst; __u16 sport, dport; };
struct stat { __u64 packets, bytes; };
struct line { char text[64]; __u32 used; };
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, struct flow); __type(value, struct stat); } flows SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct line); } lines SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");

SEC("xdp")
int count_flow(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	struct flow f = { .src = ip->saddr, .dst = ip->daddr };
	struct stat *s = bpf_map_lookup_elem(&flows, &f);
	s->packets++; // EDIT `s`, NULL, !s
	s->bytes += data_end - data;
	return XDP_PASS;
}

SEC("xdp")
int ports_unchecked(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	if ((void *)(ip + 1) > data_end) // EDIT
		return XDP_PASS;
	__u16 *ports = (void *)(ip + 1);
	return ports[1] & 1; // EDIT 34 bytes
}

SEC("tc")
int rewrite_ttl(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	if ((void *)(ip + 1) > data_end)
		return 0;
	__u8 ttl = ip->ttl - 1;
	bpf_skb_store_bytes(skb, 22, &ttl, 1, 0);
	if (ip->ttl == 0) // EDIT bpf_skb_store_bytes, again
		return 2;
	return 0;
}

SEC("tp/syscalls/sys_enter_write")
int copy_line(__u64 *ctx)
{
	__u32 zero = 0;
	struct line *l = bpf_map_lookup_elem(&lines, &zero);
	if (!l)
		return 0;
	__u64 used = l->used;
	bpf_probe_read_user(l->text + used, 8, (void *)ctx[3]); // EDIT `used`
	return 0;
}

SEC("tp/syscalls/sys_enter_write")
int copy_count(__u64 *ctx)
{
	__u32 zero = 0;
	struct line *l = bpf_map_lookup_elem(&lines, &zero);
	if (!l)
		return 0;
	__u32 count = ctx[4];
	if (count > 128) // EDIT
		count = 128;
	bpf_probe_read_user(l->text, count, (void *)ctx[3]); // EDIT 68 bytes, count > 68
	return 0;
}

SEC("tp/syscalls/sys_enter_write")
int terminate(__u64 *ctx)
{
	__u32 zero = 0;
	struct line *l = bpf_map_lookup_elem(&lines, &zero);
	if (!l)
		return 0;
	long n = bpf_probe_read_user_str(l->text, sizeof(l->text), (void *)ctx[3]);
	l->text[n] = 0; // EDIT `n`, n < 0
	return 0;
}

SEC("tp/syscalls/sys_enter_write")
int output_line(__u64 *ctx)
{
	struct line *l = bpf_ringbuf_reserve(&rb, sizeof(*l), 0); // EDIT
	if (!l)
		return 0;
	if (ctx[4] > 64) // EDIT bpf_ringbuf_discard
		return 0; // EDIT
	l->used = ctx[4];
	bpf_ringbuf_submit(l, 0);
	return 0;
}

SEC("tc")
int nested_lookup(struct __sk_buff *skb)
{
	struct flow f = {};
	struct stat *s = bpf_map_lookup_elem(&flows, &f);
	if (!s) {
		struct stat fresh = {};
		bpf_map_update_elem(&flows, &f, &fresh, BPF_ANY);
		s = bpf_map_lookup_elem(&flows, &f);
	}
	s->packets++; // EDIT `s`, NULL, !s
	return 0;
}

SEC("xdp")
int vlan_offset(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;
	__u64 off = 14;
	if (eth->h_proto == htons(ETH_P_8021Q))
		off += 4;
	struct iphdr *ip = data + off;
	return ip->protocol & 1; // EDIT data_end, ip + 1
}

SEC("kprobe/tcp_sendmsg")
int third_parameter(struct pt_regs *ctx, void *sk, void *msg) // EDIT parameter, BPF_KPROBE
{
	struct flow f = {};
	f.src = (long)msg;
	bpf_map_delete_elem(&flows, &f);
	return 0;
}

SEC("tc")
int mask_too_wide(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct line *l = bpf_map_lookup_elem(&lines, &zero);
	if (!l)
		return 0;
	__u32 i = skb->mark & 127; // EDIT
	l->text[i] = 'x'; // EDIT 68 bytes
	return 0;
}
