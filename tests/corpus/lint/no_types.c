// SPDX-License-Identifier: MIT OR Apache-2.0
// BUILD -g0
// An object without types.
#include "corpus.h"
LICENSE("GPL");

SEC("xdp") int pass(void *ctx)
{
	return 1;
}
