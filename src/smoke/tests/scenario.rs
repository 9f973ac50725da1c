//! Scenarios: what the files may say, and what helpers make of it.

use std::sync::Arc;

use super::{image, program, run_with};
use crate::smoke::packet::Packet;
use crate::smoke::runtime::{Config, Runtime};
use crate::smoke::scenario::{Found, Question, Scenario, read};
use crate::smoke::{FaultKind, SmokeOptions, run};

const WORLD: &str = r#"
ingress = "eth0"
[[interface]]
name = "eth0"
index = 2
mac = "02:00:00:00:00:02"
[[interface]]
name = "wan"
index = 7
mac = "02:00:00:00:00:07"
mtu = 1400
forwarding = false
[[route]]
to = "default"
via = "10.0.0.254"
dev = "wan"
metric = 5
[[route]]
to = "10.0.0.0/24"
dev = "eth0"
src = "10.0.0.1"
[[route]]
to = "10.9.0.0/16"
type = "blackhole"
[[route]]
to = "2001:db8::/32"
dev = "eth0"
[[neighbour]]
ip = "10.0.0.254"
mac = "02:00:00:00:00:fe"
dev = "wan"
[[socket]]
protocol = "tcp"
local = "10.0.0.1:80"
mark = 9
[[socket]]
protocol = "tcp"
local = "10.0.0.1:80"
remote = "10.0.0.2:4000"
cookie = 77
[[socket]]
protocol = "udp"
local = "*:53"
[[cgroup]]
path = "/a"
id = 11
[[cgroup]]
path = "/a/b"
id = 22
[task]
tgid = 41
pid = 42
uid = 1
gid = 3
comm = "worker"
cgroup = "/a/b"
kernel-stack = ["0xffffffff81000010", "0xffffffff81000020"]
[time]
monotonic = 5_000
step = 10
asleep = 100
tai = 900_000
[cpu]
count = 8
current = 5
node = 1
"#;

fn config(text: &str) -> Config {
    let scenario: Scenario = read(text).unwrap_or_else(|e| panic!("{e}"));
    Config::of(Some(Arc::new(scenario)))
}

fn done(text: &str) -> (u64, Runtime) {
    let (result, rt) = run_with(&image(text), &config(WORLD), |_| 0);
    (result.unwrap_or_else(|f| panic!("{f}\n{text}")).ret, rt)
}

/// r0 in the world above.
fn returns(text: &str, expect: u64) {
    assert_eq!(done(text).0, expect, "{text}");
}

#[test]
fn the_task_the_clock_and_the_cpu_are_the_stated_ones() {
    let call = |helper: &str| format!(".type kprobe\ncall {helper}\nexit");
    returns(&call("bpf_get_current_pid_tgid"), 41 << 32 | 42);
    returns(&call("bpf_get_current_uid_gid"), 3 << 32 | 1);
    returns(&call("bpf_get_current_cgroup_id"), 22);
    returns(&call("bpf_get_smp_processor_id"), 5);
    returns(&call("bpf_get_numa_node_id"), 1);
    returns(&call("bpf_ktime_get_ns"), 5_010);
    returns(&call("bpf_ktime_get_boot_ns"), 5_110);
    returns(&call("bpf_ktime_get_tai_ns"), 900_010);
    let ancestor = |level: u32| {
        format!(".type kprobe\nr1 = {level}\ncall bpf_get_current_ancestor_cgroup_id\nexit")
    };
    for (level, id) in [(0, 1), (1, 11), (2, 22), (3, 0)] {
        returns(&ancestor(level), id);
    }
    let comm = ".type kprobe\nr1 = r10\nr1 += -16\nr2 = 16\ncall bpf_get_current_comm\n\
        r0 = *(u64 *)(r10 - 16)\nexit";
    returns(comm, u64::from_le_bytes(*b"worker\0\0"));
}

/// A lookup of an IPv4 address that came in by an interface: the result, and 32 bits of
/// the parameters behind it.
fn fib(to: [u8; 4], dev: u32, len: u32, flags: u32, off: i32) -> (u64, u32) {
    let (both, _) = done(&asks(to, dev, len, flags, off));
    ((both as i64 >> 32) as u64, both as u32)
}

/// The program that does.
fn asks(to: [u8; 4], dev: u32, len: u32, flags: u32, off: i32) -> String {
    let to = u32::from_le_bytes(to);
    let zero: String = (1..=8)
        .map(|n| format!("*(u64 *)(r10 - {}) = r2\n", 8 * n))
        .collect();
    format!(
        "r6 = r1\nr2 = 0\n{zero}r2 = 2\n*(u8 *)(r10 - 64) = r2\nr2 = {len}\n*(u16 *)(r10 - 58) = r2\n\
         r2 = {dev}\n*(u32 *)(r10 - 56) = r2\nr2 = {to} ll\n*(u32 *)(r10 - 32) = r2\nr1 = r6\n\
         r2 = r10\nr2 += -64\nr3 = 64\nr4 = {flags}\ncall bpf_fib_lookup\nr0 <<= 32\n\
         r1 = *(u32 *)(r10 - {})\nr0 |= r1\nexit",
        64 - off
    )
}

#[test]
fn routes_are_looked_up_as_the_kernel_does() {
    const EXTERN: [u8; 4] = [1, 1, 1, 1];
    // The default route: interface, gateway, metric, size, both link addresses.
    assert_eq!(fib(EXTERN, 2, 0, 0, 8), (0, 7));
    let gateway = u32::from_le_bytes([10, 0, 0, 254]);
    assert_eq!(fib(EXTERN, 2, 0, 0, 32), (0, gateway));
    assert_eq!(fib(EXTERN, 2, 0, 0, 12), (0, 5));
    assert_eq!(fib(EXTERN, 2, 0, 0, 4).1 >> 16, 1400);
    let mac = u32::from_le_bytes([2, 0, 0, 0]);
    assert_eq!(fib(EXTERN, 2, 0, 0, 52), (0, mac));
    assert_eq!(
        fib(EXTERN, 2, 0, 0, 60).1,
        u32::from_le_bytes([0, 0, 0, 0xfe])
    );
    // Too long, no neighbour, without asking for one, a black hole.
    assert_eq!(fib(EXTERN, 2, 1401, 0, 4).0, 8);
    assert_eq!(fib([10, 0, 0, 9], 2, 0, 0, 8), (7, 2));
    assert_eq!(fib([10, 0, 0, 9], 2, 0, 4, 52), (0, 0));
    assert_eq!(fib([10, 9, 1, 1], 2, 0, 0, 8).0, 1);
    // A source address, where the route has one.
    let own = u32::from_le_bytes([10, 0, 0, 1]);
    assert_eq!(fib([10, 0, 0, 9], 2, 0, 4 | 16, 16), (0, own));
    // No such interface, one that forwards nothing, no such table, no such flag.
    assert_eq!(fib(EXTERN, 3, 0, 0, 8).0 as i64, -19);
    assert_eq!(fib(EXTERN, 7, 0, 0, 8).0, 5);
    assert_eq!(fib(EXTERN, 7, 0, 2, 8).0, 5);
    assert_eq!(fib(EXTERN, 2, 0, 1 | 8, 8).0, 4);
    assert_eq!(fib(EXTERN, 2, 0, 64, 8).0 as i64, -22);
}

/// Which address the host takes of several, nobody states.
#[test]
fn a_source_address_that_no_route_suggests_is_not_modelled() {
    let check = |text: &str, expect: &str| {
        let (result, _) = run_with(&image(text), &config(WORLD), |_| 0);
        let kind = result.unwrap_err().kind;
        assert_eq!(kind, FaultKind::NotModelled(expect.to_owned()));
    };
    check(
        &asks([1, 1, 1, 1], 2, 0, 16, 16),
        "unknown: a source address is wanted, and the route states none (`src`)",
    );
    // That it is too long comes first.
    assert_eq!(fib([1, 1, 1, 1], 2, 1401, 16, 16).0, 8);
}

/// A run over a packet of zeros.
fn with_packet(text: &str, len: usize, world: &str) -> Result<u64, FaultKind> {
    let (result, _) = run_with(&image(text), &config(world), |rt| {
        rt.packet = Packet::new(&mut rt.mem, &vec![0; len], true);
        0
    });
    result.map(|o| o.ret).map_err(|fault| fault.kind)
}

#[test]
fn without_a_length_traffic_control_holds_its_packet_against_the_link() {
    // The route's own mtu is smaller, but not the link's.
    let world = WORLD.replace("metric = 5", "metric = 5\nmtu = 1000");
    let check = |kind: &str, len: usize, told: u32, expect: (i64, u32)| {
        let text = format!(".type {kind}\n{}", asks([1, 1, 1, 1], 2, told, 0, 4));
        let both = with_packet(&text, len, &world).unwrap();
        assert_eq!(
            (both as i64 >> 32, both as u32 >> 16),
            expect,
            "{kind} {len}"
        );
    };
    check("sched_cls", 1418, 0, (0, 1400));
    check("sched_cls", 1419, 0, (8, 1400));
    check("sched_cls", 1419, 900, (0, 1000));
    check("xdp", 1419, 0, (0, 1000));
}

#[test]
fn a_route_is_held_to_its_own_size_whatever_the_interface_takes() {
    let fits = |mtu: u32, len: u32| {
        let world = WORLD.replace("metric = 5", &format!("metric = 5\nmtu = {mtu}"));
        let text = asks([1, 1, 1, 1], 2, len, 0, 4);
        let (result, _) = run_with(&image(&text), &config(&world), |_| 0);
        let both = result.unwrap().ret as i64;
        (both >> 32, both as u32 >> 16)
    };
    assert_eq!(fits(1000, 1000), (0, 1000));
    assert_eq!(fits(1000, 1001), (8, 1000));
    assert_eq!(fits(1450, 1450), (0, 1450));
    assert_eq!(fits(1450, 1451), (8, 1450));
}

#[test]
fn what_goes_out_by_an_interface_is_bound_to_it_in_ipv4_only() {
    let world = "[[interface]]\nname = \"a\"\nindex = 2\n[[interface]]\nname = \"b\"\nindex = 3\n\
        [[route]]\nto = \"25.1.0.0/16\"\ndev = \"a\"\n[[route]]\nto = \"25.0.0.0/8\"\ndev = \"b\"\n\
        [[route]]\nto = \"fd25:1::/48\"\ndev = \"a\"\n[[route]]\nto = \"fd25::/32\"\ndev = \"b\"\n";
    let world = read(world).unwrap();
    let by = |to: &str, dev: u32| {
        let question = Question {
            dev,
            to: to.parse().unwrap(),
            len: 0,
            table: None,
            output: true,
            skip_neighbour: true,
            source: false,
        };
        match world.fib(&question) {
            Found::Way(hop, _) => Some(hop.dev),
            _ => None,
        }
    };
    assert_eq!(by("25.1.0.1", 2), Some(2));
    assert_eq!(by("25.1.0.1", 3), Some(3));
    assert_eq!(by("25.2.0.1", 2), None);
    assert_eq!(by("fd25:1::1", 2), Some(2));
    assert_eq!(by("fd25:1::1", 3), Some(2));
    assert_eq!(by("fd25:0:1::1", 2), Some(3));
}

/// A lookup of a socket by an IPv4 tuple: what a field of it holds, or -1.
fn socket(kind: &str, from: ([u8; 4], u16), to: ([u8; 4], u16), field: u32) -> i64 {
    done(&finds(kind, from, to, field)).0 as i64
}

/// The program that does.
fn finds(kind: &str, from: ([u8; 4], u16), to: ([u8; 4], u16), field: u32) -> String {
    let word = u32::from_le_bytes;
    let ports = word(
        [from.1.to_be_bytes(), to.1.to_be_bytes()]
            .concat()
            .try_into()
            .unwrap(),
    );
    format!(
        ".type sched_cls\nr2 = {} ll\n*(u32 *)(r10 - 16) = r2\nr2 = {} ll\n*(u32 *)(r10 - 12) = r2\n\
         r2 = {ports} ll\n*(u32 *)(r10 - 8) = r2\nr2 = r10\nr2 += -16\nr3 = 12\nr4 = -1\nr5 = 0\n\
         call bpf_sk_lookup_{kind}\nif r0 != 0 goto +2\nr0 = -1\nexit\nr6 = *(u32 *)(r0 + {field})\n\
         r1 = r0\ncall bpf_sk_release\nr0 = r6\nexit",
        word(from.0),
        word(to.0),
    )
}

#[test]
fn sockets_are_found_by_both_ends_then_by_listeners() {
    let (server, client) = (([10, 0, 0, 1], 80), ([10, 0, 0, 2], 4000));
    // The connection's state, then the listener's, and its mark.
    assert_eq!(socket("tcp", client, server, 72), 1);
    assert_eq!(socket("tcp", ([10, 0, 0, 2], 4001), server, 72), 10);
    assert_eq!(socket("tcp", ([10, 0, 0, 3], 4000), server, 16), 9);
    assert_eq!(socket("tcp", client, ([10, 0, 0, 1], 81), 72), -1);
    assert_eq!(socket("udp", client, server, 72), -1);
    assert_eq!(socket("udp", client, ([10, 0, 0, 1], 53), 44), 53);
}

#[test]
fn a_bound_socket_takes_what_comes_in_by_its_interface() {
    let bound = |head: &str| {
        format!(
            "{head}[[interface]]\nname = \"lan\"\nindex = 2\n[[interface]]\nname = \"wan\"\nindex = 3\n\
             [[socket]]\nprotocol = \"tcp\"\nlocal = \"10.0.0.1:80\"\nmark = 1\n\
             [[socket]]\nprotocol = \"tcp\"\nlocal = \"10.0.0.1:80\"\nmark = 2\ndev = \"wan\"\n\
             [[socket]]\nprotocol = \"tcp\"\nlocal = \"10.0.0.1:81\"\nmark = 3\ndev = \"wan\"\n"
        )
    };
    let mark = |port: u16, head: &str| {
        let text = finds("tcp", ([10, 0, 0, 2], 4000), ([10, 0, 0, 1], port), 16);
        with_packet(&text, 60, &bound(head)).map(|mark| mark as i64)
    };
    let (lan, wan) = ("ingress = \"lan\"\n", "ingress = \"wan\"\n");
    assert_eq!(mark(80, lan), Ok(1));
    assert_eq!(mark(80, wan), Ok(2));
    assert_eq!(mark(81, lan), Ok(-1));
    assert_eq!(mark(81, wan), Ok(3));
    assert_eq!(mark(82, ""), Ok(-1));
    // What a socket received is on no interface any more.
    for (head, port, expect) in [("", 81, -1), (wan, 81, -1), (wan, 80, 1)] {
        let text = finds("tcp", ([10, 0, 0, 2], 4000), ([10, 0, 0, 1], port), 16);
        let text = text.replace("sched_cls", "sk_skb");
        let found = with_packet(&text, 60, &bound(head)).map(|mark| mark as i64);
        assert_eq!(found, Ok(expect), "{head:?} {port}");
    }
    for port in [80, 81] {
        assert!(matches!(mark(port, ""), Err(FaultKind::NotModelled(_))));
    }
    // Without a packet nothing comes in.
    let text = finds("tcp", ([10, 0, 0, 2], 4000), ([10, 0, 0, 1], 81), 16);
    let (result, _) = run_with(&image(&text), &config(&bound("")), |_| 0);
    assert_eq!(result.unwrap().ret as i64, -1);
}

#[test]
fn sizes_of_links_are_checked() {
    let asks = |dev: u32, len: u32, diff: i32, flags: u32| {
        format!(
            "r2 = {len}\n*(u32 *)(r10 - 8) = r2\nr2 = {dev}\nr3 = r10\nr3 += -8\nr4 = {diff}\n\
             r5 = {flags}\ncall bpf_check_mtu\nexit"
        )
    };
    let check = |dev: u32, len: u32, diff: i32| done(&asks(dev, len, diff, 0)).0 as i64;
    assert_eq!(check(7, 1400, 0), 0);
    assert_eq!(check(7, 1400, 1), 1);
    assert_eq!(check(0, 1500, 0), 0);
    assert_eq!(check(3, 100, 0), -19);
    // What is asked for amiss comes before the interface, whichever program asks.
    let flags = |kind: &str, dev: u32, len: u32, diff: i32, flags: u32| {
        let text = format!(".type {kind}\n{}", asks(dev, len, diff, flags));
        with_packet(&text, 60, WORLD).map(|r| r as i64)
    };
    assert_eq!(flags("tc", 3, 0, 0, 1), Ok(-19));
    assert_eq!(flags("tc", 3, 100, 0, 1), Ok(-22));
    assert_eq!(flags("tc", 3, 0, 4, 1), Ok(-22));
    assert_eq!(flags("tc", 3, 0, 0, 2), Ok(-22));
    assert_eq!(flags("xdp", 3, 0, 0, 1), Ok(-22));
    // Which interface is the packet's own, where that is not stated.
    let world = WORLD.replace("ingress = \"eth0\"\n", "");
    for (kind, world) in [("tc", &*world), ("xdp", &world)] {
        let text = format!(".type {kind}\n{}", asks(0, 100, 0, 0));
        let result = with_packet(&text, 60, world);
        assert!(matches!(result, Err(FaultKind::NotModelled(_))), "{kind}");
    }
}

#[test]
fn no_packet_of_ipv4_is_longer_than_its_length_tells() {
    let world = WORLD.replace("mtu = 1400", "mtu = 65536");
    let (result, _) = run_with(
        &image(&asks([1, 1, 1, 1], 2, 0, 0, 4)),
        &config(&world),
        |_| 0,
    );
    assert_eq!(result.unwrap().ret as u32 >> 16, 65_535);
}

#[test]
fn stacks_are_the_stated_ones() {
    let text = ".type kprobe\nr2 = r10\nr2 += -32\nr3 = 32\nr4 = 1\ncall bpf_get_stack\n\
        r1 = *(u64 *)(r10 - 32)\nr1 &= 255\nr0 <<= 8\nr0 |= r1\nexit";
    returns(text, 8 << 8 | 0x20);
    let id = ".type kprobe\n.map stacks stack_trace 4 1016 16\nr6 = r1\nr2 = map[stacks] ll\nr3 = 0\n\
        call bpf_get_stackid\nr7 = r0\nr1 = r6\nr2 = map[stacks] ll\nr3 = 0\ncall bpf_get_stackid\n\
        r7 -= r0\nr0 = r7\nexit";
    returns(id, 0);
    let copy = |size: u32, flags: u32| {
        format!(
            ".type kprobe\nr2 = r10\nr2 += -64\nr3 = {size}\nr4 = {flags}\ncall bpf_get_stack\nexit"
        )
    };
    let error = |errno: i64| errno as u64;
    // Some of two frames, all of them, none left, fewer than are left out.
    returns(&copy(8, 0), 8);
    returns(&copy(64, 0), 16);
    returns(&copy(64, 2), 0);
    returns(&copy(64, 3), error(-14));
    // Half an address, flags of another helper and of none, build ids of the kernel.
    returns(&copy(12, 0), error(-22));
    returns(&copy(64, 1 << 9), error(-22));
    returns(&copy(64, 1 << 12), error(-22));
    returns(&copy(64, 1 << 11), error(-22));
    let world = WORLD.replace("kernel-stack", "user-stack");
    let ids = |size: u32, skip: u32| {
        let text = copy(size, skip | 1 << 8 | 1 << 11);
        let (result, _) = run_with(&image(&text), &config(&world), |_| 0);
        result.map(|o| o.ret).map_err(|f| f.kind)
    };
    assert_eq!(ids(40, 0), Ok(error(-22)));
    assert_eq!(ids(64, 3), Ok(error(-14)));
    assert_eq!(ids(0, 0), Ok(0));
    let expect = "unknown: build ids of a stated stack".to_owned();
    assert_eq!(ids(64, 0), Err(FaultKind::NotModelled(expect)));
}

/// The search leaves alone what follows from a statement.
#[test]
fn what_is_stated_is_not_steered() {
    let world = WORLD.replace("kernel-stack", "user-stack = [\"0x10\"]\nkernel-stack");
    let steered = |text: &str, world: Option<&str>| {
        let options = SmokeOptions {
            most: 4,
            steered: 32,
            scenario: world.and_then(|text| config(text).scenario),
            ..SmokeOptions::default()
        };
        let report = run(&program(text), &options);
        let steers = report.runs.iter().map(|r| r.input.steer.to_string());
        steers.filter(|s| s.contains("r:")).count()
    };
    let rare = "if r0 == 0x1234 goto rare\nr0 = 0\nexit\nrare:\nr0 = 1\nexit";
    let check = |call: &str| {
        let text = format!(".type {call}\n{rare}");
        assert_eq!(steered(&text, Some(&world)), 0, "{call}");
        assert!(steered(&text, None) > 0, "{call}");
    };
    for helper in [
        "jiffies64",
        "ktime_get_ns",
        "ktime_get_boot_ns",
        "ktime_get_coarse_ns",
        "ktime_get_tai_ns",
        "get_current_pid_tgid",
        "get_current_uid_gid",
        "get_current_cgroup_id",
    ] {
        check(&format!("kprobe\ncall bpf_{helper}"));
    }
    let buffer = |reg: u32| format!("r{reg} = r10\nr{reg} += -64\n");
    // The namespace may be another, the interface may take nothing; one that is not there
    // fails.
    let namespace = format!(
        ".type kprobe\nr1 = 1\nr2 = 2\n{}r4 = 8\ncall bpf_get_ns_current_pid_tgid\n{rare}",
        buffer(3)
    );
    assert!(steered(&namespace, Some(&world)) > 0);
    let copy =
        |dev: u32| format!(".type sched_cls\nr2 = {dev}\nr3 = 0\ncall bpf_clone_redirect\n{rare}");
    assert!(steered(&copy(7), Some(&world)) > 0);
    assert_eq!(steered(&copy(3), Some(&world)), 0);
    assert!(steered(&copy(3), None) > 0);
    for flags in [0, 256] {
        check(&format!(
            "kprobe\n.map m stack_trace 4 1016 16\nr2 = map[m] ll\nr3 = {flags}\n\
             call bpf_get_stackid"
        ));
        let text = format!(
            ".type kprobe\n{}r3 = 64\nr4 = {flags}\ncall bpf_get_stack\n\
             if r0 == 40 goto rare\nr0 = 0\nexit\nrare:\nr0 = 1\nexit",
            buffer(2)
        );
        assert_eq!(steered(&text, Some(&world)), 0, "{text}");
        assert!(steered(&text, None) > 0, "{text}");
    }
    // The cookie of a socket that was found, not that of a packet.
    let lookup = finds("tcp", ([10, 0, 0, 2], 4000), ([10, 0, 0, 1], 80), 16);
    let found = lookup.replace(
        "r6 = *(u32 *)(r0 + 16)",
        "r7 = r0\nr1 = r0\ncall bpf_get_socket_cookie\nr6 = 0\nif r0 != 0x1234 goto +1\nr6 = 1\nr0 = r7",
    );
    assert_eq!(steered(&found, Some(&world)), 0);
    assert!(steered(&found, None) > 0);
    let own = format!(".type sched_cls\ncall bpf_get_socket_cookie\n{rare}");
    assert!(steered(&own, Some(&world)) > 0);
}

/// That of the connection, not of the listener before it.
#[test]
fn cookies_are_those_of_the_found_sockets() {
    let lookup = finds("tcp", ([10, 0, 0, 2], 4000), ([10, 0, 0, 1], 80), 16);
    let text = lookup.replace(
        "r6 = *(u32 *)(r0 + 16)",
        "r7 = r0\nr1 = r0\ncall bpf_get_socket_cookie\nr6 = r0\nr0 = r7",
    );
    returns(&text, 77);
}

#[test]
fn faults_name_line_and_what_was_meant() {
    let check = |text: &str, expect: &str| assert_eq!(read(text).unwrap_err(), expect, "{text}");
    check("[tsk]\n", "line 1: unknown key tsk (did you mean task?)");
    check(
        "[task]\npid = 1\ncom = \"x\"\n",
        "line 3: unknown key task.com (did you mean comm?)",
    );
    check(
        "[task]\npid = -1\n",
        "line 2: task.pid: a number from 0 to 2147483647 is wanted",
    );
    check(
        "[[interface]]\nname = \"eth0\"\nindex = 1\n[[route]]\nto = \"default\"\ndev = \"eth1\"\n",
        "line 6: route.dev: no interface \"eth1\" is stated (did you mean eth0?)",
    );
    check(
        "[[route]]\nto = \"10.0.0.1/8\"\n",
        "line 2: route.to: \"10.0.0.1/8\" has bits behind its first 8",
    );
    check(
        "[[route]]\nto = \"10.0.0.0/8\"\n",
        "line 1: route.dev: is missing",
    );
    check(
        "[interface]\n",
        "line 1: interface is a list: write [[interface]]",
    );
    check(
        "[cpu]\ncurrent = 4\n",
        "line 2: cpu.current: there are 4 CPUs, from 0 on",
    );
    check(
        "[task]\ncgroup = \"/b\"\n[[cgroup]]\npath = \"/a\"\nid = 2\n",
        "line 2: task.cgroup: no cgroup \"/b\" is stated",
    );
    check(
        "[[socket]]\nprotocol = \"tcp\"\nlocal = \"[::1]:80\"\nremote = \"10.0.0.1:1\"\n",
        "line 4: socket.remote: of another family than the local end",
    );
    // The kernel chooses among equal ways of IPv6; of IPv4 the first is taken.
    let twice = |to: &str, via: &str| {
        let route = format!("[[route]]\nto = \"{to}\"\ndev = \"lan\"\n");
        format!("[[interface]]\nname = \"lan\"\nindex = 2\n{route}{route}{via}")
    };
    let expect = "line 8: route.to: a route of this prefix, table and metric is stated already";
    check(&twice("fd25::/32", "via = \"fe80::1\"\n"), expect);
    check(&twice("25.0.0.0/8", ""), expect);
    assert!(read(&twice("25.0.0.0/8", "via = \"25.0.0.1\"\n")).is_ok());
    assert!(read("[task\n").unwrap_err().starts_with("line 1: "));
    let long = format!("#{}", "x".repeat(1 << 20));
    assert_eq!(read(&long).unwrap_err(), "longer than 1048576 bytes");
    let many = "[[cgroup]]\npath = \"/a\"\nid = 1\n".repeat(5000);
    assert_eq!(
        read(&many).unwrap_err(),
        "line 1: more than 4096 of [[cgroup]]"
    );
    assert_eq!(read("").unwrap(), Scenario::default());
}
