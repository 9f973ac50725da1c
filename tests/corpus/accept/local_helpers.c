// SPDX-License-Identifier: MIT OR Apache-2.0
// Helpers whose meaning is local, with arguments of every kind, right and wrong: what a
// run here comes to is held against the running kernel's (tests/kernel_test_run).
// EXPECT prog=room_mac_more target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_mac_less target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_mac_nothing target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_net_more target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_net_less target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_net_much target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_net_whole target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_mode_wrong target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_flags_wrong target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_fixed target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_encap_v4 target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_encap_v6 target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_encap_both target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_encap_gre target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_encap_udp target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_encap_gre_udp target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_encap_gre_alone target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_encap_less target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_encap_l2 target=linux-6.18 verdict=accept insns=6 processed=5
// EXPECT prog=room_no_csum_reset target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_decap_v4 target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_decap_v6 target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=room_decap_more target=linux-6.18 verdict=accept insns=5 processed=5
// EXPECT prog=tag_once target=linux-6.18 verdict=accept insns=56 processed=77
// EXPECT prog=tag_twice target=linux-6.18 verdict=accept insns=70 processed=98
// EXPECT prog=tag_and_untag target=linux-6.18 verdict=accept insns=118 processed=182
// EXPECT prog=untag target=linux-6.18 verdict=accept insns=54 processed=75
// EXPECT prog=tag_of_no_kind target=linux-6.18 verdict=accept insns=26 processed=26
// EXPECT prog=tail_more target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=tail_less target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=tail_short target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=tail_link target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=tail_flags target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=tail_huge target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=head_more target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=head_none target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=head_flags target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=head_huge target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=to_v6 target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=to_v4 target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=to_arp target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=proto_flags target=linux-6.18 verdict=accept insns=17 processed=16
// EXPECT prog=pull_all target=linux-6.18 verdict=accept insns=16 processed=15
// EXPECT prog=pull_some target=linux-6.18 verdict=accept insns=16 processed=15
// EXPECT prog=pull_much target=linux-6.18 verdict=accept insns=16 processed=15
// EXPECT prog=kinds target=linux-6.18 verdict=accept insns=84 processed=128
// EXPECT prog=bytes target=linux-6.18 verdict=accept insns=260 processed=305
// EXPECT prog=sums target=linux-6.18 verdict=accept insns=323 processed=371
// EXPECT prog=leads_on target=linux-6.18 verdict=accept insns=110 processed=174
// EXPECT prog=told target=linux-6.18 verdict=accept insns=117 processed=120
// EXPECT prog=leads_on_early target=linux-6.18 verdict=accept insns=41 processed=40
// EXPECT prog=frame_head_more target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_head_less target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_head_gone target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_head_far target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_head_further target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_meta_some target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_meta_odd target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_meta_most target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_meta_more target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_meta_back target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_tail_more target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_tail_less target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_tail_gone target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=frame_tail_far target=linux-6.18 verdict=accept insns=18 processed=17
// EXPECT prog=marks_in target=linux-6.18 verdict=accept insns=13 processed=12
// EXPECT prog=marks_out target=linux-6.18 verdict=accept insns=13 processed=12
// EXPECT prog=formats target=linux-6.18 verdict=accept insns=674 processed=641
// EXPECT prog=numbers target=linux-6.18 verdict=accept insns=935 processed=976
// EXPECT prog=printed target=linux-6.18 verdict=accept insns=334 processed=363
#include "corpus.h"
LICENSE("GPL");

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } results SEC(".maps");
struct text { char bytes[64]; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 64); __type(key, __u32); __type(value, struct text); } texts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 4); } events SEC(".maps");

static __always_inline void keep(__u32 slot, long value)
{
	__u64 *place = bpf_map_lookup_elem(&results, &slot);

	if (place)
		*place = value;
}

#define ROOM(name, delta, mode, flags) \
	SEC("tc") int room_##name(struct __sk_buff *skb) { return bpf_skb_adjust_room(skb, delta, mode, flags); }
ROOM(mac_more, 20, 1, 0)
ROOM(mac_less, -20, 1, 0)
ROOM(mac_nothing, 0, 1, 0)
ROOM(net_more, 8, 0, 0)
ROOM(net_less, -8, 0, 0)
ROOM(net_much, 4096, 0, 0)
ROOM(net_whole, -4000, 0, 0)
ROOM(mode_wrong, 8, 2, 0)
ROOM(flags_wrong, 8, 1, 1 << 20)
ROOM(fixed, 20, 1, 1)
ROOM(encap_v4, 20, 1, 2)
ROOM(encap_v6, 40, 1, 4)
ROOM(encap_both, 40, 1, 6)
ROOM(encap_gre, 24, 1, 2 | 8)
ROOM(encap_udp, 28, 1, 2 | 16)
ROOM(encap_gre_udp, 28, 1, 2 | 8 | 16)
ROOM(encap_gre_alone, 24, 1, 8)
ROOM(encap_less, -20, 1, 2)
ROOM(encap_l2, 34, 1, 2 | (14ull << 56))
ROOM(no_csum_reset, 20, 1, 32)
ROOM(decap_v4, -20, 1, 128)
ROOM(decap_v6, -20, 1, 256)
ROOM(decap_more, 20, 1, 128)

SEC("tc") int tag_once(struct __sk_buff *skb)
{
	keep(0, bpf_skb_vlan_push(skb, htons(0x8100), 0x2064));
	keep(1, skb->vlan_present);
	keep(2, skb->vlan_tci);
	keep(3, skb->vlan_proto);
	keep(4, skb->len);
	return 0;
}

SEC("tc") int tag_twice(struct __sk_buff *skb)
{
	keep(0, bpf_skb_vlan_push(skb, htons(0x8100), 100));
	keep(1, bpf_skb_vlan_push(skb, htons(0x88a8), 4095));
	keep(2, skb->vlan_tci);
	keep(3, skb->vlan_proto);
	keep(4, skb->len);
	keep(5, skb->protocol);
	return 0;
}

SEC("tc") int tag_and_untag(struct __sk_buff *skb)
{
	keep(0, bpf_skb_vlan_push(skb, htons(0x8100), 100));
	keep(1, bpf_skb_vlan_push(skb, htons(0x8100), 200));
	keep(2, bpf_skb_vlan_pop(skb));
	keep(3, skb->vlan_tci);
	keep(4, bpf_skb_vlan_pop(skb));
	keep(5, skb->vlan_present);
	keep(6, bpf_skb_vlan_pop(skb));
	keep(7, bpf_skb_vlan_pop(skb));
	keep(8, skb->len);
	keep(9, skb->protocol);
	return 0;
}

SEC("tc") int untag(struct __sk_buff *skb)
{
	keep(0, bpf_skb_vlan_pop(skb));
	keep(1, skb->vlan_present);
	keep(2, skb->vlan_tci);
	keep(3, skb->len);
	keep(4, skb->protocol);
	return 0;
}

SEC("tc") int tag_of_no_kind(struct __sk_buff *skb)
{
	keep(0, bpf_skb_vlan_push(skb, htons(0x0800), 7));
	keep(1, skb->vlan_proto);
	return 0;
}

#define RESIZE(name, call) \
	SEC("tc") int name(struct __sk_buff *skb) { int done = call; keep(0, skb->len); return done; }
RESIZE(tail_more, bpf_skb_change_tail(skb, skb->len + 100, 0))
RESIZE(tail_less, bpf_skb_change_tail(skb, 60, 0))
RESIZE(tail_short, bpf_skb_change_tail(skb, 10, 0))
RESIZE(tail_link, bpf_skb_change_tail(skb, 14, 0))
RESIZE(tail_flags, bpf_skb_change_tail(skb, 100, 1))
RESIZE(tail_huge, bpf_skb_change_tail(skb, 70000, 0))
RESIZE(head_more, bpf_skb_change_head(skb, 14, 0))
RESIZE(head_none, bpf_skb_change_head(skb, 0, 0))
RESIZE(head_flags, bpf_skb_change_head(skb, 14, 1))
RESIZE(head_huge, bpf_skb_change_head(skb, 70000, 0))
RESIZE(to_v6, bpf_skb_change_proto(skb, htons(ETH_P_IPV6), 0))
RESIZE(to_v4, bpf_skb_change_proto(skb, htons(ETH_P_IP), 0))
RESIZE(to_arp, bpf_skb_change_proto(skb, htons(0x0806), 0))
RESIZE(proto_flags, bpf_skb_change_proto(skb, htons(ETH_P_IPV6), 1))
RESIZE(pull_all, bpf_skb_pull_data(skb, 0))
RESIZE(pull_some, bpf_skb_pull_data(skb, 64))
RESIZE(pull_much, bpf_skb_pull_data(skb, 5000))

SEC("tc") int kinds(struct __sk_buff *skb)
{
	keep(0, bpf_skb_change_type(skb, 0));
	keep(1, skb->pkt_type);
	keep(2, bpf_skb_change_type(skb, 3));
	keep(3, skb->pkt_type);
	keep(4, bpf_skb_change_type(skb, 4));
	keep(5, bpf_skb_change_type(skb, 7));
	keep(6, skb->pkt_type);
	return 0;
}

SEC("tc") int bytes(struct __sk_buff *skb)
{
	char buffer[40] = {};

	keep(0, bpf_skb_load_bytes(skb, 0, buffer, 14));
	keep(1, *(__u64 *)buffer);
	keep(2, bpf_skb_load_bytes(skb, 20, buffer, 40));
	keep(3, *(__u64 *)buffer);
	keep(4, bpf_skb_load_bytes(skb, 5000, buffer, 8));
	keep(5, *(__u64 *)buffer);
	keep(6, bpf_skb_load_bytes_relative(skb, 0, buffer, 20, 0));
	keep(7, *(__u64 *)buffer);
	keep(8, bpf_skb_load_bytes_relative(skb, 0, buffer, 20, 1));
	keep(9, *(__u64 *)buffer);
	keep(10, bpf_skb_load_bytes_relative(skb, 0, buffer, 20, 2));
	keep(11, bpf_skb_store_bytes(skb, 0, "abcdef", 6, 0));
	keep(12, bpf_skb_store_bytes(skb, 20, "abcdef", 6, 1));
	keep(13, bpf_skb_store_bytes(skb, 12, "ab", 2, 2));
	keep(14, bpf_skb_store_bytes(skb, 0, "ab", 2, 4));
	keep(15, bpf_skb_store_bytes(skb, 60, "abcdef", 6, 0));
	keep(16, bpf_skb_store_bytes(skb, 0x10000, "ab", 2, 0));
	return 0;
}

SEC("tc") int sums(struct __sk_buff *skb)
{
	__u32 from[4] = { 1, 0x80000000, 0xffffffff, 7 }, to[4] = { 9, 8, 7, 6 };

	keep(0, bpf_l3_csum_replace(skb, 24, htons(0x4006), htons(0x3f06), 2));
	keep(1, bpf_l3_csum_replace(skb, 24, 0x01020304, 0x0a0b0c0d, 4));
	keep(2, bpf_l3_csum_replace(skb, 24, 0, 0x1234, 0));
	keep(3, bpf_l3_csum_replace(skb, 24, 1, 2, 3));
	keep(4, bpf_l3_csum_replace(skb, 24, 1, 2, 0x10));
	keep(5, bpf_l3_csum_replace(skb, 5000, 1, 2, 2));
	keep(6, bpf_l3_csum_replace(skb, 25, 1, 2, 2));
	keep(7, bpf_l4_csum_replace(skb, 50, 1, 2, 2));
	keep(8, bpf_l4_csum_replace(skb, 50, 1, 2, 0x10 | 4));
	keep(9, bpf_l4_csum_replace(skb, 50, 1, 2, 0x20 | 2));
	keep(10, bpf_l4_csum_replace(skb, 40, 1, 2, 0x20 | 0x40 | 2));
	keep(11, bpf_l4_csum_replace(skb, 50, 0, 7, 0x10));
	keep(12, bpf_l4_csum_replace(skb, 50, 0, 7, 0x80));
	keep(13, bpf_csum_diff(from, 16, to, 16, 0));
	keep(14, bpf_csum_diff(NULL, 0, to, 8, 5));
	keep(15, bpf_csum_diff(from, 4, NULL, 0, 0xffffffff));
	keep(16, bpf_csum_diff(from, 12, to, 4, 0));
	keep(17, bpf_csum_diff(from, 16, from, 16, 0));
	return 0;
}

SEC("tc") int leads_on(struct __sk_buff *skb)
{
	keep(0, bpf_redirect(1, 0));
	keep(1, bpf_redirect(1, 1));
	keep(2, bpf_redirect(1, 2));
	keep(3, bpf_redirect(9999, 0));
	keep(4, bpf_redirect_peer(1, 0));
	keep(5, bpf_redirect_peer(1, 1));
	keep(6, bpf_redirect_neigh(1, NULL, 0, 0));
	keep(7, bpf_redirect_neigh(1, NULL, 0, 1));
	return 0;
}

SEC("xdp") int leads_on_early(struct xdp_md *ctx)
{
	keep(0, bpf_redirect(1, 0));
	keep(1, bpf_redirect(1, 1));
	keep(2, bpf_redirect(9999, 0));
	return XDP_PASS;
}

SEC("tc") int told(struct __sk_buff *skb)
{
	__u64 data = 7;

	keep(0, bpf_perf_event_output(skb, &events, 0xffffffffull, &data, sizeof(data)));
	keep(1, bpf_perf_event_output(skb, &events, 3, &data, sizeof(data)));
	keep(2, bpf_perf_event_output(skb, &events, 4, &data, sizeof(data)));
	keep(3, bpf_perf_event_output(skb, &events, 0xffffffffull | (20ull << 32), &data, sizeof(data)));
	keep(4, bpf_perf_event_output(skb, &events, 0xffffffffull | (9000ull << 32), &data, sizeof(data)));
	keep(5, bpf_perf_event_output(skb, &events, 1ull << 60, &data, sizeof(data)));
	return 0;
}

#define FRAME(name, call) \
	SEC("xdp") int frame_##name(struct xdp_md *ctx) { int done = call; keep(0, ctx->data_end - ctx->data); return done; }
FRAME(head_more, bpf_xdp_adjust_head(ctx, -20))
FRAME(head_less, bpf_xdp_adjust_head(ctx, 14))
FRAME(head_gone, bpf_xdp_adjust_head(ctx, 5000))
FRAME(head_far, bpf_xdp_adjust_head(ctx, -216))
FRAME(head_further, bpf_xdp_adjust_head(ctx, -217))
FRAME(meta_some, bpf_xdp_adjust_meta(ctx, -8))
FRAME(meta_odd, bpf_xdp_adjust_meta(ctx, -6))
FRAME(meta_most, bpf_xdp_adjust_meta(ctx, -32))
FRAME(meta_more, bpf_xdp_adjust_meta(ctx, -36))
FRAME(meta_back, bpf_xdp_adjust_meta(ctx, 4))
FRAME(tail_more, bpf_xdp_adjust_tail(ctx, 64))
FRAME(tail_less, bpf_xdp_adjust_tail(ctx, -8))
FRAME(tail_gone, bpf_xdp_adjust_tail(ctx, -5000))
FRAME(tail_far, bpf_xdp_adjust_tail(ctx, 4000))

#define MARK(name, kind) \
	SEC(kind) int name(struct __sk_buff *skb) { keep(0, bpf_skb_ecn_set_ce(skb)); return 1; }
MARK(marks_in, "cgroup_skb/ingress")
MARK(marks_out, "cgroup_skb/egress")

static __always_inline struct text *place(__u32 slot)
{
	return bpf_map_lookup_elem(&texts, &slot);
}

#define PRINT(slot, format, ...) do { \
	static const char fmt[] = format; \
	__u64 args[] = { __VA_ARGS__ }; \
	struct text *out = place(slot); \
	if (!out) return 1; \
	keep(slot, bpf_snprintf(out, sizeof(*out), fmt, args, sizeof(args))); \
} while (0)

SEC("syscall") int formats(void *ctx)
{
	static const unsigned char four[4] = { 10, 0, 1, 255 };
	static const unsigned char six[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
	static const char word[] = "word";

	PRINT(0, "%d %i %u", -1ll, 0x80000000, 0xffffffffffffffffull);
	PRINT(1, "%ld %lu %lx", -1ll, -2ll, -3ll);
	PRINT(2, "%lld|%llu|%llx", 1ull << 63, 1ull << 63, 1ull << 63);
	PRINT(3, "%x %X", 0xabcdef, 0xabcdef);
	PRINT(4, "%5d|%-5d|%05d|", 42, 42, 42);
	PRINT(5, "%+d % d %+d", 42, 42, -42);
	PRINT(6, "%5x|%-5x|%05x|", 0xab, 0xab, 0xab);
	PRINT(7, "%05d|%+05d|%-05d|", -42, 42, 42);
	PRINT(8, "%c%c%c", 'a', 0x141, '!');
	PRINT(9, "%3c|%-3c|%c", 'a', 'b', 'c');
	PRINT(10, "%s|%8s|%-8s|", (__u64)(long)word, (__u64)(long)word, (__u64)(long)word);
	PRINT(11, "%pI4 %pi4", (__u64)(long)four, (__u64)(long)four);
	PRINT(12, "%pI6", (__u64)(long)six);
	PRINT(13, "%pi6", (__u64)(long)six);
	PRINT(14, "%pks", (__u64)(long)word);
	PRINT(15, "%px", 0xabcull);
	PRINT(16, "100%% of %d", 7);
	PRINT(17, "%020d|", 7);
	PRINT(18, "a long text that does not fit in its place of sixty-four bytes: %d", 7);
	PRINT(19, "%s", 16ull);
	PRINT(20, "%20px|", 0xabcull);
	PRINT(21, "%12pI4|", (__u64)(long)four);
	return 0;
}

#define TELL(slot, format, ...) do { \
	char fmt[] = format; \
	keep(slot, bpf_trace_printk(fmt, sizeof(fmt), ##__VA_ARGS__)); \
} while (0)

SEC("raw_tp/sys_enter") int printed(void *ctx)
{
	TELL(0, "plain\n");
	TELL(1, "%d %u %x\n", -1, -2, -3);
	TELL(2, "%ld %lld %llx\n", -1ll, -2ll, -3ll);
	TELL(3, "%5d|%-5d|%05d\n", 1, 2, 3);
	TELL(4, "%q\n", 1);
	TELL(5, "%d %d %d %d\n", 1, 2, 3);
	TELL(6, "100%%\n");
	TELL(7, "%.3d\n", 1);
	TELL(8, "%#x\n", 1);
	TELL(9, "%o\n", 1);
	TELL(10, "%c\n", 65);
	TELL(11, "%hd\n", 1);
	TELL(12, "50%");
	TELL(13, "%s\n", 8ll);
	TELL(14, "\x80high\n");
	TELL(15, "%zu\n", 1);
	TELL(16, "%llllx\n", 1);
	return 0;
}

#define NUMBER(slot, text, flags) do { \
	long value = -1; unsigned long bare = 1; \
	char digits[] = text; \
	keep(slot, bpf_strtol(digits, sizeof(digits) - 1, flags, &value)); \
	keep(slot + 1, value); \
	keep(slot + 2, bpf_strtoul(digits, sizeof(digits) - 1, flags, &bare)); \
	keep(slot + 3, bare); \
} while (0)

SEC("syscall") int numbers(void *ctx)
{
	NUMBER(0, "42", 10);
	NUMBER(4, "-42", 10);
	NUMBER(8, "0x1F", 0);
	NUMBER(12, "0777", 0);
	NUMBER(16, "1f", 16);
	NUMBER(20, "9223372036854775808", 10);
	NUMBER(24, "-9223372036854775809", 10);
	NUMBER(28, "18446744073709551616", 10);
	NUMBER(32, "  12 13", 10);
	NUMBER(36, "z", 10);
	NUMBER(40, "089", 8);
	NUMBER(44, "+7", 10);
	NUMBER(48, "0x", 16);
	NUMBER(52, "5", 7);
	NUMBER(56, "-", 10);
	return 0;
}
