// SPDX-License-Identifier: MIT OR Apache-2.0
// Replacements of the functions of extended.c: two that fit, one that reads beyond the
// packet, two of another prototype.
#include "corpus.h"
LICENSE("GPL");

SEC("freplace/enough") int fits(struct xdp_md *ctx, int n)
{
	return ctx->ingress_ifindex + n;
}

SEC("freplace/entry") int reads_packet(struct xdp_md *ctx)
{
	char *data = (void *)(long)ctx->data;

	if (data + 1 > (char *)(long)ctx->data_end)
		return 0;
	return *data;
}

SEC("freplace/entry") int reads_beyond(struct xdp_md *ctx)
{
	return *(char *)(long)ctx->data;
}

SEC("freplace/enough") int other_context(struct __sk_buff *ctx, int n)
{
	return ctx->len;
}

SEC("freplace/enough") int too_few(struct xdp_md *ctx)
{
	return 0;
}
