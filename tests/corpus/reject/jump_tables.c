// SPDX-License-Identifier: MIT OR Apache-2.0
// BUILD -mcpu=v4
// Indirect jumps, which Linux 7.3 has.
// EXPECT prog=half_entry target=linux-7.3 verdict=reject code=invalid-jump-table oracle=none
// EXPECT prog=whole_entry target=linux-7.3 verdict=accept oracle=none
#include "corpus.h"
LICENSE("GPL");

#define TABLE(name) \
	".pushsection .jumptables,\"\",@progbits;" \
	".globl " name "; " name ": .quad 1b - tc; .quad 2b - tc;" \
	".size " name ", 16; .type " name ", @object;" \
	".popsection;"

SEC("tc") __naked int half_entry(void)
{
	ASM("r2 = *(u32 *)(r1 + 0);"
	    "r2 &= 1;"
	    "r2 <<= 3;"
	    "r3 = table_half ll;"
	    "r3 += r2;");
	ASM("r2 = *(u32 *)(r3 + 0);"); // ERROR invalid-jump-table
	ASM("gotox r2;"
	    "1: r0 = 0; exit;"
	    "2: r0 = 2; exit;"
	    TABLE("table_half"));
}

SEC("tc") __naked int whole_entry(void)
{
	ASM("r2 = *(u32 *)(r1 + 0);"
	    "r2 &= 1;"
	    "r2 <<= 3;"
	    "r3 = table_whole ll;"
	    "r3 += r2;");
	ASM("r2 = *(u64 *)(r3 + 0);");
	ASM("gotox r2;"
	    "1: r0 = 0; exit;"
	    "2: r0 = 2; exit;"
	    TABLE("table_whole"));
}
