//! Runs as another runtime makes them: both engines, each with what its profile has.

use std::sync::Arc;

use super::program;
use crate::smoke::{FaultKind, Input, SmokeOptions, SmokeReport, run};
use crate::target::Profile;
use crate::target::profile::embedded;

fn profile(name: &str) -> Arc<Profile> {
    Arc::new(embedded().find(|p| p.name == name).unwrap())
}

fn on(profile: Arc<Profile>, text: &str) -> SmokeReport {
    let options = SmokeOptions {
        host: Some(profile),
        ..SmokeOptions::default()
    };
    let report = run(&program(text), &options);
    assert_eq!(report.disagreements().count(), 0, "the engines disagree");
    assert!(!report.runs.is_empty());
    report
}

/// What every run returns.
fn returns(runtime: &str, text: &str, expect: i64) {
    for one in on(profile(runtime), text).runs {
        let ret = one.result.as_ref().map(|o| o.ret as i64);
        assert_eq!(ret, Ok(expect), "{runtime}");
    }
}

/// How every run ends, and at which instruction.
fn ends(runtime: &str, text: &str, insn: u32, expect: &str) {
    for one in on(profile(runtime), text).runs {
        let fault = one.result.unwrap_err();
        assert_eq!(fault.site.insn, insn);
        assert_eq!(fault.kind.to_string(), expect);
        assert!(matches!(fault.kind, FaultKind::Absent(_)));
    }
}

#[test]
fn what_is_absent_ends_the_run_where_it_is_reached() {
    const RANDOM: &str = "call bpf_get_prandom_u32\nr0 = 1\nexit";
    returns("bpftime", RANDOM, 1);
    ends(
        "rbpf",
        RANDOM,
        0,
        "rbpf has no helper bpf_get_prandom_u32: not registered unless the host does",
    );
    // What no run comes to harms none.
    returns(
        "rbpf",
        "r0 = 3\nif r0 == 3 goto +1\ncall bpf_get_prandom_u32\nexit",
        3,
    );
    ends(
        "dragonos",
        ".type kprobe\n.map events ringbuf 0 0 4096\nr0 = 0\nr1 = map[events] ll\nexit",
        1,
        "dragonos has no maps of type ringbuf (events): unimplemented!() - the kernel panics",
    );
    ends(
        "dragonos",
        "r0 = 2\nexit",
        0,
        "dragonos has no programs of type xdp: programs attach to kprobes and tracepoints only",
    );
    ends(
        "rbpf",
        "r1 = 1\nlock *(u64 *)(r10 - 8) |= r1\nr0 = 0\nexit",
        1,
        "rbpf has no atomic or: atomics other than legacy XADD are not supported",
    );
    ends(
        "mimic",
        "call bpf_get_current_pid_tgid\nr0 = 0\nexit",
        0,
        "mimic has no helper bpf_get_current_pid_tgid: captured-context replay only",
    );
}

#[test]
fn what_is_there_in_another_way_is_done_so() {
    // Linux divides with sign, rbpf without.
    const DIVIDE: &str = "w0 = -6\nw0 s/= 2\nexit";
    assert_eq!(super::run(DIVIDE) as i32, -3);
    returns("rbpf", DIVIDE, 0x7fff_fffd);
    const MOVE: &str = "r1 = 255\nr0 = (s8)r1\nexit";
    assert_eq!(super::run(MOVE) as i64, -1);
    returns("rbpf", MOVE, 255);
    // A string's length is 5 on Linux.
    const STRING: &str = "r1 = 1684234849\n*(u64 *)(r10 - 8) = r1\nr1 = r10\nr1 += -16\nr2 = 8\n\
        r3 = r10\nr3 += -8\ncall bpf_probe_read_str\nexit";
    let kprobe = format!(".type kprobe\n{STRING}");
    assert_eq!(super::run(&kprobe), 5);
    returns("bpftime", &kprobe, 0);
    const DELETE: &str = ".map m hash 4 4 4\nr1 = 7\n*(u64 *)(r10 - 8) = r1\nr2 = r10\nr2 += -8\n\
        r1 = map[m] ll\ncall bpf_map_delete_elem\nexit";
    assert_eq!(super::run(DELETE) as i64, -2);
    let report = on(profile("mimic"), DELETE);
    assert_eq!(report.runs.first().unwrap().result.as_ref().unwrap().ret, 2);
    const USER: &str = ".type kprobe\ncall bpf_get_current_uid_gid\nr1 = r0\nr1 >>= 32\n\
        w2 = w0\nr0 = 1\nif r1 == r2 goto +1\nr0 = 0\nexit";
    returns("bpftime", USER, 1);
}

#[test]
fn what_nobody_tells_is_undecided_and_says_so() {
    let text = "schema = \"bpfassay-profile-v1\"\nname = \"mine\"\n[prog_types]\nxdp = \"yes\"\n\
        [helpers]\nbpf_ktime_get_ns = \"yes\"\n[limits]\nframes = 2\n[mechanisms]\nbpf_to_bpf = \"yes\"\n";
    let mine = Arc::new(Profile::parse(text).unwrap());
    let report = on(Arc::clone(&mine), "call bpf_get_prandom_u32\nr0 = 0\nexit");
    assert_eq!(
        report.verdict.to_string(),
        "skipped: not modelled: unknown: nothing is told of mine about helper bpf_get_prandom_u32"
    );
    // The type and what it attaches to are asked for as helpers are.
    let check = |text: &str, expect: &str| {
        let report = on(Arc::clone(&mine), text);
        let told =
            format!("skipped: not modelled: unknown: nothing is told of mine about {expect}");
        assert_eq!(report.verdict.to_string(), told);
    };
    check(".type kprobe\nr0 = 0\nexit", "programs of type kprobe");
    check(
        ".type xdp\n.option attach_type xdp_devmap\nr0 = 0\nexit",
        "attachment to xdp_devmap",
    );
    let deep = "call f\nexit\nf:\ncall g\nexit\ng:\nr0 = 0\nexit";
    let report = on(mine, deep);
    let fault = report.runs.first().unwrap().result.as_ref().unwrap_err();
    assert_eq!(fault.kind, FaultKind::CallDepth);
}

/// What is stated of a result goes through the runtime's way, too.
#[test]
fn a_stated_result_is_given_as_the_runtime_gives_it() {
    let stated = |runtime: &str, text: &str, steer: &str| {
        let only = [Input {
            label: "stated".into(),
            seed: 1,
            packet: vec![0; 60],
            context: None,
            populated: false,
            steer: steer.parse().unwrap(),
        }];
        let options = SmokeOptions {
            host: Some(profile(runtime)),
            only: Some(&only),
            ..SmokeOptions::default()
        };
        let report = run(&program(text), &options);
        let one = report.runs.first().unwrap();
        one.result.as_ref().unwrap().ret as i64
    };
    const STRING: &str = ".type kprobe\nr1 = r10\nr1 += -16\nr2 = 8\nr3 = r10\nr3 += -8\n\
        *(u64 *)(r10 - 8) = 0\ncall bpf_probe_read_str\nexit";
    assert_eq!(stated("bpftime", STRING, "r:6.0=5"), 0);
    const DELETE: &str = ".map m hash 4 4 4\nr1 = 7\n*(u64 *)(r10 - 8) = r1\nr2 = r10\nr2 += -8\n\
        r1 = map[m] ll\ncall bpf_map_delete_elem\nexit";
    assert_eq!(stated("mimic", DELETE, "r:6.0=-7"), 7);
    // The search asks for no result that there is only one of.
    let rare = STRING.replace("exit", "if r0 == 5 goto +2\nr0 = 0\nexit\nr0 = 1\nexit");
    let report = on(profile("bpftime"), &rare);
    let steers = report.runs.iter().map(|r| r.input.steer.to_string());
    assert_eq!(steers.filter(|s| s.contains("r:")).count(), 0);
}
