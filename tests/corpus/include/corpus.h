// SPDX-License-Identifier: MIT OR Apache-2.0
//
// All that the corpus needs from a kernel's headers, so that a rebuild needs
// clang alone: section and map macros, context layouts (user-space ABI), the
// few kernel structures that CO-RE programs name, and helper numbers.
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

#define SEC(name) __attribute__((section(name), used))
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
#define __naked __attribute__((naked))
#define __hidden __attribute__((visibility("hidden")))
#define __weak __attribute__((weak))
#define __ksym __attribute__((section(".ksyms")))
#define __kconfig __attribute__((section(".kconfig")))
#define __packed __attribute__((packed))
#define __core __attribute__((preserve_access_index))
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define __arena __attribute__((address_space(1)))
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
#define __arg_trusted __attribute__((btf_decl_tag("arg:trusted")))
#define __contains(type, node) __attribute__((btf_decl_tag("contains:" #type ":" #node)))
#define LICENSE(text) char _license[] SEC("license") = text
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define offsetof(type, member) __builtin_offsetof(type, member)
#define container_of(ptr, type, member) ((type *)((void *)(ptr) - offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

// BTF-defined maps: an integer is an array type's length, a type a pointer's.
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name
#define __array(name, value) typeof(value) *name[]

#define bswap16(x) __builtin_bswap16(x)
#define bswap32(x) __builtin_bswap32(x)
#define htons(x) ((__u16)(__builtin_constant_p(x) ? (((x) & 0xff) << 8 | ((x) >> 8 & 0xff)) : bswap16(x)))
#define ntohs(x) htons(x)
#define htonl(x) bswap32((__u32)(x))
#define ntohl(x) htonl(x)

// The value as the compiler must keep it: forgets what it knows of `x`.
#define opaque(x) asm volatile("" : "+r"(x))
#define barrier() asm volatile("" ::: "memory")

// Hand-written bodies of `__naked` functions; helpers are named by operands.
#define ASM(text, ...) asm volatile(text ::__VA_ARGS__ : "memory")
#define IMM(helper) [helper] "i"(helper)
#define ADDR(symbol) [symbol] "i"(&symbol)

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_HASH_OF_MAPS = 13,
	BPF_MAP_TYPE_DEVMAP = 14,
	BPF_MAP_TYPE_SOCKMAP = 15,
	BPF_MAP_TYPE_CPUMAP = 16,
	BPF_MAP_TYPE_XSKMAP = 17,
	BPF_MAP_TYPE_SOCKHASH = 18,
	BPF_MAP_TYPE_CGROUP_STORAGE = 19,
	BPF_MAP_TYPE_REUSEPORT_SOCKARRAY = 20,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_DEVMAP_HASH = 25,
	BPF_MAP_TYPE_STRUCT_OPS = 26,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_INODE_STORAGE = 28,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_MAP_TYPE_BLOOM_FILTER = 30,
	BPF_MAP_TYPE_USER_RINGBUF = 31,
	BPF_MAP_TYPE_CGRP_STORAGE = 32,
	BPF_MAP_TYPE_ARENA = 33,
};

enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK = 4 };
enum {
	BPF_F_NO_PREALLOC = 1,
	BPF_F_RDONLY_PROG = 1 << 7,
	BPF_F_WRONLY_PROG = 1 << 8,
	BPF_F_MMAPABLE = 1 << 10,
};
#define BPF_F_CURRENT_CPU 0xffffffffULL
#define BPF_F_USER_STACK (1ULL << 8)
#define BPF_F_CURRENT_NETNS (-1L)
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1

enum xdp_action { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };
enum { TC_ACT_OK = 0, TC_ACT_SHOT = 2, TC_ACT_REDIRECT = 7, TC_ACT_UNSPEC = -1 };
enum { SK_DROP, SK_PASS };

// ---- protocol headers -------------------------------------------------------

#define ETH_P_IP 0x0800
#define ETH_P_8021Q 0x8100
#define ETH_P_IPV6 0x86dd
#define ETH_P_8021AD 0x88a8
#define ETH_P_ARP 0x0806
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ICMPV6 58
#define AF_INET 2
#define AF_INET6 10
#define EPERM 1
#define ENOENT 2

struct ethhdr { __u8 h_dest[6], h_source[6]; __be16 h_proto; } __packed;
struct vlan_hdr { __be16 tci, proto; };
struct iphdr {
	__u8 ihl : 4, version : 4;
	__u8 tos;
	__be16 tot_len, id, frag_off;
	__u8 ttl, protocol;
	__u16 check;
	__be32 saddr, daddr;
};
struct in6 { union { __u8 b[16]; __be32 w[4]; }; };
struct ipv6hdr {
	__u8 priority : 4, version : 4;
	__u8 flow_lbl[3];
	__be16 payload_len;
	__u8 nexthdr, hop_limit;
	struct in6 saddr, daddr;
};
struct tcphdr {
	__be16 source, dest;
	__be32 seq, ack_seq;
	__u8 res1 : 4, doff : 4;
	__u8 fin : 1, syn : 1, rst : 1, psh : 1, ack : 1, urg : 1, ece : 1, cwr : 1;
	__be16 window, check, urg_ptr;
};
struct udphdr { __be16 source, dest, len, check; };

// ---- contexts ---------------------------------------------------------------

struct bpf_sock;
struct bpf_flow_keys;
#define MD_PTR(type, name) union { type name; __u64 : 64; } __attribute__((aligned(8)))

struct xdp_md {
	__u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

struct __sk_buff {
	__u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto;
	__u32 priority, ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid;
	__u32 data, data_end, napi_id, family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4];
	__u32 remote_port, local_port, data_meta;
	MD_PTR(struct bpf_flow_keys *, flow_keys);
	__u64 tstamp;
	__u32 wire_len, gso_segs;
	MD_PTR(struct bpf_sock *, sk);
	__u32 gso_size;
	__u8 tstamp_type;
	__u32 : 24;
	__u64 hwtstamp;
};

struct bpf_sock {
	__u32 bound_dev_if, family, type, protocol, mark, priority, src_ip4, src_ip6[4], src_port;
	__be16 dst_port;
	__u16 : 16;
	__u32 dst_ip4, dst_ip6[4], state;
	__s32 rx_queue_mapping;
};

struct bpf_tcp_sock {
	__u32 snd_cwnd, srtt_us, rtt_min, snd_ssthresh, rcv_nxt, snd_nxt, snd_una, mss_cache;
	__u32 ecn_flags, rate_delivered, rate_interval_us, packets_out, retrans_out, total_retrans;
	__u32 segs_in, data_segs_in, segs_out, data_segs_out, lost_out, sacked_out;
	__u64 bytes_received, bytes_acked;
	__u32 dsack_dups, delivered, delivered_ce, icsk_retransmits;
};

struct bpf_sock_tuple {
	union {
		struct { __be32 saddr, daddr; __be16 sport, dport; } ipv4;
		struct { __be32 saddr[4], daddr[4]; __be16 sport, dport; } ipv6;
	};
};

struct bpf_flow_keys {
	__u16 nhoff, thoff, addr_proto;
	__u8 is_frag, is_first_frag, is_encap, ip_proto;
	__be16 n_proto, sport, dport;
	union {
		struct { __be32 ipv4_src, ipv4_dst; };
		struct { __u32 ipv6_src[4], ipv6_dst[4]; };
	};
	__u32 flags;
	__be32 flow_label;
};

struct bpf_sock_addr {
	__u32 user_family, user_ip4, user_ip6[4], user_port, family, type, protocol;
	__u32 msg_src_ip4, msg_src_ip6[4];
	MD_PTR(struct bpf_sock *, sk);
};

struct bpf_sock_ops {
	__u32 op;
	union { __u32 args[4], reply, replylong[4]; };
	__u32 family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port;
	__u32 is_fullsock, snd_cwnd, srtt_us, bpf_sock_ops_cb_flags, state, rtt_min, snd_ssthresh;
	__u32 rcv_nxt, snd_nxt, snd_una, mss_cache, ecn_flags, rate_delivered, rate_interval_us;
	__u32 packets_out, retrans_out, total_retrans, segs_in, data_segs_in, segs_out;
	__u32 data_segs_out, lost_out, sacked_out, sk_txhash;
	__u64 bytes_received, bytes_acked;
	MD_PTR(struct bpf_sock *, sk);
	MD_PTR(void *, skb_data);
	MD_PTR(void *, skb_data_end);
	__u32 skb_len, skb_tcp_flags;
	__u64 skb_hwtstamp;
};

struct sk_msg_md {
	MD_PTR(void *, data);
	MD_PTR(void *, data_end);
	__u32 family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port;
	__u32 size;
	MD_PTR(struct bpf_sock *, sk);
};

struct bpf_sysctl { __u32 write, file_pos; };

struct bpf_sockopt {
	MD_PTR(struct bpf_sock *, sk);
	MD_PTR(void *, optval);
	MD_PTR(void *, optval_end);
	__s32 level, optname, optlen, retval;
};

struct sk_reuseport_md {
	MD_PTR(void *, data);
	MD_PTR(void *, data_end);
	__u32 len, eth_protocol, ip_protocol, bind_inany, hash;
	MD_PTR(struct bpf_sock *, sk);
	MD_PTR(struct bpf_sock *, migrating_sk);
};

struct bpf_sk_lookup {
	union { MD_PTR(struct bpf_sock *, sk); __u64 cookie; };
	__u32 family, protocol, remote_ip4, remote_ip6[4];
	__be16 remote_port;
	__u16 : 16;
	__u32 local_ip4, local_ip6[4], local_port, ingress_ifindex;
};

struct bpf_cgroup_dev_ctx { __u32 access_type, major, minor; };

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip,
		cs, flags, sp, ss;
};
#define PARM1(regs) ((regs)->di)
#define PARM2(regs) ((regs)->si)
#define PARM3(regs) ((regs)->dx)
#define RC(regs) ((regs)->ax)

struct bpf_perf_event_data { struct pt_regs regs; __u64 sample_period, addr; };
struct bpf_raw_tracepoint_args { __u64 args[0]; };

// ---- kernel structures, relocated against the target's BTF -------------------

typedef struct { int counter; } atomic_t;
struct kref { int refcount; } __core;
struct list_head { struct list_head *next, *prev; } __core;
struct qstr { const unsigned char *name; } __core;
struct inode { unsigned long i_ino; unsigned short i_mode; __u32 i_flags; long long i_size; } __core;
struct dentry { struct qstr d_name; struct dentry *d_parent; struct inode *d_inode; } __core;
struct path { struct dentry *dentry; } __core;
struct file { struct path f_path; unsigned int f_flags; struct inode *f_inode; } __core;
struct linux_binprm { struct file *file; const char *filename; int argc; } __core;
struct cred { struct { __u32 val; } uid; } __core;
struct nsproxy { struct net *net_ns; } __core;
struct task_struct {
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	const struct cred *real_cred;
	struct nsproxy *nsproxy;
	char comm[16];
	__u64 start_time;
	unsigned int flags;
} __core;
struct seq_file { unsigned long count; } __core;
struct bpf_iter_meta { struct seq_file *seq; __u64 session_id, seq_num; } __core;
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } __core;
struct bpf_map { __u32 id; char name[16]; __u32 max_entries; } __core;
struct bpf_iter__bpf_map { struct bpf_iter_meta *meta; struct bpf_map *map; } __core;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key, *value;
} __core;
struct sock_common { unsigned short skc_family; __be32 skc_daddr, skc_rcv_saddr; __be16 skc_dport; __u16 skc_num; } __core;
struct sock { struct sock_common __sk_common; int sk_rcvbuf, sk_sndbuf; __u32 sk_mark; } __core;
struct tcp_sock { __u32 snd_cwnd, snd_ssthresh, snd_cwnd_cnt, packets_out, srtt_us, prior_cwnd; } __core;
struct sk_buff { unsigned int len, data_len; __u32 mark; struct sock *sk; unsigned char *head, *data; } __core;
struct net_device { int ifindex; unsigned int mtu; char name[16]; } __core;
struct nf_hook_state { __u8 hook, pf; struct net_device *in, *out; } __core;
struct bpf_nf_ctx { const struct nf_hook_state *state; struct sk_buff *skb; } __core;
struct cgroup { int level; } __core;

// Special map fields and stack objects; sizes are the kernel's ABI.
struct bpf_spin_lock { __u32 val; };
struct bpf_timer { __u64 __opaque[2]; };
struct bpf_wq { __u64 __opaque[2]; };
struct bpf_dynptr { __u64 __opaque[2]; };
struct bpf_list_head { __u64 __opaque[2]; };
struct bpf_list_node { __u64 __opaque[3]; };
struct bpf_rb_root { __u64 __opaque[2]; };
struct bpf_rb_node { __u64 __opaque[4]; };
struct bpf_refcount { __u32 __opaque[1]; };
struct bpf_iter_num { __u64 __opaque[1]; };
struct bpf_iter_bits { __u64 __opaque[2]; };
struct bpf_iter_task { __u64 __opaque[3]; };

#include "helpers.h"

// ---- what libbpf's headers have, in the little that edits of programs use ----

#define BPF_CORE_READ(p, f) ({ typeof((p)->f) v_; bpf_probe_read_kernel(&v_, sizeof(v_), &(p)->f); v_; })
#define BPF_PROBE_READ_USER(p, f) ({ typeof((p)->f) v_; bpf_probe_read_user(&v_, sizeof(v_), &(p)->f); v_; })
#define PICK_3(a, b, c, ...) c
#define GIVEN_1(first, second) (void *)(first)
#define GIVEN_2(first, second) (void *)(first), (void *)(second)
#define CALLED_WITH(name, ctx_type, first, second, ...) \
	name(ctx_type ctx); \
	static __always_inline int with_args_##name(ctx_type ctx, __VA_ARGS__); \
	int name(ctx_type ctx) { return with_args_##name(ctx, PICK_3(__VA_ARGS__, GIVEN_2, GIVEN_1)(first, second)); } \
	static __always_inline int with_args_##name(ctx_type ctx, __VA_ARGS__)
#define BPF_KPROBE(name, ...) CALLED_WITH(name, struct pt_regs *, ctx->di, ctx->si, __VA_ARGS__)
#define BPF_PROG(name, ...) CALLED_WITH(name, unsigned long long *, ctx[0], ctx[1], __VA_ARGS__)
