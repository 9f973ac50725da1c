// SPDX-License-Identifier: MIT OR Apache-2.0
// Targets that are there, but not for programs of this kind.
// EXPECT prog=modifies_a_hook target=linux-6.18 verdict=reject code=attach-target-not-modifiable needs=btf oracle=none
#include "corpus.h"
LICENSE("GPL");

SEC("fmod_ret/bpf_lsm_file_open") int modifies_a_hook(__u64 *ctx)
{
	return 0;
}
