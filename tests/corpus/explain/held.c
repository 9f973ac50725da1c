// SPDX-License-Identifier: MIT OR Apache-2.0
// References, locks and sections that are held too long.
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct event { __u64 ts; char comm[16]; };
struct locked { struct bpf_spin_lock lock; __u32 n; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct locked); } counts SEC(".maps");

SEC("tp/syscalls/sys_enter_execve")
int leaked_record(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0); // EDIT
	if (!e)
		return 0;
	if (bpf_get_current_comm(e->comm, sizeof(e->comm))) // EDIT bpf_ringbuf_discard
		return 0; // EDIT
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp/syscalls/sys_enter_execve")
int never_submitted(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0); // EDIT bpf_ringbuf_discard
	if (!e)
		return 0;
	e->ts = bpf_ktime_get_ns();
	return 0; // EDIT
}

SEC("tp/syscalls/sys_enter_execve")
int leaked_on_filter(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0); // EDIT
	if (!e)
		return 0;
	e->ts = bpf_ktime_get_ns();
	if (bpf_get_current_pid_tgid() >> 32 == 1) { // EDIT bpf_ringbuf_discard
		return 0; // EDIT
	}
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tc")
int leaked_socket(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), -1, 0); // EDIT
	if (!sk)
		return 0;
	if (sk->state == 10) // EDIT bpf_sk_release
		return 1; // EDIT
	bpf_sk_release(sk);
	return 0;
}

SEC("tc")
int socket_not_released(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk = bpf_sk_lookup_udp(skb, &t, sizeof(t.ipv4), -1, 0); // EDIT bpf_sk_release
	return sk ? 1 : 0; // EDIT
}

SEC("tc")
int result_dropped(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), -1, 0); // EDIT bpf_sk_release
	return 0; // EDIT
}

SEC("tc")
int leaked_dynptr(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	if (bpf_ringbuf_reserve_dynptr(&rb, 64, 0, &p)) // EDIT bpf_ringbuf_discard_dynptr
		return 0; // EDIT
	bpf_ringbuf_discard_dynptr(&p, 0);
	return 0;
}

SEC("tc")
int still_locked(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct locked *v = bpf_map_lookup_elem(&counts, &zero);
	if (!v)
		return 0;
	bpf_spin_lock(&v->lock); // EDIT
	if (skb->mark == 7) // EDIT bpf_spin_unlock
		return 0; // EDIT
	v->n++;
	bpf_spin_unlock(&v->lock);
	return 0;
}

SEC("tc")
int never_unlocked(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct locked *v = bpf_map_lookup_elem(&counts, &zero);
	if (!v)
		return 0;
	bpf_spin_lock(&v->lock); // EDIT bpf_spin_unlock
	v->n++;
	return 0; // EDIT
}

SEC("tc")
int call_in_lock(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct locked *v = bpf_map_lookup_elem(&counts, &zero);
	if (!v)
		return 0;
	bpf_spin_lock(&v->lock); // EDIT
	v->n = bpf_get_prandom_u32(); // EDIT bpf_spin_lock, before
	bpf_spin_unlock(&v->lock); // EDIT
	return 0;
}

SEC("tc")
int locked_twice(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct locked *v = bpf_map_lookup_elem(&counts, &zero);
	if (!v)
		return 0;
	bpf_spin_lock(&v->lock); // EDIT
	bpf_spin_lock(&v->lock); // EDIT bpf_spin_lock
	bpf_spin_unlock(&v->lock);
	return 0;
}

SEC("tc")
int rcu_not_left(struct __sk_buff *skb)
{
	bpf_rcu_read_lock(); // EDIT bpf_rcu_read_unlock
	if (skb->mark) // EDIT
		return 0; // EDIT
	bpf_rcu_read_unlock();
	return 0;
}

SEC("tc")
int preempt_not_left(struct __sk_buff *skb)
{
	bpf_preempt_disable(); // EDIT bpf_preempt_enable
	if (skb->mark) // EDIT
		return 0; // EDIT
	bpf_preempt_enable();
	return 0;
}

SEC("syscall")
int leaked_task(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1); // EDIT bpf_task_release
	if (!t)
		return 0;
	return 0; // EDIT
}
