//! The story of a refusal, on refusals made by hand: no engine is involved.

use std::sync::Arc;

use bpfassay::abstract_interp::Code;
use bpfassay::abstract_interp::refusal::{Key, Logged, Refusal};
use bpfassay::diagnostics::{Context, Diagnostic, describe};
use bpfassay::programs::{LineInfo, Program, decode, raw};
use bpfassay::report::text::{Style, render_diagnostic};

fn program(text: &str) -> Program {
    raw::program(raw::Input::Asm(text.as_bytes()), "case.bpfasm", None).unwrap()
}

fn explain(p: &Program, code: Code, reg: Option<u8>, path: &[u32]) -> Diagnostic {
    explain_as(p, code, None, reg, path)
}

fn explain_as(
    p: &Program,
    code: Code,
    key: Option<Key>,
    reg: Option<u8>,
    path: &[u32],
) -> Diagnostic {
    let mut refusal = Refusal::logged(Logged {
        code,
        key,
        fields: Vec::new(),
        lines: vec!["words of a kernel".into()],
    });
    refusal.insn = path.last().map_or(0, |&i| i as usize);
    refusal.reg = reg;
    refusal.path = path.to_vec();
    let ops = decode(&p.insns);
    describe(
        &Context {
            program: p,
            ops: &ops,
            target: "linux-6.18",
            kernel: None,
            source_text: &|_| None,
        },
        &refusal,
        (6, 18),
    )
}

/// The labels of the story, oldest first.
fn labels(d: &Diagnostic) -> Vec<(usize, &str)> {
    d.secondary
        .iter()
        .chain([&d.primary])
        .map(|l| (l.insn, l.text.data()))
        .collect()
}

fn has(d: &Diagnostic, insn: usize, part: &str) {
    assert!(
        labels(d)
            .iter()
            .any(|(i, t)| *i == insn && t.contains(part)),
        "no `{part}` at {insn} in {:#?}",
        labels(d)
    );
}

#[test]
fn a_packet_access_beyond_the_comparison() {
    let p = program(
        ".type xdp\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 14\nif r4 > r3 goto +1\nr0 = *(u8 *)(r2 + 23)\nexit\n",
    );
    let d = explain(&p, Code::PacketOob, Some(2), &[0, 1, 2, 3, 4, 5]);
    has(&d, 0, "`data` is read here");
    has(&d, 4, "shows 14 bytes");
    assert_eq!(d.branches.len(), 1);
    assert!(!d.branches[0].taken);
    assert_eq!(d.place.as_ref().unwrap().line, 7);
}

#[test]
fn a_packet_pointer_that_a_helper_voided() {
    let p =
        program(".type xdp\nr6 = *(u32 *)(r1 + 0)\nr2 = -4\ncall 44\nr0 = *(u8 *)(r6 + 0)\nexit\n");
    let d = explain(&p, Code::MemAccessType, Some(6), &[0, 1, 2, 3]);
    assert_eq!(d.code, Code::StalePointer);
    has(&d, 2, "may move the packet");
}

#[test]
fn a_lookup_result_that_was_spilled() {
    let p = program(
        ".type socket_filter\n.map counts hash 4 8 1\nr1 = map[counts] ll\nr2 = r10\nr2 += -4\ncall 1\n*(u64 *)(r10 - 16) = r0\nr3 = *(u64 *)(r10 - 16)\nr0 = *(u64 *)(r3 + 0)\nexit\n",
    );
    let d = explain(&p, Code::MemAccessType, Some(3), &[0, 2, 3, 4, 5, 6, 7]);
    has(&d, 4, "on map `counts`");
}

#[test]
fn a_bound_on_another_value() {
    let p = program(
        ".type socket_filter\n.map vals array 4 64 1\nr6 = *(u32 *)(r1 + 0)\nr8 = *(u32 *)(r1 + 8)\nr7 = r6\nr6 += r8\nif r7 > 10 goto +4\nr1 = map[vals] ll\ncall 1\nr0 += r6\nr0 = *(u8 *)(r0 + 0)\nexit\n",
    );
    let path = [0, 1, 2, 3, 4, 5, 7, 8, 9];
    let d = explain(&p, Code::MapValueOob, Some(0), &path);
    has(&d, 4, "another value of the same origin");
    has(&d, 8, "a variable is added here");
    has(&d, 0, "`len` is read here");
}

#[test]
fn a_register_that_a_call_wiped() {
    let p = program(".type xdp\nr3 = 1\ncall 7\nr0 = r3\nexit\n");
    let d = explain(&p, Code::UninitRegister, Some(3), &[0, 1, 2]);
    has(&d, 1, "leaves nothing in R1 to R5");
}

#[test]
fn values_are_followed_through_functions() {
    let p = program(
        ".type xdp\nr1 = *(u32 *)(r1 + 0)\ncall sub\nexit\nfunc sub:\nr0 = *(u8 *)(r1 + 0)\nexit\n",
    );
    let d = explain(&p, Code::PacketOob, Some(1), &[0, 1, 3]);
    has(&d, 0, "`data` is read here");
    let d = explain(&p, Code::ProgReturn, Some(0), &[0, 1, 3, 4, 2]);
    has(&d, 3, "read from the packet");
}

/// What is said to do of an object that a kernel function takes and nothing keeps.
fn kept(ty: &str, callee: &str) -> String {
    let p = program(&format!(
        ".type {ty}\nr1 = *(u64 *)(r1 + 0)\ncall kfunc[{callee}]\nr0 = 0\nexit\n"
    ));
    let key = Some(Key::ArgumentNotTrusted);
    let d = explain_as(&p, Code::RefState, key, Some(1), &[0, 1]);
    d.helps.iter().map(|h| h.text.data()).collect()
}

#[test]
fn an_object_is_acquired_by_functions_of_its_own_type() {
    let mask = kept("syscall", "bpf_cpumask_acquire");
    assert!(mask.contains("(`bpf_cpumask_create`)"), "{mask}");
    assert!(!mask.contains("task") && !mask.contains("rcu"), "{mask}");
    let first = kept("syscall", "bpf_cpumask_first");
    assert!(
        first.contains("`bpf_cpumask_acquire`, `bpf_cpumask_create`"),
        "{first}"
    );
    let task = kept("syscall", "bpf_task_acquire");
    assert!(
        task.contains("make the call there; check the result"),
        "{task}"
    );
    // Nothing that this kind of program may call.
    let none = kept("kprobe", "bpf_cpumask_acquire");
    assert!(!none.contains("bpf_"), "{none}");
}

#[test]
fn an_acquired_object_that_is_not_released() {
    let p =
        program(".type sched_cls\nr6 = r1\nr2 = r10\ncall 84\nif r0 == 0 goto +1\nr0 = 0\nexit\n");
    let d = explain(&p, Code::RefLeak, None, &[0, 1, 2, 3, 4, 5]);
    has(&d, 2, "acquired here by");
}

#[test]
fn a_truncated_path_is_no_trouble() {
    let p = program(".type xdp\nr0 = 0\nexit\n");
    let d = explain(&p, Code::ProgReturn, Some(0), &[1]);
    assert_eq!(d.insn, 1);
    let d = explain(&p, Code::ProgReturn, None, &[]);
    assert_eq!(d.insn, 0);
}

#[test]
fn embedded_source_lines_are_drawn_without_the_file() {
    let mut p = program(
        ".type xdp\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 14\nif r4 > r3 goto +1\nr0 = *(u8 *)(r2 + 23)\nexit\n",
    );
    let file: Arc<str> = "/src/xdp_filter.c".into();
    let line = |insn: u32, line: u32, col: u32, text: &str| LineInfo {
        insn,
        file: file.clone(),
        line,
        col,
        text: text.into(),
    };
    p.line_info = vec![
        line(0, 20, 29, "\tvoid *data = (void *)ctx->data;"),
        line(1, 21, 18, "\tvoid *data_end = (void *)ctx->data_end;"),
        line(2, 25, 19, "\tif (data + 14 > data_end)"),
        line(5, 31, 6, "\tif (iph->protocol == IPPROTO_TCP)"),
        line(6, 32, 3, "\t\treturn XDP_DROP;"),
    ]
    .into();
    let d = explain(&p, Code::PacketOob, Some(2), &[0, 1, 2, 3, 4, 5]);
    let mut out = String::new();
    render_diagnostic(&mut out, &d, Style::default());
    assert!(
        d.what.data().contains("byte 23 of the packet"),
        "{:?}",
        d.what
    );
    insta::assert_snapshot!(out);
}

#[test]
fn a_loop_that_does_not_move() {
    let p = program(".type xdp\nr0 = 0\nloop:\nr1 = 1\nif r0 == 0 goto loop\nexit\n");
    let d = explain(&p, Code::InfiniteLoop, None, &[0, 1, 2, 1, 2, 1]);
    has(&d, 2, "jumps back here, 2 times");
}

#[test]
fn stack_bytes_that_were_never_written() {
    let p = program(
        ".type xdp\n.map m hash 8 8 1\n*(u32 *)(r10 - 8) = 1\nr2 = r10\nr2 += -8\nr1 = map[m] ll\ncall 1\nexit\n",
    );
    let d = explain(&p, Code::StackUninit, Some(2), &[0, 1, 2, 3, 5]);
    has(&d, 0, "4 bytes are written here");
}
