//! What the loader of a program may do: its capabilities, as far as bpf(2) asks for them.
//!
//! Since 5.8 three capabilities part what `CAP_SYS_ADMIN` held alone, and still stands
//! for: `CAP_BPF` opens the command, most types and what costs the verifier time (loops,
//! functions); `CAP_PERFMON` lets a program see kernel memory, and with it the addresses
//! of kernel objects; `CAP_NET_ADMIN` opens what works on packets. Two more are asked for
//! by single functions, by nobody's stand-in: `CAP_SYS_ADMIN` and `CAP_SYS_BOOT`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// A capability that bpf(2) asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// `CAP_BPF`.
    Bpf,
    /// `CAP_NET_ADMIN`.
    NetAdmin,
    /// `CAP_PERFMON`.
    Perfmon,
    /// `CAP_SYS_ADMIN`.
    SysAdmin,
    /// `CAP_SYS_BOOT`.
    SysBoot,
}

impl Capability {
    /// Every one, by name.
    pub const ALL: [Capability; 5] = [
        Capability::Bpf,
        Capability::NetAdmin,
        Capability::Perfmon,
        Capability::SysAdmin,
        Capability::SysBoot,
    ];

    /// Its name, as `capabilities(7)` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Capability::Bpf => "CAP_BPF",
            Capability::NetAdmin => "CAP_NET_ADMIN",
            Capability::Perfmon => "CAP_PERFMON",
            Capability::SysAdmin => "CAP_SYS_ADMIN",
            Capability::SysBoot => "CAP_SYS_BOOT",
        }
    }

    /// Its number in `capabilities(7)`.
    pub const fn number(self) -> u32 {
        match self {
            Capability::NetAdmin => 12,
            Capability::SysAdmin => 21,
            Capability::SysBoot => 22,
            Capability::Perfmon => 38,
            Capability::Bpf => 39,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rights(u8);

impl Rights {
    /// All: what root has.
    pub const ALL: Rights = Rights(0x1f);
    /// None: an unprivileged user.
    pub const NONE: Rights = Rights(0);

    /// These with one more.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Rights {
        Rights(self.0 | capability.bit())
    }

    /// These without one.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Rights {
        Rights(self.0 & !capability.bit())
    }

    /// Whether the capability itself is held.
    pub const fn holds(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }

    /// Whether a demand for it is met: `CAP_SYS_ADMIN` stands for the three that were
    /// made of it.
    pub const fn meets(self, capability: Capability) -> bool {
        let made_of_it = matches!(
            capability,
            Capability::Bpf | Capability::Perfmon | Capability::NetAdmin
        );
        self.holds(capability) || made_of_it && self.holds(Capability::SysAdmin)
    }

    /// Those held, by name.
    pub fn list(self) -> Vec<Capability> {
        let all = Capability::ALL.into_iter();
        all.filter(|c| self.holds(*c)).collect()
    }

    /// Their numbers in `capabilities(7)`.
    pub fn numbers(self) -> Vec<u32> {
        self.list().into_iter().map(Capability::number).collect()
    }

    /// Reads a list as `cap_bpf,cap_net_admin`; `all`, `none` and names that bpf(2)
    /// never asks for are known, too.
    ///
    /// # Errors
    ///
    /// The word that names no capability.
    pub fn parse(text: &str) -> Result<Rights, String> {
        let mut rights = Rights::NONE;
        let words = text.split([',', ' ', '+']).map(str::trim);
        for word in words.filter(|w| !w.is_empty()) {
            let name = word.to_ascii_lowercase();
            let name = name.strip_prefix("cap_").unwrap_or(&name);
            match name {
                "all" => rights = Rights::ALL,
                "none" => {}
                _ if OTHERS.contains(&name) => {}
                _ => {
                    let found = Capability::ALL
                        .into_iter()
                        .find(|c| c.name()[4..].eq_ignore_ascii_case(name));
                    rights = rights.with(found.ok_or_else(|| word.to_string())?);
                }
            }
        }
        Ok(rights)
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, capability) in self.list().iter().enumerate() {
            let space = if n == 0 { "" } else { " " };
            write!(f, "{space}{capability}")?;
        }
        Ok(())
    }
}

/// The other capabilities of `capabilities(7)`.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
    "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_raw", "ipc_lock",
    "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_nice",
    "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write",
    "audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm",
    "block_suspend", "audit_read", "checkpoint_restore",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let shown = Rights::parse(text).map_or_else(|e| alloc::format!("? {e}"), |r| r.to_string());
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn lists_are_read() {
        check("cap_bpf,CAP_NET_ADMIN", "CAP_BPF CAP_NET_ADMIN");
        check("perfmon bpf sys_resource", "CAP_BPF CAP_PERFMON");
        check("none", "");
        check(
            "all",
            "CAP_BPF CAP_NET_ADMIN CAP_PERFMON CAP_SYS_ADMIN CAP_SYS_BOOT",
        );
        check("cap_bfp", "? cap_bfp");
    }

    #[test]
    fn sys_admin_stands_for_what_was_made_of_it() {
        let rights = Rights::NONE.with(Capability::SysAdmin);
        assert!(rights.meets(Capability::Perfmon));
        assert!(!rights.meets(Capability::SysBoot));
        assert!(
            !Rights::ALL
                .without(Capability::SysAdmin)
                .meets(Capability::SysAdmin)
        );
    }
}
