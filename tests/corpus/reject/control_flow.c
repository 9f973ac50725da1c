// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults of the control-flow graph and of the exploration's budget.
// EXPECT prog=dead_code target=linux-6.18 verdict=reject code=unreachable-instruction class=unreachable insn=2
// EXPECT prog=spin target=linux-6.18 verdict=reject code=infinite-loop class=infinite_loop insn=1
// EXPECT prog=no_progress target=linux-6.18 verdict=reject code=infinite-loop class=infinite_loop insn=1
// EXPECT prog=jump_away target=linux-6.18 verdict=reject code=jump-out-of-range class=jump_range insn=1
// EXPECT prog=jump_into_pair target=linux-6.18 verdict=reject code=jump-out-of-range class=jump_range insn=2
// EXPECT prog=falls_off target=linux-6.18 verdict=reject code=fall-through-end class=last_insn
// EXPECT prog=million target=linux-6.18 verdict=reject code=program-too-large class=too_large
// EXPECT prog=many_branches target=linux-6.18 verdict=reject code=jump-sequence-too-complex class=jmp_seq insn=2
#include "corpus.h"
LICENSE("GPL");

SEC("socket") __naked int dead_code(void)
{
	ASM("r0 = 0;");
	ASM("exit;");
	ASM("r0 = 1;"); // ERROR unreachable-instruction
	ASM("exit;");
}

SEC("socket") __naked int spin(void)
{
	ASM("r0 = 0;");
	ASM("l_%=: goto l_%=;"); // ERROR infinite-loop
}

// The counter is never moved, so that the second round equals the first.
SEC("socket") __naked int no_progress(void)
{
	ASM("call %[bpf_get_prandom_u32];" // ERROR infinite-loop
	    "l_%=: if r0 > 7 goto l_%=;"
	    "r0 = 0;"
	    "exit;", IMM(bpf_get_prandom_u32));
}

SEC("socket") __naked int jump_away(void)
{
	ASM("r0 = 0;");
	ASM("goto +200;"); // ERROR jump-out-of-range
	ASM("exit;");
}

SEC("socket") __naked int jump_into_pair(void)
{
	ASM("r0 = 0;");
	ASM("if r0 == 0 goto +1;");
	ASM("r0 = 0x1122334455667788 ll;"); // ERROR jump-out-of-range
	ASM("exit;");
}

SEC("socket") __naked int falls_off(void)
{
	ASM("r0 = 0;");
	ASM("r0 += 1;");
}

SEC("socket") __naked int million(void)
{
	ASM("r1 = 0;"
	    "l_%=: r1 += 1;"
	    "if r1 < 600000 goto l_%=;"
	    "r0 = 0;"
	    "exit;");
}

// Every round leaves one branch unexplored: 8,192 of them may wait.
SEC("socket") __naked int many_branches(void)
{
	ASM("r6 = 0;" // ERROR jump-sequence-too-complex
	    "l_%=: call %[bpf_get_prandom_u32];"
	    "if r0 == 7 goto out_%=;"
	    "r6 += 1;"
	    "if r6 < 9000 goto l_%=;"
	    "out_%=: r0 = 0;"
	    "exit;", IMM(bpf_get_prandom_u32));
}
