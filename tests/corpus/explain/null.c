// SPDX-License-Identifier: MIT OR Apache-2.0
// Pointers that may be NULL, or are.
#include "corpus.h"
LICENSE("GPL");

struct val { __u64 a, b; __u32 n; __u8 name[20]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct val); } vals SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } total SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct val); } scratch SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_SK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, __u64); } per_sk SEC(".maps");

SEC("xdp")
int unchecked_read(struct xdp_md *ctx)
{
	__u32 key = 1;
	struct val *v = bpf_map_lookup_elem(&vals, &key);
	return v->n; // EDIT `v`, may be NULL, !v
}

SEC("xdp")
int unchecked_write(struct xdp_md *ctx)
{
	__u32 key = 1;
	struct val *v = bpf_map_lookup_elem(&vals, &key);
	v->a = 5; // EDIT `v`, may be NULL, !v
	return XDP_PASS;
}

SEC("tc")
int unchecked_add(struct __sk_buff *skb)
{
	__u32 key = skb->mark;
	__u64 *sum = bpf_map_lookup_elem(&total, &key);
	__sync_fetch_and_add(sum, 1); // EDIT `sum`, may be NULL, !sum
	return 0;
}

SEC("tc")
int unchecked_percpu(struct __sk_buff *skb)
{
	__u32 index = skb->mark;
	struct val *s = bpf_map_lookup_elem(&scratch, &index);
	s->b += skb->len; // EDIT `s`, may be NULL, !s
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int unchecked_record(void *ctx)
{
	struct val *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
	e->a = bpf_ktime_get_ns(); // EDIT `e`, may be NULL, !e
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tc")
int unchecked_other(struct __sk_buff *skb)
{
	__u32 one = 1, two = 2;
	struct val *v = bpf_map_lookup_elem(&vals, &one);
	struct val *w = bpf_map_lookup_elem(&vals, &two);
	if (!v)
		return 0;
	return w->n; // EDIT `w`, may be NULL, !w
}

SEC("tc")
int inverted(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct val *v = bpf_map_lookup_elem(&vals, &key);
	if (v) // EDIT
		return 0;
	return v->n; // EDIT NULL
}

SEC("tc")
int checked_late(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct val *v = bpf_map_lookup_elem(&vals, &key);
	__u32 n = v->n; // EDIT `v`, !v
	opaque(n);
	if (!v) // EDIT
		return 0;
	return n;
}

SEC("tc")
int in_loop(struct __sk_buff *skb)
{
	__u64 sum = 0;
	for (__u32 i = 0; i < 4; i++) {
		struct val *v = bpf_map_lookup_elem(&vals, &i);
		sum += v->a; // EDIT `v`, !v
	}
	return sum;
}

SEC("tc")
int handed_to_load(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct val *v = bpf_map_lookup_elem(&vals, &key);
	bpf_skb_load_bytes(skb, 0, v, 16); // EDIT `v`, NULL, !v
	return 0;
}

SEC("tc")
int handed_to_update(struct __sk_buff *skb)
{
	__u32 key = 1, other = 2;
	struct val *v = bpf_map_lookup_elem(&vals, &key);
	bpf_map_update_elem(&vals, &other, v, BPF_ANY); // EDIT `v`, NULL, !v
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int handed_to_submit(void *ctx)
{
	struct val *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
	bpf_ringbuf_submit(e, 0); // EDIT `e`, NULL, !e
	return 0;
}

SEC("tc")
int unchecked_socket(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	return sk->family; // EDIT `sk`, NULL, !sk
}

SEC("tc")
int unchecked_lookup(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), -1, 0);
	__u32 family = sk->family; // EDIT `sk`, NULL, !sk
	bpf_sk_release(sk);
	return family == 2;
}

SEC("tc")
int unchecked_full(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	struct bpf_sock *full = bpf_sk_fullsock(sk);
	return full->mark; // EDIT `full`, NULL, !full
}

SEC("tc")
int unchecked_tcp(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	struct bpf_tcp_sock *tp = bpf_tcp_sock(sk);
	return tp->snd_cwnd; // EDIT `tp`, NULL, !tp
}

SEC("tc")
int unchecked_storage(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	__u64 *n = bpf_sk_storage_get(&per_sk, sk, 0, 1);
	*n += 1; // EDIT `n`, NULL, !n
	return 0;
}

SEC("tc")
int second_read(struct __sk_buff *skb)
{
	if (!skb->sk)
		return 0;
	barrier();
	return skb->sk->family; // EDIT NULL
}

SEC("xdp")
int merged(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u8 *l4 = NULL; // EDIT
	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->h_proto == htons(ETH_P_IP)) // EDIT
		l4 = (void *)(eth + 1) + 20;
	opaque(l4);
	return *l4; // EDIT `l4`, NULL, !l4
}

SEC("tc")
int literal(struct __sk_buff *skb)
{
	bpf_skb_load_bytes(skb, 0, NULL, 4); // EDIT NULL
	return 0;
}

SEC("tc")
int arithmetic(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct val *v = bpf_map_lookup_elem(&vals, &key);
	__u8 *name = v->name + (skb->len & 7); // EDIT NULL
	opaque(name);
	if (!v) // EDIT
		return 0;
	return *name; // EDIT
}

static __noinline __u64 first(struct val *v)
{
	return v->a; // EDIT `v`, NULL, !v
}

SEC("tc")
int through_function(struct __sk_buff *skb)
{
	__u32 key = 1;
	return first(bpf_map_lookup_elem(&vals, &key)); // EDIT
}
