// SPDX-License-Identifier: MIT OR Apache-2.0
// Larger tracers: TCP connections over their life, block latency, a frame-pointer
// unwinder of user stacks, a scheduler profile.
// EXPECT prog=tcp_state target=linux-6.18 verdict=accept insns=136 processed=191
// EXPECT prog=tcp_open target=linux-6.18 verdict=accept needs=btf insns=45 processed=47
// EXPECT prog=unwind target=linux-6.18 verdict=accept needs=btf insns=71 processed=624
// EXPECT prog=wakeup target=linux-6.18 verdict=accept needs=btf insns=12 processed=13
// EXPECT prog=run target=linux-6.18 verdict=accept needs=btf insns=91 processed=367
#include "corpus.h"
LICENSE("GPL");

struct conn { __u64 opened, sent, received; __u32 pid, family; __u8 src[16], dst[16]; __u16 sport, dport; char comm[16]; };
struct closed { struct conn c; __u64 lived; __u32 state, retransmits; };
struct frame { __u64 next, ret; };
struct trace { __u32 pid, depth; __u64 at[32]; };
struct state_ctx {
	__u64 head;
	const void *sk;
	int oldstate, newstate;
	__u16 sport, dport, family, protocol;
	__u8 saddr[4], daddr[4], saddr6[16], daddr6[16];
};
struct waited { __u64 total, count, slots[24]; };

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1024); __type(key, __u64); __type(value, struct conn); } conns SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct trace); } traces SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_TASK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, __u64); } woken SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, int); __type(value, struct waited); } waits SEC(".maps");
const volatile __u16 port_filter[4] = { 22, 53, 0, 0 };
const volatile int max_depth = 20;

static __always_inline bool filtered(__u16 port)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < ARRAY_SIZE(port_filter); i++)
		if (port_filter[i] && port_filter[i] == port)
			return true;
	return false;
}

SEC("tp/sock/inet_sock_set_state") int tcp_state(struct state_ctx *ctx)
{
	__u64 key = (__u64)ctx->sk;
	struct conn *known, fresh = {};
	struct closed *out;

	if (ctx->protocol != IPPROTO_TCP || filtered(ctx->sport) || filtered(ctx->dport))
		return 0;
	if (ctx->newstate == 1) { // established
		fresh.opened = bpf_ktime_get_ns();
		fresh.pid = bpf_get_current_pid_tgid() >> 32;
		fresh.family = ctx->family;
		fresh.sport = ctx->sport;
		fresh.dport = ctx->dport;
		if (ctx->family == AF_INET) {
			__builtin_memcpy(fresh.src, ctx->saddr, 4);
			__builtin_memcpy(fresh.dst, ctx->daddr, 4);
		} else {
			__builtin_memcpy(fresh.src, ctx->saddr6, 16);
			__builtin_memcpy(fresh.dst, ctx->daddr6, 16);
		}
		bpf_get_current_comm(fresh.comm, sizeof(fresh.comm));
		bpf_map_update_elem(&conns, &key, &fresh, BPF_ANY);
		return 0;
	}
	if (ctx->newstate != 7) // closed
		return 0;
	known = bpf_map_lookup_elem(&conns, &key);
	if (!known)
		return 0;
	out = bpf_ringbuf_reserve(&events, sizeof(*out), 0);
	if (out) {
		out->c = *known;
		out->lived = bpf_ktime_get_ns() - known->opened;
		out->state = ctx->oldstate;
		out->retransmits = 0;
		bpf_ringbuf_submit(out, 0);
	}
	bpf_map_delete_elem(&conns, &key);
	return 0;
}

SEC("kprobe/tcp_set_state") int tcp_open(struct pt_regs *ctx)
{
	struct sock *sk = (void *)PARM1(ctx);
	struct tcp_sock *tp = (void *)sk;
	__u64 key = (__u64)sk;
	struct conn *c = bpf_map_lookup_elem(&conns, &key);
	__u32 window = 0, smoothed = 0;
	__u16 family = 0;

	if (!c)
		return 0;
	bpf_probe_read_kernel(&family, sizeof(family), &sk->__sk_common.skc_family);
	if (family != c->family)
		return 0;
	bpf_probe_read_kernel(&window, sizeof(window), &tp->snd_cwnd);
	bpf_probe_read_kernel(&smoothed, sizeof(smoothed), &tp->srtt_us);
	c->sent = (__u64)window << 32 | smoothed >> 3;
	return 0;
}

SEC("perf_event") int unwind(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u32 zero = 0, depth = 0;
	struct trace *t = bpf_map_lookup_elem(&traces, &zero);
	struct frame f;
	__u64 bp = ctx->regs.bp, previous = 0;

	if (!t || task->flags & 0x00200000) // kernel thread
		return 0;
	t->pid = task->tgid;
	t->at[0] = ctx->regs.ip;
#pragma clang loop unroll(disable)
	for (int i = 1; i < 32; i++) {
		if (i > max_depth || bp <= previous || bp & 7)
			break;
		if (bpf_probe_read_user(&f, sizeof(f), (void *)bp))
			break;
		t->at[i] = f.ret;
		previous = bp;
		bp = f.next;
		depth = i;
	}
	t->depth = depth + 1;
	bpf_ringbuf_output(&events, t, sizeof(*t), 0);
	return 0;
}

SEC("tp_btf/sched_wakeup") int wakeup(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u64 *when = bpf_task_storage_get(&woken, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (when)
		*when = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sched_switch") int run(__u64 *ctx)
{
	struct task_struct *next = (void *)ctx[2];
	__u64 *when = bpf_task_storage_get(&woken, next, 0, 0), took;
	struct waited *w, fresh = {};
	__u32 slot = 0;
	int tgid;

	if (!when || !*when)
		return 0;
	took = (bpf_ktime_get_ns() - *when) / 1000;
	*when = 0;
	tgid = next->tgid;
	w = bpf_map_lookup_elem(&waits, &tgid);
	if (!w) {
		bpf_map_update_elem(&waits, &tgid, &fresh, BPF_NOEXIST);
		w = bpf_map_lookup_elem(&waits, &tgid);
		if (!w)
			return 0;
	}
	w->total += took;
	w->count++;
#pragma clang loop unroll(disable)
	for (int i = 0; i < 23; i++) {
		if (took < 2)
			break;
		took >>= 1;
		slot++;
	}
	if (slot < 24)
		__sync_fetch_and_add(&w->slots[slot], 1);
	return 0;
}
