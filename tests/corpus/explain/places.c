// SPDX-License-Identifier: MIT OR Apache-2.0
// Where edits stand, and what they may name: `// HELP` is a line of the first help's edit,
// `// NO EDIT` says that it has none, `// UNTESTED` that no instructions stand for it,
// `// SAYS` and `// NEVER` what must and must not be said.
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");

SEC("xdp")
int by_macro(struct xdp_md *ctx)
{
	// HELP if ((void *)(h + 1) > (void *)data_end)
	// NEVER ntohs + 1
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *h = data;
	if (ntohs(h->h_proto) == ETH_P_IP) // EDIT data_end
		return XDP_DROP;
	return XDP_PASS;
}

SEC("xdp")
int two_declared(struct xdp_md *ctx)
{
	// HELP if ((void *)(ip + 1) > (void *)last)
	void *first = (void *)(long)ctx->data, *last = (void *)(long)ctx->data_end;
	struct ethhdr *eth = first;
	struct iphdr *ip = (struct iphdr *)(eth + 1);
	if ((void *)(eth + 1) > last) // EDIT
		return XDP_PASS;
	return ip->ttl & 3; // EDIT last
}

static __always_inline int on_one_line(struct iphdr *ip) { return ip->ttl; } // EDIT

SEC("xdp")
int in_one_line(struct xdp_md *ctx)
{
	// NO EDIT
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	if (data + 14 > data_end) // EDIT
		return XDP_PASS;
	return on_one_line(data + 14) & 1;
}

static __always_inline __u8 of_another_function(struct iphdr *ip)
{
	return ip->ttl; // EDIT
}

SEC("xdp")
int without_end(struct xdp_md *ctx)
{
	// NO EDIT
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	if (data + 14 > data_end) // EDIT
		return XDP_PASS;
	return of_another_function(data + 14) & 1;
}

struct hdr_cursor { void *pos; };
static __always_inline int parse_ethhdr(struct hdr_cursor *nh, void *data_end, struct ethhdr **ethhdr)
{
	struct ethhdr *eth = nh->pos;
	nh->pos += sizeof(*eth);
	*ethhdr = eth;
	return eth->h_proto; // EDIT eth + 1
}

SEC("xdp")
int through_cursor(struct xdp_md *ctx)
{
	// HELP if ((void *)(eth + 1) > (void *)data_end)
	// HELP return 0;
	// UNTESTED
	void *data_end = (void *)(long)ctx->data_end;
	void *data = (void *)(long)ctx->data;
	struct ethhdr *eth;
	struct hdr_cursor nh;
	nh.pos = data;
	return parse_ethhdr(&nh, data_end, &eth) & 3;
}

struct cursor { void *pos, *end; };
SEC("xdp")
int end_in_struct(struct xdp_md *ctx)
{
	// HELP if ((void *)(eth + 1) > (void *)cur.end)
	struct cursor cur;
	cur.pos = (void *)(long)ctx->data;
	cur.end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = cur.pos;
	if ((void *)eth + 6 > cur.end) // EDIT
		return XDP_PASS;
	return eth->h_proto & 3; // EDIT cur.end
}

SEC("xdp")
int end_in_literal(struct xdp_md *ctx)
{
	// HELP if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
	struct cursor cur = { .pos = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end };
	struct ethhdr *eth = cur.pos;
	return eth->h_proto & 3; // EDIT data_end
}

SEC("xdp")
int end_in_block(struct xdp_md *ctx)
{
	// HELP if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
	struct ethhdr *eth = (void *)(long)ctx->data;
	if (ctx->rx_queue_index) {
		void *end = (void *)(long)ctx->data_end;
		if ((void *)(eth + 1) > end)
			return 1;
		return eth->h_dest[0] & 1;
	}
	return eth->h_proto & 1; // EDIT data_end
}

SEC("cgroup/setsockopt")
int option_value(struct bpf_sockopt *o)
{
	// HELP if ((void *)(v + 1) > (void *)(long)o->optval_end)
	// NEVER data_end
	__u32 *v = o->optval;
	return *v == 1; // EDIT optval_end
}

SEC("cgroup/setsockopt")
int option_named(struct bpf_sockopt *o)
{
	// HELP if ((void *)(v + 1) > (void *)stop)
	__u32 *v = o->optval;
	void *stop = o->optval_end;
	if ((void *)v + 2 > stop) // EDIT
		return 0;
	return *v == 1; // EDIT stop
}

struct option { __u8 type, len; __u8 bytes[]; };
SEC("xdp")
int flexible(struct xdp_md *ctx)
{
	// HELP if ((void *)(&o->bytes[5] + 1) > (void *)data_end)
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct option *o = data;
	if ((void *)(o + 1) > data_end) // EDIT
		return XDP_PASS;
	return o->bytes[5] & 3; // EDIT 2 bytes
}

SEC("xdp")
int cast_to_word(struct xdp_md *ctx)
{
	// HELP if ((void *)((__u32 *)p + 1) > (void *)data_end)
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u8 *p = data;
	if ((void *)(p + 1) > data_end) // EDIT
		return XDP_PASS;
	return *(__u32 *)p & 3; // EDIT data_end
}

SEC("xdp")
int further_on(struct xdp_md *ctx)
{
	// HELP if ((void *)((p + 9) + 1) > (void *)data_end)
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u8 *p = data;
	if ((void *)(p + 4) > data_end) // EDIT
		return XDP_PASS;
	return *(p + 9) & 3; // EDIT data_end
}

SEC("xdp")
int copied_out(struct xdp_md *ctx)
{
	// NO EDIT
	// NEVER mac[0] + 1
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u8 mac[6];
	struct ethhdr *eth = data;
	__builtin_memcpy(mac, eth->h_source, 6); // EDIT
	return (mac[0] + mac[5]) & 3; // EDIT data_end
}

SEC("xdp")
int under_else(struct xdp_md *ctx)
{
	// HELP if ((void *)(eth + 1) > (void *)data_end)
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	int r;
	if (ctx->rx_queue_index)
		r = 1;
	else
		r = eth->h_proto; // EDIT data_end
	return r & 3;
}

SEC("xdp")
int in_case(struct xdp_md *ctx)
{
	// NO EDIT
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	switch (ctx->rx_queue_index) {
	case 3: return eth->h_proto & 3; // EDIT data_end
	default: return 1;
	}
}

SEC("xdp")
int set_in_condition(struct xdp_md *ctx)
{
	// NO EDIT
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth;
	if ((eth = data) && eth->h_proto == 8) // EDIT data_end
		return XDP_DROP;
	return XDP_PASS;
}

SEC("tc")
int another_way_in(struct __sk_buff *skb)
{
	// HELP if ((void *)(eth + 1) > (void *)data_end)
	// NEVER not enough
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if (skb->mark)
		goto out;
	if (data + 12 > data_end)
		return 0;
out:
	barrier();
	return eth->h_proto; // EDIT data_end
}

SEC("tc")
int length_is_no_pointer(struct __sk_buff *skb)
{
	// NEVER this comparison is on another pointer
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if (data_end - data < (long)skb->mark) // EDIT
		return 0;
	return eth->h_proto; // EDIT data_end
}

SEC("xdp")
int compared_elsewhere(struct xdp_md *ctx)
{
	// NEVER h_proto != 8
	// SAYS 34 bytes only
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;
	if (eth->h_proto != 8)
		return XDP_PASS;
	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	if (ip->protocol != 17)
		return XDP_PASS;
	return udp->dest & 3; // EDIT udp + 1
}

SEC("xdp")
int of_a_variable_part(struct xdp_md *ctx)
{
	// SAYS this comparison shows 4 bytes
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + 14;
	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	struct tcphdr *tcp = (void *)ip + ip->ihl * 4;
	if ((void *)tcp + 4 > data_end) // EDIT
		return XDP_PASS;
	return tcp->window & 3; // EDIT tcp + 1
}

SEC("xdp")
int start_compared(struct xdp_md *ctx)
{
	// SAYS this comparison shows no byte
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	if ((void *)eth >= data_end) // EDIT
		return XDP_PASS;
	return eth->h_proto & 3; // EDIT data_end
}

SEC("xdp")
int far_with_constant(struct xdp_md *ctx)
{
	// HELP if (off > 64534)
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u64 off = ctx->rx_queue_index & 0xffff; // EDIT
	__u8 *p = data + 1000 + off; // EDIT 65535, off
	if ((void *)(p + 1) > data_end)
		return XDP_PASS;
	return *p & 3;
}

SEC("xdp")
int far_constant(struct xdp_md *ctx)
{
	// NO EDIT
	// SAYS 70000
	// NEVER compare right before
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u8 *p = data + 70000; // EDIT 65535
	if ((void *)(p + 1) > data_end)
		return XDP_PASS;
	return *p & 3; // EDIT
}

SEC("sk_msg")
int message_pulled(struct sk_msg_md *msg)
{
	// HELP data = msg->data;
	// HELP data_end = msg->data_end;
	// HELP if ((void *)data + 4 > (void *)data_end)
	// HELP p = data;
	// NEVER not enough
	void *data = msg->data;
	void *data_end = msg->data_end;
	__u8 *p = data;
	if (data + 4 > data_end)
		return 1;
	bpf_msg_pull_data(msg, 0, 16, 0);
	return p[0] & 1; // EDIT again
}

SEC("tc")
int pulled_before_two(struct __sk_buff *skb)
{
	// HELP eth = data;
	// HELP ip = (void *)(eth + 1);
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (struct iphdr *)(eth + 1);
	if ((void *)(ip + 1) > data_end)
		return 0;
	bpf_skb_pull_data(skb, 64);
	if (eth->h_proto != 8) // EDIT again
		return 0;
	return ip->ttl;
}

SEC("tc")
int pulled_before_array(struct __sk_buff *skb)
{
	// NO EDIT
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	__u8 *mac = eth->h_source;
	if ((void *)(eth + 1) > data_end)
		return 0;
	bpf_skb_pull_data(skb, 64);
	return mac[0] + eth->h_proto; // EDIT again
}

SEC("tc")
int pulled_in_loop(struct __sk_buff *skb)
{
	// NO EDIT
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	int sum = 0;
	if ((void *)(eth + 1) > data_end)
		return 0;
	for (int i = 0; i < (skb->mark & 7); i++) {
		sum += eth->h_dest[0]; // EDIT again
		bpf_skb_pull_data(skb, 64);
	}
	return sum;
}

SEC("tc")
int pulled_with_variable(struct __sk_buff *skb)
{
	// NO EDIT
	// NEVER not enough
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + 14;
	if ((void *)(ip + 1) > data_end)
		return 0;
	__u8 *l4 = (void *)ip + ip->ihl * 4;
	if ((void *)(l4 + 1) > data_end)
		return 0;
	bpf_skb_pull_data(skb, 64);
	return *l4; // EDIT again
}

SEC("tc")
int pulled_constants(struct __sk_buff *skb)
{
	// NO EDIT
	const void *const data = (void *)(long)skb->data;
	const void *const data_end = (void *)(long)skb->data_end;
	const struct ethhdr *const eth = data;
	if (data + 20 > data_end)
		return 0;
	bpf_skb_pull_data(skb, 64);
	return eth->h_proto; // EDIT again
}

SEC("iter/task")
int iterated(struct bpf_iter__task *ctx)
{
	// HELP typeof(ctx->task) task = ctx->task;
	// HELP if (!task)
	// HELP return task->real_parent->pid > 3;
	// SAYS the context's `task`
	return ctx->task->real_parent->pid > 3; // EDIT ctx->task
}

SEC("iter/task")
int iterated_name(struct bpf_iter__task *ctx)
{
	// HELP if (!task)
	// NEVER `ctx` (read
	struct task_struct *task = ctx->task; // EDIT task
	char name[16];
	bpf_probe_read_kernel(name, sizeof(name), task->comm); // EDIT
	return task->comm[1] == 'a';
}

__noinline int takes_no_context(struct __sk_buff *skb)
{
	__u32 k = 0;
	__u64 *v = bpf_map_lookup_elem(&counts, &k);
	return v ? *v : 0;
}

SEC("tc")
int context_unpassed(struct __sk_buff *skb)
{
	// CAUSE compiler
	// NO EDIT
	// SAYS passes nothing for `skb`
	if (bpf_skb_pull_data(skb, 3))
		return 1;
	return takes_no_context(skb); // EDIT
}
