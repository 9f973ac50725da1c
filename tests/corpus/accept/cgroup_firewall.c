// SPDX-License-Identifier: MIT OR Apache-2.0
// A per-cgroup firewall: packets, socket creation, bind, connect, sendmsg,
// socket options, sysctls and devices, all from one object.
// EXPECT prog=ingress target=linux-6.18 verdict=accept insns=79 processed=127
// EXPECT prog=egress target=linux-6.18 verdict=accept insns=91 processed=149
// EXPECT prog=on_socket target=linux-6.18 verdict=accept insns=12 processed=13
// EXPECT prog=after_bind target=linux-6.18 verdict=accept insns=15 processed=16
// EXPECT prog=connect4 target=linux-6.18 verdict=accept insns=64 processed=90
// EXPECT prog=connect6 target=linux-6.18 verdict=accept insns=14 processed=19
// EXPECT prog=sendmsg4 target=linux-6.18 verdict=accept insns=34 processed=44
// EXPECT prog=peername4 target=linux-6.18 verdict=accept insns=15 processed=16
// EXPECT prog=set_option target=linux-6.18 verdict=accept insns=20 processed=25
// EXPECT prog=get_option target=linux-6.18 verdict=accept insns=15 processed=17
// EXPECT prog=sysctl target=linux-6.18 verdict=accept insns=82 processed=103
// EXPECT prog=device target=linux-6.18 verdict=accept insns=13 processed=18
#include "corpus.h"
LICENSE("GPL");

struct tuple { __u32 saddr, daddr; __u16 sport, dport; __u8 proto, pad[3]; };
struct conn { __u64 packets, bytes, last; };
struct service { __u32 addr; __u16 port, pad; };
struct backend { __u32 addr; __u16 port, pad; __u32 index; };

struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, struct tuple); __type(value, struct conn); } conns SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, __u16); __type(value, __u32); } open_ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, struct service); __type(value, struct backend); } services SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, __u64); __type(value, struct service); } original SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_SK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, struct conn); } per_socket SEC(".maps");

static __always_inline int follow(struct __sk_buff *skb, bool in)
{
	struct tuple t = {}, back;
	struct conn *c, fresh = { .packets = 1, .bytes = skb->len };
	struct iphdr ip;
	__be16 pair[2] = {};
	__u32 *rule;
	__u16 port;

	if (skb->protocol != htons(ETH_P_IP))
		return skb->protocol == htons(ETH_P_IPV6);
	if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof(ip), 1))
		return 0;
	t.proto = ip.protocol;
	t.saddr = ip.saddr;
	t.daddr = ip.daddr;
	if (ip.protocol == IPPROTO_TCP || ip.protocol == IPPROTO_UDP) {
		if (bpf_skb_load_bytes_relative(skb, ip.ihl * 4, pair, sizeof(pair), 1))
			return 0;
		t.sport = pair[0];
		t.dport = pair[1];
	}
	back = t;
	back.saddr = t.daddr;
	back.daddr = t.saddr;
	back.sport = t.dport;
	back.dport = t.sport;
	fresh.last = bpf_ktime_get_ns();
	c = bpf_map_lookup_elem(&conns, in ? &back : &t);
	if (c) {
		__sync_fetch_and_add(&c->packets, 1);
		__sync_fetch_and_add(&c->bytes, skb->len);
		c->last = fresh.last;
		return 1;
	}
	if (!in) {
		bpf_map_update_elem(&conns, &t, &fresh, BPF_ANY);
		return 1;
	}
	port = ntohs(t.dport);
	rule = bpf_map_lookup_elem(&open_ports, &port);
	return rule && *rule & 1;
}

SEC("cgroup_skb/ingress") int ingress(struct __sk_buff *skb)
{
	return follow(skb, true);
}

SEC("cgroup_skb/egress") int egress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct conn *c;

	if (sk) {
		sk = bpf_sk_fullsock(sk);
		if (sk) {
			c = bpf_sk_storage_get(&per_socket, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
			if (c) {
				c->packets++;
				c->bytes += skb->len;
			}
		}
	}
	return follow(skb, false);
}

SEC("cgroup/sock_create") int on_socket(struct bpf_sock *sk)
{
	if (sk->family != AF_INET && sk->family != AF_INET6)
		return 0;
	sk->mark = 0x100 | sk->type;
	sk->priority = 3;
	return 1;
}

SEC("cgroup/post_bind4") int after_bind(struct bpf_sock *sk)
{
	__u16 port = sk->src_port;

	return port >= 1024 || bpf_map_lookup_elem(&open_ports, &port);
}

static __always_inline int rewrite(struct bpf_sock_addr *ctx)
{
	struct service s = { .addr = ctx->user_ip4, .port = ctx->user_port };
	struct backend *b = bpf_map_lookup_elem(&services, &s);
	__u64 cookie;

	if (!b)
		return 1;
	cookie = bpf_get_socket_cookie(ctx);
	bpf_map_update_elem(&original, &cookie, &s, BPF_ANY);
	ctx->user_ip4 = b->addr;
	ctx->user_port = b->port;
	return 1;
}

SEC("cgroup/connect4") int connect4(struct bpf_sock_addr *ctx)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk;

	if (ctx->type != 1 && ctx->type != 2)
		return 0;
	tuple.ipv4.daddr = ctx->user_ip4;
	tuple.ipv4.dport = ctx->user_port;
	sk = bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (sk) {
		if (sk->src_ip4 == tuple.ipv4.daddr && sk->mark == 7) {
			bpf_sk_release(sk);
			return 0;
		}
		bpf_sk_release(sk);
	}
	return rewrite(ctx);
}

SEC("cgroup/connect6") int connect6(struct bpf_sock_addr *ctx)
{
	// Only addresses that are mapped from IPv4, and loopback.
	if (ctx->user_ip6[0] | ctx->user_ip6[1])
		return 1;
	if (ctx->user_ip6[2] == htonl(0xffff) && (ctx->user_ip6[3] & 0xff) == 127) {
		ctx->user_ip6[2] = 0;
		ctx->user_ip6[3] = htonl(1);
	}
	return 1;
}

SEC("cgroup/sendmsg4") int sendmsg4(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port == htons(53))
		ctx->msg_src_ip4 = htonl(0x7f000001);
	return rewrite(ctx);
}

SEC("cgroup/getpeername4") int peername4(struct bpf_sock_addr *ctx)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct service *s = bpf_map_lookup_elem(&original, &cookie);

	if (s) {
		ctx->user_ip4 = s->addr;
		ctx->user_port = s->port;
	}
	return 1;
}

SEC("cgroup/setsockopt") int set_option(struct bpf_sockopt *ctx)
{
	__u8 *value = ctx->optval, *end = ctx->optval_end;

	if (ctx->level != 1)
		return 1;
	if (value + 4 > end)
		return 0;
	if (ctx->optname == 36) // mark
		return 0;
	if (ctx->optname == 8 && *(__u32 *)value > 1 << 20) { // receive buffer
		*(__u32 *)value = 1 << 20;
		ctx->optlen = 4;
	}
	return 1;
}

SEC("cgroup/getsockopt") int get_option(struct bpf_sockopt *ctx)
{
	__u8 *value = ctx->optval, *end = ctx->optval_end;

	if (ctx->level == 0x10101 && value + 1 <= end) {
		value[0] = 0x55;
		ctx->optlen = 1;
		barrier(); // one store of both fields would be refused
		ctx->retval = 0;
	}
	return 1;
}

SEC("cgroup/sysctl") int sysctl(struct bpf_sysctl *ctx)
{
	static const char allowed[] = "net/ipv4/tcp_mem";
	char name[32] = {}, value[32] = {};
	unsigned long number;
	int len;

	if (!ctx->write)
		return 1;
	len = bpf_sysctl_get_name(ctx, name, sizeof(name), 0);
	if (len != sizeof(allowed) - 1)
		return 0;
	for (int i = 0; i < sizeof(allowed); i++)
		if (name[i] != allowed[i])
			return 0;
	len = bpf_sysctl_get_new_value(ctx, value, sizeof(value));
	if (len < 0 || len >= sizeof(value))
		return 0;
	len = bpf_strtoul(value, sizeof(value), 0, &number);
	if (len <= 0)
		return 0;
	return number < 100000;
}

SEC("cgroup/dev") int device(struct bpf_cgroup_dev_ctx *ctx)
{
	short type = ctx->access_type & 0xffff;

	if (type != 2 || ctx->major != 1) // character devices of the memory driver
		return 0;
	return ctx->minor == 3 || ctx->minor == 5 || ctx->minor == 9;
}
