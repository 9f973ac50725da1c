// SPDX-License-Identifier: MIT OR Apache-2.0
// What states are told apart by since 7.2.
// EXPECT prog=found target=linux-6.18 verdict=accept insns=29 processed=32 oracle=none
// EXPECT prog=found target=linux-7.1 verdict=accept processed=32 oracle=none
// EXPECT prog=found target=linux-7.2 verdict=accept processed=35 oracle=none
// EXPECT prog=often target=linux-6.12 verdict=accept processed=39 oracle=none
// EXPECT prog=often target=linux-7.1 verdict=accept processed=39 oracle=none
// EXPECT prog=often target=linux-7.2 verdict=accept processed=46 oracle=none
#include "corpus.h"

LICENSE("GPL");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

// Pointers that were found not to be null keep their ids: a path with two of one lookup
// doesn't cover one with two of two.
SEC("socket") __attribute__((naked)) int found(void)
{
	asm volatile("r6 = *(u32 *)(r1 + 8);"
		     "r8 = 0;"
		     "*(u32 *)(r10 - 4) = r8;"
		     "r2 = r10;"
		     "r2 += -4;"
		     "r1 = %[table] ll;"
		     "call 1;"
		     "if r0 == 0 goto 3f;"
		     "r7 = r0;"
		     "if r6 != 0 goto 1f;"
		     "r8 = 1;"
		     "r8 = 1;"
		     "r8 = 1;"
		     "r8 = 1;"
		     "r8 = 1;"
		     "r8 = 1;"
		     "goto 2f;"
		     "2: r1 = *(u64 *)(r0 + 0);"
		     "r1 = *(u64 *)(r7 + 0);"
		     "3: r0 = 0;"
		     "exit;"
		     "1: r2 = r10;"
		     "r2 += -4;"
		     "r1 = %[table] ll;"
		     "call 1;"
		     "if r0 == 0 goto 3b;"
		     "goto 2b;" ::[table] "i"(&table));
}

static __attribute__((naked, used)) long step(void)
{
	asm volatile("call 7;"
		     "r1 = 1;"
		     "r1 = 1;"
		     "r1 = 1;"
		     "r1 = 1;"
		     "r1 = 1;"
		     "r1 = 1;"
		     "if r0 > 7 goto 1f;"
		     "goto 1f;"
		     "1: r0 = 0;"
		     "exit;");
}

// How often the call runs the callback is relied on in the states kept in it, too: one of
// the first path doesn't cover the second, which runs it more often.
SEC("socket") __attribute__((naked)) int often(void)
{
	asm volatile("r6 = *(u32 *)(r1 + 8);"
		     "r1 = 4;"
		     "if r6 == 0 goto 1f;"
		     "r1 = 5;"
		     "1: r2 = %[step] ll;"
		     "r3 = 0;"
		     "r4 = 0;"
		     "call 181;"
		     "r0 = 0;"
		     "exit;" ::[step] "i"(step));
}
