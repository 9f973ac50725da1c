//! What calls can do beyond the program's own memory and maps.
//!
//! A class says what a call is able to do, not that it is wrong. Each row of
//! `data/risk.tsv` gives a helper's or kernel function's classes; every helper
//! has one, and the build fails without. A kernel function that is not listed has
//! the classes of its flags.

use super::kfuncs::{KfFlags, kfuncs};
use super::tables;
use super::version::SpecVersion;

macro_rules! risks {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// A class of risk.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Risk { $($(#[$doc])* $name,)* }

        impl Risk {
            /// Every class.
            pub const ALL: &'static [Risk] = &[$(Risk::$name,)*];

            /// The stable word, as policies write it.
            pub const fn name(self) -> &'static str {
                match self { $(Risk::$name => $word,)* }
            }
        }
    };
}

// The build script reads the words off these lines; their order is the bits'.
risks! {
    /// Writes the memory of a process.
    WriteUser = "write-user";
    /// Makes a kernel function or a system call return something else.
    OverrideReturn = "override-return";
    /// Sends signals.
    Signal = "signal";
    /// Sends packets or connections elsewhere.
    Redirect = "redirect";
    /// Changes a packet, its metadata or its checksums.
    ChangePacket = "change-packet";
    /// Reads kernel memory, or learns kernel addresses.
    ReadKernel = "read-kernel";
    /// Reads the memory of a process.
    ReadUser = "read-user";
    /// Runs another program.
    CallProgram = "call-program";
    /// Makes system calls.
    SystemCall = "system-call";
    /// Runs code later, after the program has returned.
    Deferred = "deferred";
    /// Changes the state of sockets or connections.
    SocketState = "socket-state";
    /// Changes other state of the kernel.
    KernelState = "kernel-state";
    /// Decides what runs where.
    Scheduling = "scheduling";
    /// Drives or feeds an input device.
    Device = "device";
    /// Hands data to user space.
    Output = "output";
    /// Learns who is running.
    Identity = "identity";
}

impl Risk {
    /// The class of that word.
    pub fn from_name(name: &str) -> Option<Risk> {
        Self::ALL.iter().copied().find(|r| r.name() == name)
    }

    /// One phrase for people: what such a call can do.
    pub const fn what(self) -> &'static str {
        match self {
            Risk::WriteUser => "writes the memory of a process",
            Risk::OverrideReturn => "makes a function or system call return something else",
            Risk::Signal => "sends signals",
            Risk::Redirect => "sends packets or connections elsewhere",
            Risk::ChangePacket => "changes packets",
            Risk::ReadKernel => "reads kernel memory or learns kernel addresses",
            Risk::ReadUser => "reads the memory of a process",
            Risk::CallProgram => "runs another program",
            Risk::SystemCall => "makes system calls",
            Risk::Deferred => "runs code later",
            Risk::SocketState => "changes sockets or connections",
            Risk::KernelState => "changes other kernel state",
            Risk::Scheduling => "decides what runs where",
            Risk::Device => "drives or feeds a device",
            Risk::Output => "hands data to user space",
            Risk::Identity => "learns who is running",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RiskSet(u32);

impl RiskSet {
    /// Whether it holds a class.
    pub const fn has(self, risk: Risk) -> bool {
        self.0 & risk.bit() != 0
    }

    /// Whether it holds none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its classes in their order.
    pub fn iter(self) -> impl Iterator<Item = Risk> {
        Risk::ALL.iter().copied().filter(move |r| self.has(*r))
    }

    /// Both sets' classes.
    #[must_use]
    pub const fn union(self, other: RiskSet) -> RiskSet {
        RiskSet(self.0 | other.0)
    }
}

fn row(name: &str) -> Option<RiskSet> {
    let at = tables::RISKS.binary_search_by(|(n, _)| (*n).cmp(name)).ok();
    at.and_then(|at| tables::RISKS.get(at))
        .map(|row| RiskSet(row.1))
}

/// The classes of a helper, by its name with `bpf_`.
pub fn helper_risk(name: &str) -> RiskSet {
    row(name).unwrap_or_default()
}

/// The classes of a kernel function.
pub fn kfunc_risk(name: &str) -> RiskSet {
    let listed = row(name).unwrap_or_default();
    let destructive = SpecVersion::ALL
        .iter()
        .any(|v| kfuncs(*v).any(|k| k.name == name && k.flags.contains(KfFlags::DESTRUCTIVE)));
    if destructive {
        listed.union(RiskSet(Risk::KernelState.bit()))
    } else {
        listed
    }
}
