//! The kernel series that the facts describe.

/// One bucket of facts: a kernel series, in order of age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum SpecVersion {
    /// Linux 5.10
    V5_10,
    /// Linux 5.15
    V5_15,
    /// Linux 6.1
    V6_1,
    /// Linux 6.6
    V6_6,
    /// Linux 6.12
    V6_12,
    /// Linux 6.18
    V6_18,
    /// Linux 7.3
    V7_3,
}

impl SpecVersion {
    /// Every series, oldest first.
    pub const ALL: &'static [SpecVersion] = &[
        SpecVersion::V5_10,
        SpecVersion::V5_15,
        SpecVersion::V6_1,
        SpecVersion::V6_6,
        SpecVersion::V6_12,
        SpecVersion::V6_18,
        SpecVersion::V7_3,
    ];

    /// The newest.
    pub const NEWEST: SpecVersion = SpecVersion::V7_3;

    /// Its place in [`SpecVersion::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its bit in a set of series.
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Major and minor number.
    pub const fn series(self) -> (u16, u16) {
        match self {
            SpecVersion::V5_10 => (5, 10),
            SpecVersion::V5_15 => (5, 15),
            SpecVersion::V6_1 => (6, 1),
            SpecVersion::V6_6 => (6, 6),
            SpecVersion::V6_12 => (6, 12),
            SpecVersion::V6_18 => (6, 18),
            SpecVersion::V7_3 => (7, 3),
        }
    }

    /// `5.10`, `6.18`, ...
    pub const fn name(self) -> &'static str {
        match self {
            SpecVersion::V5_10 => "5.10",
            SpecVersion::V5_15 => "5.15",
            SpecVersion::V6_1 => "6.1",
            SpecVersion::V6_6 => "6.6",
            SpecVersion::V6_12 => "6.12",
            SpecVersion::V6_18 => "6.18",
            SpecVersion::V7_3 => "7.3",
        }
    }

    /// The series of that name.
    pub fn from_name(name: &str) -> Option<SpecVersion> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }
}

impl core::fmt::Display for SpecVersion {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}
