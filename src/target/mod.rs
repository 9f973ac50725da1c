//! A target: one kernel release, what it has and how its verifier behaves.
//!
//! The engine reads the switches of [`Behaviour`] and the numbers of
//! [`Limits`]; it never compares versions. A target is a point release with
//! its fixes: stable kernels carry backports that their series number hides.

mod behaviour;
mod limits;
mod linux;

pub use behaviour::{
    Behaviour, Eviction, LoopConvergence, PrecisionScope, ScalarLinks, StackLiveness,
    StackRounding, Switch,
};
pub use limits::Limits;

use crate::helpers_spec::SpecVersion;

/// A kernel release as a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name on the command line (`linux-6.18`).
    pub name: String,
    /// The point release that the facts and switches describe.
    pub release: (u16, u16, u16),
    /// The release as its makers write it (`7.3-rc7`).
    pub release_name: &'static str,
    /// The bucket of facts it reads.
    pub spec: SpecVersion,
    /// The numbers that bound a program.
    pub limits: Limits,
    /// How its verifier behaves.
    pub behaviour: Behaviour,
}

/// The target of that name: `linux-6.18` or `6.18`.
pub fn by_name(name: &str) -> Option<Target> {
    let series = name.strip_prefix("linux-").unwrap_or(name);
    linux::ROWS
        .iter()
        .find(|row| row.spec.name() == series)
        .map(linux::Row::target)
}

/// Every target, oldest kernel first.
pub fn all() -> Vec<Target> {
    linux::ROWS.iter().map(linux::Row::target).collect()
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
        let specs: Vec<SpecVersion> = all().iter().map(|t| t.spec).collect();
        assert_eq!(specs, SpecVersion::ALL);
        for t in all() {
            assert_eq!(t.spec, t.behaviour.scalar_series);
            assert_eq!((t.release.0, t.release.1), t.spec.series());
        }
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
