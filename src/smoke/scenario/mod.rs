//! A scenario: what is stated of the world that a run takes place in.
//!
//! A seed makes a world: some task, some clock, lookups that find something or not. A
//! scenario states one, in a file (`run --scenario`): interfaces, routes and neighbours,
//! sockets, the current task with its cgroup, time, CPUs. Helpers that ask for what it
//! states answer from it, by the rules of the kernel; everything else stays the seed's.
//! What is stated cannot be steered: the search for inputs leaves such results alone.
//!
//! A table that is not there states nothing; one that is there states all: with a list of
//! sockets, a lookup of any other finds none.

mod fib;
mod net;
mod read;
mod sockets;
mod statement;

use std::net::IpAddr;

pub use fib::{Found, Hop, Question};
pub use net::Prefix;
pub use read::read;
pub use sockets::Belongs;
pub use statement::Statement;
pub(in crate::smoke) use statement::USER_STACK;

/// What is stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenario {
    /// The interface that packets come in by.
    pub ingress: Option<u32>,
    /// Interfaces, by number.
    pub interfaces: Option<Vec<Interface>>,
    /// Routes, the longest prefix first, the lowest metric first.
    pub routes: Option<Vec<Route>>,
    /// Addresses of neighbours on the link.
    pub neighbours: Vec<Neighbour>,
    /// Sockets.
    pub sockets: Option<Vec<Socket>>,
    /// The current task.
    pub task: Task,
    /// Cgroups by path.
    pub cgroups: Vec<Cgroup>,
    /// Clocks.
    pub time: Time,
    /// Processors.
    pub cpu: Cpu,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its number.
    pub index: u32,
    /// Its link address.
    pub mac: [u8; 6],
    /// The largest packet that it takes, without link header.
    pub mtu: u32,
    /// Whether packets that come in by it are forwarded.
    pub forwarding: bool,
}

/// What a route does with packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// Sends them on.
    Unicast,
    /// They are this host's.
    Local,
    /// Drops them.
    Blackhole,
    /// Answers that there is no way.
    Unreachable,
    /// Answers that it is not allowed.
    Prohibit,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Destinations.
    pub to: Prefix,
    /// The gateway; on the link without one.
    pub via: Option<IpAddr>,
    /// The interface; none where nothing is sent.
    pub dev: Option<u32>,
    /// What it does.
    pub kind: RouteKind,
    /// The source address that it suggests.
    pub src: Option<IpAddr>,
    /// The largest packet, if smaller than the interface's.
    pub mtu: Option<u32>,
    /// Its table.
    pub table: u32,
    /// The lower goes first.
    pub metric: u32,
}

/// A neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its address.
    pub ip: IpAddr,
    /// Its link address.
    pub mac: [u8; 6],
    /// The interface that it is seen on.
    pub dev: u32,
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// TCP; else UDP.
    pub tcp: bool,
    /// Its own address and port.
    pub local: (IpAddr, u16),
    /// The other end; a listener has none.
    pub remote: Option<(IpAddr, u16)>,
    /// Its mark.
    pub mark: u32,
    /// Its priority.
    pub priority: u32,
    /// The interface that it is bound to.
    pub dev: u32,
    /// Its cookie.
    pub cookie: u64,
}

/// The current task; what is not stated is the seed's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Thread.
    pub pid: Option<u32>,
    /// Process.
    pub tgid: Option<u32>,
    /// User.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Name.
    pub comm: Option<[u8; 16]>,
    /// The path of its cgroup.
    pub cgroup: Option<String>,
    /// Return addresses in the kernel, the innermost first.
    pub kernel_stack: Option<Vec<u64>>,
    /// Return addresses of the program in user space.
    pub user_stack: Option<Vec<u64>>,
}

/// A cgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    /// Where it is below the root, with a slash at its head.
    pub path: String,
    /// Its id.
    pub id: u64,
}

/// Clocks; what is not stated is the seed's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// `bpf_ktime_get_ns` before its first call.
    pub monotonic: Option<u64>,
    /// Nanoseconds that the machine slept: `bpf_ktime_get_boot_ns` is ahead by them.
    pub asleep: u64,
    /// `bpf_ktime_get_tai_ns` before its first call.
    pub tai: Option<u64>,
    /// Nanoseconds from one reading to the next.
    pub step: Option<u64>,
}

/// Processors; what is not stated is as without a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// How many there are.
    pub count: Option<u32>,
    /// The one that runs the program.
    pub current: Option<u32>,
    /// Its node.
    pub node: Option<u32>,
}

impl Scenario {
    /// The interface of that number.
    pub fn interface(&self, index: u32) -> Option<&Interface> {
        self.interfaces.iter().flatten().find(|i| i.index == index)
    }

    /// The id of a cgroup; the root's is 1 where it is not stated.
    fn cgroup_id(&self, path: &str) -> Option<u64> {
        let found = self.cgroups.iter().find(|c| c.path == path).map(|c| c.id);
        found.or((path == "/").then_some(1))
    }

    /// The id of the current task's cgroup.
    pub fn current_cgroup(&self) -> Option<u64> {
        self.cgroup_id(self.task.cgroup.as_deref()?)
    }

    /// The id of its ancestor at a level: the root's is 0, and it is its own at its own.
    /// The outer `None`: nothing is stated of it.
    pub fn ancestor(&self, level: u64) -> Option<Option<u64>> {
        let path = self.task.cgroup.as_deref()?;
        if level == 0 {
            return Some(self.cgroup_id("/"));
        }
        let level = usize::try_from(level).unwrap_or(usize::MAX);
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
        let end = ends.chain([path.len()]).nth(level - 1);
        let end = end.filter(|_| path != "/");
        Some(end.and_then(|end| self.cgroup_id(path.get(..end)?)))
    }
}
