// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults of combinations: a map, a pointer or a call in the wrong surroundings.
// EXPECT prog=sockmap_from_cgroup target=linux-6.18 verdict=reject code=map-type-helper-mismatch class=map_func insn=10
// EXPECT prog=lock_in_probe target=linux-6.18 verdict=reject code=map-program-mismatch class=map_prog_compat
// EXPECT prog=devmap_sleepable target=linux-6.18 verdict=reject code=map-program-mismatch class=map_prog_compat
// EXPECT prog=packet_as_buffer target=linux-6.18 verdict=reject code=helper-packet-access-forbidden class=helper_pkt insn=8
// EXPECT prog=element_index target=linux-6.18 verdict=reject code=buffer-access-invalid needs=btf class=buffer_access insn=5
// EXPECT prog=parent_untrusted target=linux-6.18 verdict=reject code=pointer-not-trusted needs=btf class=ref_state_generic insn=3
// EXPECT prog=storage_of_cgroup target=linux-6.18 verdict=reject code=argument-register-mismatch needs=btf class=reg_type_mismatch insn=9
// EXPECT prog=sleeps_in_tc target=linux-6.18 verdict=reject code=sleeping-call-forbidden needs=btf class=sleepable insn=7
// EXPECT prog=sleeps_preempted target=linux-6.18 verdict=reject code=sleeping-call-in-preempt-section needs=btf class=preempt insn=5
// EXPECT prog=throw_in_callback target=linux-6.18 verdict=reject code=callback-misuse needs=btf class=callback insn=15
// EXPECT prog=new_of_integer target=linux-6.18 verdict=reject code=object-allocation-misuse needs=btf class=obj_new insn=3
// EXPECT prog=dynptr_of_other target=linux-6.18 verdict=reject code=argument-type-mismatch needs=btf class=type_expected insn=7
// EXPECT prog=pointer_for_number target=linux-6.18 verdict=reject code=argument-not-scalar needs=btf class=scalar_expected insn=5
// EXPECT prog=global_gets_pointer target=linux-6.18 verdict=reject code=subprogram-arguments class=subprog_args insn=0
// EXPECT prog=global_short_memory target=linux-6.18 verdict=reject code=map-value-out-of-bounds class=map_value_oob insn=9
// EXPECT prog=past_rodata target=linux-6.18 verdict=reject code=map-value-out-of-bounds class=map_value_oob
// EXPECT prog=release_other_type target=linux-6.18 verdict=reject code=argument-type-mismatch needs=btf class=type_expected insn=4
// EXPECT prog=string_length_wrong target=linux-6.18 verdict=reject code=argument-not-constant-string class=const_str insn=13
// EXPECT prog=redirect_wrong_map target=linux-6.18 verdict=reject code=map-type-helper-mismatch class=map_func insn=4
// EXPECT prog=tail_call_wrong_map target=linux-6.18 verdict=reject code=tail-call-misuse class=tailcall_stack insn=3
// EXPECT prog=inner_unchecked target=linux-6.18 verdict=reject code=argument-type-mismatch class=type_expected insn=10
// EXPECT prog=tracepoint_args target=linux-6.18 verdict=reject code=context-access-invalid class=ctx_access insn=0
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct locked { struct bpf_spin_lock lock; __u32 count; };
struct { __uint(type, BPF_MAP_TYPE_SOCKMAP); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } sockets SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct locked); } locks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_TASK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, __u64); } storage SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); };
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); __array(values, struct inner); } outer SEC(".maps");
const volatile char text[16] = "sixteen bytes ..";
__u64 sum;

SEC("cgroup_skb/egress") int sockmap_from_cgroup(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u32 key = 0;

	return sk ? !bpf_map_update_elem(&sockets, &key, sk, 0) : 1; // ERROR map-type-helper-mismatch
}

SEC("kprobe") int lock_in_probe(struct pt_regs *ctx)
{
	__u32 key = 0;
	struct locked *l = bpf_map_lookup_elem(&locks, &key);

	if (!l)
		return 0;
	bpf_spin_lock(&l->lock);
	l->count++;
	bpf_spin_unlock(&l->lock);
	return 0;
}

SEC("syscall") int devmap_sleepable(void *ctx)
{
	__u32 key = 0;

	return bpf_map_delete_elem(&ports, &key);
}

SEC("tc") int packet_as_buffer(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 8 > end)
		return 0;
	return bpf_skb_load_bytes(skb, 0, data, 8); // ERROR helper-packet-access-forbidden
}

SEC("iter/bpf_map_elem") int element_index(struct bpf_iter__bpf_map_elem *ctx)
{
	__u8 *value = ctx->value;

	if (value)
		sum += value[bpf_get_prandom_u32() & 7]; // ERROR buffer-access-invalid
	return 0;
}

SEC("syscall") int parent_untrusted(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf(), *parent;

	parent = bpf_task_acquire(task->group_leader->real_parent); // ERROR pointer-not-trusted
	if (parent)
		bpf_task_release(parent);
	return 0;
}

SEC("syscall") int storage_of_cgroup(void *ctx)
{
	struct cgroup *group = bpf_cgroup_from_id(1);

	if (!group)
		return 0;
	bpf_task_storage_get(&storage, group, 0, 0); // ERROR argument-register-mismatch
	bpf_cgroup_release(group);
	return 0;
}

struct { __uint(type, BPF_MAP_TYPE_ARENA); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 4); } arena SEC(".maps");

SEC("tc") int sleeps_in_tc(struct __sk_buff *skb)
{
	return bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0) != NULL; // ERROR sleeping-call-forbidden
}

SEC("syscall") int sleeps_preempted(void *ctx)
{
	char byte;

	bpf_preempt_disable();
	bpf_copy_from_user(&byte, 1, (void *)0x1000); // ERROR sleeping-call-in-preempt-section
	bpf_preempt_enable();
	return 0;
}

static int on_timer(void *map, int *key, void *value)
{
	bpf_throw(1); // ERROR callback-misuse
	return 0;
}

struct alarm { struct bpf_timer timer; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct alarm); } alarms SEC(".maps");

SEC("tc") int throw_in_callback(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct alarm *a = bpf_map_lookup_elem(&alarms, &key);

	if (a)
		bpf_timer_set_callback(&a->timer, on_timer);
	return 0;
}

SEC("tc") int new_of_integer(struct __sk_buff *skb)
{
	void *p = bpf_obj_new_impl(__builtin_btf_type_id(*(int *)0, 0), NULL); // ERROR object-allocation-misuse

	if (p)
		bpf_obj_drop_impl(p, NULL);
	return 0;
}

SEC("tc") int dynptr_of_other(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u64 fake = 0;

	return bpf_dynptr_from_skb((void *)&fake, 0, &p); // ERROR argument-type-mismatch
}

SEC("tc") int pointer_for_number(struct __sk_buff *skb)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, (long)skb, 5); // ERROR argument-not-scalar
	bpf_iter_num_destroy(&it);
	return 0;
}

__noinline int twice(long x)
{
	return x * 2;
}

SEC("tc") int global_gets_pointer(struct __sk_buff *skb)
{
	return twice((long)skb); // ERROR subprogram-arguments
}

struct big { __u64 words[4]; };

__noinline int add_up(struct big *b)
{
	return b ? b->words[0] + b->words[3] : 0;
}

SEC("tc") int global_short_memory(struct __sk_buff *skb)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	return value ? add_up((void *)value) : 0; // ERROR map-value-out-of-bounds
}

SEC("tc") __naked int past_rodata(void)
{
	ASM("r1 = %[text] + 4096 ll;", ADDR(text));
	ASM("r0 = *(u8 *)(r1 + 0);"
	    "exit;");
}

SEC("syscall") int release_other_type(void *ctx)
{
	struct cgroup *group = bpf_cgroup_from_id(1);

	if (group)
		bpf_task_release((void *)group); // ERROR argument-type-mismatch
	return 0;
}

SEC("tc") int string_length_wrong(struct __sk_buff *skb)
{
	char out[8];
	__u64 args[2] = { 1, 2 };
	static const char format[] = "%d";

	return bpf_snprintf(out, sizeof(out), format, args, skb->len & 8); // ERROR argument-not-constant-string
}

SEC("xdp") int redirect_wrong_map(struct xdp_md *ctx)
{
	return bpf_redirect_map(&table, 0, 0); // ERROR map-type-helper-mismatch
}

SEC("xdp") int tail_call_wrong_map(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &table, 0); // ERROR tail-call-misuse
	return XDP_PASS;
}

SEC("xdp") int inner_unchecked(struct xdp_md *ctx)
{
	__u32 key = 0;
	void *map = bpf_map_lookup_elem(&outer, &key);

	return bpf_map_lookup_elem(map, &key) ? XDP_PASS : XDP_DROP; // ERROR argument-type-mismatch
}

SEC("tracepoint") int tracepoint_args(__u64 *ctx)
{
	return ctx[1024]; // ERROR context-access-invalid
}
