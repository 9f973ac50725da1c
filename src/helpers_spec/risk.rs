//! What calls can do beyond the program's own memory and maps.
//!
//! A class says what a call is able to do, not that it is wrong. Each row of
//! `data/risk.tsv` gives a helper's or kernel function's classes; every helper
//! has one, and no table is made without. A kernel function that is not listed has
//! the classes of its flags.

use super::kfuncs::kfuncs;
use super::tables;
use super::words::{KfFlags, Risk, SpecVersion};

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
