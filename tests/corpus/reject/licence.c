// SPDX-License-Identifier: MIT OR Apache-2.0
// A helper for GPL programs in one that isn't.
// EXPECT prog=proprietary target=linux-6.18 verdict=reject code=gpl-only-function class=gpl_only insn=6
// EXPECT prog=harmless target=linux-6.18 verdict=accept insns=8 processed=9
#include "corpus.h"
LICENSE("Proprietary");

SEC("kprobe") int proprietary(struct pt_regs *ctx)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (void *)PARM1(ctx)); // ERROR gpl-only-function
	return 0;
}

SEC("kprobe") int harmless(struct pt_regs *ctx)
{
	return bpf_get_current_pid_tgid() == PARM1(ctx);
}
