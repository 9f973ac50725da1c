// SPDX-License-Identifier: MIT OR Apache-2.0
// A syscall tracer: raw and classic tracepoints, filters in .rodata, per-thread
// start times, argument capture, ring buffer records by both interfaces.
// EXPECT prog=on_enter target=linux-6.18 verdict=accept insns=46 processed=40
// EXPECT prog=on_exit target=linux-6.18 verdict=accept insns=118 processed=777
// EXPECT prog=on_open target=linux-6.18 verdict=accept insns=32 processed=33
// EXPECT prog=on_exec target=linux-6.18 verdict=accept insns=95 processed=94 needs=btf
#include "corpus.h"
LICENSE("Dual BSD/GPL");

struct start { __u64 when, args[6]; __u32 number; };
struct record { __u64 when, took, args[6]; __s64 ret; __u32 pid, tid, uid, number; char comm[16]; };
struct path_record { __u32 pid, len; char path[256]; };
struct latency { __u64 slots[32]; };
struct enter_ctx { __u64 head; int number; __u32 pad; __u64 args[6]; };

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1024); __type(key, __u32); __type(value, struct start); } started SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 512); __type(key, __u32); __type(value, struct latency); } latencies SEC(".maps");

const volatile __u32 only_pid = 0;
const volatile __u64 min_ns = 1000;
const volatile bool wanted[512] = { [0] = true };
__u64 dropped;

static __always_inline __u32 log2(__u64 v)
{
	__u32 r, shift;

	r = (v > 0xffffffff) << 5; v >>= r;
	shift = (v > 0xffff) << 4; v >>= shift; r |= shift;
	shift = (v > 0xff) << 3; v >>= shift; r |= shift;
	shift = (v > 0xf) << 2; v >>= shift; r |= shift;
	shift = (v > 3) << 1; v >>= shift; r |= shift;
	return r | v >> 1;
}

SEC("tracepoint/raw_syscalls/sys_enter")
int on_enter(struct enter_ctx *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id, number = ctx->number;
	struct start s = {};

	if (only_pid && only_pid != id >> 32)
		return 0;
	if (number >= ARRAY_SIZE(wanted) || !wanted[number])
		return 0;
	s.when = bpf_ktime_get_ns();
	s.number = number;
	for (int i = 0; i < 6; i++)
		s.args[i] = ctx->args[i];
	bpf_map_update_elem(&started, &tid, &s, BPF_ANY);
	return 0;
}

SEC("raw_tp/sys_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), took;
	__u32 tid = id, slot, number;
	struct start *s = bpf_map_lookup_elem(&started, &tid);
	struct latency *l;
	struct record *r;

	if (!s)
		return 0;
	took = bpf_ktime_get_ns() - s->when;
	number = s->number;
	l = bpf_map_lookup_elem(&latencies, &number);
	if (l) {
		slot = log2(took);
		if (slot > 31)
			slot = 31;
		l->slots[slot]++;
	}
	if (took < min_ns)
		goto out;
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		__sync_fetch_and_add(&dropped, 1);
		goto out;
	}
	r->when = s->when;
	r->took = took;
	__builtin_memcpy(r->args, s->args, sizeof(r->args));
	r->ret = ctx->args[1];
	r->pid = id >> 32;
	r->tid = tid;
	r->uid = bpf_get_current_uid_gid();
	r->number = number;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	bpf_ringbuf_submit(r, took > 1000000 ? 2 : 0);
out:
	bpf_map_delete_elem(&started, &tid);
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int on_open(struct enter_ctx *ctx)
{
	struct path_record *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	long len;

	if (!r)
		return 0;
	r->pid = bpf_get_current_pid_tgid() >> 32;
	len = bpf_probe_read_user_str(r->path, sizeof(r->path), (void *)ctx->args[1]);
	if (len <= 0 || len > sizeof(r->path)) {
		bpf_ringbuf_discard(r, 0);
		return 0;
	}
	r->len = len;
	r->path[len - 1] = '/';
	bpf_ringbuf_submit(r, 0);
	return 0;
}

SEC("tp/sched/sched_process_exec")
int on_exec(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf(), *parent;
	struct path_record r = {};

	parent = task->real_parent;
	r.pid = parent->tgid;
	bpf_probe_read_kernel(r.path, sizeof(task->comm), task->comm);
	r.len = bpf_probe_read_kernel_str(r.path + 16, 16, parent->comm) & 0xff;
	bpf_ringbuf_output(&events, &r, sizeof(r), 0);
	return 0;
}
