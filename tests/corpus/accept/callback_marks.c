// SPDX-License-Identifier: MIT OR Apache-2.0
// What callbacks leave of states kept while they run.
// EXPECT prog=unfinished target=linux-6.1 verdict=accept processed=19 oracle=none
// EXPECT prog=unfinished target=linux-6.18 verdict=accept insns=19 processed=20 oracle=none
// EXPECT prog=unfinished target=linux-6.19 verdict=accept processed=22 oracle=none
// EXPECT prog=unfinished target=linux-7.3 verdict=accept processed=20 oracle=none
// EXPECT prog=result target=linux-6.1 verdict=accept processed=46 oracle=none
// EXPECT prog=result target=linux-6.18 verdict=accept insns=30 processed=32 oracle=none
// EXPECT prog=result target=linux-6.19 verdict=accept processed=34 oracle=none
#include "corpus.h"

LICENSE("GPL");


static __attribute__((naked, used)) long step(void)
{
	asm volatile("call 7;"
		     "if r0 > 7 goto 1f;"
		     "r1 = 1;"
		     "*(u64 *)(r10 - 8) = r1;"
		     "r2 = 2;"
		     "r2 = 2;"
		     "r2 = 2;"
		     "r2 = 2;"
		     "goto 1f;"
		     "1: r0 = 0;"
		     "exit;");
}

// The call is a loop of its own since 6.19. Until it is done nothing of a state kept in
// it is known to be dead: one that wrote a slot doesn't cover one that didn't.
SEC("socket") __attribute__((naked)) int unfinished(void)
{
	asm volatile("r1 = 4;"
		     "r2 = %[step] ll;"
		     "r3 = 0;"
		     "r4 = 0;"
		     "call 181;"
		     "r0 = 0;"
		     "exit;" ::[step] "i"(step));
}

// Before 6.7 (and stable 6.6) a state kept in the callback forgets that the call writes r0: the use of its
// result counts as one of what r0 was before, and the second path isn't covered.
SEC("socket") __attribute__((naked)) int result(void)
{
	asm volatile("r6 = *(u32 *)(r1 + 0);"
		     "r0 = 1;"
		     "if r6 == 0 goto 2f;"
		     "goto 1f;"
		     "1: r7 = 1;"
		     "r7 = 1;"
		     "r7 = 1;"
		     "r7 = 1;"
		     "3: r1 = 2;"
		     "r2 = %[step] ll;"
		     "r3 = 0;"
		     "r4 = 0;"
		     "call 181;"
		     "r7 = r0;"
		     "r0 = 0;"
		     "exit;"
		     "2: r0 = r10;"
		     "goto 3b;" ::[step] "i"(step));
}
