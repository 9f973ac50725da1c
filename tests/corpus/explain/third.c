// SPDX-License-Identifier: MIT OR Apache-2.0
// A third lot of what people ask about.
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct big { char bytes[64]; };
struct ptrs { struct big *p; };
struct guarded { struct bpf_spin_lock lock; __u64 n; };
struct work { struct bpf_timer timer; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct big); } bigs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct ptrs); } kept SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct guarded); } guards SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct work); } works SEC(".maps");

SEC("sk_msg")
int message(struct sk_msg_md *msg)
{
	__u8 *data = msg->data; // EDIT
	return data[0] == 'G' ? SK_DROP : SK_PASS; // EDIT data_end
}

SEC("tc")
int stack_of_hash(struct __sk_buff *skb)
{
	return bpf_get_stackid(skb, &bigs, 0) & 1; // EDIT sched_cls, kprobe
}

SEC("kprobe/do_exit")
int stackid_of_hash(struct pt_regs *ctx)
{
	return bpf_get_stackid(ctx, &bigs, 0) & 1; // EDIT bigs, BPF_MAP_TYPE_STACK_TRACE
}

static long add_up(__u32 index, __u64 *data)
{
	data[1] += index; // EDIT
	return 0;
}

SEC("tc")
int loop_beyond(struct __sk_buff *skb)
{
	__u64 sum = 0; // EDIT
	bpf_loop(4, add_up, &sum, 0); // EDIT
	return sum & 1;
}

SEC("tc")
int small_value(struct __sk_buff *skb)
{
	__u32 k = 1;
	__u64 v = 7; // EDIT
	return bpf_map_update_elem(&bigs, &k, &v, 0); // EDIT bigs, `&v`, 64 bytes
}

SEC("tc")
int pointer_in_map(struct __sk_buff *skb)
{
	__u32 k = 0;
	struct ptrs *v = bpf_map_lookup_elem(&kept, &k);
	if (!v || !v->p)
		return 0;
	return v->p->bytes[0]; // EDIT v->p
}

SEC("uprobe/malloc")
int copy_user(struct pt_regs *ctx)
{
	const char *src = (const char *)PARM1(ctx);
	return src[0]; // EDIT bpf_probe_read_user
}

SEC("kprobe/do_exit")
int read_too_much(struct pt_regs *ctx)
{
	__u32 k = 1;
	struct big *b = bpf_map_lookup_elem(&bigs, &k);
	if (!b)
		return 0;
	return bpf_probe_read_kernel(b, 128, (void *)PARM1(ctx)); // EDIT 64
}

SEC("tc")
int loop_under_lock(struct __sk_buff *skb)
{
	__u32 k = 0;
	__u64 pair[2] = {};
	struct guarded *g = bpf_map_lookup_elem(&guards, &k);
	if (!g)
		return 0;
	bpf_spin_lock(&g->lock);
	bpf_loop(4, add_up, pair, 0); // EDIT bpf_loop, bpf_spin_unlock
	bpf_spin_unlock(&g->lock);
	return 0;
}

static __noinline int first_byte(__u8 *p)
{
	return p[0]; // EDIT data_end
}

SEC("xdp")
int in_function(struct xdp_md *ctx)
{
	return first_byte((void *)(long)ctx->data) == 4 ? XDP_DROP : XDP_PASS; // EDIT
}

int ring(void *map, __u32 *key, struct work *w)
{
	return 0;
}

SEC("tc")
int timer_global(struct __sk_buff *skb)
{
	__u32 k = 0;
	struct work *w = bpf_map_lookup_elem(&works, &k);
	if (!w)
		return 0;
	bpf_timer_set_callback(&w->timer, ring); // EDIT static
	return 0;
}

SEC("fexit/do_exit") // EDIT
int result_of_void(__u64 *ctx)
{
	return ctx[1] != 0; // EDIT do_exit, fentry
}

SEC("cgroup/sysctl")
int sysctl_name(struct bpf_sysctl *ctx)
{
	char name[16];
	return bpf_sysctl_get_name(ctx, name, 0, 0) < 0; // EDIT
}

SEC("xdp")
int shifted_length(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	if (data + 20 > data_end)
		return XDP_PASS;
	__u32 len = (*(__u8 *)data & 0xf) << 2;
	__u8 *next = data + len;
	if (next > (__u8 *)data_end) // EDIT
		return XDP_PASS;
	return *next & 1; // EDIT `next`, no comparison
}
