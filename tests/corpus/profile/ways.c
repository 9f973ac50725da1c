// Programs whose paths multiply: each turn of the loop leaves two sums, which a later
// index depends on. With eight turns it is taken, with forty it is too large.
#include "corpus.h"
LICENSE("GPL");

__u64 seen[1024];

SEC("tc") int few_ways(struct __sk_buff *skb)
{
	__u32 sum = 0;

#pragma clang loop unroll(disable)
	for (int i = 1; i < 9; i++) {
		if (bpf_get_prandom_u32() & 1)
			sum += i;
	}
	if (sum < 1024)
		seen[sum]++;
	return 0;
}

SEC("tc") int many_ways(struct __sk_buff *skb)
{
	__u32 sum = 0;

#pragma clang loop unroll(disable)
	for (int i = 1; i < 900; i++) {
		if (bpf_get_prandom_u32() & 1)
			sum += i * 3;
	}
	if (sum < 1024)
		seen[sum]++;
	return 0;
}
