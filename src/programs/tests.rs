//! Round trips over the whole opcode table, and each fault once.

use super::asm::{assemble, assemble_with};
use super::decode::upfront_fault;
use super::disasm::{Dialect, NoNames, disasm, disasm_with, kernel_line, listing};
use super::encode::{encode, encode_all};
use super::insn::*;
use super::isa::{IsaRules, TABLE};
use super::*;
use crate::target::Switches;

/// Field values that reach every branch of the decoder.
const OFFS: &[i16] = &[0, 1, -1, 3, 8, 16, 32, i16::MIN, i16::MAX];
const IMMS: &[i32] = &[
    0,
    1,
    2,
    3,
    16,
    32,
    64,
    5,
    -1,
    0x40,
    0x41,
    0x50,
    0x51,
    0xa0,
    0xa1,
    0xe1,
    0xf1,
    0x100,
    0x110,
    1 << 16,
    i32::MIN,
    i32::MAX,
];
const REGS: &[(u8, u8)] = &[
    (0, 0),
    (1, 0),
    (0, 1),
    (1, 2),
    (0, 2),
    (10, 9),
    (11, 0),
    (0, 11),
    (15, 15),
];

fn every_slot() -> impl Iterator<Item = Insn> {
    (0..=255u8).flat_map(|code| {
        REGS.iter().flat_map(move |&(dst, src)| {
            OFFS.iter().flat_map(move |&off| {
                IMMS.iter()
                    .map(move |&imm| Insn::new(code, dst, src, off, imm))
            })
        })
    })
}

/// The instruction set of a Linux release.
fn linux(series: &str) -> IsaRules<'static> {
    let target = Box::leak(Box::new(crate::target::by_name(series).unwrap()));
    IsaRules::of(Switches::new(&target.behaviour, None))
}

fn rule_sets() -> [IsaRules<'static>; 4] {
    [IsaRules::ALL, linux("5.10"), linux("6.18"), linux("7.3")]
}

#[test]
fn decoding_is_total_and_encoding_inverts_it() {
    for rules in rule_sets() {
        for insn in every_slot() {
            let ops = decode_with(&[insn], &rules);
            assert_eq!(ops.len(), 1);
            let op = ops[0];
            assert!(!disasm(&op, 0).is_empty());
            assert!(!disasm_with(&op, 7, Dialect::Kernel, &NoNames).is_empty());
            if matches!(op, Op::Invalid(_)) {
                continue;
            }
            let (back, second) = encode(&op).expect("a valid operation has slots");
            assert_eq!(second, None);
            let same = match op {
                Op::Exit => Insn {
                    off: insn.off,
                    ..back
                },
                Op::CallX { .. } if insn.imm != 0 => continue,
                _ => back,
            };
            assert_eq!(same, insn, "{op:?}");
            assert_eq!(decode_with(&[back], &rules), [op]);
        }
    }
}

#[test]
fn assembling_inverts_disassembling() {
    for insn in every_slot() {
        let op = decode(&[insn])[0];
        if matches!(op, Op::Invalid(_)) {
            continue;
        }
        let text = disasm(&op, 0);
        let out = assemble(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(out.insns, [encode(&op).unwrap().0], "{text}");
        // Logs are read too, but for helpers that have no name there.
        let text = kernel_line(&op, insn.opcode, 3, &NoNames);
        if !matches!(op, Op::Call(Callee::Helper(_) | Callee::Kfunc { .. })) {
            let out = assemble(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(out.insns, [encode(&op).unwrap().0], "{text}");
        }
    }
}

#[test]
fn wide_loads_round_trip() {
    for pseudo in 0..16u8 {
        for imm in IMMS {
            for imm2 in IMMS {
                let pair = [
                    Insn::new(0x18, 3, pseudo, 0, *imm),
                    Insn::new(0, 0, 0, 0, *imm2),
                ];
                let ops = decode(&pair);
                assert_eq!(ops[1], Op::Second);
                if let Op::Invalid(fault) = ops[0] {
                    assert_eq!(fault, DecodeFault::LdImm64Source(pseudo));
                    continue;
                }
                // The second immediate of a function reference is read by nobody.
                if pseudo == isa::pseudo::FUNC && *imm2 != 0 {
                    continue;
                }
                assert_eq!(encode_all(&ops).unwrap(), pair);
                let text = disasm(&ops[0], 0);
                assert_eq!(assemble(&text).unwrap().insns, pair, "{text}");
            }
        }
    }
}

#[test]
fn listings_assemble_to_the_same_slots() {
    let slots: Vec<Insn> = every_slot().step_by(17).collect();
    for chunk in slots.chunks(61) {
        let mut insns = chunk.to_vec();
        insns.push(Insn::new(0x18, 1, 0, 0, 7));
        insns.push(Insn::new(0, 0, 0, 0, 9));
        let text = listing(&insns, &NoNames);
        let out = assemble(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(out.insns, insns, "{text}");
    }
}

#[test]
fn bytes_round_trip_in_both_orders() {
    for insn in every_slot() {
        for endian in [Endian::Little, Endian::Big] {
            assert_eq!(Insn::from_bytes(insn.to_bytes(endian), endian), insn);
        }
    }
    let big = Insn::from_bytes([0xb7, 0x10, 0, 0, 0, 0, 0, 5], Endian::Big);
    assert_eq!(big, Insn::new(0xb7, 1, 0, 0, 5));
}

#[test]
fn every_form_has_one_opcode() {
    for (code, form) in (0..=255u8).zip(TABLE.iter()) {
        if let Some(form) = form {
            assert_eq!(isa::opcode_of(*form), Some(code));
        }
    }
    assert_eq!(
        TABLE.iter().flatten().count(),
        24 * 2 + 2 + 3 + 22 * 2 + 2 + 7 + 6 + 4 * 3 + 6
    );
}

/// The fault of a slot under the rules of a Linux release, and whether it is upfront.
#[track_caller]
fn check_fault(insn: Insn, (major, minor): (u16, u16), expect: &str, upfront: bool) {
    let rules = linux(&format!("{major}.{minor}"));
    let ops = decode_with(&[insn], &rules);
    let Op::Invalid(fault) = ops[0] else {
        panic!("{:?} is valid", ops[0]);
    };
    assert_eq!(fault.to_string(), expect);
    assert_eq!(upfront_fault(&ops, &rules).is_some(), upfront);
}

#[test]
fn faults_are_those_of_the_kernel() {
    let v618 = (6, 18);
    check_fault(Insn::new(0xff, 0, 0, 0, 0), v618, "unknown opcode ff", true);
    check_fault(Insn::new(0x00, 0, 0, 0, 0), v618, "unknown opcode 00", true);
    check_fault(Insn::new(0x8d, 0, 0, 0, 0), v618, "unknown opcode 8d", true);
    check_fault(Insn::new(0x0d, 1, 0, 0, 0), v618, "unknown opcode 0d", true);
    check_fault(Insn::new(0x38, 0, 0, 0, 0), v618, "unknown opcode 38", true);
    check_fault(Insn::new(0x99, 0, 1, 0, 0), v618, "unknown opcode 99", true);
    check_fault(
        Insn::new(0x79, 0, 1, 0, 9),
        v618,
        "BPF_LDX uses reserved fields",
        true,
    );
    check_fault(
        Insn::new(0x01, 0, 1, 0, 0),
        v618,
        "BPF_LDX uses reserved fields",
        true,
    );
    check_fault(
        Insn::new(0x18, 0, 0, 0, 0),
        v618,
        "invalid bpf_ld_imm64 insn",
        true,
    );
    check_fault(
        Insn::new(0x87, 0, 1, 0, 0),
        v618,
        "BPF_NEG uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0xd4, 0, 0, 0, 8),
        v618,
        "BPF_END uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0xbf, 0, 0, 7, 0),
        v618,
        "BPF_MOV uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0xbc, 0, 0, 32, 0),
        v618,
        "BPF_MOV uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0x0f, 0, 1, 1, 0),
        v618,
        "BPF_ALU uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0x7b, 0, 1, 0, 1),
        v618,
        "BPF_STX uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0x7a, 0, 1, 0, 1),
        v618,
        "BPF_ST uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0x85, 1, 0, 0, 1),
        v618,
        "BPF_CALL uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0x85, 0, 3, 0, 1),
        v618,
        "BPF_CALL uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0x05, 0, 0, 0, 1),
        v618,
        "BPF_JA uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0x95, 0, 0, 0, 1),
        v618,
        "BPF_EXIT uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0x1d, 0, 0, 0, 1),
        v618,
        "BPF_JMP/JMP32 uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0x20, 1, 0, 0, 1),
        v618,
        "BPF_LD_[ABS|IND] uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0xdb, 1, 2, 0, 2),
        v618,
        "invalid atomic opcode 02",
        false,
    );
    check_fault(
        Insn::new(0xd3, 1, 2, 0, 0),
        v618,
        "invalid atomic operand size",
        false,
    );
    check_fault(
        Insn::new(0xe5, 0, 1, 0, 4),
        v618,
        "invalid may_goto imm 4",
        false,
    );
    check_fault(Insn::new(0xbf, 12, 1, 0, 0), v618, "R12 is invalid", false);
    check_fault(
        Insn::new(0xbf, 0, 0, 7, 0),
        (7, 3),
        "BPF_MOV uses reserved fields",
        true,
    );
    check_fault(Insn::new(0xbf, 12, 1, 9, 0), (7, 3), "R12 is invalid", true);
    check_fault(
        Insn::new(0xd7, 1, 0, 0, 16),
        (6, 1),
        "unknown opcode d7",
        true,
    );
    check_fault(
        Insn::new(0x06, 0, 0, 0, 1),
        (5, 15),
        "unknown opcode 06",
        true,
    );
    check_fault(
        Insn::new(0x91, 0, 1, 0, 0),
        (6, 1),
        "BPF_LDX uses reserved fields",
        true,
    );
    check_fault(
        Insn::new(0x3f, 0, 1, 1, 0),
        (6, 1),
        "BPF_ALU uses reserved fields",
        false,
    );
    check_fault(
        Insn::new(0xdb, 1, 2, 0, 1),
        (5, 10),
        "BPF_STX uses reserved fields",
        true,
    );
    check_fault(
        Insn::new(0x7b, 1, 2, 0, 1),
        (5, 10),
        "BPF_STX uses reserved fields",
        true,
    );
    check_fault(
        Insn::new(0xd3, 1, 2, 0, 0),
        (5, 10),
        "unknown opcode d3",
        true,
    );
    check_fault(
        Insn::new(0xe5, 0, 0, 0, 0),
        (6, 6),
        "unknown opcode e5",
        true,
    );
}

#[track_caller]
fn check(text: &str, expect: &[(u8, u8, u8, i16, i32)]) {
    let out = assemble_with(text, &|name| (name == "bpf_map_lookup_elem").then_some(1));
    let expect: Vec<Insn> = expect
        .iter()
        .map(|&(code, d, s, off, imm)| Insn::new(code, d, s, off, imm))
        .collect();
    assert_eq!(out.unwrap().insns, expect);
}

#[test]
fn syntax() {
    check(
        "r1 = 5; r0 = 0; exit",
        &[(0xb7, 1, 0, 0, 5), (0xb7, 0, 0, 0, 0), (0x95, 0, 0, 0, 0)],
    );
    check("w1 = 0xffffffff // all ones", &[(0xb4, 1, 0, 0, -1)]);
    check(
        "r1 = 0x80000000 # sign-extends",
        &[(0xb7, 1, 0, 0, i32::MIN)],
    );
    check("r2 s>>= 3", &[(0xc7, 2, 0, 0, 3)]);
    check("w2 s/= w3", &[(0x3c, 2, 3, 1, 0)]);
    check("r1 = *(u64 *)(r10 - 8)", &[(0x79, 1, 10, -8, 0)]);
    check("w1 = *(u32 *)(r2+4)", &[(0x61, 1, 2, 4, 0)]);
    check("r1 = *(s8 *)(r2 + 0)", &[(0x91, 1, 2, 0, 0)]);
    check("*(u8 *)(r1 + 0x10) = 255", &[(0x72, 1, 0, 16, 255)]);
    check(
        "if w1 s> -5 goto l; l: exit",
        &[(0x66, 1, 0, 0, -5), (0x95, 0, 0, 0, 0)],
    );
    check("l: goto l", &[(0x05, 0, 0, -1, 0)]);
    check(
        "gotol l\nl:\nexit",
        &[(0x06, 0, 0, 0, 0), (0x95, 0, 0, 0, 0)],
    );
    check("call bpf_map_lookup_elem", &[(0x85, 0, 0, 0, 1)]);
    check(
        "call f; exit; func f: exit",
        &[(0x85, 0, 1, 0, 1), (0x95, 0, 0, 0, 0), (0x95, 0, 0, 0, 0)],
    );
    check(
        "5: (85) call bpf_map_lookup_elem#1  ; R0=map",
        &[(0x85, 0, 0, 0, 1)],
    );
    check("7: (7b) *(u64 *)(r10 -8) = r1", &[(0x7b, 10, 1, -8, 0)]);
    check("; int x = 5;\n r1 = -r1", &[(0x87, 1, 0, 0, 0)]);
    check(
        "r1 = addr_space_cast(r2, 1, 0)",
        &[(0xbf, 1, 2, 1, 1 << 16)],
    );
    check(
        "w0 = cmpxchg32_32(r1 + 4, w0, w2)",
        &[(0xc3, 1, 2, 4, 0xf1)],
    );
    check("lock *(u64 *)(r1 + 0) &= r2", &[(0xdb, 1, 2, 0, 0x50)]);
    check("r0 = *(u16 *)skb[r7 + 4]", &[(0x48, 0, 7, 0, 4)]);
    check(".raw 79 11 00 00 00 00 00 00", &[(0x79, 1, 1, 0, 0)]);
    check(".raw \"b7000000 01000000\"", &[(0xb7, 0, 0, 0, 1)]);
    check(
        "r1 = 0x1122334455667788 ll",
        &[(0x18, 1, 0, 0, 0x55667788), (0, 0, 0, 0, 0x11223344)],
    );
    check("r1 = -1 ll", &[(0x18, 1, 0, 0, -1), (0, 0, 0, 0, -1)]);
    check(
        ".map a array 4 8 1\n.map m hash 4 8 1\nr1 = mapval[m]+4 ll",
        &[(0x18, 1, 6, 0, 1), (0, 0, 0, 0, 4)],
    );
    check(
        "r2 = func[cb] ll; exit; func cb: exit",
        &[
            (0x18, 2, 4, 0, 2),
            (0, 0, 0, 0, 0),
            (0x95, 0, 0, 0, 0),
            (0x95, 0, 0, 0, 0),
        ],
    );
}

#[test]
fn directives() {
    let text = ".type xdp\n.section \"xdp\"\n.license \"GPL\"\n.option sleepable\n\
        .map m hash 4 8 16 1\nfunc main:\n r0 = 0\n call kfunc[bpf_rcu_read_lock]\n exit\n";
    let out = assemble(text).unwrap();
    insta::assert_debug_snapshot!(out);
}

#[track_caller]
fn check_error(text: &str, expect: &str) {
    assert_eq!(assemble(text).unwrap_err().to_string(), expect);
}

#[test]
fn errors_have_a_place_and_a_reason() {
    check_error("r1 = 5\nr11 = 5", "2:1: there is no register r11");
    check_error("r1 = w2", "1:6: `w2` is not 64 bits wide");
    check_error("r1 + 5", "1:4: expected an operator, found `+`");
    check_error(
        "r1 = 5 5",
        "1:8: expected the end of the statement, found `5`",
    );
    check_error("goto nowhere", "1:6: label `nowhere` is not defined");
    check_error(
        "call nobody",
        "1:6: `nobody` is no helper, function or label",
    );
    check_error("a: exit\na: exit", "2:1: label `a` is defined twice");
    check_error(
        "r1 = 5000000000",
        "1:6: 5000000000 does not fit 32 bits; load it with `ll`",
    );
    check_error(
        "r1 = *(u63 *)(r2 + 0)",
        "1:8: expected an access size such as `u32`, found `u63`",
    );
    check_error(
        "r1 = *(u64 *)(r2 + 40000)",
        "1:18: 40000 does not fit a 16-bit offset",
    );
    check_error("r1 = map[m] ll", "1:10: map `m` is not declared");
    check_error(
        "if r1 == 1",
        "1:11: expected `goto`, found the end of the line",
    );
    check_error(".frob", "1:1: unknown directive `.frob`");
    check_error("exit ~", "1:6: unexpected character `~`");
    check_error(
        ".raw 79 11",
        "1:10: raw slots take eight hexadecimal bytes each",
    );
    check_error(
        "lock *(u8 *)(r1 + 0) += r2",
        "1:26: atomic operations take u32 or u64",
    );
}

#[test]
fn dialects() {
    let text = "r1 = *(u64 *)(r10 - 8)\nif w1 s<= -5 goto +2\nr2 = 1 ll\n\
        w3 = atomic_fetch_or((u32 *)(r1 + 4), w3)\nr0 = cmpxchg_64(r1 + 0, r0, r2)\n\
        lock *(u64 *)(r1 + 0) += r2\nw4 = load_acquire((u8 *)(r1 + 0))\n\
        store_release((u64 *)(r1 - 8), r4)\nr0 = *(u8 *)skb[12]\nr1 = (s16)r2\nr3 = bswap32 r3\n\
        may_goto +1\ncall pc+1\ncall 12\nexit\nexit";
    let insns = assemble(text).unwrap().insns;
    let ops = decode(&insns);
    let mut shown = String::new();
    for (idx, op) in ops.iter().enumerate().filter(|(_, op)| **op != Op::Second) {
        let log = kernel_line(op, insns[idx].opcode, idx, &NoNames);
        shown.push_str(&format!("{:<44} {log}\n", disasm(op, idx)));
    }
    insta::assert_snapshot!(shown);
    insta::assert_snapshot!(listing(&insns, &NoNames));
}
