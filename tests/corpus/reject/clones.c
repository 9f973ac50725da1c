// SPDX-License-Identifier: MIT OR Apache-2.0
// A dynptr that holds a reference isn't overwritten, be there a clone of it or not;
// since 7.1 kernels count the clones.
// EXPECT prog=clone_over_clone target=linux-6.18 verdict=reject code=dynptr-misuse class=dynptr insn=15 needs=btf
// EXPECT prog=clone_over_clone target=linux-7.1 verdict=accept needs=btf
// EXPECT prog=flags_over_dynptr target=linux-6.18 verdict=reject code=dynptr-misuse class=dynptr insn=9 needs=btf
#include "corpus.h"
#include "kfuncs.h"
LICENSE("GPL");

int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *clone) __weak __ksym;

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");

SEC("tc") int clone_over_clone(struct __sk_buff *skb)
{
	struct bpf_dynptr p, clone;

	bpf_ringbuf_reserve_dynptr(&events, 16, 0, &p);
	bpf_dynptr_clone(&p, &clone);
	bpf_dynptr_clone(&p, &clone); // ERROR dynptr-misuse
	bpf_ringbuf_discard_dynptr(&p, 0);
	return 0;
}

SEC("tc") int flags_over_dynptr(struct __sk_buff *skb)
{
	struct bpf_dynptr p;

	bpf_ringbuf_reserve_dynptr(&events, 16, 0, &p);
	bpf_local_irq_save((void *)&p); // ERROR dynptr-misuse
	bpf_local_irq_restore((void *)&p);
	return 0;
}
