//! How a kernel was built, as far as its verifier shows it.
//!
//! A release does not settle these: they are options of the build, and a row
//! states those of the kernel that was measured.

use crate::prelude::*;

/// Options of a kernel's build that move verdicts.
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
}

impl Config {
    /// Debian's kernels.
    pub(super) const DEBIAN: Config = Config {
        function_error_injection: false,
        kprobe_override: false,
        kprobes: true,
    };
    /// The small kernel of a virtual machine on which 6.18.44 was measured.
    pub(super) const MICROVM: Config = Config {
        kprobes: false,
        ..Config::DEBIAN
    };

    /// Every option by the name of its field.
    pub fn list(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("function_error_injection", self.function_error_injection),
            ("kprobe_override", self.kprobe_override),
            ("kprobes", self.kprobes),
        ]
    }
}
