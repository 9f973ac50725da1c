//! What is unpacked is what was packed.

use bpfassay_kernel_types::{Archive, SERIES, records::checksum, unpack};

/// `data/checksums`: a line for each kernel, its series and the checksum of the
/// BTF that it was packed from.
const CHECKSUMS: &str = include_str!("../data/checksums");

#[test]
fn every_kernel_unpacks_to_its_checksum() {
    let lines: Vec<(&str, u64)> = CHECKSUMS
        .lines()
        .map(|l| l.split_once(' ').unwrap())
        .map(|(name, sum)| (name, u64::from_str_radix(sum, 16).unwrap()))
        .collect();
    let names: Vec<&str> = lines.iter().map(|l| l.0).collect();
    assert_eq!(names, SERIES.iter().map(|s| s.name).collect::<Vec<_>>());
    for (name, sum) in lines {
        let blob = unpack(name).unwrap();
        assert_eq!(checksum(&blob), Some(sum), "{name}");
    }
}

#[test]
fn other_names_have_no_types() {
    assert_eq!(unpack("2.6"), None);
    assert_eq!(unpack(""), None);
}

#[test]
fn damage_is_an_error_or_other_types_and_never_a_panic() {
    let packed = include_bytes!("../data/types.pack");
    for cut in [
        0,
        3,
        4,
        16,
        40,
        100,
        5000,
        packed.len() / 2,
        packed.len() - 1,
    ] {
        let archive = Archive::parse(&packed[..cut]);
        assert!(archive.is_none_or(|a| a.unpack(0).is_none()), "{cut}");
    }
    // Bytes changed here and there, in the header above all.
    for at in (0..64).chain((64..packed.len()).step_by(packed.len() / 40)) {
        let mut bytes = packed.to_vec();
        bytes[at] ^= 0x5a;
        if let Some(archive) = Archive::parse(&bytes) {
            let blob = archive.unpack(3);
            assert!(blob.is_none_or(|b| b.len() < 64 << 20));
        }
    }
}
