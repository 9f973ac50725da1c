//! What loaders without some capability are refused, rule by rule.
//!
//! The rules were learned on a running 6.18 (with CAP_BPF and CAP_NET_ADMIN only) and from
//! the expectations that Linux's selftests state for unprivileged users.

use bpfassay::check::types;
use bpfassay::report::Outcome;
use bpfassay::target::{self, Rights};
use bpfassay::{InputKind, Options, TargetChoice};

/// `accept`, or the name of the rule.
fn verdict(target: &str, caps: &str, program: &str) -> String {
    verdict_of(target, caps, "jit=on", program)
}

fn verdict_of(target: &str, caps: &str, setting: &str, program: &str) -> String {
    let mut target = target::by_name(target).expect("a target");
    let (key, value) = setting.split_once('=').expect("KEY=VALUE");
    target.config.set(key, value).expect("a setting");
    target.rights = Rights::parse(caps).expect("capabilities");
    target.config.unprivileged_bpf = true;
    let choice = [TargetChoice {
        target: &target,
        kernel_btf: types::of_target(&target),
    }];
    let options = Options {
        kind: InputKind::Asm,
        lints: false,
        ..Options::new("rights.bpfasm", &choice)
    };
    let report = bpfassay::check::check(program.as_bytes(), &options);
    let object = &report.objects[0];
    assert!(object.error.is_none(), "{:?}", object.error);
    match &object.programs[0].outcome {
        Outcome::Accept => "accept".to_owned(),
        Outcome::Reject(d) => d.code.name().to_owned(),
        other => format!("{other:?}"),
    }
}

/// Without CAP_PERFMON the rule refuses, with it nothing does.
fn kept(program: &str, rule: &str) {
    let all = verdict("linux-6.18", "bpf,net_admin,perfmon", program);
    assert_eq!(all, "accept", "{program}");
    let without = verdict("linux-6.18", "bpf,net_admin", program);
    assert_eq!(without, rule, "{program}");
}

fn check(target: &str, caps: &str, program: &str, expect: &str) {
    assert_eq!(
        verdict(target, caps, program),
        expect,
        "{target} {caps}\n{program}"
    );
}

const MAP: &str = ".map m array 4 16 1\n";
const LOOKUP: &str = "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[m] ll\ncall bpf_map_lookup_elem\nif r0 == 0 goto end\n";
const END: &str = "end:\nr0 = 0\nexit\n";

#[test]
fn addresses_stay_in_the_program() {
    let tc = |body: &str| format!(".type sched_cls\n{body}");
    kept(&tc("r0 = r1\nexit"), "pointer-leak");
    kept(
        &tc(&format!(
            "{MAP}r6 = r1\n{LOOKUP}*(u64 *)(r0 + 0) = r6\n{END}"
        )),
        "pointer-leak",
    );
    kept(
        &tc("r2 = r10\nr2 += -8\nw1 = w2\nr0 = 0\nexit"),
        "pointer-partial-copy",
    );
    kept(
        &tc("r0 = 0\nr1 = -r1\nexit"),
        "pointer-arithmetic-forbidden",
    );
    kept(
        &tc("r0 = 0\nr2 = r1\nr2 -= r1\nexit"),
        "pointer-arithmetic-forbidden",
    );
    kept(
        &tc("r0 = 0\nif r1 == 0 goto +0\nif r1 > 9 goto +0\nexit"),
        "pointer-comparison-forbidden",
    );
    kept(
        &tc("*(u64 *)(r10 - 8) = r1\n*(u32 *)(r10 - 8) = 0\nr0 = 0\nexit"),
        "spill-corrupted",
    );
    kept(
        &tc("*(u32 *)(r1 + 8) = r1\nr0 = 0\nexit"),
        "pointer-leak-into-context",
    );
}

#[test]
fn bytes_never_written_stay_unread() {
    kept(
        ".type sched_cls\nr0 = *(u64 *)(r10 - 8)\nexit",
        "stack-out-of-bounds",
    );
}

#[test]
fn moves_by_registers_need_a_known_window() {
    let packet = ".type xdp\nr2 = *(u32 *)(r1 + 0)\nr4 = *(u32 *)(r1 + 12)\nr4 &= 15\nr2 += r4\nr0 = 2\nexit";
    kept(packet, "pointer-arithmetic-out-of-range");
    let value = |mask: &str| {
        format!(
            ".type sched_cls\n{MAP}r6 = *(u32 *)(r1 + 0)\nr6 &= {mask}\n{LOOKUP}r0 += r6\nr1 = *(u8 *)(r0 + 0)\n{END}"
        )
    };
    check("linux-6.18", "bpf,net_admin", &value("15"), "accept");
    check(
        "linux-6.18",
        "bpf,net_admin",
        &value("31"),
        "pointer-arithmetic-out-of-range",
    );
}

/// Only a processor that runs ahead comes to the bad store.
#[test]
fn mispredicted_paths_are_walked() {
    let program = ".type sched_cls\nr0 = 0\nif r0 == 0 goto end\nr2 = *(u64 *)(r3 + 0)\nend:\nexit";
    check("linux-6.18", "bpf,net_admin", program, "accept");
    check(
        "linux-6.12",
        "bpf,net_admin",
        program,
        "uninitialized-register-read",
    );
    check("linux-6.12", "bpf,net_admin,perfmon", program, "accept");
}

#[test]
fn packets_are_compared_with_their_end() {
    let program = ".type xdp\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 8\nr0 = 2\nif r4 > r3 goto end\nr1 = *(u64 *)(r2 + 0)\nend:\nexit";
    check("linux-6.18", "bpf,net_admin", program, "accept");
}

#[test]
fn types_and_maps_and_helpers_ask_for_theirs() {
    check(
        "linux-6.18",
        "bpf",
        ".type xdp\nr0 = 2\nexit",
        "privilege-missing",
    );
    check(
        "linux-6.18",
        "bpf,net_admin",
        ".type kprobe\nr0 = 0\nexit",
        "privilege-missing",
    );
    check(
        "linux-6.18",
        "sys_admin",
        ".type kprobe\nr0 = 0\nexit",
        "accept",
    );
    let helper = ".type sched_cls\ncall bpf_get_current_task\nr0 = 0\nexit";
    kept(helper, "privilege-missing");
    let map = ".type socket\n.map m lru_hash 4 4 1\nr1 = map[m] ll\nr0 = 0\nexit";
    check("linux-6.18", "none", map, "privilege-missing");
    check("linux-6.18", "bpf", map, "accept");
}

#[test]
fn users_without_capabilities_neither_loop_nor_call() {
    let again = ".type socket\nr0 = 0\nagain:\nr0 += 1\nif r0 < 8 goto again\nexit";
    check("linux-6.18", "none", again, "back-edge");
    // Without CAP_PERFMON the side that is ruled out is walked, too, and repeats.
    check("linux-6.18", "bpf", again, "infinite-loop");
    check("linux-6.18", "bpf,perfmon", again, "accept");
    let call = ".type socket\ncall f\nexit\nfunc f:\nr0 = 0\nexit";
    check("linux-6.18", "none", call, "privilege-missing");
    check("linux-6.18", "none", ".type socket\nr0 = 0\nexit", "accept");
}

/// With the setting the program is refused by the rule that tells of options.
fn lacking(setting: &str, program: &str) {
    lacking_as(setting, program, "kernel-option-missing");
}

/// Kernels say of a helper that they lack what they say of one that is barred.
fn barred(setting: &str, program: &str) {
    lacking_as(setting, program, "function-not-allowed");
}

fn lacking_as(setting: &str, program: &str, rule: &str) {
    assert_eq!(
        verdict_of("linux-6.18", "all", "jit=on", program),
        "accept",
        "{program}"
    );
    let without = verdict_of("linux-6.18", "all", setting, program);
    assert_eq!(without, rule, "{setting}\n{program}");
}

#[test]
fn settings_of_the_kernel_decide() {
    let call = |name: &str, size: u32| {
        format!(".type kprobe\nr1 = r10\nr1 += -8\nr2 = {size}\nr3 = 0\ncall {name}\nr0 = 0\nexit")
    };
    barred(
        "lockdown=confidentiality",
        &call("bpf_probe_read_kernel", 8),
    );
    barred("lockdown=confidentiality", &call("bpf_probe_read_user", 8));
    lacking("CONFIG_BPF_EVENTS=off", &call("bpf_probe_read_kernel", 8));
    let write = ".type kprobe\n*(u64 *)(r10 - 8) = 0\nr1 = 0\nr2 = r10\nr2 += -8\nr3 = 8\ncall bpf_probe_write_user\nr0 = 0\nexit";
    barred("lockdown=integrity", write);
    lacking("CONFIG_CGROUP_BPF=off", ".type cgroup_skb\nr0 = 1\nexit");
    let xsk = ".type xdp\n.map m xskmap 4 4 1\nr1 = map[m] ll\nr0 = 2\nexit";
    lacking("CONFIG_XDP_SOCKETS=off", xsk);
    let jumps = ".type sched_cls\n.map j prog_array 4 4 1\nr6 = r1\ncall own\nr1 = r6\nr2 = map[j] ll\nr3 = 0\ncall bpf_tail_call\nr0 = 0\nexit\nfunc own:\nr0 = 0\nexit";
    lacking("jit=off", jumps);
}

#[test]
fn without_mitigations_nothing_runs_ahead() {
    let packet = ".type xdp\nr2 = *(u32 *)(r1 + 0)\nr4 = *(u32 *)(r1 + 12)\nr4 &= 15\nr2 += r4\nr0 = 2\nexit";
    let caps = "bpf,net_admin";
    assert_eq!(
        verdict_of("linux-6.18", caps, "mitigations=off", packet),
        "accept"
    );
}
