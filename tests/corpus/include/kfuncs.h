// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Kernel functions that the corpus calls; all weak, so that a target without
// one is a verdict of the verifier and not of the loader.
#pragma once

int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;
int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __weak __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __weak __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __weak __ksym;
void bpf_rcu_read_lock(void) __weak __ksym;
void bpf_rcu_read_unlock(void) __weak __ksym;
void bpf_preempt_disable(void) __weak __ksym;
void bpf_preempt_enable(void) __weak __ksym;
void bpf_local_irq_save(unsigned long *flags) __weak __ksym;
void bpf_local_irq_restore(unsigned long *flags) __weak __ksym;
struct task_struct *bpf_task_acquire(struct task_struct *p) __weak __ksym;
void bpf_task_release(struct task_struct *p) __weak __ksym;
struct task_struct *bpf_task_from_pid(int pid) __weak __ksym;
struct cgroup *bpf_cgroup_from_id(__u64 id) __weak __ksym;
void bpf_cgroup_release(struct cgroup *cgrp) __weak __ksym;
void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __weak __ksym;
void bpf_obj_drop_impl(void *p, void *meta) __weak __ksym;
void *bpf_refcount_acquire_impl(void *p, void *meta) __weak __ksym;
int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, __u64 off) __weak __ksym;
struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __weak __ksym;
int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			bool(less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta, __u64 off) __weak __ksym;
struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __weak __ksym;
struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __weak __ksym;
void *bpf_dynptr_slice(const struct bpf_dynptr *p, __u32 offset, void *buffer, __u32 size) __weak __ksym;
void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, __u32 offset, void *buffer, __u32 size) __weak __ksym;
int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *p) __weak __ksym;
int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *p) __weak __ksym;
int bpf_dynptr_adjust(const struct bpf_dynptr *p, __u32 start, __u32 end) __weak __ksym;
__u32 bpf_dynptr_size(const struct bpf_dynptr *p) __weak __ksym;
void bpf_throw(__u64 cookie) __weak __ksym;
int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __weak __ksym;
int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __weak __ksym;
int bpf_wq_set_callback_impl(struct bpf_wq *wq, int(cb)(void *map, int *key, void *value), unsigned int flags, void *aux) __weak __ksym;
void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, __u32 page_cnt, int node, __u64 flags) __weak __ksym;
void bpf_arena_free_pages(void *map, void __arena *ptr, __u32 page_cnt) __weak __ksym;
void *bpf_cast_to_kern_ctx(void *obj) __weak __ksym;
void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __weak __ksym;
__u32 tcp_reno_ssthresh(struct sock *sk) __weak __ksym;
void tcp_reno_cong_avoid(struct sock *sk, __u32 ack, __u32 acked) __weak __ksym;
__u32 tcp_reno_undo_cwnd(struct sock *sk) __weak __ksym;
__u32 tcp_slow_start(struct tcp_sock *tp, __u32 acked) __weak __ksym;
void tcp_cong_avoid_ai(struct tcp_sock *tp, __u32 w, __u32 acked) __weak __ksym;
