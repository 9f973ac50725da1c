//! Each fault, each kind of point, and the views, on programs in assembler text.

use super::*;
use crate::programs::asm::assemble;
use crate::programs::decode_with;
use crate::programs::disasm::NoNames;
use crate::programs::insn::Callee;

/// Facts by helper number: 181 runs callbacks at once, 170 later, 1 takes two
/// arguments, 9 changes the packet, 3 may sleep; kernel function 0 is an iterator's next.
struct TestFacts(Vec<Op>);

impl InsnFacts for TestFacts {
    fn call(&self, insn: usize) -> CallFacts {
        let none = CallFacts::default();
        match self.0[insn] {
            Op::Call(Callee::Helper(1)) => CallFacts {
                args: Some(2),
                ..none
            },
            Op::Call(Callee::Helper(181)) => CallFacts {
                args: Some(4),
                sync_callback: true,
                ..none
            },
            Op::Call(Callee::Helper(170)) => CallFacts {
                args: Some(3),
                async_callback: true,
                ..none
            },
            Op::Call(Callee::Helper(9)) => CallFacts {
                args: Some(5),
                changes_packet: true,
                ..none
            },
            Op::Call(Callee::Helper(3)) => CallFacts {
                args: Some(0),
                might_sleep: true,
                ..none
            },
            Op::Call(Callee::Kfunc { imm: 0, .. }) => CallFacts {
                args: Some(1),
                iter_next: true,
                ..none
            },
            _ => none,
        }
    }

    fn jump_table(&self, insn: usize) -> Option<Vec<u32>> {
        // The two instructions after the jump; none for a jump through r9.
        let table = vec![insn as u32 + 1, insn as u32 + 2];
        matches!(self.0[insn], Op::Gotox { dst } if dst != 9).then_some(table)
    }
}

fn linux(series: &str) -> CfgRules<'static> {
    let target = crate::target::by_name(series).unwrap();
    CfgRules::of_target(Box::leak(Box::new(target)))
}

fn parts(text: &str, rules: &CfgRules) -> (Vec<Insn>, Vec<Op>, TestFacts) {
    let insns = assemble(text).unwrap_or_else(|e| panic!("{e}")).insns;
    let ops = decode_with(&insns, &rules.isa);
    let facts = TestFacts(ops.clone());
    (insns, ops, facts)
}

fn run(text: &str, rules: &CfgRules) -> Result<Cfg, Fault> {
    let (insns, ops, facts) = parts(text, rules);
    analyze(&insns, &ops, &facts, rules)
}

#[track_caller]
fn check_fault(text: &str, rules: &CfgRules, expect: &str) {
    match run(text, rules) {
        Err(fault) => assert_eq!(fault.to_string(), expect),
        Ok(_) => panic!("no fault"),
    }
}

#[track_caller]
fn check_ok(text: &str, rules: &CfgRules) {
    if let Err(fault) = run(text, rules) {
        panic!("{fault}");
    }
}

#[test]
fn faults() {
    let v = &linux("6.18");
    check_fault("", v, "the program is empty");
    let small = CfgRules {
        max_insns: 1,
        ..linux("6.18")
    };
    check_fault("r0 = 0; exit", &small, "2 slots, at most 1 allowed");
    check_fault("r0 = 0", v, "last insn is not an exit or jmp (insn 0)");
    check_fault("exit; r0 = 0; exit", v, "unreachable insn 1");
    check_fault("goto +1; r0 = 0", v, "jump out of range from insn 0 to 2");
    check_fault(
        "if r1 == 0 goto -3; exit",
        v,
        "jump out of range from insn 0 to -2",
    );
    check_fault(
        "call pc+7; exit",
        v,
        "call to invalid destination 8 from insn 0",
    );
    check_fault(
        "call f; goto f; func f: exit",
        v,
        "jump out of range from insn 1 to 2",
    );
    check_fault(
        "call f; r0 = 0; func f: exit",
        v,
        "last insn is not an exit or jmp (insn 1)",
    );
    check_fault(
        "if r1 == 0 goto +1; r2 = 7 ll; exit",
        v,
        "jump into the middle of ldimm64 insn 1",
    );
    check_fault(".insn 255,0,0,0,0; exit", v, "unknown opcode ff (insn 0)");
    let cut = "goto +9; .insn 24,0,0,0,1";
    check_fault(cut, &linux("7.2"), "jump out of range from insn 0 to 10");
    check_fault(cut, &linux("7.3"), "invalid bpf_ld_imm64 insn (insn 1)");
    check_fault(
        "goto +0; r1 = 0",
        v,
        "last insn is not an exit or jmp (insn 1)",
    );
    check_fault("l: goto l; exit", v, "unreachable insn 1");
    let two = CfgRules {
        max_subprogs: 2,
        ..linux("6.18")
    };
    check_fault(
        "call f; call g; exit; func f: exit; func g: exit",
        &two,
        "too many subprograms (over 2)",
    );
    let u = &linux("6.18").unprivileged();
    check_fault(
        "l: r0 = 0; if r1 == 0 goto l; exit",
        u,
        "back-edge from insn 1 to 0",
    );
    check_fault(
        "call f; exit; func f: exit",
        u,
        "calling functions needs CAP_BPF (insn 0)",
    );
}

/// The order of phases decides which of several faults is named.
#[test]
fn first_fault_wins() {
    let v = &linux("6.18");
    check_fault(
        "call pc+9; goto +9; .insn 255,0,0,0,0",
        v,
        "call to invalid destination 10 from insn 0",
    );
    check_fault(
        "goto +9; .insn 255,0,0,0,0; exit",
        v,
        "jump out of range from insn 0 to 10",
    );
    check_fault(
        "exit; .insn 255,0,0,0,0; exit",
        v,
        "unknown opcode ff (insn 1)",
    );
    check_fault("r1 = 1; exit; exit; exit", v, "unreachable insn 2");
}

#[test]
fn older_kernels() {
    // The second slot was walked, and recursion was an edge back.
    check_ok("if r1 == 0 goto +1; r2 = 7 ll; exit", &linux("5.10"));
    check_fault(
        "call f; exit; func f: call f; exit",
        &linux("5.10"),
        "back-edge from insn 2 to 2",
    );
    check_ok("call f; exit; func f: call f; exit", &linux("6.18"));
    check_ok("l: r0 = 0; if r1 == 0 goto l; exit", &linux("5.10"));
    // `gotol` has its distance in a field that nobody read.
    check_fault(
        "exit; gotol -2",
        &linux("5.10"),
        "jump out of range from insn 1 to 2",
    );
    check_fault(
        "gotox r1; exit; exit",
        &linux("6.18"),
        "unknown opcode 0d (insn 0)",
    );
}

#[test]
fn indirect_jumps() {
    let v = &linux("7.3");
    check_ok("gotox r1; exit; exit", v);
    check_fault("gotox r9; exit; exit", v, "no jump tables found for insn 0");
    check_fault(
        "gotox r1; exit",
        v,
        "jump table for insn 0 points outside of the subprog, to 2",
    );
    let cfg = run("gotox r1; exit; exit", v).unwrap();
    assert_eq!(&*cfg.successors(0), [1, 2]);
    assert!(cfg.flags(0).prune_point() && cfg.flags(1).jmp_point());
}

/// Slots with their points, one line each: P prune, J jump, F forced checkpoint,
/// C calls callbacks, I iterator.
fn points(text: &str, rules: &CfgRules) -> String {
    let cfg = run(text, rules).unwrap_or_else(|fault| panic!("{fault}"));
    let shown = (0..cfg.len()).map(|at| {
        let f = cfg.flags(at);
        let all = [
            (f.prune_point(), 'P'),
            (f.jmp_point(), 'J'),
            (f.force_checkpoint(), 'F'),
            (f.calls_callback(), 'C'),
            (f.iter_next(), 'I'),
        ];
        let set: String = all.iter().filter(|x| x.0).map(|x| x.1).collect();
        if set.is_empty() { "-".to_owned() } else { set }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check_points(text: &str, rules: &CfgRules, expect: &str) {
    assert_eq!(points(text, rules), expect);
}

#[test]
fn exploration_points() {
    let v = &linux("6.18");
    check_points("r0 = 0; exit", v, "- -");
    check_points("if r1 == 0 goto +1; r0 = 1; exit", v, "P - PJ");
    check_points("goto +0; exit", v, "- PJ");
    check_points("l: may_goto +1; goto l; exit", v, "PJF - PJ");
    check_points("call 1; exit", v, "- PJ");
    check_points("call f; exit; func f: exit", v, "P PJ PJ");
    check_points("call 170; exit", v, "P PJ");
    check_points(
        "r2 = func[f] ll; call 181; exit; func f: exit",
        v,
        "P - PJFC PJ PJ",
    );
    check_points("call kfunc[0]; exit", v, "PFI PJ");
    // Before points were split, each was both; and the slot after a jump was one.
    check_points("call 1; exit", &linux("5.10"), "- PJ");
    check_points(
        "if r1 == 0 goto +1; r0 = 1; exit",
        &linux("5.10"),
        "PJ - PJ",
    );
}

#[test]
fn effects_reach_callers() {
    let text =
        "call f; exit; func f: call g; call h; exit; func g: call 9; exit; func h: call 3; exit";
    let cfg = run(text, &linux("6.18")).unwrap();
    let seen: Vec<(bool, bool)> = cfg
        .subprogs()
        .iter()
        .map(|s| (s.changes_packet, s.might_sleep))
        .collect();
    assert_eq!(
        seen,
        [(true, true), (true, true), (true, false), (false, true)]
    );
    assert_eq!(cfg.call_graph().depth(0), Some(3));
    assert_eq!(cfg.call_graph().recursion(), None);
    let cfg = run(
        "call f; exit; func f: call g; exit; func g: call f; exit",
        &linux("6.18"),
    )
    .unwrap();
    assert_eq!(cfg.call_graph().recursion(), Some(vec![1, 2]));
    assert_eq!(cfg.call_graph().depth(0), None);
}

/// Live registers before each slot, as the kernel's log shows them, second slots left out.
fn live(text: &str) -> String {
    let (_, ops, _) = parts(text, &linux("6.18"));
    let cfg = run(text, &linux("6.18")).unwrap();
    let slots = (0..cfg.len()).filter(|at| ops[*at] != Op::Second);
    let shown = slots.map(|at| {
        let regs = cfg.live_regs(at);
        (0..10)
            .map(|r| {
                if regs >> r & 1 == 1 {
                    (b'0' + r) as char
                } else {
                    '.'
                }
            })
            .collect()
    });
    shown.collect::<Vec<String>>().join(" ")
}

#[test]
fn liveness_of_registers() {
    assert_eq!(live("r0 = 0; exit"), ".......... 0.........");
    assert_eq!(
        live("r2 = r1; r0 = r2; exit"),
        ".1........ ..2....... 0........."
    );
    assert_eq!(live("call 1; exit"), ".12....... 0.........");
    assert_eq!(live("call 99; exit"), ".12345.... 0.........");
    assert_eq!(
        live("r6 = r1; r0 = 0; l: r0 += r6; if r0 < 9 goto l; exit"),
        ".1........ ......6... 0.....6... 0.....6... 0........."
    );
    assert_eq!(
        live("r1 = 7 ll; r0 = r1; exit"),
        ".......... .1........ 0........."
    );
    assert_eq!(
        live("r0 = cmpxchg_64(r1 + 0, r0, r2); exit"),
        "012....... 0........."
    );
}

fn loops(text: &str) -> Vec<u32> {
    let cfg = run(text, &linux("6.18")).unwrap();
    (0..cfg.len()).map(|at| cfg.scc(at)).collect()
}

#[test]
fn components() {
    assert_eq!(loops("r0 = 0; exit"), [0, 0]);
    assert_eq!(loops("l: r0 = 0; if r1 == 0 goto l; exit"), [1, 1, 0]);
    assert_eq!(loops("l: if r1 == 0 goto l; exit"), [1, 0]);
    // Two loops in a row: the later one is completed first.
    assert_eq!(
        loops("a: r0 = 0; if r1 == 0 goto a; b: r0 = 1; if r1 == 1 goto b; exit"),
        [2, 2, 1, 1, 0]
    );
    assert_eq!(
        loops("a: b: r0 = 0; if r1 == 0 goto b; if r1 == 1 goto a; exit"),
        [1, 1, 1, 0]
    );
    let text = "call 181; exit";
    assert_eq!(run(text, &linux("6.18")).unwrap().scc(0), 0);
    assert_eq!(run(text, &linux("7.3")).unwrap().scc(0), 1);
}

const LOOP: &str = "r6 = r1\nr0 = 0\nl: r0 += 1\nif r0 > 3 goto out\ncall f\nif r0 != 9 goto l\n\
    r2 = func[cb] ll\nout: exit\nfunc f: r0 = 2\nexit\nfunc cb: r0 = 0\nexit";

#[test]
fn blocks_dominators_and_loops() {
    let cfg = run(LOOP, &linux("6.18")).unwrap();
    let blocks = cfg.blocks(0);
    let shown: Vec<(u32, u32)> = blocks
        .graph
        .node_weights()
        .map(|b| (b.start, b.end))
        .collect();
    assert_eq!(shown, [(0, 2), (2, 4), (4, 6), (6, 8), (8, 9)]);
    let loops: Vec<(usize, Vec<usize>)> = blocks
        .loops()
        .into_iter()
        .map(|(head, tails)| (head.index(), tails.into_iter().map(|t| t.index()).collect()))
        .collect();
    assert_eq!(loops, [(1, vec![2])]);
    let exit = blocks.block_of(8).unwrap();
    assert_eq!(
        blocks
            .dominators()
            .immediate_dominator(exit)
            .map(|n| n.index()),
        Some(1)
    );
}

#[test]
fn pictures() {
    let (_, ops, _) = parts(LOOP, &linux("6.18"));
    let cfg = run(LOOP, &linux("6.18")).unwrap();
    insta::assert_snapshot!(dot(&cfg, &ops, &[0, 1, 2], &NoNames));
    insta::assert_snapshot!(mermaid(&cfg, &ops, &[0, 1], &NoNames));
}

#[test]
fn postorder_is_backwards() {
    let cfg = run(LOOP, &linux("6.18")).unwrap();
    assert_eq!(cfg.postorder_of(1), [10, 9]);
    assert_eq!(cfg.postorder_of(2), [12, 11]);
    assert_eq!(cfg.postorder().len(), cfg.len() - 1);
}

#[test]
fn stack_slots_by_r10() {
    let slots = |text: &str| stack_slots(&parts(text, &linux("6.18")).1[0]);
    let s = |reads, writes, partial| {
        Some(StackSlots {
            reads,
            writes,
            partial,
        })
    };
    assert_eq!(slots("*(u64 *)(r10 - 8) = r1"), s(0, 1, 0));
    assert_eq!(slots("*(u32 *)(r10 - 16) = r1"), s(0, 0, 2));
    assert_eq!(slots("r1 = *(u64 *)(r10 - 12)"), s(3, 0, 0));
    assert_eq!(slots("r1 = *(u8 *)(r10 - 512)"), s(1 << 63, 0, 0));
    assert_eq!(slots("r1 = *(u8 *)(r10 + 0)"), None);
    assert_eq!(slots("r1 = *(u8 *)(r9 - 8)"), None);
}

/// Any slots give a graph or a fault; nothing panics, whatever the fields.
#[test]
fn total_on_noise() {
    let mut seed = 1u64;
    let mut next = || {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        seed >> 33
    };
    let codes = [
        0x18, 0x00, 0x05, 0x06, 0x0d, 0x85, 0x95, 0x1d, 0xe5, 0xb7, 0x79, 0xdb, 0x15, 0x20,
    ];
    let rules = [
        linux("6.18"),
        linux("5.10"),
        linux("7.3"),
        linux("6.18").unprivileged(),
    ];
    let mut passed = 0;
    for round in 0..60_000 {
        let len = 1 + next() as usize % 12;
        let mut insns: Vec<Insn> = (0..len)
            .map(|_| {
                let code = codes[next() as usize % codes.len()];
                let off = (next() % 9) as i16 - 4;
                let imm = (next() % 9) as i32 - 4;
                let (dst, src) = (next() as u8 % 3, next() as u8 % 5);
                let zero = code == 0x18 || next() % 4 != 0;
                Insn::new(code, dst, if zero { 0 } else { src }, off, imm)
            })
            .collect();
        if let Some(last) = insns.last_mut() {
            *last = Insn::new(0x95, 0, 0, 0, 0);
        }
        let rules = &rules[round % rules.len()];
        let ops = decode_with(&insns, &rules.isa);
        if let Ok(cfg) = analyze(&insns, &ops, &TestFacts(ops.clone()), rules) {
            passed += 1;
            for subprog in 0..cfg.subprogs().len() {
                assert!(cfg.blocks(subprog).graph.node_count() > 0);
            }
            dot(&cfg, &ops, &[0], &NoNames);
            cfg.call_graph().depth(0);
        }
    }
    assert!(passed > 100, "{passed}");
}

#[test]
fn a_million_slots() {
    let count = 1_000_000;
    let mut insns = vec![Insn::new(0xb7, 0, 0, 0, 0); count];
    for (at, insn) in insns.iter_mut().enumerate().take(count - 9).skip(9) {
        match at % 7 {
            3 => *insn = Insn::new(0x15, 0, 0, 3, 0),
            5 => *insn = Insn::new(0x15, 0, 0, -4, 0),
            _ => {}
        }
    }
    insns[count - 1] = Insn::new(0x95, 0, 0, 0, 0);
    let ops = decode_with(&insns, &linux("6.18").isa);
    let cfg = analyze(&insns, &ops, &NoFacts, &linux("6.18")).unwrap();
    assert!(cfg.scc_count() > 100_000);
}
