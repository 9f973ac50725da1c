// SPDX-License-Identifier: MIT OR Apache-2.0
// A licence that the kernel does not take for GPL-compatible.
#include "corpus.h"
LICENSE("Proprietary");

SEC("kprobe/do_exit")
int not_gpl(struct pt_regs *ctx)
{
	int v = 0;
	bpf_probe_read_kernel(&v, sizeof(v), (void *)PARM1(ctx)); // EDIT GPL, bpf_probe_read_kernel
	return v;
}

SEC("lsm/file_open")
int lsm_not_gpl(__u64 *ctx)
{
	return 0; // EDIT GPL, LSM
}
