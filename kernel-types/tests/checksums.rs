//! What is unpacked is what was packed.

use bpfassay_kernel_types::{Archive, Kernel, SERIES, open, records::checksum, unpack};

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

/// What a walk over all records finds is what the archive's own indexes find.
#[test]
fn indexes_find_what_is_there() {
    for series in SERIES {
        let kernel = open(series.name).unwrap();
        let blob = kernel.unpack().unwrap();
        let blob = bpfassay_kernel_types::records::Blob::parse(&blob).unwrap();
        let mut by_name: std::collections::BTreeMap<&[u8], Vec<u32>> = Default::default();
        let mut tags = Vec::new();
        for (id, r) in (1u32..).zip(blob.records().unwrap()) {
            match bpfassay_kernel_types::layout::kind(r.info) {
                17 => tags.push(id),
                18 => {}
                _ if r.name == 0 => {}
                _ => by_name
                    .entry(blob.string(r.name).unwrap())
                    .or_default()
                    .push(id),
            }
        }
        assert_eq!(kernel.decl_tags(), tags);
        assert!(by_name.len() > 10_000);
        for (name, ids) in &by_name {
            assert_eq!(&kernel.named(name), ids);
        }
        for prefix in [&b"bpf_"[..], b"task_struct___", b"tcp"] {
            let found = by_name.iter().filter(|(name, _)| name.starts_with(prefix));
            let mut ids: Vec<u32> = found.flat_map(|(_, ids)| ids.clone()).collect();
            ids.sort_unstable();
            assert_eq!(kernel.beginning(prefix), ids);
        }
        assert!(kernel.named(b"no such type").is_empty() && kernel.named(b"").is_empty());
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
        let kernel = Archive::parse(&packed[..cut]).and_then(|a| Kernel::open(a, 0));
        assert!(kernel.is_none_or(|k| k.unpack().is_none()), "{cut}");
    }
    // Bytes changed here and there, in the header above all.
    for at in (0..64).chain((64..packed.len()).step_by(packed.len() / 40)) {
        let mut bytes = packed.to_vec();
        bytes[at] ^= 0x5a;
        if let Some(kernel) = Archive::parse(&bytes).and_then(|a| Kernel::open(a, 3)) {
            assert!(kernel.unpack().is_none_or(|b| b.len() < 64 << 20));
            kernel.named(b"task_struct");
            kernel.beginning(b"task");
            kernel.decl_tags();
        }
    }
}
