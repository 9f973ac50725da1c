// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults of references, locks, and RCU, preemption and interrupt sections.
// EXPECT prog=leaked_record target=linux-6.18 verdict=reject code=reference-leak class=ref_leak insn=10
// EXPECT prog=leaked_on_one_path target=linux-6.18 verdict=reject code=reference-leak class=ref_leak insn=22
// EXPECT prog=released_twice target=linux-6.18 verdict=reject code=not-a-pointer-dereference class=mem_access_type insn=11
// EXPECT prog=lock_kept target=linux-6.18 verdict=reject code=spin-lock-misuse class=spin_lock insn=15
// EXPECT prog=lock_twice target=linux-6.18 verdict=reject code=call-while-locked class=holding_lock insn=12
// EXPECT prog=unlock_other target=linux-6.18 verdict=reject code=spin-lock-misuse class=spin_lock insn=19
// EXPECT prog=call_locked target=linux-6.18 verdict=reject code=call-while-locked class=holding_lock insn=11
// EXPECT prog=rcu_kept target=linux-6.18 verdict=reject code=rcu-section-left-open class=spin_lock insn=2 needs=btf
// EXPECT prog=rcu_unbalanced target=linux-6.18 verdict=reject code=rcu-section-misuse class=spin_lock insn=0 needs=btf
// EXPECT prog=preempt_kept target=linux-6.18 verdict=reject code=preempt-section-misuse class=preempt insn=2 needs=btf
// EXPECT prog=irq_kept target=linux-6.18 verdict=reject code=irq-section-misuse class=irq insn=4 needs=btf
// EXPECT prog=irq_order target=linux-6.18 verdict=reject code=irq-section-misuse class=irq insn=9 needs=btf
// EXPECT prog=sleeps_in_rcu target=linux-6.18 verdict=reject code=sleeping-call-in-rcu-section class=spin_lock insn=5 needs=btf
// EXPECT prog=tail_call_with_record target=linux-6.18 verdict=reject code=tail-call-misuse class=tailcall_stack insn=12
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct shared { struct bpf_spin_lock lock; __u32 count; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct shared); } locks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 4); } jumps SEC(".maps");

SEC("tc") int leaked_record(struct __sk_buff *skb)
{
	__u64 *record = bpf_ringbuf_reserve(&events, 8, 0);

	if (record)
		*record = skb->len;
	return 0; // ERROR reference-leak
}

SEC("tc") int leaked_on_one_path(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk = bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);

	if (!sk)
		return TC_ACT_OK;
	if (sk->family != AF_INET)
		return TC_ACT_SHOT;
	bpf_sk_release(sk);
	return TC_ACT_OK;
} // ERROR reference-leak

SEC("tc") int released_twice(struct __sk_buff *skb)
{
	__u64 *record = bpf_ringbuf_reserve(&events, 8, 0);

	if (!record)
		return 0;
	bpf_ringbuf_discard(record, 0);
	*record = 1; // ERROR not-a-pointer-dereference
	return 0;
}

SEC("tc") int lock_kept(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct shared *s = bpf_map_lookup_elem(&locks, &key);

	if (!s)
		return 0;
	bpf_spin_lock(&s->lock);
	s->count++;
	return 0;
} // ERROR spin-lock-misuse

SEC("tc") int lock_twice(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct shared *s = bpf_map_lookup_elem(&locks, &key);

	if (!s)
		return 0;
	bpf_spin_lock(&s->lock);
	bpf_spin_lock(&s->lock); // ERROR call-while-locked
	bpf_spin_unlock(&s->lock);
	return 0;
}

// Two lookups give two values, so far as the verifier knows.
SEC("tc") int unlock_other(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct shared *a = bpf_map_lookup_elem(&locks, &key);
	struct shared *b = bpf_map_lookup_elem(&locks, &key);

	if (!a || !b)
		return 0;
	bpf_spin_lock(&a->lock);
	bpf_spin_unlock(&b->lock); // ERROR spin-lock-misuse
	return 0;
}

SEC("tc") int call_locked(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct shared *s = bpf_map_lookup_elem(&locks, &key);

	if (!s)
		return 0;
	bpf_spin_lock(&s->lock);
	s->count = bpf_get_prandom_u32(); // ERROR call-while-locked
	bpf_spin_unlock(&s->lock);
	return 0;
}

SEC("tc") int rcu_kept(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	return 0; // ERROR rcu-section-left-open
}

SEC("tc") int rcu_unbalanced(struct __sk_buff *skb)
{
	bpf_rcu_read_unlock(); // ERROR rcu-section-misuse
	return 0;
}

SEC("tc") int preempt_kept(struct __sk_buff *skb)
{
	bpf_preempt_disable();
	return 0; // ERROR preempt-section-misuse
}

SEC("tc") int irq_kept(struct __sk_buff *skb)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	return 0; // ERROR irq-section-misuse
}

SEC("tc") int irq_order(struct __sk_buff *skb)
{
	unsigned long outer, inner;

	bpf_local_irq_save(&outer);
	bpf_local_irq_save(&inner);
	bpf_local_irq_restore(&outer); // ERROR irq-section-misuse
	bpf_local_irq_restore(&inner);
	return 0;
}

SEC("syscall") int sleeps_in_rcu(void *ctx)
{
	char byte;

	bpf_rcu_read_lock();
	bpf_copy_from_user(&byte, 1, (void *)0x1000); // ERROR sleeping-call-in-rcu-section
	bpf_rcu_read_unlock();
	return 0;
}

SEC("tc") int tail_call_with_record(struct __sk_buff *skb)
{
	void *record = bpf_ringbuf_reserve(&events, 8, 0);

	if (!record)
		return 0;
	bpf_tail_call(skb, &jumps, 0); // ERROR tail-call-misuse
	bpf_ringbuf_discard(record, 0);
	return 0;
}
