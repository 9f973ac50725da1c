// SPDX-License-Identifier: MIT OR Apache-2.0
// Socket-layer programs: a sockmap redirector (sk_msg, sk_skb), a TCP tuner
// (sock_ops), socket lookup, reuseport selection, flow dissection.
// EXPECT prog=on_message target=linux-6.18 verdict=accept insns=47 processed=53
// EXPECT prog=parse_stream target=linux-6.18 verdict=accept insns=12 processed=13
// EXPECT prog=stream_verdict target=linux-6.18 verdict=accept insns=24 processed=26
// EXPECT prog=any_verdict target=linux-6.18 verdict=accept insns=14 processed=13
// EXPECT prog=tuner target=linux-6.18 verdict=accept insns=78 processed=92
// EXPECT prog=steer target=linux-6.18 verdict=accept insns=38 processed=41
// EXPECT prog=choose target=linux-6.18 verdict=accept insns=25 processed=27
// EXPECT prog=migrate target=linux-6.18 verdict=accept insns=31 processed=41
// EXPECT prog=dissect target=linux-6.18 verdict=accept insns=68 processed=90
#include "corpus.h"
LICENSE("GPL");

struct pair { __u32 local_ip, remote_ip, local_port, remote_port; };
struct rtt { __u32 min, samples; };

struct { __uint(type, BPF_MAP_TYPE_SOCKHASH); __uint(max_entries, 1024); __type(key, struct pair); __type(value, int); } peers SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_SOCKMAP); __uint(max_entries, 16); __type(key, __u32); __type(value, int); } workers SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); } listeners SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_SK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, struct rtt); } rtts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u32); } ports SEC(".maps");

SEC("sk_msg") int on_message(struct sk_msg_md *msg)
{
	struct pair to = {
		.local_ip = msg->remote_ip4, .remote_ip = msg->local_ip4,
		.local_port = msg->remote_port >> 16, .remote_port = htonl(msg->local_port) >> 16,
	};
	__u8 *data, *end;

	if (msg->size < 4)
		return SK_PASS;
	if (bpf_msg_pull_data(msg, 0, 4, 0))
		return SK_PASS;
	data = msg->data;
	end = msg->data_end;
	if (data + 4 > end)
		return SK_PASS;
	if (data[0] == 0xff && data[1] == 0xff) {
		bpf_msg_apply_bytes(msg, 4);
		return SK_DROP;
	}
	data[3] ^= data[2];
	bpf_msg_redirect_hash(msg, &peers, &to, 1);
	return SK_PASS;
}

SEC("sk_skb/stream_parser") int parse_stream(struct __sk_buff *skb)
{
	__be32 size;

	if (bpf_skb_load_bytes(skb, 0, &size, sizeof(size)))
		return 0;
	return ntohl(size) + sizeof(size);
}

SEC("sk_skb/stream_verdict") int stream_verdict(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 worker;

	if (data + 8 > end) {
		if (bpf_skb_pull_data(skb, 8))
			return SK_DROP;
		data = (void *)(long)skb->data;
		end = (void *)(long)skb->data_end;
		if (data + 8 > end)
			return SK_DROP;
	}
	worker = data[4] & 15;
	return bpf_sk_redirect_map(skb, &workers, worker, 0);
}

SEC("sk_skb/verdict") int any_verdict(struct __sk_buff *skb)
{
	struct pair to = { .remote_port = skb->remote_port, .local_port = skb->local_port };

	return bpf_sk_redirect_hash(skb, &peers, &to, 1);
}

SEC("sockops") int tuner(struct bpf_sock_ops *ops)
{
	struct pair key = {};
	struct bpf_sock *sk;
	struct rtt *r;
	int value = 64, rv = -1;

	switch (ops->op) {
	case 1: // SYN timeout
		rv = ops->family == AF_INET && ops->remote_ip4 == ops->local_ip4 ? 10 : -1;
		break;
	case 2: // receive window at start
		rv = 40;
		break;
	case 4: // active, 5: passive establishment
	case 5:
		key.local_ip = ops->local_ip4;
		key.remote_ip = ops->remote_ip4;
		key.local_port = ops->local_port;
		key.remote_port = htonl(ops->remote_port);
		bpf_sock_hash_update(ops, &peers, &key, BPF_NOEXIST);
		bpf_setsockopt(ops, IPPROTO_TCP, 12, &value, sizeof(value));
		bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | 8);
		break;
	case 12: // round trip
		sk = ops->sk;
		if (!sk)
			break;
		r = bpf_sk_storage_get(&rtts, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!r)
			break;
		r->samples++;
		if (!r->min || ops->srtt_us >> 3 < r->min)
			r->min = ops->srtt_us >> 3;
		if (ops->snd_cwnd > 100 && ops->total_retrans > 10)
			ops->sk_txhash = bpf_get_prandom_u32();
		break;
	}
	ops->reply = rv;
	return 1;
}

SEC("sk_lookup") int steer(struct bpf_sk_lookup *ctx)
{
	__u32 port = ctx->local_port, *slot;
	struct bpf_sock *sk;
	long err;

	if (ctx->family != AF_INET || ctx->protocol != IPPROTO_TCP)
		return SK_PASS;
	slot = bpf_map_lookup_elem(&ports, &port);
	if (!slot)
		return SK_PASS;
	port = *slot & 15;
	sk = bpf_map_lookup_elem(&workers, &port);
	if (!sk)
		return SK_DROP;
	err = bpf_sk_assign(ctx, sk, 0);
	bpf_sk_release(sk);
	return err ? SK_DROP : SK_PASS;
}

static __always_inline int select(struct sk_reuseport_md *md)
{
	__u32 slot = md->hash & 15;

	if (md->ip_protocol == IPPROTO_UDP) {
		__u8 *data = md->data, *end = md->data_end;

		if (data + sizeof(struct udphdr) + 1 > end)
			return SK_DROP;
		slot = data[sizeof(struct udphdr)] & 15;
	}
	return bpf_sk_select_reuseport(md, &listeners, &slot, 0) ? SK_DROP : SK_PASS;
}

SEC("sk_reuseport") int choose(struct sk_reuseport_md *md)
{
	return select(md);
}

SEC("sk_reuseport/migrate") int migrate(struct sk_reuseport_md *md)
{
	if (!md->migrating_sk)
		return select(md);
	return md->migrating_sk->state == 12 ? SK_PASS : SK_DROP;
}

SEC("flow_dissector") int dissect(struct __sk_buff *skb)
{
	struct bpf_flow_keys *keys = skb->flow_keys;
	struct iphdr *ip, buffer;
	__u32 at;
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__be16 pair[2];

	if (keys->n_proto != htons(ETH_P_IP))
		return 2;
	at = keys->nhoff;
	if (at > 4096) // offsets near 65,535 can't be proven
		return 2;
	ip = data + at;
	if (ip + 1 > (struct iphdr *)end) {
		if (bpf_skb_load_bytes(skb, keys->nhoff, &buffer, sizeof(buffer)))
			return 2;
	} else {
		buffer = *ip;
	}
	ip = &buffer;
	keys->addr_proto = ETH_P_IP;
	keys->ipv4_src = ip->saddr;
	keys->ipv4_dst = ip->daddr;
	keys->ip_proto = ip->protocol;
	keys->thoff = keys->nhoff + ip->ihl * 4;
	if (ip->frag_off & htons(0x3fff)) {
		keys->is_frag = true;
		return 0;
	}
	if (bpf_skb_load_bytes(skb, keys->thoff, pair, sizeof(pair)))
		return 2;
	keys->sport = pair[0];
	keys->dport = pair[1];
	return 0;
}
