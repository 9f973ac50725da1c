//! Calls, returns and references, in assembler: one line says what is expected.

use crate::abstract_interp::{Input, Verdict, verify};
use crate::programs::raw;
use crate::target;

/// The name of the rejection, `accept`, or `unknown: ...`.
fn verdict_on(target: &str, head: &str, body: &str) -> String {
    let text = format!("{head}\n{body}\n");
    let program = raw::program(raw::Input::Asm(text.as_bytes()), "t", None)
        .unwrap_or_else(|e| panic!("{e}\n{text}"));
    let target = target::by_name(target).expect("a known target");
    let input = Input {
        program: &program,
        target: &target,
        kernel_btf: None,
    };
    match verify(&input).verdict {
        Verdict::Accept => "accept".into(),
        Verdict::Reject(v) => v.code().name().into(),
        Verdict::Unknown(u) => format!("unknown: {}", u.name),
    }
}

#[track_caller]
fn check(head: &str, body: &str, expect: &str) {
    let got = verdict_on("linux-6.18", head, body);
    assert_eq!(got, expect, "\n{head}\n{body}");
}

const XDP: &str = ".type xdp\n.map h hash 4 8 16\n.map a array 4 8 16\n.map rb ringbuf 0 0 4096\n.map pa prog_array 4 4 8";
const TC: &str =
    ".type sched_cls\n.map h hash 4 8 16\n.map s sk_storage 4 8 0\n.map sm sockmap 4 4 8";
const SOCKET: &str = ".type socket_filter\n.map h hash 4 8 16";
const KPROBE: &str = ".type kprobe\n.map rb ringbuf 0 0 4096";

#[test]
fn which_helpers() {
    check(XDP, "call 9999\nexit", "unknown-function");
    check(XDP, "call 195896080\nexit", "unknown-function");
    check(XDP, "call 9\nr0 = 0\nexit", "function-not-allowed");
    check(
        &format!("{KPROBE}\n.license \"Proprietary\""),
        "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall 113\nr0 = 0\nexit",
        "gpl-only-function",
    );
    check(XDP, "call 5\nr0 = 0\nexit", "accept");
    // A sleeping helper in a program that may not sleep.
    check(
        KPROBE,
        "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall 148\nr0 = 0\nexit",
        "sleeping-call-forbidden",
    );
}

#[test]
fn lookups() {
    let lookup = "r2 = 0\n*(u32 *)(r10 - 4) = r2\nr2 = r10\nr2 += -4\nr1 = map[h] ll\ncall 1\n";
    check(
        XDP,
        &format!("{lookup}r0 = *(u64 *)(r0 + 0)\nexit"),
        "not-a-pointer-dereference",
    );
    check(
        XDP,
        &format!("{lookup}if r0 == 0 goto +1\nr0 = *(u64 *)(r0 + 0)\nr0 = 0\nexit"),
        "accept",
    );
    check(
        XDP,
        &format!("{lookup}if r0 == 0 goto +1\nr0 = *(u64 *)(r0 + 8)\nr0 = 0\nexit"),
        "map-value-out-of-bounds",
    );
    // In an array, a constant index in range cannot fail.
    let array = lookup.replace("map[h]", "map[a]");
    check(
        XDP,
        &format!("{array}r0 = *(u64 *)(r0 + 0)\nr0 = 0\nexit"),
        "accept",
    );
    let beyond = array.replace("r2 = 0\n", "r2 = 16\n");
    check(
        XDP,
        &format!("{beyond}r0 = *(u64 *)(r0 + 0)\nr0 = 0\nexit"),
        "not-a-pointer-dereference",
    );
    assert_eq!(
        verdict_on(
            "linux-6.12",
            XDP,
            &format!("{array}r0 = *(u64 *)(r0 + 0)\nr0 = 0\nexit")
        ),
        "not-a-pointer-dereference"
    );
    check(
        XDP,
        "r1 = 1\nr2 = r10\nr2 += -4\ncall 1\nr0 = 0\nexit",
        "argument-type-mismatch",
    );
    check(
        XDP,
        "r1 = map[pa] ll\nr2 = r10\nr2 += -4\ncall 1\nr0 = 0\nexit",
        "map-type-helper-mismatch",
    );
    check(XDP, "call 1\nr0 = 0\nexit", "argument-type-mismatch");
}

#[test]
fn references() {
    let reserve = "r1 = map[rb] ll\nr2 = 8\nr3 = 0\ncall 131\nif r0 == 0 goto end\n";
    let end = "end:\nr0 = 0\nexit";
    check(XDP, &format!("{reserve}{end}"), "reference-leak");
    check(
        XDP,
        &format!("{reserve}r1 = r0\nr2 = 0\ncall 132\n{end}"),
        "accept",
    );
    check(
        XDP,
        &format!("{reserve}r6 = r0\nr1 = r0\nr2 = 0\ncall 132\nr1 = r6\nr2 = 0\ncall 132\n{end}"),
        "argument-type-mismatch",
    );
    check(
        XDP,
        &format!("{reserve}r1 = r0\nr1 += 1\nr2 = 0\ncall 132\n{end}"),
        "released-pointer-offset",
    );
    check(
        XDP,
        &format!("{reserve}r0 = *(u64 *)(r0 + 8)\n{end}"),
        "memory-out-of-bounds",
    );
    // The size must be a constant.
    check(
        XDP,
        "r2 = *(u32 *)(r1 + 12)\nr1 = map[rb] ll\nr3 = 0\ncall 131\nr0 = 0\nexit",
        "argument-not-constant",
    );
    // Old kernels tell what is given back by the helper alone.
    let old = verdict_on(
        "linux-5.10",
        XDP,
        &format!("{reserve}r1 = r0\nr2 = 0\ncall 132\n{end}"),
    );
    assert_eq!(old, "accept");
}

#[test]
fn memory_and_sizes() {
    let read =
        |size: &str| format!("r2 = {size}\nr1 = r10\nr1 += -16\nr3 = 0\ncall 113\nr0 = 0\nexit");
    check(KPROBE, &read("16"), "accept");
    check(KPROBE, &read("17"), "stack-out-of-bounds");
    check(KPROBE, &read("-1"), "possibly-negative-offset");
    check(
        KPROBE,
        "r2 = *(u64 *)(r1 + 0)\nr1 = r10\nr1 += -16\nr3 = 0\ncall 113\nr0 = 0\nexit",
        "possibly-negative-offset",
    );
    // What a string read returns is at most the size given.
    check(
        KPROBE,
        "r1 = r10\nr1 += -16\nr2 = 16\nr3 = 0\ncall 115\nif r0 s< 1 goto end\nr1 = r10\nr1 += -17\nr1 += r0\nr0 = 0\n*(u8 *)(r1 + 0) = r0\nend:\nr0 = 0\nexit",
        "accept",
    );
    check(
        KPROBE,
        "r1 = r10\nr1 += -16\nr2 = 16\nr3 = 0\ncall 115\nif r0 s< 1 goto end\nr1 = r10\nr1 += -16\nr1 += r0\nr0 = 0\n*(u8 *)(r1 + 0) = r0\nend:\nr0 = 0\nexit",
        "stack-out-of-bounds",
    );
}

#[test]
fn packets() {
    let bound = "r6 = r1\nr7 = *(u32 *)(r1 + 76)\nr8 = *(u32 *)(r1 + 80)\nr2 = r7\nr2 += 14\nif r2 > r8 goto end\n";
    let end = "end:\nr0 = 0\nexit";
    check(
        TC,
        &format!("{bound}r0 = *(u8 *)(r7 + 13)\n{end}"),
        "accept",
    );
    // Helpers that may move the packet make pointers into it stale.
    check(
        TC,
        &format!("{bound}r1 = r6\nr2 = 0\ncall 39\nr0 = *(u8 *)(r7 + 13)\n{end}"),
        "not-a-pointer-dereference",
    );
    check(
        TC,
        &format!("{bound}call 5\nr0 = *(u8 *)(r7 + 13)\n{end}"),
        "accept",
    );
}

#[test]
fn local_calls() {
    check(SOCKET, "call f\nexit\nfunc f:\nr0 = 1\nexit", "accept");
    check(
        SOCKET,
        "call f\nexit\nfunc f:\nexit",
        "uninitialized-register-read",
    );
    check(
        SOCKET,
        "call f\nexit\nfunc f:\nr0 = r10\nexit",
        "stack-pointer-escapes-frame",
    );
    check(
        SOCKET,
        "r6 = 1\ncall f\nr0 = r6\nexit\nfunc f:\nr6 = 2\nr0 = 0\nexit",
        "accept",
    );
    check(
        SOCKET,
        "r6 = 1\ncall f\nexit\nfunc f:\nr0 = r6\nexit",
        "uninitialized-register-read",
    );
    check(
        SOCKET,
        "r1 = 1\ncall f\nr0 = r1\nexit\nfunc f:\nr0 = r1\nexit",
        "uninitialized-register-read",
    );
    // A callee writes to its caller's stack.
    check(
        SOCKET,
        "r1 = r10\nr1 += -8\ncall f\nr0 = *(u64 *)(r10 - 8)\nexit\nfunc f:\nr2 = 5\n*(u64 *)(r1 + 0) = r2\nr0 = 0\nexit",
        "accept",
    );
    let deep = "r0 = 0\n*(u64 *)(r10 - 264) = r0\ncall f\nexit\nfunc f:\nr0 = 0\n*(u64 *)(r10 - 264) = r0\nexit";
    check(SOCKET, deep, "combined-stack-too-big");
    // Tracing programs get a stack for each function.
    check(KPROBE, deep, "accept");
    assert_eq!(
        verdict_on("linux-6.1", KPROBE, deep),
        "combined-stack-too-big"
    );
    let chain: String = (1..9)
        .map(|i| format!("func f{i}:\ncall f{}\nexit\n", i + 1))
        .collect();
    check(
        SOCKET,
        &format!("call f1\nexit\n{chain}func f9:\nr0 = 0\nexit"),
        "call-depth-exceeded",
    );
}

#[test]
fn tail_calls() {
    let tail = "r2 = map[pa] ll\nr3 = 0\ncall 12\n";
    check(XDP, &format!("{tail}r0 = 0\nexit"), "accept");
    check(
        XDP,
        "r2 = map[h] ll\nr3 = 0\ncall 12\nr0 = 0\nexit",
        "tail-call-misuse",
    );
    check(
        XDP,
        &format!(
            "r6 = r1\nr1 = map[rb] ll\nr2 = 8\nr3 = 0\ncall 131\nr7 = r0\nr1 = r6\n{tail}r0 = 0\nexit"
        ),
        "tail-call-misuse",
    );
    // A function of unknown type may not leave the program.
    check(
        XDP,
        &format!("call f\nexit\nfunc f:\n{tail}r0 = 0\nexit"),
        "tail-call-misuse",
    );
}

#[test]
fn returns() {
    check(SOCKET, "exit", "uninitialized-register-read");
    check(SOCKET, "r0 = 77\nexit", "accept");
    let cgroup = ".type cgroup_sock";
    check(cgroup, "r0 = 1\nexit", "accept");
    check(cgroup, "r0 = 2\nexit", "program-return-value");
    check(cgroup, "call 5\nexit", "program-return-value");
    check(cgroup, "call 5\nr0 &= 1\nexit", "accept");
}

#[test]
fn packet_loads() {
    check(SOCKET, "r6 = r1\nr0 = *(u8 *)skb[0]\nexit", "accept");
    check(SOCKET, "r6 = 0\nr0 = *(u8 *)skb[0]\nexit", "ld-abs-misuse");
    check(XDP, "r6 = r1\nr0 = *(u8 *)skb[0]\nexit", "ld-abs-misuse");
    check(
        SOCKET,
        "r6 = r1\nr1 = 1\nr0 = *(u8 *)skb[0]\nr0 = r1\nexit",
        "uninitialized-register-read",
    );
}

#[test]
fn sockets_in_maps() {
    // Not from a program whose context may hold a locked socket.
    check(
        ".type kprobe\n.map sm sockmap 4 4 8",
        "r2 = 0\n*(u32 *)(r10 - 4) = r2\nr1 = map[sm] ll\nr2 = r10\nr2 += -4\ncall 3\nr0 = 0\nexit",
        "map-type-helper-mismatch",
    );
    check(
        TC,
        "r2 = 0\n*(u32 *)(r10 - 4) = r2\nr1 = map[sm] ll\nr2 = r10\nr2 += -4\ncall 3\nr0 = 0\nexit",
        "accept",
    );
    // A lookup acquires the socket.
    check(
        TC,
        "r2 = 0\n*(u32 *)(r10 - 4) = r2\nr1 = map[sm] ll\nr2 = r10\nr2 += -4\ncall 1\nr0 = 0\nexit",
        "reference-leak",
    );
}

/// What is remembered of a path is one allocation.
#[test]
fn histories() {
    let stores = |n| {
        format!(
            "r1 = 0\n{}r0 = 0\nexit",
            "*(u64 *)(r10 - 8) = r1\n".repeat(n)
        )
    };
    check(XDP, &stores(1 << 18), "accept");
    check(XDP, &stores((1 << 18) + 1), "path-history-too-long");
}

/// r11 is no register: it stands for arguments on the stack, where there are any.
#[test]
fn arguments_on_the_stack() {
    let on = |target, raw| verdict_on(target, SOCKET, &format!("r0 = 0\n.raw {raw}\nexit"));
    for raw in [
        "7b 0b 00 00 00 00 00 00",
        "7a 0b 08 00 00 00 00 00",
        "7b 0b f4 ff 00 00 00 00",
        "79 b0 f8 ff 00 00 00 00",
    ] {
        assert_eq!(on("linux-7.3", raw), "stack-arguments-invalid", "{raw}");
        assert_eq!(on("linux-6.18", raw), "invalid-register", "{raw}");
    }
    for raw in ["7b 0b f8 ff 00 00 00 00", "79 b0 08 00 00 00 00 00"] {
        assert_eq!(on("linux-7.3", raw), "unknown: stack-arguments", "{raw}");
    }
    for raw in [
        "63 0b f8 ff 00 00 00 00",
        "79 0b 08 00 00 00 00 00",
        "bf 0b 00 00 00 00 00 00",
    ] {
        assert_eq!(on("linux-7.3", raw), "invalid-register", "{raw}");
    }
}

/// A helper that writes doesn't get memory that may only be read.
#[test]
fn results_into_constants() {
    let head = ".type sched_cls\n.map constants array 4 8 1 128";
    let body = "r2 = 0\nr3 = mapval[constants] ll\nr4 = 0\nr5 = 0\ncall 163\nr0 = 0\nexit";
    for target in ["linux-6.1", "linux-6.6", "linux-6.12", "linux-6.18"] {
        assert_eq!(
            verdict_on(target, head, body),
            "read-only-memory-write",
            "{target}"
        );
    }
}
