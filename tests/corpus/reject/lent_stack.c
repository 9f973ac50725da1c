// SPDX-License-Identifier: MIT OR Apache-2.0
// A global function may write the memory that it is lent: what the caller knew of
// it is gone.
// EXPECT prog=index_was_lent target=linux-6.18 verdict=reject code=unbounded-access class=unbounded
#include "corpus.h"
LICENSE("GPL");

__u64 table[4];

__noinline int choose(__u32 *index)
{
	if (index)
		*index = 1000;
	return 0;
}

SEC("tc") int index_was_lent(struct __sk_buff *skb)
{
	__u32 index = 1;

	choose(&index);
	return ((volatile __u64 *)table)[index]; // ERROR unbounded-access
}
