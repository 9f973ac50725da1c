// SPDX-License-Identifier: MIT OR Apache-2.0
// Numbers that are followed as if they were pointers.
#include "corpus.h"
LICENSE("GPL");

struct sockaddr { __u16 family; __u16 port; };
struct filp { __u64 pad[3]; void *inode; __u32 mode; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u64); __type(value, __u64); } saved SEC(".maps");

SEC("kprobe/tcp_v4_connect")
int first_argument(struct pt_regs *ctx)
{
	struct filp *f = (void *)ctx->di;
	__u32 mode = f->mode; // EDIT BPF_CORE_READ(f, mode)
	return mode == 1;
}

SEC("kprobe/tcp_v4_connect")
int second_argument(struct pt_regs *ctx)
{
	struct sockaddr *a = (void *)ctx->si;
	return a->family == 2; // EDIT BPF_CORE_READ(a, family)
}

SEC("kprobe/tcp_v4_connect")
int two_steps(struct pt_regs *ctx)
{
	struct filp *f = (void *)ctx->di;
	void **inode = f->inode; // EDIT BPF_CORE_READ(f, inode)
	return inode != NULL;
}

SEC("kretprobe/tcp_v4_connect")
int result(struct pt_regs *ctx)
{
	struct filp *f = (void *)ctx->ax;
	return f->mode == 1; // EDIT BPF_CORE_READ(f, mode)
}

SEC("raw_tp/sched_switch")
int raw_argument(__u64 *ctx)
{
	struct filp *f = (void *)ctx[1];
	return f->mode == 1; // EDIT BPF_CORE_READ(f, mode)
}

SEC("tp/syscalls/sys_enter_connect")
int user_pointer(__u64 *ctx)
{
	struct sockaddr *a = (void *)ctx[3];
	return a->family == 2; // EDIT BPF_PROBE_READ_USER(a, family)
}

SEC("kprobe/do_unlinkat")
int current_task(void *ctx)
{
	struct filp *t = (void *)bpf_get_current_task(); // EDIT
	return t->mode == 1; // EDIT bpf_get_current_task_btf
}

SEC("tc")
int from_map(struct __sk_buff *skb)
{
	__u64 key = 1;
	__u64 *v = bpf_map_lookup_elem(&saved, &key);
	if (!v)
		return 0;
	struct filp *f = (void *)*v;
	return f->mode == 1; // EDIT BPF_CORE_READ(f, mode)
}

SEC("kprobe/do_unlinkat")
int read_twice(struct pt_regs *ctx)
{
	struct filp *f = NULL;
	bpf_probe_read_kernel(&f, sizeof(f), (void *)ctx->di);
	return f->mode == 1; // EDIT BPF_CORE_READ(f, mode)
}

SEC("xdp")
int constant_address(struct xdp_md *ctx)
{
	__u32 *p = (void *)0x1000; // EDIT
	opaque(p);
	return *p & 3; // EDIT
}

SEC("xdp")
int index_followed(struct xdp_md *ctx)
{
	__u8 *p = (void *)(long)ctx->rx_queue_index; // EDIT
	return *p & 3; // EDIT number, offset
}

SEC("xdp")
int cut_pointer(struct xdp_md *ctx)
{
	__u64 v = 5;
	__u64 *p = &v;
	__u32 low = (__u64)p; // EDIT
	opaque(low);
	return *(__u64 *)(long)low & 3; // EDIT
}

SEC("kprobe/do_unlinkat")
int write_kernel(struct pt_regs *ctx)
{
	struct filp *f = (void *)ctx->di;
	f->mode = 0; // EDIT `f`
	return 0;
}
