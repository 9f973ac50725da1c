// SPDX-License-Identifier: MIT OR Apache-2.0
// A TCP congestion control as struct_ops: additive increase whose step follows
// the smoothed round-trip time.
// EXPECT prog=gentle_init target=linux-6.18 verdict=accept needs=btf insns=10 processed=10
// EXPECT prog=gentle_ssthresh target=linux-6.18 verdict=accept needs=btf insns=19 processed=20
// EXPECT prog=gentle_cong_avoid target=linux-6.18 verdict=accept needs=btf insns=25 processed=35
// EXPECT prog=gentle_undo target=linux-6.18 verdict=accept needs=btf insns=3 processed=3
// EXPECT prog=gentle_acked target=linux-6.18 verdict=accept needs=btf insns=17 processed=19
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

struct inet_connection_sock { __u64 icsk_ca_priv[13]; } __core;
struct ack_sample { __u32 pkts_acked; __s32 rtt_us; __u32 in_flight; } __core;
struct state { __u32 min_rtt, acked, losses, pad; };

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	void (*pkts_acked)(struct sock *sk, const struct ack_sample *sample);
	char name[16];
	void (*init)(struct sock *sk);
};

static __always_inline struct state *state(struct sock *sk)
{
	return (void *)((struct inet_connection_sock *)sk)->icsk_ca_priv;
}

SEC("struct_ops") void gentle_init(__u64 *ctx)
{
	struct state *s = state((void *)ctx[0]);

	s->min_rtt = 0x7fffffff;
	s->acked = 0;
	s->losses = 0;
}

SEC("struct_ops") __u32 gentle_ssthresh(__u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	struct tcp_sock *tp = (void *)sk;
	struct state *s = state(sk);
	__u32 window = tp->snd_cwnd, kept;

	s->losses++;
	kept = s->losses > 3 ? window / 2 : window * 7 / 10;
	return kept > 2 ? kept : 2;
}

SEC("struct_ops") void gentle_cong_avoid(__u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	struct tcp_sock *tp = (void *)sk;
	__u32 acked = ctx[2], step = 1, rtt = tp->srtt_us >> 3;
	struct state *s = state(sk);

	if (tp->snd_cwnd < tp->snd_ssthresh) {
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	if (rtt > s->min_rtt * 2)
		step = 2;
	tcp_cong_avoid_ai(tp, tp->snd_cwnd * step, acked);
}

SEC("struct_ops") __u32 gentle_undo(__u64 *ctx)
{
	return tcp_reno_undo_cwnd((void *)ctx[0]);
}

SEC("struct_ops") void gentle_acked(__u64 *ctx)
{
	struct state *s = state((void *)ctx[0]);
	const struct ack_sample *sample = (void *)ctx[1];

	s->acked += sample->pkts_acked;
	if (sample->rtt_us > 0 && sample->rtt_us < s->min_rtt)
		s->min_rtt = sample->rtt_us;
}

SEC(".struct_ops")
struct tcp_congestion_ops gentle = {
	.init = (void *)gentle_init,
	.ssthresh = (void *)gentle_ssthresh,
	.cong_avoid = (void *)gentle_cong_avoid,
	.undo_cwnd = (void *)gentle_undo,
	.pkts_acked = (void *)gentle_acked,
	.name = "gentle",
};
