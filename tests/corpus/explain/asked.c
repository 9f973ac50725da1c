// SPDX-License-Identifier: MIT OR Apache-2.0
// More of what people ask about.
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct record { __u64 ts; __u32 pid, len; char text[48]; };
struct node { struct bpf_rb_node rb; __u64 key; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(max_entries, 8); __uint(key_size, 4); __uint(value_size, 4); } ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct record); } records SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_TASK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, __u64); } storage SEC(".maps");
struct bpf_spin_lock tree_lock SEC(".data.tree");
struct bpf_rb_root tree SEC(".data.tree") __contains(node, rb);

SEC("tc")
int checksum(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	if ((void *)(ip + 1) > data_end) // EDIT
		return 0;
	return bpf_csum_diff(0, 0, (void *)ip, ip->ihl * 4, 0) & 1; // EDIT bpf_csum_diff
}

SEC("xdp")
int key_in_context(struct xdp_md *ctx)
{
	return bpf_map_lookup_elem(&records, &ctx->rx_queue_index) ? XDP_DROP : XDP_PASS; // EDIT &ctx->rx_queue_index, stack
}

SEC("tc")
int update_nothing(struct __sk_buff *skb)
{
	__u32 k = 1;
	return bpf_map_update_elem(&records, &k, NULL, 0); // EDIT NULL, bpf_map_update_elem
}

SEC("sockops")
int set_port(struct bpf_sock_ops *ops)
{
	ops->remote_port = 80; // EDIT remote_port
	return 1;
}

SEC("cgroup/connect4")
int half_address(struct bpf_sock_addr *ctx)
{
	((__u8 *)&ctx->user_port)[3] = 1; // EDIT user_port
	return 1;
}

static long each_record(void *map, void *key, void *value, void *data)
{
	return 0;
}

SEC("tc")
int each_of_ring(struct __sk_buff *skb)
{
	return bpf_for_each_map_elem(&rb, each_record, NULL, 0); // EDIT rb
}

SEC("tc")
int submit_inside(struct __sk_buff *skb)
{
	struct record *r = bpf_ringbuf_reserve(&rb, sizeof(*r), 0);
	if (!r)
		return 0;
	r->len = skb->len;
	bpf_ringbuf_submit(&r->len, 0); // EDIT pointer that was acquired
	return 0;
}

SEC("tc")
int submit_value(struct __sk_buff *skb)
{
	__u32 k = 1;
	struct record *r = bpf_map_lookup_elem(&records, &k);
	if (!r)
		return 0;
	bpf_ringbuf_submit(r, 0); // EDIT bpf_ringbuf_submit, bpf_ringbuf_reserve
	return 0;
}

SEC("tc")
int release_borrowed(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	bpf_sk_release(sk); // EDIT bpf_sk_fullsock, take this call
	return 0;
}

SEC("tp_btf/task_newtask")
int unlock_twice(__u64 *ctx)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	bpf_rcu_read_unlock(); // EDIT bpf_rcu_read_unlock, take the call out
	return 0;
}

SEC("lsm/file_open")
int lsm_positive(__u64 *ctx)
{
	return bpf_get_current_uid_gid() ? 1 : 0; // EDIT 0
}

SEC("iter/task")
int dump_task(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	return t->pid & 1; // EDIT `t`, NULL
}

SEC("tc")
int dynptr_of_stack(struct __sk_buff *skb)
{
	char buf[16] = {}; // EDIT
	struct bpf_dynptr p;
	bpf_dynptr_from_mem(buf, sizeof(buf), 0, &p); // EDIT `buf`, stack, map
	return 0;
}

SEC("xdp")
int dynptr_one_way(struct xdp_md *ctx)
{
	struct bpf_dynptr p;
	__u32 v = 0;
	if (ctx->rx_queue_index) // EDIT
		bpf_dynptr_from_xdp(ctx, 0, &p);
	bpf_dynptr_read(&v, sizeof(v), &p, 0, 0); // EDIT `&p`, dynptr
	return v & 1;
}

SEC("xdp")
int dynptr_unchecked(struct xdp_md *ctx)
{
	struct bpf_dynptr p;
	char buf[8];
	bpf_dynptr_from_xdp(ctx, 0, &p);
	char *d = bpf_dynptr_slice(&p, 0, buf, sizeof(buf));
	return d[0] & 1; // EDIT `d`, NULL
}

SEC("xdp")
int dynptr_read_long(struct xdp_md *ctx)
{
	struct bpf_dynptr p;
	char buf[8];
	bpf_dynptr_from_xdp(ctx, 0, &p);
	bpf_dynptr_read(buf, ctx->rx_queue_index, &p, 0, 0); // EDIT 8
	return buf[0] & 1;
}

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return true;
}

SEC("tc")
int add_unlocked(struct __sk_buff *skb)
{
	struct node *n = bpf_obj_new_impl(__builtin_btf_type_id(*(struct node *)0, 0), NULL);
	if (!n)
		return 0;
	bpf_rbtree_add_impl(&tree, &n->rb, less, NULL, 0); // EDIT &tree, lock is held
	return 0;
}

SEC("tc")
int new_unchecked(struct __sk_buff *skb)
{
	struct node *n = bpf_obj_new_impl(__builtin_btf_type_id(*(struct node *)0, 0), NULL);
	n->key = skb->len; // EDIT `n`, NULL
	bpf_obj_drop_impl(n, NULL);
	return 0;
}

static __noinline __u64 sum(struct __sk_buff *skb, __u32 n)
{
	return n ? sum(skb, n - 1) + bpf_get_prandom_u32() : 0; // EDIT
}

SEC("tc")
int recursion(struct __sk_buff *skb)
{
	return sum(skb, skb->len & 7) & 1; // EDIT
}

__noinline void *find(struct __sk_buff *skb)
{
	__u32 k = 1;
	return bpf_map_lookup_elem(&records, &k);
}

SEC("tc")
int returns_pointer(struct __sk_buff *skb)
{
	struct record *r = find(skb); // EDIT find, `static`
	return r ? 1 : 0;
}

__noinline int any_context(void *ctx)
{
	return ctx != 0; // EDIT
}

SEC("tc")
int void_context(struct __sk_buff *skb)
{
	return any_context(skb); // EDIT any_context
}

SEC("tc")
int too_much_output(struct __sk_buff *skb)
{
	struct record r = { .pid = 1 };
	return bpf_perf_event_output(skb, &perf, BPF_F_CURRENT_CPU, &r, 128); // EDIT 64
}

SEC("tc")
int beyond_record(struct __sk_buff *skb)
{
	__u64 *r = bpf_ringbuf_reserve(&rb, 8, 0); // EDIT
	if (!r)
		return 0;
	r[1] = skb->len; // EDIT bpf_ringbuf_reserve, 8 bytes
	bpf_ringbuf_submit(r, 0);
	return 0;
}

SEC("tc")
int redirect_in_tc(struct __sk_buff *skb)
{
	return bpf_redirect_map(&ports, 0, 0); // EDIT bpf_redirect
}

SEC("kprobe/do_exit")
int storage_unchecked(struct pt_regs *ctx)
{
	__u64 *n = bpf_task_storage_get(&storage, (void *)bpf_get_current_task(), 0, 1); // EDIT bpf_get_current_task_btf
	return n ? *n : 0;
}
