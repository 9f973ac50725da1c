// SPDX-License-Identifier: MIT OR Apache-2.0
// What older loaders take and libbpf does not: section names, and special fields beside
// variables that are seen outside.
#include "corpus.h"
LICENSE("GPL");


struct bpf_spin_lock seen SEC(".data.seen") __attribute__((aligned(8)));
__u64 seen_sum SEC(".data.seen");

struct bpf_spin_lock kept SEC(".data.kept") __hidden __attribute__((aligned(8)));
__u64 kept_sum SEC(".data.kept") __hidden;

SEC("xdp_prog") int old_name(struct xdp_md *ctx)
{
	return 2;
}

SEC("xdp") int new_name(struct xdp_md *ctx)
{
	return 2;
}

SEC("tc") int locks(struct __sk_buff *ctx)
{
	bpf_spin_lock(&seen);
	seen_sum++;
	bpf_spin_unlock(&seen);
	bpf_spin_lock(&kept);
	kept_sum++;
	bpf_spin_unlock(&kept);
	return 0;
}
