//! One vector at least for every instruction, edge values included. Expected
//! results were worked out by hand from RFC 9669.

use super::{fault, run};
use crate::programs::insn::{Endian, Insn};
use crate::smoke::engine::FaultKind;

/// Text before `exit`, and r0.
const VECTORS: &[(&str, u64)] = &[
    // Moves.
    ("r0 = 7", 7),
    ("r0 = -1", u64::MAX),
    ("w0 = -1", 0xffff_ffff),
    ("r1 = -1\nr0 = r1", u64::MAX),
    ("r1 = -1\nw0 = w1", 0xffff_ffff),
    ("r0 = 0x8877665544332211 ll", 0x8877_6655_4433_2211),
    ("r1 = 0x80\nr0 = (s8)r1", 0xffff_ffff_ffff_ff80),
    ("r1 = 0x17f\nr0 = (s8)r1", 0x7f),
    ("r1 = 0x8000\nr0 = (s16)r1", 0xffff_ffff_ffff_8000),
    ("r1 = 0x80000000 ll\nr0 = (s32)r1", 0xffff_ffff_8000_0000),
    ("r1 = 0x80\nw0 = (s8)w1", 0xffff_ff80),
    ("r1 = 0x18000\nw0 = (s16)w1", 0xffff_8000),
    // Addition and subtraction wrap.
    ("r0 = -1\nr0 += 1", 0),
    ("r0 = -1\nr0 += -1", u64::MAX - 1),
    ("w0 = -1\nw0 += 1", 0),
    ("r0 = 0x7fffffffffffffff ll\nr0 += 1", 1 << 63),
    ("r0 = 0x1ffffffff ll\nw0 += 1", 0),
    ("r0 = 0\nr0 -= 1", u64::MAX),
    ("r0 = 0\nw0 -= 1", 0xffff_ffff),
    ("r0 = 5\nr1 = 7\nr0 -= r1", (-2i64) as u64),
    ("r0 = 5\nr1 = 7\nw0 -= w1", 0xffff_fffe),
    ("r0 = 5\nr1 = 7\nr0 += r1", 12),
    ("r0 = 5\nr1 = -7\nw0 += w1", 0xffff_fffe),
    // Multiplication.
    (
        "r0 = 0x100000000 ll\nr0 *= 0x7fffffff",
        0x7fff_ffff_0000_0000,
    ),
    ("r0 = -3\nr0 *= 7", (-21i64) as u64),
    ("r0 = 0x10001\nw0 *= 0x10001", 0x20001),
    ("r0 = -1\nr1 = -1\nr0 *= r1", 1),
    ("r0 = -1\nr1 = -1\nw0 *= w1", 1),
    // Unsigned division; an immediate is sign-extended.
    ("r0 = 7\nr0 /= 2", 3),
    ("r0 = -1\nr0 /= -1", 1),
    ("r0 = 7\nr1 = 0\nr0 /= r1", 0),
    ("r0 = -7\nw0 /= 2", 0x7fff_fffc),
    ("r0 = 0x700000007 ll\nr1 = 0x100000000 ll\nw0 /= w1", 0),
    ("r0 = 0x700000007 ll\nw0 /= 7", 1),
    ("r0 = 9\nr1 = 2\nr0 /= r1", 4),
    ("r0 = 9\nw0 /= -1", 0),
    // Signed division.
    ("r0 = -7\nr0 s/= 2", (-3i64) as u64),
    ("r0 = 7\nr0 s/= -2", (-3i64) as u64),
    ("r0 = -7\nr1 = -2\nr0 s/= r1", 3),
    ("r0 = -7\nr1 = 0\nr0 s/= r1", 0),
    ("r0 = 0x8000000000000000 ll\nr0 s/= -1", 1 << 63),
    ("r0 = -7\nw0 s/= 2", 0xffff_fffd),
    ("w0 = 0x80000000\nw0 s/= -1", 0x8000_0000),
    ("r0 = -8\nr1 = 0xfffffffe00000000 ll\nw0 s/= w1", 0),
    ("r1 = 12\nr0 = 100\nr1 s/= 5\nr0 += r1", 102),
    // Remainders: by zero the dividend stays, its low half for 32 bits.
    ("r0 = 7\nr0 %= 4", 3),
    ("r0 = -1\nr0 %= 10", u64::MAX % 10),
    ("r0 = 7\nr1 = 0\nr0 %= r1", 7),
    ("r0 = 0x900000007 ll\nr1 = 0\nw0 %= w1", 7),
    ("r0 = 0x900000007 ll\nr1 = 0x100000000 ll\nw0 %= w1", 7),
    ("r0 = -7\nw0 %= 4", 1),
    ("r0 = -7\nr0 s%= 4", (-3i64) as u64),
    ("r0 = 7\nr0 s%= -4", 3),
    ("r0 = -7\nr1 = 0\nr0 s%= r1", (-7i64) as u64),
    ("r0 = 0x8000000000000000 ll\nr0 s%= -1", 0),
    ("r0 = -7\nw0 s%= 4", 0xffff_fffd),
    ("w0 = 0x80000000\nw0 s%= -1", 0),
    ("r0 = 0x9fffffff9 ll\nr1 = 0\nw0 s%= w1", 0xffff_fff9),
    // Bits.
    ("r0 = 0xf0\nr0 |= 0x0f", 0xff),
    ("r0 = 0\nr0 |= -1", u64::MAX),
    ("r0 = -1\nw0 |= 0", 0xffff_ffff),
    ("r0 = -1\nr0 &= 0x7fffffff", 0x7fff_ffff),
    ("r0 = -1\nr0 &= -16", 0xffff_ffff_ffff_fff0),
    ("r0 = -1\nw0 &= -16", 0xffff_fff0),
    ("r0 = 5\nr0 ^= -1", !5),
    ("r0 = 5\nw0 ^= -1", 0xffff_fffa),
    ("r0 = 12\nr1 = 10\nr0 ^= r1", 6),
    ("r0 = 12\nr1 = 10\nr0 &= r1", 8),
    ("r0 = 12\nr1 = 10\nr0 |= r1", 14),
    // Shifts: the count is taken modulo the width.
    ("r0 = 1\nr0 <<= 63", 1 << 63),
    ("r0 = 1\nr1 = 64\nr0 <<= r1", 1),
    ("r0 = 1\nr1 = 65\nr0 <<= r1", 2),
    ("r0 = 3\nw0 <<= 31", 0x8000_0000),
    ("r0 = 1\nr1 = 33\nw0 <<= w1", 2),
    ("r0 = -1\nr0 >>= 63", 1),
    ("r0 = -1\nr1 = 64\nr0 >>= r1", u64::MAX),
    ("r0 = -1\nw0 >>= 31", 1),
    ("r0 = -1\nr1 = 32\nw0 >>= w1", 0xffff_ffff),
    ("r0 = 0x8000000000000000 ll\nr0 s>>= 63", u64::MAX),
    ("r0 = 0x8000000000000000 ll\nr1 = 127\nr0 s>>= r1", u64::MAX),
    ("w0 = 0x80000000\nw0 s>>= 31", 0xffff_ffff),
    ("w0 = 0x80000000\nr1 = 32\nw0 s>>= w1", 0x8000_0000),
    ("r0 = 0x180000000 ll\nw0 s>>= 4", 0xf800_0000),
    // Negation.
    ("r0 = 1\nr0 = -r0", u64::MAX),
    ("r0 = 0x8000000000000000 ll\nr0 = -r0", 1 << 63),
    ("r0 = 0\nr0 = -r0", 0),
    ("r0 = 1\nw0 = -w0", 0xffff_ffff),
    ("w0 = 0x80000000\nw0 = -w0", 0x8000_0000),
    // Byte order.
    ("r0 = 0x8877665544332211 ll\nr0 = le16 r0", 0x2211),
    ("r0 = 0x8877665544332211 ll\nr0 = le32 r0", 0x4433_2211),
    (
        "r0 = 0x8877665544332211 ll\nr0 = le64 r0",
        0x8877_6655_4433_2211,
    ),
    ("r0 = 0x8877665544332211 ll\nr0 = be16 r0", 0x1122),
    ("r0 = 0x8877665544332211 ll\nr0 = be32 r0", 0x1122_3344),
    (
        "r0 = 0x8877665544332211 ll\nr0 = be64 r0",
        0x1122_3344_5566_7788,
    ),
    ("r0 = 0x8877665544332211 ll\nr0 = bswap16 r0", 0x1122),
    ("r0 = 0x8877665544332211 ll\nr0 = bswap32 r0", 0x1122_3344),
    (
        "r0 = 0x8877665544332211 ll\nr0 = bswap64 r0",
        0x1122_3344_5566_7788,
    ),
    // Memory.
    (
        "r1 = 0x8877665544332211 ll\n*(u64 *)(r10 - 8) = r1\nr0 = *(u64 *)(r10 - 8)",
        0x8877_6655_4433_2211,
    ),
    (
        "r1 = -2\n*(u64 *)(r10 - 8) = r1\nr0 = *(u8 *)(r10 - 8)",
        0xfe,
    ),
    (
        "r1 = -2\n*(u64 *)(r10 - 8) = r1\nr0 = *(u16 *)(r10 - 8)",
        0xfffe,
    ),
    (
        "r1 = -2\n*(u64 *)(r10 - 8) = r1\nr0 = *(u32 *)(r10 - 8)",
        0xffff_fffe,
    ),
    (
        "r1 = -2\n*(u64 *)(r10 - 8) = r1\nr0 = *(s8 *)(r10 - 8)",
        (-2i64) as u64,
    ),
    (
        "r1 = -2\n*(u64 *)(r10 - 8) = r1\nr0 = *(s16 *)(r10 - 8)",
        (-2i64) as u64,
    ),
    (
        "r1 = -2\n*(u64 *)(r10 - 8) = r1\nr0 = *(s32 *)(r10 - 8)",
        (-2i64) as u64,
    ),
    (
        "*(u64 *)(r10 - 512) = -2\nr0 = *(u64 *)(r10 - 512)",
        (-2i64) as u64,
    ),
    (
        "*(u64 *)(r10 - 8) = 0\n*(u8 *)(r10 - 7) = 0x1ff\nr0 = *(u64 *)(r10 - 8)",
        0xff00,
    ),
    (
        "*(u64 *)(r10 - 8) = 0\n*(u16 *)(r10 - 6) = -1\nr0 = *(u64 *)(r10 - 8)",
        0xffff_0000,
    ),
    (
        "*(u64 *)(r10 - 8) = 0\n*(u32 *)(r10 - 4) = -1\nr0 = *(u64 *)(r10 - 8)",
        0xffff_ffff_0000_0000,
    ),
    (
        "*(u64 *)(r10 - 8) = 0\nr1 = 0x1234567\n*(u8 *)(r10 - 8) = w1\nr0 = *(u64 *)(r10 - 8)",
        0x67,
    ),
    (
        "*(u64 *)(r10 - 8) = 0\nr1 = 0x1234567\n*(u16 *)(r10 - 8) = w1\nr0 = *(u64 *)(r10 - 8)",
        0x4567,
    ),
    (
        "*(u64 *)(r10 - 8) = 0\nr1 = 0x1234567\n*(u32 *)(r10 - 8) = w1\nr0 = *(u64 *)(r10 - 8)",
        0x0123_4567,
    ),
    (
        "r2 = r10\nr2 += -16\nr1 = 9\n*(u64 *)(r2 + 0) = r1\nr0 = *(u64 *)(r10 - 16)",
        9,
    ),
    (
        "r1 = r10\nr0 = 3\nr1 += -8\n*(u64 *)(r1 + 0) = r1\nr2 = *(u64 *)(r1 + 0)\nr0 = r2\nr0 -= r10",
        (-8i64) as u64,
    ),
    (
        "*(u64 *)(r10 - 8) = r10\nr0 = *(u64 *)(r10 - 8)\nr0 -= r10",
        0,
    ),
    // Atomics.
    (
        "*(u64 *)(r10 - 8) = 5\nr1 = 3\nlock *(u64 *)(r10 - 8) += r1\nr0 = *(u64 *)(r10 - 8)",
        8,
    ),
    (
        "*(u64 *)(r10 - 8) = -1\nr1 = 2\nlock *(u32 *)(r10 - 8) += r1\nr0 = *(u64 *)(r10 - 8)",
        0xffff_ffff_0000_0001,
    ),
    (
        "*(u64 *)(r10 - 8) = 12\nr1 = 10\nlock *(u64 *)(r10 - 8) |= r1\nr0 = *(u64 *)(r10 - 8)",
        14,
    ),
    (
        "*(u64 *)(r10 - 8) = 12\nr1 = 10\nlock *(u64 *)(r10 - 8) &= r1\nr0 = *(u64 *)(r10 - 8)",
        8,
    ),
    (
        "*(u64 *)(r10 - 8) = 12\nr1 = 10\nlock *(u64 *)(r10 - 8) ^= r1\nr0 = *(u64 *)(r10 - 8)",
        6,
    ),
    (
        "*(u64 *)(r10 - 8) = 12\nr1 = 10\nr1 = atomic_fetch_add((u64 *)(r10 - 8), r1)\nr0 = r1",
        12,
    ),
    (
        "*(u64 *)(r10 - 8) = -1\nr1 = 10\nw1 = atomic_fetch_or((u32 *)(r10 - 8), w1)\nr0 = r1",
        0xffff_ffff,
    ),
    (
        "*(u64 *)(r10 - 8) = 12\nr1 = 10\nr1 = atomic_fetch_and((u64 *)(r10 - 8), r1)\nr0 = *(u64 *)(r10 - 8)",
        8,
    ),
    (
        "*(u64 *)(r10 - 8) = 12\nr1 = 10\nr1 = atomic_fetch_xor((u64 *)(r10 - 8), r1)\nr0 = *(u64 *)(r10 - 8)\nr0 += r1",
        18,
    ),
    (
        "*(u64 *)(r10 - 8) = 12\nr1 = 10\nr1 = xchg_64(r10 - 8, r1)\nr0 = *(u64 *)(r10 - 8)\nr1 <<= 8\nr0 |= r1",
        0xc0a,
    ),
    (
        "*(u64 *)(r10 - 8) = -1\nr1 = 10\nw1 = xchg32_32(r10 - 8, w1)\nr0 = *(u64 *)(r10 - 8)",
        0xffff_ffff_0000_000a,
    ),
    (
        "*(u64 *)(r10 - 8) = 12\nr1 = 10\nr0 = 12\nr0 = cmpxchg_64(r10 - 8, r0, r1)\nr1 = *(u64 *)(r10 - 8)\nr1 <<= 8\nr0 |= r1",
        0xa0c,
    ),
    (
        "*(u64 *)(r10 - 8) = 12\nr1 = 10\nr0 = 11\nr0 = cmpxchg_64(r10 - 8, r0, r1)\nr1 = *(u64 *)(r10 - 8)\nr1 <<= 8\nr0 |= r1",
        0xc0c,
    ),
    (
        "*(u64 *)(r10 - 8) = -1\nr1 = 10\nr0 = -1\nw0 = cmpxchg32_32(r10 - 8, w0, w1)\nr1 = *(u64 *)(r10 - 8)\nr0 += r1",
        0u64.wrapping_add(0xffff_ffff)
            .wrapping_add(0xffff_ffff_0000_000a),
    ),
    // Acquire and release.
    (
        "r1 = 0x1234567\nstore_release((u64 *)(r10 - 8), r1)\nr0 = load_acquire((u64 *)(r10 - 8))",
        0x0123_4567,
    ),
    (
        "*(u64 *)(r10 - 8) = -2\nw0 = load_acquire((u8 *)(r10 - 8))",
        0xfe,
    ),
    (
        "*(u64 *)(r10 - 8) = -2\nw0 = load_acquire((u16 *)(r10 - 8))",
        0xfffe,
    ),
    (
        "*(u64 *)(r10 - 8) = -2\nw0 = load_acquire((u32 *)(r10 - 8))",
        0xffff_fffe,
    ),
    (
        "*(u64 *)(r10 - 8) = 0\nr1 = -1\nstore_release((u16 *)(r10 - 8), w1)\nr0 = *(u64 *)(r10 - 8)",
        0xffff,
    ),
    // Jumps over instructions.
    ("r0 = 1\ngoto +1\nr0 = 2\nr0 += 4", 5),
    ("r0 = 1\ngotol +1\nr0 = 2\nr0 += 4", 5),
    ("r0 = 0\nr1 = 5\nr0 += r1\nr1 += -1\nif r1 != 0 goto -3", 15),
    ("r0 = 0\nr1 = 5\nr0 += r1\nr1 += -1\nif w1 s> 0 goto -3", 15),
    ("r0 = 0\nr0 += 1\nmay_goto +1\ngoto -3\nr0 += 1", 0x1_0001),
    // The frame pointer in arithmetic and comparisons.
    ("r1 = r10\nr0 = 1\nif r1 == r10 goto +1\nr0 = 2", 1),
    ("r1 = 0\nr0 = 1\nif r10 > r1 goto +1\nr0 = 2", 1),
    ("r0 = 1\nif r10 != 0 goto +1\nr0 = 2", 1),
    ("r0 = r10\nr1 = r10\nr1 += -8\nr0 -= r1", 8),
    ("w0 = w10\nr1 = r10\nw1 = w1\nr0 ^= r1", 0),
    // Calls of the program's own functions keep r6 to r9 and have a stack.
    (
        "r6 = 40\nr1 = 2\ncall pc+2\nr0 += r6\nexit\nr6 = 7\nr0 = r1\n*(u64 *)(r10 - 8) = 5",
        42,
    ),
    (
        "r1 = 5\ncall pc+1\nexit\nr0 = r1\nif r1 == 0 goto +5\n*(u64 *)(r10 - 8) = r1\nr1 += -1\ncall pc-5\nr1 = *(u64 *)(r10 - 8)\nr0 += r1",
        15,
    ),
];

#[test]
fn every_vector_holds_in_both_engines() {
    for (text, expected) in VECTORS {
        let got = run(&format!("{text}\nexit\n"));
        assert_eq!(got, *expected, "{got:#x} instead of {expected:#x}:\n{text}");
    }
}

/// Jump, operands, whether taken: 64 bits, 32 bits.
const JUMPS: &[(&str, i64, i64, bool, bool)] = &[
    ("==", 5, 5, true, true),
    ("==", 5, 6, false, false),
    ("==", -1, -1, true, true),
    ("==", 0x1_0000_0005, 5, false, true),
    ("==", 0xffff_ffff, -1, false, true),
    ("!=", 5, 5, false, false),
    ("!=", 5, 6, true, true),
    ("!=", 0xffff_ffff, -1, true, false),
    (">", 6, 5, true, true),
    (">", 5, 5, false, false),
    (">", -1, 5, true, true),
    (">", 5, -1, false, false),
    (">", 0xffff_ffff, -2, false, true),
    (">=", 5, 5, true, true),
    (">=", 4, 5, false, false),
    (">=", -1, -1, true, true),
    ("<", 4, 5, true, true),
    ("<", 5, 5, false, false),
    ("<", 5, -1, true, true),
    ("<", -1, 5, false, false),
    ("<", 0x1_0000_0000, 5, false, true),
    ("<=", 5, 5, true, true),
    ("<=", 6, 5, false, false),
    ("<=", 6, -1, true, true),
    ("s>", 6, 5, true, true),
    ("s>", -1, 5, false, false),
    ("s>", 5, -1, true, true),
    ("s>", 0xffff_ffff, 0, true, false),
    ("s>=", -1, -1, true, true),
    ("s>=", -2, -1, false, false),
    ("s<", -2, -1, true, true),
    ("s<", -1, -1, false, false),
    ("s<", 0x8000_0000, 0, false, true),
    ("s<=", -1, -1, true, true),
    ("s<=", 1, -1, false, false),
    ("s<=", i64::MIN, -1, true, false),
    ("&", 6, 2, true, true),
    ("&", 6, 1, false, false),
    ("&", 0x1_0000_0000, -1, true, false),
    ("&", i64::MIN, -1, true, false),
    ("&", 0, -1, false, false),
];

#[test]
fn every_jump_decides_rightly() {
    for (op, a, b, wide, narrow) in JUMPS {
        for (reg, taken) in [("r", *wide), ("w", *narrow)] {
            for operand in [format!("{b}"), format!("{reg}2")] {
                let text = format!(
                    "r1 = {a:#x} ll\nr2 = {b}\nr0 = 1\nif {reg}1 {op} {operand} goto +1\nr0 = 0\nexit\n",
                    a = *a as u64,
                );
                assert_eq!(run(&text), u64::from(taken), "{text}");
            }
        }
    }
}

#[test]
fn a_branch_compares_what_its_registers_hold() {
    // Registers that the lowering borrows keep their values on both ways.
    for (r, other) in [(1, 2), (2, 1), (9, 1)] {
        let text = format!(
            "r{r} = -5\nr{other} = 77\nr0 = 0\nif r{r} >= -5 goto +1\nr0 = 1000\nr0 += r{other}\nr0 += r{r}\nexit\n"
        );
        assert_eq!(run(&text), 72, "{text}");
    }
}

#[test]
fn accesses_outside_an_object_fault_at_their_instruction() {
    for (text, insn) in [
        ("r0 = *(u64 *)(r10 + 0)\nexit\n", 0),
        ("r0 = 0\nr0 = *(u8 *)(r10 - 513)\nexit\n", 1),
        ("r0 = 0\n*(u64 *)(r10 - 4) = 1\nexit\n", 1),
        ("r1 = 0\nr0 = *(u32 *)(r1 + 16)\nexit\n", 1),
        ("r1 = 0x1234567890 ll\n*(u8 *)(r1 + 0) = 1\nexit\n", 2),
        ("r1 = 1\nr0 = 0\nlock *(u64 *)(r10 + 8) += r1\nexit\n", 2),
    ] {
        let fault = fault(text);
        assert_eq!(fault.site.insn, insn, "{text}");
        assert!(matches!(fault.kind, FaultKind::Memory(_)), "{text}");
    }
}

#[test]
fn what_is_no_instruction_faults() {
    let all = |insns: Vec<Insn>| {
        let bytes: Vec<u8> = insns
            .iter()
            .flat_map(|i| i.to_bytes(Endian::Little))
            .collect();
        let text: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
        fault(&format!(".raw {}\nexit\n", text.join(" ")))
    };
    assert!(matches!(
        all(vec![Insn::new(0xff, 0, 0, 0, 0)]).kind,
        FaultKind::Invalid(_)
    ));
    assert!(matches!(
        fault("goto +7\nexit\n").kind,
        FaultKind::OutOfProgram(8)
    ));
    assert!(matches!(fault("r0 = 1\n").kind, FaultKind::OutOfProgram(1)));
    assert!(matches!(
        fault("call 9999\nexit\n").kind,
        FaultKind::UnknownHelper(9999)
    ));
}

#[test]
fn endless_loops_spend_the_budget() {
    assert_eq!(fault("r0 = 0\ngoto -1\nexit\n").kind, FaultKind::Budget);
    assert_eq!(
        fault("r0 = 0\ncall pc-2\nexit\n").kind,
        FaultKind::CallDepth
    );
}
