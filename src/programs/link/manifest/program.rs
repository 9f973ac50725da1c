//! What user space states of a program.

use alloc::sync::Arc;

use crate::prelude::*;
use crate::programs::program::{Extended, PROG_FLAGS};

/// What a program attaches to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachTo {
    /// A function, hook, tracepoint or iterator of the kernel.
    Kernel(Arc<str>),
    /// A function of a program of another object: file, function.
    Program(Arc<str>, Arc<str>),
}

impl AttachTo {
    pub(super) fn parse(text: &str) -> Result<AttachTo, String> {
        match text.rsplit_once(':') {
            None if !text.is_empty() => Ok(AttachTo::Kernel(text.into())),
            // `module:function` has no dot or slash; a file's name has.
            Some((file, function)) if !file.is_empty() && !function.is_empty() => {
                Ok(if file.contains(['.', '/']) {
                    AttachTo::Program(file.into(), function.into())
                } else {
                    AttachTo::Kernel(text.into())
                })
            }
            _ => Err(format!("{text:?} is no function and not OBJECT:FUNCTION")),
        }
    }
}

/// What is stated of one program.
#[derive(Clone, Debug, Default)]
pub struct ProgramSetting {
    /// What it attaches to, in place of what its section says.
    pub attach: Option<AttachTo>,
    /// The function of another program that it replaces, once somebody has read that.
    pub extends: Option<Arc<Extended>>,
    /// `BPF_F_*` of the load command, besides those of its section.
    pub flags: u32,
}

impl ProgramSetting {
    /// The option that stated it.
    pub(super) fn word(&self) -> &'static str {
        match self.attach {
            Some(_) => "--attach",
            None => "--prog-flags",
        }
    }

    /// Takes over what another states.
    pub(super) fn take(&mut self, other: &ProgramSetting) {
        self.attach = other.attach.clone().or(self.attach.take());
        self.extends = other.extends.clone().or(self.extends.take());
        self.flags |= other.flags;
    }
}

/// A flag by its name (`sleepable`, `BPF_F_XDP_HAS_FRAGS`) or number.
pub(super) fn flag(text: &str) -> Result<u32, String> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let name = lower.strip_prefix("bpf_f_").unwrap_or(&lower);
    if let Some((bit, ..)) = PROG_FLAGS.iter().find(|f| f.1 == name) {
        return Ok(*bit);
    }
    let number = match name.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => name.parse().ok(),
    };
    let names = || PROG_FLAGS.iter().map(|f| f.1);
    number.ok_or_else(|| {
        let offer = super::offer(name, names());
        format!("there is no program flag {text:?}; {offer}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_of_the_kernel_or_of_a_program() {
        let kernel = |t: &str| Ok(AttachTo::Kernel(t.into()));
        assert_eq!(AttachTo::parse("vfs_read"), kernel("vfs_read"));
        assert_eq!(AttachTo::parse("ext4:ext4_sync"), kernel("ext4:ext4_sync"));
        assert_eq!(
            AttachTo::parse("xdp.o:main"),
            Ok(AttachTo::Program("xdp.o".into(), "main".into()))
        );
        assert!(AttachTo::parse("").is_err() && AttachTo::parse("a.o:").is_err());
    }

    #[test]
    fn flags_have_names() {
        assert_eq!(flag("sleepable"), Ok(1 << 4));
        assert_eq!(flag("BPF_F_XDP_HAS_FRAGS"), Ok(1 << 5));
        assert_eq!(flag("0x40"), Ok(64));
        assert!(flag("sleepabel").unwrap_err().contains("\"sleepable\""));
    }
}
