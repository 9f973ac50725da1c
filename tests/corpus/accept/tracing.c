// SPDX-License-Identifier: MIT OR Apache-2.0
// Tracing programs: CO-RE walks, kprobes with stack traces and a perf buffer,
// perf events, iterators over tasks, maps and map elements.
// EXPECT prog=open_entry target=linux-6.18 verdict=accept needs=btf insns=78 processed=77
// EXPECT prog=open_return target=linux-6.18 verdict=accept insns=53 processed=51
// EXPECT prog=connect_entry target=linux-6.18 verdict=accept needs=btf insns=63 processed=62
// EXPECT prog=sample target=linux-6.18 verdict=accept insns=48 processed=60
// EXPECT prog=user_entry target=linux-6.18 verdict=accept insns=25 processed=25
// EXPECT prog=switched target=linux-6.18 verdict=accept needs=btf insns=44 processed=43
// EXPECT prog=dump_tasks target=linux-6.18 verdict=accept needs=btf insns=44 processed=297
// EXPECT prog=dump_maps target=linux-6.18 verdict=accept needs=btf insns=14 processed=15
// EXPECT prog=sum_elements target=linux-6.18 verdict=accept needs=btf insns=18 processed=18
#include "corpus.h"
LICENSE("GPL");

#define READ(to, from) bpf_probe_read_kernel(&(to), sizeof(to), &(from))

struct event { __u64 when; __u32 pid, stack_id; long ret; char comm[16]; char name[64]; };
struct stack { __u32 pid; int kernel, user; };
struct exposed { char task[16]; int tgid, parent_tgid; __u32 uid; };

struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } output SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 256); __uint(key_size, 4); __uint(value_size, 127 * 8); } stacks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, struct stack); __type(value, __u64); } samples SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, __u64); __type(value, struct event); } pending SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct event); } scratch SEC(".maps");
__u64 total, elements;
const volatile int deepest = 16;

SEC("kprobe/do_filp_open")
int open_entry(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 zero = 0;
	struct event *e = bpf_map_lookup_elem(&scratch, &zero);
	struct task_struct *task = (void *)bpf_get_current_task(), *parent;
	const struct cred *cred;
	const char *name = NULL;
	__u32 uid = 0;

	if (!e)
		return 0;
	READ(cred, task->real_cred);
	READ(uid, cred->uid);
	READ(parent, task->real_parent);
	READ(e->pid, parent->tgid);
	if (uid == 65534)
		return 0;
	e->when = bpf_ktime_get_ns();
	e->stack_id = bpf_get_stackid(ctx, &stacks, 0);
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_probe_read_kernel(&name, sizeof(name), (void *)PARM2(ctx));
	bpf_probe_read_kernel_str(e->name, sizeof(e->name), name);
	bpf_map_update_elem(&pending, &id, e, BPF_ANY);
	return 0;
}

SEC("kretprobe/do_filp_open")
int open_return(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct event *e = bpf_map_lookup_elem(&pending, &id), copy;

	if (!e)
		return 0;
	copy = *e;
	copy.ret = RC(ctx);
	bpf_map_delete_elem(&pending, &id);
	bpf_perf_event_output(ctx, &output, BPF_F_CURRENT_CPU, &copy, sizeof(copy));
	return 0;
}

SEC("kprobe/tcp_v4_connect")
int connect_entry(struct pt_regs *ctx)
{
	struct sock *sk = (void *)PARM1(ctx);
	__u16 family = 0, port = 0;
	__u32 address = 0;
	struct event e = { .when = bpf_ktime_get_boot_ns() };

	READ(family, sk->__sk_common.skc_family);
	READ(address, sk->__sk_common.skc_daddr);
	READ(port, sk->__sk_common.skc_dport);
	if (family != AF_INET)
		return 0;
	e.pid = bpf_get_current_pid_tgid() >> 32;
	e.ret = (__u64)address << 16 | port;
	bpf_perf_event_output(ctx, &output, BPF_F_CURRENT_CPU, &e, sizeof(e));
	return 0;
}

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	struct stack s = { .pid = bpf_get_current_pid_tgid() >> 32 };
	__u64 one = 1, *n;

	if (ctx->sample_period < 10000 && ctx->addr == 0)
		return 0;
	s.kernel = bpf_get_stackid(ctx, &stacks, 0);
	s.user = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	n = bpf_map_lookup_elem(&samples, &s);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&samples, &s, &one, BPF_NOEXIST);
	__sync_fetch_and_add(&total, ctx->regs.ip != 0);
	return 0;
}

SEC("uprobe")
int user_entry(struct pt_regs *ctx)
{
	__u64 frames[16];
	char text[32];
	long n = bpf_get_stack(ctx, frames, sizeof(frames), BPF_F_USER_STACK);

	if (n < 0)
		return 0;
	n = bpf_probe_read_user_str(text, sizeof(text), (void *)PARM1(ctx));
	if (n > 0)
		bpf_perf_event_output(ctx, &output, BPF_F_CURRENT_CPU, text, n & 31);
	return 0;
}

SEC("tp_btf/sched_switch")
int switched(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	struct event e = { .when = bpf_ktime_get_ns() };

	if (prev->tgid == next->tgid)
		return 0;
	e.pid = next->pid;
	e.ret = prev->group_leader->start_time;
	__builtin_memcpy(e.comm, next->comm, 16);
	bpf_perf_event_output(ctx, &output, BPF_F_CURRENT_CPU, &e, sizeof(e));
	return 0;
}

SEC("iter/task")
int dump_tasks(struct bpf_iter__task *ctx)
{
	static const char format[] = "%8d %8d %s depth %d\n";
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task, *up;
	__u64 args[4];
	int depth = 0;

	if (!task)
		return 0;
	up = task;
	for (int i = 0; i < 16; i++) {
		if (!up || !up->pid || i >= deepest)
			break;
		up = up->real_parent;
		depth++;
	}
	args[0] = task->tgid;
	args[1] = task->pid;
	args[2] = (__u64)task->comm;
	args[3] = depth;
	bpf_seq_printf(seq, format, sizeof(format), args, sizeof(args));
	return 0;
}

SEC("iter/bpf_map")
int dump_maps(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;
	struct { __u32 id, entries; } line;

	if (!map)
		return 0;
	line.id = map->id;
	line.entries = map->max_entries;
	bpf_seq_write(ctx->meta->seq, &line, sizeof(line));
	return 0;
}

SEC("iter/bpf_map_elem")
int sum_elements(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;

	if (!key || !value)
		return 0;
	elements += *key;
	total += *value;
	return 0;
}
