//! What is known of this process and its network, as a scenario: the kernel runs programs
//! in the thread that asks for it, over the loopback device.

use std::fs;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use bpfassay::smoke::scenario::{Interface, Scenario, Socket, Task};

fn read(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// The scenario of this thread.
pub fn stated() -> Arc<Scenario> {
    static COMMON: OnceLock<Scenario> = OnceLock::new();
    let mut scenario = COMMON.get_or_init(common).clone();
    let thread = fs::read_link("/proc/thread-self").expect("procfs is mounted");
    let thread = thread.to_string_lossy().into_owned();
    let mut numbers = thread
        .split('/')
        .filter_map(|part| part.parse::<u32>().ok());
    scenario.task.tgid = numbers.next();
    scenario.task.pid = numbers.next();
    let name = read("/proc/thread-self/comm").unwrap_or_default();
    let mut comm = [0; 16];
    comm[..name.len()].copy_from_slice(name.as_bytes());
    scenario.task.comm = Some(comm);
    Arc::new(scenario)
}

fn common() -> Scenario {
    let status = read("/proc/self/status").unwrap_or_default();
    let id = |key: &str| {
        let line = status.lines().find_map(|l| l.strip_prefix(key))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let interfaces = interfaces();
    let loopback = interfaces.iter().find(|i| i.name == "lo");
    Scenario {
        ingress: loopback.map(|i| i.index),
        interfaces: Some(interfaces),
        routes: Some(Vec::new()),
        sockets: Some(["tcp", "udp"].into_iter().flat_map(sockets).collect()),
        task: Task {
            uid: id("Uid:"),
            gid: id("Gid:"),
            // Other cgroups' ids are not known: see `unknown`.
            cgroup: Some("/".into()),
            ..Task::default()
        },
        ..Scenario::default()
    }
}

/// Sockets of IPv4, as procfs lists them.
fn sockets(table: &'static str) -> Vec<Socket> {
    let text = read(&format!("/proc/net/{table}")).unwrap_or_default();
    let end = |word: &str| {
        let (addr, port) = word.split_once(':')?;
        let addr = u32::from_str_radix(addr, 16).ok()?.to_le_bytes();
        let port = u16::from_str_radix(port, 16).ok()?;
        Some((IpAddr::from(addr), port))
    };
    let one = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (local, remote) = (end(words.next()?)?, end(words.next()?)?);
        Some(Socket {
            tcp: table == "tcp",
            local,
            remote: (remote.1 != 0).then_some(remote),
            mark: 0,
            priority: 0,
            dev: 0,
            cookie: 0,
        })
    };
    text.lines().skip(1).filter_map(one).collect()
}

fn interfaces() -> Vec<Interface> {
    let names = fs::read_dir("/sys/class/net").expect("sysfs is mounted");
    let names = names.map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
    let one = |name: String| {
        let at = |file: &str| read(&format!("/sys/class/net/{name}/{file}"));
        let forwarding = read(&format!("/proc/sys/net/ipv4/conf/{name}/forwarding"));
        Some(Interface {
            index: at("ifindex")?.parse().ok()?,
            mtu: at("mtu")?.parse().ok()?,
            mac: [0; 6],
            forwarding: forwarding.as_deref() == Some("1"),
            name,
        })
    };
    names.filter_map(one).collect()
}

/// Helpers whose answer this system's state decides in a way that is not known.
pub fn unknown() -> &'static [u32] {
    static UNKNOWN: OnceLock<Vec<u32>> = OnceLock::new();
    UNKNOWN.get_or_init(|| {
        let mut out = Vec::new();
        if read("/proc/self/cgroup").is_none_or(|t| !t.lines().any(|l| l == "0::/")) {
            out.push(80);
        }
        let forwards = |family: &str| {
            read(&format!("/proc/sys/net/{family}/conf/lo/forwarding")).as_deref() != Some("0")
        };
        if forwards("ipv4") || forwards("ipv6") {
            out.push(69);
        }
        let tables = ["tcp6", "udp6"];
        let sockets = |table: &&str| {
            read(&format!("/proc/net/{table}")).is_none_or(|t| t.lines().count() > 1)
        };
        if tables.iter().any(sockets) {
            out.extend([84, 85, 99]);
        }
        out
    })
}
