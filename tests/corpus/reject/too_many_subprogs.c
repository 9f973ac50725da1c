// SPDX-License-Identifier: MIT OR Apache-2.0
// 257 functions: one more than a program may have.
// BUILD -g0
// EXPECT prog=many target=linux-6.18 verdict=reject code=too-many-subprograms class=too_many_subprogs
#include "corpus.h"
LICENSE("GPL");

#define F(n) static __noinline int f##n(void) { int x; asm volatile("%0 = 0" : "=r"(x)); return x; }
#define C(n) total += f##n();
#define FOUR(X, n) X(n##0) X(n##1) X(n##2) X(n##3)
#define SIXTEEN(X, n) FOUR(X, n##0) FOUR(X, n##1) FOUR(X, n##2) FOUR(X, n##3)
#define SIXTYFOUR(X, n) SIXTEEN(X, n##0) SIXTEEN(X, n##1) SIXTEEN(X, n##2) SIXTEEN(X, n##3)
#define ALL(X) SIXTYFOUR(X, 0) SIXTYFOUR(X, 1) SIXTYFOUR(X, 2) SIXTYFOUR(X, 3)

ALL(F)

SEC("socket") int many(struct __sk_buff *skb)
{
	int total = 0;

	ALL(C)
	return total;
}
