//! Which helper reads which statement of a scenario: the one table of it.
//!
//! Who answers goes by it, and so does the search for inputs, which leaves alone what
//! follows from a statement. Where the clock, the task and the CPU of a run are the stated
//! ones already, helpers answer as without a scenario; they stand here all the same. What
//! may fail for a reason that nobody states does not: in which namespace a process is asked
//! for, whether an interface takes what is sent by it.

use super::Scenario;
use crate::helpers_spec::helper;

/// What of a scenario a result follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Routes, with interfaces and neighbours.
    Routes,
    /// Interfaces.
    Interfaces,
    /// That there is no interface of this index.
    NoInterface(u32),
    /// Sockets of TCP.
    Tcp,
    /// Sockets of UDP.
    Udp,
    /// A socket that a lookup found.
    Cookie,
    /// Thread and process.
    Ids,
    /// User and group.
    User,
    /// The task's name.
    Name,
    /// The task's cgroup.
    Cgroup,
    /// An ancestor of it.
    Ancestor,
    /// The clock.
    Clock,
    /// The clock and how long the machine slept.
    Boot,
    /// The TAI clock, or the clock that it is made of.
    Tai,
    /// The processor.
    Cpu,
    /// Its node.
    Node,
    /// Return addresses in the kernel.
    KernelStack,
    /// Return addresses of the program in user space.
    UserStack,
}

/// The flag of helpers that take a stack: that of user space.
pub(in crate::smoke) const USER_STACK: u64 = 1 << 8;

fn stack(flags: u64) -> Statement {
    match flags & USER_STACK {
        0 => Statement::KernelStack,
        _ => Statement::UserStack,
    }
}

impl Statement {
    /// What a call reads.
    pub fn of(id: u32, args: &[u64; 5]) -> Option<Statement> {
        let [_, second, third, fourth, _] = *args;
        Some(match id {
            helper::FIB_LOOKUP => Statement::Routes,
            helper::CHECK_MTU => Statement::Interfaces,
            helper::CLONE_REDIRECT => Statement::NoInterface(second as u32),
            helper::SK_LOOKUP_TCP | helper::SKC_LOOKUP_TCP => Statement::Tcp,
            helper::SK_LOOKUP_UDP => Statement::Udp,
            helper::GET_SOCKET_COOKIE => Statement::Cookie,
            helper::GET_CURRENT_PID_TGID => Statement::Ids,
            helper::GET_CURRENT_UID_GID => Statement::User,
            helper::GET_CURRENT_COMM => Statement::Name,
            helper::GET_CURRENT_CGROUP_ID => Statement::Cgroup,
            helper::GET_CURRENT_ANCESTOR_CGROUP_ID => Statement::Ancestor,
            helper::KTIME_GET_NS | helper::KTIME_GET_COARSE_NS | helper::JIFFIES64 => {
                Statement::Clock
            }
            helper::KTIME_GET_BOOT_NS => Statement::Boot,
            helper::KTIME_GET_TAI_NS => Statement::Tai,
            helper::GET_SMP_PROCESSOR_ID => Statement::Cpu,
            helper::GET_NUMA_NODE_ID => Statement::Node,
            helper::GET_STACK => stack(fourth),
            helper::GET_STACKID => stack(third),
            _ => return None,
        })
    }
}

impl Scenario {
    /// Whether enough is stated for results to follow from it. A cookie's socket is known
    /// to the run only.
    pub fn states(&self, what: Statement) -> bool {
        let task = &self.task;
        match what {
            Statement::Routes => self.routes.is_some(),
            Statement::Interfaces => self.interfaces.is_some(),
            Statement::NoInterface(dev) => {
                self.interfaces.is_some() && self.interface(dev).is_none()
            }
            Statement::Tcp | Statement::Udp | Statement::Cookie => self.sockets.is_some(),
            Statement::Ids => task.pid.is_some() && task.tgid.is_some(),
            Statement::User => task.uid.is_some() && task.gid.is_some(),
            Statement::Name => task.comm.is_some(),
            Statement::Cgroup | Statement::Ancestor => task.cgroup.is_some(),
            Statement::Clock | Statement::Boot => self.time.monotonic.is_some(),
            Statement::Tai => self.time.tai.is_some() || self.time.monotonic.is_some(),
            Statement::Cpu => self.cpu.current.is_some(),
            Statement::Node => self.cpu.node.is_some(),
            Statement::KernelStack => task.kernel_stack.is_some(),
            Statement::UserStack => task.user_stack.is_some(),
        }
    }
}
