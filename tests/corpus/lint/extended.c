// SPDX-License-Identifier: MIT OR Apache-2.0
// A program whose functions others replace.
#include "corpus.h"
LICENSE("GPL");

static __attribute__((noinline)) int hidden(int n)
{
	asm volatile("" : "+r"(n));
	return n + 1;
}

__attribute__((noinline)) int enough(struct xdp_md *ctx, int n)
{
	return ctx->data_end - ctx->data > hidden(n);
}

SEC("xdp") int entry(struct xdp_md *ctx)
{
	return enough(ctx, 3) ? 2 : 1;
}
