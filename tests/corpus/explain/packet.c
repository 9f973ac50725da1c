// SPDX-License-Identifier: MIT OR Apache-2.0
// Packet bytes that no comparison shows to be there.
#include "corpus.h"
LICENSE("GPL");

SEC("xdp")
int no_check(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct ethhdr *eth = data;
	return eth->h_proto & 3; // EDIT data_end
}

SEC("xdp")
int short_check(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	if ((void *)(eth + 1) > data_end) // EDIT
		return XDP_PASS;
	return ip->protocol & 3; // EDIT 14 bytes, ip + 1
}

SEC("tc")
int one_short(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	__u8 *p = data;
	if (data + 13 > data_end) // EDIT
		return 0;
	return p[13]; // EDIT 13 bytes
}

SEC("tc")
int reversed(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) <= data_end) // EDIT
		return 0;
	return eth->h_proto; // EDIT
}

SEC("tc")
int wrong_pointer(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	__u32 off = skb->mark & 63, other = skb->priority & 63;
	__u8 *p = data + off, *q = data + other;
	if ((void *)(p + 1) > data_end) // EDIT
		return 0;
	return *q; // EDIT data_end
}

SEC("tc")
int variable_header(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + 14;
	if ((void *)(ip + 1) > data_end)
		return 0;
	__u8 *l4 = (void *)ip + ip->ihl * 4;
	return *l4; // EDIT data_end
}

SEC("tc")
int variable_short(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + 14;
	if ((void *)(ip + 1) > data_end)
		return 0;
	__u8 *l4 = (void *)ip + ip->ihl * 4;
	if ((void *)(l4 + 2) > data_end) // EDIT
		return 0;
	return l4[3]; // EDIT 2 bytes
}

SEC("xdp")
int far(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u64 off = ctx->rx_queue_index & 0x1ffff; // EDIT
	__u8 *p = data + off; // EDIT 65535, off
	if ((void *)(p + 1) > data_end)
		return XDP_PASS;
	return *p & 3;
}

SEC("tc")
int by_length(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	struct ethhdr *eth = data;
	if (skb->len < 14) // EDIT
		return 0;
	return eth->h_proto; // EDIT data_end
}

SEC("tc")
int written(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if (data + 4 > data_end) // EDIT
		return 0;
	eth->h_source[5] = 1; // EDIT 4 bytes, h_source[5] + 1
	return 0;
}

SEC("xdp")
int loop_bytes(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u8 *p = data;
	__u32 sum = 0;
	if (data + 8 > data_end) // EDIT
		return XDP_PASS;
	for (int i = 0; i < 10; i++)
		sum += p[i]; // EDIT 8 bytes
	return sum & 3;
}

SEC("tc")
int to_helper(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	if (data + 4 > data_end) // EDIT
		return 0;
	return bpf_csum_diff(data, 8, 0, 0, 0); // EDIT 4 bytes
}

SEC("xdp")
int ipv6_next(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip6 = data + 14;
	if ((void *)(ip6 + 1) > data_end)
		return XDP_PASS;
	__u8 *next = (void *)(ip6 + 1);
	return *next & 3; // EDIT 54 bytes, data_end
}

SEC("tc")
int on_one_way(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if (skb->mark) { // EDIT
		if ((void *)(eth + 1) > data_end)
			return 0;
	}
	barrier();
	return eth->h_proto; // EDIT data_end
}

SEC("xdp")
int meta_unchecked(struct xdp_md *ctx)
{
	__u32 *meta = (void *)(long)ctx->data_meta;
	return *meta & 3; // EDIT
}

SEC("xdp")
int end_moved(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u8 *p = data;
	opaque(data_end);
	if ((void *)p > data_end - 14) // EDIT
		return XDP_PASS;
	return p[0] & 3; // EDIT
}

// Most runs go wrong elsewhere first; those of this line, at the access that is not refused.
SEC("xdp")
int one_line(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u32 drawn = bpf_get_prandom_u32();
	if (drawn & 7)
		goto other;
	return drawn == 0x1234560 ? bpf_ktime_get_ns() + data[300] : data[400]; // EDIT data[300]
other:
	barrier();
	return data[200];
}
