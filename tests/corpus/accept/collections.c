// SPDX-License-Identifier: MIT OR Apache-2.0
// Rich objects: allocated nodes, lists, trees, reference counts, kptrs, timers,
// workqueues, dynptrs, open-coded iterators, RCU and lock sections.
// EXPECT prog=push_pop target=linux-6.18 verdict=accept insns=41 processed=37 needs=btf
// EXPECT prog=tree_insert target=linux-6.18 verdict=accept insns=31 processed=31 needs=btf
// EXPECT prog=tree_pop target=linux-6.18 verdict=accept insns=29 processed=27 needs=btf
// EXPECT prog=shared_node target=linux-6.18 verdict=accept insns=44 processed=42 needs=btf
// EXPECT prog=keep_task target=linux-6.18 verdict=accept needs=btf insns=25 processed=26
// EXPECT prog=rcu_walk target=linux-6.18 verdict=accept needs=btf insns=23 processed=24
// EXPECT prog=arm_timer target=linux-6.18 verdict=accept insns=38 processed=39
// EXPECT prog=queue_work target=linux-6.18 verdict=accept insns=32 processed=32 needs=btf
// EXPECT prog=dynptr_record target=linux-6.18 verdict=accept insns=59 processed=73 needs=btf
// EXPECT prog=xdp_slices target=linux-6.18 verdict=accept insns=50 processed=56 needs=btf
// EXPECT prog=numbers target=linux-6.18 verdict=accept insns=86 processed=264 needs=btf
// EXPECT prog=tasks target=linux-6.18 verdict=accept needs=btf insns=32 processed=124
// EXPECT prog=balanced_sections target=linux-6.18 verdict=accept insns=18 processed=17 needs=btf
// EXPECT prog=drain_user_ring target=linux-6.18 verdict=accept insns=45 processed=122
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct node { struct bpf_list_node link; struct bpf_rb_node branch; struct bpf_refcount refs; __u64 key, data; };
struct item { struct bpf_rb_node branch; __u64 key; };
struct entry { __u64 key; struct bpf_list_node link; };
struct holder { struct task_struct __kptr *task; __u64 seen; };
struct alarm { struct bpf_timer timer; __u64 fired; };
struct job { struct bpf_wq work; __u64 done; };
struct sample { __u32 pid, value; };
#define new(type) ((type *)bpf_obj_new_impl(__builtin_btf_type_id(*(type *)0, 0), NULL))
#define drop(p) bpf_obj_drop_impl(p, NULL)
#define PRIVATE(name) SEC(".data." #name) __hidden __attribute__((aligned(8)))

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct holder); } holders SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct alarm); } alarms SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct job); } jobs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } commands SEC(".maps");
PRIVATE(L) struct bpf_spin_lock list_lock;
PRIVATE(L) struct bpf_list_head list __contains(entry, link);
PRIVATE(T) struct bpf_spin_lock tree_lock;
PRIVATE(T) struct bpf_rb_root tree __contains(item, branch);
PRIVATE(S) struct bpf_spin_lock both_lock;
PRIVATE(S) struct bpf_rb_root both_tree __contains(node, branch);
PRIVATE(S) struct bpf_list_head both_list __contains(node, link);
__u64 removed, handled;

SEC("tc") int push_pop(struct __sk_buff *skb)
{
	struct bpf_list_node *first;
	struct entry *e = new(struct entry);

	if (!e)
		return TC_ACT_SHOT;
	e->key = skb->len;
	bpf_spin_lock(&list_lock);
	bpf_list_push_front_impl(&list, &e->link, NULL, 0);
	first = bpf_list_pop_front(&list);
	bpf_spin_unlock(&list_lock);
	if (first) {
		e = container_of(first, struct entry, link);
		removed += e->key;
		drop(e);
	}
	return TC_ACT_OK;
}

static bool item_less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return container_of(a, struct item, branch)->key < container_of(b, struct item, branch)->key;
}

SEC("tc") int tree_insert(struct __sk_buff *skb)
{
	struct item *n = new(struct item);

	if (!n)
		return 0;
	n->key = bpf_get_prandom_u32();
	bpf_spin_lock(&tree_lock);
	bpf_rbtree_add_impl(&tree, &n->branch, item_less, NULL, 0);
	bpf_spin_unlock(&tree_lock);
	return 0;
}

SEC("tc") int tree_pop(struct __sk_buff *skb)
{
	struct bpf_rb_node *found;
	struct item *n = NULL;

	bpf_spin_lock(&tree_lock);
	found = bpf_rbtree_first(&tree);
	if (found)
		found = bpf_rbtree_remove(&tree, found);
	bpf_spin_unlock(&tree_lock);
	if (found) {
		n = container_of(found, struct item, branch);
		removed = n->key;
		drop(n);
	}
	return 0;
}

static bool node_less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return container_of(a, struct node, branch)->key < container_of(b, struct node, branch)->key;
}

SEC("tc") int shared_node(struct __sk_buff *skb)
{
	struct node *n = new(struct node), *second;

	if (!n)
		return 0;
	n->key = skb->len;
	n->data = 0;
	second = bpf_refcount_acquire_impl(n, NULL);
	bpf_spin_lock(&both_lock);
	bpf_rbtree_add_impl(&both_tree, &n->branch, node_less, NULL, 0);
	bpf_list_push_front_impl(&both_list, &second->link, NULL, 0);
	bpf_spin_unlock(&both_lock);
	return 0;
}

SEC("syscall") int keep_task(__u32 *arg)
{
	__u32 key = 0;
	struct holder *h = bpf_map_lookup_elem(&holders, &key);
	struct task_struct *task, *old;

	if (!h)
		return 0;
	task = bpf_task_from_pid(1);
	if (!task)
		return 1;
	h->seen = task->start_time;
	old = bpf_kptr_xchg(&h->task, task);
	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("syscall") int rcu_walk(void *ctx)
{
	__u32 key = 0;
	struct holder *h = bpf_map_lookup_elem(&holders, &key);
	struct task_struct *task, *parent;
	int pid = -1;

	if (!h)
		return 0;
	bpf_rcu_read_lock();
	task = h->task;
	if (task) {
		parent = task->real_parent;
		pid = parent ? parent->pid : 0;
	}
	bpf_rcu_read_unlock();
	h->seen = pid;
	return 0;
}

static int on_alarm(void *map, int *key, struct alarm *a)
{
	a->fired++;
	if (*key < 3 && a->fired < 100)
		bpf_timer_start(&a->timer, 1000000, 0);
	return 0;
}

SEC("tc") int arm_timer(struct __sk_buff *skb)
{
	__u32 key = skb->ifindex & 3;
	struct alarm *a = bpf_map_lookup_elem(&alarms, &key);

	if (!a || bpf_timer_init(&a->timer, &alarms, 1))
		return 0;
	bpf_timer_set_callback(&a->timer, on_alarm);
	bpf_timer_start(&a->timer, 1000, 0);
	return 0;
}

static int on_work(void *map, int *key, void *value)
{
	struct job *j = value;

	j->done = bpf_ktime_get_ns();
	return 0;
}

SEC("tc") int queue_work(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct job *j = bpf_map_lookup_elem(&jobs, &key);

	if (!j || bpf_wq_init(&j->work, &jobs, 0))
		return 0;
	if (bpf_wq_set_callback_impl(&j->work, on_work, 0, NULL))
		return 0;
	bpf_wq_start(&j->work, 0);
	return 0;
}

SEC("tc") int dynptr_record(struct __sk_buff *skb)
{
	__u32 size = skb->len & 255;
	struct bpf_dynptr p;
	struct sample *s;
	__u64 tail = 7;

	if (bpf_ringbuf_reserve_dynptr(&events, size + 16, 0, &p)) {
		bpf_ringbuf_discard_dynptr(&p, 0);
		return 0;
	}
	s = bpf_dynptr_data(&p, 0, sizeof(*s));
	if (s) {
		s->pid = skb->mark;
		s->value = size;
	}
	bpf_dynptr_write(&p, 8, &tail, sizeof(tail), 0);
	if (size > 100) {
		bpf_dynptr_adjust(&p, 8, bpf_dynptr_size(&p));
		bpf_dynptr_read(&tail, sizeof(tail), &p, 0, 0);
	}
	bpf_ringbuf_submit_dynptr(&p, 0);
	return tail;
}

SEC("xdp") int xdp_slices(struct xdp_md *ctx)
{
	__u8 eth_buffer[sizeof(struct ethhdr)], ip_buffer[sizeof(struct iphdr)];
	struct bpf_dynptr p;
	struct ethhdr *eth;
	struct iphdr *ip;

	if (bpf_dynptr_from_xdp(ctx, 0, &p))
		return XDP_DROP;
	eth = bpf_dynptr_slice(&p, 0, eth_buffer, sizeof(eth_buffer));
	if (!eth || eth->h_proto != htons(ETH_P_IP))
		return XDP_PASS;
	ip = bpf_dynptr_slice_rdwr(&p, sizeof(*eth), ip_buffer, sizeof(ip_buffer));
	if (!ip || ip->ttl < 2)
		return XDP_DROP;
	ip->ttl--;
	if (ip == (void *)ip_buffer)
		bpf_dynptr_write(&p, sizeof(*eth), ip_buffer, sizeof(ip_buffer), 0);
	return XDP_PASS;
}

SEC("tc") int numbers(struct __sk_buff *skb)
{
	struct bpf_iter_num outer, inner;
	__u32 table[8] = {};
	int *i, *j, sum = 0;

	bpf_iter_num_new(&outer, 0, skb->len);
	while ((i = bpf_iter_num_next(&outer))) {
		int at = *i;

		if (at >= 0 && at < 8)
			table[at] = at;
		bpf_iter_num_new(&inner, 0, at);
		while ((j = bpf_iter_num_next(&inner))) {
			if (*j > 50)
				break;
			sum += *j;
		}
		bpf_iter_num_destroy(&inner);
	}
	bpf_iter_num_destroy(&outer);
	for (int k = 0; k < 8; k++)
		sum += table[k];
	return sum;
}

SEC("syscall") int tasks(void *ctx)
{
	struct bpf_iter_task it;
	struct task_struct *task;
	int n = 0;

	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, 0);
	while ((task = bpf_iter_task_next(&it)))
		n += task->tgid == task->pid;
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	handled = n;
	return 0;
}

SEC("tc") int balanced_sections(struct __sk_buff *skb)
{
	unsigned long flags;
	__u64 sum = 0;

	bpf_preempt_disable();
	sum += bpf_get_smp_processor_id();
	bpf_preempt_enable();
	bpf_local_irq_save(&flags);
	sum += bpf_ktime_get_ns();
	bpf_local_irq_restore(&flags);
	handled = sum;
	return 0;
}

static long on_command(struct bpf_dynptr *command, void *context)
{
	struct sample *s = bpf_dynptr_data(command, 0, sizeof(*s)), copy;
	__u64 *sum = context;

	if (bpf_dynptr_read(&copy, sizeof(copy), command, 0, 0))
		return 1;
	*sum += copy.value;
	handled++;
	return s == NULL ? 0 : 0;
}

SEC("syscall") int drain_user_ring(void *ctx)
{
	__u64 sum = 0;

	if (bpf_user_ringbuf_drain(&commands, on_command, &sum, 0) < 0)
		return -1;
	return sum > 100;
}
