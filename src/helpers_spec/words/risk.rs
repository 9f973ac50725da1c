//! What a call can do that a reviewer wants to know.

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

// Their order is that of the bits in the table.
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

    /// Its bit in a set.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}
