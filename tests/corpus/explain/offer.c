// SPDX-License-Identifier: MIT OR Apache-2.0
// What a target or a program's type does not offer.
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } plain SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } hash SEC(".maps");

SEC("xdp")
int load_in_xdp(struct xdp_md *ctx)
{
	char c[4];
	return bpf_skb_load_bytes((void *)ctx, 0, c, 4) & 3; // EDIT bpf_xdp_load_bytes
}

SEC("tc")
int adjust_in_tc(struct __sk_buff *skb)
{
	return bpf_xdp_adjust_head((void *)skb, 4); // EDIT bpf_skb_adjust_room
}

SEC("socket")
int store_in_filter(struct __sk_buff *skb)
{
	char c = 0;
	return bpf_skb_store_bytes(skb, 0, &c, 1, 0); // EDIT `sched_cls`
}

SEC("xdp")
int peer_in_xdp(struct xdp_md *ctx)
{
	return bpf_redirect_peer(1, 0) & 3; // EDIT `bpf_redirect`
}

SEC("xdp")
int func_ip_in_xdp(struct xdp_md *ctx)
{
	return bpf_get_func_ip(ctx) & 1; // EDIT `kprobe`
}

SEC("tc")
int override_in_tc(struct __sk_buff *skb)
{
	bpf_override_return((void *)skb, 1); // EDIT `kprobe`
	return 0;
}

SEC("kprobe/do_unlinkat")
int sleeps(void *ctx)
{
	char b[8];
	return bpf_copy_from_user(b, 8, ctx); // EDIT sleep, uprobe.s
}

SEC("tc")
int tail_on_array(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &plain, 1); // EDIT BPF_MAP_TYPE_PROG_ARRAY, plain
	return 0;
}

SEC("tc")
int output_on_hash(struct __sk_buff *skb)
{
	__u64 v = 1;
	return bpf_perf_event_output(skb, &hash, 0, &v, 8); // EDIT BPF_MAP_TYPE_PERF_EVENT_ARRAY, hash
}

SEC("tc")
int redirect_on_array(struct __sk_buff *skb)
{
	__u32 v = skb->mark;
	return bpf_ringbuf_output(&plain, &v, 4, 0); // EDIT BPF_MAP_TYPE_RINGBUF, plain
}

SEC("cgroup/connect4")
int other_family(struct bpf_sock_addr *ctx)
{
	return ctx->user_ip6[0] == 1; // EDIT user_ip6, cgroup_inet6_connect
}

SEC("tc")
int write_len(struct __sk_buff *skb)
{
	skb->len = 100; // EDIT `len`, read only
	return 0;
}

SEC("xdp")
int write_ingress(struct xdp_md *ctx)
{
	ctx->ingress_ifindex = 1; // EDIT `ingress_ifindex`, read only
	return XDP_PASS;
}

SEC("xdp")
int beyond_context(struct xdp_md *ctx)
{
	return *(__u32 *)((void *)ctx + 200) & 3; // EDIT context
}

SEC("cgroup_skb/egress")
int data_in_wrong_way(struct __sk_buff *skb)
{
	skb->cb[0] = 1;
	return skb->tc_classid & 1; // EDIT `tc_classid`
}

SEC("tc")
int key_number(struct __sk_buff *skb)
{
	__u32 *v = bpf_map_lookup_elem(&hash, (void *)(long)skb->mark); // EDIT number, memory, &key
	return v ? *v : 0;
}

SEC("tc")
int map_number(struct __sk_buff *skb)
{
	__u32 key = 1;
	__u32 *v = bpf_map_lookup_elem((void *)(long)skb->mark, &key); // EDIT number, map
	return v ? *v : 0;
}

SEC("tc")
int context_as_key(struct __sk_buff *skb)
{
	__u32 *v = bpf_map_lookup_elem(&hash, skb); // EDIT context, memory
	return v ? *v : 0;
}

SEC("tc")
int map_as_key(struct __sk_buff *skb)
{
	__u32 *v = bpf_map_lookup_elem(&hash, &plain); // EDIT plain, memory
	return v ? *v : 0;
}

SEC("kprobe/do_unlinkat")
int kernel_as_key(struct pt_regs *ctx)
{
	__u32 *v = bpf_map_lookup_elem(&hash, (void *)ctx->di); // EDIT number, bpf_probe_read_kernel
	return v ? *v : 0;
}
