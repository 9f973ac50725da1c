// SPDX-License-Identifier: MIT OR Apache-2.0
// A packet load in a function may end the function with 0 at once.
// EXPECT prog=short_packet target=linux-5.10 verdict=accept oracle=none
// EXPECT prog=short_packet target=linux-6.1 verdict=reject code=uninitialized-register-read oracle=none
// EXPECT prog=short_packet target=linux-6.12 verdict=reject code=uninitialized-register-read oracle=none
// EXPECT prog=short_packet target=linux-6.18 verdict=reject code=uninitialized-register-read class=uninit_reg insn=2
// EXPECT prog=short_packet target=linux-7.3 verdict=reject code=uninitialized-register-read oracle=none
#include "corpus.h"
LICENSE("GPL");

static __naked __noinline int one(void)
{
	ASM("r6 = r1;"
	    "r0 = *(u8 *)skb[0];"
	    "r0 = 1;"
	    "exit;");
}

SEC("socket") __naked int short_packet(void)
{
	ASM("call %[one];" // ERROR uninitialized-register-read
	    "if r0 == 1 goto +1;"
	    "r0 = r8;"
	    "exit;", [one] "i"(one));
}
