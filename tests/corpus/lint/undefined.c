// SPDX-License-Identifier: MIT OR Apache-2.0
// A function of C's library that nothing defines.
#include "corpus.h"
#undef ntohl
LICENSE("GPL");

extern __u32 ntohl(__u32 n);

SEC("xdp") int calls_libc(struct xdp_md *ctx)
{
	return ntohl(ctx->ingress_ifindex) ? 2 : 1;
}
