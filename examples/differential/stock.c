// SPDX-License-Identifier: MIT OR Apache-2.0
// BUILD
//
// What generated programs draw on: a map of every kind that a loader creates, values
// with every special field, variables, functions' types for callbacks and global
// functions, and one stub for every kind of program. Of the stubs only type, attach
// target and BTF are used: their instructions are replaced.
//
//     cd tests/corpus && clang-19 -target bpf -O2 -g -mcpu=v3 -std=gnu17 -Iinclude -c
//         ../../examples/differential/stock.c -o ../../examples/differential/stock.o
//     llvm-strip-19 -g ../../examples/differential/stock.o
#include "corpus.h"
LICENSE("GPL");

struct val { __u64 words[8]; };
struct bpf_res_spin_lock { __u32 val; };
struct bpf_task_work { __u64 opaque; } __attribute__((aligned(8)));
struct bpf_cpumask { __u64 bits; } __core;
struct guarded { struct bpf_spin_lock lock; __u32 pad; __u64 a, b, c; };
struct resilient { struct bpf_res_spin_lock lock; __u32 pad; __u64 a, b, c; };
struct timed { __u64 a; struct bpf_timer timer; __u64 b; };
struct queued { __u64 a; struct bpf_wq work; __u64 b; };
struct deferred { __u64 a; struct bpf_task_work tw; __u64 b; };
struct node { __u64 key; struct bpf_list_node list; __u64 data; };
struct leaf { __u64 key; struct bpf_rb_node tree; __u64 data; };
struct shared { __u64 key; struct bpf_list_node list; struct bpf_rb_node tree; struct bpf_refcount refs; __u64 data; };
struct plain { __u64 key; __u64 data; };
struct kept {
	__u64 a;
	struct task_struct __kptr *task;
	struct bpf_cpumask __kptr *mask;
	struct cgroup __kptr *cgroup;
	struct plain __kptr *plain;
	struct task_struct __kptr_untrusted *loose;
	__u64 b;
};

#define MAP(name, kind, k, v, n) \
	struct { __uint(type, kind); __uint(max_entries, n); __type(key, k); __type(value, v); } name SEC(".maps")
#define SIZED(name, kind, ks, vs, n) \
	struct { __uint(type, kind); __uint(max_entries, n); __uint(key_size, ks); __uint(value_size, vs); } name SEC(".maps")
#define STORAGE(name, kind, v) \
	struct { __uint(type, kind); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, v); } name SEC(".maps")

MAP(array, BPF_MAP_TYPE_ARRAY, __u32, struct val, 8);
MAP(one, BPF_MAP_TYPE_ARRAY, __u32, __u64, 1);
MAP(hash, BPF_MAP_TYPE_HASH, __u64, struct val, 16);
MAP(lru, BPF_MAP_TYPE_LRU_HASH, __u32, struct val, 16);
MAP(percpu, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct val, 4);
MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, __u32, struct val, 16);
MAP(guarded_map, BPF_MAP_TYPE_ARRAY, __u32, struct guarded, 4);
MAP(guarded_hash, BPF_MAP_TYPE_HASH, __u32, struct guarded, 4);
MAP(resilient_map, BPF_MAP_TYPE_ARRAY, __u32, struct resilient, 4);
MAP(timed_map, BPF_MAP_TYPE_ARRAY, __u32, struct timed, 4);
MAP(queued_map, BPF_MAP_TYPE_ARRAY, __u32, struct queued, 4);
MAP(deferred_map, BPF_MAP_TYPE_ARRAY, __u32, struct deferred, 4);
MAP(kept_map, BPF_MAP_TYPE_ARRAY, __u32, struct kept, 4);
MAP(kept_hash, BPF_MAP_TYPE_HASH, __u32, struct kept, 4);
MAP(queue, BPF_MAP_TYPE_QUEUE, __u32[0], __u64, 4);
MAP(stack, BPF_MAP_TYPE_STACK, __u32[0], __u64, 4);
SIZED(jumps, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4);
SIZED(events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4);
SIZED(traces, BPF_MAP_TYPE_STACK_TRACE, 4, 64, 16);
SIZED(sockets, BPF_MAP_TYPE_SOCKMAP, 4, 4, 4);
SIZED(socket_hash, BPF_MAP_TYPE_SOCKHASH, 4, 8, 4);
SIZED(devices, BPF_MAP_TYPE_DEVMAP, 4, 4, 4);
SIZED(processors, BPF_MAP_TYPE_CPUMAP, 4, 4, 4);
STORAGE(of_sk, BPF_MAP_TYPE_SK_STORAGE, struct val);
STORAGE(of_task, BPF_MAP_TYPE_TASK_STORAGE, struct kept);
STORAGE(of_cgroup, BPF_MAP_TYPE_CGRP_STORAGE, struct val);
STORAGE(of_inode, BPF_MAP_TYPE_INODE_STORAGE, struct val);
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } commands SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARENA); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 4); } arena SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct val); };
struct inner_guarded { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct guarded); };
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); __array(values, struct inner); } arrays SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); __array(values, struct inner); } hashes SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); __array(values, struct inner_guarded); } guarded_arrays SEC(".maps");

#define PRIVATE(name) SEC(".data." #name) __hidden __attribute__((aligned(8)))
PRIVATE(one) struct bpf_spin_lock lock_one;
PRIVATE(one) struct bpf_list_head list_one __contains(node, list);
PRIVATE(one) struct bpf_rb_root tree_two __contains(shared, tree);
PRIVATE(two) struct bpf_spin_lock lock_two;
PRIVATE(two) struct bpf_rb_root tree_one __contains(leaf, tree);
PRIVATE(two) struct bpf_list_head list_two __contains(shared, list);

__u64 written[8] = { 1, 2, 3 };
__u64 zeroed[8];
const volatile __u32 constants[8] = { 4, 0, 16, 1, 0xffffffff, 7, 3, 2 };
const char text[16] = "fuzz %d\n";

// Types of functions. Callbacks take what the helper hands them; of a global function
// the kernel reads its prototype.
static __noinline long callback(void *a, void *b, void *c, void *d)
{
	barrier();
	return 0;
}
static __noinline bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	barrier();
	return a < b;
}
__noinline int global_scalars(__u64 a, int b, __u32 c) { barrier(); return a; }
__noinline void global_void(__u32 a) { barrier(); }
__noinline int global_skb(struct __sk_buff *ctx, int a) { barrier(); return a; }
__noinline int global_xdp(struct xdp_md *ctx, int a) { barrier(); return a; }
__noinline int global_ctx(void *ctx __arg_ctx, int a) { barrier(); return a; }
__noinline int global_memory(struct val *memory, int a) { barrier(); return a; }
__noinline int global_present(struct val *memory __arg_nonnull, int a) { barrier(); return a; }
__noinline int global_task(struct task_struct *task __arg_trusted, int a) { barrier(); return a; }
__noinline int global_dynptr(struct bpf_dynptr *ptr, int a) { barrier(); return a; }

SEC("tc") int reaches_all(struct __sk_buff *skb)
{
	struct val v = {};
	int types = __builtin_btf_type_id(*(struct plain *)0, 0) + __builtin_btf_type_id(*(struct node *)0, 0) +
		    __builtin_btf_type_id(*(struct leaf *)0, 0) +
		    __builtin_btf_type_id(*(struct bpf_cpumask *)0, 0) + __builtin_btf_type_id(*(struct cgroup *)0, 0) +
		    __builtin_btf_type_id(*(struct shared *)0, 0);

	ASM("%[m] = %[m]\n", [m] "r"(&v));
	if (types)
		return lock_one.val + lock_two.val + *(int *)&list_one + *(int *)&tree_one + *(int *)&list_two +
		       *(int *)&tree_two + written[0] + zeroed[0] + constants[0] + text[skb->len & 7];
	((long (*)(__u32, void *, void *, __u64))181)(4, callback, &v, 0);
	((long (*)(__u32, void *, void *, __u64))181)(4, less, &v, 0);
	global_void(1);
	return global_scalars(1, 2, 3) + global_skb(skb, 1) + global_xdp((void *)skb, 1) + global_ctx(skb, 1) +
	       global_memory(&v, 1) + global_present(&v, 1) + global_task((void *)skb, 1) +
	       global_dynptr((void *)&v, 1);
}

#define STUB(name, section) \
	SEC(section) int name(void *ctx) { return 0; }
STUB(p_socket, "socket")
STUB(p_tc, "tc")
STUB(p_action, "action")
STUB(p_xdp, "xdp")
STUB(p_xdp_frags, "xdp.frags")
STUB(p_kprobe, "kprobe/do_nanosleep")
STUB(p_kprobe_session, "kprobe.session/do_nanosleep")
STUB(p_uprobe_s, "uprobe.s")
STUB(p_tp, "tp/syscalls/sys_enter_openat")
STUB(p_raw_tp, "raw_tp/sched_switch")
STUB(p_raw_tp_w, "raw_tp.w/sched_switch")
STUB(p_tp_btf, "tp_btf/sched_switch")
STUB(p_tp_btf_task, "tp_btf/task_newtask")
STUB(p_tp_btf_cgroup, "tp_btf/cgroup_mkdir")
STUB(p_tp_btf_skb, "tp_btf/kfree_skb")
STUB(p_fentry, "fentry/bpf_fentry_test1")
STUB(p_fentry_file, "fentry/security_file_open")
STUB(p_fentry_s, "fentry.s/security_file_open")
STUB(p_fexit, "fexit/bpf_fentry_test2")
STUB(p_fmod, "fmod_ret/bpf_modify_return_test")
STUB(p_lsm, "lsm/file_open")
STUB(p_lsm_s, "lsm.s/file_open")
STUB(p_lsm_bprm, "lsm.s/bprm_committed_creds")
STUB(p_lsm_alloc, "lsm/task_alloc")
STUB(p_lsm_cgroup, "lsm_cgroup/socket_post_create")
STUB(p_iter_task, "iter/task")
STUB(p_iter_task_s, "iter.s/task")
STUB(p_iter_elem, "iter/bpf_map_elem")
STUB(p_iter_tcp, "iter/tcp")
STUB(p_perf, "perf_event")
STUB(p_cg_egress, "cgroup_skb/egress")
STUB(p_cg_ingress, "cgroup_skb/ingress")
STUB(p_cg_create, "cgroup/sock_create")
STUB(p_cg_connect, "cgroup/connect4")
STUB(p_cg_getopt, "cgroup/getsockopt")
STUB(p_cg_setopt, "cgroup/setsockopt")
STUB(p_cg_sysctl, "cgroup/sysctl")
STUB(p_cg_dev, "cgroup/dev")
STUB(p_sockops, "sockops")
STUB(p_sk_msg, "sk_msg")
STUB(p_sk_skb, "sk_skb/stream_verdict")
STUB(p_sk_lookup, "sk_lookup")
STUB(p_reuseport, "sk_reuseport")
STUB(p_dissect, "flow_dissector")
STUB(p_lwt, "lwt_xmit")
STUB(p_lwt_in, "lwt_in")
STUB(p_netfilter, "netfilter")
STUB(p_syscall, "syscall")
STUB(p_cong_init, "struct_ops")
STUB(p_cong_ssthresh, "struct_ops")
STUB(p_cong_acked, "struct_ops")

struct ack_sample { __u32 pkts_acked; __s32 rtt_us; __u32 in_flight; } __core;
struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*pkts_acked)(struct sock *sk, const struct ack_sample *sample);
	char name[16];
	void (*init)(struct sock *sk);
};
SEC(".struct_ops") struct tcp_congestion_ops congestion = {
	.init = (void *)p_cong_init,
	.ssthresh = (void *)p_cong_ssthresh,
	.pkts_acked = (void *)p_cong_acked,
	.name = "stock",
};
