//! How a kernel was built and booted, as far as its verifier shows it.
//!
//! A release does not settle these: they are options of the build, and switches that an
//! administrator sets. A row states those of the kernel that was measured; a `.config`
//! ([`Config::read`]) or single settings ([`Config::set`]) state those of another.

use crate::helpers_spec::config_options;
use crate::prelude::*;

/// Whether programs are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jit {
    /// The kernel interprets them: `CONFIG_BPF_JIT` or `net.core.bpf_jit_enable` is off.
    Off,
    /// It compiles them.
    On,
    /// It has no interpreter, either: `CONFIG_BPF_JIT_ALWAYS_ON`.
    Always,
}

/// How far the kernel is locked down, against root too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lockdown {
    /// Not.
    None,
    /// Nobody may change it.
    Integrity,
    /// Nobody may read its memory, either.
    Confidentiality,
}

/// Options of a kernel's build, and switches, that move verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// `CONFIG_FUNCTION_ERROR_INJECTION`: functions that are open to error injection,
    /// system calls among them, may be modified, and sleeping programs may hang on them.
    pub function_error_injection: bool,
    /// `CONFIG_BPF_KPROBE_OVERRIDE`: kprobe programs may override what a function returns.
    pub kprobe_override: bool,
    /// `CONFIG_KPROBES`: there are probes, and programs on them may write the registers
    /// where the release allows it.
    pub kprobes: bool,
    /// The kernel guards against speculation: it was not booted with `mitigations=off`.
    pub mitigations: bool,
    /// Users without capabilities may load programs: `kernel.unprivileged_bpf_disabled`
    /// is 0, which `CONFIG_BPF_UNPRIV_DEFAULT_OFF` keeps it from being.
    pub unprivileged_bpf: bool,
    /// Whether programs are compiled.
    pub jit: Jit,
    /// `lockdown=`, or `CONFIG_LOCK_DOWN_KERNEL_FORCE_*`.
    pub lockdown: Lockdown,
    /// Options that the kernel was built without, by their place in [`OPTIONS`].
    pub(super) absent: u64,
}

/// Options without which programs, maps or functions of some kind are missing.
#[rustfmt::skip]
pub const OPTIONS: &[&str] = &[
    "CONFIG_BPF_EVENTS", "CONFIG_BPF_JIT", "CONFIG_BPF_LIRC_MODE2", "CONFIG_BPF_LSM",
    "CONFIG_CGROUPS", "CONFIG_CGROUP_BPF",
    "CONFIG_CGROUP_NET_CLASSID", "CONFIG_DEBUG_INFO_BTF", "CONFIG_DEBUG_INFO_BTF_MODULES",
    "CONFIG_HID_BPF", "CONFIG_IMA", "CONFIG_INET", "CONFIG_IPV6_SEG6_BPF",
    "CONFIG_IP_ROUTE_CLASSID", "CONFIG_KALLSYMS", "CONFIG_LWTUNNEL_BPF", "CONFIG_MMU",
    "CONFIG_MPTCP", "CONFIG_NETFILTER_BPF_LINK", "CONFIG_NET_FOU", "CONFIG_NET_SCH_BPF",
    "CONFIG_NF_CONNTRACK", "CONFIG_NF_FLOW_TABLE", "CONFIG_NF_NAT",
    "CONFIG_PERF_EVENTS", "CONFIG_SCHED_CLASS_EXT", "CONFIG_SOCK_CGROUP_DATA",
    "CONFIG_SYN_COOKIES", "CONFIG_TCP_CONG_BBR", "CONFIG_TCP_CONG_CUBIC",
    "CONFIG_TCP_CONG_DCTCP", "CONFIG_XDP_SOCKETS", "CONFIG_XFRM", "CONFIG_XFRM_INTERFACE",
];

/// Options whose setting is a field of its own.
const FIELDS: &[&str] = &[
    "CONFIG_FUNCTION_ERROR_INJECTION",
    "CONFIG_BPF_KPROBE_OVERRIDE",
    "CONFIG_KPROBES",
    "CONFIG_BPF_UNPRIV_DEFAULT_OFF",
    "CONFIG_BPF_JIT_ALWAYS_ON",
    "CONFIG_BPF_JIT_DEFAULT_ON",
    "CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
    "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY",
];

impl Config {
    /// Debian's kernels.
    pub(super) const DEBIAN: Config = Config {
        function_error_injection: false,
        kprobe_override: false,
        kprobes: true,
        mitigations: true,
        unprivileged_bpf: false,
        jit: Jit::On,
        lockdown: Lockdown::None,
        absent: 0,
    };
    /// The small kernel of a virtual machine on which 6.18.44 was measured.
    pub(super) const MICROVM: Config = Config {
        kprobes: false,
        ..Config::DEBIAN
    };

    /// Every setting by name, as [`Config::set`] takes it.
    pub fn list(&self) -> Vec<(&'static str, &'static str)> {
        let yes = |on: bool| if on { "on" } else { "off" };
        let mut all = vec![
            (
                "CONFIG_FUNCTION_ERROR_INJECTION",
                yes(self.function_error_injection),
            ),
            ("CONFIG_BPF_KPROBE_OVERRIDE", yes(self.kprobe_override)),
            ("CONFIG_KPROBES", yes(self.kprobes)),
            ("mitigations", yes(self.mitigations)),
            ("unprivileged", yes(self.unprivileged_bpf)),
            (
                "jit",
                match self.jit {
                    Jit::Off => "off",
                    Jit::On => "on",
                    Jit::Always => "always",
                },
            ),
            (
                "lockdown",
                match self.lockdown {
                    Lockdown::None => "none",
                    Lockdown::Integrity => "integrity",
                    Lockdown::Confidentiality => "confidentiality",
                },
            ),
        ];
        all.extend(OPTIONS.iter().filter(|o| !self.has(o)).map(|o| (*o, "off")));
        all
    }

    /// Whether the kernel was built with an option; true of those that decide nothing
    /// that is known of.
    pub fn has(&self, option: &str) -> bool {
        let at = OPTIONS.iter().position(|o| *o == option);
        at.is_none_or(|at| self.absent >> at & 1 == 0)
    }

    /// The option for which a thing is missing; kinds and names are those of
    /// [`config_options`].
    pub fn missing(&self, kind: &str, name: &str) -> Option<&'static str> {
        if self.absent == 0 {
            return None;
        }
        let options = config_options(kind, name).iter().copied();
        options.into_iter().find(|o| !self.has(o))
    }

    fn build(&mut self, option: &str, on: bool) {
        if let Some(at) = OPTIONS.iter().position(|o| *o == option) {
            self.absent = self.absent & !(1 << at) | u64::from(!on) << at;
        }
        match option {
            "CONFIG_FUNCTION_ERROR_INJECTION" => self.function_error_injection = on,
            "CONFIG_BPF_KPROBE_OVERRIDE" => self.kprobe_override = on,
            "CONFIG_KPROBES" => self.kprobes = on,
            "CONFIG_BPF_UNPRIV_DEFAULT_OFF" => self.unprivileged_bpf = !on,
            "CONFIG_BPF_JIT" if !on => self.jit = Jit::Off,
            "CONFIG_BPF_JIT_DEFAULT_ON"
                if self.jit != Jit::Always && self.has("CONFIG_BPF_JIT") =>
            {
                self.jit = if on { Jit::On } else { Jit::Off };
            }
            "CONFIG_BPF_JIT_ALWAYS_ON" if on => self.jit = Jit::Always,
            "CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY" if on => self.lockdown = Lockdown::Integrity,
            "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY" if on => {
                self.lockdown = Lockdown::Confidentiality;
            }
            _ => {}
        }
    }

    /// Reads a whole `.config`: an option that it does not set is off.
    ///
    /// # Errors
    ///
    /// If the text is none.
    pub fn read(&mut self, text: &str) -> Result<(), String> {
        let set = |option: &str| {
            let lines = text.lines().filter_map(|l| l.trim().split_once('='));
            lines
                .filter(|(name, _)| *name == option)
                .map(|(_, value)| value.trim())
                .find(|value| *value != "n")
        };
        if set("CONFIG_BPF").is_none() && set("CONFIG_NET").is_none() {
            return Err("these are not the options of a kernel".to_owned());
        }
        self.lockdown = Lockdown::None;
        self.jit = Jit::Off;
        for option in OPTIONS.iter().chain(FIELDS) {
            self.build(option, set(option).is_some());
        }
        Ok(())
    }

    /// States one setting: `CONFIG_BPF_LSM` (`on`, `off`), `jit` (`off`, `on`, `always`),
    /// `lockdown` (`none`, `integrity`, `confidentiality`), `mitigations`, `unprivileged`.
    ///
    /// # Errors
    ///
    /// What is not known.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let on = match value {
            "on" | "y" | "m" | "yes" | "true" | "1" => Some(true),
            "off" | "n" | "no" | "false" | "0" => Some(false),
            _ => None,
        };
        let wrong = || format!("`{key}` does not take `{value}`");
        match key {
            "mitigations" => self.mitigations = on.ok_or_else(wrong)?,
            "unprivileged" => self.unprivileged_bpf = on.ok_or_else(wrong)?,
            "jit" => {
                self.jit = match (on, value) {
                    (_, "always") => Jit::Always,
                    (Some(true), _) => Jit::On,
                    (Some(false), _) => Jit::Off,
                    _ => return Err(wrong()),
                }
            }
            "lockdown" => {
                self.lockdown = match value {
                    "none" => Lockdown::None,
                    "integrity" => Lockdown::Integrity,
                    "confidentiality" => Lockdown::Confidentiality,
                    _ => return Err(wrong()),
                }
            }
            option if OPTIONS.contains(&option) || FIELDS.contains(&option) => {
                self.build(option, on.ok_or_else(wrong)?);
            }
            _ => {
                let known = "jit, lockdown, mitigations, unprivileged, or an option that decides \
                             (CONFIG_BPF_LSM, ...)";
                return Err(format!("no setting `{key}`: {known}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "CONFIG_NET=y\nCONFIG_BPF=y\nCONFIG_BPF_JIT=y\nCONFIG_BPF_JIT_ALWAYS_ON=y\n\
                        # CONFIG_BPF_LSM is not set\nCONFIG_KPROBES=y\nCONFIG_HID_BPF=n\n";

    fn read(text: &str) -> Config {
        let mut config = Config::DEBIAN;
        config.read(text).expect("options");
        config
    }

    #[test]
    fn what_a_config_does_not_set_is_off() {
        let config = read(TEXT);
        assert_eq!(config.jit, Jit::Always);
        assert!(config.kprobes && !config.has("CONFIG_BPF_LSM") && !config.has("CONFIG_HID_BPF"));
        assert_eq!(config.missing("prog_type", "lsm"), Some("CONFIG_BPF_LSM"));
        assert!(config.unprivileged_bpf && !config.kprobe_override);
        assert!(Config::DEBIAN.clone().read("int main;").is_err());
    }

    #[test]
    fn settings_are_listed_as_they_are_given() {
        let mut config = Config::DEBIAN;
        config
            .set("lockdown", "confidentiality")
            .expect("a setting");
        config.set("CONFIG_XFRM", "off").expect("a setting");
        for (key, value) in config.list() {
            let mut again = config;
            again.set(key, value).expect("a setting");
            assert_eq!(again, config, "{key}={value}");
        }
        assert!(config.set("CONFIG_XFRN", "off").is_err());
        assert!(config.set("jit", "maybe").is_err());
    }

    #[test]
    fn options_are_told_apart_by_one_word() {
        assert!(OPTIONS.len() <= 64 && OPTIONS.is_sorted());
    }
}
