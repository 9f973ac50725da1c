//! A target: a kernel or another runtime, what it has and how its verifier behaves.
//!
//! There are three kinds ([`TargetKind`]): a kernel series as measured; a kernel
//! whose BTF lists what it has, backports included; a runtime that a profile
//! describes. All three verify with the rules of a series; what else they have
//! or lack is data, asked through [`Target::helper`] and its neighbours.
//!
//! The engine reads the switches of [`Behaviour`] and the numbers of
//! [`Limits`]; it never compares versions. A target is a point release with
//! its fixes: stable kernels carry backports that their series number hides.

mod asked;
mod behaviour;
mod config;
mod limits;
mod linux;
mod offer;
pub mod profile;
mod rights;
pub mod scalars;

pub use asked::{Asked, Bounds, Build, Notes, Permits, Switches};
pub use behaviour::{
    Behaviour, Eviction, LoopConvergence, PrecisionScope, ScalarLinks, StackLiveness,
    StackRounding, Switch,
};
pub use config::{Config, Jit, Lockdown, OPTIONS};
pub use limits::Limits;
pub use offer::{Enumerated, Offer, Offered};
pub use profile::Profile;
pub use rights::{Capability, Rights};
pub use scalars::ScalarRules;

use alloc::borrow::Cow;
use alloc::sync::Arc;

use crate::helpers_spec::{self, AttachType, MapType, ProgType, SinceKind, SpecVersion};
use crate::prelude::*;

/// Where a target's facts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// A kernel series, from measurements.
    Series,
    /// A kernel whose BTF lists what it has.
    Vmlinux(Arc<Offer>),
    /// A runtime, from its profile.
    Runtime(Arc<Profile>),
}

/// A kernel release as a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name on the command line (`linux-6.18`).
    pub name: String,
    /// The point release that the facts and switches describe.
    pub release: (u16, u16, u16),
    /// The release as its makers write it (`7.3-rc7`).
    pub release_name: Cow<'static, str>,
    /// The bucket of facts it reads.
    pub spec: SpecVersion,
    /// The numbers that bound a program.
    pub limits: Limits,
    /// How its verifier behaves.
    pub behaviour: Behaviour,
    /// How the measured kernel was built.
    pub config: Config,
    /// What the loader may do there.
    pub rights: Rights,
    /// Where its facts come from.
    pub kind: TargetKind,
}

impl Target {
    /// The series of those facts.
    pub fn of_series(spec: SpecVersion) -> Target {
        let (major, minor) = spec.series();
        let name = format!("{major}.{minor}");
        let row = linux::ROWS.iter().find(|row| row.name == name);
        row.map_or_else(Target::default, linux::Row::target)
    }

    /// The series that its verifier is of, as `(6, 12)`.
    pub const fn series(&self) -> (u16, u16) {
        (self.release.0, self.release.1)
    }

    /// A kernel by what its BTF enumerates, verified with the rules of the series
    /// that it is most like.
    pub fn from_vmlinux(name: &str, listed: &Enumerated<'_>) -> Result<Target, String> {
        let offer = Offer::new(listed)?;
        let base = Target::of_series(offer.nearest());
        Ok(Target {
            name: name.to_owned(),
            kind: TargetKind::Vmlinux(Arc::new(offer)),
            ..base
        })
    }

    /// A runtime by its profile.
    pub fn from_profile(profile: Profile) -> Target {
        let base = Target::of_series(profile.base);
        Target {
            name: profile.name.clone(),
            kind: TargetKind::Runtime(Arc::new(profile)),
            ..base
        }
    }

    /// The profile, of a runtime.
    pub fn profile(&self) -> Option<&Profile> {
        match &self.kind {
            TargetKind::Runtime(profile) => Some(profile),
            _ => None,
        }
    }

    /// What its BTF lists, of a kernel known by it.
    pub fn offer(&self) -> Option<&Offer> {
        match &self.kind {
            TargetKind::Vmlinux(offer) => Some(offer),
            _ => None,
        }
    }

    /// Whether its verifier can be asked with the same answers as another's: rules
    /// and facts are the same, whatever a runtime lacks besides. Of programs that call
    /// helpers which only one of the two has, the answers may differ.
    pub fn verifies_like(&self, other: &Target) -> bool {
        let listed = |t: &Target| match &t.kind {
            TargetKind::Vmlinux(offer) => Some(offer.clone()),
            _ => None,
        };
        self.spec == other.spec
            && self.release == other.release
            && self.limits == other.limits
            && self.behaviour == other.behaviour
            && self.config == other.config
            && self.rights == other.rights
            && listed(self) == listed(other)
    }

    /// Whether a thing that its facts describe is as old as it is. Facts are of
    /// measured series; a kernel between two of them has what the newer one has that is
    /// dated to its own release or before.
    fn dated(&self, since: impl FnOnce() -> Option<(u16, u16)>) -> bool {
        self.series() >= self.spec.series() || since().is_none_or(|first| first <= self.series())
    }

    /// Whether it has a helper, and which facts describe it.
    pub fn helper(&self, id: u32) -> Offered {
        match &self.kind {
            TargetKind::Vmlinux(offer) => offer.helper(id),
            TargetKind::Runtime(p) if p.extra_helper(id).is_some() => Offered::Unmodelled,
            _ => Offered::when(
                helpers_spec::helper_main(id, self.spec).is_some(),
                self.spec,
            ),
        }
    }

    /// The series whose facts describe a helper here.
    pub fn helper_spec(&self, id: u32) -> SpecVersion {
        self.helper(id).facts().unwrap_or(self.spec)
    }

    /// Whether it has a map type, by the kernel's number.
    pub fn map_type(&self, ty: u32) -> Offered {
        match &self.kind {
            TargetKind::Vmlinux(offer) => offer.map_type(ty),
            _ => {
                let name = MapType::from_id(ty).map_or("", MapType::name);
                let there = helpers_spec::map_type_known(ty, self.spec)
                    && self.dated(|| since(SinceKind::MapType, name));
                Offered::when(there, self.spec)
            }
        }
    }

    /// Whether it has a program type.
    pub fn prog_type(&self, ty: ProgType) -> Offered {
        match &self.kind {
            TargetKind::Vmlinux(offer) => offer.prog_type(ty),
            _ => Offered::when(helpers_spec::prog_type_known(ty, self.spec), self.spec),
        }
    }

    /// Whether it has an attach type.
    pub fn attach_type(&self, ty: AttachType) -> Offered {
        match &self.kind {
            TargetKind::Vmlinux(offer) => offer.attach_type(ty),
            _ => {
                let there = helpers_spec::attach_type_known(ty, self.spec)
                    && self.dated(|| Some(helpers_spec::attach_type_since(ty)));
                Offered::when(there, self.spec)
            }
        }
    }

    /// The series whose facts describe a kernel function here.
    pub fn kfunc_spec(&self, name: &str) -> SpecVersion {
        let listed = self.offer().and_then(|o| o.kfunc(name));
        listed.unwrap_or_else(|| self.kfuncs_of(name))
    }

    /// The series whose row of a kernel function holds: where flags mean another thing
    /// than to the series of its facts, the one before, if that has the function.
    fn kfuncs_of(&self, name: &str) -> SpecVersion {
        let own = linux::ROWS.iter().find(|row| row.name == self.spec.name());
        let alike = own
            .is_none_or(|row| row.trusts_by_default() == self.behaviour.kfunc_trusted_by_default);
        let older = SpecVersion::ALL.iter().rev().find(|v| **v < self.spec);
        match older {
            Some(&older) if !alike && helpers_spec::kfunc(name, older).is_some() => older,
            _ => self.spec,
        }
    }

    /// Whether it has a kernel function.
    pub fn has_kfunc(&self, name: &str) -> bool {
        match &self.kind {
            TargetKind::Vmlinux(offer) => offer.kfunc(name).is_some(),
            _ => {
                helpers_spec::kfunc(name, self.kfuncs_of(name)).is_some()
                    && self.dated(|| since(SinceKind::Kfunc, name))
                    && self.config.missing("kfunc", name).is_none()
            }
        }
    }
}

fn since(kind: SinceKind, name: &str) -> Option<(u16, u16)> {
    helpers_spec::since(kind, name).map(|r| (r.major, r.minor))
}

/// The target of that name: a series (`linux-6.18`, `6.18`), a measured release of
/// one (`linux-6.18.15`), or a profile that comes with the tool.
pub fn by_name(name: &str) -> Option<Target> {
    let series = name.strip_prefix("linux-").unwrap_or(name);
    linux::ROWS
        .iter()
        .chain(linux::POINTS)
        .find(|row| row.name == series)
        .map(linux::Row::target)
        .or_else(|| {
            let profile = profile::embedded().find(|p| p.name == name)?;
            Some(Target::from_profile(profile))
        })
}

/// Every kernel series, oldest first.
pub fn all() -> Vec<Target> {
    linux::ROWS.iter().map(linux::Row::target).collect()
}

/// Words for several kernels: all series, and those that are kept long.
pub const GROUPS: [&str; 2] = ["all", "lts"];

/// Kernels by one of [`GROUPS`].
pub fn group(word: &str) -> Option<Vec<Target>> {
    let [all, _] = GROUPS;
    let kept = |row: &&linux::Row| word == all || linux::LONG_TERM.contains(&row.name);
    let rows = linux::ROWS.iter().filter(kept);
    GROUPS
        .contains(&word)
        .then(|| rows.map(linux::Row::target).collect())
}

/// Every runtime whose profile comes with the tool, by name.
pub fn runtimes() -> Vec<Target> {
    profile::embedded().map(Target::from_profile).collect()
}

/// The name of the target used when none is asked for: the newest long-term series.
pub const DEFAULT: &str = "linux-6.18";

impl Default for Target {
    fn default() -> Target {
        linux::NEWEST_LTS.target()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helpers_spec::SpecVersion;

    #[test]
    fn names_are_found() {
        assert_eq!(by_name("6.18"), by_name("linux-6.18"));
        assert_eq!(Target::default().name, DEFAULT);
        assert!(by_name("linux-2.4").is_none());
        let point = by_name("linux-6.18.15").unwrap();
        assert_eq!(point.release, (6, 18, 15));
        assert!(!point.verifies_like(&Target::default()));
        let series: Vec<(u16, u16)> = all().iter().map(Target::series).collect();
        assert!(series.is_sorted());
        for v in SpecVersion::ALL {
            assert_eq!(Target::of_series(*v).series(), v.series());
        }
    }

    #[test]
    fn runtimes_stand_on_a_series() {
        let dragonos = by_name("dragonos").unwrap();
        assert!(dragonos.profile().is_some());
        assert!(dragonos.verifies_like(&Target::default()));
        assert!(!dragonos.verifies_like(&by_name("6.12").unwrap()));
        assert!(by_name("bpftime").unwrap().verifies_like(&dragonos));
        // It has helpers of its own, of which no facts are known.
        assert_eq!(
            by_name("bpftime").unwrap().helper(1000),
            Offered::Unmodelled
        );
        assert_eq!(runtimes().len(), 5);
    }

    #[test]
    fn switches_are_described() {
        let list = Target::default().behaviour.list();
        assert!(
            list.iter()
                .all(|s| s.what.ends_with('.') && !s.since.is_empty())
        );
        let mut names: Vec<_> = list.iter().map(|s| s.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), list.len());
    }
}
