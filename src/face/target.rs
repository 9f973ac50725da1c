//! A kernel or runtime to ask for.

use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

#[cfg(feature = "std")]
use crate::check::{TargetChoice, types, vmlinux_target};
#[cfg(feature = "std")]
use crate::object::Btf;
use crate::prelude::*;
use crate::target::{self, Profile};

/// A kernel, or another runtime, whose verdict is asked for.
///
/// It is named as on the command line: a series (`linux-6.18`, `6.18`), a measured
/// release of one (`linux-6.18.15`), or a runtime (`bpftime`). A kernel is known by
/// its BTF, too. The default is the newest long-term series.
///
/// ```
/// use bpfassay::Target;
///
/// let target: Target = "6.12".parse()?;
/// assert_eq!(target.to_string(), "linux-6.12");
/// assert!("linux-2.4".parse::<Target>().is_err());
/// # Ok::<(), bpfassay::TargetError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Target {
    inner: Arc<target::Target>,
    /// Given types; those that come with the tool otherwise.
    #[cfg(feature = "std")]
    btf: Option<Arc<Btf>>,
}

/// Why something is no target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetError {
    /// No series, release or runtime has the name.
    Unknown(String),
    /// The bytes are not the BTF of a kernel: why.
    NoKernel(String),
    /// The text is no profile: line and reason.
    NoProfile(String),
    /// A capability or setting that is not known.
    NoSetting(String),
}

impl Target {
    /// A kernel by its BTF (`/sys/kernel/btf/vmlinux`), backports included.
    ///
    /// # Errors
    ///
    /// If the bytes are no BTF, or not a kernel's.
    #[cfg(feature = "std")]
    pub fn from_btf(name: &str, vmlinux: &[u8]) -> Result<Target, TargetError> {
        let btf = Btf::parse(vmlinux.into()).map_err(|e| TargetError::NoKernel(e.to_string()))?;
        let inner = vmlinux_target(name, &btf).map_err(TargetError::NoKernel)?;
        Ok(Target {
            inner: Arc::new(inner),
            btf: Some(Arc::new(btf)),
        })
    }

    /// A runtime by its profile (schema `schemas/profile.v1.json`): what it has and lacks,
    /// and the series whose verifier stands in for its own.
    ///
    /// # Errors
    ///
    /// If the text is none.
    pub fn from_profile(text: &str) -> Result<Target, TargetError> {
        let profile = Profile::parse(text).map_err(TargetError::NoProfile)?;
        Ok(target::Target::from_profile(profile).into())
    }

    /// Every kernel series, oldest first.
    pub fn kernels() -> Vec<Target> {
        target::all().into_iter().map(Target::from).collect()
    }

    /// Every runtime that is described, by name.
    pub fn runtimes() -> Vec<Target> {
        target::runtimes().into_iter().map(Target::from).collect()
    }

    /// The same, asked by a loader that has these capabilities only (`bpf,net_admin`).
    ///
    /// # Errors
    ///
    /// A word of the list that names no capability.
    pub fn with_capabilities(mut self, list: &str) -> Result<Target, TargetError> {
        let unknown = |word| TargetError::NoSetting(format!("{word} is no capability"));
        Arc::make_mut(&mut self.inner).rights = target::Rights::parse(list).map_err(unknown)?;
        Ok(self)
    }

    /// The same with a setting of the kernel: `CONFIG_BPF_LSM` (`on`, `off`), `jit`,
    /// `lockdown`, `mitigations`, `unprivileged`.
    ///
    /// # Errors
    ///
    /// If there is no such setting.
    pub fn with_setting(mut self, key: &str, value: &str) -> Result<Target, TargetError> {
        let config = &mut Arc::make_mut(&mut self.inner).config;
        config.set(key, value).map_err(TargetError::NoSetting)?;
        Ok(self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    pub(super) fn inner(&self) -> &target::Target {
        &self.inner
    }

    #[cfg(feature = "std")]
    pub(super) fn choice(&self) -> TargetChoice<'_> {
        TargetChoice {
            target: &self.inner,
            kernel_btf: self
                .btf
                .as_deref()
                .or_else(|| types::of_target(&self.inner)),
        }
    }
}

impl From<target::Target> for Target {
    fn from(inner: target::Target) -> Target {
        Target {
            inner: Arc::new(inner),
            #[cfg(feature = "std")]
            btf: None,
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(name: &str) -> Result<Target, TargetError> {
        let found = target::by_name(name).map(Target::from);
        found.ok_or_else(|| TargetError::Unknown(name.to_owned()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetError::Unknown(name) => write!(f, "no target is named {name:?}"),
            TargetError::NoProfile(why) => write!(f, "no profile: {why}"),
            TargetError::NoKernel(why) => write!(f, "not the BTF of a kernel: {why}"),
            TargetError::NoSetting(why) => f.write_str(why),
        }
    }
}

impl core::error::Error for TargetError {}
