// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults of kfuncs and of rich objects: dynptrs, iterators, kptrs, lists and
// trees, timers and workqueues, callbacks, exceptions.
// EXPECT prog=dynptr_leak target=linux-6.18 verdict=reject code=reference-leak class=ref_leak insn=8
// EXPECT prog=dynptr_uninit target=linux-6.18 verdict=reject code=dynptr-misuse class=dynptr insn=9
// EXPECT prog=dynptr_overwritten target=linux-6.18 verdict=reject code=dynptr-misuse class=dynptr insn=9
// EXPECT prog=slice_unchecked target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=13
// EXPECT prog=slice_after_release target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=18
// EXPECT prog=slice_write target=linux-6.18 verdict=reject code=read-only-memory-write class=ro_write insn=18 needs=btf
// EXPECT prog=iterator_uninit target=linux-6.18 verdict=reject code=iterator-misuse class=iterator insn=2 needs=btf
// EXPECT prog=iterator_kept target=linux-6.18 verdict=reject code=reference-leak class=ref_leak insn=12 needs=btf
// EXPECT prog=iterator_value_after target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=13 needs=btf
// EXPECT prog=kptr_overwrite target=linux-6.18 verdict=reject code=kptr-misuse class=kptr insn=9 needs=btf
// EXPECT prog=kptr_leak target=linux-6.18 verdict=reject code=reference-leak class=ref_leak insn=13 needs=btf
// EXPECT prog=kptr_wrong_type target=linux-6.18 verdict=reject code=kptr-type-mismatch class=type_expected insn=15 needs=btf
// EXPECT prog=timer_foreign_map target=linux-6.18 verdict=reject code=timer-or-workqueue-misuse class=timer_wq insn=12
// EXPECT prog=timer_not_a_timer target=linux-6.18 verdict=reject code=timer-or-workqueue-misuse class=timer_wq insn=13
// EXPECT prog=timer_read target=linux-6.18 verdict=reject code=timer-or-workqueue-misuse class=timer_wq insn=8
// EXPECT prog=refcount_write target=linux-6.18 verdict=reject code=special-field-access class=special_field insn=6 needs=btf
// EXPECT prog=list_unlocked target=linux-6.18 verdict=reject code=spin-lock-misuse class=spin_lock insn=10 needs=btf
// EXPECT prog=node_leaked target=linux-6.18 verdict=reject code=reference-leak class=ref_leak insn=13 needs=btf
// EXPECT prog=node_wrong_offset target=linux-6.18 verdict=reject code=graph-collection-misuse class=graph insn=15 needs=btf
// EXPECT prog=tree_callback_calls target=linux-6.18 verdict=reject code=call-while-locked class=holding_lock insn=23 needs=btf
// EXPECT prog=callback_returns_two target=linux-6.18 verdict=reject code=callback-misuse class=callback insn=8
// EXPECT prog=kfunc_wrong_program target=linux-6.18 verdict=reject code=kfunc-misuse class=kfunc insn=1 needs=btf
// EXPECT prog=kfunc_scalar target=linux-6.18 verdict=reject code=argument-size-unresolved class=size_unresolved insn=1 needs=btf
// EXPECT prog=kfunc_maybe_null target=linux-6.18 verdict=reject code=possibly-null-argument class=null_arg insn=3 needs=btf
// EXPECT prog=throw_with_reference target=linux-6.18 verdict=reject code=reference-leak class=ref_leak insn=11 needs=btf
// EXPECT prog=object_write_outside target=linux-6.18 verdict=reject code=kernel-struct-access-invalid class=btf_access insn=6 needs=btf
// EXPECT prog=task_write target=linux-6.18 verdict=reject code=read-only-memory-write class=ro_write insn=2 needs=btf
// EXPECT prog=task_out_of_struct target=linux-6.18 verdict=reject code=kernel-struct-access-invalid class=btf_access insn=2 needs=btf
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct node { struct bpf_list_node link; struct bpf_rb_node branch; struct bpf_refcount refs; __u64 key; };
struct holder { struct bpf_timer timer; struct task_struct __kptr *task; __u64 plain; };
#define new_node() ((struct node *)bpf_obj_new_impl(__builtin_btf_type_id(*(struct node *)0, 0), NULL))
#define drop(p) bpf_obj_drop_impl(p, NULL)

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct holder); } holders SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct holder); } others SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
#define PRIVATE(name) SEC(".data." #name) __hidden __attribute__((aligned(8)))
PRIVATE(A) struct bpf_spin_lock lock_a;
PRIVATE(A) struct bpf_list_head list_a __contains(node, link);
PRIVATE(B) struct bpf_spin_lock lock_b;
PRIVATE(B) struct bpf_rb_root tree_b __contains(node, branch);

SEC("tc") int dynptr_leak(struct __sk_buff *skb)
{
	struct bpf_dynptr p;

	bpf_ringbuf_reserve_dynptr(&events, 16, 0, &p);
	return 0; // ERROR reference-leak
}

SEC("tc") int dynptr_uninit(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u64 word = 1;

	bpf_dynptr_write(&p, 0, &word, 8, 0); // ERROR dynptr-misuse
	return 0;
}

SEC("tc") int dynptr_overwritten(struct __sk_buff *skb)
{
	struct bpf_dynptr p;

	bpf_ringbuf_reserve_dynptr(&events, 16, 0, &p);
	*(volatile __u64 *)&p = 7; // ERROR dynptr-misuse
	bpf_ringbuf_discard_dynptr(&p, 0);
	return 0;
}

SEC("tc") int slice_unchecked(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u64 *word;

	bpf_ringbuf_reserve_dynptr(&events, 16, 0, &p);
	word = bpf_dynptr_data(&p, 0, 8);
	*word = 7; // ERROR not-a-pointer-dereference
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}

SEC("tc") int slice_after_release(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u64 *word;

	bpf_ringbuf_reserve_dynptr(&events, 16, 0, &p);
	word = bpf_dynptr_data(&p, 0, 8);
	bpf_ringbuf_submit_dynptr(&p, 0);
	if (word)
		*word = 7; // ERROR not-a-pointer-dereference
	return 0;
}

SEC("xdp") int slice_write(struct xdp_md *ctx)
{
	struct bpf_dynptr p;
	char buffer[14];
	struct ethhdr *eth;

	if (bpf_dynptr_from_xdp(ctx, 0, &p))
		return XDP_DROP;
	eth = bpf_dynptr_slice(&p, 0, buffer, sizeof(buffer));
	if (eth)
		eth->h_proto = 0; // ERROR read-only-memory-write
	return XDP_PASS;
}

SEC("tc") int iterator_uninit(struct __sk_buff *skb)
{
	struct bpf_iter_num it;

	bpf_iter_num_next(&it); // ERROR iterator-misuse
	return 0;
}

SEC("tc") int iterator_kept(struct __sk_buff *skb)
{
	struct bpf_iter_num it;
	int *i, sum = 0;

	bpf_iter_num_new(&it, 0, 4);
	while ((i = bpf_iter_num_next(&it)))
		sum++;
	return sum; // ERROR reference-leak
}

SEC("tc") int iterator_value_after(struct __sk_buff *skb)
{
	struct bpf_iter_num it;
	int *i;

	bpf_iter_num_new(&it, 0, 4);
	i = bpf_iter_num_next(&it);
	bpf_iter_num_destroy(&it);
	return i ? *i : 0; // ERROR not-a-pointer-dereference
}

static __always_inline struct holder *first(void *map)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(map, &key);
}

SEC("syscall") int kptr_overwrite(void *ctx)
{
	struct holder *h = first(&holders);

	if (h)
		*(struct task_struct *volatile *)&h->task = NULL + 8; // ERROR kptr-misuse
	return 0;
}

SEC("syscall") int kptr_leak(void *ctx)
{
	struct holder *h = first(&holders);

	if (h)
		bpf_kptr_xchg(&h->task, NULL);
	return 0; // ERROR reference-leak
}

SEC("syscall") int kptr_wrong_type(void *ctx)
{
	struct holder *h = first(&holders);
	struct cgroup *group = bpf_cgroup_from_id(1);

	if (!group)
		return 0;
	if (h)
		group = bpf_kptr_xchg(&h->task, group); // ERROR kptr-type-mismatch
	if (group)
		bpf_cgroup_release(group);
	return 0;
}

SEC("tc") int timer_foreign_map(struct __sk_buff *skb)
{
	struct holder *h = first(&holders);

	if (h)
		bpf_timer_init(&h->timer, &others, 1); // ERROR timer-or-workqueue-misuse
	return 0;
}

SEC("tc") int timer_not_a_timer(struct __sk_buff *skb)
{
	struct holder *h = first(&holders);

	if (h)
		bpf_timer_init(&h->plain, &holders, 1); // ERROR timer-or-workqueue-misuse
	return 0;
}

SEC("tc") int timer_read(struct __sk_buff *skb)
{
	struct holder *h = first(&holders);

	return h ? *(volatile __u64 *)&h->timer : 0; // ERROR timer-or-workqueue-misuse
}

SEC("tc") int refcount_write(struct __sk_buff *skb)
{
	struct node *n = new_node();

	if (!n)
		return 0;
	*(volatile __u32 *)&n->refs = 1; // ERROR special-field-access
	drop(n);
	return 0;
}

SEC("tc") int list_unlocked(struct __sk_buff *skb)
{
	struct node *n = new_node();

	if (!n)
		return 0;
	bpf_list_push_front_impl(&list_a, &n->link, NULL, 0); // ERROR spin-lock-misuse
	return 0;
}

SEC("tc") int node_leaked(struct __sk_buff *skb)
{
	struct bpf_list_node *n;

	bpf_spin_lock(&lock_a);
	n = bpf_list_pop_front(&list_a);
	bpf_spin_unlock(&lock_a);
	return n != NULL; // ERROR reference-leak
}

SEC("tc") int node_wrong_offset(struct __sk_buff *skb)
{
	struct node *n = new_node();

	if (!n)
		return 0;
	bpf_spin_lock(&lock_a);
	bpf_list_push_front_impl(&list_a, (void *)&n->link + 8, NULL, 0); // ERROR graph-collection-misuse
	bpf_spin_unlock(&lock_a);
	return 0;
}

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return bpf_ktime_get_ns() & 1; // ERROR call-while-locked
}

SEC("tc") int tree_callback_calls(struct __sk_buff *skb)
{
	struct node *n = new_node();

	if (!n)
		return 0;
	bpf_spin_lock(&lock_b);
	bpf_rbtree_add_impl(&tree_b, &n->branch, less, NULL, 0);
	bpf_spin_unlock(&lock_b);
	return 0;
}

static long two(__u32 index, void *data)
{
	return 2; // ERROR callback-misuse
}

SEC("tc") int callback_returns_two(struct __sk_buff *skb)
{
	return bpf_loop(4, two, NULL, 0);
}

SEC("socket") int kfunc_wrong_program(struct __sk_buff *skb)
{
	struct task_struct *task = bpf_task_from_pid(1); // ERROR kfunc-misuse

	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall") int kfunc_scalar(void *ctx)
{
	struct task_struct *task = bpf_task_acquire((void *)0x1234000); // ERROR argument-size-unresolved

	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall") int kfunc_maybe_null(void *ctx)
{
	bpf_task_release(bpf_task_from_pid(1)); // ERROR possibly-null-argument
	return 0;
}

SEC("tc") int throw_with_reference(struct __sk_buff *skb)
{
	void *record = bpf_ringbuf_reserve(&events, 8, 0);

	if (!record)
		return 0;
	if (skb->len == 7)
		bpf_throw(0); // ERROR reference-leak
	bpf_ringbuf_discard(record, 0);
	return 0;
}

SEC("tc") int object_write_outside(struct __sk_buff *skb)
{
	struct node *n = new_node();

	if (!n)
		return 0;
	*((volatile __u64 *)(n + 1)) = 1; // ERROR kernel-struct-access-invalid
	drop(n);
	return 0;
}

SEC("raw_tp") int task_write(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	task->pid = 1; // ERROR read-only-memory-write
	return 0;
}

SEC("raw_tp") int task_out_of_struct(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	return *(volatile __u64 *)((void *)task + 65536); // ERROR kernel-struct-access-invalid
}
