// SPDX-License-Identifier: MIT OR Apache-2.0
// A fourth lot of what people ask about.
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");
struct event { __u32 pid, len; char comm[16]; char data[64]; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct event); } heap SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_XSKMAP); __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 4); } xsks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_SK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, __u64); } sks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u64); __type(value, __u64); } h SEC(".maps");
int table_len; char table[32];


SEC("tc")
int zero_len(struct __sk_buff *skb)
{
	char buf[64];
	__u32 len = skb->len;
	if (len > sizeof(buf))
		return 0;
	return bpf_skb_load_bytes(skb, 0, buf, len); // EDIT `len`, zero
}

SEC("xdp")
int xsk_value(struct xdp_md *ctx)
{
	__u32 k = ctx->rx_queue_index;
	__u32 *v = bpf_map_lookup_elem(&xsks, &k);
	if (v && v[4]) // EDIT socket
		return XDP_DROP;
	return bpf_redirect_map(&xsks, k, 0);
}

SEC("tc")
int after_clone(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	if (data + 14 > end)
		return 0;
	bpf_clone_redirect(skb, 1, 0); // EDIT
	return ((struct ethhdr *)data)->h_proto == 8; // EDIT bpf_clone_redirect, again
}

SEC("xdp")
int by_proto(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + 14;
	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	return table[ip->protocol]; // EDIT ip->protocol
}

SEC("xdp")
int global_index(struct xdp_md *ctx)
{
	return table[table_len] ? XDP_DROP : XDP_PASS; // EDIT table_len
}

SEC("kprobe/do_exit")
int out_len(struct pt_regs *ctx)
{
	__u32 z = 0;
	struct event *e = bpf_map_lookup_elem(&heap, &z);
	if (!e)
		return 0;
	long n = bpf_probe_read_kernel_str(e->data, sizeof(e->data), (void *)PARM1(ctx));
	return bpf_ringbuf_output(&rb, e, 24 + n, 0); // EDIT `24 + n`, negative
}

SEC("cgroup_skb/egress")
int sk_null(struct __sk_buff *skb)
{
	__u64 *v = bpf_sk_storage_get(&sks, skb->sk, 0, 1); // EDIT `skb->sk`, NULL
	return v ? 1 : 0;
}

SEC("kprobe/do_exit")
int long_comm(struct pt_regs *ctx)
{
	struct event e = {};
	bpf_get_current_comm(e.comm, 128); // EDIT 128
	return e.comm[0];
}

SEC("tc")
int two_refs(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
	struct bpf_sock *sk;
	if (!e)
		return 0;
	sk = bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), -1, 0);
	if (!sk)
		return 0; // EDIT bpf_ringbuf_discard(e
	e->len = sk->state;
	bpf_sk_release(sk);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/task_newtask")
int from_pid(__u64 *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1);
	int pid = t->pid; // EDIT `t`, NULL, !t
	bpf_task_release(t);
	return pid;
}

SEC("tc")
int key_too_small(struct __sk_buff *skb)
{
	__u32 k = skb->ifindex;
	__u64 *v = bpf_map_lookup_elem(&h, &k); // EDIT `&k`, 8 bytes
	return v ? 1 : 0;
}

SEC("cgroup_skb/egress")
int set_stamp(struct __sk_buff *skb)
{
	skb->tstamp = 0;
	skb->queue_mapping = 3; // EDIT queue_mapping
	return 1;
}

SEC("xdp")
int hdr_loop(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u8 *p = data;
	int sum = 0;
	for (int i = 0; i < 100; i++) {
		if (p + i > (__u8 *)end)
			break;
		sum += p[i]; // EDIT p[i]
	}
	return sum & 1;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int path(__u64 *ctx)
{
	const char *name = (const char *)ctx[3];
	return name[0] == '/'; // EDIT bpf_probe_read_user
}

SEC("xdp")
int tail_adjust(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (data + 60 > end)
		return XDP_PASS;
	if (bpf_xdp_adjust_tail(ctx, -10))
		return XDP_PASS;
	*(__u8 *)data = 1; // EDIT bpf_xdp_adjust_tail, again
	return XDP_TX;
}
