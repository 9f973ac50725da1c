// SPDX-License-Identifier: MIT OR Apache-2.0
// Faults of single instructions and registers.
// EXPECT prog=uninit target=linux-6.18 verdict=reject code=uninitialized-register-read class=uninit_reg insn=0
// EXPECT prog=no_return_value target=linux-6.18 verdict=reject code=uninitialized-register-read class=uninit_reg insn=1
// EXPECT prog=clobbered_by_call target=linux-6.18 verdict=reject code=uninitialized-register-read class=uninit_reg insn=2
// EXPECT prog=write_fp target=linux-6.18 verdict=reject code=frame-pointer-write class=fp_readonly insn=0
// EXPECT prog=register_twelve target=linux-6.18 verdict=reject code=invalid-register class=reg_invalid insn=0
// EXPECT prog=opcode_unknown target=linux-6.18 verdict=reject code=unknown-opcode class=no_such_opcode
// EXPECT prog=reserved_imm target=linux-6.18 verdict=reject code=reserved-field-used class=reserved_field insn=1
// EXPECT prog=division target=linux-6.18 verdict=reject code=division-by-zero class=div_zero insn=1
// EXPECT prog=shift target=linux-6.18 verdict=reject code=shift-out-of-range class=bad_shift insn=1
#include "corpus.h"
LICENSE("GPL");

SEC("xdp") __naked int uninit(void)
{
	ASM("r0 = r2;"); // ERROR uninitialized-register-read
	ASM("exit;");
}

SEC("xdp") __naked int no_return_value(void)
{
	ASM("r2 = 1;");
	ASM("exit;"); // ERROR uninitialized-register-read
}

// A helper call leaves R1 to R5 unreadable.
SEC("xdp") __naked int clobbered_by_call(void)
{
	ASM("r3 = 7;");
	ASM("call %[bpf_ktime_get_ns];", IMM(bpf_ktime_get_ns));
	ASM("r0 += r3;"); // ERROR uninitialized-register-read
	ASM("exit;");
}

SEC("xdp") __naked int write_fp(void)
{
	ASM("r10 = 0;"); // ERROR frame-pointer-write
	ASM("r0 = 0;");
	ASM("exit;");
}

SEC("xdp") __naked int register_twelve(void)
{
	ASM(".8byte 0x0000000000000cb7;"); // r12 = 0 // ERROR invalid-register
	ASM("r0 = 0;");
	ASM("exit;");
}

SEC("xdp") __naked int opcode_unknown(void)
{
	ASM(".8byte 0x00000000000000ff;");
	ASM("r0 = 0;");
	ASM("exit;");
}

SEC("xdp") __naked int reserved_imm(void)
{
	ASM("r0 = 0;");
	ASM(".8byte 0x0000000100000095;"); // exit with imm = 1 // ERROR reserved-field-used
}

SEC("xdp") __naked int division(void)
{
	ASM("r0 = 7;");
	ASM(".8byte 0x0000000000000037;"); // r0 /= 0 // ERROR division-by-zero
	ASM("exit;");
}

SEC("xdp") __naked int shift(void)
{
	ASM("r0 = 7;");
	ASM("r0 <<= 64;"); // ERROR shift-out-of-range
	ASM("exit;");
}
