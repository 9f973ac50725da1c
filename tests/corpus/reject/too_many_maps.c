// SPDX-License-Identifier: MIT OR Apache-2.0
// One map more than a program may use.
// EXPECT prog=sixty_five target=linux-6.18 verdict=reject code=too-many-maps class=used_maps
#include "corpus.h"
LICENSE("GPL");

#define M(n) struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } m##n SEC(".maps");
#define U(n) total += (long)bpf_map_delete_elem(&m##n, &key);
#define EIGHT(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define ALL(X) EIGHT(X, 0) EIGHT(X, 1) EIGHT(X, 2) EIGHT(X, 3) EIGHT(X, 4) EIGHT(X, 5) EIGHT(X, 6) EIGHT(X, 7) X(80)

ALL(M)

SEC("socket") int sixty_five(struct __sk_buff *skb)
{
	__u32 key = 0;
	long total = 0;

	ALL(U)
	return total;
}
