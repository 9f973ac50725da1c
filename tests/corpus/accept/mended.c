// SPDX-License-Identifier: MIT OR Apache-2.0
// What the pages of the catalogue show as mended: accepted counterparts of
// refused programs.
// EXPECT prog=object_written target=linux-6.18 verdict=accept
// EXPECT prog=task_checked target=linux-6.18 verdict=accept
// EXPECT prog=task_trusted target=linux-6.18 verdict=accept
// EXPECT prog=string_closed target=linux-6.18 verdict=accept
// EXPECT prog=number_for_number target=linux-6.18 verdict=accept
// EXPECT prog=fills_stack target=linux-6.18 verdict=accept
// EXPECT prog=ctx_given target=linux-6.18 verdict=accept
// EXPECT prog=storage_of_task target=linux-6.18 verdict=accept
// EXPECT prog=global_given_nonnull target=linux-6.18 verdict=accept
// EXPECT prog=released_everywhere target=linux-6.18 verdict=accept
// EXPECT prog=sk_released target=linux-6.18 verdict=accept
// EXPECT prog=lock_balanced target=linux-6.18 verdict=accept
// EXPECT prog=rcu_balanced target=linux-6.18 verdict=accept
// EXPECT prog=preempt_balanced target=linux-6.18 verdict=accept
// EXPECT prog=irq_nested target=linux-6.18 verdict=accept
// EXPECT prog=sleeps_after target=linux-6.18 verdict=accept
// EXPECT prog=record_whole target=linux-6.18 verdict=accept
// EXPECT prog=dynptr_initialised target=linux-6.18 verdict=accept
// EXPECT prog=iterator_whole target=linux-6.18 verdict=accept
// EXPECT prog=kptr_exchanged target=linux-6.18 verdict=accept
// EXPECT prog=list_locked target=linux-6.18 verdict=accept
// EXPECT prog=timer_of_map target=linux-6.18 verdict=accept
// EXPECT prog=callback_returns_one target=linux-6.18 verdict=accept
// EXPECT prog=handler_of_one target=linux-6.18 verdict=accept
// EXPECT prog=new_of_struct target=linux-6.18 verdict=accept
// EXPECT prog=global_number target=linux-6.18 verdict=accept
// EXPECT prog=sleeps_in_open target=linux-6.18 verdict=accept needs=btf oracle=none
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct stored { struct bpf_list_node link; struct bpf_refcount refs; __u64 key; };
struct holder { struct bpf_timer timer; __u64 plain; };
struct keeper { struct stored __kptr *kept; };
struct shared { struct bpf_spin_lock lock; __u32 count; };
#define new_item() ((struct stored *)bpf_obj_new_impl(__builtin_btf_type_id(*(struct stored *)0, 0), NULL))
#define drop(p) bpf_obj_drop_impl(p, NULL)

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct holder); } holders SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct keeper); } keepers SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct shared); } locks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_TASK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, __u64); } storage SEC(".maps");
#define PRIVATE(name) SEC(".data." #name) __hidden __attribute__((aligned(8)))
PRIVATE(A) struct bpf_spin_lock lock_a;
PRIVATE(A) struct bpf_list_head list_a __contains(stored, link);
const char closed[] = "text";
__u64 sum;

SEC("tc") int object_written(struct __sk_buff *skb)
{
	struct stored *n = new_item();

	if (!n)
		return 0;
	n->key = 1;
	drop(n);
	return 0;
}

SEC("syscall") int task_checked(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (task)
		bpf_task_release(task);
	return 0;
}

SEC("syscall") int task_trusted(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf(), *held;

	held = bpf_task_acquire(task);
	if (held)
		bpf_task_release(held);
	return 0;
}

SEC("tc") int string_closed(struct __sk_buff *skb)
{
	char name[8] = "text";

	return bpf_strncmp(name, sizeof(name), closed);
}

SEC("tc") int number_for_number(struct __sk_buff *skb)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 5);
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("raw_tp") int fills_stack(void *ctx)
{
	char name[16];

	bpf_get_current_comm(name, sizeof(name));
	return 0;
}

__noinline int length(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("tc") int ctx_given(struct __sk_buff *skb)
{
	return length(skb);
}

SEC("syscall") int storage_of_task(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	bpf_task_storage_get(&storage, task, 0, 0);
	return 0;
}

__noinline int read_first(__u64 *value __arg_nonnull)
{
	return *value;
}

SEC("tc") int global_given_nonnull(struct __sk_buff *skb)
{
	__u32 key = skb->len;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	return value ? read_first(value) : 0;
}

SEC("tc") int released_everywhere(struct __sk_buff *skb)
{
	__u64 *record = bpf_ringbuf_reserve(&events, 8, 0);

	if (!record)
		return 0;
	*record = skb->len;
	if (skb->len > 100)
		bpf_ringbuf_submit(record, 0);
	else
		bpf_ringbuf_discard(record, 0);
	return 0;
}

SEC("tc") int sk_released(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);

	if (sk)
		bpf_sk_release(sk);
	return TC_ACT_OK;
}

SEC("tc") int lock_balanced(struct __sk_buff *skb)
{
	__u32 key = 0, random = bpf_get_prandom_u32();
	struct shared *s = bpf_map_lookup_elem(&locks, &key);

	if (!s)
		return 0;
	bpf_spin_lock(&s->lock);
	s->count = random;
	bpf_spin_unlock(&s->lock);
	return 0;
}

SEC("tc") int rcu_balanced(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	sum += skb->len;
	bpf_rcu_read_unlock();
	return 0;
}

SEC("tc") int preempt_balanced(struct __sk_buff *skb)
{
	bpf_preempt_disable();
	sum += bpf_get_smp_processor_id();
	bpf_preempt_enable();
	return 0;
}

SEC("tc") int irq_nested(struct __sk_buff *skb)
{
	unsigned long outer, inner;

	bpf_local_irq_save(&outer);
	bpf_local_irq_save(&inner);
	bpf_local_irq_restore(&inner);
	bpf_local_irq_restore(&outer);
	return 0;
}

SEC("syscall") int sleeps_after(void *ctx)
{
	char byte;

	bpf_rcu_read_lock();
	sum++;
	bpf_rcu_read_unlock();
	bpf_copy_from_user(&byte, 1, (void *)0x1000);
	return 0;
}

SEC("tc") int record_whole(struct __sk_buff *skb)
{
	char *record = bpf_ringbuf_reserve(&events, 16, 0);

	if (record)
		bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("tc") int dynptr_initialised(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	__u64 word = 1;

	bpf_ringbuf_reserve_dynptr(&events, 16, 0, &p);
	bpf_dynptr_write(&p, 0, &word, 8, 0);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}

SEC("tc") int iterator_whole(struct __sk_buff *skb)
{
	struct bpf_iter_num it;
	int *i, count = 0;

	bpf_iter_num_new(&it, 0, 4);
	while ((i = bpf_iter_num_next(&it)))
		count++;
	bpf_iter_num_destroy(&it);
	return count;
}

SEC("syscall") int kptr_exchanged(void *ctx)
{
	__u32 key = 0;
	struct keeper *k = bpf_map_lookup_elem(&keepers, &key);
	struct stored *n = new_item();

	if (!n)
		return 0;
	if (k)
		n = bpf_kptr_xchg(&k->kept, n);
	if (n)
		drop(n);
	return 0;
}

SEC("tc") int list_locked(struct __sk_buff *skb)
{
	struct stored *n = new_item();

	if (!n)
		return 0;
	bpf_spin_lock(&lock_a);
	bpf_list_push_front_impl(&list_a, &n->link, NULL, 0);
	bpf_spin_unlock(&lock_a);
	return 0;
}

SEC("tc") int timer_of_map(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct holder *h = bpf_map_lookup_elem(&holders, &key);

	if (h)
		bpf_timer_init(&h->timer, &holders, 1);
	return 0;
}

static long one(__u32 index, void *data)
{
	return 1;
}

SEC("tc") int callback_returns_one(struct __sk_buff *skb)
{
	return bpf_loop(4, one, NULL, 0);
}

__noinline int caught(__u64 cookie)
{
	sum = cookie;
	return 0;
}

__attribute__((btf_decl_tag("exception_callback:caught")))
SEC("tc") int handler_of_one(struct __sk_buff *skb)
{
	if (skb->len < 14)
		bpf_throw(7);
	return 0;
}

SEC("tc") int new_of_struct(struct __sk_buff *skb)
{
	struct stored *n = bpf_obj_new_impl(__builtin_btf_type_id(*(struct stored *)0, 0), NULL);

	if (n)
		bpf_obj_drop_impl(n, NULL);
	return 0;
}

__noinline long number(struct __sk_buff *skb)
{
	return skb->hash;
}

SEC("tc") int global_number(struct __sk_buff *skb)
{
	return number(skb) == 0;
}

SEC("lsm.s/file_open") int sleeps_in_open(__u64 *ctx)
{
	return 0;
}
