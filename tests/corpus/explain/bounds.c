// SPDX-License-Identifier: MIT OR Apache-2.0
// Memory of known size, and numbers that lead outside of it.
#include "corpus.h"
LICENSE("GPL");

struct val { __u8 b[48]; };
struct small { __u32 a, c; };
struct large { __u64 a, b, c; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct val); } buf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct small); } smalls SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64[8]); } words SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } pe SEC(".maps");
__u32 table[16];
__u32 which;

#define VALUE(v, map) __u32 zero = 0; void *v = bpf_map_lookup_elem(&map, &zero); if (!v) return 0

SEC("tc")
int constant_index(struct __sk_buff *skb)
{
	VALUE(m, buf);
	__u8 *v = m;
	return v[48]; // EDIT 48 bytes, byte 48, 47
}

SEC("tc")
int wrong_type(struct __sk_buff *skb)
{
	VALUE(m, smalls);
	struct large *v = m; // EDIT
	return v->c; // EDIT 8 bytes, bytes 16 to 23, smalls
}

SEC("tc")
int wrong_type_write(struct __sk_buff *skb)
{
	VALUE(m, smalls);
	struct large *v = m; // EDIT
	v->b = 1; // EDIT 8 bytes, bytes 8 to 15
	return 0;
}

SEC("tc")
int index_unbounded(struct __sk_buff *skb)
{
	VALUE(m, buf);
	__u8 *v = m;
	__u64 i = skb->mark;
	return v[i]; // EDIT `i`, 47, if (i > 47)
}

SEC("tc")
int index_too_great(struct __sk_buff *skb)
{
	VALUE(m, buf);
	__u8 *v = m;
	__u64 i = skb->mark;
	if (i > 48) // EDIT
		return 0;
	return v[i]; // EDIT 48 bytes, 0 to 48
}

SEC("tc")
int index_masked(struct __sk_buff *skb)
{
	VALUE(m, buf);
	__u8 *v = m;
	__u64 i = skb->mark & 63; // EDIT
	return v[i]; // EDIT 48 bytes, 0 to 63
}

SEC("tc")
int index_signed(struct __sk_buff *skb)
{
	VALUE(m, buf);
	char *v = m;
	long i = (int)skb->mark;
	if (i >= 48) // EDIT lower bound, i < 0
		return 0;
	return v[i]; // EDIT
}

SEC("tc")
int index_scaled(struct __sk_buff *skb)
{
	VALUE(m, words);
	__u64 *v = m;
	__u64 i = skb->mark & 15; // EDIT
	return v[i]; // EDIT 64 bytes, 7
}

SEC("tc")
int global_signed(struct __sk_buff *skb)
{
	int i = which;
	if (i < 16) // EDIT i < 0
		return table[i]; // EDIT
	return 0;
}

SEC("tc")
int global_masked(struct __sk_buff *skb)
{
	__u32 i = skb->mark & 31; // EDIT
	return table[i]; // EDIT .bss, bytes
}

SEC("tc")
int length_too_long(struct __sk_buff *skb)
{
	VALUE(v, buf);
	bpf_skb_load_bytes(skb, 0, v, 64); // EDIT 64, 48 bytes
	return 0;
}

SEC("tp/syscalls/sys_enter_write")
int length_masked(__u64 *ctx)
{
	VALUE(v, buf);
	__u64 len = ctx[4] & 63; // EDIT
	bpf_probe_read_user(v, len, (void *)ctx[3]); // EDIT 48 bytes, 0 to 63, if (len > 48)
	return 0;
}

SEC("tp/syscalls/sys_enter_write")
int length_unbounded(__u64 *ctx)
{
	VALUE(v, buf);
	__u64 len = ctx[4];
	bpf_probe_read_user(v, len, (void *)ctx[3]); // EDIT 48
	return 0;
}

SEC("tp/syscalls/sys_enter_write")
int length_signed(__u64 *ctx)
{
	VALUE(v, buf);
	int len = ctx[4];
	if (len > 48) // EDIT
		return 0;
	bpf_probe_read_user(v, len, (void *)ctx[3]); // EDIT negative, len < 0
	return 0;
}

SEC("tc")
int length_zero(struct __sk_buff *skb)
{
	VALUE(v, buf);
	__u32 len = skb->len;
	if (len > 48) // EDIT
		len = 48;
	bpf_skb_load_bytes(skb, 0, v, len); // EDIT zero, len == 0
	return 0;
}

SEC("tc")
int length_expression(struct __sk_buff *skb)
{
	char b[32] = {};
	bpf_skb_load_bytes(skb, 0, b, skb->len & 31); // EDIT zero
	return b[0];
}

SEC("tc")
int stack_length(struct __sk_buff *skb)
{
	char b[16] = {};
	bpf_skb_load_bytes(skb, 0, b, 20); // EDIT 20, 16
	return b[0];
}

SEC("tp/syscalls/sys_enter_openat")
int string_length(__u64 *ctx)
{
	VALUE(v, buf);
	long n = bpf_probe_read_user_str(v, 48, (void *)ctx[3]);
	bpf_perf_event_output(ctx, &pe, BPF_F_CURRENT_CPU, v, n); // EDIT negative, n <
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int string_sum(__u64 *ctx)
{
	VALUE(v, buf);
	int n = bpf_probe_read_user_str(v + 4, 44, (void *)ctx[3]);
	bpf_perf_event_output(ctx, &pe, BPF_F_CURRENT_CPU, v, 4 + n); // EDIT negative, n < 0
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int record_index(__u64 *ctx)
{
	__u8 *e = bpf_ringbuf_reserve(&rb, 16, 0);
	if (!e)
		return 0;
	e[16] = 1; // EDIT 16 bytes, byte 16, 15
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int record_string(__u64 *ctx)
{
	void *e = bpf_ringbuf_reserve(&rb, 16, 0);
	if (!e)
		return 0;
	bpf_probe_read_user_str(e, 32, (void *)ctx[3]); // EDIT 32, 16 bytes
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tc")
int stack_index(struct __sk_buff *skb)
{
	char b[16] = {};
	__u32 i = skb->mark;
	opaque(i);
	b[i] = 1; // EDIT 15
	return b[3];
}

SEC("tc")
int stack_masked(struct __sk_buff *skb)
{
	char b[16] = {};
	__u64 i = skb->mark & 31; // EDIT
	b[i] = 1; // EDIT stack
	return b[3];
}

SEC("tc")
int value_before(struct __sk_buff *skb)
{
	VALUE(m, buf);
	__u8 *v = m;
	__u64 i = skb->mark & 7;
	return *(v + i - 8); // EDIT
}

SEC("tc")
int added_length(struct __sk_buff *skb)
{
	VALUE(m, buf);
	char *v = m;
	__u64 off = skb->mark & 31; // EDIT
	bpf_skb_load_bytes(skb, 0, v + off, 32); // EDIT 32
	return 0;
}

struct loop { __u64 sum; __u8 *arr; };
static int turn(__u32 i, struct loop *c)
{
	c->sum += c->arr[i]; // EDIT `i`
	return 0;
}

SEC("xdp")
int callback_index(struct xdp_md *ctx)
{
	__u8 arr[8] = {};
	struct loop c = { .arr = arr };
	bpf_loop(8, turn, &c, 0);
	return c.sum & 1;
}

SEC("tc")
int packet_offset(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	__u8 *p = data + (long)(int)skb->mark; // EDIT
	if ((void *)(p + 1) > data_end)
		return 0;
	return *p; // EDIT
}
