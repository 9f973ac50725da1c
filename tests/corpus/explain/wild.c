// SPDX-License-Identifier: MIT OR Apache-2.0
// What people ask about: programs as they stand in questions and on lists, in few lines.
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct event { __u32 pid, len; char comm[16]; char data[256]; };
struct conn { __u64 bytes; struct bpf_spin_lock lock; __u32 state; };
struct slot { struct bpf_timer timer; __u32 n; };
struct limits { __u32 rate, burst; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct event); } heap SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct conn); } conns SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct slot); } timers SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __uint(map_flags, BPF_F_RDONLY_PROG); __type(key, __u32); __type(value, struct limits); } config SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } inner_map SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 8); __type(key, __u32); __array(values, struct inner); } outer SEC(".maps") = { .values = { [0] = &inner_map } };
char prefix[8] = "abc";

SEC("uretprobe/SSL_read")
int ssl_read_exit(struct pt_regs *ctx)
{
	__u32 zero = 0;
	struct event *e = bpf_map_lookup_elem(&heap, &zero);
	if (!e)
		return 0;
	int ret = RC(ctx);
	e->len = ret;
	bpf_probe_read_user(e->data, ret, (void *)PARM2(ctx)); // EDIT `ret`, negative, 256
	return 0;
}

SEC("kprobe/do_sys_openat2")
int dump_stack(struct pt_regs *ctx)
{
	__u32 zero = 0;
	struct event *e = bpf_map_lookup_elem(&heap, &zero);
	if (!e)
		return 0;
	int n = bpf_get_stack(ctx, e->data, sizeof(e->data), 0);
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, e->data, n); // EDIT `n`, negative
	return 0;
}

SEC("tp/syscalls/sys_enter_write")
int reserve_len(__u64 *ctx)
{
	__u32 len = ctx[4];
	if (len > 256)
		len = 256;
	void *e = bpf_ringbuf_reserve(&events, 16 + len, 0); // EDIT constant, bpf_ringbuf_output
	if (!e)
		return 0;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

__noinline int conn_state(struct conn *c)
{
	return c ? c->state : 0;
}

SEC("xdp")
int global_param(struct xdp_md *ctx)
{
	__u32 k = 0;
	struct conn *c = bpf_map_lookup_elem(&conns, &k);
	return c ? conn_state(c) & 1 : XDP_PASS; // EDIT conn_state, `static`, spin lock
}

SEC("tc")
int lock_on_stack(struct __sk_buff *skb)
{
	struct bpf_spin_lock lock = {}; // EDIT
	bpf_spin_lock(&lock); // EDIT bpf_spin_lock, value of a map
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("kprobe/tcp_sendmsg")
int lock_in_kprobe(struct pt_regs *ctx)
{
	__u32 k = 0;
	struct conn *c = bpf_map_lookup_elem(&conns, &k); // EDIT conns, spin lock, kprobe
	if (!c)
		return 0;
	bpf_spin_lock(&c->lock); // EDIT
	c->bytes++;
	bpf_spin_unlock(&c->lock);
	return 0;
}

SEC("tc")
int unlock_other(struct __sk_buff *skb)
{
	__u32 k = 0, j = 1;
	struct conn *a = bpf_map_lookup_elem(&conns, &k);
	struct conn *b = bpf_map_lookup_elem(&conns, &j);
	if (!a || !b)
		return 0;
	bpf_spin_lock(&a->lock);
	a->bytes++;
	bpf_spin_unlock(&b->lock); // EDIT &a->lock
	return 0;
}

SEC("tc")
int write_config(struct __sk_buff *skb)
{
	__u32 k = 0;
	struct limits *l = bpf_map_lookup_elem(&config, &k);
	if (!l)
		return 0;
	l->rate = skb->len; // EDIT config, BPF_F_RDONLY_PROG
	return 0;
}

SEC("tp_btf/sys_enter")
int arg_by_index(__u64 *ctx)
{
	__u32 i = bpf_get_prandom_u32() & 1;
	return ctx[i] != 0; // EDIT `i`, constant
}

SEC("tc")
int ctx_moved(struct __sk_buff *skb)
{
	__u32 v = 1;
	return bpf_perf_event_output((void *)skb + 8, &perf, BPF_F_CURRENT_CPU, &v, sizeof(v)); // EDIT moved by 8, context itself
}

SEC("xdp")
int count_in_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	__sync_fetch_and_add(&ip->saddr, 1); // EDIT packet, plain steps
	return XDP_PASS;
}

SEC("xdp")
int iter_unchecked(struct xdp_md *ctx)
{
	struct bpf_iter_num it;
	int *v, sum = 0;
	bpf_iter_num_new(&it, 0, 10);
	v = bpf_iter_num_next(&it);
	sum += *v; // EDIT `v`, NULL, bpf_for
	bpf_iter_num_destroy(&it);
	return sum & 1;
}

SEC("xdp")
int iter_left(struct xdp_md *ctx)
{
	struct bpf_iter_num it;
	int *v;
	bpf_iter_num_new(&it, 0, 10);
	while ((v = bpf_iter_num_next(&it))) {
		if (*v == (int)ctx->rx_queue_index) // EDIT
			return XDP_DROP; // EDIT bpf_iter_num_destroy(&it)
	}
	bpf_iter_num_destroy(&it);
	return XDP_PASS;
}

SEC("xdp")
int iter_unmade(struct xdp_md *ctx)
{
	struct bpf_iter_num it; // EDIT
	int *v = bpf_iter_num_next(&it); // EDIT `bpf_iter_num_new`, `&it`
	return v ? *v & 1 : XDP_PASS;
}

SEC("xdp")
int dynptr_unmade(struct xdp_md *ctx)
{
	struct bpf_dynptr p; // EDIT
	__u32 v = 0;
	bpf_dynptr_read(&v, sizeof(v), &p, 0, 0); // EDIT `&p`, dynptr, bpf_dynptr_from_xdp
	return v & 1;
}

SEC("xdp")
int dynptr_zeroed(struct xdp_md *ctx)
{
	struct bpf_dynptr p;
	__u32 v = 0;
	bpf_dynptr_from_xdp(ctx, 0, &p);
	*(volatile __u64 *)&p = 0; // EDIT take the write out
	bpf_dynptr_read(&v, sizeof(v), &p, 0, 0);
	return v & 1;
}

SEC("tc")
int format_in_data(struct __sk_buff *skb)
{
	char out[32];
	__u64 args[1] = { skb->len };
	return bpf_snprintf(out, sizeof(out), prefix, args, sizeof(args)); // EDIT `prefix`, const char
}

SEC("lsm/bprm_check_security")
int compare_comm(__u64 *ctx)
{
	char comm[16];
	bpf_get_current_comm(comm, sizeof(comm));
	return bpf_strncmp(comm, sizeof(comm), prefix) ? 0 : -EPERM; // EDIT `prefix`, const char
}

SEC("tc")
int inner_unchecked(struct __sk_buff *skb)
{
	__u32 k = skb->ifindex, z = 0;
	void *m = bpf_map_lookup_elem(&outer, &k);
	__u64 *v = bpf_map_lookup_elem(m, &z); // EDIT `m`, NULL, !m
	return v ? *v : 0;
}

SEC("tc")
int lookup_perf(struct __sk_buff *skb)
{
	__u32 k = 0;
	__u32 *v = bpf_map_lookup_elem(&perf, &k); // EDIT perf, bpf_perf_event_output
	return v ? *v : 0;
}

SEC("tc")
int update_outer(struct __sk_buff *skb)
{
	__u32 k = 0;
	return bpf_map_update_elem(&outer, &k, &inner_map, 0); // EDIT outer, user space
}

SEC("cgroup_skb/egress")
int mark_packet(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	if (data + sizeof(struct iphdr) > data_end)
		return 1;
	((struct iphdr *)data)->tos = 8; // EDIT cgroup_skb, packet
	return 1;
}

SEC("tc")
int sock_mark(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return 0;
	return sk->mark == 7 ? 2 : 0; // EDIT sk->mark, bpf_sk_fullsock
}

SEC("kprobe/tcp_v4_connect")
int cookie_in_kprobe(struct pt_regs *ctx)
{
	void *sk = (void *)PARM1(ctx);
	__u64 cookie = bpf_get_socket_cookie(sk); // EDIT fentry
	return cookie != 0;
}

SEC("tp_btf/task_newtask")
int comm_into_task(__u64 *ctx)
{
	struct task_struct *t = (struct task_struct *)ctx[0];
	return bpf_get_current_comm(t->comm, sizeof(t->comm)); // EDIT t->comm, buffer
}

SEC("fentry/vfs_read")
int path_of_read(__u64 *ctx)
{
	char buf[64];
	struct file *f = (struct file *)ctx[0];
	return bpf_d_path(&f->f_path, buf, sizeof(buf)) & 1; // EDIT bpf_d_path, security_file_open
}

static __noinline int deep8(struct __sk_buff *skb) { return bpf_get_prandom_u32() & skb->len; }
static __noinline int deep7(struct __sk_buff *skb) { return deep8(skb) + 1; } // EDIT
static __noinline int deep6(struct __sk_buff *skb) { return deep7(skb) + 1; }
static __noinline int deep5(struct __sk_buff *skb) { return deep6(skb) + 1; }
static __noinline int deep4(struct __sk_buff *skb) { return deep5(skb) + 1; }
static __noinline int deep3(struct __sk_buff *skb) { return deep4(skb) + 1; }
static __noinline int deep2(struct __sk_buff *skb) { return deep3(skb) + 1; }
static __noinline int deep1(struct __sk_buff *skb) { return deep2(skb) + 1; }

SEC("tc")
int nine_deep(struct __sk_buff *skb)
{
	return deep1(skb); // EDIT deep1, 8 frames
}

SEC("tc")
int two_kinds(struct __sk_buff *skb)
{
	__u32 here = 3;
	__u32 *p = skb->mark & 1 ? &skb->priority : &here; // EDIT
	opaque(p);
	return *p; // EDIT context, moved by 32
}

SEC("tc")
int timer_on_stack(struct __sk_buff *skb)
{
	struct bpf_timer t = {}; // EDIT
	bpf_timer_init(&t, &timers, 1); // EDIT bpf_timer_init, value of a map
	return 0;
}

SEC("tc")
int timer_other_map(struct __sk_buff *skb)
{
	__u32 k = 0;
	struct slot *s = bpf_map_lookup_elem(&timers, &k);
	if (!s)
		return 0;
	bpf_timer_init(&s->timer, &conns, 1); // EDIT &timers
	return 0;
}

SEC("fentry/do_exit")
int third_argument(__u64 *ctx)
{
	return ctx[3] != 0; // EDIT do_exit, argument 4
}

SEC("tc")
int whole_packet(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	return bpf_perf_event_output(skb, &perf, BPF_F_CURRENT_CPU, data, data_end - data); // EDIT upper half of the flags
}
