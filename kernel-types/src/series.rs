//! Which kernel's types stand for each series.

/// A kernel whose types are in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// The series: `6.18`.
    pub name: &'static str,
    /// The point release: `6.18.15`.
    pub release: &'static str,
    /// Who built it.
    pub distribution: &'static str,
    /// The package whose kernel image the BTF is of.
    pub package: &'static str,
    /// The package's version.
    pub version: &'static str,
}

const fn debian(
    name: &'static str,
    release: &'static str,
    package: &'static str,
    version: &'static str,
) -> Series {
    Series {
        name,
        release,
        distribution: "Debian",
        package,
        version,
    }
}

/// The kernels, oldest first. A row's position is its entry of the archive.
pub const SERIES: &[Series] = &[
    debian(
        "5.10",
        "5.10.262",
        "linux-image-5.10.0-46-cloud-amd64",
        "5.10.262-1",
    ),
    debian(
        "6.1",
        "6.1.192",
        "linux-image-6.1.0-56-cloud-amd64",
        "6.1.192-2",
    ),
    debian(
        "6.12",
        "6.12.117",
        "linux-image-6.12.117+deb13-cloud-amd64",
        "6.12.117-1",
    ),
    debian(
        "6.16",
        "6.16.12",
        "linux-image-6.16.12+deb13-cloud-amd64",
        "6.16.12-1~bpo13+1",
    ),
    debian(
        "6.17",
        "6.17.13",
        "linux-image-6.17.13+deb13-cloud-amd64",
        "6.17.13-1~bpo13+1",
    ),
    debian(
        "6.18",
        "6.18.15",
        "linux-image-6.18.15+deb13-cloud-amd64",
        "6.18.15-1~bpo13+1",
    ),
    debian(
        "6.19",
        "6.19.14",
        "linux-binary-6.19.14+deb13-cloud-amd64",
        "6.19.14-1~bpo13+1",
    ),
    debian(
        "7.0",
        "7.0.13",
        "linux-binary-7.0.13+deb13-cloud-amd64",
        "7.0.13-1~bpo13+1",
    ),
    debian(
        "7.1",
        "7.1.13",
        "linux-binary-7.1.13+deb13-cloud-amd64",
        "7.1.13-1~bpo13+1",
    ),
    debian(
        "7.2",
        "7.2.13",
        "linux-binary-7.2.13+deb14-cloud-amd64",
        "7.2.13-1",
    ),
    debian(
        "7.3",
        "7.3-rc7",
        "linux-binary-7.3-cloud-amd64",
        "7.3~rc7-1~exp1",
    ),
];
