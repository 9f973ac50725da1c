// SPDX-License-Identifier: MIT OR Apache-2.0
// Pointers that a call voided.
#include "corpus.h"
LICENSE("GPL");

struct event { __u64 a, b; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");

SEC("tc")
int pulled(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > data_end)
		return 0;
	bpf_skb_pull_data(skb, 64);
	return eth->h_proto; // EDIT bpf_skb_pull_data, again, skb->data
}

SEC("tc")
int stored(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	__u8 zero = 0;
	if ((void *)(eth + 1) > data_end)
		return 0;
	if (bpf_skb_store_bytes(skb, 0, &zero, 1, 0))
		return 0;
	return eth->h_proto; // EDIT bpf_skb_store_bytes, again
}

SEC("tc")
int tagged(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > data_end)
		return 0;
	bpf_skb_vlan_push(skb, htons(ETH_P_8021Q), 10);
	eth->h_dest[0] = 2; // EDIT bpf_skb_vlan_push, again
	return 0;
}

SEC("tc")
int untagged(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	if (data + 20 > data_end)
		return 0;
	__u8 *p = data + 14;
	bpf_skb_vlan_pop(skb);
	return *p; // EDIT bpf_skb_vlan_pop, again
}

SEC("tc")
int resized(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > data_end)
		return 0;
	bpf_skb_change_tail(skb, 100, 0);
	return eth->h_proto; // EDIT bpf_skb_change_tail, again
}

SEC("tc")
int checksummed(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + 14;
	if ((void *)(ip + 1) > data_end)
		return 0;
	bpf_l3_csum_replace(skb, 24, 0, 1, 2);
	return ip->ttl; // EDIT bpf_l3_csum_replace, again
}

SEC("xdp")
int headed(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > data_end)
		return XDP_DROP;
	if (bpf_xdp_adjust_head(ctx, -14))
		return XDP_DROP;
	eth->h_proto = 0; // EDIT bpf_xdp_adjust_head, again, ctx->data
	return XDP_PASS;
}

SEC("xdp")
int tailed(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u8 *p = data;
	if (data + 1 > data_end)
		return XDP_DROP;
	bpf_xdp_adjust_tail(ctx, 4);
	return *p & 3; // EDIT bpf_xdp_adjust_tail, again
}

SEC("xdp")
int meta(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > data_end)
		return XDP_DROP;
	if (bpf_xdp_adjust_meta(ctx, -4))
		return XDP_DROP;
	return eth->h_dest[0] & 3; // EDIT bpf_xdp_adjust_meta, again
}

static __noinline int grow(struct __sk_buff *skb)
{
	return bpf_skb_pull_data(skb, 128);
}

SEC("tc")
int by_function(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > data_end)
		return 0;
	grow(skb);
	return eth->h_proto; // EDIT may have moved the packet, again
}

SEC("tc")
int compared_before(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	if (data + 34 > data_end) {
		if (bpf_skb_pull_data(skb, 34))
			return 0;
	}
	struct iphdr *ip = data + 14;
	return ip->protocol; // EDIT
}

SEC("tc")
int released_socket(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), -1, 0);
	if (!sk)
		return 0;
	bpf_sk_release(sk);
	return sk->family; // EDIT bpf_sk_release, before
}

SEC("tc")
int released_twice(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk = bpf_sk_lookup_udp(skb, &t, sizeof(t.ipv4), -1, 0);
	if (!sk)
		return 0;
	bpf_sk_release(sk); // EDIT
	bpf_sk_release(sk); // EDIT once, bpf_sk_release
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int submitted(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
	if (!e)
		return 0;
	e->a = 1;
	bpf_ringbuf_submit(e, 0);
	e->b = 2; // EDIT bpf_ringbuf_submit, before
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int discarded(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
	if (!e)
		return 0;
	bpf_ringbuf_discard(e, 0);
	return e->a; // EDIT bpf_ringbuf_discard, before
}

SEC("tp/syscalls/sys_enter_openat")
int submitted_twice(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
	if (!e)
		return 0;
	e->a = 1;
	bpf_ringbuf_submit(e, 0); // EDIT
	bpf_ringbuf_discard(e, 0); // EDIT once
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int slice_after_submit(void *ctx)
{
	struct bpf_dynptr p;
	if (bpf_ringbuf_reserve_dynptr(&rb, 64, 0, &p)) {
		bpf_ringbuf_discard_dynptr(&p, 0);
		return 0;
	}
	__u8 *d = bpf_dynptr_data(&p, 0, 8);
	if (!d) {
		bpf_ringbuf_discard_dynptr(&p, 0);
		return 0;
	}
	bpf_ringbuf_submit_dynptr(&p, 0);
	*d = 1; // EDIT bpf_ringbuf_submit_dynptr, before
	return 0;
}

SEC("tc")
int tcp_after_release(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), -1, 0);
	if (!sk)
		return 0;
	__u32 mark = 0;
	if (sk->state == 10) {
		bpf_sk_release(sk);
		mark = sk->mark; // EDIT bpf_sk_release, before
	} else {
		bpf_sk_release(sk);
	}
	return mark;
}
